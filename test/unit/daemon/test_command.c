/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that are real processes: their ends, their restarts, what they leave. */
#include "host.h"

#include "daemon/errand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define YAML_SIZE   4096
#define SCRIPT_SIZE 2048

/* A pool `work` whose command is a shell script with the scene's UP and GO as $1 and $2. */
static const char *pool_yaml(const struct host *host, const char *script, const char *more)
{
	static char yaml[YAML_SIZE];
	char path[400];
	FILE *file;

	snprintf(path, sizeof path, "%s/script", host->data);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(script, file) >= 0);
	assert_int_equal(fclose(file), 0);
	snprintf(yaml, sizeof yaml,
		"pools:\n"
		"  work:\n"
		"    command: [sh, \"%s\", \"%s\", \"%s\"]\n"
		"    max: 4\n"
		"    env: [PATH, \"DATA=%s\"]\n"
		"    %s\n",
		path, host->scene->up, host->scene->go, host->data, more);
	return yaml;
}

static void open_script(struct host *host, const char *script, const char *more)
{
	host_open(host, pool_yaml(host, script, more));
}

static void run(struct host *host, const char *payload, struct errand_seen *seen)
{
	host_submit(host, "work", payload, seen);
	host_wait_end(host, seen);
}

static void test_success_with_json(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;
	char wanted[128];
	char log[64];
	bool running = true;

	open_script(host,
		"printf '{\"in\":%s,\"task\":%s,\"attempt\":%s}' \"$(cat)\" $BALLAST_TASK "
		"$BALLAST_ATTEMPT; echo log >&2",
		"workdir: shared");
	run(host, "{\"a\":1}", &seen);
	assert_int_equal(seen.state, BAL_TASK_SUCCEEDED);
	snprintf(wanted, sizeof wanted, "{\"in\":{\"a\":1},\"task\":%llu,\"attempt\":1}",
		(unsigned long long)seen.id);
	assert_string_equal(seen.result, wanted);
	assert_string_equal(seen.content_type, "application/json");
	assert_int_equal(
		command_output(host->command, seen.id, true, 0, log, sizeof log, &running), 4);
	assert_memory_equal(log, "log\n", 4);
	assert_false(running);
	assert_false(command_workdir(host->command, seen.id, wanted, sizeof wanted));
	host_close(host);
}

static void test_field_is_raw_text(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;

	open_script(host, "cat", "stdin: payload.prompt.text");
	run(host, "{\"prompt\":{\"text\":\"line \\u00e9\\n\"}}", &seen);
	assert_string_equal(seen.result, "line \xc3\xa9\n");
	assert_string_equal(seen.content_type, "text/plain; charset=utf-8");
	run(host, "{\"prompt\":{\"text\":[1]}}", &seen);
	assert_string_equal(seen.result, "[1]");
	run(host, "{\"prompt\":{}}", &seen);
	assert_int_equal(seen.state, BAL_TASK_FAILED);
	assert_non_null(strstr(seen.error, "the payload has no field prompt.text"));
	host_close(host);
}

static void test_failures_say_why(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;

	open_script(host, "echo first >&2; echo oops >&2; exit 3", "");
	run(host, "1", &seen);
	assert_int_equal(seen.state, BAL_TASK_FAILED);
	assert_string_equal(seen.error, "exit code 3: first\noops");
	host_configure(host, "pools: {work: {command: /nowhere/agent, max: 4}}");
	run(host, "1", &seen);
	assert_int_equal(seen.state, BAL_TASK_FAILED);
	assert_non_null(strstr(seen.error, "/nowhere/agent"));
	host_close(host);
}

static void test_exit_code_that_is_retried(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;

	open_script(host, "test $BALLAST_ATTEMPT = 3 && echo ok || exit 7",
		"retry: {for: [exit 7], backoff: 1ms}");
	run(host, "1", &seen);
	assert_int_equal(seen.state, BAL_TASK_SUCCEEDED);
	assert_string_equal(seen.result, "ok\n");
	assert_non_null(strstr(seen.history, "\"retryable\""));
	host_close(host);
}

