/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SHIFT_H
#define BAL_CORE_SHIFT_H

#include <stdbool.h>
#include <stdint.h>

struct bytes_reader;
struct bytes_writer;

/*
 * shift: whether durations are longer or shorter than they usually are at this time of the day, by
 * a factor that lasts. Sizes of tasks may differ by orders of magnitude; what counts is the mean of
 * their logarithms.
 *
 * A shift of 20 % is found after about 1,000 durations whose spread is as large as their mean, of a
 * larger one sooner. The first half hour only learns; as long as the course of a day is not known,
 * series with less than one duration each seven seconds only learn too; and so do always those that
 * have less than one a minute or so. What lasts a day is usual from then on.
 *
 * One struct per series, about 2.5 KiB. Times are of the wall clock, and should not jump; values
 * that come late count as of now.
 */
#define SHIFT_SLOTS       96 /* quarters of an hour of a day */
#define SHIFT_WAITING_MAX 64

/* Durations of ten seconds: the mean of their logarithms against the level. */
struct shift_bin {
	int64_t number;
	double mean;
	uint32_t count;
};

/* One side of the test for a change. */
struct shift_side {
	double score;       /* log likelihood ratio of a shift against none */
	double sum, weight; /* of what departed since it began to rise */
	int64_t since;      /* the bin in which it did */
};

struct shift_finding {
	bool is_found;
	double factor;    /* durations are so many times what is usual */
	int64_t since_ns; /* where it seems to have begun */
	int64_t at_ns;    /* when it was found */
};

struct shift {
	bool is_open;
	int64_t bin, begin; /* numbers: the open one, the first one */
	uint32_t count;     /* in the open one */
	double sum, square;
	double low, high;   /* logarithms beyond these count as these */
	double level;       /* usual; moves with what is found, and with nothing else */
	double follow;      /* what remains, over the last half hour */
	double follow_slow; /* the same, older */
	double follow_weight;
	double pace;                      /* durations of the last half hour, fading */
	double within_sum, within_weight; /* squares within bins, fading */
	double between, between_weight;   /* squares of their means times counts, likewise */
	int64_t learned;                  /* the newest bin that taught something */
	int64_t slot;                     /* number of the quarter that is being learned */
	double slot_sum, slot_weight;
	float course[SHIFT_SLOTS];  /* against the level */
	float weights[SHIFT_SLOTS]; /* durations that it comes from, fading by the day */
	struct shift_side up, down;
	double shifted; /* all that was found, as a logarithm; 0: as usual */
	double step;    /* what was found last, and did not end yet */
	struct shift_finding finding;
	struct shift_bin
		waiting[SHIFT_WAITING_MAX]; /* not learned yet, oldest first from `first` */
	uint32_t first, waiting_count;
};

/* A series of which nothing is known. */
void shift_init(struct shift *shift);

/* The next duration, in seconds; what is no positive number is missing. True when a shift was
 * found with it: an end of one, back to what is usual, is none. */
bool shift_add(struct shift *shift, int64_t at_ns, double seconds);

/* Saved states: writes all of it, at most 3 KiB; reads it back, false when the bytes are none. */
void shift_put(const struct shift *shift, struct bytes_writer *writer);
bool shift_read(struct shift *shift, struct bytes_reader *reader);

#endif
