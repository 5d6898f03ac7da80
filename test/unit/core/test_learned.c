/* SPDX-License-Identifier: Apache-2.0 */
/* What was learned survives a restart, and damage to it is refused without effect. */
#include "scene.h"

#include "base/checksum.h"
#include "base/prng.h"
#include "core/learn.h"
#include "core/state.h"

#include <stdlib.h>
#include <string.h>

#define LEARNED_SIZE 65536

static void name(struct scene *scene, uint32_t space, uint32_t number, const char *text)
{
	struct bal_text symbol = {text, (uint32_t)strlen(text)};

	assert_int_equal(STEP(scene, SYMBOL, symbol, space, number, symbol), BAL_OK);
}

/* Two agents, one of them slow; a conversation that is warm; a kind without a name. */
static void teach(struct scene *scene)
{
	name(scene, BAL_SYMBOL_KIND, 1, "review");
	name(scene, BAL_SYMBOL_POOL, 0, "coder");
	scene_pool_urls(scene, 0, 101, 1);
	scene_agent(scene, 102, 0, 1);
	for (uint64_t i = 0; i < 40; i++) {
		uint64_t id = i + 1;

		scene_submit(scene, (struct bal_event_task){.id = id,
					    .kind = (uint32_t)(i % 4 == 0 ? 2 : 1),
					    .conversation = 1 + i % 3,
					    .size_ns = NS_PER_S,
					    .needs.not_agents = {i % 2 == 0 ? 101 : 102}});
		scene_succeed(scene, id, (i % 2 == 0 ? 3 : 1) * NS_PER_S);
	}
	scene_clear(scene);
}

static const struct agent *agent_of(const struct scene *scene, uint64_t id)
{
	return slab_at(&scene->core->agents, map_get(&scene->core->agents_by_id, id));
}

static void test_learned_state_comes_back(void **state)
{
	struct scene *scene = *state;
	struct scene *after = scene_open(&SCENE_LIMITS);
	uint8_t bytes[LEARNED_SIZE], again[LEARNED_SIZE];
	size_t size;

	teach(scene);
	size = bal_learned_save(scene->core, NULL, 0);
	assert_in_range(size, 100, sizeof bytes);
	memset(bytes, 7, sizeof bytes);
	assert_int_equal(bal_learned_save(scene->core, bytes, size - 1), size);
	assert_int_equal(bytes[0], 7); /* what does not fit is not written at all */
	assert_int_equal(bal_learned_save(scene->core, bytes, sizeof bytes), size);
	/* Numbered anew: kind 1 is 3 now, and pool 0 is 2. */
	name(after, BAL_SYMBOL_KIND, 3, "review");
	name(after, BAL_SYMBOL_POOL, 2, "coder");
	assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_OK);
	scene_pool_urls(after, 2, 101, 1);
	scene_agent(after, 102, 2, 1);
	for (uint64_t id = 101; id <= 102; id++)
		assert_true(learn_slowness(after->core, agent_of(after, id), 3) ==
			    learn_slowness(scene->core, agent_of(scene, id), 1));
	assert_true(after->core->kinds[3].service_s.value == scene->core->kinds[1].service_s.value);
	assert_int_equal(
		scene_pool_view(after, 2).service_ns, scene_pool_view(scene, 0).service_ns);
	assert_int_equal(context_agent(after->core, 2), context_agent(scene->core, 2));
	assert_true(context_agent(after->core, 2) != 0);
	/* Loaded with names unchanged it is the same to the byte, but for the kind without one. */
	assert_int_equal(bal_learned_save(after->core, again, sizeof again) < size, 1);
	scene_close(after);
}

static void test_empty_state(void **state)
{
	struct scene *scene = *state;
	uint8_t bytes[64];
	size_t size = bal_learned_save(scene->core, bytes, sizeof bytes);

	assert_in_range(size, 1, sizeof bytes);
	assert_int_equal(bal_learned_load(scene->core, bytes, size), BAL_OK);
}

