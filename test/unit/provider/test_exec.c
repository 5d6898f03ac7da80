/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instances made by scripts that fail, do half, hang, flood, print nonsense and lie. The world of
 * the scripts is a folder: world/ID holds the pid of a real process (0: somewhere else) and the
 * order it was made for; VERB.plan says, line by line, how the next calls of that script go wrong;
 * `calls` has a line for each call. Time is the test's, ends of processes are real.
 */
#include "scene.h"

#include "provider/exec.h"
#include "provider/exec_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND     ((int64_t)1000000000)
#define TIMEOUT_NS (30 * SECOND)
#define TURNS_MAX  1000000
#define LOOK_MS    20
#define SAID_SIZE  8192

#define PLAN                                                                                       \
	"how=$(head -n 1 $verb.plan 2>/dev/null); [ -s $verb.plan ] && sed -i 1d $verb.plan; "     \
	"echo \"$verb $BALLAST_INDEX $BALLAST_ID\" >>calls; "

static const char CREATE[] =
	"verb=create; " PLAN
	"make() { sleep 1000 >/dev/null 2>&1 & echo \"$! $BALLAST_ORDER\" >world/$1; }; "
	"far() { echo \"0 $BALLAST_ORDER\" >world/$1; }; "
	"case $how in "
	"fail) echo 'no quota' >&2; exit 3;; "
	"half) make i$BALLAST_INDEX; exit 1;; "
	"garbage) make i$BALLAST_INDEX; echo 'made it!'; exit 0;; "
	"nothing) echo 'made it!'; exit 0;; "
	"refuse) echo '{\"refused\":\"no GPU is left\"}'; exit 0;; "
	"hang) make i$BALLAST_INDEX; echo up >$1; sleep 1000;; "
	"far) far i$BALLAST_INDEX; echo up >$1; sleep 1000;; "
	"flood) head -c 3000000 /dev/zero; echo up >$1; sleep 1000;; "
	"twice) make a$BALLAST_INDEX; far b$BALLAST_INDEX; exit 1;; "
	"same) echo '{\"id\":\"i1\",\"url\":\"http://127.0.0.1:1\"}'; exit 0;; "
	"wait) echo up >$1; read x <$2;; "
	"esac; "
	"make i$BALLAST_INDEX; "
	"echo \"{\\\"id\\\":\\\"i$BALLAST_INDEX\\\",\\\"url\\\":\\\"http://127.0.0.1:1/$SET\\\"}\"";

static const char LIST[] =
	"verb=list; " PLAN
	"case $how in fail) echo 'cloud is away' >&2; exit 1;; garbage) echo '[{]'; exit 0;; "
	"empty) echo '[]'; exit 0;; bare) echo '[{\"id\":\"i1\"}]'; exit 0;; esac; "
	"sep=; printf '['; for f in world/*; do [ -e $f ] || continue; read pid order <$f; "
	"[ $pid = 0 ] || kill -0 $pid 2>/dev/null || continue; "
	"printf '%s{\"id\":\"%s\",\"url\":\"http://127.0.0.1:2\",\"order\":\"%s\"}' \"$sep\" "
	"${f##*/} $order; sep=,; done; printf ']'";

static const char REMOVE[] =
	"verb=delete; " PLAN
	"case $how in fail) echo 'try later' >&2; exit 1;; lie) exit 0;; esac; "
	"f=world/$BALLAST_ID; [ -e $f ] || exit 0; read pid order <$f; "
	"[ $pid = 0 ] || kill -9 $pid 2>/dev/null; rm $f";

struct world {
	struct scene *scene;
	struct provider *provider;
	int64_t now_ns;
	char said[SAID_SIZE];
};

/* ---- files of the world ---- */

static void path_of(const struct world *world, const char *name, char path[static 400])
{
	snprintf(path, 400, "%s/%s", world->scene->directory, name);
}

