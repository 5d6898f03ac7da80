/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_KNEES_H
#define BAL_CORE_KNEES_H

#include "core/knee.h"

struct agent;
struct arena;
struct bytes_reader;
struct bytes_writer;
struct task;

/*
 * knees: the knee of each agent, and of each pool: all of its agents taken for one that was seen
 * for longer.
 *
 * How much a task is, is what its client said; else all of a kind count the same, namely what the
 * first KNEES_SIZES of it took: their present mean grows with the load, and would hide the knee.
 */
#define KNEES_SIZES 32

struct knees;

/* Nothing is known; the arena's memory is zero and touched only as it is used. */
struct knees *knees_place(
	struct arena *arena, uint32_t agents_max, uint32_t pools_max, uint32_t kinds_max);

/* What runs on the agent is about to change: what it had until now is counted. */
void knees_pass(struct bal_core *core, const struct agent *agent);

/* An attempt ends there, and counts among what runs as yet. */
void knees_end(struct bal_core *core, const struct task *task, const struct agent *agent,
	enum bal_outcome outcome, int64_t service_ns);

/* A new agent takes this place, which knew another one. */
void knees_gone(struct bal_core *core, const struct agent *agent);

/* ---- saved states ---- */

/* Writes all of it; `flush` is called after at most 2 KiB each. Reads it into a fresh core with the
 * agents there; false when the bytes are none. */
typedef void knees_flush(void *context);
void knees_put(const struct bal_core *core, struct bytes_writer *writer, knees_flush *flush,
	void *context);
bool knees_read(struct bal_core *core, struct bytes_reader *reader);

/* What is learned of a pool, for snapshots: NULL when nothing is; and room for it. */
const struct knee *knees_of_pool(const struct bal_core *core, uint32_t pool);
struct knee *knees_room(struct bal_core *core, uint32_t pool);

#endif