struct output_wanted {
	struct host *host;
	uint64_t task;
};

/* The process of the task's last attempt has ended. */
static bool is_over(void *context)
{
	const struct output_wanted *wanted = context;
	char data[8];
	bool running = false;

	command_output(wanted->host->command, wanted->task, false, 0, data, 1, &running);
	return !running;
}

static void test_timeout_ends_the_process(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;
	struct output_wanted wanted = {.host = host};

	open_script(host, "sleep 60", "timeout: 50ms");
	run(host, "1", &seen);
	assert_int_equal(seen.state, BAL_TASK_FAILED);
	assert_non_null(strstr(seen.history, "\"timeout\""));
	wanted.task = seen.id;
	host_wait(host, is_over, &wanted);
	host_close(host);
}

static void test_cancel_ends_the_process(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;
	struct output_wanted wanted = {.host = host};
	struct bal_event cancel = {.type = BAL_EVENT_TASK_CANCELLED};
	char line[16];

	/* Deaf to TERM: the grace is over soon, and KILL follows. */
	open_script(host, "trap '' TERM; echo up >\"$1\"; read x <\"$2\"", "grace: 10ms");
	host_submit(host, "work", "1", &seen);
	host_wait_up(host, line, sizeof line);
	cancel.cancelled.task = seen.id;
	assert_int_equal(engine_event(host->engine, &cancel), BAL_OK);
	host_wait_end(host, &seen);
	assert_int_equal(seen.state, BAL_TASK_CANCELLED);
	wanted.task = seen.id;
	host_wait(host, is_over, &wanted);
	host_close(host);
}

/* The pool runs nothing. */
static bool is_free(void *context)
{
	const struct host *host = context;
	struct bal_pool_view view;

	return bal_pool_view(engine_core(host->engine), host_pool(host, "work"), &view) &&
	       view.running == 0;
}

static void test_hand_back_with_a_checkpoint(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;
	struct bal_event drain = {.type = BAL_EVENT_AGENT_DRAINED};
	char line[16];

	open_script(host,
		"[ $BALLAST_ATTEMPT = 2 ] && exec cat\n"
		"trap 'echo half >$BALLAST_CHECKPOINT; exit 75' USR1\n"
		"sleep 60 & echo up >\"$1\"; wait",
		"drain_limit: 0s\n    stdin: payload.x");
	host_submit(host, "work", "{\"x\":1}", &seen);
	host_wait_up(host, line, sizeof line);
	drain.drain.agent = host_agent(host, "work")->id;
	assert_int_equal(engine_event(host->engine, &drain), BAL_OK);
	host_wait(host, is_free, host);
	drain.drain.back = true;
	assert_int_equal(engine_event(host->engine, &drain), BAL_OK);
	host_wait_end(host, &seen);
	assert_int_equal(seen.state, BAL_TASK_SUCCEEDED);
	assert_string_equal(seen.result, "{\"payload\":{\"x\":1},\"checkpoint\":\"half\\n\"}");
	host_close(host);
}

/* Waits at UP and GO, counts how often it ran, and says in which attempt it ended. */
static const char WAITING[] = "echo run >>\"$DATA/runs\"; echo up >\"$1\"; read x <\"$2\"; "
			      "echo done $BALLAST_ATTEMPT";

static void assert_ran_once(const struct host *host)
{
	char path[400];
	char text[64];
	FILE *file;
	size_t size;

	snprintf(path, sizeof path, "%s/runs", host->data);
	file = fopen(path, "r");
	assert_non_null(file);
	size = fread(text, 1, sizeof text, file);
	fclose(file);
	assert_int_equal(size, strlen("run\n"));
}

