/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting in queues: published tables to their digits, closed forms, a second algorithm. The exact
 * comparison with fractions is test_erlang.py's. */
#include "core/erlang.h"

#include <math.h>

#include "base/num.h"

#include "../base/unit.h"

static const struct erlang_queue CALLS = {
	.load = 10, .service_s = 180, .arrivals_cv2 = 1, .service_cv2 = 1};

/* Traffic tables of Erlang B: load offered at a loss of 1 %, of 2 %, of 5 %. */
static void published_loss(void **state)
{
	static const struct {
		uint32_t servers;
		double loss, load;
		int digits;
	} rows[] = {{1, .01, .0101, 4}, {2, .01, .153, 3}, {5, .01, 1.36, 2}, {10, .01, 4.46, 2},
		{20, .01, 12.0, 1}, {50, .01, 37.9, 1}, {100, .01, 84.1, 1}, {5, .02, 1.66, 2},
		{10, .02, 5.08, 2}, {20, .02, 13.2, 1}, {30, .02, 21.9, 1}, {100, .02, 88.0, 1},
		{10, .05, 6.22, 2}, {100, .05, 95.2, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		double half = 0.5 * num_exp(-2.302585092994046 * rows[i].digits);

		assert_true(erlang_b(rows[i].servers, rows[i].load - half) <= rows[i].loss);
		assert_true(erlang_b(rows[i].servers, rows[i].load + half) >= rows[i].loss);
	}
}

/* The textbook call centre: 200 calls an hour of three minutes, 14 agents. */
static void published_waiting(void **state)
{
	(void)state;
	assert_true(fabs(erlang_c(14, 10) - 0.1741) < 5e-5);
	assert_true(fabs(erlang_wait_mean(&CALLS, 14) - 7.8) < 5e-2);
	assert_true(fabs(1 - erlang_wait_over(&CALLS, 14, 20) - 0.8884) < 5e-5);
	assert_int_equal(erlang_servers(&CALLS, 20, 0.20), 14);
	assert_int_equal(erlang_servers(&CALLS, 20, 0.111), 15);
}

static void closed_forms(void **state)
{
	(void)state;
	for (int i = 1; i < 100; i++) {
		double share = i / 100.0;

		assert_true(fabs(erlang_c(1, share) - share) < 1e-14);
		assert_true(fabs(erlang_c(2, 2 * share) - 2 * share * share / (1 + share)) < 1e-14);
	}
	assert_true(erlang_c(0, 0) == 1);
	assert_true(erlang_c(5, 0) == 0);
	assert_true(erlang_c(5, 5) == 1);
	assert_true(erlang_c(5, 7) == 1);
	assert_true(isinf(erlang_wait_mean(&CALLS, 10)));
	assert_true(erlang_wait_over(&CALLS, 10, 1e9) == 1);
}

/* Terms of the Poisson distribution, summed downward from the top one in extended precision. */
static double summed_c(uint32_t servers, double load)
{
	long double term = 1, sum = 0;
	long double top = (long double)servers / ((long double)servers - load);

	for (uint32_t k = servers; k > 0; k--) {
		term = term * k / load;
		sum += term;
	}
	return (double)(top / (sum + top));
}

static void agrees_with_sums(void **state)
{
	static const uint32_t servers[] = {
		1, 2, 3, 7, 16, 40, 88, 300, 1000, 5000, 10000, 30000, 100000};

	(void)state;
	for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
		for (uint32_t busy = 50; busy < 1000; busy += 19) {
			double load = servers[i] * busy / 1000.0;
			double expected = summed_c(servers[i], load);
			double error = fabs(erlang_c(servers[i], load) - expected);

			assert_true(error <= 1e-9 * expected || expected < 1e-300);
		}
	}
}

/* 85 % busy with 95 % of waits within 2 s: 33 slots for tasks of 5.57 s that are exponential, 27
 * for those of the recorded spread. */
static void variability(void **state)
{
	struct erlang_queue queue = {.service_s = 5.57, .arrivals_cv2 = 1, .service_cv2 = 1};
	uint32_t servers[2] = {1, 1};

	(void)state;
	for (int i = 0; i < 2; i++) {
		queue.service_cv2 = i == 0 ? 1 : 0.53;
		for (queue.load = 0.85; erlang_wait_over(&queue, servers[i], 2) > 0.05;
			queue.load += 0.85)
			servers[i]++;
	}
	assert_int_equal(servers[0], 33);
	assert_int_equal(servers[1], 27);
	/* Clockwork waits for nothing; that is no reason to divide by it. */
	queue = (struct erlang_queue){.load = 5, .service_s = 1};
	assert_int_equal(erlang_servers(&queue, 1, 0.01), 6);
}

/* One fewer would not do, one more is not needed. */
static void fewest_servers(void **state)
{
	(void)state;
	for (double load = 0; load < 3000; load = load * 1.7 + 0.3) {
		for (double share = 0.5; share > 1e-6; share /= 9) {
			struct erlang_queue queue = {load, 5.57, 2, 0.53};
			uint32_t servers = erlang_servers(&queue, 2, share);

			assert_true(servers >= 1);
			assert_true(erlang_wait_over(&queue, servers, 2) <= share);
			if (servers > 1)
				assert_true(erlang_wait_over(&queue, servers - 1, 2) > share);
		}
	}
}

static void asserts(void **state)
{
	struct erlang_queue queue = CALLS;

	(void)state;
	unit_expect_assert(erlang_b(1, -1));
	unit_expect_assert(erlang_servers(&CALLS, 2, 0));
	unit_expect_assert(erlang_wait_over(&CALLS, 14, -1));
	queue.service_s = 0;
	unit_expect_assert(erlang_wait_mean(&queue, 14));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_loss),
		cmocka_unit_test(published_waiting),
		cmocka_unit_test(closed_forms),
		cmocka_unit_test(agrees_with_sums),
		cmocka_unit_test(variability),
		cmocka_unit_test(fewest_servers),
		cmocka_unit_test(asserts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
