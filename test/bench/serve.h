/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_SERVE_H
#define BENCH_SERVE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * serve: just enough HTTP/1.1 for both ends of a benchmark: messages with a Content-Length on
 * connections that stay open.  Not for anything that talks to strangers.
 */

/* Length of the first whole message in the bytes, head and body; 0 while it is not complete. */
size_t message_size(const char *bytes, size_t count);

/* Reads decimal text; false when it is not a number or larger than max. */
bool read_number(const char *text, unsigned long max, unsigned long *number);

#endif