static void begin_waiting(struct host *host, const char *more, struct errand_seen *seen)
{
	char line[16];

	open_script(host, WAITING, more);
	host_submit(host, "work", "1", seen);
	host_wait_up(host, line, sizeof line);
}

static void test_goes_on_over_a_restart(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;
	uint64_t id;

	begin_waiting(host, "", &seen);
	id = seen.id;
	host_close(host);
	open_script(host, WAITING, "");
	host_watch(host, id, &seen);
	scene_go(host->scene);
	host_wait_end(host, &seen);
	assert_int_equal(seen.state, BAL_TASK_SUCCEEDED);
	assert_string_equal(seen.result, "done 1\n");
	assert_ran_once(host);
	host_close(host);
}

/* Waits, without a daemon, until every process of the test has ended. */
static void wait_for_launchers(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		continue;
}

static void test_end_while_nobody_looked_is_taken_once(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;
	struct output_wanted wanted = {.host = host};
	uint64_t id;

	begin_waiting(host, "", &seen);
	id = seen.id;
	host_close(host);
	scene_go(host->scene);
	wait_for_launchers();
	open_script(host, WAITING, "");
	host_watch(host, id, &seen);
	host_wait_end(host, &seen);
	assert_int_equal(seen.state, BAL_TASK_SUCCEEDED);
	assert_string_equal(seen.result, "done 1\n");
	host_close(host);
	/* Once more: the output is still there, the task is not. */
	open_script(host, WAITING, "");
	assert_null(engine_job(host->engine, id));
	wanted.task = id;
	assert_true(is_over(&wanted));
	assert_ran_once(host);
	host_close(host);
}

static enum store_status (*submit_really)(
	struct store *store, const struct store_op *op, void **take_block);

/* A crash before the next commit: the note that a command runs never reached the disk. */
static enum store_status submit_without_notes(
	struct store *store, const struct store_op *op, void **take_block)
{
	if (op->type == STORE_NOTE_PROGRESS)
		return STORE_OK;
	return submit_really(store, op, take_block);
}

static void test_lost_note_does_not_run_it_twice(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;
	uint64_t id;

	submit_really = host->store_ops.submit;
	host->store_ops.submit = submit_without_notes;
	begin_waiting(host, "", &seen);
	id = seen.id;
	host_close(host);
	open_script(host, WAITING, "");
	host_watch(host, id, &seen);
	scene_go(host->scene);
	host_wait_end(host, &seen);
	assert_int_equal(seen.state, BAL_TASK_SUCCEEDED);
	assert_string_equal(seen.result, "done 1\n");
	assert_ran_once(host);
	host_close(host);
}

static void test_run_that_nobody_wants_is_ended(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;
	struct output_wanted wanted = {.host = host};

	begin_waiting(host, "", &seen);
	host_close(host);
	/* Its pool is gone: the task waits for another one, and the process must not go on. */
	host_open(host, "pools: {other: {command: \"true\", max: 1, kinds: [work]}}");
	wanted.task = seen.id;
	host_wait(host, is_over, &wanted);
	host_watch(host, seen.id, &seen);
	host_wait_end(host, &seen);
	assert_int_equal(seen.state, BAL_TASK_SUCCEEDED);
	assert_string_equal(seen.result, "");
	host_close(host);
}

static void test_large_output_stays_in_its_file(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;
	char path[640];
	struct stat info;

	open_script(host, "head -c 1048577 /dev/zero | tr '\\0' x", "");
	run(host, "1", &seen);
	assert_int_equal(seen.state, BAL_TASK_SUCCEEDED);
	assert_int_equal(seen.result_size, ERRAND_RESULT_MAX + 1);
	assert_string_equal(seen.content_type, "text/plain; charset=utf-8");
	snprintf(path, sizeof path, "%s/%s", host->data, seen.result_file);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_size, ERRAND_RESULT_MAX + 1);
	host_close(host);
}