static void put(const struct world *world, const char *name, const char *text)
{
	char path[400];
	path_of(world, name, path);
	FILE *file = fopen(path, "a");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* How often a line of `calls` begins so. */
static int calls(const struct world *world, const char *beginning)
{
	char path[400];
	char line[400];
	int count = 0;
	path_of(world, "calls", path);
	FILE *file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		count += strncmp(line, beginning, strlen(beginning)) == 0;
	if (file != NULL)
		fclose(file);
	return count;
}

static int count_files(const struct world *world, const char *name)
{
	char path[400];
	int count = 0;
	path_of(world, name, path);
	DIR *directory = opendir(path);
	assert_non_null(directory);
	for (const struct dirent *at = readdir(directory); at != NULL; at = readdir(directory))
		count += at->d_name[0] != '.';
	closedir(directory);
	return count;
}

static void remove_file(const struct world *world, const char *name)
{
	char path[400];
	path_of(world, name, path);
	remove(path);
}

/* ---- the provider ---- */

static void open_world(struct world *world)
{
	char path[400];
	char message[256] = "";
	path_of(world, "exec", path);
	world->provider = exec_open(path, NULL, world->now_ns, message, sizeof message);
	if (world->provider == NULL)
		fail_msg("%s", message);
	const char *create[] = {"sh", "-c", CREATE, "sh", world->scene->up, world->scene->go, NULL};
	const char *list[] = {"sh", "-c", LIST, NULL};
	const char *delete[] = {"sh", "-c", REMOVE, NULL};
	const char *environment[] = {"PATH", "SET=path", NULL};
	struct exec_template template = {.pool = "far",
		.create = create,
		.list = list,
		.remove = delete,
		.environment = environment,
		.directory = world->scene->directory,
		.timeout_ns = TIMEOUT_NS};
	assert_true(exec_pool_set(world->provider, &template, message, sizeof message));
	assert_true(exec_pool_set(world->provider, &template, message, sizeof message));
}

static void close_world(struct world *world)
{
	world->provider->ops->close(world->provider);
	world->provider = NULL;
}

static size_t running(const struct world *world)
{
	return scripts_count(((const struct exec *)(const void *)world->provider)->scripts);
}

static void add_said(struct world *world, const struct provider_event *event)
{
	size_t used = strlen(world->said);
	assert_string_equal(event->pool, "far");
	snprintf(world->said + used, sizeof world->said - used, "%s\n", event->text);
}

/* Until one of them has news; time goes on as it does meanwhile. */
static void wait_for_scripts(struct world *world)
{
	struct pollfd poller = {.fd = world->provider->ops->fd(world->provider), .events = POLLIN};
	if (poll(&poller, 1, LOOK_MS) == 0)
		world->now_ns += LOOK_MS * (SECOND / 1000);
}

/* The next fact about an agent; what is said meanwhile is collected. Waits for scripts, and moves
 * time on to the next deadline when none runs. False when nothing comes for a long time. */
static bool next(struct world *world, struct provider_event *event)
{
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		if (world->provider->ops->next(world->provider, world->now_ns, event)) {
			if (event->type != PROVIDER_SAID)
				return true;
			add_said(world, event);
			continue;
		}
		int64_t at_ns = world->provider->ops->deadline_ns(world->provider);
		if (running(world) > 0)
			wait_for_scripts(world);
		else if (at_ns > world->now_ns + EXEC_LIST_NS / 2)
			return false;
		else if (at_ns > world->now_ns)
			world->now_ns = at_ns;
	}
	return false;
}

static struct provider_event take(
	struct world *world, enum provider_event_type type, uint64_t agent)
{
	struct provider_event event = {.type = type};
	if (!next(world, &event))
		fail_msg("nothing comes; said so far:\n%s", world->said);
	if (event.type != type)
		fail_msg("event %d with \"%s\"; said so far:\n%s", (int)event.type, event.text,
			world->said);
	assert_int_equal(event.agent, agent);
	assert_string_equal(event.pool, "far");
	return event;
}

