/* SPDX-License-Identifier: Apache-2.0 */
/* A saved state is the whole state: a core that reads it goes on exactly as the one that wrote it.
 * Damage is noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/prng.h"
#include "chaos.h"

#include <stdlib.h>
#include <string.h>

#define SEEDS       8
#define STEPS       2000
#define STEPS_EARLY 700
#define DAMAGES     20000
#define FORGERIES   1200
#define SAVE_MAX    (256 * 1024)

static uint32_t draw_prng(void *source, uint32_t bound)
{
	return (uint32_t)prng_below(source, bound);
}

struct scene {
	struct bal_core *core;
	struct prng random;
	struct chaos chaos;
	uint8_t bytes[SAVE_MAX];
	size_t size;
};

static void scene_begin(struct scene *scene, uint64_t seed)
{
	scene->core = chaos_core();
	prng_init(&scene->random, seed);
	chaos_init(&scene->chaos, draw_prng, &scene->random);
}

/* One event to the core, and to its twin if there is one: both must say and do the same. */
static void play(struct scene *scene, struct bal_core *twin)
{
	struct bal_effect items[2][CHAOS_EFFECTS_MAX];
	uint32_t capacity = 1 + draw_prng(&scene->random, CHAOS_EFFECTS_MAX);
	struct bal_effects effects = {.items = items[0], .capacity = capacity};
	struct bal_effects others = {.items = items[1], .capacity = capacity};
	struct bal_event event;
	enum bal_status status;

	chaos_event(&scene->chaos, scene->core, &event);
	status = bal_step(scene->core, &event, &effects);
	chaos_perform(&scene->chaos, &effects);
	if (twin == NULL)
		return;
	assert_int_equal(status, bal_step(twin, &event, &others));
	assert_int_equal(effects.count, others.count);
	assert_int_equal(effects.more, others.more);
	assert_true(bal_effects_digest(0, &effects) == bal_effects_digest(0, &others));
	assert_true(bal_deadline_ns(scene->core) == bal_deadline_ns(twin));
}

static void save(struct scene *scene)
{
	size_t size = bal_core_save(scene->core, NULL, 0);

	assert_true(size <= SAVE_MAX);
	assert_int_equal(bal_core_save(scene->core, scene->bytes, size - 1), size);
	assert_int_equal(bal_core_save(scene->core, scene->bytes, SAVE_MAX), size);
	scene->size = size;
}

static struct bal_core *load(const struct scene *scene)
{
	struct bal_core *core = chaos_core();

	assert_int_equal(bal_core_load(core, scene->bytes, scene->size), BAL_OK);
	bal_core_check(core);
	return core;
}

static void run_twin(uint64_t seed)
{
	static struct scene scene;
	static struct scene copy;
	struct bal_core *twin;
	uint32_t before;

	scene_begin(&scene, seed);
	before = draw_prng(&scene.random, STEPS_EARLY);
	for (uint32_t i = 0; i < before; i++)
		play(&scene, NULL);
	save(&scene);
	twin = load(&scene);
	copy = (struct scene){.core = twin};
	save(&copy);
	assert_int_equal(copy.size, scene.size);
	assert_memory_equal(copy.bytes, scene.bytes, scene.size);
	for (uint32_t i = 0; i < STEPS; i++) {
		play(&scene, twin);
		if (i % 16 == 0)
			assert_true(bal_core_digest(scene.core) == bal_core_digest(twin));
	}
	bal_core_check(twin);
	chaos_core_free(twin);
	chaos_core_free(scene.core);
}

static void a_loaded_core_goes_on_like_the_saved_one(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_twin(seed);
}

static void explanations_are_saved_too(void **state)
{
	static struct scene scene;
	struct bal_core *twin;
	uint32_t found = 0;

	(void)state;
	scene_begin(&scene, 7);
	for (uint32_t i = 0; i < STEPS_EARLY; i++)
		play(&scene, NULL);
	save(&scene);
	twin = load(&scene);
	for (uint64_t id = 1; id < scene.chaos.task_next; id++) {
		struct bal_why here;
		struct bal_why there;

		memset(&here, 0, sizeof here);
		memset(&there, 0, sizeof there);
		bal_why(scene.core, id, &here);
		bal_why(twin, id, &there);
		assert_int_equal(here.kind, there.kind);
		assert_int_equal(here.reason, there.reason);
		assert_int_equal(here.winner.agent, there.winner.agent);
		assert_true(here.winner.composite_ns == there.winner.composite_ns);
		assert_int_equal(here.losers_count, there.losers_count);
		found += here.kind != BAL_WHY_NOTHING;
	}
	assert_true(found > 10);
	chaos_core_free(twin);
	chaos_core_free(scene.core);
}

