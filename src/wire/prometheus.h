/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_PROMETHEUS_H
#define BAL_WIRE_PROMETHEUS_H

#include "wire/buffer.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * prometheus: the text exposition format 0.0.4, for GET /metrics.
 *
 *	prometheus_family(&buffer, "ballast_tasks_total", PROMETHEUS_COUNTER, "Tasks by outcome.");
 *	prometheus_name(&buffer, "ballast_tasks_total", "");
 *	prometheus_label(&buffer, "pool", SPAN("coder"));
 *	prometheus_value(&buffer, 17);
 *
 * Names are ours and checked ([a-zA-Z_:][a-zA-Z0-9_:]*): a wrong one sets buffer->failed. Label
 *values come from users and are escaped.
 */
#define PROMETHEUS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum prometheus_type { PROMETHEUS_COUNTER, PROMETHEUS_GAUGE, PROMETHEUS_HISTOGRAM };

/* The HELP and TYPE lines; once per name, before its values. */
void prometheus_family(struct buffer *, const char *name, enum prometheus_type, const char *help);

/* Begin a line of values; labels and exactly one value follow. `suffix` is "" or "_bucket" etc. */
void prometheus_name(struct buffer *, const char *name, const char *suffix);
void prometheus_label(struct buffer *, const char *name, struct span value);

/* End the line with a whole number, or with `value` units of 10^-decimals (at most 9). */
void prometheus_value(struct buffer *, int64_t value);
void prometheus_decimal(struct buffer *, int64_t value, unsigned decimals);

#endif
