/* SPDX-License-Identifier: Apache-2.0 */
/* ballast demo: a daemon of its own, three pools of sample agents, a bursty load, one agent killed
 * half-way, and a sum at the end that trusts the agents' logs and not the daemon.
 *
 * Phases: STARTING until the daemon is ready; PLAYING until every task is acknowledged; FINISHING
 * until the agents have finished them all; CALMING until the pools have scaled in, or CALM_MS. */
#include "cli/commands.h"
#include "cli/feed.h"
#include "cli/show.h"
#include "cli/stage.h"
#include "cli/tally.h"
#include "wire/httpwrite.h"
#include "wire/json.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PLAY_S      75.0   /* default speed: the load is played in this time */
#define LIMIT_MS    170000 /* all of it, at the default speed */
#define EXTRA_MS    95000  /* on top of the play at a speed that was asked for */
#define READY_MS    15000
#define CALM_MS     12000
#define LOOK_MS     250
#define LINE_MS     5000 /* between lines when output is no terminal */
#define ANSWER_MAX  (4u << 20)
#define ORDERS_MAX  1024
#define IN_HAND_MAX 64
#define SPEED_MAX   100000
#define SEED        UINT64_C(20260131)

static const struct args_option OPTIONS[] = {
	{"--trace", NULL, "FILE",
		"replays a trace: CSV of TIMESTAMP,ContextTokens,GeneratedTokens, or .gz of it"},
	{"--speed", NULL, "N", "times faster than recorded (default: so that it takes 75 s)"},
	{"--limit", NULL, "N", "at most so many tasks"},
	{"--data", NULL, "DIR", "a new directory that is kept (default: one in /tmp, removed)"},
	{NULL, NULL, NULL, NULL},
};

enum phase { STARTING, PLAYING, FINISHING, CALMING, OVER };

/* One question that is asked again and again. */
struct question {
	struct upstream_call call;
	struct demo *demo;
	const char *path;
	bool asking;
	void (*answer)(struct demo *demo, unsigned status, yyjson_val *root);
};

struct pool_state {
	uint32_t ready, starting, waiting, running, ready_most;
};

struct demo {
	struct parade parade;
	struct stage stage;
	struct tally tally;
	uv_loop_t loop;
	uv_timer_t look;
	uv_signal_t signals[2];
	struct upstream *upstream;
	struct upstream_target *target;
	struct feed *feed;
	struct question ready, pools, orders;
	enum phase phase;
	double speed;
	uint64_t begun_ms, played_ms, phase_ms, limit_ms, line_ms;
	struct pool_state states[STAGE_POOLS_COUNT];
	uint32_t agents_most;
	uint64_t seen[ORDERS_MAX]; /* orders that were told about */
	uint32_t seen_count;
	uint32_t ups, ins;
	struct tally_agent *victim;
	uint64_t in_hand[IN_HAND_MAX]; /* tasks of the victim when it died */
	uint32_t in_hand_count;
	double victim_at_s;
	bool terminal, failed, interrupted;
	char message[512];
};

static uint64_t now_ms(struct demo *demo)
{
	uv_update_time(&demo->loop);
	return uv_now(&demo->loop);
}

static double elapsed_s(struct demo *demo)
{
	return (double)(now_ms(demo) - demo->begun_ms) / 1000.0;
}

static int64_t utc_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void fail(struct demo *demo, const char *message)
{
	if (!demo->failed)
		snprintf(demo->message, sizeof demo->message, "%s", message);
	demo->failed = true;
	demo->phase = OVER;
	uv_stop(&demo->loop);
}

/* ---- questions ---- */

static void on_answer(struct upstream_call *call, enum upstream_end end)
{
	struct question *question = container_of(call, struct question, call);
	struct json json = {NULL, NULL};
	struct json_error error;

	question->asking = false;
	if (end == UPSTREAM_ANSWERED && call->answer.size > 0)
		(void)json_read(&json, buffer_span(&call->answer), ANSWER_MAX, &error);
	if (end == UPSTREAM_ANSWERED)
		question->answer(question->demo, call->status, json.root);
	json_release(&json);
	buffer_release(&call->answer);
}

