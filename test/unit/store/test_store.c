/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the interface promises, one suite for all drivers. What is kept must also be there after
 * closing and opening again, for drivers that keep anything.
 */
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static struct folder folder;

static int open_memory(void **state)
{
	(void)state;
	folder_make(&folder, &store_memory);
	return folder_open(&folder) == STORE_OK ? 0 : -1;
}

static int open_sqlite(void **state)
{
	(void)state;
	folder_make(&folder, &store_sqlite);
	return folder_open(&folder) == STORE_OK ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	folder_remove(&folder);
	return 0;
}

/* Closes and opens the store where that keeps the rows. */
static void reopen(void)
{
	if (folder.ops == &store_memory)
		return;
	folder_close(&folder);
	assert_int_equal(folder_open(&folder), STORE_OK);
	assert_false(folder.report.created);
	assert_int_equal(folder.report.commits_missing, 0);
}

struct seen {
	uint32_t count;
	uint64_t ids[32];
	struct store_view view; /* the last; its bytes are gone */
	char payload[64];
	char content[64];
	char checkpoint[64];
	char agent[64];
	uint32_t stop_after;
};

static void copy_text(char *to, struct store_bytes bytes)
{
	assert_true(bytes.size < 64);
	if (bytes.size != 0)
		memcpy(to, bytes.data, bytes.size);
	to[bytes.size] = '\0';
}

static bool see(void *context, const struct store_view *view)
{
	struct seen *seen = context;

	assert_true(seen->count < 32);
	seen->ids[seen->count++] = view->task.id;
	seen->view = *view;
	copy_text(seen->payload, view->task.payload);
	copy_text(seen->content, view->result.content);
	copy_text(seen->checkpoint, view->carry.checkpoint);
	copy_text(seen->agent, view->ended ? view->result.agent : view->progress.agent);
	return seen->count != seen->stop_after;
}

static enum store_status get(uint64_t id, struct seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	return folder.ops->get(folder.store, id,
		STORE_WITH_PAYLOAD | STORE_WITH_CARRY | STORE_WITH_CONTENT, see, seen);
}

static enum store_status put(struct store_op op)
{
	return folder_commit(&folder, op).status;
}

static void test_task_lives_through_all_states(void **state)
{
	struct store_op requeue = folder_progress(7, STORE_TASK_QUEUED, 1);
	struct seen seen;

	(void)state;
	assert_int_equal(put(folder_task(7, "payload")), STORE_OK);
	reopen();
	assert_int_equal(get(7, &seen), STORE_OK);
	assert_int_equal(seen.view.progress.state, STORE_TASK_QUEUED);
	assert_int_equal(seen.view.payload_size, 7);
	assert_string_equal(seen.payload, "payload");

	assert_int_equal(put(folder_progress(7, STORE_TASK_DISPATCHED, 1)), STORE_OK);
	reopen();
	assert_int_equal(get(7, &seen), STORE_OK);
	assert_int_equal(seen.view.progress.state, STORE_TASK_DISPATCHED);
	assert_int_equal(seen.view.progress.epoch, 3);
	assert_int_equal(seen.view.progress.started_at_ns, 77);
	assert_int_equal(seen.view.progress.lease_expires_at_ns, 99);
	assert_string_equal(seen.agent, "coder-1");

	requeue.type = STORE_REQUEUE;
	requeue.requeue.carry.checkpoint = folder_text("half done");
	assert_int_equal(put(requeue), STORE_OK);
	reopen();
	assert_int_equal(get(7, &seen), STORE_OK);
	assert_int_equal(seen.view.progress.state, STORE_TASK_QUEUED);
	assert_string_equal(seen.checkpoint, "half done");

	assert_int_equal(put(folder_result(7, STORE_TASK_SUCCEEDED, "done")), STORE_OK);
	reopen();
	assert_int_equal(get(7, &seen), STORE_OK);
	assert_true(seen.view.ended);
	assert_int_equal(seen.view.result.state, STORE_TASK_SUCCEEDED);
	assert_int_equal(seen.view.result.content_size, 4);
	assert_string_equal(seen.content, "done");
	assert_string_equal(seen.payload, "payload");
	assert_string_equal(seen.checkpoint, "");
}

