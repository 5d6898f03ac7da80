/* SPDX-License-Identifier: Apache-2.0 */
/* What a pool was like between two readings, and whether an order helped: tables of what was
 * before, what was after, and the verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/units.h"
#include "core/meter.h"
#include "core/verdict.h"

#define PRICE (100 * MICROCENTS_PER_CENT)

/* ---- meter ---- */

/* One look a second for so long. */
static void see(struct meter_book *book, struct meter_look *look, uint32_t seconds)
{
	for (uint32_t i = 0; i < seconds; i++) {
		look->now_ns += NS_PER_S;
		meter_see(book, look);
	}
}

static void test_a_stretch_is_the_mean_of_its_looks(void **state)
{
	struct meter_book book = {.looked = false};
	struct meter_look look = {
		.now_ns = 0, .busy = 6, .ready = 10, .coming = 12, .waiting = 3, .agents = 5};
	struct bal_stretch stretch;
	struct meter from;

	(void)state;
	meter_see(&book, &look);
	from = book.now;
	look.starts = 40;
	look.late = 3;
	see(&book, &look, 10);
	look.busy = 10;
	look.waiting = 8;
	see(&book, &look, 10);
	stretch = meter_between(&from, &book.now, PRICE, 7 * NS_PER_S);
	assert_int_equal(stretch.span_ns, 20 * NS_PER_S);
	assert_int_equal(stretch.utilisation_permille, 800);
	assert_int_equal(stretch.load_permille, 1125); /* (8 + 5.5) / 12 */
	assert_int_equal(stretch.agents_millis, 5000);
	assert_int_equal(stretch.busy_millis, 8000);
	assert_int_equal(stretch.waiting_millis, 5500);
	assert_int_equal(stretch.late_permille, 75);
	assert_int_equal(stretch.starts_millis, 2000);
	assert_int_equal(stretch.service_ns, 7 * NS_PER_S);
	assert_int_equal(stretch.price_microcents_hour, 5 * PRICE);
}

static void test_tasks_that_wait_too_long_are_late(void **state)
{
	struct meter_book book = {.looked = false};
	struct meter_look look = {.ready = 1, .waiting = 3, .starts = 7, .late = 7};
	struct meter from;

	(void)state;
	meter_see(&book, &look);
	from = book.now;
	see(&book, &look, 10);
	assert_int_equal(meter_between(&from, &book.now, 0, 0).late_permille, 0);
	look.tardy = true;
	see(&book, &look, 10);
	assert_int_equal(meter_between(&from, &book.now, 0, 0).late_permille, 1000);
	look.starts += 4;
	look.late += 2;
	look.waiting = 1;
	see(&book, &look, 20);
	/* 3 * 10 s + 1 * 20 s of 40 s: 1.25 tasks. */
	assert_int_equal(meter_between(&from, &book.now, 0, 0).late_permille,
		(int64_t)(1000 * (2 + 1.25) / (4 + 1.25)));
	assert_int_equal(meter_between(&book.now, &book.now, 0, 0).span_ns, 0);
}

static void test_a_pause_and_a_clock_set_back_do_not_count(void **state)
{
	struct meter_book book = {.looked = false};
	struct meter_look look = {.now_ns = NS_PER_HOUR, .busy = 1, .ready = 1};

	(void)state;
	meter_see(&book, &look);
	look.now_ns += NS_PER_MIN + 1;
	meter_see(&book, &look);
	assert_int_equal(book.now.span_us, 0);
	look.now_ns -= NS_PER_S;
	meter_see(&book, &look);
	assert_int_equal(book.now.span_us, 0);
	look.now_ns += NS_PER_MIN;
	meter_see(&book, &look);
	assert_int_equal(book.now.span_us, NS_PER_MIN / NS_PER_US);
}

/* How much time lies between now and the reading that is that old. */
static int64_t past_s(const struct meter_book *book, int64_t span_ns)
{
	struct meter past = meter_past(book, span_ns);

	return (int64_t)(book->now.span_us - past.span_us) / PPM;
}

