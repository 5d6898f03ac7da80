/* SPDX-License-Identifier: Apache-2.0 */
/* ballast agents, pools, pause, drain, reload: looking at the fleet and steering it. */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/orders.h"
#include "cli/show.h"
#include "wire/jsonwrite.h"

#include <stdio.h>
#include <string.h>

#define BODY_SIZE 256

static const struct args_option OPTIONS[] = {
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct args_option POOL_OPTIONS[] = {
	{"--history", NULL, NULL, "shows orders, what came of them, and those that wait"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct args_option AGENT_OPTIONS[] = {
	{"--wide", NULL, NULL, "all that is known of each: resources, limits, trends, knee"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct args_option DRAIN_OPTIONS[] = {
	{"--back", NULL, NULL, "takes it back into service"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct args_option PAUSE_OPTIONS[] = {
	{"--dispatch", NULL, NULL, "no new task is sent to its agents"},
	{"--scale-out", NULL, NULL, "no agents are added"},
	{"--scale-in", NULL, NULL, "no agents are removed"},
	{"--resume", NULL, NULL, "ends all pauses of the pool"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct show_column AGENT_COLUMNS[] = {
	{"ID", "id", SHOW_TEXT, false},
	{"NAME", "name", SHOW_TEXT, true},
	{"POOL", "pool", SHOW_TEXT, true},
	{"STATE", "state", SHOW_STATE, false},
	{"RUNNING", "running", SHOW_NUMBER, false},
	{"SLOTS", "slots", SHOW_NUMBER, false},
	{"CPU", "cpu", SHOW_SHARE, false},
	{"MIB", "memory_mib", SHOW_NUMBER, false},
	{"CORES", "limits.cpu", SHOW_TEXT, false},
	{"LIMIT", "limits.memory", SHOW_BYTES, false},
	{"DONE", "finished", SHOW_NUMBER, false},
	{"FAILED", "failed", SHOW_NUMBER, false},
	{"UP", "up_at", SHOW_TIME, false},
	{"ADDRESS", "address", SHOW_TEXT, true},
};

/* The first WIDE_HEAD stand above the others where there is no room for all of them. */
static const struct show_column WIDE_COLUMNS[] = {
	{"ID", "id", SHOW_TEXT, false},
	{"NAME", "name", SHOW_TEXT, true},
	{"POOL", "pool", SHOW_TEXT, true},
	{"STATE", "state", SHOW_STATE, false},
	{"UP", "up_at", SHOW_TIME, false},
	{"ADDRESS", "address", SHOW_TEXT, true},
	{"PID", "pid", SHOW_NUMBER, false},
	{"RUNNING", "running", SHOW_NUMBER, false},
	{"SLOTS", "slots", SHOW_NUMBER, false},
	{"BUSY", "utilisation", SHOW_SHARE, false},
	{"DONE", "finished", SHOW_NUMBER, false},
	{"FAILED", "failed", SHOW_NUMBER, false},
	{"SUCCESS", "success", SHOW_SHARE, false},
	{"SERVICE", "service_seconds", SHOW_SECONDS, false},
	{"KNEE", "knee.tasks", SHOW_NUMBER, false},
	{"KNEE-FROM", "knee.tasks_low", SHOW_NUMBER, false},
	{"KNEE-TO", "knee.tasks_high", SHOW_NUMBER, false},
	{"TASKS/S", "knee.tasks_per_second", SHOW_NUMBER, false},
	{"TASKS-SEEN", "knee.tasks_seen", SHOW_NUMBER, false},
	{"FAILS-FROM", "knee.degrades_at", SHOW_NUMBER, false},
	{"CPU", "cpu", SHOW_SHARE, false},
	{"MILLICORES", "cpu_millis", SHOW_NUMBER, false},
	{"CPU-WAIT-PERMILLE", "cpu_wait_permille", SHOW_NUMBER, false},
	{"THROTTLED-PERMILLE", "cpu_throttled_permille", SHOW_NUMBER, false},
	{"MIB", "memory_mib", SHOW_NUMBER, false},
	{"LIMIT-MIB", "memory_limit_mib", SHOW_NUMBER, false},
	{"MEMORY", "memory", SHOW_SHARE, false},
	{"GROWS-MIB/H", "memory_trend.mib_per_hour", SHOW_NUMBER, false},
	{"FULL-IN", "memory_trend.full_in_seconds", SHOW_SECONDS, false},
	{"THREADS", "threads", SHOW_NUMBER, false},
	{"FILES", "open_files", SHOW_NUMBER, false},
	{"CONNECTIONS", "connections", SHOW_NUMBER, false},
};

#define WIDE_HEAD 5

static const struct show_column POOL_COLUMNS[] = {
	{"NAME", "name", SHOW_TEXT, true},
	{"TYPE", "type", SHOW_TEXT, false},
	{"READY", "agents.ready", SHOW_NUMBER, false},
	{"STARTING", "agents.starting", SHOW_NUMBER, false},
	{"MAX", "max", SHOW_NUMBER, false},
	{"RUNNING", "running", SHOW_NUMBER, false},
	{"SLOTS", "slots", SHOW_NUMBER, false},
	{"WAITING", "waiting", SHOW_NUMBER, false},
	{"LOAD", "load", SHOW_SHARE, false},
	{"SERVICE", "service_seconds", SHOW_SECONDS, false},
	{"SCALING", "scaling", SHOW_TEXT, true},
};

/* Of one pool also what is too long for a table. */
static const struct show_column POOL_MEMBERS[] = {
	{"NAME", "name", SHOW_TEXT, true},
	{"TYPE", "type", SHOW_TEXT, false},
	{"READY", "agents.ready", SHOW_NUMBER, false},
	{"STARTING", "agents.starting", SHOW_NUMBER, false},
	{"MAX", "max", SHOW_NUMBER, false},
	{"RUNNING", "running", SHOW_NUMBER, false},
	{"SLOTS", "slots", SHOW_NUMBER, false},
	{"SLOTS-EACH", "slots_each", SHOW_NUMBER, false},
	{"WAITING", "waiting", SHOW_NUMBER, false},
	{"LOAD", "load", SHOW_SHARE, false},
	{"SERVICE", "service_seconds", SHOW_SECONDS, false},
	{"SCALING", "scaling", SHOW_TEXT, true},
	{"KNEE", "knee.tasks", SHOW_NUMBER, false},
	{"KNEE-FROM", "knee.tasks_low", SHOW_NUMBER, false},
	{"KNEE-TO", "knee.tasks_high", SHOW_NUMBER, false},
	{"TASKS/S-EACH", "knee.tasks_per_second", SHOW_NUMBER, false},
	{"TASKS-SEEN", "knee.tasks_seen", SHOW_NUMBER, false},
	{"FAILS-FROM", "knee.degrades_at", SHOW_NUMBER, false},
	{"ADVICE", "knee.advice", SHOW_TEXT, true},
};

/* What a list shows, and one of it. */
struct listing {
	const char *noun;
	const struct show_column *columns;
	uint32_t count;
	uint32_t head_count; /* above 0: it is a wide one */
	const struct show_column *members;
	uint32_t member_count;
	const char *none;
};

static void print_list(const struct ask *ask, const struct listing *listing)
{
	yyjson_val *rows = show_member(ask->json.root, listing->noun);

	if (listing->head_count > 0)
		show_wide(
			rows, listing->columns, listing->count, listing->head_count, listing->none);
	else
		show_table(rows, listing->columns, listing->count, listing->none);
}

static int list(const struct args *args, const struct listing *listing)
{
	const char *noun = listing->noun;
	char target[ASK_TARGET_MAX], name[512];
	struct ask *ask;
	int rc;

	if (args->word_count > 1) {
		fprintf(stderr, "usage: ballast %s [NAME]\n", noun);
		return EXIT_USAGE;
	}
	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	snprintf(target, sizeof target, "/v1/%s%s%s", noun, args->word_count == 0 ? "" : "/",
		args->word_count == 0 ? "" : ask_encode(args->words[0], name, sizeof name));
	rc = ask_get(ask, target);
	if (rc == 0 && ask->raw)
		ask_print(ask);
	else if (rc == 0 && args->word_count == 1)
		show_object(ask->json.root, listing->members, listing->member_count);
	else if (rc == 0)
		print_list(ask, listing);
	ask_close(ask);
	return rc;
}

static int run_agents(const struct args *args)
{
	static const struct listing brief = {"agents", AGENT_COLUMNS, COUNT_OF(AGENT_COLUMNS), 0,
		WIDE_COLUMNS, COUNT_OF(WIDE_COLUMNS), "no agents are up"};
	static const struct listing wide = {"agents", WIDE_COLUMNS, COUNT_OF(WIDE_COLUMNS),
		WIDE_HEAD, WIDE_COLUMNS, COUNT_OF(WIDE_COLUMNS), "no agents are up"};

	return list(args, args_has(args, "--wide") ? &wide : &brief);
}

static int run_pools(const struct args *args)
{
	static const struct listing listing = {"pools", POOL_COLUMNS, COUNT_OF(POOL_COLUMNS), 0,
		POOL_MEMBERS, COUNT_OF(POOL_MEMBERS), "no pools are configured"};

	if (args_has(args, "--history"))
		return orders_history(args);
	return list(args, &listing);
}

/* Posts a body to /v1/NOUN/NAME/VERB and says what was done. */
static int steer(const struct args *args, const char *noun, const char *name, const char *verb,
	struct span body, const char *done)
{
	char target[ASK_TARGET_MAX], encoded[512];
	struct ask *ask = ask_open(args);
	int rc;

	if (ask == NULL)
		return EXIT_USAGE;
	snprintf(target, sizeof target, "/v1/%s/%s/%s", noun,
		ask_encode(name, encoded, sizeof encoded), verb);
	rc = ask_post(ask, target, body);
	if (rc == 0 && ask->raw)
		ask_print(ask);
	else if (rc == 0)
		printf("%s %s\n", name, done);
	ask_close(ask);
	return rc;
}

static int run_drain(const struct args *args)
{
	bool back = args_has(args, "--back");

	if (args->word_count != 1) {
		fprintf(stderr, "usage: ballast drain AGENT [--back]\n");
		return EXIT_USAGE;
	}
	return steer(args, "agents", args->words[0], "drain",
		back ? SPAN("{\"back\":true}") : SPAN("{}"),
		back ? "takes tasks again" : "drains: it finishes what it has");
}

static int run_pause(const struct args *args)
{
	bool resume = args_has(args, "--resume");
	bool some = args_has(args, "--dispatch") || args_has(args, "--scale-out") ||
		    args_has(args, "--scale-in");
	char memory[BODY_SIZE];
	struct json_writer writer;
	struct buffer body;

	if (args->word_count != 1 || (resume && some)) {
		fprintf(stderr, "usage: ballast pause POOL [--dispatch] [--scale-out] "
				"[--scale-in] | --resume\n");
		return EXIT_USAGE;
	}
	buffer_init_fixed(&body, memory, sizeof memory);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "dispatch");
	json_put_bool(&writer, !resume && (!some || args_has(args, "--dispatch")));
	json_key(&writer, "out");
	json_put_bool(&writer, !resume && (!some || args_has(args, "--scale-out")));
	json_key(&writer, "in");
	json_put_bool(&writer, !resume && (!some || args_has(args, "--scale-in")));
	json_close(&writer);
	return steer(args, "pools", args->words[0], "pause", buffer_span(&body),
		resume ? "goes on" : "is paused");
}

static int run_reload(const struct args *args)
{
	struct ask *ask;
	int rc;

	if (args->word_count != 0) {
		fprintf(stderr, "usage: ballast reload\n");
		return EXIT_USAGE;
	}
	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	rc = ask_post(ask, "/v1/reload", (struct span){NULL, 0});
	if (rc == 0 && ask->raw)
		ask_print(ask);
	else if (rc == 0)
		printf("configuration read again\n");
	ask_close(ask);
	return rc;
}

const struct command command_agents = {
	"agents", "[AGENT]", "lists agents, or shows one", run_agents, AGENT_OPTIONS};
const struct command command_pools = {
	"pools", "[POOL]", "lists pools, or shows one", run_pools, POOL_OPTIONS};
const struct command command_drain = {"drain", "AGENT",
	"lets an agent finish what it has and take nothing new", run_drain, DRAIN_OPTIONS};
const struct command command_pause = {"pause", "POOL",
	"stops dispatch and scaling of a pool, or some of it", run_pause, PAUSE_OPTIONS};
const struct command command_reload = {
	"reload", "", "makes the daemon read its configuration again", run_reload, OPTIONS};
