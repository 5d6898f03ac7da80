/* SPDX-License-Identifier: Apache-2.0 */
/* Requirement W7: twice the load that the fleet can do, for five minutes. Critical tasks keep their
 * promise, batch is refused with an honest time to come back, and all of it is recorded and undone.
 * The core is the real one; what it says is seen from outside, step by step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/objective.h"
#include "sim/host.h"

#include <stdio.h>
#include <string.h>

#define AGENTS     20 /* of one slot, for tasks of a second: 20 tasks/s */
#define CALM_S     600
#define OVERLOAD_S 300
#define AFTER_S    1200
#define CALM_RATE  10.0
#define OVER_RATE  40.0
#define TASKS_MAX  40000

struct course {
	struct sim_arrival arrivals[TASKS_MAX];
	uint32_t count;
};

struct seen {
	int64_t begun_ns;                    /* core time of the first submission */
	int64_t submitted_ns[TASKS_MAX + 1]; /* by id */
	uint8_t priority[TASKS_MAX + 1];
	bool went[TASKS_MAX + 1];
	uint32_t waits[BAL_PRIORITY_COUNT], late[BAL_PRIORITY_COUNT]; /* in the overload */
	uint32_t refused[BAL_PRIORITY_COUNT], refused_after;
	uint32_t shed_begun, shed_ended, alerts[BAL_ALERT_LEVEL_COUNT];
	int64_t retry_min_ns, retry_max_ns;
	int64_t first_shed_ns, last_refused_ns; /* since begun_ns */
};

static struct course course;
static struct seen seen;

/* ---- the load ---- */

static double rate_at(double at_s)
{
	return at_s >= CALM_S && at_s < CALM_S + OVERLOAD_S ? OVER_RATE : CALM_RATE;
}

/* 1 in 5 critical, 1 in 4 normal, the rest batch. */
static uint32_t draw_priority(struct prng *random)
{
	double draw = prng_unit(random);

	if (draw < 0.2)
		return BAL_PRIORITY_CRITICAL;
	return draw < 0.45 ? BAL_PRIORITY_NORMAL : BAL_PRIORITY_BATCH;
}

static void draw_course(uint64_t seed)
{
	struct prng random;
	double at_s = 0;

	course.count = 0;
	prng_init(&random, seed);
	while (course.count < TASKS_MAX) {
		double gap = -num_log(1 - prng_unit(&random)) / rate_at(at_s);
		struct sim_arrival *arrival = &course.arrivals[course.count];

		at_s += gap;
		if (at_s > CALM_S + OVERLOAD_S + AFTER_S)
			break;
		*arrival =
			(struct sim_arrival){.at_ns = (int64_t)(at_s * 1e9), .work_ns = NS_PER_S};
		arrival->priority = draw_priority(&random) + 1;
		course.count++;
	}
}

/* ---- what is seen ---- */

static bool in_overload(int64_t at_ns)
{
	int64_t since_ns = at_ns - seen.begun_ns;

	return since_ns >= CALM_S * NS_PER_S && since_ns < (CALM_S + OVERLOAD_S) * NS_PER_S;
}

static void see_dispatch(uint64_t task, int64_t now_ns)
{
	uint32_t priority = seen.priority[task];

	if (seen.went[task])
		return;
	seen.went[task] = true;
	if (!in_overload(seen.submitted_ns[task]))
		return;
	seen.waits[priority]++;
	seen.late[priority] += now_ns - seen.submitted_ns[task] > 2 * NS_PER_S;
}

static void see_refusal(const struct bal_effect *effect, int64_t now_ns)
{
	assert_int_equal(effect->reason, BAL_REASON_REFUSED_SHED);
	seen.refused[seen.priority[effect->task]]++;
	seen.refused_after += now_ns - seen.begun_ns > (CALM_S + OVERLOAD_S) * NS_PER_S;
	seen.retry_min_ns = num_min_i64(seen.retry_min_ns, effect->value_ns);
	seen.retry_max_ns = num_max_i64(seen.retry_max_ns, effect->value_ns);
	seen.last_refused_ns = now_ns - seen.begun_ns;
}

static void see_recovery(const struct bal_effect *effect, int64_t now_ns)
{
	if (effect->count != BAL_RECOVERY_SHED)
		return;
	if (seen.shed_begun == 0)
		seen.first_shed_ns = now_ns - seen.begun_ns;
	seen.shed_begun += effect->reason == BAL_REASON_OBJECTIVE_BROKEN;
	seen.shed_ended += effect->reason == BAL_REASON_OBJECTIVE_MET;
}

