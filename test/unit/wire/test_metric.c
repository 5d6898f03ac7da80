/* SPDX-License-Identifier: Apache-2.0 */
/* The text of /metrics in both formats, and the dashboard made from the same table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire/grafana.h"
#include "wire/metric.h"

enum { TEXT_SIZE_MAX = 1 << 20 };

static char bytes[TEXT_SIZE_MAX];
static struct buffer out;
static struct metric_text text;

static void begin(enum metric_format format)
{
	buffer_init_fixed(&out, bytes, sizeof bytes);
	metric_text_init(&text, &out, format);
}

static void assert_written(const char *wanted)
{
	assert_false(out.failed);
	assert_int_equal(out.size, strlen(wanted));
	assert_memory_equal(out.bytes, wanted, out.size);
}

static void write_some(void)
{
	metric_single(&text, METRIC_ID_RETRIES, 5);
	metric_family(&text, METRIC_ID_POOL_OLDEST_WAIT);
	metric_begin(&text, "");
	metric_label(&text, "pool", SPAN("a\"\\\n\x01"));
	metric_label(&text, "le", SPAN("+Inf"));
	metric_decimal(&text, 1500, 3);
	metric_text_end(&text);
}

static void test_prometheus(void **state)
{
	(void)state;
	begin(METRIC_FORMAT_PROMETHEUS);
	write_some();
	assert_written(
		"# HELP ballast_retries_total Attempts that were repeated.\n"
		"# TYPE ballast_retries_total counter\n"
		"ballast_retries_total 5\n"
		"# HELP ballast_pool_oldest_wait_seconds Age of the oldest waiting task.\n"
		"# TYPE ballast_pool_oldest_wait_seconds gauge\n"
		"ballast_pool_oldest_wait_seconds{pool=\"a\\\"\\\\\\n \",le=\"+Inf\"} 1.5\n");
}

static void test_openmetrics(void **state)
{
	(void)state;
	begin(METRIC_FORMAT_OPENMETRICS);
	write_some();
	assert_written("# HELP ballast_retries Attempts that were repeated.\n"
		       "# TYPE ballast_retries counter\n"
		       "ballast_retries_total 5\n"
		       "# HELP ballast_pool_oldest_wait_seconds Age of the oldest waiting task.\n"
		       "# TYPE ballast_pool_oldest_wait_seconds gauge\n"
		       "# UNIT ballast_pool_oldest_wait_seconds seconds\n"
		       "ballast_pool_oldest_wait_seconds{pool=\"a\\\"\\\\\\n \",le=\"+Inf\"} 1.5\n"
		       "# EOF\n");
}

static void test_wrong_label_name(void **state)
{
	(void)state;
	begin(METRIC_FORMAT_PROMETHEUS);
	metric_label(&text, "a-b", SPAN(""));
	assert_true(out.failed);
	begin(METRIC_FORMAT_PROMETHEUS);
	metric_label(&text, "1x", SPAN(""));
	assert_true(out.failed);
}

/* What the fields that Prometheus 2.x and people's browsers send lead to. */
static void test_accept(void **state)
{
	static const struct {
		const char *accept;
		enum metric_format wanted;
	} ROWS[] = {
		{NULL, METRIC_FORMAT_PROMETHEUS},
		{"", METRIC_FORMAT_PROMETHEUS},
		{"*/*", METRIC_FORMAT_PROMETHEUS},
		{"text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", METRIC_FORMAT_PROMETHEUS},
		{"application/openmetrics-text;version=1.0.0,"
		 "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;q=0.5,*/*;q=0.1",
			METRIC_FORMAT_OPENMETRICS},
		{"text/plain , Application/OpenMetrics-Text ; q=0.1", METRIC_FORMAT_OPENMETRICS},
		{"application/openmetrics-text;q=0", METRIC_FORMAT_PROMETHEUS},
		{"application/openmetrics-text; version=1.0.0; Q=0.000", METRIC_FORMAT_PROMETHEUS},
		{"application/openmetrics-text2", METRIC_FORMAT_PROMETHEUS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
		assert_int_equal(metric_format_wanted(span_of(ROWS[i].accept)), ROWS[i].wanted);
}

/* Names follow the conventions that promtool checks, whatever is added to the table. */
static void test_table(void **state)
{
	(void)state;
	for (enum metric_id id = 0; id < METRIC_ID_COUNT; id++) {
		const struct metric_about *about = metric_about(id);
		struct span name = span_of(about->name);
		bool is_total = name.size > 6 && strcmp(about->name + name.size - 6, "_total") == 0;

		assert_true(span_starts(name, SPAN("ballast_")));
		assert_int_equal(is_total, about->type == METRIC_COUNTER);
		assert_true(strlen(about->help) > 0);
		for (enum metric_id other = 0; other < id; other++)
			assert_string_not_equal(about->name, metric_about(other)->name);
	}
}

static void test_dashboard(void **state)
{
	(void)state;
	buffer_init_fixed(&out, bytes, sizeof bytes);
	grafana_write(&out);
	assert_false(out.failed);
	assert_non_null(strstr(bytes, "\"expr\":\"sum by (state) "
				      "(rate(ballast_tasks_ended_total[$__rate_interval]))\""));
	for (enum metric_id id = 0; id < METRIC_ID_COUNT; id++)
		assert_non_null(strstr(bytes, metric_about(id)->name));
	assert_null(strchr(bytes, '@'));
	/* Too small a buffer is noticed. */
	buffer_init_fixed(&out, bytes, 500);
	grafana_write(&out);
	assert_true(out.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prometheus),
		cmocka_unit_test(test_openmetrics),
		cmocka_unit_test(test_wrong_label_name),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_dashboard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
