/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: from load to agents, and each thing that may stand in the way. */
#include "core/plan.h"

#include <math.h>

#include "core/erlang.h"

#include "../base/unit.h"

/* The steady load of the scaling world: 27 slots by Allen-Cunneen for 23 busy ones. */
static const struct plan_need NEED = {.load = 23,
	.service_s = 5.57,
	.arrivals_cv2 = 1,
	.service_cv2 = 0.53,
	.wait_s = 2,
	.late_share = 0.05,
	.tail = 1};
static const struct plan_pool POOL = {.price = 100, .slots = 4, .agents_max = 50};
static const struct plan_bounds FREE;

static void slots_keep_the_objective(void **state)
{
	struct plan_need need = NEED;
	struct erlang_queue queue = {NEED.load, NEED.service_s, 1, 0.53};
	uint32_t slots = (uint32_t)plan_slots(&need);

	(void)state;
	assert_true(erlang_wait_over(&queue, slots, 2) <= 0.05);
	assert_true(erlang_wait_over(&queue, slots - 1, 2) > 0.05);
	/* Twice as many late ones as the model says: half as many are asked of it. */
	need.tail = 2;
	slots = (uint32_t)plan_slots(&need);
	assert_true(erlang_wait_over(&queue, slots, 2) <= 0.025);
	assert_true(erlang_wait_over(&queue, slots - 1, 2) > 0.025);
	/* A measurement of nothing is no reason to ask for nothing. */
	need.tail = 0;
	assert_true(plan_slots(&need) > 23);
	need.tail = 1;
	need.headroom = 0.5;
	assert_int_equal(plan_slots(&need), 35);
	need.load = 0;
	assert_int_equal(plan_slots(&need), 0);
}

static void margins_are_kept(void **state)
{
	struct plan_pool pool = POOL;

	(void)state;
	pool.slots = 8;
	assert_int_equal(plan_carries(&pool, 0.2), 8);
	pool.cpu_millis = 6000;
	pool.slot_cpu_millis = 1000;
	assert_int_equal(plan_carries(&pool, 0), 5); /* 6 / 1.2 */
	assert_int_equal(plan_carries(&pool, 0.1), 5);
	assert_int_equal(plan_carries(&pool, 0.5), 4); /* the larger one counts, not both */
	pool.memory_mib = 2300;
	pool.slot_memory_mib = 1000;
	assert_int_equal(plan_carries(&pool, 0), 2); /* 2.3 / 1.15 */
	pool.storage_mib = 1249;
	pool.slot_storage_mib = 500;
	assert_int_equal(plan_carries(&pool, 0), 1); /* 1.249 / 0.625 */
	pool.slot_storage_mib = 5000;
	assert_int_equal(plan_carries(&pool, 0), 1);
}

static void agents_by_resources(void **state)
{
	struct plan_pool pool = POOL;
	struct plan plan;
	uint64_t slots = plan_slots(&NEED);

	(void)state;
	plan_make(&NEED, &pool, 1, &FREE, &plan);
	assert_int_equal(plan.mix.agents[0], (slots + 3) / 4);
	assert_int_equal(plan.mix.price, 100 * (int64_t)((slots + 3) / 4));
	assert_int_equal(plan.ceiling, PLAN_CEILING_NONE);
	assert_true(fabs(plan.busy_most - 23.0 / (double)slots) < 1e-12);
	assert_true(plan.late <= 0.05);
	pool.cpu_millis = 2400;
	pool.slot_cpu_millis = 1000;
	plan_make(&NEED, &pool, 1, &FREE, &plan);
	assert_int_equal(plan.mix.agents[0], (slots + 1) / 2);
}

static void a_loss_is_survived(void **state)
{
	struct plan_need need = NEED;
	struct plan plan;
	uint64_t slots = plan_slots(&NEED);

	(void)state;
	need.survive = true;
	plan_make(&need, &POOL, 1, &FREE, &plan);
	assert_int_equal(plan.mix.agents[0], (slots + 3) / 4 + 1);
	assert_int_equal(plan.ceiling, PLAN_CEILING_NONE);
}

