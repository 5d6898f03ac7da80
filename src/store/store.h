/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_STORE_H
#define BAL_STORE_STORE_H

#include "store/row.h"

#include <stddef.h>

/*
 * The durable store: one interface, several drivers (memory, sqlite).
 *
 * Writing is asynchronous and batched. The owner (the loop thread) submits operations, each with a
 * token of its own. The driver takes all that wait, makes them durable together (one fsync), calls
 * `notify`, and the owner collects one completion per operation with store_drain, in the order of
 * submission. While one batch commits the next one gathers.
 *
 * Reading is synchronous, from the owner's thread, and sees committed rows: a task is readable no
 * later than its completion is drained. Only store_find_key also sees what is still on its way, so
 * that two submissions with one key cannot both pass.
 *
 * All functions belong to one thread, the owner's, except that `notify` and `say` are called from
 * the driver's threads.
 *
 * A driver that shares its database between nodes will add operations that claim, extend and
 * release tasks: they belong into enum store_op_type, with the claimed rows in the completion.
 */

struct store_ops;

/* What every driver's own structure begins with. */
struct store {
	const struct store_ops *ops;
};

/* What can come of an operation: name, HTTP status, text. */
#define STORE_STATUS_MAP(X)                                                                        \
	X(OK, 200, "ok")                                                                           \
	X(NOT_FOUND, 404, "no such row in the store")                                              \
	X(CONFLICT, 409, "a row with this id or idempotency key exists")                           \
	X(INVALID, 400, "a field is out of range or too long")                                     \
	X(QUEUE_FULL, 429, "too much is waiting for the disk")                                     \
	X(NO_MEMORY, 503, "out of memory")                                                         \
	X(NO_SPACE, 507, "the disk of the data directory is full")                                 \
	X(READ_ONLY, 503, "the data directory cannot be written")                                  \
	X(FAILED, 503, "the disk of the data directory reported an error")                         \
	X(GONE, 503, "the store's files were removed or replaced while in use")                    \
	X(DAMAGED, 500, "a stored row is damaged")                                                 \
	X(LOCKED, 503, "another ballast uses this data directory")                                 \
	X(NEWER, 503, "the data directory was written by a newer ballast")

enum store_status {
#define X(name, http, text) STORE_##name,
	STORE_STATUS_MAP(X)
#undef X
};

/* Text of a status for people, and the HTTP status that goes with it. */
const char *store_status_text(enum store_status status);
int store_status_http(enum store_status status);

enum store_op_type {
	STORE_PUT_TASK = 1,  /* task: a new task, queued. CONFLICT when its id or key exists */
	STORE_NOTE_PROGRESS, /* progress: replaces the row of an unfinished task. NOT_FOUND when it
			      * is unknown or has ended, which is no error of a lazy note */
	STORE_REQUEUE,       /* progress + carry: as above, also brings an ended task back: its
			      * result is deleted. An empty carry keeps the stored one */
	STORE_PUT_RESULT,    /* result: ends an unfinished task. NOT_FOUND when it is unknown,
			      * CONFLICT when it has ended: then the first result stays */
	STORE_PUT_RECORD,    /* record: writes or replaces it */
	STORE_DELETE_RECORD, /* record (space and key); deleting what is not there is OK */
	STORE_DELETE_OLD,    /* expiry: deletes ended tasks that finished before it */
};

/* One call looks at so many results at most, so that it never holds up a commit for long. */
#define STORE_DELETE_EXAMINED_MAX 256

struct store_expiry {
	int64_t finished_before_at_ns;
};

struct store_op {
	enum store_op_type type;
	bool lazy;      /* no completion; rides with the next commit, at most 100 ms later */
	uint64_t token; /* comes back with the completion */
	union {
		struct store_task task;
		struct {
			struct store_progress progress;
			struct store_carry carry;
		} requeue; /* STORE_REQUEUE; STORE_NOTE_PROGRESS (without carry) */
		struct store_result result;
		struct store_record record;
		struct store_expiry expiry;
	};
};

struct store_completion {
	uint64_t token;
	enum store_op_type type;
	enum store_status status;
	uint32_t count; /* STORE_DELETE_OLD: tasks deleted */
	bool more;      /* STORE_DELETE_OLD: call again soon, the sweep is not at its end */
	uint64_t id;    /* of the task; 0 when the operation is about none */
};

enum store_severity { STORE_SAY_INFO, STORE_SAY_WARNING, STORE_SAY_ERROR };

struct store_options {
	const char *directory; /* the data directory, exists; unused by the memory driver */
	/* Completions wait to be drained. From any thread; must only wake the owner. May be NULL.
	 */
	void (*notify)(void *context);
	/* One line for the log: what was found, on which file, what to do. From any thread. May be
	 * NULL. */
	void (*say)(void *context, enum store_severity severity, const char *line);
	void *context;
	uint32_t queue_count_max; /* operations waiting; 0 for STORE_QUEUE_COUNT_MAX */
	uint64_t queue_size_max;  /* bytes waiting; 0 for STORE_QUEUE_SIZE_MAX */
};
#define STORE_QUEUE_COUNT_MAX UINT32_C(4096)
#define STORE_QUEUE_SIZE_MAX  (UINT64_C(64) << 20)

