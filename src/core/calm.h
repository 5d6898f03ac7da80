/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_CALM_H
#define BAL_CORE_CALM_H

#include "core/strategy.h"

/*
 * calm: keeps a pool from turning round, from more agents to fewer or back, soon after it last did,
 * unless tasks would suffer for it. For strategies whose rules have nothing of the kind.
 */
struct calm_memory {
	uint32_t direction; /* of the last change: 0 none, 1 up, 2 down */
	int64_t turned_at_ns;
};

/* No change was ever made. */
void calm_begin(struct calm_memory *memory);

/* The wish, or to hold. */
struct strategy_wish calm_look(
	struct calm_memory *memory, const struct strategy_view *view, struct strategy_wish wish);

#endif