/* Everything that is under way comes to rest, without another fact. */
static void rest(struct world *world)
{
	struct provider_event event;
	if (next(world, &event))
		fail_msg("event %d with \"%s\"", (int)event.type, event.text);
}

static void start(struct world *world, uint64_t agent)
{
	struct provider_order order = {
		.order = 7, .agent = agent, .number = (uint32_t)agent, .pool = "far"};
	char message[256] = "";
	if (!world->provider->ops->start(
		    world->provider, &order, world->now_ns, message, sizeof message))
		fail_msg("%s", message);
}

static void end(struct world *world, uint64_t agent)
{
	assert_true(world->provider->ops->end(world->provider, agent, world->now_ns));
}

static void expect_said(const struct world *world, const char *words)
{
	if (strstr(world->said, words) == NULL)
		fail_msg("\"%s\" is not in:\n%s", words, world->said);
}

/* ---- setup ---- */

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	char path[400];
	void *scene = NULL;
	if (world == NULL || scene_begin(&scene) != 0)
		return -1;
	world->scene = scene;
	world->now_ns = 1000 * SECOND;
	path_of(world, "world", path);
	if (mkdir(path, 0700) != 0)
		return -1;
	open_world(world);
	*state = world;
	return 0;
}

/* Nothing may be left: no instance, no claim, no script, no process. */
static int finish(void **state)
{
	static const char *const names[] = {"exec/owner", "exec/claims", "exec/scripts", "exec",
		"world", "calls", "create.plan", "list.plan", "delete.plan"};
	struct world *world = *state;
	int failures = 0;
	void *scene = world->scene;
	if (count_files(world, "world") + count_files(world, "exec/claims") +
			count_files(world, "exec/scripts") >
		0) {
		print_error("instances, claims or scripts are left\n");
		failures++;
	}
	if (world->provider != NULL)
		close_world(world);
	for (size_t index = 0; index < sizeof names / sizeof names[0]; index++)
		remove_file(world, names[index]);
	free(world);
	return failures + scene_end(&scene);
}

/* ---- tests ---- */

static void test_life(void **state)
{
	struct world *world = *state;
	struct provider_event event;
	start(world, 1);
	start(world, 1); /* given twice, done once */
	start(world, 2);
	for (int i = 0; i < 2; i++) {
		assert_true(next(world, &event));
		assert_int_equal(event.type, PROVIDER_STARTED);
		assert_string_equal(event.url, "http://127.0.0.1:1/path");
		assert_int_equal(event.port, 1);
		assert_int_equal(event.number, event.agent);
		assert_int_equal(event.order, 7);
	}
	rest(world);
	end(world, 1);
	end(world, 1);
	event = take(world, PROVIDER_EXITED, 1);
	assert_true(event.asked);
	end(world, 2);
	take(world, PROVIDER_EXITED, 2);
	rest(world);
	assert_false(world->provider->ops->end(world->provider, 1, world->now_ns));
	assert_int_equal(calls(world, "create"), 2);
	assert_int_equal(calls(world, "delete"), 2);
	assert_string_equal(world->said, "");
}

static void test_failure_is_told_with_its_last_words(void **state)
{
	struct world *world = *state;
	put(world, "create.plan", "fail\n");
	start(world, 1);
	struct provider_event event = take(world, PROVIDER_FAILED, 1);
	assert_string_equal(event.text, "create exited with code 3; last line: no quota");
	rest(world);
	assert_int_equal(calls(world, "create"), 1);
	assert_int_equal(calls(world, "delete"), 0);
}

/* It failed, or said nothing that makes sense, and yet there is an instance. */
static void adopt_after(struct world *world, const char *how)
{
	put(world, "create.plan", how);
	start(world, 1);
	struct provider_event event = take(world, PROVIDER_STARTED, 1);
	assert_string_equal(event.url, "http://127.0.0.1:2");
	expect_said(world, "list will tell whether it exists");
	expect_said(world, "far-1 exists, as i1: adopted");
	end(world, 1);
	take(world, PROVIDER_EXITED, 1);
	rest(world);
	assert_int_equal(calls(world, "create"), 1);
	assert_int_equal(calls(world, "delete"), 1);
}