/* What opening found. `text` says all of it in one line, also why opening failed. */
struct store_report {
	uint64_t commit;          /* number of the last commit */
	uint64_t commits_missing; /* acknowledged once, no longer there */
	uint64_t rows_damaged;    /* set aside */
	uint64_t bytes_dropped;   /* of a torn tail */
	uint64_t holder_pid;      /* STORE_LOCKED: who has it, 0 when unknown */
	bool created;             /* the directory was empty: a new store */
	char text[512];
};

/* Parts of a task that are large and read only when asked for. */
#define STORE_WITH_PAYLOAD UINT32_C(1)
#define STORE_WITH_CARRY   UINT32_C(2)
#define STORE_WITH_CONTENT UINT32_C(4) /* the result's content, why and history */

/* Sees one task; false stops. Must not call the store. */
typedef bool store_visit_view(void *context, const struct store_view *view);
typedef bool store_visit_record(void *context, const struct store_record *record);

struct store_filter {
	uint64_t before_id;      /* tasks with smaller ids only; 0: from the newest */
	uint32_t count_max;      /* rows wanted, 1 .. STORE_LIST_COUNT_MAX */
	uint32_t states;         /* bit 1 << state; 0: all */
	struct store_bytes kind; /* empty: all */
	struct store_bytes tenant;
	struct store_bytes pool; /* of the last attempt */
};
#define STORE_LIST_COUNT_MAX    UINT32_C(1000)
#define STORE_LIST_EXAMINED_MAX UINT32_C(2000) /* rows looked at in one call: some 5 ms */

struct store_counts {
	uint64_t unfinished;               /* committed tasks that have not ended */
	uint64_t ended[STORE_STATE_LIMIT]; /* committed tasks that have, by state */
	uint64_t commit;                   /* number of the last commit */
	uint32_t queue_count;              /* operations not yet committed */
	uint64_t free_size;                /* bytes on disk that are free for new rows */
	uint64_t queue_size;               /* bytes of those whose completion was not drained */
	enum store_status health; /* of the last commit: OK, or why writing fails now. NO_SPACE:
				   * new tasks are refused, what ends tasks may still succeed */
};

struct store_ops {
	const char *name;

	/* Opens, checks and if need be mends the store. On failure *store is NULL and report->text
	 * says why and what to do. `report` must be given. */
	enum store_status (*open)(struct store **store, const struct store_options *options,
		struct store_report *report);

	/* Commits all that was accepted, stops the driver's threads, frees everything. Completions
	 * not drained are lost: drain first what matters. */
	void (*close)(struct store *store);

	/* Accepts an operation. Its row is copied; its bytes are copied too when take_block is
	 * NULL. Otherwise *take_block is a malloc'ed block that holds all bytes of the row: the
	 * store takes it, sets it to NULL and frees it. On QUEUE_FULL, NO_MEMORY and INVALID
	 * nothing was taken and no completion comes. */
	enum store_status (*submit)(
		struct store *store, const struct store_op *op, void **take_block);

	/* Fills up to `capacity` completions and returns how many; fewer than capacity: no more
	 * for now. */
	uint32_t (*drain)(
		struct store *store, struct store_completion *completions, uint32_t capacity);

	/* One task. NOT_FOUND, DAMAGED (said aloud, with the row), FAILED. */
	enum store_status (*get)(struct store *store, uint64_t id, uint32_t parts,
		store_visit_view *visit, void *context);

	/* All unfinished tasks, ascending by id; for the start. Damaged rows were set aside by
	 * open. */
	enum store_status (*scan)(
		struct store *store, uint32_t parts, store_visit_view *visit, void *context);

	/* Tasks that pass the filter, newest first, without their large parts. *next_id is the
	 * before_id of the next page, 0 at the end; a page may be short, even empty, and not the
	 * last, since only so many rows are looked at in one call. */
	enum store_status (*list)(struct store *store, const struct store_filter *filter,
		store_visit_view *visit, void *context, uint64_t *next_id);

	/* The task submitted under this key, committed or on its way. NOT_FOUND when the key is
	 * free. */
	enum store_status (*find_key)(struct store *store, struct store_bytes tenant,
		struct store_bytes key, uint64_t *id, uint64_t *request_hash);

	/* One record; NOT_FOUND when there is none. */
	enum store_status (*get_record)(struct store *store, enum store_space space,
		struct store_bytes key, store_visit_record *visit, void *context);

	/* All records of a space, ascending by key. One that is damaged is said aloud and left out;
	 * then the answer is DAMAGED when all others have been seen. */
	enum store_status (*scan_records)(struct store *store, enum store_space space,
		store_visit_record *visit, void *context);

	/* Never fails and never waits for the disk. */
	void (*count)(struct store *store, struct store_counts *counts);
};

extern const struct store_ops store_sqlite;
extern const struct store_ops store_memory;

/* Checks the fields of an operation: sizes, states, ids. OK or INVALID. Drivers call it first. */
enum store_status store_op_check(const struct store_op *op);

#endif
