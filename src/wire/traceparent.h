/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_TRACEPARENT_H
#define BAL_WIRE_TRACEPARENT_H

#include "wire/span.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * traceparent: where a request stands in a trace of many services. Source: W3C Trace Context,
 * section 3.2: "00-" 32 hex digits of the trace, 16 of the caller's span, 2 of flags; none of the
 * ids is all zero. Versions after 00 may carry more behind that.
 */
#define TRACEPARENT_SIZE    56 /* with the terminating zero */
#define TRACEPARENT_SAMPLED 1u

struct traceparent {
	uint64_t trace[2]; /* the first half first */
	uint64_t span;
	uint8_t flags;
};

/* False, and `to` unchanged, when the text is none. */
bool traceparent_read(struct span text, struct traceparent *to);

/* Writes it in version 00. */
void traceparent_write(const struct traceparent *from, char text[TRACEPARENT_SIZE]);

#endif