static void each_ceiling_is_named(void **state)
{
	struct plan_pool pool = POOL;
	struct plan_bounds bounds = FREE;
	struct plan plan;

	(void)state;
	pool.agents_max = 5;
	plan_make(&NEED, &pool, 1, &FREE, &plan);
	assert_int_equal(plan.ceiling, PLAN_CEILING_POOL);
	assert_int_equal(plan.mix.agents[0], 5);
	assert_true(plan.late == 1);
	pool.agents_max = 50;
	pool.limits = 1;
	bounds.shared_slots[0] = 10;
	bounds.shared_count = 1;
	plan_make(&NEED, &pool, 1, &bounds, &plan);
	assert_int_equal(plan.ceiling, PLAN_CEILING_SHARED);
	assert_int_equal(plan.mix.agents[0], 3);
	bounds.shared_count = 0;
	bounds.price = 450;
	plan_make(&NEED, &pool, 1, &bounds, &plan);
	assert_int_equal(plan.ceiling, PLAN_CEILING_MONEY);
	assert_int_equal(plan.mix.agents[0], 4);
	bounds.price = 0;
	pool.cpu_millis = 1000;
	pool.memory_mib = 512;
	bounds.cpu_millis = 3900;
	plan_make(&NEED, &pool, 1, &bounds, &plan);
	assert_int_equal(plan.ceiling, PLAN_CEILING_CPU);
	assert_int_equal(plan.mix.agents[0], 3);
	bounds.cpu_millis = 0;
	bounds.memory_mib = 1024;
	plan_make(&NEED, &pool, 1, &bounds, &plan);
	assert_int_equal(plan.ceiling, PLAN_CEILING_MEMORY);
	assert_int_equal(plan.mix.agents[0], 2);
}

/* A limit bounds its pools together; what is beyond it comes from others, at a higher price. */
static void shared_limits_bound_the_sum(void **state)
{
	struct plan_pool pools[3] = {POOL, POOL, POOL};
	struct plan_bounds bounds = {.shared_slots = {12}, .shared_count = 1};
	struct plan plan;

	(void)state;
	pools[0].limits = 1;
	pools[1].limits = 1;
	pools[1].price = 101;
	pools[2].price = 300;
	plan_make(&NEED, pools, 3, &bounds, &plan);
	assert_int_equal(plan.ceiling, PLAN_CEILING_NONE);
	assert_int_equal(plan.mix.agents[0], 3);
	assert_int_equal(plan.mix.agents[1], 0);
	assert_int_equal(plan.mix.agents[2], (plan.slots - 12 + 3) / 4);
	plan_make(&NEED, pools, 2, &bounds, &plan);
	assert_int_equal(plan.ceiling, PLAN_CEILING_SHARED);
	assert_int_equal(plan.mix.slots, 12);
	assert_int_equal(plan.mix.agents[0], 3);
}

/* The cheap pool needs more of the host than there is: the dearer one makes up for it. */
static void a_host_is_filled_by_what_fits(void **state)
{
	struct plan_pool pools[2] = {POOL, POOL};
	struct plan_bounds bounds = {.cpu_millis = 20000};
	struct plan plan;

	(void)state;
	pools[0].cpu_millis = 4000;
	pools[1].cpu_millis = 1000;
	pools[1].price = 150;
	plan_make(&NEED, pools, 2, &bounds, &plan);
	assert_int_equal(plan.ceiling, PLAN_CEILING_NONE);
	assert_true(plan.mix.slots >= plan.slots);
	assert_true(4 * plan.mix.agents[0] + plan.mix.agents[1] <= 20);
	assert_true(plan.mix.agents[0] > 0);
}

/* What is paid anyway is used first, and paid whether it is used or not. */
static void reserved_agents_go_first(void **state)
{
	struct plan_pool pools[2] = {POOL, POOL};
	struct plan_need need = NEED;
	struct plan_bounds bounds = {.price = 1200};
	struct plan plan;

	(void)state;
	pools[1].reserved = true;
	pools[1].price = 200;
	pools[1].agents_max = 3;
	plan_make(&NEED, pools, 2, &FREE, &plan);
	assert_int_equal(plan.mix.agents[1], 3);
	assert_int_equal(plan.mix.price, 600 + 100 * (int64_t)plan.mix.agents[0]);
	plan_make(&NEED, pools, 2, &bounds, &plan);
	assert_true(plan.mix.price <= 1200);
	need.load = 0;
	plan_make(&need, pools, 2, &FREE, &plan);
	assert_int_equal(plan.mix.price, 600);
}

static void minimums_stand(void **state)
{
	struct plan_pool pool = POOL;
	struct plan_bounds bounds = {.price = 1};
	struct plan_need need = NEED;
	struct plan plan;

	(void)state;
	pool.agents_min = 2;
	plan_make(&need, &pool, 1, &bounds, &plan);
	assert_int_equal(plan.mix.agents[0], 2);
	need.load = 0;
	plan_make(&need, &pool, 1, &FREE, &plan);
	assert_int_equal(plan.mix.agents[0], 2);
	assert_true(plan.busy == 0);
	assert_true(plan.late == 0);
	plan_make(&NEED, NULL, 0, &FREE, &plan);
	assert_int_equal(plan.ceiling, PLAN_CEILING_POOL);
	assert_int_equal(plan.mix.slots, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_keep_the_objective),
		cmocka_unit_test(margins_are_kept),
		cmocka_unit_test(agents_by_resources),
		cmocka_unit_test(a_loss_is_survived),
		cmocka_unit_test(each_ceiling_is_named),
		cmocka_unit_test(shared_limits_bound_the_sum),
		cmocka_unit_test(a_host_is_filled_by_what_fits),
		cmocka_unit_test(reserved_agents_go_first),
		cmocka_unit_test(minimums_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
