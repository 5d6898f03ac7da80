/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's table of live jobs: open addressing by the task's id, never more than half full; an
 * entry that goes leaves no hole behind that a search would stop at. */
#include "daemon/engine_state.h"

#include "base/assert.h"
#include "base/checksum.h"

#include <stdlib.h>

static struct job_slot *slot_of(const struct engine *engine, uint64_t id)
{
	uint32_t mask = engine->slot_count - 1;
	uint32_t place = (uint32_t)checksum_mix(id, 1) & mask;

	while (engine->slots[place].job != NULL && engine->slots[place].id != id)
		place = (place + 1) & mask;
	return &engine->slots[place];
}

struct job *engine_job(const struct engine *engine, uint64_t task)
{
	return engine->slot_count == 0 ? NULL : slot_of(engine, task)->job;
}

static bool grow_slots(struct engine *engine)
{
	uint32_t before_count = engine->slot_count;
	struct job_slot *before = engine->slots;
	uint32_t count = before_count == 0 ? 1024 : before_count * 2;
	struct job_slot *slots = calloc(count, sizeof *slots);

	if (slots == NULL)
		return false;
	engine->slots = slots;
	engine->slot_count = count;
	for (uint32_t i = 0; i < before_count; i++)
		if (before[i].job != NULL)
			*slot_of(engine, before[i].id) = before[i];
	free(before);
	return true;
}

bool engine_job_add(struct engine *engine, struct job *job)
{
	struct job_slot *slot;

	if (engine->job_count * 2 >= engine->slot_count && !grow_slots(engine))
		return false;
	slot = slot_of(engine, job->id);
	if (slot->job != NULL)
		return false;
	slot->id = job->id;
	slot->job = job;
	engine->job_count++;
	return true;
}

void engine_job_drop(struct engine *engine, struct job *job)
{
	uint32_t mask = engine->slot_count - 1;
	struct job_slot *slot = slot_of(engine, job->id);
	uint32_t hole = (uint32_t)(slot - engine->slots);
	uint32_t place = hole;

	bal_assert(slot->job == job);
	slot->job = NULL;
	engine->job_count--;
	/* Backward shift: no entry may lie behind a hole that its search would stop at. */
	for (;;) {
		uint32_t home;

		place = (place + 1) & mask;
		if (engine->slots[place].job == NULL)
			return;
		home = (uint32_t)checksum_mix(engine->slots[place].id, 1) & mask;
		if (((place - home) & mask) < ((place - hole) & mask))
			continue;
		engine->slots[hole] = engine->slots[place];
		engine->slots[place].job = NULL;
		hole = place;
	}
}
