/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_TAIL_H
#define BAL_CORE_TAIL_H

#include <stdint.h>

/*
 * tail: how rare a quantity is among all that a stream has shown of it, in 4 KiB.
 *
 * The rarity is -log10 of the probability of so large a value or a larger one: 0 is ordinary, 3 one
 * in a thousand. It has no unit and needs no scale to be set, so that rarities of different
 * quantities of different streams can be added and compared. All zero is an empty one.
 */
#define TAIL_OCTAVE_BUCKETS 4   /* of each power of two */
#define TAIL_OCTAVES        256 /* 2^-128 to 2^128; what is beyond goes into the outermost ones */
#define TAIL_BUCKETS        (TAIL_OCTAVES * TAIL_OCTAVE_BUCKETS)

struct tail {
	uint32_t counts[TAIL_BUCKETS];
	uint32_t count;
	uint32_t top; /* highest bucket in use */
};

/* Rarity of a value >= 0 among the values added so far, finite and >= 0; 0 as long as there are
 * none. */
double tail_rarity(const struct tail *tail, double value);

/* Adds a value >= 0. */
void tail_add(struct tail *tail, double value);

#endif
