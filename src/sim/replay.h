/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_REPLAY_H
#define BAL_SIM_REPLAY_H

#include "ballast.h"

/* replay: feeds recorded events to a core and compares what it wants with what it wanted then.
 *
 * A record is one event as bal_event_encode wrote it, and the digest of the effects that its step
 * handed over: bal_effects_digest(0, effects).  Steps that only hand over more effects are records
 * like all others; replay uses the same capacity of effects as the recording did. */

#define REPLAY_EFFECTS 256

enum replay_status {
	REPLAY_SAME,
	REPLAY_DIFFERS, /* the core wants something else now */
	REPLAY_DAMAGED  /* the record is not an event */
};

struct replay {
	struct bal_core *core; /* borrowed */
	uint64_t record_count; /* records fed so far; the last one is the one that differs */
	uint64_t digest_wanted, digest_found; /* of the last record */
	struct bal_event event;               /* the last one; its texts point into the record */
	struct bal_effects effects;           /* that it led to */
	struct bal_effect items[REPLAY_EFFECTS];
};

/* Begins with a core in the state that the recording began with: a fresh one, or one that the
 * caller loaded from the recording's snapshot.  replay must stay where it is. */
void replay_init(struct replay *replay, struct bal_core *core);

/* Feeds one record.  After anything but SAME the rest of the recording says nothing. */
enum replay_status replay_feed(
	struct replay *replay, const void *record, size_t size, uint64_t digest);

#endif
