/* SPDX-License-Identifier: Apache-2.0 */
/* Source: requirement "rules that keep it calm": at most one reversal per quarter of an hour on
 * noise. Tasks that wait, or hardly a slot that is free, are no noise. */
#include "core/calm.h"

#include "base/units.h"

#define CALM_NS (15 * NS_PER_MIN)
#define PRESSED 0.9 /* of all slots that are there or coming */

enum { NONE, UP, DOWN };

void calm_begin(struct calm_memory *memory)
{
	*memory = (struct calm_memory){.direction = NONE, .turned_at_ns = INT64_MIN / 2};
}

static bool is_pressed(const struct strategy_view *view)
{
	return view->waiting > 0 || view->busy > PRESSED * view->slots_coming;
}

struct strategy_wish calm_look(
	struct calm_memory *memory, const struct strategy_view *view, struct strategy_wish wish)
{
	uint32_t direction = wish.agents > view->agents ? UP : DOWN;
	bool turns = memory->direction != NONE && direction != memory->direction;

	if (wish.agents == view->agents)
		return wish;
	if (turns && view->now_ns - memory->turned_at_ns < CALM_NS &&
		(direction == DOWN || !is_pressed(view)))
		return strategy_hold(view, BAL_REASON_HOLD_CALM);
	if (turns)
		memory->turned_at_ns = view->now_ns;
	memory->direction = direction;
	return wish;
}
