/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of effects.  Decisions write here, whatever room the host has; the host takes from it in
 * order, which is the order in which the effects must be performed. */
#include "core/outbox.h"

#include "base/assert.h"

struct bal_effect *outbox_add(struct bal_core *core, enum bal_effect_type type)
{
	struct outbox *outbox = &core->outbox;
	uint32_t place;

	bal_assert(outbox->count < outbox->capacity);
	place = outbox->first + outbox->count;
	if (place >= outbox->capacity)
		place -= outbox->capacity;
	outbox->count++;
	outbox->items[place] = (struct bal_effect){.type = type};
	return &outbox->items[place];
}

struct bal_effect *outbox_add_task(
	struct bal_core *core, enum bal_effect_type type, const struct task *task)
{
	struct bal_effect *effect = outbox_add(core, type);

	effect->task = task->id;
	effect->attempt = task->attempt;
	effect->reason = (enum bal_reason)task->reason;
	return effect;
}

struct bal_effect *outbox_add_agent(
	struct bal_core *core, enum bal_effect_type type, const struct agent *agent)
{
	struct bal_effect *effect = outbox_add(core, type);

	effect->agent = agent->id;
	effect->pool = agent->pool;
	return effect;
}

bool outbox_has_room(const struct bal_core *core)
{
	uint32_t free = core->outbox.capacity - core->outbox.count;

	return free > OUTBOX_RESERVE + core->outbox.capacity / 2;
}

void outbox_take(struct bal_core *core, struct bal_effects *effects)
{
	struct outbox *outbox = &core->outbox;

	effects->count = 0;
	while (effects->count < effects->capacity && outbox->count > 0) {
		effects->items[effects->count++] = outbox->items[outbox->first];
		outbox->first = outbox->first + 1 == outbox->capacity ? 0 : outbox->first + 1;
		outbox->count--;
	}
	/* Begin anew at the front, so that only the pages that a burst needs are ever touched. */
	if (outbox->count == 0)
		outbox->first = 0;
}
