/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_EXPOSED_H
#define BAL_WIRE_EXPOSED_H

#include "wire/span.h"

/*
 * exposed: the metrics that a program exposes, in the text format of Prometheus (and what
 * OpenMetrics has in common with it), read line by line without a copy. What is not such a line is
 * left out and counted: a program that says a strange thing is still heard about the others.
 */
#define EXPOSED_LINES_MAX 20000 /* lines of one text that are looked at, the rest is left out */
#define EXPOSED_LINE_MAX  4096  /* bytes of one */
#define EXPOSED_NAME_MAX  128   /* bytes of a name */

struct exposed {
	struct span rest; /* not read yet; absent at the end */
	uint32_t lines;
	uint32_t broken;   /* lines that are none, or too long */
	uint32_t nonsense; /* values that are no finite number */
	bool cut;          /* there were more lines than are looked at */
};

/* One value of one metric; spans point into the text. */
struct exposed_value {
	struct span name;
	struct span labels; /* between the braces; empty when there are none */
	double value;       /* finite */
};

/* Begins with a text, which has to stay while it is read. */
void exposed_init(struct exposed *exposed, struct span text);

/* The next value. False at the end. */
bool exposed_next(struct exposed *exposed, struct exposed_value *value);

/* The value of a label as it is written, that is, with its backslashes. False when there is none of
 * that name. */
bool exposed_label(const struct exposed_value *value, struct span name, struct span *text);

#endif
