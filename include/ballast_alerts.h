/* SPDX-License-Identifier: Apache-2.0
 *
 * ballast_alerts.h - what is watched and promised: rules, alerts, objectives.
 *
 * A part of ballast.h, which includes it and explains events, effects and times.  Values stream
 * into rules (BAL_EVENT_SAMPLE, and what the core finds out itself); a rule that holds for long
 * enough opens an alert, which is told by BAL_EFFECT_ALERT and looked up here.  Ends of tasks are
 * counted against objectives; what is done for one that is broken is a recovery.
 */
#ifndef BALLAST_ALERTS_H
#define BALLAST_ALERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballast_words.h"

struct bal_core;

#define BAL_RULE_TAG_WORDS 4 /* as many as a struct bal_tags has */

enum bal_alert_level {
#define X(name, text) BAL_ALERT_##name,
	BAL_ALERT_LEVEL_MAP(X)
#undef X
		BAL_ALERT_LEVEL_COUNT
};

enum bal_objective {
#define X(name, text) BAL_OBJECTIVE_##name,
	BAL_OBJECTIVE_MAP(X)
#undef X
		BAL_OBJECTIVE_COUNT
};

enum bal_objective_state {
#define X(name, text) BAL_OBJECTIVE_IS_##name,
	BAL_OBJECTIVE_STATE_MAP(X)
#undef X
		BAL_OBJECTIVE_STATE_COUNT
};

enum bal_measure {
#define X(name, text) BAL_MEASURE_##name,
	BAL_MEASURE_MAP(X)
#undef X
		BAL_MEASURE_COUNT
};

enum bal_recovery_step {
#define X(name, text) BAL_RECOVERY_##name,
	BAL_RECOVERY_MAP(X)
#undef X
		BAL_RECOVERY_COUNT
};

/* ---- events -------------------------------------------------------------------------------- */

/* One rule of table/rules.h as it is in force. */
struct bal_event_rule {
	uint32_t rule;
	bool enabled;
	int64_t threshold;  /* in its ladder's unit */
	int64_t sustain_ns; /* how long the value must be beyond it */
	int64_t clear;      /* the value that ends it; never beyond the threshold */
	int64_t clear_ns;
	uint64_t tag_words[BAL_RULE_TAG_WORDS]; /* only for agents and pools that offer all of
						 * these tags; none: for all */
};

/* What is promised of a kind. Targets of 0: no such objective. */
struct bal_event_objective {
	uint32_t kind;    /* BAL_NONE: of every kind that has none of its own and whose median
			   * service is under 10 s */
	bool enabled;     /* false: the standard ones apply to the kind again, or to none */
	bool recovers;    /* ballast acts by itself when it is broken */
	uint32_t measure; /* enum bal_measure */
	int64_t response_ns;
	uint32_t slowdown_permille;                    /* of measure SLOWDOWN */
	uint32_t target_permille[BAL_OBJECTIVE_COUNT]; /* the share that must be good */
};

/* ---- alerts ------------------------------------------------------------------------------- */

/* One thing that is, or was, wrong with one subject. */
struct bal_alert {
	uint64_t id;
	uint32_t ladder; /* what is wrong, a row of table/rules.h */
	uint32_t rule;   /* the rung it is on, or was last */
	uint32_t level;  /* enum bal_alert_level; NONE: it has cleared */
	uint32_t level_peak;
	uint32_t subject; /* enum bal_subject */
	uint32_t pool;    /* of the subject; BAL_NONE */
	uint64_t subject_id;
	uint32_t reason;  /* of the last change */
	int64_t since_ns; /* the value is beyond the threshold since */
	int64_t opened_at_ns;
	int64_t changed_at_ns;
	int64_t cleared_at_ns; /* BAL_NEVER_NS: it is open */
	int64_t seen_at_ns;    /* last value about it */
	int64_t value;         /* that led to the level */
	int64_t value_last;
	int64_t value_peak; /* the worst one */
	int64_t threshold;
	int64_t sustain_ns;
};

