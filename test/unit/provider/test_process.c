/* SPDX-License-Identifier: Apache-2.0 */
/* Local agents: from template and order to facts. */
#include "scene.h"

#include "provider/port.h"
#include "provider/process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct provider *open_provider(const struct scene *scene)
{
	char message[256] = "";
	struct provider *provider =
		process_open(scene->runs, &scene->no_group, NULL, 0, message, sizeof message);
	if (provider == NULL)
		fail_msg("%s", message);
	return provider;
}

static void set_pool(
	const struct scene *scene, struct provider *provider, const char *pool, const char *script)
{
	const char *arguments[] = {"sh", "-c", script, "sh", scene->up, scene->go, "{port}", NULL};
	const char *environment[] = {
		"PATH", "TEST_GIVEN", "TEST_UNSET", "PORT_URL=x:{port}/{pool}/{id}", NULL};
	struct process_template template = {.pool = pool,
		.arguments = arguments,
		.environment = environment,
		.directory = scene->directory,
		.grace_ns = 1000,
		.uid = -1,
		.gid = -1};
	char message[256] = "";
	if (!process_pool_set(provider, &template, message, sizeof message))
		fail_msg("%s", message);
}

static void order(struct provider *provider, uint64_t agent, const char *pool)
{
	struct provider_order wanted = {.order = 100 + agent, .agent = agent, .pool = pool};
	char message[256] = "";
	if (!provider->ops->start(provider, &wanted, 0, message, sizeof message))
		fail_msg("%s", message);
}

static void take(struct provider *provider, enum provider_event_type type, uint64_t agent,
	struct provider_event *event)
{
	while (!provider->ops->next(provider, 0, event))
		scene_wait_fd(provider->ops->fd(provider));
	assert_int_equal(event->type, type);
	assert_int_equal(event->agent, agent);
	assert_int_equal(event->order, 100 + agent);
}

static void test_life_of_an_agent(void **state)
{
	struct scene *scene = *state;
	struct provider *provider = open_provider(scene);
	struct provider_event event;
	char line[128];
	char wanted[128];
	setenv("TEST_GIVEN", "yes", 1);
	unsetenv("TEST_UNSET");
	set_pool(scene, provider, "coder",
		"echo \"$3 $TEST_GIVEN ${TEST_UNSET-unset} $PORT_URL\" >\"$1\"; read x <\"$2\"");
	order(provider, 12, "coder");
	order(provider, 12, "coder"); /* Given twice, done once. */
	take(provider, PROVIDER_STARTED, 12, &event);
	assert_string_equal(event.pool, "coder");
	assert_int_not_equal(event.port, 0);
	snprintf(wanted, sizeof wanted, "127.0.0.1:%u", event.port);
	assert_string_equal(event.address, wanted);
	scene_wait_up(scene, line, sizeof line);
	snprintf(wanted, sizeof wanted, "%u yes unset x:%u/coder/12", event.port, event.port);
	assert_string_equal(line, wanted);
	assert_non_null(process_run(provider, 12));
	assert_null(process_run(provider, 13));
	struct sample sample;
	assert_true(provider->ops->sample(provider, 12, SAMPLE_ALL, 0, &sample));
	assert_int_equal(sample.processes, 1);
	assert_false(provider->ops->sample(provider, 13, SAMPLE_ALL, 0, &sample));
	assert_false(provider->ops->end(provider, 13, 0));
	assert_true(provider->ops->end(provider, 12, 0));
	take(provider, PROVIDER_EXITED, 12, &event);
	assert_true(event.asked);
	assert_int_equal(event.signal, SIGTERM);
	assert_non_null(strstr(event.text, "as asked"));
	assert_false(provider->ops->next(provider, 0, &event));
	assert_false(provider->ops->end(provider, 12, 0));
	provider->ops->close(provider);
}

