/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes choose what a hostile host says to the core: it keeps its rules after every event, and a
 * copy read from its saved state does the same as the original. The bytes as a saved state are
 * refused.
 */
#include <stdlib.h>

#include "../unit/core/chaos.h"
#include "base/assert.h"
#include "target.h"

#define STEPS_MAX 2000

struct bytes {
	const uint8_t *data;
	size_t size;
};

/* 0 when the bytes are used up. */
static uint32_t draw_byte(void *source, uint32_t bound)
{
	struct bytes *bytes = source;
	uint32_t number = 0;

	for (uint64_t reach = 1; reach < bound && bytes->size > 0; reach *= 256) {
		number = number * 256 + *bytes->data++;
		bytes->size--;
	}
	return number % bound;
}

static struct bal_core *copy_core(const struct bal_core *core)
{
	size_t size = bal_core_save(core, NULL, 0);
	void *bytes = malloc(size);
	struct bal_core *copy = chaos_core();

	bal_assert(bytes != NULL);
	bal_assert(bal_core_save(core, bytes, size) == size);
	bal_assert(bal_core_load(copy, bytes, size) == BAL_OK);
	free(bytes);
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = {.data = data, .size = size};
	struct bal_core *core = chaos_core();
	struct bal_core *copy = NULL;
	struct chaos chaos;

	bal_assert(bal_core_load(core, data, size) == BAL_BROKEN);
	chaos_core_free(core); /* a load that failed may leave anything in it */
	core = chaos_core();
	chaos_init(&chaos, draw_byte, &bytes);
	for (uint32_t i = 0; i < STEPS_MAX && bytes.size > 0; i++) {
		static struct bal_effect items[2][CHAOS_EFFECTS_MAX];
		struct bal_effects effects = {.items = items[0], .capacity = CHAOS_EFFECTS_MAX};
		struct bal_effects others = {.items = items[1], .capacity = CHAOS_EFFECTS_MAX};
		struct bal_event event;

		if (i % 32 == 0) {
			chaos_core_free(copy);
			copy = copy_core(core);
		}
		chaos_event(&chaos, core, &event);
		bal_assert(bal_step(core, &event, &effects) == bal_step(copy, &event, &others));
		bal_assert(bal_effects_digest(0, &effects) == bal_effects_digest(0, &others));
		bal_core_check(core);
		chaos_perform(&chaos, &effects);
	}
	bal_assert(copy == NULL || bal_core_digest(core) == bal_core_digest(copy));
	chaos_core_free(copy);
	chaos_core_free(core);
	return 0;
}
