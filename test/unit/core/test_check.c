/* SPDX-License-Identifier: Apache-2.0 */
/* The core keeps its rules whatever a host tells it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/assert.h"
#include "base/prng.h"
#include "chaos.h"

#include <stdlib.h>

#define SEEDS 60
#define STEPS 1500

/* Where a broken rule is met, for the report. */
static uint64_t seed_now;
static uint32_t step_now;
static struct bal_event event_now;

static void report(const char *rule, const char *file, int line)
{
	char text[BAL_LINE_SIZE];

	bal_event_print(&event_now, text, sizeof text);
	print_error("seed %lu step %u: %s\nbroken: %s\n", (unsigned long)seed_now, step_now, text,
		rule);
	_fail(file, line);
}

static uint32_t draw_prng(void *source, uint32_t bound)
{
	return (uint32_t)prng_below(source, bound);
}

static void run_seed(uint64_t seed)
{
	struct bal_core *core = chaos_core();
	struct bal_effect items[CHAOS_EFFECTS_MAX];
	struct prng random;
	struct chaos chaos;

	prng_init(&random, seed);
	chaos_init(&chaos, draw_prng, &random);
	seed_now = seed;
	for (step_now = 0; step_now < STEPS; step_now++) {
		struct bal_effects effects = {
			.items = items, .capacity = 1 + draw_prng(&random, CHAOS_EFFECTS_MAX)};

		chaos_event(&chaos, core, &event_now);
		bal_step(core, &event_now, &effects);
		bal_core_check(core);
		chaos_perform(&chaos, &effects);
	}
	chaos_core_free(core);
}

static void any_order_of_events_keeps_the_rules(void **state)
{
	(void)state;
	assert_handler_set(report);
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_seed(seed);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_of_events_keeps_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
