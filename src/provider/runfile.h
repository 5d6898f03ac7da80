/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_RUNFILE_H
#define BAL_PROVIDER_RUNFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The form of the small files in a run directory: lines "KEY SIZE:BYTES", the last one "end 0:".
 * People can read it, and bytes of any kind pass through it.
 */

struct runfile_writer {
	char *data; /* borrowed */
	size_t size;
	size_t used;
	bool overflow; /* something did not fit; the record is unusable */
};

struct runfile_reader {
	char *data; /* borrowed, changed: keys and values get terminators */
	size_t size;
	size_t used;
	bool ended; /* the last line was read and nothing follows it */
};

struct runfile_field {
	const char *key;
	const char *value; /* terminated; may contain zero bytes before the end */
	size_t size;
};

/* Begins an empty record in `size` bytes at `data`. */
void runfile_writer_init(struct runfile_writer *writer, char *data, size_t size);

/* Appends one line; `key` is at most 31 characters, without a blank. Sets overflow when it does not
 * fit. */
void runfile_put(struct runfile_writer *writer, const char *key, const char *value, size_t size);
/* As runfile_put, with a terminated string. */
void runfile_put_text(struct runfile_writer *writer, const char *key, const char *value);
/* As runfile_put, with a number in decimal. */
void runfile_put_number(struct runfile_writer *writer, const char *key, int64_t value);

/* The last line. Returns the bytes of the record, 0 after an overflow. */
size_t runfile_finish(struct runfile_writer *writer);

/* Begins to read the record of `size` bytes at `data`, which the reader changes. */
void runfile_reader_init(struct runfile_reader *reader, char *data, size_t size);

/* The next field; false at the end (then reader->ended is true) and at the first malformed byte
 * (then it is not). */
bool runfile_next(struct runfile_reader *reader, struct runfile_field *field);

/* True when the field is a text without zero bytes. */
bool runfile_text(const struct runfile_field *field);

/* The field as a number; false when it is none. */
bool runfile_number(const struct runfile_field *field, int64_t *value);

/* Replaces `name` in the directory in one step: readers see the old or the new content. `durable`:
 * on disk before true is returned. False with errno. */
bool runfile_save(int directory_fd, const char *name, const char *data, size_t size, bool durable);

/* Reads the whole file; -1 when there is none or it is larger than `size`. */
ssize_t runfile_load(int directory_fd, const char *name, char *data, size_t size);

#endif