static void test_half_is_adopted(void **state)
{
	adopt_after(*state, "half\n");
}

static void test_garbage_is_adopted(void **state)
{
	struct world *world = *state;
	adopt_after(world, "garbage\n");
	expect_said(world, "it printed made it!");
}

static void test_garbage_about_nothing_fails(void **state)
{
	struct world *world = *state;
	put(world, "create.plan", "nothing\n");
	start(world, 1);
	struct provider_event event = take(world, PROVIDER_FAILED, 1);
	assert_non_null(strstr(event.text, "create answered nothing that can be used"));
	rest(world);
}

static void test_refused(void **state)
{
	struct world *world = *state;
	put(world, "create.plan", "refuse\n");
	rest(world);
	int lists = calls(world, "list");
	start(world, 1);
	struct provider_event event = take(world, PROVIDER_FAILED, 1);
	assert_string_equal(event.text, "refused: no GPU is left");
	rest(world);
	assert_int_equal(calls(world, "list"), lists);
}

static void hang(struct world *world, const char *how)
{
	char line[16];
	put(world, "create.plan", how);
	start(world, 1);
	scene_wait_up(world->scene, line, sizeof line);
	world->now_ns += TIMEOUT_NS;
}

static void test_what_hangs_is_stopped_with_all_it_started(void **state)
{
	struct world *world = *state;
	hang(world, "hang\n");
	struct provider_event event = take(world, PROVIDER_FAILED, 1);
	assert_non_null(strstr(event.text, "create not through within 30 s: stopped"));
	rest(world);
	remove_file(world, "world/i1"); /* its process is dead */
}

static void test_what_hung_after_its_work_is_adopted(void **state)
{
	struct world *world = *state;
	hang(world, "far\n");
	take(world, PROVIDER_STARTED, 1);
	end(world, 1);
	take(world, PROVIDER_EXITED, 1);
	rest(world);
	assert_int_equal(calls(world, "create"), 1);
}

static void test_a_flood_is_stopped(void **state)
{
	struct world *world = *state;
	char line[16];
	put(world, "create.plan", "flood\n");
	start(world, 1);
	scene_wait_up(world->scene, line, sizeof line);
	world->now_ns += SECOND;
	struct provider_event event = take(world, PROVIDER_FAILED, 1);
	assert_non_null(strstr(event.text, "wrote more than 1048576 bytes: stopped"));
	rest(world);
}

static void test_nothing_is_made_until_list_has_spoken(void **state)
{
	struct world *world = *state;
	struct provider_event event;
	rest(world);
	int64_t begun_ns = world->now_ns;
	put(world, "create.plan", "half\n");
	put(world, "list.plan", "fail\ngarbage\nfail\n");
	start(world, 1);
	assert_true(next(world, &event));
	assert_int_equal(event.type, PROVIDER_STARTED);
	/* 1 s after the first failure, then 2 s, then 4 s. */
	assert_in_range(world->now_ns - begun_ns, 7 * SECOND, 25 * SECOND);
	expect_said(
		world, "list: exited with code 1; last line: cloud is away; tried again in 1 s");
	expect_said(world, "tried again in 2 s");
	expect_said(world, "tried again in 4 s");
	assert_int_equal(calls(world, "create"), 1);
	end(world, 1);
	take(world, PROVIDER_EXITED, 1);
	rest(world);
}

static void test_one_too_many_is_deleted(void **state)
{
	struct world *world = *state;
	put(world, "create.plan", "twice\n");
	start(world, 1);
	take(world, PROVIDER_STARTED, 1);
	rest(world);
	expect_said(world, "which nobody wants any more: it is deleted");
	assert_int_equal(count_files(world, "world"), 1);
	end(world, 1);
	take(world, PROVIDER_EXITED, 1);
	rest(world);
	assert_int_equal(calls(world, "delete"), 2);
}

