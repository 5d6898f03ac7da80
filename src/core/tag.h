/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_TAG_H
#define BAL_CORE_TAG_H

#include "ballast.h"

/* Sets of capability tags. */

/* True when every tag of `needs` is in `offers`. */
static inline bool tags_cover(const struct bal_tags *offers, const struct bal_tags *needs)
{
	uint64_t missing = 0;

	for (uint32_t i = 0; i < BAL_TAG_WORDS; i++)
		missing |= needs->words[i] & ~offers->words[i];
	return missing == 0;
}

/* The tags of `needs` that are not in `offers`. */
static inline struct bal_tags tags_missing(
	const struct bal_tags *offers, const struct bal_tags *needs)
{
	struct bal_tags missing;

	for (uint32_t i = 0; i < BAL_TAG_WORDS; i++)
		missing.words[i] = needs->words[i] & ~offers->words[i];
	return missing;
}

/* How many tags are in the set. */
static inline uint32_t tags_count(const struct bal_tags *tags)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < BAL_TAG_WORDS; i++)
		count += (uint32_t)__builtin_popcountll(tags->words[i]);
	return count;
}

/* True when both sets hold the same tags. */
static inline bool tags_equal(const struct bal_tags *a, const struct bal_tags *b)
{
	uint64_t difference = 0;

	for (uint32_t i = 0; i < BAL_TAG_WORDS; i++)
		difference |= a->words[i] ^ b->words[i];
	return difference == 0;
}

#endif