static void test_first_result_stays(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(put(folder_result(1, STORE_TASK_FAILED, "x")), STORE_NOT_FOUND);
	assert_int_equal(put(folder_task(1, "p")), STORE_OK);
	assert_int_equal(put(folder_result(1, STORE_TASK_FAILED, "first")), STORE_OK);
	assert_int_equal(put(folder_result(1, STORE_TASK_SUCCEEDED, "second")), STORE_CONFLICT);
	assert_int_equal(put(folder_progress(1, STORE_TASK_WAITING, 2)), STORE_NOT_FOUND);
	assert_int_equal(get(1, &seen), STORE_OK);
	assert_string_equal(seen.content, "first");
}

static void test_requeue_brings_an_ended_task_back(void **state)
{
	struct store_op requeue = folder_progress(1, STORE_TASK_QUEUED, 5);
	struct store_counts counts;
	struct seen seen;

	(void)state;
	requeue.type = STORE_REQUEUE;
	assert_int_equal(put(requeue), STORE_NOT_FOUND);
	assert_int_equal(put(folder_task(1, "p")), STORE_OK);
	assert_int_equal(put(folder_result(1, STORE_TASK_DEAD, "no")), STORE_OK);
	folder.ops->count(folder.store, &counts);
	assert_int_equal(counts.unfinished, 0);
	assert_int_equal(counts.ended[STORE_TASK_DEAD], 1);
	assert_int_equal(put(requeue), STORE_OK);
	reopen();
	folder.ops->count(folder.store, &counts);
	assert_int_equal(counts.unfinished, 1);
	assert_int_equal(counts.ended[STORE_TASK_DEAD], 0);
	assert_int_equal(get(1, &seen), STORE_OK);
	assert_false(seen.view.ended);
	assert_int_equal(seen.view.progress.attempt, 5);
}

static void test_same_id_conflicts(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(put(folder_task(4, "one")), STORE_OK);
	assert_int_equal(put(folder_task(4, "two")), STORE_CONFLICT);
	assert_int_equal(get(4, &seen), STORE_OK);
	assert_string_equal(seen.payload, "one");
	assert_int_equal(get(5, &seen), STORE_NOT_FOUND);
}

static void test_idempotency_key_is_found_at_once_and_later(void **state)
{
	struct store_op op = folder_task(9, "p");
	struct store_op again = folder_task(10, "p");
	struct store_bytes acme = folder_text("acme");
	struct store_bytes key = folder_text("order-17");
	uint64_t hash = 0;
	uint64_t id = 0;

	(void)state;
	op.task.idempotency_key = key;
	op.task.request_hash = UINT64_MAX;
	again.task.idempotency_key = key;
	assert_int_equal(
		folder.ops->find_key(folder.store, acme, key, &id, &hash), STORE_NOT_FOUND);
	assert_int_equal(folder_submit(&folder, op), STORE_OK);
	assert_int_equal(folder.ops->find_key(folder.store, acme, key, &id, &hash), STORE_OK);
	assert_int_equal(id, 9);
	assert_int_equal(folder_drain(&folder, 1), 1);
	id = 0;
	assert_int_equal(folder.ops->find_key(folder.store, acme, key, &id, &hash), STORE_OK);
	assert_int_equal(id, 9);
	assert_true(hash == UINT64_MAX);
	assert_int_equal(folder.ops->find_key(folder.store, folder_text("other"), key, &id, &hash),
		STORE_NOT_FOUND);
	assert_int_equal(put(again), STORE_CONFLICT);
	again.task.tenant = folder_text("other");
	assert_int_equal(put(again), STORE_OK);
	reopen();
	assert_int_equal(folder.ops->find_key(folder.store, acme, key, &id, &hash), STORE_OK);
	assert_int_equal(id, 9);
}

