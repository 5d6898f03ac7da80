/* SPDX-License-Identifier: Apache-2.0 */
/* Measured lateness against the model's. */
#include "core/lateness.h"

#include "base/units.h"

#include "../base/unit.h"

#define LOOK NS_PER_S

static const struct erlang_queue QUEUE = {
	.load = 20, .service_s = 5, .arrivals_cv2 = 1, .service_cv2 = 1};

/* Minutes of one look a second, with so many starts of which so many are late. */
static int64_t go(struct lateness *lateness, int64_t now_ns, const struct erlang_queue *queue,
	uint32_t slots, uint32_t starts, uint32_t late, uint32_t minutes)
{
	for (uint32_t minute = 0; minute < minutes; minute++) {
		for (uint32_t i = 0; i < starts; i++)
			lateness_start(lateness, i < late);
		for (uint32_t second = 0; second < 60; second++)
			lateness_look(lateness, now_ns += LOOK, queue, slots, 2);
	}
	return now_ns;
}

static void is_one_before_evidence(void **state)
{
	struct lateness lateness = {0};

	(void)state;
	assert_true(lateness_tail(&lateness) == 1);
	assert_true(lateness_valid(&lateness));
	/* The first look comes long after zero: no minute. */
	go(&lateness, 100 * NS_PER_HOUR, &QUEUE, 24, 240, 240, 1);
	assert_true(lateness.measured <= 240);
	assert_true(lateness_tail(&lateness) >= 1);
}

static void finds_the_ratio(void **state)
{
	struct lateness good = {0}, bad = {0};
	double expected = erlang_wait_over(&QUEUE, 24, 2); /* 0.13 */

	(void)state;
	go(&good, 0, &QUEUE, 24, 10000, (uint32_t)(10000 * expected + 0.5), 600);
	assert_true(lateness_tail(&good) > 0.999);
	assert_true(lateness_tail(&good) < 1.001);
	go(&bad, 0, &QUEUE, 24, 10000, (uint32_t)(10000 * expected * 2 + 0.5), 600);
	assert_true(lateness_tail(&bad) > 1.99);
	assert_true(lateness_tail(&bad) < 2.01);
}

static void forgets(void **state)
{
	struct lateness lateness = {0};
	int64_t now_ns = go(&lateness, 0, &QUEUE, 40, 1000, 500, 60);
	double before = lateness.measured;

	(void)state;
	assert_true(lateness_tail(&lateness) > 100);
	now_ns = go(&lateness, now_ns, &QUEUE, 40, 1000, 0, 239);
	assert_true(lateness.measured < before * 0.51);
	assert_true(lateness.measured > before * 0.49);
	assert_true(now_ns > 0);
}

/* Too few slots are no fault of the model's; neither is a pause, nor a minute without tasks. */
static void leaves_out_what_says_nothing(void **state)
{
	struct erlang_queue none = QUEUE;
	struct lateness lateness = {0};
	int64_t now_ns = go(&lateness, 0, &QUEUE, 20, 1000, 1000, 10);

	(void)state;
	assert_true(lateness.measured == 0);
	lateness_start(&lateness, true);
	lateness_look(&lateness, now_ns += NS_PER_HOUR, &QUEUE, 24, 2);
	assert_true(lateness.measured == 0);
	assert_int_equal(lateness.starts, 0);
	none.load = 0;
	now_ns = go(&lateness, now_ns, &none, 24, 5, 5, 2);
	go(&lateness, now_ns, &QUEUE, 24, 0, 0, 2);
	assert_true(lateness.measured == 0 && lateness.expected == 0);
}

static void refuses_what_cannot_be(void **state)
{
	struct lateness lateness = {.starts = 1, .late = 2};

	(void)state;
	assert_false(lateness_valid(&lateness));
	lateness = (struct lateness){.measured = -1};
	assert_false(lateness_valid(&lateness));
	lateness = (struct lateness){.expected = 1e300};
	assert_false(lateness_valid(&lateness));
	lateness = (struct lateness){.expected = -1};
	assert_false(lateness_valid(&lateness));
	lateness = (struct lateness){.measured = 1e16};
	assert_false(lateness_valid(&lateness));
	lateness = (struct lateness){.load_sum = -1};
	assert_false(lateness_valid(&lateness));
	lateness = (struct lateness){.load_sum = 1e16};
	assert_false(lateness_valid(&lateness));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_one_before_evidence),
		cmocka_unit_test(finds_the_ratio),
		cmocka_unit_test(forgets),
		cmocka_unit_test(leaves_out_what_says_nothing),
		cmocka_unit_test(refuses_what_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
