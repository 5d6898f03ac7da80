/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distance is base/text's, of the texts in lower case. A third of the name's length may be wrong,
 * and at least one letter: beyond that a guess annoys more than it helps. Names are offered one by
 * one since they stand in tables of all kinds.
 */
#include "wire/nearest.h"

#include "base/text.h"

#include <string.h>

/* `text` in lower case, in `memory` of NEAREST_SIZE_MAX bytes. */
static struct bal_text fold_case(struct span text, char *memory)
{
	for (size_t i = 0; i < text.size; i++) {
		char byte = text.at[i];
		memory[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
	}
	return (struct bal_text){memory, (uint32_t)text.size};
}

void nearest_init(struct nearest *nearest, struct span wrong)
{
	*nearest = (struct nearest){.wrong = wrong};
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	char wrong[NEAREST_SIZE_MAX], right[NEAREST_SIZE_MAX];
	struct span text = span_of(name);
	if (text.size > NEAREST_SIZE_MAX || nearest->wrong.size > NEAREST_SIZE_MAX)
		return;
	uint32_t allowed = text.size / 3 ? (uint32_t)text.size / 3 : 1;
	uint32_t distance =
		text_distance(fold_case(nearest->wrong, wrong), fold_case(text, right), allowed);
	if (distance > allowed || (nearest->best && distance >= nearest->distance))
		return;
	nearest->best = name;
	nearest->distance = distance;
}
