/* SPDX-License-Identifier: Apache-2.0 */
/* The past of signals over restarts, in both stores: what comes back, under which numbers, what a
 * crash costs, what is damaged, and what is too old. */
#include "pastworld.h"

#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#define BEGIN_NS   (INT64_C(20500) * NS_PER_DAY + 3 * NS_PER_HOUR)
#define MINUTES(n) ((n)*NS_PER_MIN)

static struct pastworld world, later;
static char directory[64];

static int setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof world);
	memset(&later, 0, sizeof later);
	snprintf(directory, sizeof directory, "/tmp/past-XXXXXX");
	assert_non_null(mkdtemp(directory));
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", directory);
	return system(command);
}

/* A sample of everything each minute, for so many minutes. */
static void live(struct pastworld *one, int64_t minutes)
{
	for (int64_t i = 0; i < minutes; i++) {
		pastworld_sample(one, "coder", BAL_SIGNAL_HEAP, one->wall_ns / NS_PER_MIN % 997);
		pastworld_sample(one, "tester", BAL_SIGNAL_HEAP, 5);
		pastworld_sample(one, NULL, BAL_SIGNAL_HOST_CPU, one->wall_ns / NS_PER_MIN % 1000);
		pastworld_go(one, one->wall_ns + NS_PER_MIN);
	}
}

static void assert_slots(const struct pastworld *a, const struct pastworld *b, const char *kind,
	enum bal_signal signal, enum bal_grain grain, uint32_t least)
{
	struct bal_signal_view one, two;
	struct bal_signal_slot left, right;
	uint32_t back = 1;

	assert_true(pastworld_find(a, kind, signal, &one));
	assert_true(pastworld_find(b, kind, signal, &two));
	for (; bal_signal_slot(a->core, &one, grain, back, &left); back++) {
		assert_true(bal_signal_slot(b->core, &two, grain, back, &right));
		assert_memory_equal(&left, &right, sizeof left);
	}
	assert_false(bal_signal_slot(b->core, &two, grain, back, &right));
	assert_in_range(back, least + 1, 10000);
}

static void assert_all(uint32_t quarters, uint32_t hours)
{
	static const char *const kinds[] = {"coder", "tester", NULL};

	for (size_t i = 0; i < 3; i++) {
		enum bal_signal signal = kinds[i] == NULL ? BAL_SIGNAL_HOST_CPU : BAL_SIGNAL_HEAP;

		assert_slots(&world, &later, kinds[i], signal, BAL_GRAIN_QUARTER, quarters);
		assert_slots(&world, &later, kinds[i], signal, BAL_GRAIN_HOUR, hours);
	}
}

/* An orderly end in the middle of a quarter; kinds have other numbers afterwards. The two lives
 * together are as one. */
static void over_a_restart(const struct store_ops *ops)
{
	struct pastworld without = {.strangers = 0};
	struct store *store;

	assert_true(pastworld_open(&world, ops, directory, BEGIN_NS));
	live(&world, 50 * 60 + 7);
	store = pastworld_stop(&world);
	later.strangers = 3;
	pastworld_start(&later, store, BEGIN_NS + MINUTES(50 * 60 + 7));
	assert_int_equal(past_count(later.past).refused, 0);
	assert_int_equal(past_count(later.past).read, 3 * (3 + 3));
	live(&later, 100);

	/* The same without an end. */
	assert_true(pastworld_open(&without, &store_memory, NULL, BEGIN_NS));
	live(&without, 50 * 60 + 107);
	world = without;
	assert_all(50 * 4, 50);
	pastworld_close(&later);
	pastworld_close(&without);
}

static void test_restart_in_memory(void **state)
{
	(void)state;
	over_a_restart(&store_memory);
}

static void test_restart_on_disk(void **state)
{
	(void)state;
	over_a_restart(&store_sqlite);
}

