/* SPDX-License-Identifier: Apache-2.0 */
/* What agents report, made into signals: presets, counters, and nonsense. */
#include "wire/reported.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/units.h"

static struct reported_map the_map;
static struct reported_past past;
static struct reported_result result;

static void begin(enum preset preset)
{
	reported_map_init(&the_map, preset);
	past = (struct reported_past){.known = {false}};
}

static void look(const char *text)
{
	reported_read(&the_map, span_of(text), &past, &result);
}

/* The value of a signal, -1 when it is absent. */
static int64_t said(enum bal_signal signal)
{
	for (uint32_t i = 0; i < result.count; i++)
		if (result.readings[i].signal == signal)
			return result.readings[i].value;
	return -1;
}

static void test_vllm(void **state)
{
	(void)state;
	begin(PRESET_VLLM);
	look("vllm:num_requests_running{engine=\"0\"} 3.0\n"
	     "vllm:num_requests_running{engine=\"1\"} 2.0\n"
	     "vllm:kv_cache_usage_perc{engine=\"0\"} 0.25\n"
	     "vllm:kv_cache_usage_perc{engine=\"1\"} 0.5\n"
	     "vllm:gpu_cache_usage_perc 0.9\n"
	     "vllm:prompt_tokens_total 1000\n"
	     "vllm:prefix_cache_hits_total 10\nvllm:prefix_cache_queries_total 100\n"
	     "vllm:time_to_first_token_seconds_bucket{le=\"0.1\"} 4\n"
	     "vllm:time_to_first_token_seconds_sum 2\nvllm:time_to_first_token_seconds_count 4\n");
	assert_int_equal(said(BAL_SIGNAL_REQUESTS_RUNNING), 5);
	assert_int_equal(said(BAL_SIGNAL_KV_CACHE), 500);
	assert_int_equal(said(BAL_SIGNAL_TOKENS_READ), -1);
	assert_int_equal(said(BAL_SIGNAL_CACHE_HIT), -1);
	assert_int_equal(said(BAL_SIGNAL_TOKEN_FIRST), -1);
	look("vllm:prompt_tokens_total 1500\n"
	     "vllm:prefix_cache_hits_total 70\nvllm:prefix_cache_queries_total 200\n"
	     "vllm:time_to_first_token_seconds_sum 5\nvllm:time_to_first_token_seconds_count 10\n");
	assert_int_equal(said(BAL_SIGNAL_TOKENS_READ), 500);
	assert_int_equal(said(BAL_SIGNAL_CACHE_HIT), 600);
	assert_int_equal(said(BAL_SIGNAL_TOKEN_FIRST), NS_PER_S / 2);
	assert_int_equal(said(BAL_SIGNAL_REQUESTS_RUNNING), -1);
	assert_int_equal(result.resets + result.refused + result.clamped, 0);
	/* The server was started anew. */
	look("vllm:prompt_tokens_total 40\n");
	assert_int_equal(said(BAL_SIGNAL_TOKENS_READ), 40);
	assert_int_equal(result.resets, 1);
}

static void test_sglang(void **state)
{
	(void)state;
	begin(PRESET_SGLANG);
	look("sglang:num_running_reqs{model=\"a\"} 7\nsglang:num_queue_reqs 11\n"
	     "sglang:token_usage 0.123\nsglang:cache_hit_rate 0.5\n");
	assert_int_equal(said(BAL_SIGNAL_REQUESTS_RUNNING), 7);
	assert_int_equal(said(BAL_SIGNAL_REQUESTS_WAITING), 11);
	assert_int_equal(said(BAL_SIGNAL_KV_CACHE), 123);
	assert_int_equal(said(BAL_SIGNAL_CACHE_HIT), 500);
	assert_int_equal(result.count, 4);
}

/* What the owner says goes before the preset, with units by the names. */
static void test_map(void **state)
{
	(void)state;
	begin(PRESET_BALLAST);
	assert_true(reported_map_add(&the_map, SPAN("jvm_bytes=heap_bytes")));
	assert_true(reported_map_add(&the_map, SPAN("gc_seconds_total=gc_pause_ns")));
	assert_true(reported_map_add(&the_map, SPAN("hits_percent=cache_hit_permille")));
	assert_false(reported_map_add(&the_map, SPAN("cpu_now=cpu")));
	assert_false(reported_map_add(&the_map, SPAN("jvm_bytes=heap_byte")));
	look("jvm_bytes 5\nballast_heap_bytes 6\nballast_gc_count_total 1\ngc_seconds_total 1\n"
	     "hits_percent 25\nballast_conversation_bytes 9\n");
	assert_int_equal(said(BAL_SIGNAL_HEAP), 5);
	assert_int_equal(said(BAL_SIGNAL_CACHE_HIT), 250);
	assert_int_equal(said(BAL_SIGNAL_CONVERSATION), 9);
	assert_int_equal(said(BAL_SIGNAL_GC_COUNT), -1);
	look("ballast_gc_count_total 4\ngc_seconds_total 1.5\n");
	assert_int_equal(said(BAL_SIGNAL_GC_COUNT), 3);
	assert_int_equal(said(BAL_SIGNAL_GC_PAUSE), NS_PER_S / 2);
}

static void test_nonsense(void **state)
{
	static const char *const texts[] = {"ballast_heap_bytes NaN\n", "ballast_heap_bytes +Inf\n",
		"ballast_heap_bytes -1\n", "ballast_heap_bytes x\n", "ballast_heap_bytes\n"};
	int64_t value = 77;

	(void)state;
	begin(PRESET_BALLAST);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		look(texts[i]);
		assert_int_equal(result.count, 0);
		assert_int_equal(result.refused, 1);
	}
	look("ballast_heap_bytes 1e308\nballast_kv_cache_permille 1001\n");
	assert_int_equal(said(BAL_SIGNAL_HEAP), BAL_MOST_EXBI);
	assert_int_equal(said(BAL_SIGNAL_KV_CACHE), 1000);
	assert_int_equal(result.clamped, 2);
	/* Two such together are infinite. */
	look("ballast_heap_bytes{a=\"1\"} 1.7e308\nballast_heap_bytes{a=\"2\"} 1.7e308\n");
	assert_int_equal(result.count, 0);
	assert_int_equal(result.refused, 1);
	assert_int_equal(reported_value(BAL_SIGNAL_HEAP, -0.1, &value), REPORTED_REFUSED);
	assert_int_equal(value, 77);
}

static void test_names(void **state)
{
	struct nearest nearest;
	enum bal_signal signal;

	(void)state;
	assert_true(reported_signal(SPAN("gc_pause_ns"), &signal, &nearest));
	assert_int_equal(signal, BAL_SIGNAL_GC_PAUSE);
	assert_false(reported_signal(SPAN("heap_byte"), &signal, &nearest));
	assert_string_equal(nearest.best, "heap_bytes");
	/* Decisions are taken by what is measured. */
	assert_false(reported_signal(SPAN("cpu"), &signal, &nearest));
	assert_false(reported_signal(SPAN("memory"), &signal, &nearest));
	assert_false(reported_signal(SPAN("in_flight"), &signal, &nearest));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vllm),
		cmocka_unit_test(test_sglang),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
