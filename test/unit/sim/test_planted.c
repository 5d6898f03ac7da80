/* SPDX-License-Identifier: Apache-2.0 */
/* Bugs of ten kinds, planted at the seam: what the core said is changed as a core with that bug
 * would have said it.  Worlds with faults must find each one within a few seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/host.h"

#define SEEDS_MAX 20
#define TASKS     500
#define EVERY     4 /* opportunities to go wrong of which one is taken */

struct plant {
	const char *what;
	enum bal_effect_type type; /* the effect that is changed */
	void (*change)(struct bal_effects *effects, uint32_t place);
	uint32_t seen;
};

static void remove_effect(struct bal_effects *effects, uint32_t place)
{
	effects->count--;
	for (uint32_t i = place; i < effects->count; i++)
		effects->items[i] = effects->items[i + 1];
}

static void repeat_effect(struct bal_effects *effects, uint32_t place)
{
	if (effects->count < effects->capacity)
		effects->items[effects->count++] = effects->items[place];
}

static void send_elsewhere(struct bal_effects *effects, uint32_t place)
{
	effects->items[place].agent = 1; /* the first one: full, gone or draining sooner or later */
}

static void use_attempt_again(struct bal_effects *effects, uint32_t place)
{
	if (effects->items[place].attempt > 1)
		effects->items[place].attempt--;
}

static void order_too_many(struct bal_effects *effects, uint32_t place)
{
	effects->items[place].count += 100;
}

static void change_end(struct bal_effects *effects, uint32_t place)
{
	struct bal_effect *effect = &effects->items[place];

	effect->state = effect->state == BAL_TASK_SUCCEEDED ? BAL_TASK_DEAD : BAL_TASK_SUCCEEDED;
}

/* A durable task is accepted at once, and its store is forgotten. */
static void accept_early(struct bal_effects *effects, uint32_t place)
{
	effects->items[place].type = BAL_EFFECT_ACCEPT;
}

static void end_busy(struct bal_effects *effects, uint32_t place)
{
	if (effects->count >= effects->capacity)
		return;
	effects->items[effects->count] = effects->items[place];
	effects->items[effects->count++].type = BAL_EFFECT_END;
}

static void refuse_accepted(struct bal_effects *effects, uint32_t place)
{
	if (effects->count >= effects->capacity)
		return;
	effects->items[effects->count] = effects->items[place];
	effects->items[effects->count++].type = BAL_EFFECT_REFUSE;
}

static struct plant PLANTS[] = {
	{"a task is forgotten", BAL_EFFECT_COMPLETE, remove_effect, 0},
	{"an attempt is sent twice", BAL_EFFECT_DISPATCH, repeat_effect, 0},
	{"a task ends twice", BAL_EFFECT_COMPLETE, repeat_effect, 0},
	{"an agent gets more than it can take", BAL_EFFECT_DISPATCH, send_elsewhere, 0},
	{"a number of an attempt is used again", BAL_EFFECT_DISPATCH, use_attempt_again, 0},
	{"a pool grows beyond its bound", BAL_EFFECT_SCALE, order_too_many, 0},
	{"an end is not what happened", BAL_EFFECT_STORE_RESULT, change_end, 0},
	{"a task is accepted before it is stored", BAL_EFFECT_STORE, accept_early, 0},
	{"an agent is ended at its work", BAL_EFFECT_DRAIN, end_busy, 0},
	{"a task is refused after it was accepted", BAL_EFFECT_ACCEPT, refuse_accepted, 0},
	{"an attempt is given up that does not run", BAL_EFFECT_RESCIND, repeat_effect, 0},
};

static void tamper(void *context, const struct bal_event *event, struct bal_effects *effects)
{
	struct plant *plant = context;
	uint32_t count = effects->count;

	(void)event;
	for (uint32_t i = 0; i < count; i++) {
		if (effects->items[i].type != plant->type)
			continue;
		if (++plant->seen % EVERY != 0)
			continue;
		plant->change(effects, i);
		return;
	}
}

static void test_each_is_found(void **state)
{
	static struct sim_options options;
	static struct sim_report report;

	(void)state;
	for (size_t i = 0; i < sizeof PLANTS / sizeof PLANTS[0]; i++) {
		bool found = false;

		for (uint64_t seed = 1; seed <= SEEDS_MAX && !found; seed++) {
			sim_options_draw(&options, seed, TASKS);
			options.tamper = tamper;
			options.tamper_context = &PLANTS[i];
			found = !sim_run(&options, &report);
		}
		if (!found)
			fail_msg("not found: %s", PLANTS[i].what);
		assert_non_null(strstr(report.failure, "seed "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