static void digest_shows_every_change(void **state)
{
	static struct scene scene;
	uint64_t before;

	(void)state;
	scene_begin(&scene, 3);
	for (uint32_t i = 0; i < STEPS_EARLY; i++) {
		struct bal_effect item;
		struct bal_effects effects = {.items = &item, .capacity = 1};
		struct bal_event event = {.type = BAL_EVENT_CLOCK, .now_ns = INT64_MIN};

		before = bal_core_digest(scene.core);
		assert_true(before == bal_core_digest(scene.core));
		event.clock.utc_offset_ns = i + 1;
		bal_step(scene.core, &event, &effects);
		assert_true(before != bal_core_digest(scene.core));
		play(&scene, NULL);
	}
	chaos_core_free(scene.core);
}

static void any_damage_is_noticed(void **state)
{
	static struct scene scene;
	struct bal_core *other = chaos_core();

	(void)state;
	scene_begin(&scene, 5);
	for (uint32_t i = 0; i < STEPS_EARLY; i++)
		play(&scene, NULL);
	save(&scene);
	for (uint32_t i = 0; i < DAMAGES; i++) {
		uint32_t place = draw_prng(&scene.random, (uint32_t)scene.size);
		uint8_t flip = (uint8_t)(1 + draw_prng(&scene.random, 255));

		scene.bytes[place] ^= flip;
		assert_int_equal(bal_core_load(other, scene.bytes, scene.size), BAL_BROKEN);
		scene.bytes[place] ^= flip;
	}
	for (size_t size = 0; size < scene.size; size += 1 + size / 50)
		assert_int_equal(bal_core_load(other, scene.bytes, size), BAL_BROKEN);
	chaos_core_free(other);
	chaos_core_free(load(&scene));
	chaos_core_free(scene.core);
}

static void seal(struct scene *scene)
{
	struct bytes_writer writer;
	size_t size = scene->size - sizeof(uint32_t);

	bytes_writer_init(&writer, scene->bytes + size, sizeof(uint32_t));
	bytes_put_u32(&writer, checksum_crc32c(0, scene->bytes, size));
}

/* Bytes that were damaged before their check sum was made: refused, or a sound state. */
static void a_forged_state_is_refused_or_sound(void **state)
{
	static struct scene scene;
	uint32_t refused = 0;

	(void)state;
	scene_begin(&scene, 11);
	for (uint32_t i = 0; i < FORGERIES; i++) {
		struct bal_core *other;
		uint32_t place;
		uint8_t before;

		if (i % 60 == 0) {
			for (uint32_t j = 0; j < 150; j++)
				play(&scene, NULL);
			save(&scene);
		}
		place = draw_prng(&scene.random, (uint32_t)scene.size - 4);
		before = scene.bytes[place];
		scene.bytes[place] = draw_prng(&scene.random, 2) == 0
					     ? (uint8_t)draw_prng(&scene.random, 256)
					     : (uint8_t)(before + 1);
		seal(&scene);
		other = chaos_core();
		if (bal_core_load(other, scene.bytes, scene.size) == BAL_OK) {
			struct scene onward = scene;

			onward.core = other;
			onward.chaos.source = &onward.random;
			for (uint32_t j = 0; j < 20; j++)
				play(&onward, NULL);
			bal_core_check(other);
		} else {
			refused++;
		}
		scene.bytes[place] = before;
		chaos_core_free(other);
	}
	assert_true(refused > FORGERIES / 10);
	chaos_core_free(scene.core);
}

static void a_core_of_other_limits_does_not_take_it(void **state)
{
	static struct scene scene;
	struct bal_limits limits = CHAOS_LIMITS;
	struct bal_core *core;
	size_t size;
	void *memory;

	(void)state;
	scene_begin(&scene, 1);
	save(&scene);
	limits.tasks_max++;
	size = (bal_core_size(&limits) + 63) / 64 * 64;
	memory = aligned_alloc(64, size);
	assert_non_null(memory);
	memset(memory, 0, size);
	core = bal_core_init(memory, size, &limits);
	assert_int_equal(bal_core_load(core, scene.bytes, scene.size), BAL_BROKEN);
	free(memory);
	chaos_core_free(scene.core);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loaded_core_goes_on_like_the_saved_one),
		cmocka_unit_test(explanations_are_saved_too),
		cmocka_unit_test(digest_shows_every_change),
		cmocka_unit_test(any_damage_is_noticed),
		cmocka_unit_test(a_forged_state_is_refused_or_sound),
		cmocka_unit_test(a_core_of_other_limits_does_not_take_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
