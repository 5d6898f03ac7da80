/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_JOURNAL_H
#define BAL_STORE_JOURNAL_H

#include "store/row.h"

#include <stddef.h>

/*
 * The journal of events: a recording of what the core was told, for replay and for looking into
 * what happened. It is diagnostics: appending never waits for a disk, files and memory are bounded,
 * and when something does not fit it is dropped and counted, never the other way round.
 *
 * A segment is one file, journal-NUMBER, that can be replayed by itself: it begins with a snapshot
 * of the core's state. Whether a new one is due the journal says; the owner then makes the snapshot
 * and begins it. What snapshot and records hold is the owner's affair.
 *
 *   header   48 bytes: magic u64, version u32, 0 u32, number u64, created_at_ns i64,
 *            snapshot size u64, snapshot CRC32C u32, CRC32C of the 44 bytes before u32
 *   snapshot
 *   records  20 bytes: size u32, version u32, digest u64, CRC32C of these 16 bytes and the content
 *            u32; then the content
 *
 * All numbers are little-endian. The framing is final: new kinds of content take new versions.
 */

#define JOURNAL_MAGIC              UINT64_C(0x314c4e524a4c4142) /* "BALJRNL1" */
#define JOURNAL_VERSION            1
#define JOURNAL_HEADER_SIZE        48
#define JOURNAL_RECORD_HEADER_SIZE 20
#define JOURNAL_RECORD_SIZE_MAX    (UINT32_C(1) << 20)
#define JOURNAL_SNAPSHOT_SIZE_MAX  (UINT64_C(1) << 30)
#define JOURNAL_SEGMENTS_MAX       UINT32_C(10000)
#define JOURNAL_PATH_SIZE_MAX      4096

#define JOURNAL_SEGMENT_SIZE (UINT64_C(16) << 20)

/* Records wait in memory for this long at most, and take this much of it. */
#define JOURNAL_FLUSH_NS         INT64_C(200000000)
#define JOURNAL_PENDING_SIZE_MAX (UINT64_C(4) << 20)

/* After a failed write no new segment is due for this long. */
#define JOURNAL_RETRY_NS INT64_C(10000000000)

/* --- writing --- */

struct journal;

struct journal_options {
	const char *directory;     /* is made when missing */
	uint64_t segment_size_max; /* of its records: a new segment is due then; at twice as much
				    * records are dropped. 0: JOURNAL_SEGMENT_SIZE */
	uint32_t segments_max;     /* files kept; the oldest goes when a new one begins */
};

struct journal_counts {
	uint64_t records; /* accepted */
	uint64_t dropped; /* no room in memory or in the segment, no segment, or the write failed */
	uint64_t segments;
	int error; /* errno of the last failed write, 0 when the last one succeeded */
};

/* Opens the directory and starts the writing thread; numbers go on after the segments there. NULL
 * on failure, with errno. */
struct journal *journal_open(const struct journal_options *options);

/* Writes what waits, ends the thread, frees all. */
void journal_close(struct journal *journal);

/* True when a segment should begin now: there is none, it is full, or something was dropped, after
 * which the rest of a segment could not be replayed. */
bool journal_due(struct journal *journal);

/* Begins a segment with a snapshot, a malloc'ed block, which the journal takes and sets to NULL.
 * False, and nothing taken, when the snapshot of another segment is still being written. */
bool journal_begin(struct journal *journal, void **take_snapshot, size_t size);

/* Appends a record; false when it was dropped. */
bool journal_append(
	struct journal *journal, uint32_t version, uint64_t digest, const void *data, size_t size);

/* Numbers since the start. */
void journal_count(struct journal *journal, struct journal_counts *counts);

/* --- reading --- */

struct journal_record {
	uint32_t version;
	uint64_t digest;
	const uint8_t *data; /* inside the reader's bytes */
	uint32_t size;
};

struct journal_reader {
	const uint8_t *bytes; /* of the whole segment; borrowed */
	size_t size;
	size_t used;
	uint64_t number;
	int64_t created_at_ns;
	const uint8_t *snapshot; /* inside bytes */
	size_t snapshot_size;
	size_t dropped; /* after the last record: bytes of a torn or damaged tail */
};

enum journal_found {
	JOURNAL_READ,    /* it is good */
	JOURNAL_FOREIGN, /* not a journal segment */
	JOURNAL_NEWER,   /* of a version that this program does not know */
	JOURNAL_DAMAGED, /* header or snapshot cut short or changed */
};

/* Checks header and snapshot of a segment in memory. */
enum journal_found journal_reader_init(
	struct journal_reader *reader, const void *bytes, size_t size);

/* The next record; false at the end. Then reader->dropped tells how many bytes behind the last good
 * record could not be used: 0 after an orderly stop. */
bool journal_read(struct journal_reader *reader, struct journal_record *record);

/* Reads a file into a malloc'ed block; NULL with errno on failure. */
void *journal_load(const char *path, size_t *size);

/* Fills `numbers` with those of the segments in a directory, ascending, the newest if there are
 * more than `capacity`; returns how many, 0 also when the directory cannot be read. */
uint32_t journal_list(const char *directory, uint64_t *numbers, uint32_t capacity);

/* Path of a segment into `path` (JOURNAL_PATH_SIZE_MAX); false when it is too long. */
bool journal_path(const char *directory, uint64_t number, char *path);

#endif
