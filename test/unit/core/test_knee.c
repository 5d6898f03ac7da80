/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that share themselves among their tasks up to a planted knee, under loads that come and
 * go: the knee is found within one slot, and none where there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/knee.h"

#include <string.h>

#define RUNNING_MAX 64
#define QUEUE_MAX   50
#define SEEDS       6

/* What throughput does behind the knee. */
enum { FLAT, FALLS, SOFT };

/* An agent with so many slots whose throughput grows up to `knee` tasks. */
struct server {
	struct prng prng;
	struct prng_sizes sizes;
	uint32_t slots, knee, how;
	double load; /* arrivals by what it can do at most; changes every few minutes */
	double at_s, change_at_s, arrival_at_s;
	double left[RUNNING_MAX]; /* seconds of work of what runs */
	uint32_t running, waiting;
	double fails_from; /* tasks at once from which on a fifth of attempts fail */
	struct knee knee_seen;
};

static double power(const struct server *server, uint32_t tasks)
{
	double n = tasks, k = server->knee;

	if (tasks <= server->knee)
		return n;
	switch (server->how) {
	case FLAT:
		return k;
	case FALLS:
		return k * num_pow(k / n, 0.7);
	default:
		return num_sqrt(n * k);
	}
}

static void server_init(struct server *server, uint64_t seed, uint32_t knee, uint32_t slots)
{
	memset(server, 0, sizeof *server);
	prng_init(&server->prng, seed);
	prng_sizes_init(&server->sizes, 0.5, 1.0);
	server->knee = knee;
	server->slots = slots;
	server->fails_from = 1e9;
}

static void arrive(struct server *server)
{
	double rate_s = server->load * power(server, server->knee) / 0.5;

	server->waiting += server->waiting < QUEUE_MAX;
	server->arrival_at_s = server->at_s + prng_exponential(&server->prng, 1 / rate_s);
}

static void change(struct server *server)
{
	double unit = prng_unit(&server->prng);

	server->load = 0.1 + 1.2 * unit;
	server->change_at_s = server->at_s + prng_exponential(&server->prng, 120);
	arrive(server);
}

static void begin(struct server *server)
{
	while (server->waiting > 0 && server->running < server->slots) {
		double size = prng_size(&server->prng, &server->sizes);

		server->left[server->running] = size;
		server->running++;
		server->waiting--;
	}
}

static void end(struct server *server, uint32_t place)
{
	bool fails = server->running >= server->fails_from && prng_unit(&server->prng) < 0.2;

	knee_end(&server->knee_seen, server->running, fails ? 0 : 1);
	server->running--;
	server->left[place] = server->left[server->running];
}

/* To the next thing that happens. */
static void advance(struct server *server)
{
	double speed = server->running == 0 ? 0 : power(server, server->running) / server->running;
	double next_s = num_min(server->arrival_at_s, server->change_at_s);
	uint32_t first = 0;
	double end_s, span_s;

	for (uint32_t i = 1; i < server->running; i++)
		if (server->left[i] < server->left[first])
			first = i;
	end_s = server->running == 0 ? 1e18 : server->at_s + server->left[first] / speed;
	span_s = num_min(next_s, end_s) - server->at_s;
	for (uint32_t i = 0; i < server->running; i++)
		server->left[i] -= span_s * speed;
	knee_pass(&server->knee_seen, server->running, (int64_t)(span_s * 1e9));
	server->at_s += span_s;
	if (end_s <= next_s)
		end(server, first);
	else if (server->change_at_s <= server->arrival_at_s)
		change(server);
	else
		arrive(server);
	begin(server);
}

static void serve(struct server *server, double hours)
{
	double until_s = server->at_s + hours * 3600;

	if (server->change_at_s <= server->at_s)
		change(server);
	while (server->at_s < until_s)
		advance(server);
}

/* Of all seeds: how many knees were found, and within one slot. */
struct score {
	uint32_t found, near, grows, seeds;
};

static void look_for(struct score *score, const struct server *like, double hours)
{
	static struct server server;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct bal_knee_view view;

		server_init(&server, seed * 1000 + like->knee, like->knee, like->slots);
		server.how = like->how;
		serve(&server, hours);
		knee_view(&server.knee_seen, &view);
		score->seeds++;
		score->found += view.is_found;
		score->grows += view.grows;
		score->near += view.is_found && view.tasks + 1 >= like->knee &&
			       view.tasks <= like->knee + 1;
	}
}

static void a_knee_is_found_within_one_slot(void **state)
{
	struct score score = {0};

	(void)state;
	for (uint32_t how = FLAT; how <= FALLS; how++)
		for (uint32_t knee = 1; knee <= 16; knee++)
			look_for(&score,
				&(struct server){
					.knee = knee, .slots = knee + knee / 2 + 4, .how = how},
				0.5);
	print_message("knees of 1 to 16 in half an hour: %u of %u found, %u within one slot\n",
		score.found, score.seeds, score.near);
	assert_true(score.found * 100 >= score.seeds * 90);
	assert_true(score.near * 100 >= score.found * 97);
}

