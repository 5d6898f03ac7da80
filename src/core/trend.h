/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_TREND_H
#define BAL_CORE_TREND_H

#include <stdbool.h>
#include <stdint.h>

/*
 * trend: whether the floor of a series rises and does not come back, how fast, and when it reaches
 * a limit. What grows and is freed again (a collected heap, the load of a day, a cache that fills
 * at the start, a step to another level) has no trend: only what stays counts, and only when it is
 * more than this series does anyway.
 *
 * One struct per signal, about 2 KiB. Values may come at any pace, best a few each minute. Times
 * are of any clock that does not jump; days of 24 hours are assumed to resemble each other. What
 * begins anew (a process that was restarted) begins with trend_init.
 *
 * A rise can be seen over windows of about half an hour, one hour and two, and over days; one that
 * would double the whole in half an hour within ten minutes. On the
 * first day the daily course is not known yet, so that a slow rise is not told from it.
 */
#define TREND_MINUTES 128 /* kept as they were */
#define TREND_SLOTS   96  /* quarters of an hour of a day */
#define TREND_DAYS    8
#define TREND_SCALES  5

struct trend_scale {
	double square;  /* mean square of what the floor rose or fell over this window, fading */
	double weight;  /* of looks in it */
	float late[32]; /* the last looks wait here: a rise that begins is not learned as usual */
};

/* What rises, in units of the series per second. */
struct trend_finding {
	bool is_found;
	double slope;
	double slope_low, slope_high; /* holds the slope 95 times of 100 */
	double confidence;            /* that it rises at all, 0 .. 1 */
	double floor;                 /* where the line is now */
	double height;                /* of the peaks above the floor */
	int64_t since_ns;             /* when it was found */
	int64_t at_ns;                /* of the newest value in it */
};

struct trend {
	int64_t minute; /* the open one */
	int64_t begin;  /* the first one */
	bool is_open;   /* a value was seen */
	uint32_t calm;  /* minutes for which what was found is not seen any more */
	float low, high;
	float lows[TREND_MINUTES]; /* of the minutes before, NaN: none */
	float highs[TREND_MINUTES];
	float slots[TREND_SLOTS]; /* the floor at this time of the day; NaN: not known */
	float days[TREND_DAYS];   /* floors of the days before, by number */
	float day_low;
	struct trend_scale scales[TREND_SCALES];
	struct trend_finding finding;
};

/* A series of which nothing is known. */
void trend_init(struct trend *trend);

/* The next value, not older than the last one: what is late counts as of now. Values that are no
 * number are missing. True when a rise was found that was not there before. */
bool trend_add(struct trend *trend, int64_t at_ns, double value);

/* When a limit is reached, from the newest value on; TIME_NEVER_NS for never. */
struct trend_exhaustion {
	int64_t soonest_ns; /* by the upper end of the slope's interval */
	int64_t likely_ns;
	int64_t latest_ns;
};

/* Time until the peaks reach `limit` if the rise goes on; never when there is none. */
struct trend_exhaustion trend_exhaustion(const struct trend *trend, double limit);

struct bytes_reader;
struct bytes_writer;

/* Saved states: trend_form.c. Writes it; `flush` is called after at most 1 KiB each. Reads it;
 * false when the bytes are none. */
void trend_put(const struct trend *trend, struct bytes_writer *writer, void (*flush)(void *context),
	void *context);
bool trend_read(struct trend *trend, struct bytes_reader *reader);

#endif
