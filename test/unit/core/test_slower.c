/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts that follow from a past: tasks that take longer than they used to, of a kind and on an
 * agent, and a load unlike its own. */
#include "scene.h"

#include "base/prng.h"
#include "core/rule.h"

#include <stdlib.h>

#define POOL     1
#define AGENT    101
#define AGENTS   2
#define ROUND_NS (NS_PER_S / 2)

static struct prng prng;
static struct prng_sizes sizes;
static uint64_t last_task;
static double slow[AGENTS]; /* times what is usual, by agent */

static int begin(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);
	struct bal_event_pool pool = scene_pool_standard(POOL, BAL_POOL_URLS);

	scene->watched = true;
	scene->unchecked = true;
	scene_start(scene, 1);
	scene_pool(scene, &pool);
	scene->now_ns = 10000 * NS_PER_S;
	for (uint32_t i = 0; i < AGENTS; i++) {
		scene_agent(scene, AGENT + i, POOL, 1);
		slow[i] = 1;
	}
	scene_clear(scene);
	prng_init(&prng, 4);
	prng_sizes_init(&sizes, 0.1, 0.5);
	last_task = 0;
	*state = scene;
	return 0;
}

static int end(void **state)
{
	struct scene *scene = *state;

	bal_core_check(scene->core);
	scene_close(scene);
	return 0;
}

/* So many tasks, one at each agent at a time. */
static void serve(struct scene *scene, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t first = last_task + 1;

		for (uint32_t j = 0; j < AGENTS; j++)
			scene_task(scene, ++last_task);
		scene_run_for(scene, ROUND_NS);
		for (uint64_t task = first; task <= last_task; task++) {
			uint64_t agent = scene_task_view(scene, task).agent;
			double size = prng_size(&prng, &sizes) * slow[agent - AGENT];

			scene_succeed(scene, task, (int64_t)(size * 1e9));
		}
		scene_clear(scene);
	}
}

/* Open alerts of a rule; the last one's subject. */
static uint32_t open_alerts(const struct scene *scene, uint32_t rule, uint64_t *subject)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < bal_alert_places(scene->core); i++) {
		struct bal_alert alert;

		if (!bal_alert_at(scene->core, i, &alert) || alert.rule != rule)
			continue;
		*subject = alert.subject_id;
		count++;
	}
	return count;
}

static void test_a_kind_that_takes_longer(void **state)
{
	struct scene *scene = *state;
	uint64_t subject = 99;

	serve(scene, 8000);
	assert_int_equal(open_alerts(scene, RULE_KIND_SLOWER_WARNING, &subject), 0);
	slow[0] = slow[1] = 1.4;
	serve(scene, 1200);
	assert_int_equal(open_alerts(scene, RULE_KIND_SLOWER_WARNING, &subject), 1);
	assert_int_equal(subject, 0);
	assert_int_equal(open_alerts(scene, RULE_AGENT_SLOWER_WARNING, &subject), 0);
	slow[0] = slow[1] = 1;
	serve(scene, 4000);
	assert_int_equal(open_alerts(scene, RULE_KIND_SLOWER_WARNING, &subject), 0);
}

static void test_an_agent_that_takes_longer(void **state)
{
	struct scene *scene = *state;
	uint64_t subject = 0;

	serve(scene, 8000);
	assert_int_equal(open_alerts(scene, RULE_AGENT_SLOWER_WARNING, &subject), 0);
	slow[1] = 2;
	serve(scene, 1500);
	assert_int_equal(open_alerts(scene, RULE_AGENT_SLOWER_WARNING, &subject), 1);
	assert_int_equal(subject, AGENT + 1);
	/* With the agent goes what was known of it. */
	assert_int_equal(scene_down(scene, AGENT + 1, true), BAL_OK);
	assert_int_equal(open_alerts(scene, RULE_AGENT_SLOWER_WARNING, &subject), 0);
}

/* What is known of agents is saved with the rest. */
static void test_saved(void **state)
{
	struct scene *scene = *state, *other = scene_open(&SCENE_LIMITS);
	size_t size;
	uint8_t *bytes;

	serve(scene, 500);
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_int_equal(bal_core_save(scene->core, bytes, size), size);
	assert_int_equal(bal_core_load(other->core, bytes, size), BAL_OK);
	assert_true(bal_core_digest(scene->core) == bal_core_digest(other->core));
	scene_close(other);
	other = scene_open(&SCENE_LIMITS);
	assert_int_equal(bal_core_load(other->core, bytes, size - 1), BAL_BROKEN);
	scene_close(other);
	free(bytes);
}

/* A load of many times what it was for a day. */
static void test_an_odd_load(void **state)
{
	struct scene *scene = *state;
	uint64_t subject = 99;

	for (uint32_t i = 0; i < 24 * 60; i++) {
		serve(scene, 1 + i % 2);
		scene_run_for(scene, NS_PER_MIN - (1 + i % 2) * ROUND_NS);
		scene_clear(scene);
	}
	assert_int_equal(open_alerts(scene, RULE_ANOMALY_WARNING, &subject), 0);
	serve(scene, 1500);
	assert_int_equal(open_alerts(scene, RULE_ANOMALY_WARNING, &subject), 1);
	assert_int_equal(subject, 0);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_a_kind_that_takes_longer),
		TEST(test_an_agent_that_takes_longer),
		TEST(test_saved),
		TEST(test_an_odd_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