static void test_damage_is_refused(void **state)
{
	struct scene *scene = *state;
	struct scene *after = scene_open(&SCENE_LIMITS);
	uint8_t bytes[LEARNED_SIZE];
	size_t size;

	teach(scene);
	size = bal_learned_save(scene->core, bytes, sizeof bytes);
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= 0x10;
		assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_BROKEN);
		bytes[i] ^= 0x10;
	}
	for (size_t i = 0; i < size; i++)
		assert_int_equal(bal_learned_load(after->core, bytes, i), BAL_BROKEN);
	assert_int_equal(after->core->history_use.count, 0);
	assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_OK);
	scene_close(after);
}

/* Writes a number at a place and makes the sum right again: what a buggy writer could leave. */
static enum bal_status load_patched(
	struct scene *scene, const uint8_t *bytes, size_t size, size_t place, uint64_t number)
{
	uint8_t copy[LEARNED_SIZE];
	uint32_t sum;

	memcpy(copy, bytes, size);
	for (size_t i = 0; i < 8; i++)
		copy[place + i] = (uint8_t)(number >> (8 * i));
	sum = checksum_crc32c(0, copy, size - 4);
	for (size_t i = 0; i < 4; i++)
		copy[size - 4 + i] = (uint8_t)(sum >> (8 * i));
	return bal_learned_load(scene->core, copy, size);
}

static void test_numbers_that_cannot_be_are_refused(void **state)
{
	struct scene *scene = *state;
	struct scene *after = scene_open(&SCENE_LIMITS);
	uint8_t bytes[LEARNED_SIZE];
	const uint64_t not_a_number = UINT64_C(0x7ff8000000000000);
	uint32_t refused = 0;
	size_t size;

	teach(scene);
	name(after, BAL_SYMBOL_KIND, 1, "review");
	size = bal_learned_save(scene->core, bytes, sizeof bytes);
	/* Magic and version first, then as no number whatever field lies there: never a crash, and
	 * every mean refuses it. */
	for (size_t place = 0; place + 12 <= size; place += 4)
		refused += load_patched(after, bytes, size, place, not_a_number) == BAL_BROKEN;
	assert_in_range(refused, 50, size / 4);
	assert_int_equal(load_patched(after, bytes, size, 0, 0), BAL_BROKEN);
	assert_int_equal(
		load_patched(after, bytes, size, 8, UINT64_C(0xffffffffffffffff)), BAL_BROKEN);
	/* A weight of a mean is never negative: the first kind's, after magic, version, count,
	 * hash, count and value. */
	assert_int_equal(
		load_patched(after, bytes, size, 12 + 8 + 8 + 8, UINT64_C(0xbff0000000000000)),
		BAL_BROKEN);
	scene_close(after);
}

/* The first and the last of all tables, every mean of a kind: what is read says the same again. */
static void test_everything_with_a_name_comes_back(void **state)
{
	struct scene *scene = *state;
	struct scene *after = scene_open(&SCENE_LIMITS);
	uint8_t bytes[LEARNED_SIZE], again[LEARNED_SIZE];
	size_t size;

	for (uint32_t i = 0; i < 2; i++) {
		name(i == 0 ? scene : after, BAL_SYMBOL_KIND, 0, "first");
		name(i == 0 ? scene : after, BAL_SYMBOL_KIND, 5, "last");
		name(i == 0 ? scene : after, BAL_SYMBOL_POOL, 0, "one");
		name(i == 0 ? scene : after, BAL_SYMBOL_POOL, 5, "six");
	}
	scene_pool_urls(scene, 0, 101, 2);
	scene_pool_urls(scene, 5, 102, 2);
	for (uint64_t id = 1; id <= 40; id += 2) {
		uint32_t kind = id % 3 == 0 ? 0 : 5;

		scene_submit(scene, (struct bal_event_task){
					    .id = id, .kind = kind, .conversation = 1 + id % 3});
		scene_submit(scene, (struct bal_event_task){.id = id + 1,
					    .kind = kind,
					    .parent = id,
					    .needs.not_agents = {id % 5 == 0 ? 101 : 0}});
		if (id % 7 == 0)
			scene_ended(scene, id, BAL_OUTCOME_FAILED);
		else
			scene_succeed(scene, id, (int64_t)(1 + id % 4) * NS_PER_S);
		scene_succeed(scene, id + 1, (int64_t)(2 + id % 5) * NS_PER_S);
		scene_run_for(scene, NS_PER_HOUR);
		scene_clear(scene);
	}
	for (uint32_t i = 0; i < 6; i += 5) {
		const struct kind *kind = &scene->core->kinds[i];

		assert_true(kind->service_s.weight > 0 && kind->success.weight > 0);
		assert_true(kind->warm.weight + kind->cold.weight > 0);
		assert_true(kind->beside.weight + kind->apart.weight > 0);
		assert_true(scene->core->pools[i].service_s.weight > 0);
	}
	size = bal_learned_save(scene->core, bytes, sizeof bytes);
	after->now_ns = scene->now_ns;
	STEP(after, MORE, more, 0);
	assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_OK);
	assert_int_equal(bal_learned_save(after->core, again, sizeof again), size);
	assert_memory_equal(bytes, again, size);
	assert_int_equal(
		after->core->kinds[0].finished_count, scene->core->kinds[0].finished_count);
	scene_close(after);
}

