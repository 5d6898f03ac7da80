/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_RECOVER_H
#define BAL_CORE_RECOVER_H

#include "core/state.h"

struct bytes_reader;
struct bytes_writer;

/*
 * recover: what is done by itself while an objective of a kind is broken, in the pools that serve
 * it: the lowest class is shed at the door, then the next; agents are ordered as in an emergency;
 * agents that are far worse than the others are ejected. Each step is a record, told when it begins
 * and when it ends; all of them are undone when the objective is met again and the pool has room.
 */
#define RECOVER_KEPT_MAX 256 /* records that are remembered */

struct recover_book {
	struct bal_recovery records[RECOVER_KEPT_MAX]; /* by sequence modulo their count */
	uint32_t sequence;                             /* of the next one */
};

/* One look at a kind whose objectives were just worked out: begins what its broken ones want. */
void recover_kind(struct bal_core *core, uint32_t kind);

/* One look at a pool: undoes what nobody needs any more. `wanted`: some broken objective of a kind
 * that it serves wants shedding. */
void recover_pool(struct bal_core *core, struct pool *pool, bool wanted);

/* A pool is about to order agents: a broken objective of a kind that it serves goes first, and
 * orders more of them. True: it did. */
bool recover_scales(struct bal_core *core, struct pool *pool);

/* True when a broken objective of the kind wants its pools to shed. */
bool recover_wants_shedding(const struct bal_core *core, uint32_t kind);

/* Ends the records of orders and ejections about a kind that is fine again. */
void recover_kind_fine(struct bal_core *core, uint32_t kind);

/* True when every pool that could serve the lane sheds this class. */
bool recover_sheds(const struct bal_core *core, const struct lane *lane, uint32_t priority);

/* How long a task of this class had better wait before it asks again. */
int64_t recover_retry_ns(
	const struct bal_core *core, const struct lane *lane, uint32_t kind, uint32_t priority);

/* Records, newest first, and by id. */
bool recover_past(const struct recover_book *book, uint32_t back, struct bal_recovery *record);
bool recover_find(const struct recover_book *book, uint64_t id, struct bal_recovery *record);

#endif
