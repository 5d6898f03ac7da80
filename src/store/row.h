/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_ROW_H
#define BAL_STORE_ROW_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the store keeps, as plain data. Every row is a borrowed view: its bytes belong to whoever
 * made it, and a row handed to a visitor is valid only until the visitor returns.
 *
 * A task is spread over four rows, so that the large parts are written once:
 *   task      what was submitted; never changes
 *   progress  where it stands; there while it is unfinished, small, rewritten at each dispatch
 *   carry     what one attempt leaves to the next: checkpoint and history; only after a first try
 *   result    how it ended; replaces progress
 * Every stored task has exactly one of progress and result.
 *
 * Times are wall clock, nanoseconds since 1970, 0 for "none": core time does not survive a reboot,
 * and the engine converts at the edge. Ids are minted by the engine, > 0 and < 2^63.
 */

/* Bytes of any kind; size 0 with data NULL is "none". Text is UTF-8 without a terminating zero. */
struct store_bytes {
	const void *data;
	uint32_t size;
};

#define STORE_NAME_SIZE_MAX UINT32_C(128)         /* kind, tenant, pool, agent, record key */
#define STORE_KEY_SIZE_MAX  UINT32_C(256)         /* idempotency key, conversation */
#define STORE_BLOB_SIZE_MAX (UINT32_C(64) << 20)  /* payload, checkpoint, result, snapshot */
#define STORE_TEXT_SIZE_MAX (UINT32_C(1) << 20)   /* needs, meta, error, why, history, ... */
#define STORE_ID_MAX        ((uint64_t)INT64_MAX) /* larger ids do not sort in SQL */

/* State on disk: name and whether the task has ended. The numbers are stored; never renumber. */
#define STORE_STATE_MAP(X)                                                                         \
	X(QUEUED, 1, "queued", false)                                                              \
	X(DISPATCHED, 2, "dispatched", false) /* an agent has it, or a worker leased it */         \
	X(WAITING, 3, "waiting", false)       /* for input or a child; holds no slot */            \
	X(SUCCEEDED, 8, "succeeded", true)                                                         \
	X(FAILED, 9, "failed", true)                                                               \
	X(DEAD, 10, "dead", true)                                                                  \
	X(CANCELLED, 11, "cancelled", true)                                                        \
	X(EXPIRED, 12, "expired", true)

enum store_state {
#define X(name, number, text, ended) STORE_TASK_##name = number,
	STORE_STATE_MAP(X)
#undef X
};
#define STORE_STATE_LIMIT 16 /* every state is below; sizes arrays indexed by state */

/* What was submitted. */
struct store_task {
	uint64_t id;
	uint64_t parent;       /* 0: none */
	uint64_t request_hash; /* of the request body, the engine's own hash: same key, other hash
				* is a conflict */
	int64_t submitted_at_ns;
	int64_t deadline_at_ns;
	uint32_t attempts_max;
	uint32_t priority; /* 0 critical .. 4 batch */
	struct store_bytes kind;
	struct store_bytes tenant;
	struct store_bytes conversation;
	struct store_bytes idempotency_key; /* unique within the tenant while the task is kept */
	struct store_bytes needs;           /* opaque: encoded by the engine */
	struct store_bytes meta;            /* opaque: traceparent, callback, ... */
	struct store_bytes payload;
};

/* Where an unfinished task stands. */
struct store_progress {
	uint64_t id;
	enum store_state state; /* one of those that have not ended */
	uint32_t attempt;       /* the attempt running, or the last one made; 0 before the first */
	int64_t not_before_at_ns;
	/* The rest is about the attempt that runs; all zero while the task is queued. */
	uint64_t epoch;
	int64_t started_at_ns;
	int64_t lease_expires_at_ns;
	struct store_bytes lease_token;
	struct store_bytes pool;
	struct store_bytes agent;
};

/* What one attempt leaves to the next. */
struct store_carry {
	struct store_bytes checkpoint;
	struct store_bytes history; /* JSON: all attempts so far */
};

/* How a task ended. */
struct store_result {
	uint64_t id;
	enum store_state state;  /* one of those that have ended */
	uint32_t attempt;        /* the attempt that ended it; 0 when none was made */
	int64_t submitted_at_ns; /* repeated from the task: the sweep of old results stops by it */
	int64_t finished_at_ns;
	uint64_t content_size; /* of the whole result, also when most of it is in `file` */
	struct store_bytes pool;
	struct store_bytes agent;
	struct store_bytes content_type;
	struct store_bytes file;  /* path below the data directory of a result too large for here */
	struct store_bytes error; /* text */
	struct store_bytes why;   /* JSON: the decision behind the last attempt */
	struct store_bytes history; /* JSON: all attempts */
	struct store_bytes content; /* the result itself, or its beginning */
};

/* Small named values of the engine. The numbers are stored; never renumber. */
enum store_space {
	STORE_SPACE_META = 1,     /* epoch, high-water mark of ids, ... */
	STORE_SPACE_CHILD = 2,    /* what the launcher has started, one record per process */
	STORE_SPACE_SNAPSHOT = 3, /* learned state */
	STORE_SPACE_ENGINE = 4,   /* knobs, tokens, calendars: whatever else must survive */
	STORE_SPACE_FEEDBACK = 5, /* ratings of tasks */
	STORE_SPACE_QUARTERS = 6, /* the past of signals by quarters of an hour, a row for a day */
	STORE_SPACE_HOURS = 7,    /* the same by hours */
	STORE_SPACE_LAST = STORE_SPACE_HOURS,
};

struct store_record {
	enum store_space space;
	struct store_bytes key;
	struct store_bytes value;
};

/* All that is kept of one task. */
struct store_view {
	struct store_task task;
	bool ended;                     /* says which of the two below is filled */
	struct store_progress progress; /* !ended */
	struct store_result result;     /* ended */
	struct store_carry carry;       /* with STORE_WITH_CARRY, when there is any */
	uint32_t payload_size;          /* also when the payload was not asked for */
};

/* The name of a state as in JSON, NULL for a number that is none. */
const char *store_state_name(enum store_state state);

/* The state of that name; false when there is none. */
bool store_state_parse(struct store_bytes name, enum store_state *state);

/* True for a state that a task does not leave by itself. */
bool store_state_ended(enum store_state state);

#endif