/* Feeds one agent's memory and the storage, once a minute: a leak of 1 MiB each. */
static void leak(struct scene *scene, int64_t *mib, uint32_t minutes)
{
	for (uint32_t i = 0; i < minutes; i++) {
		assert_int_equal(scene_sample(scene, 101, BAL_SIGNAL_MEMORY_MIB, (*mib)++), BAL_OK);
		scene_run_for(scene, NS_PER_MIN);
		scene_clear(scene);
	}
}

static void sized_store(struct scene *scene, int64_t used_mib)
{
	assert_int_equal(STEP(scene, SAMPLE, sample, .subject = BAL_SUBJECT_STORE,
				 .signal = BAL_SIGNAL_STORE_SIZE, .value = 1000 * MIB),
		BAL_OK);
	assert_int_equal(STEP(scene, SAMPLE, sample, .subject = BAL_SUBJECT_STORE,
				 .signal = BAL_SIGNAL_STORE_FREE, .value = (1000 - used_mib) * MIB),
		BAL_OK);
}

static uint32_t minutes_until_found(struct scene *scene, int64_t mib, uint32_t restart_after)
{
	static uint8_t bytes[1 << 20];
	uint32_t minutes = 0;

	while (minutes++ < 300) {
		struct bal_alert alert;

		sized_store(scene, 100 + mib);
		leak(scene, &mib, 1);
		for (uint32_t i = 0; i < bal_alert_places(scene->core); i++)
			if (bal_alert_at(scene->core, i, &alert) &&
				alert.subject == BAL_SUBJECT_AGENT)
				return minutes;
		if (minutes == restart_after) {
			size_t size = bal_learned_save(scene->core, bytes, sizeof bytes);
			struct scene *after = scene_open(&SCENE_LIMITS);
			struct bal_exhaustion exhaustion;

			assert_true(size <= sizeof bytes);
			after->now_ns = scene->now_ns;
			STEP(after, MORE, more, 0);
			assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_OK);
			scene_start(after, 2);
			scene_pool_urls(after, 2, 100, 1); /* another place, another pool */
			scene_agent(after, 101, 2, 1);
			/* The storage goes on as well, and not from nothing. */
			sized_store(after, 100 + mib);
			assert_true(
				bal_exhaustion(after->core, 0, BAL_SERIES_STORAGE, &exhaustion));
			minutes += minutes_until_found(after, mib, 0);
			scene_close(after);
			return minutes;
		}
	}
	return minutes;
}

/* A leak is found when it would have been found without a restart in the midst of it. */
static void test_leaks_are_found_over_a_restart(void **state)
{
	struct scene *scene = *state;
	uint32_t without, with;

	scene_pool_urls(scene, 0, 101, 1);
	without = minutes_until_found(scene, 50, 0);
	assert_in_range(without, 10, 120);
	scene = scene_open(&SCENE_LIMITS);
	scene_start(scene, 1);
	scene_pool_urls(scene, 0, 101, 1);
	with = minutes_until_found(scene, 50, without / 2);
	assert_int_equal(with, without);
	scene_close(scene);
}