static bool has_no_workdir(void *context)
{
	const struct output_wanted *wanted = context;
	char path[640];

	command_sweep(wanted->host->command);
	return !command_workdir(wanted->host->command, wanted->task, path, sizeof path);
}

static void test_own_directory_prepared_and_cleaned(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;
	struct output_wanted wanted = {.host = host};
	char path[640];
	char cleaned[700];
	bool running;

	/* The first attempt fails retryably: the second finds the directory as it was left. */
	open_script(host,
		"cat made; [ -e tried ] && pwd && exit; touch tried; mkdir -m 0500 locked; exit 7",
		"workdir: fresh\n"
		"    prepare: [sh, -c, \"mkdir $0 && echo $1 >$0/made\", \"{workdir}\", \"{id}\"]\n"
		"    cleanup: [sh, -c, \"ls $0 >$DATA/cleaned\", \"{workdir}\"]\n"
		"    keep: 0s\n"
		"    retry: {for: [exit 7], backoff: 1ms}");
	run(host, "1", &seen);
	assert_string_equal(seen.error, "");
	assert_int_equal(seen.state, BAL_TASK_SUCCEEDED);
	assert_true(command_workdir(host->command, seen.id, path, sizeof path));
	snprintf(cleaned, sizeof cleaned, "%llu\n%s\n", (unsigned long long)seen.id, path);
	assert_string_equal(seen.result, cleaned);
	wanted.task = seen.id;
	host_wait(host, has_no_workdir, &wanted);
	snprintf(cleaned, sizeof cleaned, "%s/cleaned", host->data);
	assert_int_equal(access(cleaned, F_OK), 0);
	assert_int_equal(command_output(host->command, seen.id, false, 0, path, 1, &running), -1);
	host_close(host);
}

static void test_failed_preparation_fails_the_attempt(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;

	open_script(host, "echo never",
		"workdir: fresh\n    prepare: [sh, -c, \"echo no space >&2; exit 1\"]");
	run(host, "1", &seen);
	assert_int_equal(seen.state, BAL_TASK_FAILED);
	assert_string_equal(seen.error, "prepare: exit code 1: no space");
	host_close(host);
}

static bool has_no_agent(void *context)
{
	const struct host *host = context;

	command_sweep(host->command);
	return roster_first(engine_roster(host->engine)) == NULL;
}

static void test_pool_leaves_and_comes_back(void **state)
{
	struct host *host = *state;
	struct errand_seen seen;
	const char *yaml = pool_yaml(host, "echo ok", "");

	host_open(host, yaml);
	host_configure(host, "pools: {}");
	host_configure(host, yaml);
	run(host, "1", &seen);
	assert_string_equal(seen.result, "ok\n");
	host_configure(host, "pools: {}");
	host_wait(host, has_no_agent, host);
	host_configure(host, yaml);
	run(host, "1", &seen);
	assert_string_equal(seen.result, "ok\n");
	host_close(host);
}

int main(int argument_count, char **arguments)
{
	int rc = host_dispatch(argument_count, arguments);
	if (rc >= 0)
		return rc;
#define TEST(name) cmocka_unit_test_setup_teardown(name, host_begin, host_end)
	const struct CMUnitTest tests[] = {
		TEST(test_success_with_json),
		TEST(test_field_is_raw_text),
		TEST(test_failures_say_why),
		TEST(test_exit_code_that_is_retried),
		TEST(test_timeout_ends_the_process),
		TEST(test_cancel_ends_the_process),
		TEST(test_hand_back_with_a_checkpoint),
		TEST(test_goes_on_over_a_restart),
		TEST(test_end_while_nobody_looked_is_taken_once),
		TEST(test_lost_note_does_not_run_it_twice),
		TEST(test_run_that_nobody_wants_is_ended),
		TEST(test_large_output_stays_in_its_file),
		TEST(test_own_directory_prepared_and_cleaned),
		TEST(test_failed_preparation_fails_the_attempt),
		TEST(test_pool_leaves_and_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
