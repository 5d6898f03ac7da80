/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_RECORDER_H
#define BAL_DAEMON_RECORDER_H

#include "ballast.h"

/*
 * The recorder writes every event that the core was fed, with the digest of the effects it led to,
 * so that `ballast replay` can check that the same events still lead to the same effects.  A
 * segment of the journal begins with the limits and the full state of the core.
 *
 * It is off unless the configuration says `journal: true`.
 */
struct recorder;

/* Keeps the journal in `directory`.  NULL with a sentence. */
struct recorder *recorder_open(
	const char *directory, const struct bal_limits *limits, char *message, size_t message_size);

/* Before a step: begins a segment with the core's state when one is due. */
void recorder_before(struct recorder *recorder, const struct bal_core *core);

/* After a step: the event and what came of it.  Never waits; what does not fit is dropped, and a
 * new segment then begins. */
void recorder_after(struct recorder *recorder, const struct bal_event *event,
	const struct bal_effects *effects);

/* Writes what waits. */
void recorder_close(struct recorder *recorder);

/* Makes a core as it was at the beginning of a segment, in a block that the caller frees.  NULL
 * when the snapshot is damaged or of another version. */
struct bal_core *recorder_restore(const void *snapshot, size_t size, void **block);

#endif