/* Neither where throughput grows with every task, nor where it grows more slowly from some on. */
static void what_grows_has_no_knee(void **state)
{
	struct score plain = {0}, slower = {0};

	(void)state;
	for (uint32_t slots = 1; slots <= 16; slots++) {
		look_for(&plain, &(struct server){.knee = slots, .slots = slots}, 0.5);
		look_for(&slower, &(struct server){.knee = slots, .slots = 2 * slots, .how = SOFT},
			0.5);
	}
	print_message(
		"of %u that grow: %u found, %u said to grow; of %u that grow slower: %u found\n",
		plain.seeds, plain.found, plain.grows, slower.seeds, slower.found);
	assert_true(plain.found * 100 <= plain.seeds);
	assert_true(plain.grows * 100 >= plain.seeds * 85);
	assert_true(slower.found * 100 <= slower.seeds * 5);
}

/* Who always has the same number shows nothing; neither does who has nothing. */
static void one_level_shows_nothing(void **state)
{
	static struct knee knee;
	struct bal_knee_view view;
	struct bal_knee_level level;

	(void)state;
	memset(&knee, 0, sizeof knee);
	knee_pass(&knee, 0, NS_PER_S);
	knee_pass(&knee, 1, -1);
	assert_false(knee_end(&knee, 0, 1));
	assert_int_equal(knee.ends, 0);
	for (uint32_t i = 0; i < 2000; i++) {
		knee_pass(&knee, 4, NS_PER_S / 2);
		knee_end(&knee, 4, 1);
	}
	knee_view(&knee, &view);
	assert_int_equal(view.tasks_seen, 4);
	assert_int_equal(view.ends, 2000);
	assert_false(view.is_found);
	assert_false(view.grows);
	assert_int_equal(view.degrades_at, 0);
	assert_true(knee_level(&knee, 3, &level));
	assert_int_equal(level.tasks, 4);
	assert_true(num_abs(level.rate_s - 2) < 1e-9);
	assert_true(num_abs(level.service_s - 2) < 1e-9);
	assert_int_equal(level.success_permille, 1000);
	assert_false(knee_level(&knee, 2, &level));
	assert_false(knee_level(&knee, KNEE_LEVELS, &level));
}

/* Another agent in its place is learned, as old counts fade. */
static void a_knee_that_moves_is_followed(void **state)
{
	static struct server server;
	struct bal_knee_view view;

	(void)state;
	server_init(&server, 3, 4, 16);
	serve(&server, 1);
	knee_view(&server.knee_seen, &view);
	assert_true(view.is_found && view.tasks >= 3 && view.tasks <= 5);
	/* What it does in a second at the knee: four tasks of half a second each. */
	assert_true(num_abs(view.rate_s - 8) < 0.8);
	server.knee = 9;
	serve(&server, 4);
	knee_view(&server.knee_seen, &view);
	assert_true(view.is_found && view.tasks >= 8 && view.tasks <= 10);
	assert_true(server.knee_seen.ends < KNEE_ENDS_MAX);
}

static void failures_from_some_tasks_on_are_seen(void **state)
{
	static struct server server;
	struct bal_knee_view view;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		server_init(&server, seed, 12, 12);
		serve(&server, 0.5);
		knee_view(&server.knee_seen, &view);
		assert_int_equal(view.degrades_at, 0);
		server_init(&server, seed, 12, 12);
		server.fails_from = 7;
		serve(&server, 0.5);
		knee_view(&server.knee_seen, &view);
		assert_true(view.degrades_at >= 6 && view.degrades_at <= 8);
		assert_true(view.failures_permille[0] < 20);
		assert_true(num_abs((double)view.failures_permille[1] - 200) < 60);
	}
}

/* Levels are in order, and each number of tasks belongs to the last one that is not above it. */
static void levels_cover_all_numbers(void **state)
{
	(void)state;
	for (uint32_t tasks = 1; tasks < 2000; tasks++) {
		static struct knee knee;
		struct bal_knee_level level;
		uint32_t place = 0;

		memset(&knee, 0, sizeof knee);
		knee_pass(&knee, tasks, NS_PER_S);
		while (!knee_level(&knee, place, &level))
			place++;
		assert_true(level.tasks <= tasks);
		assert_true(place + 1 == KNEE_LEVELS || knee_tasks(place + 1) > tasks);
		assert_true(tasks > 16 || level.tasks == tasks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_knee_is_found_within_one_slot),
		cmocka_unit_test(what_grows_has_no_knee),
		cmocka_unit_test(one_level_shows_nothing),
		cmocka_unit_test(a_knee_that_moves_is_followed),
		cmocka_unit_test(failures_from_some_tasks_on_are_seen),
		cmocka_unit_test(levels_cover_all_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
