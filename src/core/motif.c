/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distance to the nearest earlier stretch is the discord of Keogh, Lin and Fu ("HOT SAX", ICDM
 * 2005), for which a matrix profile keeps the whole series. Here stretches near each other share
 * one prototype, which a vigilance decides on, as in adaptive resonance (Carpenter and Grossberg,
 * 1987; on streams: Hampton, "ARTime", 2022): memory and time of a step are bounded. The vigilance
 * belongs to the caller, who knows which distances are large in this stream.
 *
 * Shapes are compared as they are, without taking out level and scale as matrix profiles do: the
 * same shape at ten times the load is no old acquaintance. A prototype stays the stretch that
 * founded it: averaging with what resembles it blurs a peak that moves by a step into a hill, and
 * then every peak is new.
 */
#include "core/motif.h"

#include "base/assert.h"
#include "base/num.h"

#include <string.h>

/* Squared distance; stops early when it is no less than the bound. */
static double square_distance(const double *a, const double *b, double bound)
{
	double sum = 0;

	for (uint32_t i = 0; i < MOTIF_SIZE && sum < bound; i++) {
		double difference = a[i] - b[i];

		sum += difference * difference;
	}
	return sum;
}

struct motif_match motif_find(const struct motifs *motifs, const double *values)
{
	double nearest = __builtin_inf();
	struct motif_match match = {.nearest = MOTIF_NONE};

	for (uint32_t i = 0; i < motifs->count; i++) {
		double square = square_distance(values, motifs->shapes[i], nearest);

		if (square < nearest) {
			nearest = square;
			match.nearest = i;
		}
	}
	if (match.nearest != MOTIF_NONE)
		match.distance = num_sqrt(nearest / MOTIF_SIZE);
	return match;
}

void motif_keep(struct motifs *motifs, const double *values)
{
	uint32_t slot = 0;

	if (motifs->count < MOTIFS_MAX) {
		slot = motifs->count++;
	} else {
		for (uint32_t i = 1; i < MOTIFS_MAX; i++)
			if (motifs->used_at[i] < motifs->used_at[slot])
				slot = i;
	}
	memcpy(motifs->shapes[slot], values, sizeof motifs->shapes[slot]);
	motif_use(motifs, slot);
}

void motif_use(struct motifs *motifs, uint32_t nearest)
{
	bal_assert(nearest < motifs->count);
	motifs->used_at[nearest] = ++motifs->meetings;
}
