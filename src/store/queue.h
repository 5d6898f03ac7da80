/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_QUEUE_H
#define BAL_STORE_QUEUE_H

#include "store/store.h"

#include <pthread.h>

/*
 * Operations on their way to the disk: a ring of fixed size between one owner, who submits and
 * drains, and one worker, who takes them in batches and finishes them in the same order. An entry
 * stays in its place from submission to drain, so nothing is moved or allocated on the way.
 */

/* A batch is one transaction: large enough to share an fsync, small enough to be answered soon. */
#define QUEUE_BATCH_COUNT_MAX 1024
#define QUEUE_BATCH_SIZE_MAX  (UINT64_C(8) << 20)

/* How long a batch of only lazy operations waits for company. */
#define QUEUE_LAZY_NS INT64_C(100000000)

struct queue_entry {
	struct store_op op;
	void *block; /* holds the bytes of op; freed at drain, unless the worker took it */
	uint64_t size;
	uint64_t key_hash; /* 0: no idempotency key */
	uint32_t key_next; /* index + 1 of the next entry in the same bucket */
	/* Set by the worker. */
	enum store_status status;
	uint32_t count;
	bool more;
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct queue_entry *entries;
	uint32_t *buckets;  /* index + 1 of the first entry whose key hashes here */
	uint32_t count_max; /* a power of two */
	uint64_t size_max;
	/* Positions count up for ever; the owner writes submitted and drained, the worker the other
	 * two; all under the lock. drained <= done <= taken <= submitted. */
	uint64_t submitted;
	uint64_t taken;
	uint64_t done;
	uint64_t drained;
	uint64_t size;         /* of entries not yet drained; the owner's */
	uint32_t eager;        /* entries submitted, not lazy, not yet taken */
	int64_t lazy_since_ns; /* when the oldest entry that only waits was submitted */
	bool closing;
};

/* Limits of 0 mean the defaults of store.h; counts are rounded up to a power of two. False when
 * there is no memory. */
bool queue_init(struct queue *queue, const struct store_options *options);

/* Frees the ring and all blocks in it. No thread may use it any more. */
void queue_free(struct queue *queue);

/* Owner: as submit in store.h. */
enum store_status queue_submit(struct queue *queue, const struct store_op *op, void **take_block);

/* Owner: as drain in store.h. */
uint32_t queue_drain(struct queue *queue, struct store_completion *completions, uint32_t capacity);

/* Owner: the task on its way under this key, which is until its completion is drained; false when
 * there is none. */
bool queue_find_key(const struct queue *queue, struct store_bytes tenant, struct store_bytes key,
	uint64_t *id, uint64_t *request_hash);

/* Owner: entries not yet finished by the worker, and the bytes of those not yet drained. */
void queue_measure(struct queue *queue, uint32_t *count, uint64_t *size);

/* Worker: waits for a batch, at most timeout_ns; returns its first position and its count, 0 when
 * the time is over or the queue is closing and empty. */
uint32_t queue_take(struct queue *queue, int64_t timeout_ns, uint64_t *first);

/* Worker: the entry at a taken position. */
struct queue_entry *queue_at(struct queue *queue, uint64_t position);

/* Worker: the oldest `count` taken entries are done; returns true when one of them is not lazy, so
 * that the owner should be woken. */
bool queue_finish(struct queue *queue, uint32_t count);

/* Owner: lets queue_take return at once from now on, first with what is still there. */
void queue_stop(struct queue *queue);

/* Worker: true when the queue was stopped and nothing is left to take. */
bool queue_ended(struct queue *queue);

/* Monotonic clock of the store's threads. */
int64_t queue_now_ns(void);

#endif
