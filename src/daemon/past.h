/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_PAST_H
#define BAL_DAEMON_PAST_H

#include "ballast.h"
#include "store/store.h"
#include "wire/span.h"

/*
 * past: the past of signals in the store, so that it survives a restart: of pools, kinds, the host
 * and the store itself a row for each signal, grain (quarters of an hour for two weeks, hours for
 * 90 days) and day. The row of a day is written again whenever a quarter has closed; a crash costs
 * the open quarter at most, an orderly end nothing. Rows name their subject, since numbers change
 * from start to start; those of a subject that is gone stay until they are too old.
 */
struct past;

/* What the past is of, and where it is kept. All is borrowed. */
struct past_host {
	struct bal_core *core;
	struct store *store;
	uint32_t trails_max; /* of the core's limits */
	/* The number of a kind or pool, given now if need be; BAL_NONE: there is no room. */
	uint32_t (*intern)(void *self, enum bal_symbol_space space, struct span name);
	struct span (*name)(void *self, enum bal_symbol_space space, uint32_t number);
	void (*say)(void *self, enum store_severity severity, const char *line);
	void *self;
};

/* NULL without memory. */
struct past *past_open(const struct past_host *host);
void past_close(struct past *past);

/* Reads all rows into a core that is not started, at this time of the wall clock. */
void past_load(struct past *past, int64_t wall_ns);

/* Once a second: writes what has closed of some signals, and from time to time deletes what is too
 * old. Never waits for the disk. */
void past_tick(struct past *past, int64_t wall_ns);

/* At the end: writes everything, open slots too. */
void past_save(struct past *past);

struct past_counts {
	uint64_t read, refused;
};

/* Rows that past_load has read, and those among them that were not taken. */
struct past_counts past_count(const struct past *past);

#endif
