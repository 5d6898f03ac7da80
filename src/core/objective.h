/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_OBJECTIVE_H
#define BAL_CORE_OBJECTIVE_H

#include "core/state.h"

struct arena;
struct bytes_reader;
struct bytes_writer;

/*
 * objective: what is promised of each kind's tasks, and how far it is kept.
 *
 * What happens to tasks is counted, as good or bad for each objective, in bins of a minute for six
 * hours and of six hours for 30 days. A burn rate is the share of bad ones over the share that is
 * allowed: at 1 the budget lasts just as long as its period. A kind costs nothing until its first
 * task, then 25 KiB.
 */
#define OBJECTIVE_KINDS_MAX 1024 /* kinds with higher numbers have no objectives */

/* The windows of burn rates. */
enum objective_window {
	OBJECTIVE_5_MIN,
	OBJECTIVE_30_MIN,
	OBJECTIVE_1_HOUR,
	OBJECTIVE_6_HOURS,
	OBJECTIVE_WINDOW_COUNT
};

struct objective_book;

/* A book for kinds 0 .. kinds_max - 1; the arena's memory is zero. objective_begin gives it the
 * standard objectives. */
struct objective_book *objective_place(struct arena *arena, uint32_t kinds_max);
void objective_begin(struct objective_book *book);

/* The objectives that apply by themselves; the core acts on none before its host says so. And
 * whether a kind's own numbers make sense. */
struct bal_event_objective objective_standard(void);
bool objective_valid(const struct bal_core *core, const struct bal_event_objective *conf);

/* Takes over what is promised of a kind, or of all others. INVALID: it makes no sense. */
enum bal_status objective_set(struct bal_core *core, const struct bal_event_objective *conf);

/* ---- what happens ---- */

/* A task was admitted; went out for the first time; ended. */
void objective_arrived(struct bal_core *core, const struct task *task);
void objective_started(struct bal_core *core, const struct task *task);
void objective_ended(struct bal_core *core, const struct task *task);

/* An attempt of the kind succeeded after so long: which kinds are short follows from it. */
void objective_served(struct bal_core *core, uint32_t kind, int64_t service_ns);

/* A sample about the kind; ratings and first bytes are counted. */
void objective_sample(struct bal_core *core, uint32_t kind, uint32_t signal, int64_t value);

/* ---- what it comes to ---- */

/* Kinds from here on have no objectives. */
uint32_t objective_kinds_high(const struct objective_book *book);

/* True while something was counted in the last six hours, so that looks make sense. */
bool objective_is_busy(const struct bal_core *core);

/* One look at a kind, every ten seconds: counts whether it could be served, and works out the
 * states anew. False when nothing is known of it. */
bool objective_look(struct bal_core *core, uint32_t kind);

/* What is promised of the kind now; NULL: nothing. */
const struct bal_event_objective *objective_of(const struct bal_core *core, uint32_t kind);

/* The lane that its last task came by; BAL_NONE. */
uint32_t objective_lane(const struct bal_core *core, uint32_t kind);

/* See struct bal_objective_view. */
bool objective_view(const struct bal_core *core, uint32_t kind, enum bal_objective objective,
	struct bal_objective_view *view);

/* Bad share over allowed share, in thousandths; -1: nothing was counted. */
int64_t objective_burn(uint64_t good, uint64_t total, uint32_t target_permille);

/* What was counted in the last five minutes, whether or not anything is promised: good ones of
 * all. Windows move on first, so that silence is seen as such. */
void objective_recent(struct bal_core *core, uint32_t kind, enum bal_objective objective,
	uint64_t *good, uint64_t *total);

/* The same of this quarter of the day on earlier days, of which at least `days` had something;
 * false when fewer had. */
bool objective_usual(const struct bal_core *core, uint32_t kind, enum bal_objective objective,
	uint32_t days, uint64_t *good, uint64_t *total);

/* Mean response time over its limit in the last five minutes, in permille; -1: not known. */
int64_t objective_response_ratio(const struct bal_core *core, uint32_t kind);

/* Tasks that came in the last five minutes. */
uint64_t objective_arrivals(const struct bal_core *core, uint32_t kind);

/* ---- saved states: objective_form.c ---- */

/* Writes all of the book. `flush` is called after at most 1 KiB each. */
typedef void objective_flush(void *context);
void objective_put(const struct objective_book *book, struct bytes_writer *writer,
	objective_flush *flush, void *context);

/* Reads it into a fresh book; false when the bytes are none. */
bool objective_read(struct objective_book *book, struct bytes_reader *reader);

/* What a snapshot holds of a kind, and back: into a kind of which nothing was counted, or nowhere
 * (BAL_NONE). False when the bytes are none. */
bool objective_has_counts(const struct objective_book *book, uint32_t kind);
void objective_kind_put(
	const struct objective_book *book, uint32_t kind, struct bytes_writer *writer);
bool objective_kind_read(struct bal_core *core, uint32_t kind, struct bytes_reader *reader);

/* The name of the first invariant that is broken; NULL when all hold. */
const char *objective_check(const struct objective_book *book);

#endif
