/* SPDX-License-Identifier: Apache-2.0 */
/* One growing array and one open hash per space.  Names come from configuration and from tasks that
 * were checked (at most 128 bytes each), and every space has a bound, so a client that invents
 * tenants meets "full", not a growing process. */
#include "daemon/names.h"

#include "base/checksum.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_PER_NAME 2
#define PEAK_NAMES_MAX                                                                             \
	1024 /* more than stand at once: names of earlier files stay until a restart */

struct name_space {
	struct span *texts;
	uint32_t *slots; /* number + 1; 0 = empty */
	uint32_t slot_count;
	uint32_t count;
	uint32_t count_max;
};

struct names {
	struct name_space spaces[BAL_SYMBOL_SPACE_COUNT];
};

static bool space_open(struct name_space *space, uint32_t count_max)
{
	space->count_max = count_max;
	space->slot_count = 16;
	while (space->slot_count < count_max * SLOTS_PER_NAME)
		space->slot_count *= 2;
	space->texts = calloc(count_max, sizeof *space->texts);
	space->slots = calloc(space->slot_count, sizeof *space->slots);
	return space->texts != NULL && space->slots != NULL;
}

struct names *names_open(const struct bal_limits *limits)
{
	struct names *names = calloc(1, sizeof *names);
	bool ok = names != NULL;

	ok = ok && space_open(&names->spaces[BAL_SYMBOL_KIND], limits->kinds_max);
	ok = ok && space_open(&names->spaces[BAL_SYMBOL_TENANT], limits->tenants_max);
	ok = ok && space_open(&names->spaces[BAL_SYMBOL_TAG], BAL_TAGS_MAX);
	ok = ok && space_open(&names->spaces[BAL_SYMBOL_POOL], limits->pools_max);
	ok = ok && space_open(&names->spaces[BAL_SYMBOL_LIMIT], limits->limits_max);
	ok = ok && space_open(&names->spaces[BAL_SYMBOL_PEAK], PEAK_NAMES_MAX);
	if (!ok) {
		names_close(names);
		return NULL;
	}
	return names;
}

void names_close(struct names *names)
{
	if (names == NULL)
		return;
	for (uint32_t i = 0; i < BAL_SYMBOL_SPACE_COUNT; i++) {
		struct name_space *space = &names->spaces[i];

		for (uint32_t j = 0; j < space->count; j++)
			free((char *)(uintptr_t)space->texts[j].at);
		free(space->texts);
		free(space->slots);
	}
	free(names);
}

/* The slot that holds the name, or the empty one where it belongs. */
static uint32_t slot_of(const struct name_space *space, struct span name)
{
	uint32_t mask = space->slot_count - 1;
	uint32_t slot = (uint32_t)checksum_hash64(0, name.at, name.size) & mask;

	while (space->slots[slot] != 0 && !span_equal(space->texts[space->slots[slot] - 1], name))
		slot = (slot + 1) & mask;
	return slot;
}

uint32_t names_find(const struct names *names, enum bal_symbol_space which, struct span name)
{
	const struct name_space *space = &names->spaces[which];
	uint32_t held = space->slot_count == 0 ? 0 : space->slots[slot_of(space, name)];

	return held == 0 ? BAL_NONE : held - 1;
}

uint32_t names_intern(
	struct names *names, enum bal_symbol_space which, struct span name, bool *is_new)
{
	struct name_space *space = &names->spaces[which];
	uint32_t slot = slot_of(space, name);
	char *copy;

	*is_new = false;
	if (space->slots[slot] != 0)
		return space->slots[slot] - 1;
	if (space->count == space->count_max)
		return BAL_NONE;
	copy = malloc(name.size + 1);
	if (copy == NULL)
		return BAL_NONE;
	memcpy(copy, name.at, name.size);
	copy[name.size] = '\0';
	space->texts[space->count] = (struct span){copy, name.size};
	space->slots[slot] = ++space->count;
	*is_new = true;
	return space->count - 1;
}

struct span names_text(const struct names *names, enum bal_symbol_space which, uint32_t number)
{
	const struct name_space *space = &names->spaces[which];

	return number < space->count ? space->texts[number] : SPAN("?");
}

uint32_t names_count(const struct names *names, enum bal_symbol_space which)
{
	return names->spaces[which].count;
}
