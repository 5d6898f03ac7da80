/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random operations, in batches of random size, against a model that is plain arrays and obvious.
 * After each round everything the store can be asked is asked, and now and then it is closed and
 * opened in between. A failing run prints its seed.
 */
#include "folder.h"

#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDS       24
#define KEYS      6
#define RECORDS   4
#define ROUNDS    60
#define OPS_MAX   12
#define TEXT_SIZE 32
#define SEED      UINT64_C(20240607)

struct model_task {
	bool exists;
	bool ended;
	enum store_state state;
	uint32_t attempt;
	uint32_t key; /* 0: none */
	int64_t finished_at_ns;
	char payload[TEXT_SIZE];
	char checkpoint[TEXT_SIZE];
	char content[TEXT_SIZE];
};

static struct folder folder;
static struct prng prng;
static struct model_task tasks[IDS + 1];
static char records[RECORDS][TEXT_SIZE];
static enum store_status expected[OPS_MAX];
static uint32_t number; /* makes every text different */
static uint64_t failing_seed;

static uint32_t draw(uint32_t count)
{
	return (uint32_t)prng_below(&prng, count);
}

static const char *key_text(uint32_t key)
{
	static const char *const texts[KEYS + 1] = {"", "k1", "k2", "k3", "k4", "k5", "k6"};

	return texts[key];
}

static const char *record_text(uint32_t record)
{
	static const char *const texts[RECORDS] = {"r0", "r1", "r2", "r3"};

	return texts[record];
}

static bool key_is_used(uint32_t key)
{
	for (uint64_t id = 1; id <= IDS; id++)
		if (tasks[id].exists && tasks[id].key == key)
			return true;
	return false;
}

static enum store_status submit_task(uint64_t id)
{
	struct model_task *task = &tasks[id];
	uint32_t key = draw(3) == 0 ? 1 + draw(KEYS) : 0;
	char payload[TEXT_SIZE];
	struct store_op op;

	snprintf(payload, sizeof(payload), "payload %u", ++number);
	op = folder_task(id, payload);
	op.task.idempotency_key = folder_text(key_text(key));
	op.task.request_hash = number;
	assert_int_equal(folder_submit(&folder, op), STORE_OK);
	if (task->exists || (key != 0 && key_is_used(key)))
		return STORE_CONFLICT;
	memset(task, 0, sizeof(*task));
	task->exists = true;
	task->state = STORE_TASK_QUEUED;
	task->key = key;
	memcpy(task->payload, payload, sizeof(payload));
	return STORE_OK;
}

static enum store_status submit_progress(uint64_t id)
{
	struct model_task *task = &tasks[id];
	uint32_t attempt = draw(5);
	enum store_state state = draw(2) == 0 ? STORE_TASK_DISPATCHED : STORE_TASK_WAITING;

	assert_int_equal(folder_submit(&folder, folder_progress(id, state, attempt)), STORE_OK);
	if (!task->exists || task->ended)
		return STORE_NOT_FOUND;
	task->state = state;
	task->attempt = attempt;
	return STORE_OK;
}

static enum store_status submit_requeue(uint64_t id)
{
	struct model_task *task = &tasks[id];
	struct store_op op = folder_progress(id, STORE_TASK_QUEUED, draw(5));
	char checkpoint[TEXT_SIZE] = "";

	if (draw(2) == 0)
		snprintf(checkpoint, sizeof(checkpoint), "checkpoint %u", ++number);
	op.type = STORE_REQUEUE;
	op.requeue.carry.checkpoint = folder_text(checkpoint);
	assert_int_equal(folder_submit(&folder, op), STORE_OK);
	if (!task->exists)
		return STORE_NOT_FOUND;
	task->ended = false;
	task->state = STORE_TASK_QUEUED;
	task->attempt = op.requeue.progress.attempt;
	task->content[0] = '\0';
	if (checkpoint[0] != '\0')
		memcpy(task->checkpoint, checkpoint, sizeof(checkpoint));
	return STORE_OK;
}

