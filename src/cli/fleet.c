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

#define COUNT_OF(rows) ((uint32_t)(sizeof(rows) / sizeof((rows)[0])))

static int list(const struct args *args, const char *noun, const struct show_column *columns,
	uint32_t count)
{
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
		show_object(ask->json.root, columns, count);
	else if (rc == 0 && strcmp(noun, "agents") == 0)
		show_table(show_member(ask->json.root, noun), columns, count, "no agents are up");
	else if (rc == 0)
		show_table(show_member(ask->json.root, noun), columns, count,
			"no pools are configured");
	ask_close(ask);
	return rc;
}

static int run_agents(const struct args *args)
{
	return list(args, "agents", AGENT_COLUMNS, COUNT_OF(AGENT_COLUMNS));
}

static int run_pools(const struct args *args)
{
	if (args_has(args, "--history"))
		return orders_history(args);
	return list(args, "pools", POOL_COLUMNS, COUNT_OF(POOL_COLUMNS));
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
	"agents", "[AGENT]", "lists agents, or shows one", run_agents, OPTIONS};
const struct command command_pools = {
	"pools", "[POOL]", "lists pools, or shows one", run_pools, POOL_OPTIONS};
const struct command command_drain = {"drain", "AGENT",
	"lets an agent finish what it has and take nothing new", run_drain, DRAIN_OPTIONS};
const struct command command_pause = {"pause", "POOL",
	"stops dispatch and scaling of a pool, or some of it", run_pause, PAUSE_OPTIONS};
const struct command command_reload = {
	"reload", "", "makes the daemon read its configuration again", run_reload, OPTIONS};