static void ask(struct question *question)
{
	struct demo *demo = question->demo;
	struct buffer *request = &question->call.request;

	if (question->asking)
		return;
	question->asking = true;
	buffer_init(request, 4096);
	http_put_request(request, HTTP_METHOD_GET, span_of(question->path),
		upstream_target_host(demo->target));
	http_put_end(request);
	question->call.target = demo->target;
	question->call.method = HTTP_METHOD_GET;
	question->call.answer_size_max = ANSWER_MAX;
	question->call.timeout_ms = 5000;
	question->call.done = on_answer;
	upstream_start(demo->upstream, &question->call);
}

static void enter(struct demo *demo, enum phase phase)
{
	demo->phase = phase;
	demo->phase_ms = now_ms(demo);
}

static void take_ready(struct demo *demo, unsigned status, yyjson_val *root)
{
	(void)root;
	if (status != 200 || demo->phase != STARTING)
		return;
	printf("demo: the daemon listens on http://127.0.0.1:%u; in another terminal:\n"
	       "demo:   BALLAST_URL=http://127.0.0.1:%u ballast pools\n",
		demo->stage.port, demo->stage.port);
	enter(demo, PLAYING);
	demo->played_ms = now_ms(demo);
	feed_start(demo->feed);
}

static uint32_t count_of(yyjson_val *object, const char *path)
{
	return (uint32_t)yyjson_get_uint(show_member(object, path));
}

static void take_pools(struct demo *demo, unsigned status, yyjson_val *root)
{
	yyjson_val *pool;
	size_t index, count;
	uint32_t all = 0;

	if (status != 200)
		return;
	yyjson_arr_foreach(show_member(root, "pools"), index, count, pool)
	{
		const char *name = yyjson_get_str(show_member(pool, "name"));

		for (int i = 0; i < STAGE_POOLS_COUNT && name != NULL; i++) {
			struct pool_state *state = &demo->states[i];

			if (strcmp(name, stage_pools[i].name) != 0)
				continue;
			state->ready =
				count_of(pool, "agents.ready") + count_of(pool, "agents.warming");
			state->starting = count_of(pool, "agents.starting");
			state->waiting = count_of(pool, "waiting");
			state->running = count_of(pool, "running");
			all += state->ready;
		}
	}
	if (all > demo->agents_most)
		demo->agents_most = all;
}

/* True the first time. */
static bool is_new_order(struct demo *demo, yyjson_val *order)
{
	uint64_t id = 0;

	if (!span_number(json_text(show_member(order, "id")), UINT64_MAX, &id) ||
		demo->seen_count == ORDERS_MAX)
		return false;
	for (uint32_t i = demo->seen_count; i > 0; i--)
		if (demo->seen[i - 1] == id)
			return false;
	demo->seen[demo->seen_count++] = id;
	return true;
}

static void take_orders(struct demo *demo, unsigned status, yyjson_val *root)
{
	yyjson_val *order;
	size_t index, count;

	if (status != 200)
		return;
	yyjson_arr_foreach(show_member(root, "orders"), index, count, order)
	{
		uint32_t before = count_of(order, "agents_before");
		uint32_t after = count_of(order, "agents_after");
		const char *reason = yyjson_get_str(show_member(order, "reason"));
		const char *text = yyjson_get_str(show_member(order, "text"));
		const char *pool = yyjson_get_str(show_member(order, "pool"));

		if (!is_new_order(demo, order) || reason == NULL)
			continue;
		/* The agents that every pool has at least are no answer to load. */
		if (strcmp(reason, "scale_minimum") != 0) {
			demo->ups += after > before;
			demo->ins += after < before;
		}
		printf("%s%6.1f s  %-8s %u -> %u agents: %s\n", demo->terminal ? "\r\033[K" : "",
			elapsed_s(demo), pool == NULL ? "?" : pool, before, after,
			text == NULL ? reason : text);
	}
}

/* ---- progress ---- */

static void print_progress(struct demo *demo)
{
	uint64_t now = now_ms(demo);
	uint32_t waiting = 0, running = 0;

	if (demo->phase == STARTING || (!demo->terminal && now - demo->line_ms < LINE_MS))
		return;
	demo->line_ms = now;
	for (int i = 0; i < STAGE_POOLS_COUNT; i++) {
		waiting += demo->states[i].waiting;
		running += demo->states[i].running;
	}
	printf("%s%6.1f s  %" PRIu64 "/%u submitted, %" PRIu64 " done, %u waiting, %u running;",
		demo->terminal ? "\r\033[K" : "", elapsed_s(demo), demo->tally.submitted,
		demo->parade.count, demo->tally.done, waiting, running);
	for (int i = 0; i < STAGE_POOLS_COUNT; i++)
		printf(" %s %u%s", stage_pools[i].name, demo->states[i].ready,
			demo->states[i].starting > 0 ? "+" : "");
	printf("%s", demo->terminal ? "" : "\n");
	fflush(stdout);
}