static enum store_status submit_result(uint64_t id)
{
	struct model_task *task = &tasks[id];
	enum store_state state = draw(2) == 0 ? STORE_TASK_SUCCEEDED : STORE_TASK_DEAD;
	char content[TEXT_SIZE];

	snprintf(content, sizeof(content), "content %u", ++number);
	assert_int_equal(folder_submit(&folder, folder_result(id, state, content)), STORE_OK);
	if (!task->exists)
		return STORE_NOT_FOUND;
	if (task->ended)
		return STORE_CONFLICT;
	task->ended = true;
	task->state = state;
	task->finished_at_ns = (int64_t)id * 1000 + 500;
	task->checkpoint[0] = '\0';
	memcpy(task->content, content, sizeof(content));
	return STORE_OK;
}

static enum store_status submit_record(void)
{
	uint32_t record = draw(RECORDS);
	char value[TEXT_SIZE] = "";
	struct store_op op;

	if (draw(3) != 0)
		snprintf(value, sizeof(value), "value %u", ++number);
	op = folder_record(STORE_SPACE_CHILD, record_text(record), value);
	if (value[0] == '\0')
		op.type = STORE_DELETE_RECORD;
	assert_int_equal(folder_submit(&folder, op), STORE_OK);
	memcpy(records[record], value, sizeof(value));
	return STORE_OK;
}

/* All that the model holds fits one sweep. */
static enum store_status submit_sweep(void)
{
	struct store_op op = {.type = STORE_DELETE_OLD,
		.expiry.finished_before_at_ns = (int64_t)draw(IDS / 2) * 1000};

	assert_int_equal(folder_submit(&folder, op), STORE_OK);
	for (uint64_t id = 1; id <= IDS; id++)
		if (tasks[id].ended && tasks[id].finished_at_ns < op.expiry.finished_before_at_ns)
			tasks[id] = (struct model_task){0};
	return STORE_OK;
}

static enum store_status submit_any(void)
{
	uint64_t id = 1 + draw(IDS);

	switch (draw(12)) {
	case 0:
	case 1:
	case 2:
		return submit_task(id);
	case 3:
	case 4:
		return submit_progress(id);
	case 5:
	case 6:
		return submit_requeue(id);
	case 7:
	case 8:
	case 9:
		return submit_result(id);
	case 10:
		return submit_record();
	default:
		return draw(4) == 0 ? submit_sweep() : submit_record();
	}
}

static void run_batch(void)
{
	uint32_t count = 1 + draw(OPS_MAX);
	uint64_t first = folder.token + 1;
	struct store_completion completions[OPS_MAX];
	uint32_t found;

	for (uint32_t i = 0; i < count; i++)
		expected[i] = submit_any();
	found = folder_collect(&folder, completions, count);
	assert_int_equal(found, count);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(completions[i].token, first + i);
		assert_int_equal(completions[i].status, expected[i]);
	}
}

static bool check_view(void *context, const struct store_view *view)
{
	const struct model_task *task = &tasks[view->task.id];
	uint32_t *seen = context;

	++*seen;
	assert_true(task->exists);
	assert_int_equal(view->ended, task->ended);
	assert_true(folder_equal(view->task.idempotency_key, folder_text(key_text(task->key))));
	assert_true(folder_equal(view->task.payload, folder_text(task->payload)));
	assert_true(folder_equal(view->carry.checkpoint, folder_text(task->checkpoint)));
	assert_true(folder_equal(view->result.content, folder_text(task->content)));
	if (task->ended) {
		assert_int_equal(view->result.state, task->state);
	} else {
		assert_int_equal(view->progress.state, task->state);
		assert_int_equal(view->progress.attempt, task->attempt);
	}
	return true;
}

