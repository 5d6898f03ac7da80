/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_ARCHIVE_H
#define BAL_DAEMON_ARCHIVE_H

#include "daemon/engine.h"

/*
 * archive: ended tasks leave the store when `retention` is over, and sooner, the oldest first, when
 * the store fills 85 % of `store.max_bytes`: then as many as bring it to 70 %, none younger than
 * `store.keep`.
 *
 * What is to be archived is written to a file of JSON lines, gzip, in `store.archive`: the file is
 * on disk under its final name before the first of its tasks is deleted. So a task is in the store,
 * in the archive, or (after a crash at the wrong moment) in both. Work is done in small pieces
 * between others; how far it is can be asked for at any time.
 */
struct archive;

enum archive_phase { ARCHIVE_IDLE, ARCHIVE_SURVEYING, ARCHIVE_WRITING, ARCHIVE_DELETING };

struct archive_progress {
	enum archive_phase phase;
	uint64_t written, deleted;           /* tasks of the sweep under way, or of the last one */
	uint64_t written_ever, deleted_ever; /* since the start */
	uint64_t used_bytes, max_bytes;      /* of the store; 0 = not known, no quota */
};

/* NULL without memory. The engine has to outlive it. */
struct archive *archive_open(struct engine *engine);
void archive_close(struct archive *archive);

/* How far it is; all zero without an archive. */
struct archive_progress archive_progress(const struct engine *engine);

/* Text of a phase: "idle", "surveying", "writing", "deleting". */
const char *archive_phase_name(enum archive_phase phase);

#endif
