/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_HABIT_H
#define BAL_CORE_HABIT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * habit: what the time of the day and of the week usually brings.
 *
 * Time is cut into quarters of an hour of the day and hours of the week (UTC). Where a series has
 * no daily course all of these learn the same, and nothing is lost. All zero is a habit that knows
 * nothing.
 */
#define HABIT_DAY_SLOTS  96
#define HABIT_WEEK_SLOTS 168

struct habit_mean {
	double mean;
	uint32_t count;
};

struct habit {
	struct habit_mean day[HABIT_DAY_SLOTS];
	struct habit_mean week[HABIT_WEEK_SLOTS];
	double day_error; /* recent mean deviation from each of the two */
	double week_error;
	double high[HABIT_DAY_SLOTS]; /* what was seen at that time of the day, days ago less */
	double low[HABIT_DAY_SLOTS];
};

/* How a value departs from the habit, in units of the value. */
struct habit_departure {
	bool is_known;    /* something was seen at this time before */
	double deviation; /* from the mean of this time: of the day or of the week, whichever has
			     been the better guess */
	double outside;   /* beyond everything seen at about this time, 0: within */
};

/* Compares a finite value with the habit, then learns it. */
struct habit_departure habit_meet(struct habit *habit, int64_t at_ns, double value);

#endif
