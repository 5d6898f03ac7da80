/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP agents that are real processes: started, replaced, drained, adopted. */
#include "host.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define YAML_SIZE 2048

static const char NO_POOLS[] = "pools: {}";

/* A pool `echo` of this program's agents. */
static const char *pool_yaml(const struct host *host, const char *more)
{
	static char yaml[YAML_SIZE];

	snprintf(yaml, sizeof yaml,
		"knobs: {start_backoff: 1ms}\n"
		"pools:\n"
		"  echo:\n"
		"    run: [\"%s\", --agent, \"{port}\", \"%s\"]\n"
		"    retry: {backoff: 1ms, attempts: 2}\n"
		"    %s\n",
		host->scene->program, host->scene->go, more);
	return yaml;
}

static bool is_empty(void *context)
{
	const struct host *host = context;

	return roster_first(engine_roster(host->engine)) == NULL;
}

/* Ends all agents, then the daemon. */
static void finish(struct host *host)
{
	host_configure(host, NO_POOLS);
	host_wait(host, is_empty, host);
	host_close(host);
}

static pid_t pid_of(const char *text)
{
	return (pid_t)strtol(text, NULL, 10);
}

static void test_starts_answers_and_ends_with_its_pool(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;
	const struct roster_agent *agent;

	host_open(host, pool_yaml(host, "max: 2"));
	host_wait_ready(host, "echo", 1);
	agent = host_agent(host, "echo");
	assert_string_equal(agent->name, "echo-1");
	assert_true(agent->pid > 1);
	host_submit(host, "echo", "{}", &seen);
	host_wait_end(host, &seen);
	assert_int_equal(seen.state, BAL_TASK_SUCCEEDED);
	assert_int_equal(pid_of(seen.result), agent->pid);
	assert_string_equal(seen.content_type, "application/json");
	assert_string_equal(fleet_error(host->fleet, agent->pool), "");
	finish(host);
}

static void test_killed_agent_is_replaced_and_its_task_goes_on(void **state)
{
	struct host *host = *state;
	struct errand_seen first, second;
	pid_t pid;

	host_open(host, pool_yaml(host, "max: 1"));
	host_wait_ready(host, "echo", 1);
	host_submit(host, "echo", "1", &first);
	host_wait_end(host, &first);
	pid = pid_of(first.result);
	host_submit(host, "echo", "\"hold\"", &second);
	assert_int_equal(kill(pid, SIGKILL), 0);
	scene_go(host->scene); /* for the one that comes after it */
	host_wait_end(host, &second);
	assert_int_equal(second.state, BAL_TASK_SUCCEEDED);
	assert_int_not_equal(pid_of(second.result), pid);
	assert_non_null(strstr(second.history, "\"lost\""));
	assert_non_null(strstr(second.history, "\"attempt\":2"));
	assert_string_equal(host_agent(host, "echo")->name, "echo-1");
	finish(host);
}

static void test_crash_is_told_with_its_pool(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;

	host_open(host, pool_yaml(host, "max: 1"));
	host_wait_ready(host, "echo", 1);
	host_submit(host, "echo", "\"crash\"", &seen);
	host_wait_end(host, &seen);
	assert_int_equal(seen.state, BAL_TASK_DEAD);
	assert_non_null(strstr(seen.history, "\"attempt\":2"));
	host_wait_said(host, "agent echo-1: exited with code 3");
	finish(host);
}

static bool has_one_agent(void *context)
{
	const struct host *host = context;
	const struct roster_agent *agent = roster_first(engine_roster(host->engine));

	return agent != NULL && roster_next(agent) == NULL;
}

