/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_DAEMON_PASTWORLD_H
#define TEST_DAEMON_PASTWORLD_H

#include "daemon/names.h"
#include "daemon/past.h"

/*
 * pastworld: a core whose signals are of kinds, its names, and a real store with their past, all in
 * virtual time; for tests and measurements.
 */
struct pastworld {
	struct bal_limits limits;
	struct bal_core *core;
	void *memory;
	struct names *names;
	struct store *store;
	struct past *past;
	int64_t wall_ns, offset_ns;
	uint32_t strangers; /* names interned first, so that numbers differ from life to life */
	uint32_t said;
	char line[256]; /* the last one said, by the store or by the past */
};

/* Opens the store, reads the past and starts the core, at this time of the wall clock. `world` has
 * limits, or zeros for small ones, and strangers. False when there is no store. */
bool pastworld_open(struct pastworld *world, const struct store_ops *ops, const char *directory,
	int64_t wall_ns);

/* Takes over an open store instead. */
void pastworld_start(struct pastworld *world, struct store *store, int64_t wall_ns);

/* Ends it in order, with all open slots written; or with nothing more written, as a crash would,
 * except that what the store has accepted is committed. */
void pastworld_close(struct pastworld *world);
void pastworld_crash(struct pastworld *world);

/* As close, but the store stays and is returned. */
struct store *pastworld_stop(struct pastworld *world);

/* A sample of a kind, or of the host (kind NULL), at the present time. */
void pastworld_sample(
	struct pastworld *world, const char *kind, enum bal_signal signal, int64_t value);

/* Goes on to this time, with as many ticks of the past as write all there is. */
void pastworld_go(struct pastworld *world, int64_t wall_ns);

/* The signal of a kind, or of the host; false when there is none. */
bool pastworld_find(const struct pastworld *world, const char *kind, enum bal_signal signal,
	struct bal_signal_view *view);

#endif