/* Kills the agent that has most in its hands, once half of the tasks are done. */
static void kill_one(struct demo *demo)
{
	struct tally *tally = &demo->tally;
	struct tally_agent *victim;
	uint32_t index;

	if (demo->victim != NULL || tally->done < demo->parade.count / 2)
		return;
	victim = tally_busiest(tally);
	if (victim == NULL || kill(victim->pid, SIGKILL) != 0)
		return;
	victim->victim = true;
	victim->down_at_ns = utc_ns();
	demo->victim = victim;
	demo->victim_at_s = elapsed_s(demo);
	tally_read(tally);
	index = (uint32_t)(victim - tally->agents);
	for (uint32_t i = 0; i < tally->task_count && demo->in_hand_count < IN_HAND_MAX; i++)
		if (tally->tasks[i].running && tally->tasks[i].agent == index)
			demo->in_hand[demo->in_hand_count++] = tally->tasks[i].id;
	printf("%s%6.1f s  killed agent %s (pid %d) with %u tasks in its hands\n",
		demo->terminal ? "\r\033[K" : "", demo->victim_at_s, victim->name, (int)victim->pid,
		demo->in_hand_count);
}

/* True when no pool has more agents than it must. */
static bool is_calm(const struct demo *demo)
{
	for (int i = 0; i < STAGE_POOLS_COUNT; i++)
		if (demo->states[i].ready + demo->states[i].starting > 1)
			return false;
	return true;
}

static void move_on(struct demo *demo)
{
	struct feed_counts counts;
	uint64_t in_phase_ms = now_ms(demo) - demo->phase_ms;

	feed_count(demo->feed, &counts);
	switch (demo->phase) {
	case STARTING:
		ask(&demo->ready);
		if (in_phase_ms > READY_MS)
			fail(demo, "the daemon was not ready in 15 s");
		break;
	case PLAYING:
		if (feed_done(demo->feed))
			enter(demo, FINISHING);
		break;
	case FINISHING:
		if (demo->tally.done >= counts.accepted)
			enter(demo, CALMING);
		break;
	case CALMING:
		if (is_calm(demo) || in_phase_ms > CALM_MS)
			enter(demo, OVER);
		break;
	case OVER:
		break;
	}
}

static void on_look(uv_timer_t *timer)
{
	struct demo *demo = timer->data;

	if (!stage_runs(&demo->stage)) {
		fail(demo, "the daemon ended; the last that it said:");
		return;
	}
	move_on(demo);
	if (demo->phase == STARTING)
		return;
	tally_read(&demo->tally);
	kill_one(demo);
	ask(&demo->pools);
	ask(&demo->orders);
	print_progress(demo);
	if (now_ms(demo) - demo->begun_ms > demo->limit_ms) {
		printf("\ndemo: the time is up\n");
		demo->phase = OVER;
	}
	if (demo->phase == OVER)
		uv_stop(&demo->loop);
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct demo *demo = signal->data;

	(void)number;
	demo->interrupted = true;
	fail(demo, "interrupted");
}

/* ---- the end ---- */

static uint32_t slots_of(const char *pool)
{
	for (int i = 0; i < STAGE_POOLS_COUNT; i++)
		if (strcmp(pool, stage_pools[i].name) == 0)
			return stage_pools[i].slots;
	return 1;
}

static const char *quantile(const struct demo *demo, int64_t ppm, char text[32])
{
	show_seconds((double)histogram_quantile(&demo->tally.waits_ns, ppm) / 1e9, text, 32);
	return text;
}

/* Of the tasks that the victim had, how many have exactly one result. */
static uint32_t count_saved(const struct demo *demo)
{
	uint32_t saved = 0;

	for (uint32_t i = 0; i < demo->in_hand_count; i++) {
		uint32_t index = map_get(&demo->tally.map, demo->in_hand[i]);

		saved += index != MAP_NONE && demo->tally.tasks[index].done_count == 1;
	}
	return saved;
}