static void test_list_pages_and_filters(void **state)
{
	struct store_filter filter = {.count_max = 4};
	struct seen seen = {0};
	uint64_t next;

	(void)state;
	for (uint64_t id = 1; id <= 10; id++) {
		struct store_op op = folder_task(id, "p");

		if (id % 2 == 0)
			op.task.kind = folder_text("review");
		assert_int_equal(put(op), STORE_OK);
	}
	assert_int_equal(put(folder_result(2, STORE_TASK_DEAD, "")), STORE_OK);
	assert_int_equal(put(folder_progress(3, STORE_TASK_DISPATCHED, 1)), STORE_OK);

	assert_int_equal(folder.ops->list(folder.store, &filter, see, &seen, &next), STORE_OK);
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.ids[0], 10);
	assert_int_equal(next, 7);
	filter.before_id = next;
	filter.count_max = 20;
	assert_int_equal(folder.ops->list(folder.store, &filter, see, &seen, &next), STORE_OK);
	assert_int_equal(seen.count, 10);
	assert_int_equal(seen.ids[4], 6);
	assert_int_equal(next, 0);

	seen = (struct seen){0};
	filter = (struct store_filter){.count_max = 20, .kind = folder_text("review")};
	assert_int_equal(folder.ops->list(folder.store, &filter, see, &seen, &next), STORE_OK);
	assert_int_equal(seen.count, 5);
	filter.states = UINT32_C(1) << STORE_TASK_DEAD;
	seen = (struct seen){0};
	assert_int_equal(folder.ops->list(folder.store, &filter, see, &seen, &next), STORE_OK);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.ids[0], 2);
	filter = (struct store_filter){.count_max = 20, .pool = folder_text("coders")};
	seen = (struct seen){0};
	assert_int_equal(folder.ops->list(folder.store, &filter, see, &seen, &next), STORE_OK);
	assert_int_equal(seen.count, 2);
	filter = (struct store_filter){.count_max = 20, .tenant = folder_text("nobody")};
	seen = (struct seen){0};
	assert_int_equal(folder.ops->list(folder.store, &filter, see, &seen, &next), STORE_OK);
	assert_int_equal(seen.count, 0);
}

static void test_scan_gives_unfinished_tasks_in_order(void **state)
{
	struct seen seen = {0};

	(void)state;
	assert_int_equal(put(folder_task(5, "five")), STORE_OK);
	assert_int_equal(put(folder_task(3, "three")), STORE_OK);
	assert_int_equal(put(folder_task(8, "eight")), STORE_OK);
	assert_int_equal(put(folder_result(5, STORE_TASK_CANCELLED, "")), STORE_OK);
	reopen();
	assert_int_equal(folder.ops->scan(folder.store, STORE_WITH_PAYLOAD, see, &seen), STORE_OK);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.ids[0], 3);
	assert_int_equal(seen.ids[1], 8);
	assert_string_equal(seen.payload, "eight");
	seen = (struct seen){.stop_after = 1};
	assert_int_equal(folder.ops->scan(folder.store, 0, see, &seen), STORE_OK);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.payload, "");
	assert_int_equal(seen.view.payload_size, 5);
}

struct seen_record {
	uint32_t count;
	char keys[8][32];
	char value[64];
};

static bool see_record(void *context, const struct store_record *record)
{
	struct seen_record *seen = context;

	copy_text(seen->keys[seen->count++], record->key);
	copy_text(seen->value, record->value);
	return true;
}

static void test_records(void **state)
{
	struct store_op gone = folder_record(STORE_SPACE_CHILD, "b", "");
	struct seen_record seen = {0};

	(void)state;
	assert_int_equal(put(folder_record(STORE_SPACE_CHILD, "b", "2")), STORE_OK);
	assert_int_equal(put(folder_record(STORE_SPACE_CHILD, "a", "1")), STORE_OK);
	assert_int_equal(put(folder_record(STORE_SPACE_META, "epoch", "17")), STORE_OK);
	assert_int_equal(put(folder_record(STORE_SPACE_META, "epoch", "18")), STORE_OK);
	reopen();
	assert_int_equal(folder.ops->get_record(folder.store, STORE_SPACE_META,
				 folder_text("epoch"), see_record, &seen),
		STORE_OK);
	assert_string_equal(seen.value, "18");
	seen.count = 0;
	assert_int_equal(
		folder.ops->scan_records(folder.store, STORE_SPACE_CHILD, see_record, &seen),
		STORE_OK);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.keys[0], "a");
	gone.type = STORE_DELETE_RECORD;
	assert_int_equal(put(gone), STORE_OK);
	assert_int_equal(put(gone), STORE_OK);
	assert_int_equal(folder.ops->get_record(folder.store, STORE_SPACE_CHILD, folder_text("b"),
				 see_record, &seen),
		STORE_NOT_FOUND);
}

