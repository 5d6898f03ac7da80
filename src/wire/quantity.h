/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_QUANTITY_H
#define BAL_WIRE_QUANTITY_H

#include "wire/buffer.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * quantity: numbers with a unit, as people write them in the configuration, in the API and on the
 * command line. A unit is always written where one is meant (0 needs none): "timeout: 30" is
 * refused, since half of the world would mean milliseconds. Decimals are exact: "0.12 USD/h" never
 * passes through a double. A space between number and unit is allowed.
 */
enum quantity {
	QUANTITY_COUNT,  /* 12, or 100_000 */
	QUANTITY_TIME,   /* ns: ns us ms s m h d w, also composed: 1h30m */
	QUANTITY_MEMORY, /* bytes: B KiB MiB GiB TiB, and kB MB GB TB in powers of ten */
	QUANTITY_CPU,    /* thousandths of a core: "2 cores", "1 core", "500m" */
	QUANTITY_PRICE,  /* microcents per hour: USD/h */
	QUANTITY_SHARE,  /* permille: "80%", "12.5 %" */
	QUANTITY_KIND_COUNT
};

/* Read all of `text`. False when it is not such a quantity, is negative, or does not fit. */
bool quantity_read(struct span text, enum quantity, int64_t *value);

/* A rate, "30/min", "5/s", "100 / h": how many, and in which time. */
bool quantity_read_rate(struct span text, int64_t *count, int64_t *period_ns);

/* What is expected, for messages: "a time such as 30s, 5m or 1h30m". Static text. */
const char *quantity_expected(enum quantity);

/* Append `value` in the largest unit that shows it exactly: 90 s is "90s", 3600 s "1h". */
void quantity_write(struct buffer *, enum quantity, int64_t value);

/* Append a rate, such as "30/min". */
void quantity_write_rate(struct buffer *, int64_t count, int64_t period_ns);

#endif
