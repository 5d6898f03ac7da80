/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_VIGIL_H
#define BAL_CORE_VIGIL_H

#include "core/anomaly.h"

#include <stdbool.h>
#include <stdint.h>

struct bytes_reader;
struct bytes_writer;

/*
 * vigil: whether a live series of bins behaves as it usually does. It scores each closed bin,
 * says from when to when the series was odd, and which stretches are no example for forecasts.
 *
 * A series becomes odd with a point of VIGIL_ODD or more. It stays so until VIGIL_CALM_BINS in a
 * row were ordinary, and for VIGIL_ODD_BINS_MAX at most: what lasts longer is how it is now.
 */
#define VIGIL_ODD          0.5
#define VIGIL_SURE         0.7 /* noise does not come here: worth an alert */
#define VIGIL_CALM_BINS    6
#define VIGIL_ODD_BINS_MAX 288 /* a day of five minutes */
#define VIGIL_EVENT_BINS   36  /* what was odd for longer is a change, and forecasts learn it */
#define VIGIL_STRETCHES    16

/* Bins that were odd. */
struct vigil_stretch {
	int64_t first;
	uint32_t count; /* 0: none */
};

/* Of one series, about 50 KiB. */
struct vigil {
	double score; /* of the newest bin, 0 .. 1 */
	bool is_odd;
	uint32_t calm;             /* ordinary bins since the last odd one */
	struct vigil_stretch open; /* from where it became odd to the last odd bin */
	struct vigil_stretch past[VIGIL_STRETCHES]; /* a ring of short ones */
	uint32_t next;
	struct anomaly anomaly;
};

/* A series of which nothing is known. */
void vigil_init(struct vigil *watch);

/* The value of the bin with this number, which began at at_ns; NaN: missing. True when the series
 * became odd, or ordinary again. Bins come in order; with one that does not, the clock was set back
 * and what is known of earlier stretches is dropped. */
bool vigil_add(struct vigil *watch, int64_t bin, int64_t at_ns, double value);

/* True when forecasts should not learn from these bins: a quarter of them or more were odd. */
bool vigil_leaves_out(const struct vigil *watch, int64_t first, uint32_t count);

/* ---- saved states: vigil_form.c ---- */

/* Writes all of it, `flush` is called after at most 1 KiB each when it is not NULL; and reads it
 * back, false when the bytes are none. */
void vigil_put(const struct vigil *watch, struct bytes_writer *writer, void (*flush)(void *context),
	void *context);
bool vigil_read(struct vigil *watch, struct bytes_reader *reader);

/* The name of the first rule that is broken; NULL when all hold. */
const char *vigil_check(const struct vigil *watch);

#endif