static void test_gpus_are_told_and_adopted(void **state)
{
	struct scene *scene = *state;
	struct provider *provider = open_provider(scene);
	struct provider_order wanted = {
		.order = 101, .agent = 1, .number = 1, .pool = "gpu", .gpus = "0,3"};
	struct provider_event event;
	char message[256] = "";
	char line[128];
	const char *arguments[] = {"sh", "-c",
		"echo \"$3 $CUDA_VISIBLE_DEVICES\" >\"$1\"; read x <\"$2\"", "sh", scene->up,
		scene->go, "{gpu}", NULL};
	const char *environment[] = {"PATH", NULL};
	struct process_template template = {.pool = "gpu",
		.arguments = arguments,
		.environment = environment,
		.directory = scene->directory,
		.grace_ns = 1000,
		.uid = -1,
		.gid = -1};
	assert_true(process_pool_set(provider, &template, message, sizeof message));
	assert_true(provider->ops->start(provider, &wanted, 0, message, sizeof message));
	take(provider, PROVIDER_STARTED, 1, &event);
	assert_string_equal(event.gpus, "0,3");
	scene_wait_up(scene, line, sizeof line);
	assert_string_equal(line, "0,3 0,3");
	provider->ops->close(provider);
	provider = open_provider(scene);
	take(provider, PROVIDER_ADOPTED, 1, &event);
	assert_string_equal(event.gpus, "0,3");
	assert_string_equal(event.pool, "gpu");
	scene_go(scene);
	take(provider, PROVIDER_EXITED, 1, &event);
	provider->ops->close(provider);
}

static void test_crash_tells_the_last_words(void **state)
{
	struct scene *scene = *state;
	struct provider *provider = open_provider(scene);
	struct provider_event event;
	set_pool(scene, provider, "crash",
		"echo first >&2; printf 'ImportError: \\033[31mno module\\n\\n' >&2; exit 1");
	order(provider, 1, "crash");
	take(provider, PROVIDER_STARTED, 1, &event);
	take(provider, PROVIDER_EXITED, 1, &event);
	assert_false(event.asked);
	assert_int_equal(event.code, 1);
	assert_string_equal(
		event.text, "exited with code 1; last line: ImportError: ?[31mno module");
	provider->ops->close(provider);
}

static void test_orders_that_cannot_be_filled(void **state)
{
	struct scene *scene = *state;
	struct provider *provider = open_provider(scene);
	struct provider_event event;
	char message[256] = "";
	struct provider_order wanted = {.order = 1, .agent = 1, .pool = "nobody"};
	assert_false(provider->ops->start(provider, &wanted, 0, message, sizeof message));
	assert_non_null(strstr(message, "nobody"));
	const char *arguments[] = {"no-such-agent", NULL};
	const char *environment[] = {"PATH=/usr/bin:/bin", NULL};
	struct process_template template = {.pool = "missing",
		.arguments = arguments,
		.environment = environment,
		.directory = "/",
		.uid = -1,
		.gid = -1};
	assert_false(process_pool_set(provider, &template, message, sizeof message));
	assert_non_null(strstr(message, "pool missing: command not found"));
	assert_non_null(strstr(message, "no-such-agent"));
	assert_non_null(strstr(message, "/usr/bin:/bin"));
	template.directory = "relative";
	assert_false(process_pool_set(provider, &template, message, sizeof message));
	assert_non_null(strstr(message, "absolute"));
	/* There when the configuration was read, gone when the agent is wanted. */
	char path[320];
	snprintf(path, sizeof path, "%s/agent", scene->directory);
	assert_int_equal(symlink("/bin/true", path), 0);
	arguments[0] = path;
	template.directory = "/";
	assert_true(process_pool_set(provider, &template, message, sizeof message));
	assert_int_equal(unlink(path), 0);
	order(provider, 5, "missing");
	take(provider, PROVIDER_FAILED, 5, &event);
	assert_non_null(strstr(event.text, path));
	assert_int_equal(event.port, 0);
	assert_string_equal(event.address, "");
	provider->ops->close(provider);
}

