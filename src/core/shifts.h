/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SHIFTS_H
#define BAL_CORE_SHIFTS_H

#include "core/shift.h"

struct arena;

/*
 * shifts: whether tasks of a kind take longer than they usually do at this time of the day, for
 * the first SHIFTS_MAX kinds of which a task succeeded; and whether they take longer on an agent
 * than they usually do there, beside what their kind takes everywhere.
 */
#define SHIFTS_MAX 64

struct shifts {
	uint32_t kinds_max;
	uint32_t count;
	uint32_t *places; /* by kind: 1 + place of its shift; 0: none */
	uint32_t *kinds;  /* by place */
	struct shift *items;
	uint32_t agents_max;
	struct shift *agents; /* by place */
};

/* Takes memory, which is zero, and is touched as it is used. */
void shifts_place(
	struct shifts *shifts, struct arena *arena, uint32_t kinds_max, uint32_t agents_max);

/* A task of this kind took so long. */
void shifts_add(struct shifts *shifts, uint32_t kind, int64_t at_ns, double seconds);

/* The shift of a kind; NULL when it has none. */
const struct shift *shifts_find(const struct shifts *shifts, uint32_t kind);

/* Times what is usual, in permille: 1000 while nothing was found; -1 for NULL. */
int64_t shifts_factor_permille(const struct shift *shift);

/* A task on the agent at this place took so many times what was expected of an average agent. True
 * when what is known of it may have changed: once each ten seconds at most. */
bool shifts_agent_add(struct shifts *shifts, uint32_t place, int64_t at_ns, double slowness);

/* The shift of the agent at this place; NULL when none of its tasks succeeded. Another agent takes
 * the place. */
const struct shift *shifts_of_agent(const struct shifts *shifts, uint32_t place);
void shifts_agent_gone(struct shifts *shifts, uint32_t place);

/* Saved states: writes the shift of the kind at a place, 3 KiB at most; reads it into a fresh one,
 * false when the bytes are none. */
void shifts_put(const struct shifts *shifts, uint32_t place, struct bytes_writer *writer);
bool shifts_read(struct shifts *shifts, struct bytes_reader *reader);
void shifts_agent_put(const struct shifts *shifts, uint32_t place, struct bytes_writer *writer);
bool shifts_agent_read(struct shifts *shifts, uint32_t place, struct bytes_reader *reader);

/* Reads a shift alone (shift_put) into that of a kind which has none yet; of BAL_NONE, of a kind
 * that has one, or when there is no room, it is only looked at. */
bool shifts_kind_read(struct shifts *shifts, uint32_t kind, struct bytes_reader *reader);

#endif