static void observe(void *context, const struct bal_event *event, enum bal_status status,
	const struct bal_effects *effects)
{
	(void)context;
	(void)status;
	if (event->type == BAL_EVENT_TASK_SUBMITTED && event->task.id <= TASKS_MAX) {
		if (seen.begun_ns == 0)
			seen.begun_ns = event->now_ns;
		seen.submitted_ns[event->task.id] = event->now_ns;
		seen.priority[event->task.id] = (uint8_t)event->task.priority;
	}
	for (uint32_t i = 0; i < effects->count; i++) {
		const struct bal_effect *effect = &effects->items[i];

		if (effect->type == BAL_EFFECT_DISPATCH)
			see_dispatch(effect->task, event->now_ns);
		else if (effect->type == BAL_EFFECT_REFUSE)
			see_refusal(effect, event->now_ns);
		else if (effect->type == BAL_EFFECT_RECOVERY)
			see_recovery(effect, event->now_ns);
		else if (effect->type == BAL_EFFECT_ALERT)
			seen.alerts[effect->count]++;
	}
}

static void run(uint64_t seed, bool recovers)
{
	static struct sim_options options;
	static struct sim_report report;

	memset(&seen, 0, sizeof seen);
	seen.retry_min_ns = INT64_MAX;
	draw_course(seed);
	sim_options_fleet(&options, seed, course.count, AGENTS, 0.5);
	options.pools[0].conf.slots = 1;
	options.pools[0].speed_low = 1;
	options.pools[0].speed_high = 1;
	options.load.kinds = 1;
	options.load.tenants = 1;
	options.load.durable_ppm = 0;
	options.load.deadline_ppm = 0;
	options.load.parent_ppm = 0;
	options.trace = course.arrivals;
	options.tasks = course.count;
	options.objectives = objective_standard();
	options.objectives.recovers = recovers;
	options.observe = observe;
	if (!sim_run(&options, &report))
		fail_msg("%s", report.failure);
}

static void test_critical_tasks_keep_their_promise(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		uint32_t critical;

		run(seed, true);
		critical = seen.waits[BAL_PRIORITY_CRITICAL];
		printf("seed %llu: critical late %u of %u, normal late %u of %u, batch refused %u, "
		       "shed at %lld s, last refusal %lld s, retry after %lld..%lld s, steps %u\n",
			(unsigned long long)seed, seen.late[BAL_PRIORITY_CRITICAL], critical,
			seen.late[BAL_PRIORITY_NORMAL], seen.waits[BAL_PRIORITY_NORMAL],
			seen.refused[BAL_PRIORITY_BATCH],
			(long long)(seen.first_shed_ns / NS_PER_S),
			(long long)(seen.last_refused_ns / NS_PER_S),
			(long long)(seen.retry_min_ns / NS_PER_S),
			(long long)(seen.retry_max_ns / NS_PER_S), seen.shed_begun);
		assert_in_range(critical, 2000, 2800);
		assert_true(seen.late[BAL_PRIORITY_CRITICAL] * 20 <= critical);
		assert_int_equal(seen.refused[BAL_PRIORITY_CRITICAL], 0);
		assert_int_equal(seen.refused[BAL_PRIORITY_HIGH], 0);
		/* Most of what batch asks for after the first half minute. */
		assert_true(seen.refused[BAL_PRIORITY_BATCH] > 3000);
		assert_in_range(seen.first_shed_ns / NS_PER_S, CALM_S, CALM_S + 60);
		assert_true(seen.alerts[BAL_ALERT_CRITICAL] > 0);
		/* Undone, and not long after it is over. */
		assert_true(seen.shed_begun > 0);
		assert_int_equal(seen.shed_ended, seen.shed_begun);
		assert_true(seen.last_refused_ns < (CALM_S + OVERLOAD_S + 720) * NS_PER_S);
		assert_true(seen.retry_min_ns >= 5 * NS_PER_S);
	}
}

/* Without being asked the core sheds nobody. */
static void test_nobody_is_shed_unasked(void **state)
{
	(void)state;
	run(1, false);
	assert_int_equal(seen.refused[BAL_PRIORITY_BATCH], 0);
	assert_int_equal(seen.shed_begun, 0);
	assert_true(seen.alerts[BAL_ALERT_CRITICAL] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_critical_tasks_keep_their_promise),
		cmocka_unit_test(test_nobody_is_shed_unasked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