static void test_template_is_replaced(void **state)
{
	struct scene *scene = *state;
	struct provider *provider = open_provider(scene);
	struct provider_event event;
	set_pool(scene, provider, "a", "exit 1");
	set_pool(scene, provider, "b", "exit 2");
	set_pool(scene, provider, "a", "exit 3");
	order(provider, 1, "a");
	take(provider, PROVIDER_STARTED, 1, &event);
	take(provider, PROVIDER_EXITED, 1, &event);
	assert_int_equal(event.code, 3);
	order(provider, 2, "b");
	take(provider, PROVIDER_STARTED, 2, &event);
	take(provider, PROVIDER_EXITED, 2, &event);
	assert_int_equal(event.code, 2);
	provider->ops->close(provider);
}

/* The daemon dies; the next one finds its agents, none is restarted, all can be ended. */
static void test_agents_outlive_the_daemon(void **state)
{
	struct scene *scene = *state;
	struct provider_event event;
	char line[128];
	pid_t daemon = fork();
	if (daemon == 0) {
		struct provider *doomed = open_provider(scene);
		set_pool(scene, doomed, "coder", "echo $$ $3 >\"$1\"; read x <\"$2\"");
		order(doomed, 7, "coder");
		while (!doomed->ops->next(doomed, 0, &event))
			scene_wait_fd(doomed->ops->fd(doomed));
		pause();
		_exit(0);
	}
	scene_wait_up(scene, line, sizeof line);
	assert_int_equal(kill(daemon, SIGKILL), 0);
	assert_int_equal(waitpid(daemon, NULL, 0), daemon);
	struct provider *provider = open_provider(scene);
	take(provider, PROVIDER_ADOPTED, 7, &event);
	assert_string_equal(event.pool, "coder");
	char *end = NULL;
	pid_t pid = (pid_t)strtol(line, &end, 10);
	assert_int_equal(event.port, strtol(end, NULL, 10));
	assert_int_equal(process_run(provider, 7)->child.pid, pid);
	set_pool(scene, provider, "coder", "exit 9");
	order(provider, 7, "coder"); /* The order repeated after the crash starts nothing. */
	assert_int_equal(process_run(provider, 7)->child.pid, pid);
	assert_true(provider->ops->end(provider, 7, 0));
	take(provider, PROVIDER_EXITED, 7, &event);
	assert_true(event.asked);
	assert_int_equal(event.signal, SIGTERM);
	provider->ops->close(provider);
}

/* A run whose note is not of an agent does not become one. */
static void test_strangers_are_ended(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	struct provider_event event;
	char line[16];
	scene_shell(scene, &spec, "echo up >\"$1\"; read x <\"$2\"");
	spec.note = "something else";
	scene_start(scene, &run, "77", &spec);
	scene_wait_start(&run);
	scene_wait_up(scene, line, sizeof line);
	struct identity child = run.child;
	pid_t launcher = run.launcher;
	run_close(&run);
	struct provider *provider = open_provider(scene);
	assert_false(provider->ops->next(provider, 0, &event));
	assert_int_equal(waitpid(launcher, NULL, 0), launcher);
	assert_false(identity_alive(&child));
	assert_false(provider->ops->next(provider, 0, &event));
	provider->ops->close(provider);
}

static void test_ports(void **state)
{
	(void)state;
	uint16_t port = port_choose();
	assert_true(port > 1023);
}

#define SCENE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_begin, scene_end)

int main(int argument_count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(test_life_of_an_agent),
		SCENE_TEST(test_gpus_are_told_and_adopted),
		SCENE_TEST(test_crash_tells_the_last_words),
		SCENE_TEST(test_orders_that_cannot_be_filled),
		SCENE_TEST(test_template_is_replaced),
		SCENE_TEST(test_agents_outlive_the_daemon),
		SCENE_TEST(test_strangers_are_ended),
		cmocka_unit_test(test_ports),
	};
	int rc = scene_dispatch(argument_count, arguments);
	return rc >= 0 ? rc : cmocka_run_group_tests(tests, NULL, NULL);
}
