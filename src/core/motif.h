/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_MOTIF_H
#define BAL_CORE_MOTIF_H

#include <stdint.h>

/*
 * motif: short stretches of a series that are remembered, to tell a new shape from one that was
 * there before. All zero is an empty memory.
 */
#define MOTIF_SIZE 8 /* values of one */
#define MOTIFS_MAX 128
#define MOTIF_NONE MOTIFS_MAX

struct motifs {
	double shapes[MOTIFS_MAX][MOTIF_SIZE];
	uint64_t used_at[MOTIFS_MAX]; /* number of the meeting that needed it last */
	uint64_t meetings;
	uint32_t count;
};

struct motif_match {
	uint32_t nearest; /* MOTIF_NONE when nothing is remembered */
	double distance;  /* root of the mean square, in units of the values */
};

/* The remembered shape nearest to these MOTIF_SIZE finite values, of size 1e150 at most. */
struct motif_match motif_find(const struct motifs *motifs, const double *values);

/* Remembers the shape, in place of the one that was of no use for longest when there is no room. */
void motif_keep(struct motifs *motifs, const double *values);

/* Notes that the shape found was of use. */
void motif_use(struct motifs *motifs, uint32_t nearest);

#endif
