/* SPDX-License-Identifier: Apache-2.0 */
#include "busy.h"

static void hand_back(struct scene *scene, uint64_t task, uint64_t waits_for)
{
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = task, .epoch = 1, .attempt = 1,
				 .outcome = BAL_OUTCOME_HANDED_BACK, .waits_for = waits_for),
		BAL_OK);
}

static void define_pools(struct scene *scene)
{
	struct bal_event_pool urls = scene_pool_standard(POOL_URLS, BAL_POOL_URLS);
	struct bal_event_pool process = scene_pool_standard(POOL_PROCESS, BAL_POOL_PROCESS);

	assert_int_equal(STEP(scene, LIMIT, limit, .limit = 1, .running_max = 50), BAL_OK);
	process.offers.words[0] = 2;
	process.limits[0] = 1;
	process.agents_min = 2;
	scene_pool(scene, &urls);
	scene_pool(scene, &process);
	scene_run_for(scene, NS_PER_S);
	assert_int_equal(scene_pool_view(scene, POOL_PROCESS).ordered, 2);
}

static struct bal_event_task child(uint64_t id)
{
	return (struct bal_event_task){.id = id,
		.priority = BAL_PRIORITY_NORMAL,
		.parent = PARENT,
		.conversation = 77,
		.flags = BAL_TASK_PARENT_WAITS};
}

int busy_begin(void **state)
{
	struct scene *scene;
	struct bal_event_task task = {.priority = BAL_PRIORITY_NORMAL};

	scene_begin(state);
	scene = *state;
	define_pools(scene);
	scene_agent(scene, AGENT_FULL, POOL_URLS, 1);
	scene_task(scene, PARENT);
	assert_int_equal(scene_submit(scene, child(CHILD)), BAL_OK);
	scene_agent(scene, AGENT_ALONE, POOL_URLS, 1);
	task.id = RUNNING;
	task.needs.exclusive = true;
	assert_int_equal(scene_submit(scene, task), BAL_OK);
	scene_agent(scene, AGENT_FREE, POOL_PROCESS, 4);
	task = (struct bal_event_task){.priority = BAL_PRIORITY_NORMAL, .needs.tags.words = {2}};
	for (uint64_t id = PATIENT; id <= CONTENT; id++) {
		task.id = id;
		task.flags = id == ENDING ? BAL_TASK_DURABLE : 0;
		assert_int_equal(scene_submit(scene, task), BAL_OK);
		if (id == ENDING)
			assert_int_equal(scene_stored(scene, id, BAL_OK), BAL_OK);
	}
	hand_back(scene, PATIENT, RUNNING);
	hand_back(scene, PATIENT_2, RUNNING);
	scene_succeed(scene, ENDING, NS_PER_S);
	scene_task(scene, QUEUED);
	task = (struct bal_event_task){
		.id = NEEDY, .priority = BAL_PRIORITY_BATCH, .tenant = 3, .needs.cpu_millis = 500};
	assert_int_equal(scene_submit(scene, task), BAL_OK);
	assert_int_equal(scene_submit(scene, child(KID)), BAL_OK);
	/* Alerts of two agents are open, one is pending. */
	assert_int_equal(scene_sample(scene, AGENT_FULL, BAL_SIGNAL_MEMORY_PERMILLE, 850), BAL_OK);
	assert_int_equal(scene_sample(scene, AGENT_FREE, BAL_SIGNAL_CPU_PERMILLE, 960), BAL_OK);
	assert_int_equal(scene_sample(scene, AGENT_FREE, BAL_SIGNAL_OOM_KILLS, 1), BAL_OK);
	return 0;
}