static void test_the_past_is_as_long_as_asked_for(void **state)
{
	struct meter_book book = {.looked = false};
	struct meter_look look = {.busy = 1, .ready = 1};

	(void)state;
	assert_int_equal(past_s(&book, NS_PER_HOUR), 0);
	meter_see(&book, &look);
	for (uint32_t second = 1; second <= 2400; second++) {
		uint32_t into = second % 30;

		see(&book, &look, 1);
		assert_true(meter_valid(&book));
		assert_int_equal(
			past_s(&book, 0), second < 60 ? second : 30 + into + (into == 0 ? 30 : 0));
		if (second >= 330)
			assert_int_equal(past_s(&book, NS_PER_HOUR), 300 + into);
		else
			assert_int_equal(past_s(&book, NS_PER_HOUR), second);
		if (second >= 120)
			assert_int_equal(
				past_s(&book, 2 * NS_PER_MIN), 90 + into + (into == 0 ? 30 : 0));
	}
	book.mark_count = 2 * METER_MARKS;
	assert_false(meter_valid(&book));
}

/* ---- verdicts ---- */

#define SPAN (5 * NS_PER_MIN)

/* A busy pool of ten slots; late is what waits are. */
static struct bal_stretch busy(int64_t late_permille)
{
	return (struct bal_stretch){.span_ns = SPAN,
		.utilisation_permille = 900,
		.load_permille = 1500,
		.agents_millis = 10000,
		.busy_millis = 9000,
		.waiting_millis = 6000,
		.late_permille = late_permille,
		.starts_millis = 900,
		.service_ns = 10 * NS_PER_S};
}

static struct verdict_case up(enum bal_reason reason)
{
	return (struct verdict_case){.is_up = true,
		.reason = reason,
		.late_permille = 50,
		.asked = 2,
		.came = 2,
		.before = busy(400),
		.after = busy(400)};
}

static void test_agents_that_never_came_failed(void **state)
{
	struct verdict_case about = up(BAL_REASON_SCALE_LOAD_HIGH);

	(void)state;
	about.came = 0;
	about.after.late_permille = 0;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_FAILED);
	about.came = 1;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HELPED);
	about.came = about.asked = 0; /* taken back from draining */
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HELPED);
}

static void test_more_agents_and_nothing_better(void **state)
{
	struct verdict_case about = up(BAL_REASON_SCALE_LOAD_HIGH);

	(void)state;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_NO_EFFECT);
	about.after.late_permille = 449;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_NO_EFFECT);
	about.after.late_permille = 450;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HARMFUL);
}

static void test_a_metric_that_got_better(void **state)
{
	static const struct {
		enum bal_reason reason;
		int64_t load, waiting, late;
		enum bal_verdict verdict;
	} ROWS[] = {
		/* Two parts in a hundred are a difference. */
		{BAL_REASON_SCALE_LOAD_HIGH, 1500, 5880, 400, BAL_VERDICT_HELPED},
		{BAL_REASON_SCALE_LOAD_HIGH, 1500, 5881, 400, BAL_VERDICT_NO_EFFECT},
		{BAL_REASON_SCALE_EMERGENCY, 1500, 5880, 400, BAL_VERDICT_HELPED},
		/* Slots that are only there help nobody who waits. */
		{BAL_REASON_SCALE_LOAD_HIGH, 1000, 6000, 400, BAL_VERDICT_NO_EFFECT},
		/* Each order is judged by what it was for. */
		{BAL_REASON_SCALE_QUEUE_DEEP, 1500, 3000, 400, BAL_VERDICT_HELPED},
		{BAL_REASON_SCALE_QUEUE_DEEP, 1000, 6000, 300, BAL_VERDICT_NO_EFFECT},
		{BAL_REASON_SCALE_SLOW, 1500, 6000, 392, BAL_VERDICT_HELPED},
		{BAL_REASON_SCALE_SLOW, 1000, 3000, 400, BAL_VERDICT_NO_EFFECT},
		{BAL_REASON_SCALE_EXPECTED, 1500, 6000, 300, BAL_VERDICT_HELPED},
		/* Waits as they should be. */
		{BAL_REASON_SCALE_SLOW, 1500, 6000, 50, BAL_VERDICT_HELPED},
		{BAL_REASON_SCALE_QUEUE_DEEP, 1500, 6000, 50, BAL_VERDICT_HELPED},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
		struct verdict_case about = up(ROWS[i].reason);

		about.after.load_permille = ROWS[i].load;
		about.after.waiting_millis = ROWS[i].waiting;
		about.after.late_permille = ROWS[i].late;
		assert_int_equal(verdict_of(&about), ROWS[i].verdict);
	}
}