/* Trends from before a restart are part of the state until they are taken; those of agents that do
 * not come back are left behind after an hour. */
static void test_trends_wait_for_their_agents(void **state)
{
	static uint8_t bytes[1 << 20], again[1 << 20];
	struct scene *scene = *state;
	struct scene *after = scene_open(&SCENE_LIMITS);
	struct scene *last = scene_open(&SCENE_LIMITS);
	struct scene *copy = scene_open(&SCENE_LIMITS);
	int64_t mib = 50;
	size_t size, empty, whole;

	empty = bal_learned_save(scene->core, NULL, 0);
	scene_pool_urls(scene, 0, 101, 1);
	leak(scene, &mib, 20);
	size = bal_learned_save(scene->core, bytes, sizeof bytes);
	assert_in_range(size, empty + 1000, empty + 4000);
	after->now_ns = scene->now_ns;
	STEP(after, MORE, more, 0);
	assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_OK);
	scene_start(after, 2);
	/* Nobody has taken it yet: it is there to be saved once more. */
	assert_int_equal(bal_learned_save(after->core, again, sizeof again), size);
	whole = bal_core_save(after->core, again, sizeof again);
	assert_in_range(whole, 1, sizeof again);
	assert_int_equal(bal_core_load(copy->core, again, whole), BAL_OK);
	assert_true(bal_core_digest(copy->core) == bal_core_digest(after->core));
	assert_int_equal(bal_learned_save(copy->core, again, sizeof again), size);
	scene_close(copy);
	scene_run_for(after, 61 * NS_PER_MIN);
	assert_int_equal(bal_learned_save(after->core, again, sizeof again), empty);
	/* What is of the future is of another clock. */
	assert_int_equal(bal_learned_load(last->core, bytes, size), BAL_OK);
	assert_int_equal(bal_learned_save(last->core, again, sizeof again), empty);
	scene_close(after);
	scene_close(last);
}

/* Service times twice as long as usual are still that after a restart. */
static void test_shifts_come_back(void **state)
{
	struct scene *scene = *state;
	struct scene *after = scene_open(&SCENE_LIMITS);
	static uint8_t bytes[1 << 20];
	struct bal_shift before = {.found = false}, again;
	struct prng random;
	size_t size;

	name(scene, BAL_SYMBOL_KIND, 1, "review");
	prng_init(&random, 5);
	for (uint32_t i = 0; i < 120000 && !before.found; i++) {
		shifts_add(&scene->core->shifts, 1, (int64_t)i * NS_PER_S,
			(i < 100000 ? 1.0 : 1.5) * prng_lognormal(&random, 1.0, 1.0));
		assert_true(bal_shift(scene->core, 1, &before));
	}
	shifts_add(&scene->core->shifts, 4, 0, 1.0); /* without a name it is not kept */
	size = bal_learned_save(scene->core, bytes, sizeof bytes);
	name(after, BAL_SYMBOL_KIND, 3, "review");
	assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_OK);
	assert_true(bal_shift(after->core, 3, &again));
	assert_true(before.found);
	assert_true(again.found);
	assert_true(before.factor == again.factor);
	assert_int_equal(before.since_ns, again.since_ns);
	assert_int_equal(before.at_ns, again.at_ns);
	assert_null(shifts_find(&after->core->shifts, 4));
	assert_null(shifts_find(&after->core->shifts, 1));
	/* It is not read over one that is there. */
	assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_OK);
	assert_int_equal(after->core->shifts.count, 1);
	scene_close(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_learned_state_comes_back),
		TEST(test_empty_state),
		TEST(test_damage_is_refused),
		TEST(test_numbers_that_cannot_be_are_refused),
		TEST(test_everything_with_a_name_comes_back),
		TEST(test_leaks_are_found_over_a_restart),
		TEST(test_trends_wait_for_their_agents),
		TEST(test_shifts_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