#define BAL_ALERT_STALE_NS INT64_C(90000000000) /* no value for longer: nothing is known */

/* ---- objectives --------------------------------------------------------------------------- */

#define BAL_BURN_WINDOWS 4 /* 5 and 30 minutes, 1 and 6 hours */

/* How one objective of a kind stands. Shares and burns are thousandths. */
struct bal_objective_view {
	bool applies;
	bool recovers;
	enum bal_objective_state state;
	int64_t since_ns; /* in this state */
	uint32_t target_permille;
	uint32_t measure;
	int64_t response_ns;
	uint32_t slowdown_permille;
	uint64_t good[BAL_BURN_WINDOWS], total[BAL_BURN_WINDOWS];
	int64_t burn_permille[BAL_BURN_WINDOWS]; /* bad share over allowed share; -1: no data */
	uint64_t budget_good, budget_total;      /* of the last 30 days */
	int64_t budget_permille;                 /* of the allowed bad ones that are left; may be
						  * negative */
};

/* One thing that ballast did because an objective was broken. */
struct bal_recovery {
	uint64_t id;
	uint32_t step; /* enum bal_recovery_step */
	uint32_t kind; /* whose objective it is */
	uint32_t objective;
	uint32_t pool;
	uint32_t priority;        /* SHED: this class and lower ones are refused */
	uint64_t agent;           /* EJECT: which one */
	uint64_t order;           /* SCALE_UP: by which order */
	int64_t good_permille;    /* what the objective's window looked like */
	uint32_t target_permille; /* what it should look like */
	int64_t begun_at_ns;
	int64_t ended_at_ns; /* BAL_NEVER_NS: it is in force */
	uint32_t reason;
};

/* Alerts that are open are walked by place, 0 .. bal_alerts_places() - 1; those that have cleared
 * by how many cleared later. False when there is none at that place, or so far back. */
uint32_t bal_alert_places(const struct bal_core *core);
bool bal_alert_at(const struct bal_core *core, uint32_t place, struct bal_alert *alert);
bool bal_alert_past(const struct bal_core *core, uint32_t back, struct bal_alert *alert);
bool bal_alert_find(const struct bal_core *core, uint64_t id, struct bal_alert *alert);

/* Alerts that the full table had no room for. */
uint64_t bal_alerts_dropped(const struct bal_core *core);

/* Alerts over a restart: rules, what is open or pending, and what has cleared. Save returns the
 * size it takes; what does not fit is not written. A fresh core with its names takes it before
 * START; false, without effect, when it is damaged, of other rules, or the core has alerts. Rules
 * are then as they were: those that changed since are told as events. */
size_t bal_alerts_save(const struct bal_core *core, void *to, size_t size);
bool bal_alerts_load(struct bal_core *core, const void *from, size_t size);

/* A rule as it is in force; false when there is no such rule. */
bool bal_rule_view(const struct bal_core *core, uint32_t rule, struct bal_event_rule *view);

/* How an objective of a kind stands; false when nothing is known of the kind. */
bool bal_objective_view(const struct bal_core *core, uint32_t kind, enum bal_objective objective,
	struct bal_objective_view *view);

/* What was done for objectives, newest first; and one of them by its id. */
bool bal_recovery_past(const struct bal_core *core, uint32_t back, struct bal_recovery *recovery);
bool bal_recovery_find(const struct bal_core *core, uint64_t id, struct bal_recovery *recovery);

/* Texts of the tables; "?" outside their range. */
const char *bal_alert_level_name(enum bal_alert_level level);
const char *bal_objective_name(enum bal_objective objective);
const char *bal_objective_state_name(enum bal_objective_state state);
const char *bal_measure_name(enum bal_measure measure);
const char *bal_recovery_name(enum bal_recovery_step step);

#endif