static void test_load_without_a_queue(void **state)
{
	struct verdict_case about = up(BAL_REASON_SCALE_LOAD_HIGH);

	(void)state;
	about.before.waiting_millis = about.after.waiting_millis = 0;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_NO_EFFECT);
	about.after.load_permille = 1470;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HELPED);
}

/* The load doubled while the agents came: all is worse than before, but they are busy. */
static void test_growth_does_not_make_busy_agents_useless(void **state)
{
	struct verdict_case about = up(BAL_REASON_SCALE_LOAD_HIGH);

	(void)state;
	about.after.load_permille = 2000;
	about.after.waiting_millis = 12000;
	about.after.late_permille = 900;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HARMFUL);
	about.after.starts_millis = 1080;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HELPED);
	about.after.starts_millis = 900;
	about.after.busy_millis = 10800;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HELPED);
	/* Unless they are busy because everything takes longer. */
	about.after.service_ns = 125 * NS_PER_S / 10;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HARMFUL);
	about.after.service_ns -= 1;
	about.after.service_ns -= 10 * NS_PER_MS;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HELPED);
}

static void test_fewer_agents(void **state)
{
	struct verdict_case about = {.is_up = false,
		.reason = BAL_REASON_SCALE_LOAD_LOW,
		.late_permille = 50,
		.before = busy(10),
		.after = busy(10)};

	(void)state;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_NO_EFFECT);
	about.after.agents_millis = 9999;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HELPED);
	/* Late, but hardly more than before; more, but not late; and both. */
	about.before.late_permille = 40;
	about.after.late_permille = 89;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HELPED);
	about.before.late_permille = 0;
	about.after.late_permille = 50;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HELPED);
	about.after.late_permille = 51;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HARMFUL);
}

static void test_nothing_known(void **state)
{
	struct verdict_case about = up(BAL_REASON_SCALE_LOAD_HIGH);

	(void)state;
	about.before.span_ns = 0;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_NO_EFFECT);
	about.after.span_ns = 0;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HELPED);
	about.is_up = false;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HARMFUL);
	about.after.late_permille = 0;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HELPED);
	about.before.span_ns = SPAN;
	about.after.agents_millis = 0;
	assert_int_equal(verdict_of(&about), BAL_VERDICT_HELPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stretch_is_the_mean_of_its_looks),
		cmocka_unit_test(test_tasks_that_wait_too_long_are_late),
		cmocka_unit_test(test_a_pause_and_a_clock_set_back_do_not_count),
		cmocka_unit_test(test_the_past_is_as_long_as_asked_for),
		cmocka_unit_test(test_agents_that_never_came_failed),
		cmocka_unit_test(test_more_agents_and_nothing_better),
		cmocka_unit_test(test_a_metric_that_got_better),
		cmocka_unit_test(test_load_without_a_queue),
		cmocka_unit_test(test_growth_does_not_make_busy_agents_useless),
		cmocka_unit_test(test_fewer_agents),
		cmocka_unit_test(test_nothing_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
