/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_GZIP_H
#define BAL_WIRE_GZIP_H

#include "wire/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

/*
 * gzip: unpacking a gzip stream (RFC 1952, several members too) piece by piece, bounded in size and
 *in ratio, so that a small file cannot become a large problem.
 *
 *	while ((event = gzip_next(&reader, &input, out, sizeof(out), &size)) == GZIP_OUTPUT)
 *		use out[0 .. size)
 */
enum gzip_event {
	GZIP_MORE,   /* all input is used up */
	GZIP_OUTPUT, /* bytes were unpacked */
	GZIP_REFUSED /* for good; `reason` says why */
};

enum {
	GZIP_RATIO_MAX = 200,      /* unpacked bytes per packed byte ... */
	GZIP_RATIO_FREE = 1 << 16, /* ... beyond this many */
	GZIP_MAGIC_SIZE = 2
};

struct gzip_reader {
	const char *reason;
	uint64_t size_in;  /* bytes read */
	uint64_t size_out; /* bytes unpacked */

	/* Below is the reader's own. */
	z_stream stream;
	uint64_t size_max;
	bool between; /* no member is open: the stream may end here */
	bool refused;
};

/* True when the bytes begin like a gzip stream. */
bool gzip_detect(struct span start);

/* A reader that unpacks at most `size_max` bytes. False: no memory. */
bool gzip_init(struct gzip_reader *, uint64_t size_max);
void gzip_release(struct gzip_reader *);

/* Unpack from `input`, which moves, into at most `out_size` bytes at `out`; `size` says how many.
 */
enum gzip_event gzip_next(
	struct gzip_reader *, struct span *input, char *out, uint32_t out_size, uint32_t *size);

/* The stream has ended: true when its last member was complete (and there was one). */
bool gzip_end(struct gzip_reader *);

#endif