static void test_an_id_is_not_taken_twice(void **state)
{
	struct world *world = *state;
	start(world, 1);
	take(world, PROVIDER_STARTED, 1);
	put(world, "create.plan", "same\n");
	start(world, 2);
	struct provider_event event = take(world, PROVIDER_FAILED, 2);
	assert_non_null(strstr(event.text, "create answered the id i1, which is that of far-1"));
	rest(world);
	assert_int_equal(count_files(world, "world"), 1);
	end(world, 1);
	take(world, PROVIDER_EXITED, 1);
	rest(world);
}

static void test_delete_is_repeated_until_it_works(void **state)
{
	struct world *world = *state;
	start(world, 1);
	take(world, PROVIDER_STARTED, 1);
	rest(world);
	int64_t begun_ns = world->now_ns;
	put(world, "delete.plan", "fail\nfail\nfail\n");
	end(world, 1);
	take(world, PROVIDER_EXITED, 1);
	assert_in_range(world->now_ns - begun_ns, 7 * SECOND, 25 * SECOND);
	expect_said(world, "i1 is not deleted: exited with code 1; last line: try later; tried "
			   "again in 4 s");
	rest(world);
	assert_int_equal(calls(world, "delete"), 4);
}

static void test_a_delete_that_lies_is_found_out(void **state)
{
	struct world *world = *state;
	start(world, 1);
	take(world, PROVIDER_STARTED, 1);
	put(world, "delete.plan", "lie\nlie\n");
	end(world, 1);
	take(world, PROVIDER_EXITED, 1);
	rest(world);
	expect_said(world, "delete says that it is gone, list still shows it; tried again in 2 s");
	assert_int_equal(calls(world, "delete"), 3);
}

static void test_a_delete_that_fails_for_there_is_nothing(void **state)
{
	struct world *world = *state;
	start(world, 1);
	take(world, PROVIDER_STARTED, 1);
	rest(world); /* the plan is for a list that begins later */
	/* Somebody else removed it: delete fails, list does not show it. */
	put(world, "delete.plan", "fail\n");
	put(world, "list.plan", "empty\n");
	end(world, 1);
	struct provider_event event = take(world, PROVIDER_EXITED, 1);
	assert_string_equal(event.text, "list no longer shows it");
	/* This list was wrong: what comes to light again under our name is deleted. */
	rest(world);
	world->now_ns += EXEC_LIST_NS;
	rest(world);
	expect_said(world, "which nobody wants any more");
}

static void test_missing_twice_is_told_and_nothing_else(void **state)
{
	struct world *world = *state;
	start(world, 1);
	take(world, PROVIDER_STARTED, 1);
	rest(world);
	put(world, "list.plan", "empty\n");
	world->now_ns += EXEC_LIST_NS;
	rest(world); /* once may be a mistake */
	put(world, "list.plan", "empty\n");
	world->now_ns += EXEC_LIST_NS;
	take(world, PROVIDER_MISSED, 1);
	rest(world);
	assert_int_equal(calls(world, "delete"), 0);
	end(world, 1);
	take(world, PROVIDER_EXITED, 1);
	rest(world);
}

static void test_the_end_may_come_before_it_is_made(void **state)
{
	struct world *world = *state;
	char line[16];
	put(world, "create.plan", "wait\n");
	start(world, 1);
	scene_wait_up(world->scene, line, sizeof line);
	end(world, 1);
	scene_go(world->scene);
	struct provider_event event = take(world, PROVIDER_EXITED, 1);
	assert_true(event.asked);
	rest(world);
	assert_int_equal(calls(world, "delete 1 i1"), 1);
}

static void test_strangers_of_others_are_left_alone(void **state)
{
	struct world *world = *state;
	put(world, "world/theirs", "0 00000000-00000000-5-5\n");
	put(world, "world/nobodys", "0 by-hand\n");
	world->now_ns += EXEC_LIST_NS;
	rest(world);
	expect_said(world, "list shows nobodys without a BALLAST_ORDER");
	assert_int_equal(calls(world, "delete"), 0);
	remove_file(world, "world/theirs");
	remove_file(world, "world/nobodys");
}

