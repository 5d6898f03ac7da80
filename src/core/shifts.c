/* SPDX-License-Identifier: Apache-2.0 */
/* Places are given in the order of the first success and are never given back: kinds are named once
 * and for all. */
#include "core/shifts.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/bytes.h"

void shifts_place(struct shifts *shifts, struct arena *arena, uint32_t kinds_max)
{
	shifts->kinds_max = kinds_max;
	shifts->places = arena_take(arena, kinds_max, sizeof *shifts->places);
	shifts->kinds = arena_take(arena, SHIFTS_MAX, sizeof *shifts->kinds);
	arena_align(arena);
	shifts->items = arena_take(arena, SHIFTS_MAX, sizeof *shifts->items);
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