static void test_old_results_are_deleted_in_steps(void **state)
{
	struct store_op sweep = {
		.type = STORE_DELETE_OLD, .expiry.finished_before_at_ns = 501 * 1000};
	struct store_completion completion;
	struct store_counts counts;
	struct seen seen;
	uint32_t deleted = 0;
	uint32_t rounds = 0;

	(void)state;
	for (uint64_t id = 1; id <= 600; id++) {
		assert_int_equal(folder_submit(&folder, folder_task(id, "p")), STORE_OK);
		if (id % 100 != 0)
			assert_int_equal(folder_submit(&folder,
						 folder_result(id, STORE_TASK_SUCCEEDED, "r")),
				STORE_OK);
	}
	assert_int_equal(folder_drain(&folder, 1194), 1194);
	do {
		completion = folder_commit(&folder, sweep);
		assert_int_equal(completion.status, STORE_OK);
		assert_true(completion.count <= STORE_DELETE_EXAMINED_MAX);
		deleted += completion.count;
		rounds++;
	} while (completion.more);
	assert_int_equal(deleted, 495); /* 1 to 500, less five that are unfinished */
	assert_true(rounds >= 2);
	assert_int_equal(folder_commit(&folder, sweep).count, 0);
	assert_int_equal(get(499, &seen), STORE_NOT_FOUND);
	assert_int_equal(get(500, &seen), STORE_OK);
	assert_int_equal(get(501, &seen), STORE_OK);
	reopen();
	folder.ops->count(folder.store, &counts);
	assert_int_equal(counts.unfinished, 6);
	assert_int_equal(counts.ended[STORE_TASK_SUCCEEDED], 99);
}

static void test_invalid_operations_are_refused(void **state)
{
	struct store_op op = folder_task(0, "p");

	(void)state;
	assert_int_equal(folder_submit(&folder, op), STORE_INVALID);
	op = folder_task(UINT64_MAX, "p");
	assert_int_equal(folder_submit(&folder, op), STORE_INVALID);
	op = folder_task(1, "p");
	op.task.priority = 5;
	assert_int_equal(folder_submit(&folder, op), STORE_INVALID);
	op = folder_task(1, "p");
	op.task.tenant.size = STORE_NAME_SIZE_MAX + 1;
	assert_int_equal(folder_submit(&folder, op), STORE_INVALID);
	op = folder_result(1, STORE_TASK_QUEUED, "p");
	assert_int_equal(folder_submit(&folder, op), STORE_INVALID);
	op = folder_progress(1, STORE_TASK_DEAD, 1);
	assert_int_equal(folder_submit(&folder, op), STORE_INVALID);
	op = folder_record(STORE_SPACE_META, "", "p");
	assert_int_equal(folder_submit(&folder, op), STORE_INVALID);
}

static void test_a_given_block_is_taken(void **state)
{
	struct store_op op = folder_task(1, "");
	char *block = malloc(5);
	void *give = block;
	struct seen seen;

	(void)state;
	memcpy(block, "bytes", 5);
	op.task.payload = (struct store_bytes){block, 5};
	op.task.kind = (struct store_bytes){block, 3};
	op.task.tenant = (struct store_bytes){NULL, 0};
	op.task.needs = (struct store_bytes){NULL, 0};
	op.task.meta = (struct store_bytes){NULL, 0};
	assert_int_equal(folder.ops->submit(folder.store, &op, &give), STORE_OK);
	assert_null(give);
	assert_int_equal(folder_drain(&folder, 1), 1);
	assert_int_equal(get(1, &seen), STORE_OK);
	assert_string_equal(seen.payload, "bytes");
}

static void test_a_refused_block_stays_with_the_caller(void **state)
{
	struct store_op op = folder_task(0, "");
	void *give = malloc(5);
	void *before = give;

	(void)state;
	assert_int_equal(folder.ops->submit(folder.store, &op, &give), STORE_INVALID);
	assert_ptr_equal(give, before);
	free(give);
}