static bool check_listed(void *context, const struct store_view *view)
{
	uint64_t *last = context;

	assert_true(view->task.id < *last);
	*last = view->task.id;
	assert_true(tasks[view->task.id].exists);
	return true;
}

static bool check_record(void *context, const struct store_record *record)
{
	assert_true(folder_equal(record->value, folder_text(context)));
	return true;
}

static void check_counts(void)
{
	struct store_counts counts;
	uint64_t unfinished = 0;
	uint64_t ended[STORE_STATE_LIMIT] = {0};

	for (uint64_t id = 1; id <= IDS; id++) {
		if (tasks[id].ended)
			ended[tasks[id].state]++;
		else
			unfinished += tasks[id].exists;
	}
	folder.ops->count(folder.store, &counts);
	assert_int_equal(counts.unfinished, unfinished);
	assert_memory_equal(counts.ended, ended, sizeof(ended));
}

static void check_all(void)
{
	const uint32_t parts = STORE_WITH_PAYLOAD | STORE_WITH_CARRY | STORE_WITH_CONTENT;
	const struct store_filter all = {.count_max = IDS};
	uint32_t seen = 0;
	uint32_t existing = 0;
	uint32_t unfinished = 0;
	uint64_t last = UINT64_MAX;
	uint64_t next;

	for (uint64_t id = 1; id <= IDS; id++) {
		existing += tasks[id].exists;
		unfinished += tasks[id].exists && !tasks[id].ended;
		assert_int_equal(folder.ops->get(folder.store, id, parts, check_view, &seen),
			tasks[id].exists ? STORE_OK : STORE_NOT_FOUND);
	}
	assert_int_equal(seen, existing);
	seen = 0;
	assert_int_equal(folder.ops->scan(folder.store, parts, check_view, &seen), STORE_OK);
	assert_int_equal(seen, unfinished);
	assert_int_equal(
		folder.ops->list(folder.store, &all, check_listed, &last, &next), STORE_OK);
	for (uint32_t key = 1; key <= KEYS; key++) {
		uint64_t id;
		uint64_t hash;
		enum store_status status = folder.ops->find_key(
			folder.store, folder_text("acme"), folder_text(key_text(key)), &id, &hash);

		assert_int_equal(status, key_is_used(key) ? STORE_OK : STORE_NOT_FOUND);
		if (status == STORE_OK)
			assert_int_equal(tasks[id].key, key);
	}
	for (uint32_t i = 0; i < RECORDS; i++)
		assert_int_equal(folder.ops->get_record(folder.store, STORE_SPACE_CHILD,
					 folder_text(record_text(i)), check_record, records[i]),
			records[i][0] != '\0' ? STORE_OK : STORE_NOT_FOUND);
	check_counts();
}

static void run_model(const struct store_ops *ops, uint64_t seed)
{
	failing_seed = seed;
	prng_init(&prng, seed);
	memset(tasks, 0, sizeof(tasks));
	memset(records, 0, sizeof(records));
	folder_make(&folder, ops);
	assert_int_equal(folder_open(&folder), STORE_OK);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		run_batch();
		check_all();
		if (ops == &store_sqlite && draw(12) == 0) {
			folder_close(&folder);
			assert_int_equal(folder_open(&folder), STORE_OK);
			assert_string_equal(folder.said, "");
			check_all();
		}
	}
	folder_remove(&folder);
	failing_seed = 0;
}

static int say_seed(void **state)
{
	(void)state;
	if (failing_seed != 0) {
		print_error("failing seed: %llu\n", (unsigned long long)failing_seed);
		folder_remove(&folder);
	}
	return 0;
}

static void test_memory_agrees_with_the_model(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		run_model(&store_memory, SEED + i);
}

static void test_sqlite_agrees_with_the_model(void **state)
{
	(void)state;
	run_model(&store_sqlite, SEED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_memory_agrees_with_the_model, say_seed),
		cmocka_unit_test_teardown(test_sqlite_agrees_with_the_model, say_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