static void test_drained_agent_finishes_first(void **state)
{
	struct host *host = *state;
	struct errand_seen seen[2];
	struct bal_event event = {.type = BAL_EVENT_POOL_SCALED};

	host_open(host, pool_yaml(host, "max: 2"));
	event.pool_scaled.pool = host_pool(host, "echo");
	event.pool_scaled.agents = 2;
	assert_int_equal(engine_event(host->engine, &event), BAL_OK);
	host_wait_ready(host, "echo", 2);
	for (int i = 0; i < 2; i++)
		host_submit(host, "echo", "\"hold\"", &seen[i]);
	event.pool_scaled.agents = 1;
	assert_int_equal(engine_event(host->engine, &event), BAL_OK);
	for (int i = 0; i < 2; i++)
		scene_go(host->scene);
	for (int i = 0; i < 2; i++) {
		host_wait_end(host, &seen[i]);
		assert_int_equal(seen[i].state, BAL_TASK_SUCCEEDED);
		assert_null(strstr(seen[i].history, "\"attempt\":2"));
	}
	assert_string_not_equal(seen[0].result, seen[1].result);
	host_wait(host, has_one_agent, host);
	finish(host);
}

static void test_restart_adopts_agents(void **state)
{
	struct host *host = *state;
	const char *yaml = pool_yaml(host, "min: 2\n    max: 2");
	struct errand_seen seen;
	uint64_t ids[2];
	int64_t pids[2];
	char names[2][ROSTER_NAME_SIZE];
	uint32_t count = 0;

	host_open(host, yaml);
	host_wait_ready(host, "echo", 2);
	for (const struct roster_agent *agent = roster_first(engine_roster(host->engine));
		agent != NULL; agent = roster_next(agent)) {
		ids[count] = agent->id;
		pids[count] = agent->pid;
		memcpy(names[count++], agent->name, sizeof names[0]);
	}
	host_close(host);
	host_open(host, yaml);
	for (uint32_t i = 0; i < 2; i++) {
		const struct roster_agent *agent = roster_find(engine_roster(host->engine), ids[i]);

		assert_non_null(agent);
		assert_int_equal(agent->pid, pids[i]);
		assert_string_equal(agent->name, names[i]);
	}
	host_wait_ready(host, "echo", 2);
	host_submit(host, "echo", "1", &seen);
	host_wait_end(host, &seen);
	assert_true(pid_of(seen.result) == pids[0] || pid_of(seen.result) == pids[1]);
	assert_true(engine_mint(host->engine) > ids[1]);
	finish(host);
}

static void test_agent_that_died_meanwhile_is_replaced(void **state)
{
	struct host *host = *state;
	const char *yaml = pool_yaml(host, "max: 1");
	uint64_t id;

	host_open(host, yaml);
	host_wait_ready(host, "echo", 1);
	id = host_agent(host, "echo")->id;
	assert_int_equal(kill((pid_t)host_agent(host, "echo")->pid, SIGKILL), 0);
	host_close(host);
	host_open(host, yaml);
	host_wait_ready(host, "echo", 1);
	assert_int_not_equal(host_agent(host, "echo")->id, id);
	finish(host);
}

static bool has_error(void *context)
{
	const struct host *host = context;

	return fleet_error(host->fleet, host_pool(host, "echo"))[0] != '\0';
}

static void test_missing_program_is_named_until_it_is_there(void **state)
{
	struct host *host = *state;

	host_open(host, "knobs: {start_backoff: 1ms}\n"
			"pools: {echo: {run: \"/nowhere/agent {port}\", max: 1}}");
	host_wait(host, has_error, host);
	assert_non_null(
		strstr(fleet_error(host->fleet, host_pool(host, "echo")), "/nowhere/agent"));
	assert_null(host_agent(host, "echo"));
	host_configure(host, pool_yaml(host, "max: 1"));
	host_wait_ready(host, "echo", 1);
	assert_false(has_error(host));
	finish(host);
}

static void test_agent_that_never_answers_is_ended(void **state)
{
	struct host *host = *state;

	host_open(host, "knobs: {start_backoff: 1ms}\n"
			"pools: {echo: {run: \"sleep 60{port}\", max: 1, ready: {timeout: 10ms}}}");
	host_wait(host, has_error, host);
	assert_non_null(strstr(fleet_error(host->fleet, host_pool(host, "echo")),
		"echo-1 did not become ready in time"));
	finish(host);
}

