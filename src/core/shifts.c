/* SPDX-License-Identifier: Apache-2.0 */
/* Places are given in the order of the first success and are never given back: kinds are named once
 * and for all. */
#include "core/shifts.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/bytes.h"
#include "base/num.h"
#include "base/units.h"

void shifts_place(
	struct shifts *shifts, struct arena *arena, uint32_t kinds_max, uint32_t agents_max)
{
	shifts->kinds_max = kinds_max;
	shifts->agents_max = agents_max;
	shifts->places = arena_take(arena, kinds_max, sizeof *shifts->places);
	shifts->kinds = arena_take(arena, SHIFTS_MAX, sizeof *shifts->kinds);
	arena_align(arena);
	shifts->items = arena_take(arena, SHIFTS_MAX, sizeof *shifts->items);
	shifts->agents = arena_take(arena, agents_max, sizeof *shifts->agents);
}

static struct shift *take(struct shifts *shifts, uint32_t kind)
{
	uint32_t place = shifts->count;

	if (place == SHIFTS_MAX)
		return NULL;
	shifts->count++;
	shifts->places[kind] = place + 1;
	shifts->kinds[place] = kind;
	shift_init(&shifts->items[place]);
	return &shifts->items[place];
}

void shifts_add(struct shifts *shifts, uint32_t kind, int64_t at_ns, double seconds)
{
	struct shift *shift;

	bal_assert(kind < shifts->kinds_max);
	shift = shifts->places[kind] > 0 ? &shifts->items[shifts->places[kind] - 1]
					 : take(shifts, kind);
	if (shift != NULL)
		shift_add(shift, at_ns, seconds);
}

const struct shift *shifts_find(const struct shifts *shifts, uint32_t kind)
{
	if (kind >= shifts->kinds_max || shifts->places[kind] == 0)
		return NULL;
	return &shifts->items[shifts->places[kind] - 1];
}

int64_t shifts_factor_permille(const struct shift *shift)
{
	if (shift == NULL)
		return -1;
	if (!shift->finding.is_found)
		return PERMILLE;
	return num_to_i64(num_round(num_min(shift->finding.factor, 1e9) * PERMILLE));
}

/* ---- agents ---- */

bool shifts_agent_add(struct shifts *shifts, uint32_t place, int64_t at_ns, double slowness)
{
	struct shift *shift;
	int64_t bin;

	bal_assert(place < shifts->agents_max);
	shift = &shifts->agents[place];
	bin = shift->bin;
	shift_add(shift, at_ns, slowness);
	return shift->bin != bin;
}

const struct shift *shifts_of_agent(const struct shifts *shifts, uint32_t place)
{
	if (place >= shifts->agents_max || !shifts->agents[place].is_open)
		return NULL;
	return &shifts->agents[place];
}

void shifts_agent_gone(struct shifts *shifts, uint32_t place)
{
	if (shifts_of_agent(shifts, place) != NULL)
		shift_init(&shifts->agents[place]);
}

void shifts_agent_put(const struct shifts *shifts, uint32_t place, struct bytes_writer *writer)
{
	bal_assert(shifts_of_agent(shifts, place) != NULL);
	shift_put(&shifts->agents[place], writer);
}

bool shifts_agent_read(struct shifts *shifts, uint32_t place, struct bytes_reader *reader)
{
	bal_assert(place < shifts->agents_max);
	return shift_read(&shifts->agents[place], reader) && shifts->agents[place].is_open;
}

/* ---- saved states ---- */

void shifts_put(const struct shifts *shifts, uint32_t place, struct bytes_writer *writer)
{
	bal_assert(place < shifts->count);
	bytes_put_u32(writer, shifts->kinds[place]);
	shift_put(&shifts->items[place], writer);
}

bool shifts_read(struct shifts *shifts, struct bytes_reader *reader)
{
	uint32_t kind = bytes_get_u32(reader);
	struct shift *shift;

	if (reader->failed || kind >= shifts->kinds_max || shifts->places[kind] != 0)
		return false;
	shift = take(shifts, kind);
	return shift != NULL && shift_read(shift, reader);
}

bool shifts_kind_read(struct shifts *shifts, uint32_t kind, struct bytes_reader *reader)
{
	struct shift read;
	struct shift *shift = NULL;

	if (!shift_read(&read, reader))
		return false;
	if (kind < shifts->kinds_max && shifts->places[kind] == 0)
		shift = take(shifts, kind);
	if (shift != NULL)
		*shift = read;
	return true;
}