/* Only what closed before the crash is there, and that is all of it. */
static void test_crash(void **state)
{
	struct bal_signal_view view;
	struct bal_signal_slot slot;

	(void)state;
	assert_true(pastworld_open(&world, &store_sqlite, directory, BEGIN_NS));
	live(&world, 130);
	pastworld_crash(&world);
	assert_true(pastworld_open(&later, &store_sqlite, directory, BEGIN_NS + MINUTES(130)));
	assert_true(pastworld_find(&later, "coder", BAL_SIGNAL_HEAP, &view));
	for (uint32_t back = 1; back <= 8; back++) {
		assert_true(bal_signal_slot(later.core, &view, BAL_GRAIN_QUARTER, back, &slot));
		assert_int_equal(slot.count, 15);
	}
	assert_true(bal_signal_slot(later.core, &view, BAL_GRAIN_HOUR, 1, &slot));
	assert_int_equal(slot.count, 60);
	/* Again and again: nothing is counted twice. */
	for (int i = 0; i < 5; i++) {
		pastworld_crash(&later);
		assert_true(pastworld_open(
			&later, &store_sqlite, directory, BEGIN_NS + MINUTES(130 + i)));
	}
	live(&later, 60);
	assert_true(pastworld_find(&later, "coder", BAL_SIGNAL_HEAP, &view));
	assert_true(bal_signal_slot(later.core, &view, BAL_GRAIN_HOUR, 1, &slot));
	assert_in_range(slot.count, 40, 60);
	pastworld_close(&later);
}

/* Runs SQL on the closed store, as a disk or a hand would. */
static int64_t on_disk(const char *sql)
{
	sqlite3_stmt *statement = NULL;
	char path[128];
	int64_t number = 0;
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/store.db", directory);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	if (sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return number;
}

/* A row with a wrong bit in it is named and left out; all others come back. */
static void test_damaged_row(void **state)
{
	struct bal_signal_view view;

	(void)state;
	assert_true(pastworld_open(&world, &store_sqlite, directory, BEGIN_NS));
	live(&world, 24 * 60);
	pastworld_close(&world);
	on_disk("UPDATE record SET value = CAST(substr(value, 1, 60) || x'55' || substr(value, 62) "
		"AS BLOB) WHERE space = 7 AND key LIKE '20500/%tester%'");
	assert_true(pastworld_open(&later, &store_sqlite, directory, BEGIN_NS + NS_PER_DAY));
	assert_int_equal(later.said, 1);
	assert_non_null(strstr(later.line, "20500/kind/heap_bytes/tester of space 7"));
	assert_int_equal(past_count(later.past).read, 3 * 4 - 1);
	assert_int_equal(past_count(later.past).refused, 0);
	assert_true(pastworld_find(&later, "tester", BAL_SIGNAL_HEAP, &view));
	/* Its row of today is mended when it is written next. */
	live(&later, 30);
	pastworld_close(&later);
	memset(&world, 0, sizeof world);
	assert_true(pastworld_open(
		&world, &store_sqlite, directory, BEGIN_NS + NS_PER_DAY + MINUTES(30)));
	pastworld_close(&world);
}

/* Records that the store vouches for and that are no rows of ours. */
static void test_other_records(void **state)
{
	static const char *const values[] = {"", "x", "\4kind\12heap_bytes\5coder",
		"\4kind\12heap_bytes\0", "\4bird\12heap_bytes\5coder", "\4kind\3fly\5coder",
		"\5agent\12heap_bytes\5coder"};
	struct store_op op = {.type = STORE_PUT_RECORD,
		.lazy = true,
		.record = {.space = STORE_SPACE_HOURS, .key = {"20500/a", 7}}};
	struct store *store;
	char key[16];

	(void)state;
	assert_true(pastworld_open(&world, &store_memory, NULL, BEGIN_NS));
	store = pastworld_stop(&world);
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		op.record.key = (struct store_bytes){
			key, (uint32_t)snprintf(key, sizeof key, "20500/%d", (int)i)};
		op.record.value = (struct store_bytes){values[i], (uint32_t)strlen(values[i])};
		assert_int_equal(store->ops->submit(store, &op, NULL), STORE_OK);
	}
	pastworld_start(&later, store, BEGIN_NS);
	assert_int_equal(past_count(later.past).read, 7);
	assert_int_equal(past_count(later.past).refused, 7);
	assert_int_equal(later.said, 1);
	assert_non_null(strstr(later.line, "7 of 7 rows"));
	assert_int_equal(bal_past_places(later.core), 0);
	pastworld_close(&later);
}

