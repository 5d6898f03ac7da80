/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store in RAM: for tests, and for whoever wants a queue that does not outlive the process.
 * Tasks and records lie in two arrays of pointers, sorted by id and by (space, key). Ids grow, so
 * a new task goes to the end; finding is by bisection. Every row owns one copied block of bytes.
 * Operations are applied at submission and go through the same ring as in other drivers, so limits
 * and completions behave alike.
 */
#include "store/filter.h"
#include "store/op.h"
#include "store/queue.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

struct memory_task {
	struct store_view view;
	void *task_block;
	void *progress_block;
	void *carry_block;
	void *result_block;
};

struct memory_record {
	struct store_record record;
	void *block;
};

struct memory {
	struct store store;
	struct queue queue;
	void (*notify)(void *context);
	void *context;
	struct memory_task **tasks;
	size_t task_count;
	size_t task_capacity;
	struct memory_record **records;
	size_t record_count;
	size_t record_capacity;
	uint64_t sweep_id; /* the next sweep of old results starts here */
	uint64_t commit;
	uint64_t unfinished;
	uint64_t ended[STORE_STATE_LIMIT];
};

static struct memory *memory_of(struct store *store)
{
	bal_assert(store->ops == &store_memory);
	return (struct memory *)store;
}

/* Index of the first task with this id or a larger one. */
static size_t find_index(const struct memory *memory, uint64_t id)
{
	size_t low = 0;
	size_t high = memory->task_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memory->tasks[middle]->view.task.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct memory_task *find_task(const struct memory *memory, uint64_t id)
{
	size_t index = find_index(memory, id);

	if (index == memory->task_count || memory->tasks[index]->view.task.id != id)
		return NULL;
	return memory->tasks[index];
}

static int compare_records(
	const struct store_record *record, enum store_space space, struct store_bytes key)
{
	int order = (record->space > space) - (record->space < space);

	return order != 0 ? order : bytes_compare(record->key, key);
}

/* Index of the first record that is not before (space, key). */
static size_t find_record(
	const struct memory *memory, enum store_space space, struct store_bytes key, bool *found)
{
	size_t low = 0;
	size_t high = memory->record_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_records(&memory->records[middle]->record, space, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low < memory->record_count &&
		 compare_records(&memory->records[low]->record, space, key) == 0;
	return low;
}

static bool make_room(void *array, size_t count, size_t *capacity)
{
	void **items;
	size_t wanted = *capacity != 0 ? *capacity * 2 : 64;

	memcpy(&items, array, sizeof(items));
	if (count < *capacity)
		return true;
	items = realloc(items, wanted * sizeof(*items));
	if (items == NULL)
		return false;
	memcpy(array, &items, sizeof(items));
	*capacity = wanted;
	return true;
}

static void free_task(struct memory_task *task)
{
	free(task->task_block);
	free(task->progress_block);
	free(task->carry_block);
	free(task->result_block);
	free(task);
}

static bool find_stored_key(const struct memory *memory, struct store_bytes tenant,
	struct store_bytes key, const struct store_task **task)
{
	for (size_t i = memory->task_count; i > 0; i--) {
		*task = &memory->tasks[i - 1]->view.task;
		if (bytes_compare((*task)->idempotency_key, key) == 0 &&
			bytes_compare((*task)->tenant, tenant) == 0)
			return true;
	}
	return false;
}

static enum store_status put_task(struct memory *memory, const struct store_op *op)
{
	size_t index = find_index(memory, op->task.id);
	const struct store_task *other;
	struct memory_task *task;
	struct store_op copy;

	if (find_task(memory, op->task.id) != NULL)
		return STORE_CONFLICT;
	if (op->task.idempotency_key.size != 0 &&
		find_stored_key(memory, op->task.tenant, op->task.idempotency_key, &other))
		return STORE_CONFLICT;
	task = calloc(1, sizeof(*task));
	if (task == NULL ||
		!make_room(&memory->tasks, memory->task_count, &memory->task_capacity) ||
		!op_copy(op, &copy, &task->task_block)) {
		free(task);
		return STORE_NO_MEMORY;
	}
	task->view.task = copy.task;
	task->view.payload_size = copy.task.payload.size;
	task->view.progress.id = copy.task.id;
	task->view.progress.state = STORE_TASK_QUEUED;
	memory->unfinished++;
	memmove(&memory->tasks[index + 1], &memory->tasks[index],
		(memory->task_count - index) * sizeof(*memory->tasks));
	memory->tasks[index] = task;
	memory->task_count++;
	return STORE_OK;
}

static enum store_status put_carry(struct memory_task *task, const struct store_op *op)
{
	struct store_op carry = {.type = STORE_REQUEUE, .requeue.carry = op->requeue.carry};
	struct store_op copy;
	void *block;

	if (carry.requeue.carry.checkpoint.size == 0 && carry.requeue.carry.history.size == 0)
		return STORE_OK;
	if (!op_copy(&carry, &copy, &block))
		return STORE_NO_MEMORY;
	free(task->carry_block);
	task->carry_block = block;
	task->view.carry = copy.requeue.carry;
	return STORE_OK;
}

static enum store_status put_progress(struct memory *memory, const struct store_op *op)
{
	struct memory_task *task = find_task(memory, op->requeue.progress.id);
	struct store_op progress = {
		.type = STORE_NOTE_PROGRESS, .requeue.progress = op->requeue.progress};
	struct store_op copy;
	void *block;

	if (task == NULL || (task->view.ended && op->type == STORE_NOTE_PROGRESS))
		return STORE_NOT_FOUND;
	if (!op_copy(&progress, &copy, &block))
		return STORE_NO_MEMORY;
	if (op->type == STORE_REQUEUE && put_carry(task, op) != STORE_OK) {
		free(block);
		return STORE_NO_MEMORY;
	}
	free(task->progress_block);
	task->progress_block = block;
	task->view.progress = copy.requeue.progress;
	if (task->view.ended) {
		memory->ended[task->view.result.state]--;
		memory->unfinished++;
	}
	free(task->result_block);
	task->result_block = NULL;
	task->view.result = (struct store_result){0};
	task->view.ended = false;
	return STORE_OK;
}

static enum store_status put_result(struct memory *memory, const struct store_op *op)
{
	struct memory_task *task = find_task(memory, op->result.id);
	struct store_op copy;

	if (task == NULL)
		return STORE_NOT_FOUND;
	if (task->view.ended)
		return STORE_CONFLICT;
	if (!op_copy(op, &copy, &task->result_block))
		return STORE_NO_MEMORY;
	task->view.result = copy.result;
	task->view.ended = true;
	memory->unfinished--;
	memory->ended[op->result.state]++;
	task->view.progress = (struct store_progress){0};
	task->view.carry = (struct store_carry){0};
	free(task->progress_block);
	task->progress_block = NULL;
	free(task->carry_block);
	task->carry_block = NULL;
	return STORE_OK;
}

static enum store_status delete_record(struct memory *memory, const struct store_record *record)
{
	bool found;
	size_t index = find_record(memory, record->space, record->key, &found);

	if (!found)
		return STORE_OK;
	free(memory->records[index]->block);
	free(memory->records[index]);
	memory->record_count--;
	memmove(&memory->records[index], &memory->records[index + 1],
		(memory->record_count - index) * sizeof(*memory->records));
	return STORE_OK;
}

static enum store_status put_record(struct memory *memory, const struct store_op *op)
{
	struct memory_record *record = calloc(1, sizeof(*record));
	struct store_op copy;
	bool found;
	size_t index;

	if (record == NULL ||
		!make_room(&memory->records, memory->record_count, &memory->record_capacity) ||
		!op_copy(op, &copy, &record->block)) {
		free(record);
		return STORE_NO_MEMORY;
	}
	delete_record(memory, &op->record);
	index = find_record(memory, op->record.space, op->record.key, &found);
	record->record = copy.record;
	memmove(&memory->records[index + 1], &memory->records[index],
		(memory->record_count - index) * sizeof(*memory->records));
	memory->records[index] = record;
	memory->record_count++;
	return STORE_OK;
}

/* Goes on where the last sweep stopped, and starts again once it meets tasks so young that none
 * after them can be old: ids grow with the time of submission. */
static void delete_old(struct memory *memory, struct queue_entry *entry)
{
	int64_t before_ns = entry->op.expiry.finished_before_at_ns;
	size_t index = find_index(memory, memory->sweep_id);
	uint32_t examined = 0;

	while (index < memory->task_count && examined++ < STORE_DELETE_EXAMINED_MAX) {
		struct memory_task *task = memory->tasks[index];

		if (task->view.task.submitted_at_ns >= before_ns)
			break;
		memory->sweep_id = task->view.task.id + 1;
		if (!task->view.ended || task->view.result.finished_at_ns >= before_ns) {
			index++;
			continue;
		}
		memory->ended[task->view.result.state]--;
		memory->task_count--;
		memmove(&memory->tasks[index], &memory->tasks[index + 1],
			(memory->task_count - index) * sizeof(*memory->tasks));
		free_task(task);
		entry->count++;
	}
	entry->more = examined > STORE_DELETE_EXAMINED_MAX;
	if (!entry->more)
		memory->sweep_id = 0;
}

static enum store_status apply(struct memory *memory, struct queue_entry *entry)
{
	const struct store_op *op = &entry->op;

	switch (op->type) {
	case STORE_PUT_TASK:
		return put_task(memory, op);
	case STORE_NOTE_PROGRESS:
	case STORE_REQUEUE:
		return put_progress(memory, op);
	case STORE_PUT_RESULT:
		return put_result(memory, op);
	case STORE_PUT_RECORD:
		return put_record(memory, op);
	case STORE_DELETE_RECORD:
		return delete_record(memory, &op->record);
	case STORE_DELETE_OLD:
		delete_old(memory, entry);
		return STORE_OK;
	}
	return STORE_INVALID;
}

static enum store_status memory_submit(
	struct store *store, const struct store_op *op, void **take_block)
{
	struct memory *memory = memory_of(store);
	enum store_status status = queue_submit(&memory->queue, op, take_block);
	struct queue_entry *entry;
	uint64_t first;

	if (status != STORE_OK)
		return status;
	/* A lazy operation alone would wait for company: nothing here is worth waiting for. */
	first = memory->queue.taken++;
	memory->queue.eager = 0;
	entry = queue_at(&memory->queue, first);
	entry->status = apply(memory, entry);
	memory->commit++;
	if (queue_finish(&memory->queue, 1) && memory->notify != NULL)
		memory->notify(memory->context);
	return STORE_OK;
}

static uint32_t memory_drain(
	struct store *store, struct store_completion *completions, uint32_t capacity)
{
	return queue_drain(&memory_of(store)->queue, completions, capacity);
}

static enum store_status memory_open(
	struct store **store, const struct store_options *options, struct store_report *report)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	*store = NULL;
	memset(report, 0, sizeof(*report));
	if (memory == NULL || !queue_init(&memory->queue, options)) {
		free(memory);
		return STORE_NO_MEMORY;
	}
	memory->store.ops = &store_memory;
	memory->notify = options->notify;
	memory->context = options->context;
	report->created = true;
	*store = &memory->store;
	return STORE_OK;
}

static void memory_close(struct store *store)
{
	struct memory *memory = memory_of(store);

	for (size_t i = 0; i < memory->task_count; i++)
		free_task(memory->tasks[i]);
	for (size_t i = 0; i < memory->record_count; i++) {
		free(memory->records[i]->block);
		free(memory->records[i]);
	}
	queue_free(&memory->queue);
	free(memory->tasks);
	free(memory->records);
	free(memory);
}

static struct store_view choose_parts(const struct memory_task *task, uint32_t parts)
{
	const struct store_bytes none = {NULL, 0};
	struct store_view view = task->view;

	if ((parts & STORE_WITH_PAYLOAD) == 0)
		view.task.payload = none;
	if ((parts & STORE_WITH_CARRY) == 0)
		view.carry = (struct store_carry){none, none};
	if ((parts & STORE_WITH_CONTENT) == 0) {
		view.result.content = none;
		view.result.why = none;
		view.result.history = none;
	}
	return view;
}

static enum store_status memory_get(
	struct store *store, uint64_t id, uint32_t parts, store_visit_view *visit, void *context)
{
	const struct memory_task *task = find_task(memory_of(store), id);
	struct store_view view;

	if (task == NULL)
		return STORE_NOT_FOUND;
	view = choose_parts(task, parts);
	visit(context, &view);
	return STORE_OK;
}

static enum store_status memory_scan(
	struct store *store, uint32_t parts, store_visit_view *visit, void *context)
{
	const struct memory *memory = memory_of(store);

	for (size_t i = 0; i < memory->task_count; i++) {
		struct store_view view = choose_parts(memory->tasks[i], parts);

		if (!view.ended && !visit(context, &view))
			break;
	}
	return STORE_OK;
}

static enum store_status memory_list(struct store *store, const struct store_filter *filter,
	store_visit_view *visit, void *context, uint64_t *next_id)
{
	const struct memory *memory = memory_of(store);
	size_t index =
		filter->before_id != 0 ? find_index(memory, filter->before_id) : memory->task_count;
	uint32_t examined = 0;
	uint32_t count = 0;

	*next_id = 0;
	while (index > 0 && count < filter->count_max && examined < STORE_LIST_EXAMINED_MAX) {
		struct store_view view = choose_parts(memory->tasks[--index], 0);

		examined++;
		if (!filter_passes(filter, &view))
			continue;
		count++;
		if (!visit(context, &view))
			break;
	}
	if (index > 0)
		*next_id = memory->tasks[index]->view.task.id;
	return STORE_OK;
}

static enum store_status memory_find_key(struct store *store, struct store_bytes tenant,
	struct store_bytes key, uint64_t *id, uint64_t *request_hash)
{
	const struct store_task *task;

	if (key.size == 0 || !find_stored_key(memory_of(store), tenant, key, &task))
		return STORE_NOT_FOUND;
	*id = task->id;
	*request_hash = task->request_hash;
	return STORE_OK;
}

static enum store_status memory_get_record(struct store *store, enum store_space space,
	struct store_bytes key, store_visit_record *visit, void *context)
{
	const struct memory *memory = memory_of(store);
	bool found;
	size_t index = find_record(memory, space, key, &found);

	if (!found)
		return STORE_NOT_FOUND;
	visit(context, &memory->records[index]->record);
	return STORE_OK;
}

static enum store_status memory_scan_records(
	struct store *store, enum store_space space, store_visit_record *visit, void *context)
{
	const struct memory *memory = memory_of(store);

	for (size_t i = 0; i < memory->record_count; i++) {
		const struct store_record *record = &memory->records[i]->record;

		if (record->space == space && !visit(context, record))
			break;
	}
	return STORE_OK;
}

static void memory_count(struct store *store, struct store_counts *counts)
{
	struct memory *memory = memory_of(store);

	memset(counts, 0, sizeof(*counts));
	counts->unfinished = memory->unfinished;
	memcpy(counts->ended, memory->ended, sizeof(counts->ended));
	counts->commit = memory->commit;
	queue_measure(&memory->queue, &counts->queue_count, &counts->queue_size);
}

const struct store_ops store_memory = {
	.name = "memory",
	.open = memory_open,
	.close = memory_close,
	.submit = memory_submit,
	.drain = memory_drain,
	.get = memory_get,
	.scan = memory_scan,
	.list = memory_list,
	.find_key = memory_find_key,
	.get_record = memory_get_record,
	.scan_records = memory_scan_records,
	.count = memory_count,
};
