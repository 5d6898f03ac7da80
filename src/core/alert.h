/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_ALERT_H
#define BAL_CORE_ALERT_H

#include "core/rule.h"

struct arena;
struct bytes_reader;
struct bytes_writer;

/*
 * alert: what is wrong and for how long, by the rules of table/rules.h.
 *
 * Values stream through: nothing of a subject is kept but when its value crossed a threshold. A
 * ladder and subject have at most one alert, at the highest rung that holds. Only evidence moves
 * it: while no sample comes, nothing fires, nothing clears, and the time is not counted.
 */
#define ALERT_OPEN_MAX 4096 /* open and pending ones; more are counted and dropped */
#define ALERT_PAST_MAX 512  /* cleared ones that are remembered */
#define ALERT_RUNGS    3
#define ALERT_STALE_NS                                                                             \
	(INT64_C(90) * 1000000000) /* a longer silence is none of the rule's time                  \
				    */

#define ALERT_RETURN_NS (INT64_C(600) * 1000000000) /* after a restart, for agents to come back */

struct alert_book;

/* A book with the rules as the table has them once alert_begin was called; the arena's memory is
 * zero. What one event may end must fit into the outbox: a quarter of its effects bounds it too. */
struct alert_book *alert_place(struct arena *arena, uint32_t effects_max);
void alert_begin(struct alert_book *book);

/* One accepted value: of a signal, or a fact (enum rule_input) of the core's own. */
void alert_observe(struct bal_core *core, enum bal_subject subject, uint64_t id, uint32_t input,
	int64_t value);

/* The subject is gone: its alerts end. */
void alert_gone(struct bal_core *core, enum bal_subject subject, uint64_t id);

/* Ends alerts, kept over a restart, about agents that have not come back. */
void alert_expire(struct bal_core *core);

/* Changes a rule; what was pending or open by it begins anew. INVALID: the numbers make none. */
enum bal_status alert_rule(struct bal_core *core, const struct bal_event_rule *conf);

/* Alerts that are open or pending. */
uint32_t alert_count(const struct alert_book *book);

/* ---- views, see those of ballast.h ---- */

/* The open alert at a place; the one that cleared `back` others ago; the one with this id. False
 * when there is none. */
bool alert_at(const struct alert_book *book, uint32_t place, struct bal_alert *alert);
bool alert_past(const struct alert_book *book, uint32_t back, struct bal_alert *alert);
bool alert_find(const struct alert_book *book, uint64_t id, struct bal_alert *alert);

/* Alerts that the table had no room for. */
uint64_t alert_dropped(const struct alert_book *book);

/* A rule as it is in force; NULL when there is none of that number. */
const struct bal_event_rule *alert_rule_conf(const struct alert_book *book, uint32_t rule);

/* ---- saved states: alert_form.c ---- */

/* Writes all of the book. `flush` is called after at most 1 KiB each. */
typedef void alert_flush(void *context);
void alert_put(const struct alert_book *book, struct bytes_writer *writer, alert_flush *flush,
	void *context);

/* Reads it into a fresh book; false when the bytes are none. */
bool alert_read(struct alert_book *book, struct bytes_reader *reader);

/* The name of the first invariant that is broken; NULL when all hold. */
const char *alert_check(const struct alert_book *book, int64_t now_ns);

#endif
