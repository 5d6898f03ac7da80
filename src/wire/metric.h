/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_METRIC_H
#define BAL_WIRE_METRIC_H

#include "table/metrics.h"
#include "wire/buffer.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * metric: the text of GET /metrics, in Prometheus' format 0.0.4 or as OpenMetrics 1.0.
 *
 *	struct metric_text text;
 *	metric_text_init(&text, &buffer, METRIC_FORMAT_PROMETHEUS);
 *	metric_family(&text, METRIC_TASKS_WAITING);
 *	metric_begin(&text, "");
 *	metric_label(&text, "priority", SPAN("normal"));
 *	metric_value(&text, 17);
 *	metric_text_end(&text);
 *
 * Label values come from users and are escaped; their names are ours and checked
 * ([a-zA-Z_:][a-zA-Z0-9_:]*): a wrong one sets buffer->failed.
 */
enum metric_format { METRIC_FORMAT_PROMETHEUS, METRIC_FORMAT_OPENMETRICS };

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum metric_id {
#define X(id, ...) METRIC_ID_##id,
	METRIC_MAP(X)
#undef X
		METRIC_ID_COUNT
};

/* What is known of a family beside its values; texts are static. */
struct metric_about {
	enum metric_type type;
	const char *name; /* whole */
	const char *help;
	const char *row; /* of the dashboard */
	const char *unit;
	const char *legend;
	const char *query; /* @ stands for the name; "" = no panel */
};

/* What the table says of a family; static. */
const struct metric_about *metric_about(enum metric_id id);

struct metric_text {
	struct buffer *buffer;
	enum metric_format format;
	enum metric_id family;
};

/* The format that an Accept field asks for: OpenMetrics where it is named and not refused (q=0),
 * since only what understands it names it. RFC 9110 section 12.5.1 in that one respect. */
enum metric_format metric_format_wanted(struct span accept);
const char *metric_content_type(enum metric_format format);

/* Begins a text; appends to the borrowed buffer, whose failed flag tells of want of room. */
void metric_text_init(struct metric_text *text, struct buffer *buffer, enum metric_format format);

/* What the format wants behind all families. */
void metric_text_end(struct metric_text *text);

/* The lines about a family; once, before its values. */
void metric_family(struct metric_text *text, enum metric_id id);

/* Begins a line of values of the family; labels and exactly one value follow. `suffix` is "" or
 * "_bucket", "_sum", "_count". */
void metric_begin(struct metric_text *text, const char *suffix);
void metric_label(struct metric_text *text, const char *name, struct span value);

/* End the line with a whole number, or with `value` units of 10^-decimals (at most 9). */
void metric_value(struct metric_text *text, int64_t value);
void metric_decimal(struct metric_text *text, int64_t value, unsigned decimals);

/* A family with a single value and no labels. */
void metric_single(struct metric_text *text, enum metric_id id, uint64_t value);

#endif