static bool summarise(struct demo *demo, int64_t end_ns)
{
	const struct tally *tally = &demo->tally;
	char p50[32], p95[32], p99[32];
	uint64_t lost = tally_lost(tally), killed = tally_killed(tally);
	int64_t busy = tally_busy_permille(tally, end_ns, slots_of);
	uint32_t saved = count_saved(demo);
	struct feed_counts counts;

	feed_count(demo->feed, &counts);
	printf("%s\ndemo: all numbers below are counted from the agents' own logs\n"
	       "  tasks        %" PRIu64 " submitted, %" PRIu64
	       " finished, in %.0f s at %.1f times the real speed\n",
		demo->terminal ? "\r\033[K" : "", tally->submitted, tally->done, elapsed_s(demo),
		demo->speed);
	printf("  waits        p50 %s, p95 %s, p99 %s (from submission to start)\n",
		quantile(demo, 500000, p50), quantile(demo, 950000, p95),
		quantile(demo, 990000, p99));
	printf("  agents       at most %u at once, %u processes in all, slots busy %" PRId64
	       ".%" PRId64 " %% of their time\n",
		demo->agents_most, tally->agent_count, busy / 10, busy % 10);
	printf("  scaling      %u times up, %u times in; unfinished tasks ended by it: %" PRIu64
	       "\n",
		demo->ups, demo->ins, killed);
	if (demo->victim != NULL)
		printf("  killed       agent %s (pid %d) after %.0f s, with %u tasks in its hands: "
		       "%u of them finished by others, once each\n",
			demo->victim->name, (int)demo->victim->pid, demo->victim_at_s,
			demo->in_hand_count, saved);
	printf("  retries      %" PRIu64 " tasks were started again; %u submissions repeated, "
	       "%u refused\n",
		tally->restarts, counts.repeated, counts.refused);
	if (counts.refused > 0)
		printf("  refused      %s\n", counts.error);
	printf("demo: completed=%" PRIu64 " duplicates=%" PRIu64 " lost=%" PRIu64 " killed=%" PRIu64
	       " scale_ups=%u scale_ins=%u\n",
		tally->done, tally->duplicates, lost, killed, demo->ups, demo->ins);
	return tally->done == demo->parade.count && lost == 0 && tally->duplicates == 0 &&
	       killed == 0 && saved == demo->in_hand_count;
}

static void accepted(void *context, uint64_t id, int64_t sent_at_ns)
{
	struct demo *demo = context;

	tally_submitted(&demo->tally, id, sent_at_ns);
}

static bool open_loop(struct demo *demo)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	static const char *kinds[STAGE_POOLS_COUNT];
	struct feed_options options = {.loop = &demo->loop,
		.parade = &demo->parade,
		.kinds = kinds,
		.speed = demo->speed,
		.accepted = accepted,
		.context = demo};

	for (int i = 0; i < STAGE_POOLS_COUNT; i++)
		kinds[i] = stage_pools[i].name;
	uv_timer_init(&demo->loop, &demo->look);
	demo->look.data = demo;
	for (int i = 0; i < 2; i++) {
		uv_signal_init(&demo->loop, &demo->signals[i]);
		demo->signals[i].data = demo;
		uv_signal_start(&demo->signals[i], on_signal, numbers[i]);
	}
	snprintf(demo->message, sizeof demo->message, "no memory");
	demo->upstream = upstream_open(&demo->loop);
	if (demo->upstream == NULL)
		return false;
	demo->target = upstream_target_new(
		demo->upstream, "127.0.0.1", demo->stage.port, demo->message, sizeof demo->message);
	options.upstream = demo->upstream;
	options.target = demo->target;
	demo->feed = demo->target == NULL ? NULL : feed_open(&options);
	demo->ready = (struct question){.demo = demo, .path = "/readyz", .answer = take_ready};
	demo->pools = (struct question){.demo = demo, .path = "/v1/pools", .answer = take_pools};
	demo->orders = (struct question){.demo = demo, .path = "/v1/orders", .answer = take_orders};
	return demo->feed != NULL;
}