static void test_full_queue_refuses_until_drained(void **state)
{
	uint32_t accepted = 0;
	uint64_t id = 1;

	(void)state;
	folder_close(&folder);
	folder.queue_count_max = 16;
	assert_int_equal(folder_open(&folder), STORE_OK);
	while (folder_submit(&folder, folder_task(id, "p")) == STORE_OK) {
		id++;
		accepted++;
		assert_true(accepted <= 16);
	}
	assert_int_equal(accepted, 16);
	assert_int_equal(folder_submit(&folder, folder_task(id, "p")), STORE_QUEUE_FULL);
	assert_int_equal(folder_drain(&folder, 16), 16);
	assert_int_equal(put(folder_task(id, "p")), STORE_OK);
}

static void test_bytes_waiting_are_bounded(void **state)
{
	char payload[1001];

	(void)state;
	memset(payload, 'x', 1000);
	payload[1000] = '\0';
	folder_close(&folder);
	folder.queue_size_max = 2000;
	assert_int_equal(folder_open(&folder), STORE_OK);
	assert_int_equal(folder_submit(&folder, folder_task(1, payload)), STORE_OK);
	assert_int_equal(folder_submit(&folder, folder_task(2, payload)), STORE_QUEUE_FULL);
	assert_int_equal(folder_drain(&folder, 1), 1);
	assert_int_equal(folder_submit(&folder, folder_task(2, payload)), STORE_OK);
	assert_int_equal(folder_drain(&folder, 1), 1);
}

static void test_lazy_notes_have_no_completion_and_need_no_drain(void **state)
{
	struct store_op note = folder_progress(1, STORE_TASK_DISPATCHED, 1);
	struct seen seen;

	(void)state;
	folder_close(&folder);
	folder.queue_count_max = 8;
	assert_int_equal(folder_open(&folder), STORE_OK);
	assert_int_equal(put(folder_task(1, "p")), STORE_OK);
	note.lazy = true;
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(folder_submit(&folder, note), STORE_OK);
	/* What is not lazy takes all lazy ones before it along. */
	assert_int_equal(put(folder_record(STORE_SPACE_META, "k", "v")), STORE_OK);
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(folder_submit(&folder, note), STORE_OK);
	assert_int_equal(put(folder_record(STORE_SPACE_META, "k", "v")), STORE_OK);
	assert_int_equal(get(1, &seen), STORE_OK);
	assert_int_equal(seen.view.progress.state, STORE_TASK_DISPATCHED);
}

static void test_names_of_states(void **state)
{
	enum store_state parsed;

	(void)state;
	for (int i = 0; i < STORE_STATE_LIMIT; i++) {
		const char *name = store_state_name((enum store_state)i);

		if (name == NULL)
			continue;
		assert_true(store_state_parse(folder_text(name), &parsed));
		assert_int_equal(parsed, i);
	}
	assert_false(store_state_parse(folder_text("nonsense"), &parsed));
	assert_string_equal(
		store_status_text(STORE_NO_SPACE), "the disk of the data directory is full");
	assert_int_equal(store_status_http(STORE_NO_SPACE), 507);
}

#define ON_BOTH(test)                                                                              \
	cmocka_unit_test_setup_teardown(test, open_memory, remove_folder),                         \
		cmocka_unit_test_setup_teardown(test, open_sqlite, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(test_task_lives_through_all_states),
		ON_BOTH(test_first_result_stays),
		ON_BOTH(test_requeue_brings_an_ended_task_back),
		ON_BOTH(test_same_id_conflicts),
		ON_BOTH(test_idempotency_key_is_found_at_once_and_later),
		ON_BOTH(test_list_pages_and_filters),
		ON_BOTH(test_scan_gives_unfinished_tasks_in_order),
		ON_BOTH(test_records),
		ON_BOTH(test_old_results_are_deleted_in_steps),
		ON_BOTH(test_invalid_operations_are_refused),
		ON_BOTH(test_a_given_block_is_taken),
		ON_BOTH(test_a_refused_block_stays_with_the_caller),
		ON_BOTH(test_full_queue_refuses_until_drained),
		ON_BOTH(test_bytes_waiting_are_bounded),
		ON_BOTH(test_lazy_notes_have_no_completion_and_need_no_drain),
		cmocka_unit_test(test_names_of_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