struct seen {
	uint32_t count;
	char first[STORE_NAME_SIZE_MAX + 1];
};

static bool see(void *context, const struct store_record *record)
{
	struct seen *seen = context;

	if (seen->count++ == 0)
		snprintf(seen->first, sizeof seen->first, "%.*s", (int)record->key.size,
			(const char *)record->key.data);
	return true;
}

static struct seen look(const struct pastworld *one, enum store_space space)
{
	struct seen seen = {0, ""};

	one->store->ops->scan_records(one->store, space, see, &seen);
	return seen;
}

/* Quarters go after two weeks and a day, hours after 90 days and one; those of a kind that never
 * comes back go as well. */
static void test_too_old(void **state)
{
	struct store *store;

	(void)state;
	world.strangers = 1;
	assert_true(pastworld_open(&world, &store_memory, NULL, BEGIN_NS));
	pastworld_sample(&world, "gone", BAL_SIGNAL_HEAP, 7);
	for (int day = 0; day < 100; day++) {
		pastworld_sample(&world, "coder", BAL_SIGNAL_HEAP, day);
		pastworld_go(&world, world.wall_ns + MINUTES(16));
		for (int i = 0; i < 61; i++)
			past_tick(world.past, world.wall_ns);
		world.wall_ns += NS_PER_DAY - MINUTES(16);
	}
	/* Of 100 days these are left, and they are the last. */
	assert_in_range(look(&world, STORE_SPACE_QUARTERS).count, 15, 16);
	assert_in_range(look(&world, STORE_SPACE_HOURS).count, 90, 92);
	assert_string_equal(look(&world, STORE_SPACE_HOURS).first, "20508/kind/heap_bytes/coder");
	store = pastworld_stop(&world);
	pastworld_start(&later, store, BEGIN_NS + 100 * NS_PER_DAY);
	assert_int_equal(later.said, 0);
	assert_int_equal(bal_past_places(later.core), 1);
	pastworld_close(&later);
}

/* Names as long as they may be: the key has their hash, the row has them. */
static void test_long_names(void **state)
{
	char long_name[STORE_NAME_SIZE_MAX + 1];
	struct bal_signal_view view;
	struct store *store;

	(void)state;
	memset(long_name, 'n', sizeof long_name);
	long_name[STORE_NAME_SIZE_MAX] = '\0';
	assert_true(pastworld_open(&world, &store_memory, NULL, BEGIN_NS));
	pastworld_sample(&world, long_name, BAL_SIGNAL_HEAP, 7);
	long_name[STORE_NAME_SIZE_MAX - 1] = 'm';
	pastworld_sample(&world, long_name, BAL_SIGNAL_HEAP, 8);
	store = pastworld_stop(&world);
	pastworld_start(&later, store, BEGIN_NS + NS_PER_HOUR);
	assert_int_equal(past_count(later.past).read, 2);
	assert_true(pastworld_find(&later, long_name, BAL_SIGNAL_HEAP, &view));
	assert_int_equal(bal_past_places(later.core), 2);
	pastworld_close(&later);
}

/* More signals than the next life has room for: the rest is said, and stays in the store. */
static void test_less_room(void **state)
{
	struct store *store;

	(void)state;
	assert_true(pastworld_open(&world, &store_memory, NULL, BEGIN_NS));
	live(&world, 61);
	store = pastworld_stop(&world);
	later.limits = world.limits;
	later.limits.trails_max = 2;
	pastworld_start(&later, store, BEGIN_NS + MINUTES(61));
	assert_int_equal(bal_past_places(later.core), 2);
	assert_int_equal(past_count(later.past).refused, 2);
	assert_int_equal(look(&later, STORE_SPACE_HOURS).count, 3);
	live(&later, 20);
	pastworld_close(&later);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_restart_in_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart_on_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_row, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_records, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_old, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_less_room, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