static void test_new_pool_of_a_reload_is_scaled(void **state)
{
	struct host *host = *state;

	host_open(host, NO_POOLS);
	host_configure(host, pool_yaml(host, "min: 2\n    max: 2"));
	host_wait_ready(host, "echo", 2);
	finish(host);
}

/* Whether the agent's environment has this variable. */
static bool has_variable(int64_t pid, const char *variable)
{
	char path[64];
	char data[16384];
	FILE *file;
	size_t size;

	snprintf(path, sizeof path, "/proc/%lld/environ", (long long)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	size = fread(data, 1, sizeof data - 1, file);
	fclose(file);
	data[size] = '\0';
	for (const char *at = data; at < data + size; at += strlen(at) + 1)
		if (strcmp(at, variable) == 0)
			return true;
	return false;
}

static void test_gpus_are_never_given_twice(void **state)
{
	struct host *host = *state;
	const char *yaml = pool_yaml(host, "min: 2\n    max: 2\n    gpus: 2\nhost: {gpus: 3}");

	host_open(host, yaml);
	host_wait_said(host, "refused: an agent of pool echo has 2 GPUs, and 1 of 3 are free");
	host_wait_ready(host, "echo", 1);
	assert_true(has_variable(host_agent(host, "echo")->pid, "CUDA_VISIBLE_DEVICES=0,1"));
	host_close(host);
	/* After a restart they are still its own. */
	host_open(host, yaml);
	host_wait_said(host, "refused: an agent of pool echo has 2 GPUs, and 1 of 3 are free");
	host_configure(
		host, pool_yaml(host, "min: 2\n    max: 2\n    gpus: 2\n    placement: spread\n"
				      "host: {gpus: 64}"));
	host_wait_ready(host, "echo", 2);
	for (const struct roster_agent *agent = roster_first(engine_roster(host->engine));
		agent != NULL; agent = roster_next(agent))
		assert_true(has_variable(agent->pid, strcmp(agent->name, "echo-1") == 0
							     ? "CUDA_VISIBLE_DEVICES=0,1"
							     : "CUDA_VISIBLE_DEVICES=32,63"));
	finish(host);
}

static void test_a_budget_of_the_host_bounds_all_pools(void **state)
{
	struct host *host = *state;

	host_open(host,
		pool_yaml(host, "min: 3\n    max: 3\n    resources: {cpu: 2 cores, memory: 1GiB}\n"
				"host: {cpu: 5 cores}"));
	host_wait_said(host, "refused: agents are promised 4 of the 5 cores of `host`");
	host_wait_ready(host, "echo", 2);
	host_configure(host,
		pool_yaml(host, "min: 3\n    max: 3\n    resources: {cpu: 2 cores, memory: 1GiB}\n"
				"host: {cpu: 6 cores, memory: 2GiB}"));
	host_wait_said(host, "refused: agents are promised 2048 of the 2048 MiB of `host`");
	finish(host);
}

int main(int argument_count, char **arguments)
{
	int rc = host_dispatch(argument_count, arguments);
	if (rc >= 0)
		return rc;
#define TEST(name) cmocka_unit_test_setup_teardown(name, host_begin, host_end)
	const struct CMUnitTest tests[] = {
		TEST(test_starts_answers_and_ends_with_its_pool),
		TEST(test_killed_agent_is_replaced_and_its_task_goes_on),
		TEST(test_crash_is_told_with_its_pool),
		TEST(test_drained_agent_finishes_first),
		TEST(test_restart_adopts_agents),
		TEST(test_agent_that_died_meanwhile_is_replaced),
		TEST(test_missing_program_is_named_until_it_is_there),
		TEST(test_agent_that_never_answers_is_ended),
		TEST(test_new_pool_of_a_reload_is_scaled),
		TEST(test_gpus_are_never_given_twice),
		TEST(test_a_budget_of_the_host_bounds_all_pools),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
