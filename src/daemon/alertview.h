/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_ALERTVIEW_H
#define BAL_DAEMON_ALERTVIEW_H

#include "daemon/engine.h"
#include "wire/jsonwrite.h"
#include "wire/metric.h"

/* Alerts, objectives and recoveries with names instead of numbers: as JSON and as a line. */

#define ALERTVIEW_NAME_SIZE 192
#define ALERTVIEW_LINE_SIZE 1024

struct silence;

/* An alert as JSON; `silence` is the one that it falls under, NULL: none. */
void alertview_write(struct engine *engine, const struct bal_alert *alert,
	const struct silence *silence, struct json_writer *writer);

/* What is known about a subject's name: "coder-1", "host". Always terminated. */
void alertview_name(
	struct engine *engine, uint32_t subject, uint64_t id, char name[ALERTVIEW_NAME_SIZE]);

/* The word of what is wrong, and one sentence about it. */
const char *alertview_word(const struct bal_alert *alert);
void alertview_line(
	struct engine *engine, const struct bal_alert *alert, char line[ALERTVIEW_LINE_SIZE]);

/* What ballast does about it, in words. */
void alertview_doing(
	struct engine *engine, const struct bal_alert *alert, char line[ALERTVIEW_LINE_SIZE]);

/* A value in the unit of its rule, for people: "93%", "2s", "101". */
void alertview_value(const struct bal_alert *alert, int64_t value, char text[ALERTVIEW_NAME_SIZE]);

/* A rule as it is in force. */
void alertview_write_rule(
	const struct bal_event_rule *rule, struct engine *engine, struct json_writer *writer);

/* The objectives of a kind that apply to it, as elements of an array. */
void alertview_write_objectives(struct engine *engine, uint32_t kind, struct json_writer *writer);

/* The same and the open alerts for /metrics; of the first kinds only, since labels must be few. */
void alertview_metrics(struct engine *engine, struct metric_text *text);

/* A recovery as JSON, and as a sentence. */
void alertview_write_recovery(
	struct engine *engine, const struct bal_recovery *recovery, struct json_writer *writer);
void alertview_recovery_line(
	struct engine *engine, const struct bal_recovery *recovery, char line[ALERTVIEW_LINE_SIZE]);

#endif
