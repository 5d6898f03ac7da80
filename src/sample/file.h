/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_FILE_H
#define BAL_SAMPLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Small files of the kernel: one open, one read, one close, no stdio and no memory. */

/* Reads at most data_size - 1 bytes and terminates them. Returns the bytes read, or -1. */
ssize_t file_read(const char *path, char *data, size_t data_size);

/* The same of `name` in an open directory; errno tells the failure. */
ssize_t file_read_at(int directory, const char *name, char *data, size_t data_size);

/* Writes the text to an existing file by one write; false with errno. */
bool file_write(const char *path, const char *text);

/* The file holds one non-negative decimal number. */
bool file_number(const char *path, int64_t *value);

/* Reads a non-negative decimal number at *at and moves *at behind it; false (and *at unmoved) when
 * there is none or it does not fit. */
bool file_number_parse(const char **at, int64_t *value);

/* The number after `key` and a blank, where `key` begins a line of `text`; false when absent. */
bool file_number_keyed(const char *text, const char *key, int64_t *value);

/* The line of `text` that begins with the word `key`; NULL when there is none. */
const char *file_line(const char *text, const char *key);

/* The number right behind the first `mark` (" total=") of the line that `line` points to; false
 * when the line has none. */
bool file_number_marked(const char *line, const char *mark, int64_t *value);

#endif
