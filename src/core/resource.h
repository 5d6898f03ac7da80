/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_RESOURCE_H
#define BAL_CORE_RESOURCE_H

#include "ballast.h"

struct agent;
struct arena;
struct bytes_reader;
struct bytes_writer;

/*
 * resource: what the agents of each pool use together, and the store, from samples; levels for the
 * series; and when memory or storage is used up.
 *
 * A pool uses the sum of its agents' means over a bin. Who left in the bin is not counted; while
 * one that reports was silent for a bin, what the pool used in it is not known, and after an hour
 * of silence it is counted out. Beyond the forecast, an agent's memory and the storage are watched
 * for what rises and does not come back, which shows much sooner than the sum of a pool does.
 */
#define RESOURCE_SILENT_MAX 12 /* bins */

struct resource;

/* Nobody has reported; the arena's memory is zero and touched only as it is used. */
struct resource *resource_place(struct arena *arena, uint32_t agents_max, uint32_t pools_max);

/* An accepted sample, of any subject and signal. Tells the alerts what follows from it. */
void resource_sample(struct bal_core *core, const struct bal_event_sample *sample);

/* The agent is gone. */
void resource_gone(struct bal_core *core, const struct agent *agent);

/* Whether an agent's memory rises for good: the confidence, 0 for none, and when its limit is
 * reached; BAL_NEVER_NS. */
void resource_rise(const struct bal_core *core, const struct agent *agent, uint32_t *leak_permille,
	int64_t *full_in_ns);

/* Tells the series the levels of the open bin, and begins the next one. */
void resource_tell(struct bal_core *core);
void resource_begin_bin(struct bal_core *core);

/* bal_series_now and bal_exhaustion. */
bool resource_now(
	const struct bal_core *core, uint32_t number, enum bal_series series, double *value);
bool resource_exhaustion(const struct bal_core *core, uint32_t number, enum bal_series series,
	struct bal_exhaustion *exhaustion);

/* ---- saved states ---- */

/* Writes all of it. `flush` is called after at most 1 KiB each. */
typedef void resource_flush(void *context);
void resource_put(const struct bal_core *core, struct bytes_writer *writer, resource_flush *flush,
	void *context);

/* Reads it into a fresh core with the agents there; false when the bytes are none. */
bool resource_read(struct bal_core *core, struct bytes_reader *reader);

/* Over a restart: writes the trends of the first RESOURCE_KEPT_MAX agents and of the storage, 2.3
 * KiB each; reads them, with effect if `apply` is true: agents that come back go on with theirs.
 * False when the bytes are none, which has to be found without effect first. */
#define RESOURCE_KEPT_MAX 1024
void resource_trends_put(const struct bal_core *core, struct bytes_writer *writer);
bool resource_trends_read(struct bal_core *core, bool apply, struct bytes_reader *reader);

/* The name of the first rule that is broken; NULL when all hold. */
const char *resource_check(const struct bal_core *core);

#endif
