/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TABLE_TRIGGERS_H
#define BAL_TABLE_TRIGGERS_H

/*
 * What orders agents beside the load: core/trigger.c decides by this table, core/sight.c fills in
 * what is seen, orders are explained with its words. The triggers by load, queue and waits belong
 * to the strategies (core/strategy_steps.h). Rows stand in the order of their precedence.
 *
 *     X(NAME, REASON, SOURCE, HOW, threshold, UNIT, WHEN, ORDER, WHOM, what is seen)
 *
 * SOURCE   MEASURED; DECLARED by somebody, at once; FORECAST, where it is sure enough
 * HOW      ABOVE, FROM (at least), BELOW, WITHIN (at most)
 * UNIT     of the threshold: SHARE permille; TIME ns
 * WHEN     the pool must be FULL (a moment without a free slot in the last minute) or in USE (at or
 *          above the load at which it scales down), so that agents can help at all; ALWAYS
 * ORDER    a STEP of the strategy, again after its cool-down; or ALL that is missing
 * WHOM     STEPS: conservative and aggressive, which see nothing but load; ALL: also those that
 *          plan. The exact rules of others (hpa, kpa) have none of this.
 *
 * What is MEASURED or FORECAST must hold for the time in which a strategy believes a threshold: 5
 * min, or 2 min for aggressive. Requirements: Load_Based, Performance_Based, Predictive_Based.
 * SUCCESS and RATING compare with the same quarter of earlier days, and take half of what ERRORS
 * and SATISFACTION allow: with all of it they would never be first.
 */
#define TRIGGERS(X)                                                                                \
	X(COLLABORATION, SCALE_COLLABORATION, MEASURED, ABOVE, 500, SHARE, FULL, STEP, ALL,        \
		"of their time parents wait for tasks of a kind")                                  \
	X(SATISFACTION, SCALE_SATISFACTION, MEASURED, BELOW, 850, SHARE, USE, STEP, ALL,           \
		"mean rating in five minutes")                                                     \
	X(ERRORS, SCALE_ERRORS, MEASURED, ABOVE, 50, SHARE, FULL, STEP, ALL,                       \
		"tasks that failed in five minutes")                                               \
	X(THROUGHPUT, SCALE_THROUGHPUT, MEASURED, BELOW, 1000, SHARE, FULL, STEP, STEPS,           \
		"of the promised throughput in five minutes")                                      \
	X(SUCCESS, SCALE_QUALITY, MEASURED, ABOVE, 25, SHARE, FULL, STEP, ALL,                     \
		"fewer tasks succeed than at this time of other days")                             \
	X(RATING, SCALE_RATING, MEASURED, ABOVE, 75, SHARE, USE, STEP, ALL,                        \
		"lower ratings than at this time of other days")                                   \
	X(PEAK, SCALE_PEAK, DECLARED, ABOVE, 0, SHARE, ALWAYS, ALL, ALL,                           \
		"declared load over the slots that are there or coming")                           \
	X(FORECAST, SCALE_FORECAST, FORECAST, FROM, 500, SHARE, ALWAYS, STEP, STEPS,               \
		"more load is forecast within an hour than there is")                              \
	X(SEASON, SCALE_SEASON, FORECAST, FROM, 1300, SHARE, ALWAYS, STEP, STEPS,                  \
		"forecast load of the next hour over that of a day")                               \
	X(EXHAUSTION, SCALE_EXHAUSTION, FORECAST, WITHIN, 7200000000000, TIME, ALWAYS, STEP,       \
		STEPS, "until slots or memory are used up")

#endif