static void test_a_restart_adopts(void **state)
{
	struct world *world = *state;
	char line[16];
	start(world, 1);
	take(world, PROVIDER_STARTED, 1);
	put(world, "create.plan", "wait\n");
	start(world, 2);
	scene_wait_up(world->scene, line, sizeof line);
	close_world(world);
	/* Create of 2 goes on without us, and ends while nobody looks. */
	scene_go(world->scene);
	open_world(world);
	bool seen[3] = {false, false, false};
	struct provider_event event;
	for (int i = 0; i < 3; i++) {
		assert_true(next(world, &event));
		assert_int_equal(event.type,
			event.agent == 2 && seen[2] ? PROVIDER_STARTED : PROVIDER_ADOPTED);
		seen[event.agent] = true;
		/* It may be made by the time that the host hears of 2 at all. */
		if (event.agent == 1 || event.type == PROVIDER_STARTED)
			assert_string_equal(event.url, "http://127.0.0.1:1/path");
	}
	rest(world);
	assert_int_equal(calls(world, "create"), 2);
	for (uint64_t agent = 1; agent <= 2; agent++) {
		end(world, agent);
		take(world, PROVIDER_EXITED, agent);
	}
	rest(world);
}

static void test_a_restart_before_create_asks_list(void **state)
{
	struct world *world = *state;
	struct claim claim = {.agent = 9, .order = 7, .number = 9, .pool = "far"};
	const struct exec *exec = (const struct exec *)(void *)world->provider;
	assert_true(claim_save(exec->claims_fd, &claim));
	close_world(world);
	open_world(world);
	struct provider_event event = take(world, PROVIDER_ADOPTED, 9);
	assert_false(event.asked);
	event = take(world, PROVIDER_FAILED, 9);
	assert_non_null(strstr(event.text, "ballast ended while it was being made"));
	rest(world);
	assert_int_equal(calls(world, "create"), 0);
}

static void test_a_restart_goes_on_deleting(void **state)
{
	struct world *world = *state;
	start(world, 1);
	take(world, PROVIDER_STARTED, 1);
	put(world, "delete.plan", "fail\nfail\n");
	end(world, 1);
	close_world(world);
	open_world(world);
	struct provider_event event = take(world, PROVIDER_ADOPTED, 1);
	assert_true(event.asked);
	take(world, PROVIDER_EXITED, 1);
	rest(world);
	assert_int_equal(calls(world, "delete"), 3);
}

int main(int argument_count, char **arguments)
{
	int rc = scene_dispatch(argument_count, arguments);
	if (rc >= 0)
		return rc;
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		TEST(test_life),
		TEST(test_failure_is_told_with_its_last_words),
		TEST(test_half_is_adopted),
		TEST(test_garbage_is_adopted),
		TEST(test_garbage_about_nothing_fails),
		TEST(test_refused),
		TEST(test_what_hangs_is_stopped_with_all_it_started),
		TEST(test_what_hung_after_its_work_is_adopted),
		TEST(test_a_flood_is_stopped),
		TEST(test_nothing_is_made_until_list_has_spoken),
		TEST(test_one_too_many_is_deleted),
		TEST(test_an_id_is_not_taken_twice),
		TEST(test_delete_is_repeated_until_it_works),
		TEST(test_a_delete_that_lies_is_found_out),
		TEST(test_a_delete_that_fails_for_there_is_nothing),
		TEST(test_missing_twice_is_told_and_nothing_else),
		TEST(test_the_end_may_come_before_it_is_made),
		TEST(test_strangers_of_others_are_left_alone),
		TEST(test_a_restart_adopts),
		TEST(test_a_restart_before_create_asks_list),
		TEST(test_a_restart_goes_on_deleting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