static void close_loop(struct demo *demo)
{
	feed_close(demo->feed);
	if (demo->target != NULL)
		upstream_target_free(demo->target);
	if (demo->upstream != NULL)
		upstream_close(demo->upstream);
	uv_close((uv_handle_t *)&demo->look, NULL);
	for (int i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&demo->signals[i], NULL);
	uv_run(&demo->loop, UV_RUN_DEFAULT);
	uv_loop_close(&demo->loop);
}

/* Plays the demo on its stage; true when every promise was kept. */
static bool play(struct demo *demo)
{
	int64_t end_ns;
	bool good = false;

	uv_loop_init(&demo->loop);
	if (!open_loop(demo) || !stage_start(&demo->stage, demo->message, sizeof demo->message)) {
		demo->failed = true;
	} else {
		demo->begun_ms = now_ms(demo);
		enter(demo, STARTING);
		uv_timer_start(&demo->look, on_look, 20, LOOK_MS);
		uv_run(&demo->loop, UV_RUN_DEFAULT);
	}
	end_ns = utc_ns();
	tally_read(&demo->tally);
	if (!demo->failed)
		good = summarise(demo, end_ns);
	else
		fprintf(stderr, "\nballast demo: %s\n", demo->message);
	if (demo->failed && !demo->interrupted)
		stage_print_output(&demo->stage);
	stage_stop(&demo->stage);
	for (uint32_t i = 0; i < demo->tally.agent_count; i++)
		stage_end_agent(&demo->stage, demo->tally.agents[i].pid);
	close_loop(demo);
	return good;
}

/* Fills parade, speed and limit of time.  False after a message. */
static bool read_options(struct demo *demo, const struct args *args)
{
	const char *trace = args_value(args, "--trace");
	const char *speed = args_value(args, "--speed");
	const char *limit_text = args_value(args, "--limit");
	uint64_t limit = 0, times = 0;

	if (args->word_count != 0 ||
		(limit_text != NULL &&
			!span_number(span_of(limit_text), TALLY_TASKS_MAX, &limit)) ||
		(speed != NULL &&
			(!span_number(span_of(speed), SPEED_MAX, &times) || times == 0))) {
		fprintf(stderr, "usage: ballast demo [--trace FILE] [--speed N] [--limit N]\n");
		return false;
	}
	if (trace == NULL && !parade_draw(&demo->parade, (uint32_t)limit, SEED)) {
		fprintf(stderr, "ballast demo: no memory\n");
		return false;
	}
	if (trace != NULL && !parade_read(&demo->parade, trace, (uint32_t)limit, demo->message,
				     sizeof demo->message)) {
		fprintf(stderr, "ballast demo: %s\n", demo->message);
		return false;
	}
	demo->speed = times > 0 ? (double)times : (double)demo->parade.length_ns / 1e9 / PLAY_S;
	demo->limit_ms =
		times > 0
			? (uint64_t)((double)demo->parade.length_ns / 1e6 / demo->speed) + EXTRA_MS
			: LIMIT_MS;
	if (demo->speed < 1.0)
		demo->speed = 1.0;
	return true;
}

static int run(const struct args *args)
{
	struct demo *demo = calloc(1, sizeof *demo);
	int rc = EXIT_USAGE;

	if (demo == NULL)
		return EXIT_NO;
	demo->terminal = isatty(STDOUT_FILENO) == 1;
	if (!read_options(demo, args)) {
		free(demo);
		return EXIT_USAGE;
	}
	if (!stage_open(&demo->stage, args_value(args, "--data"), demo->message,
		    sizeof demo->message)) {
		fprintf(stderr, "ballast demo: %s\n", demo->message);
	} else if (!tally_open(&demo->tally, demo->stage.logs)) {
		fprintf(stderr, "ballast demo: no memory\n");
	} else {
		printf("demo: %u tasks, %.0f min of load played at %.1f times its speed, in %s\n"
		       "demo: sustain times and cool-downs are shorter than the defaults: see "
		       "ballast.yaml there\n",
			demo->parade.count, (double)demo->parade.length_ns / 6e10, demo->speed,
			demo->stage.directory);
		rc = play(demo) ? 0 : EXIT_NO;
		tally_close(&demo->tally);
	}
	stage_close(&demo->stage);
	parade_release(&demo->parade);
	free(demo);
	return rc;
}

const struct command command_demo = {"demo", "[--trace FILE]",
	"shows it at work: a daemon, three pools of agents, a load, a death, a sum", run, OPTIONS};
