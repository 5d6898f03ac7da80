/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the ring works: four positions chase each other. The owner fills the entry at `submitted` and
 * moves it; the worker takes up to there, works, and moves `done`; the owner reads results up to
 * `done` and moves `drained`. Between two positions entries belong to exactly one thread, so the
 * lock guards only the positions, never the work.
 *
 * Keys of submissions on their way are chained through the entries, in buckets as many as entries.
 * They leave at drain, when the row can be read from the database: there is no moment at which a
 * key is in neither.
 */
#include "store/queue.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/units.h"
#include "store/op.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT_LIMIT (UINT32_C(1) << 20)

int64_t queue_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static uint32_t round_up(uint32_t count)
{
	uint32_t power = 2;

	while (power < count && power < COUNT_LIMIT)
		power *= 2;
	return power;
}

struct queue_entry *queue_at(struct queue *queue, uint64_t position)
{
	return &queue->entries[position & (queue->count_max - 1)];
}

bool queue_init(struct queue *queue, const struct store_options *options)
{
	pthread_condattr_t attributes;
	uint32_t count_max = options->queue_count_max;

	memset(queue, 0, sizeof(*queue));
	queue->count_max = round_up(count_max != 0 ? count_max : STORE_QUEUE_COUNT_MAX);
	queue->size_max =
		options->queue_size_max != 0 ? options->queue_size_max : STORE_QUEUE_SIZE_MAX;
	queue->entries = calloc(queue->count_max, sizeof(*queue->entries));
	queue->buckets = calloc(queue->count_max, sizeof(*queue->buckets));
	if (queue->entries == NULL || queue->buckets == NULL) {
		free(queue->entries);
		free(queue->buckets);
		return false;
	}
	pthread_mutex_init(&queue->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	return true;
}

void queue_free(struct queue *queue)
{
	for (uint64_t i = queue->drained; i < queue->submitted; i++)
		free(queue_at(queue, i)->block);
	pthread_cond_destroy(&queue->wake);
	pthread_mutex_destroy(&queue->lock);
	free(queue->buckets);
	free(queue->entries);
}

static uint64_t hash_key(struct store_bytes tenant, struct store_bytes key)
{
	uint64_t hash = checksum_hash64(tenant.size, tenant.data, tenant.size);

	hash = checksum_hash64(hash, key.data, key.size);
	return hash != 0 ? hash : 1;
}

static bool equal_bytes(struct store_bytes a, struct store_bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void link_key(struct queue *queue, uint64_t position)
{
	struct queue_entry *entry = queue_at(queue, position);
	uint32_t *bucket;

	entry->key_hash = 0;
	if (entry->op.type != STORE_PUT_TASK || entry->op.task.idempotency_key.size == 0)
		return;
	entry->key_hash = hash_key(entry->op.task.tenant, entry->op.task.idempotency_key);
	bucket = &queue->buckets[entry->key_hash & (queue->count_max - 1)];
	entry->key_next = *bucket;
	*bucket = (uint32_t)(position & (queue->count_max - 1)) + 1;
}

static void unlink_key(struct queue *queue, uint64_t position)
{
	struct queue_entry *entry = queue_at(queue, position);
	uint32_t own = (uint32_t)(position & (queue->count_max - 1)) + 1;
	uint32_t *link;

	if (entry->key_hash == 0)
		return;
	link = &queue->buckets[entry->key_hash & (queue->count_max - 1)];
	while (*link != own) {
		bal_assert(*link != 0);
		link = &queue->entries[*link - 1].key_next;
	}
	*link = entry->key_next;
	entry->key_hash = 0;
}

bool queue_find_key(const struct queue *queue, struct store_bytes tenant, struct store_bytes key,
	uint64_t *id, uint64_t *request_hash)
{
	uint64_t hash = hash_key(tenant, key);
	uint32_t index = queue->buckets[hash & (queue->count_max - 1)];

	while (index != 0) {
		const struct queue_entry *entry = &queue->entries[index - 1];
		const struct store_task *task = &entry->op.task;

		if (entry->key_hash == hash && equal_bytes(task->tenant, tenant) &&
			equal_bytes(task->idempotency_key, key)) {
			*id = task->id;
			*request_hash = task->request_hash;
			return true;
		}
		index = entry->key_next;
	}
	return false;
}

static void release_entry(struct queue *queue, uint64_t position)
{
	struct queue_entry *entry = queue_at(queue, position);

	unlink_key(queue, position);
	free(entry->block);
	entry->block = NULL;
	queue->size -= entry->size;
}

static uint64_t read_done(struct queue *queue)
{
	uint64_t done;

	pthread_mutex_lock(&queue->lock);
	done = queue->done;
	pthread_mutex_unlock(&queue->lock);
	return done;
}

/* Lazy entries have no completion, so nobody may come to drain them: whoever needs room does it. */
static void release_lazy(struct queue *queue)
{
	uint64_t done = read_done(queue);

	while (queue->drained < done && queue_at(queue, queue->drained)->op.lazy) {
		release_entry(queue, queue->drained);
		queue->drained++;
	}
}

/* One operation may exceed size_max when it is alone: the limit bounds what waits. */
static bool is_full(const struct queue *queue, uint64_t size)
{
	return queue->submitted - queue->drained == queue->count_max ||
	       (queue->size != 0 && queue->size + size > queue->size_max);
}

enum store_status queue_submit(struct queue *queue, const struct store_op *op, void **take_block)
{
	enum store_status status = store_op_check(op);
	struct queue_entry *entry = queue_at(queue, queue->submitted);
	uint64_t size;
	bool wake;

	if (status != STORE_OK)
		return status;
	size = op_size(op) + sizeof(*op);
	if (is_full(queue, size))
		release_lazy(queue);
	if (is_full(queue, size))
		return STORE_QUEUE_FULL;
	if (take_block != NULL && *take_block != NULL) {
		entry->op = *op;
		entry->block = *take_block;
		*take_block = NULL;
	} else if (!op_copy(op, &entry->op, &entry->block)) {
		return STORE_NO_MEMORY;
	}
	entry->size = size;
	entry->status = STORE_OK;
	entry->count = 0;
	entry->more = false;
	queue->size += size;
	link_key(queue, queue->submitted);

	pthread_mutex_lock(&queue->lock);
	if (queue->submitted == queue->taken)
		queue->lazy_since_ns = op->lazy ? queue_now_ns() : 0;
	/* The worker sleeps only when there is nothing eager: more of it need not wake it again. */
	wake = queue->eager == 0;
	if (!op->lazy)
		queue->eager++;
	queue->submitted++;
	if (wake)
		pthread_cond_signal(&queue->wake);
	pthread_mutex_unlock(&queue->lock);
	return STORE_OK;
}

uint32_t queue_drain(struct queue *queue, struct store_completion *completions, uint32_t capacity)
{
	uint64_t done = read_done(queue);
	uint32_t count = 0;

	while (queue->drained < done && count < capacity) {
		const struct queue_entry *entry = queue_at(queue, queue->drained);

		if (!entry->op.lazy) {
			struct store_completion *completion = &completions[count++];

			completion->token = entry->op.token;
			completion->type = entry->op.type;
			completion->status = entry->status;
			completion->count = entry->count;
			completion->more = entry->more;
			completion->id = op_task_id(&entry->op);
		}
		release_entry(queue, queue->drained);
		queue->drained++;
	}
	return count;
}

void queue_measure(struct queue *queue, uint32_t *count, uint64_t *size)
{
	*count = (uint32_t)(queue->submitted - read_done(queue));
	*size = queue->size;
}

static bool is_due(const struct queue *queue, int64_t now_ns)
{
	if (queue->closing)
		return true;
	if (queue->submitted == queue->taken)
		return false;
	return queue->eager > 0 || now_ns >= queue->lazy_since_ns + QUEUE_LAZY_NS;
}

static void wait_until(struct queue *queue, int64_t at_ns)
{
	struct timespec until = {.tv_sec = at_ns / NS_PER_S, .tv_nsec = at_ns % NS_PER_S};

	pthread_cond_timedwait(&queue->wake, &queue->lock, &until);
}

static uint32_t choose_batch(struct queue *queue)
{
	uint64_t available = queue->submitted - queue->taken;
	uint64_t size = 0;
	uint32_t count = 0;

	while (count < available && count < QUEUE_BATCH_COUNT_MAX) {
		const struct queue_entry *entry = queue_at(queue, queue->taken + count);

		size += entry->size;
		if (count > 0 && size > QUEUE_BATCH_SIZE_MAX)
			break;
		if (!entry->op.lazy)
			queue->eager--;
		count++;
	}
	return count;
}

uint32_t queue_take(struct queue *queue, int64_t timeout_ns, uint64_t *first)
{
	int64_t now_ns = queue_now_ns();
	int64_t end_ns = now_ns + timeout_ns;
	uint32_t count = 0;

	pthread_mutex_lock(&queue->lock);
	while (!is_due(queue, now_ns) && now_ns < end_ns) {
		int64_t until_ns = end_ns;

		if (queue->submitted != queue->taken &&
			queue->lazy_since_ns + QUEUE_LAZY_NS < until_ns)
			until_ns = queue->lazy_since_ns + QUEUE_LAZY_NS;
		wait_until(queue, until_ns);
		now_ns = queue_now_ns();
	}
	if (is_due(queue, now_ns)) {
		*first = queue->taken;
		count = choose_batch(queue);
		queue->taken += count;
		queue->lazy_since_ns = now_ns;
	}
	pthread_mutex_unlock(&queue->lock);
	return count;
}

bool queue_finish(struct queue *queue, uint32_t count)
{
	bool wanted = false;

	for (uint32_t i = 0; i < count; i++)
		wanted |= !queue_at(queue, queue->done + i)->op.lazy;
	pthread_mutex_lock(&queue->lock);
	queue->done += count;
	bal_assert(queue->done <= queue->taken);
	pthread_mutex_unlock(&queue->lock);
	return wanted;
}

void queue_stop(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closing = true;
	pthread_cond_signal(&queue->wake);
	pthread_mutex_unlock(&queue->lock);
}

bool queue_ended(struct queue *queue)
{
	bool ended;

	pthread_mutex_lock(&queue->lock);
	ended = queue->closing && queue->submitted == queue->taken;
	pthread_mutex_unlock(&queue->lock);
	return ended;
}
