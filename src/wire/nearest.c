/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distance is the number of insertions, deletions, replacements and swaps of neighbours (optimal
 * string alignment), letters compared without case. A third of the name's length may be wrong, and
 * at least one letter: beyond that a guess annoys more than it helps.
 */
#include "wire/nearest.h"

#include <string.h>

static char fold_case(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

static size_t min_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Both sizes are at most NEAREST_SIZE_MAX. Three rows of the usual table are enough. */
static size_t count_edits(struct span a, struct span b)
{
	size_t rows[3][NEAREST_SIZE_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	for (size_t j = 0; j <= b.size; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.size; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b.size; j++) {
			bool same = fold_case(a.at[i - 1]) == fold_case(b.at[j - 1]);
			bool swap = i > 1 && j > 1 &&
				    fold_case(a.at[i - 1]) == fold_case(b.at[j - 2]) &&
				    fold_case(a.at[i - 2]) == fold_case(b.at[j - 1]);
			row[j] = min_of(min_of(last[j], row[j - 1]) + 1, last[j - 1] + !same);
			if (swap)
				row[j] = min_of(row[j], before[j - 2] + 1);
		}
		size_t *oldest = before;
		before = last;
		last = row;
		row = oldest;
	}
	return last[b.size];
}

void nearest_init(struct nearest *nearest, struct span wrong)
{
	*nearest = (struct nearest){.wrong = wrong};
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	struct span right = span_of(name);
	if (right.size > NEAREST_SIZE_MAX || nearest->wrong.size > NEAREST_SIZE_MAX)
		return;
	size_t distance = count_edits(nearest->wrong, right);
	size_t allowed = right.size / 3 ? right.size / 3 : 1;
	if (distance > allowed || (nearest->best && distance >= nearest->distance))
		return;
	nearest->best = name;
	nearest->distance = distance;
}
