/* SPDX-License-Identifier: Apache-2.0 */
/* What programs expose, as servers of models write it, and what they should not write. */
#include "wire/exposed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/prng.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void assert_text(struct span actual, const char *expected)
{
	assert_int_equal(actual.size, strlen(expected));
	assert_memory_equal(actual.at, expected, actual.size);
}

static void test_lines(void **state)
{
	static const struct {
		const char *text, *name, *labels;
		double value;
	} rows[] = {
		{"up 1\n", "up", "", 1},
		{"up 1", "up", "", 1},
		{"# HELP up is it\n# TYPE up gauge\n\nup 0\r\n", "up", "", 0},
		{"vllm:num_requests_running{model_name=\"a/b\"} 3.0\n", "vllm:num_requests_running",
			"model_name=\"a/b\"", 3},
		{"sglang:token_usage { a = \"1\" , b=\"\" , } 0.25 1700000000000\n",
			"sglang:token_usage", " a = \"1\" , b=\"\" , ", 0.25},
		{"a{} -2.5e+3", "a", "", -2500},
		{"a +1e-2", "a", "", 0.01},
		{"a{x=\"}\\\"{ \"}\t7", "a", "x=\"}\\\"{ \"", 7},
		{"  a 5 # {trace=\"1\"} 0.1", "a", "", 5},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct exposed exposed;
		struct exposed_value value;

		exposed_init(&exposed, span_of(rows[i].text));
		assert_true(exposed_next(&exposed, &value));
		assert_text(value.name, rows[i].name);
		assert_text(value.labels, rows[i].labels);
		assert_true(value.value == rows[i].value);
		assert_false(exposed_next(&exposed, &value));
		assert_int_equal(exposed.broken + exposed.nonsense, 0);
	}
}

/* A strange line costs itself, and is counted. */
static void test_strange_lines(void **state)
{
	static const struct {
		const char *text;
		uint32_t broken, nonsense;
	} rows[] = {{"a NaN", 0, 1}, {"a +Inf", 0, 1}, {"a -inf", 0, 1}, {"a", 1, 0}, {"a b", 1, 0},
		{"1a 1", 1, 0}, {"a{ 1", 1, 0}, {"a{x} 1", 1, 0}, {"a{x=1} 1", 1, 0},
		{"a{x=\"1} 1", 1, 0}, {"a{x=\"1\\\"} 1", 1, 0}, {"a{x=\"1\" y=\"2\"} 1", 1, 0},
		{"a +-1", 1, 0}, {"a 0x10", 1, 0}, {"{} 1", 1, 0}, {"a 1e999999", 1, 0},
		{"\x01\xff\xfe", 1, 0}, {"a{x=\"\\", 1, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct exposed exposed;
		struct exposed_value value;
		char text[64];
		size_t size = strlen(rows[i].text);

		memcpy(text, rows[i].text, size);
		memcpy(text + size, "\ngood 4\n", 8);
		exposed_init(&exposed, (struct span){text, size + 8});
		assert_true(exposed_next(&exposed, &value));
		assert_text(value.name, "good");
		assert_true(value.value == 4);
		assert_false(exposed_next(&exposed, &value));
		assert_int_equal(exposed.broken, rows[i].broken);
		assert_int_equal(exposed.nonsense, rows[i].nonsense);
	}
}

static void test_labels(void **state)
{
	struct exposed exposed;
	struct exposed_value value;
	struct span text;

	(void)state;
	exposed_init(&exposed, SPAN("a{le=\"0.5\", model=\"x\\\"y\",empty=\"\"} 1"));
	assert_true(exposed_next(&exposed, &value));
	assert_true(exposed_label(&value, SPAN("le"), &text));
	assert_text(text, "0.5");
	assert_true(exposed_label(&value, SPAN("model"), &text));
	assert_text(text, "x\\\"y");
	assert_true(exposed_label(&value, SPAN("empty"), &text));
	assert_text(text, "");
	assert_false(exposed_label(&value, SPAN("mod"), &text));
}

/* A million series from one program, one line without an end, a name without one. */
static void test_bombs(void **state)
{
	const size_t size = 10 * 1000 * 1000;
	char *bomb = malloc(size);
	struct exposed exposed;
	struct exposed_value value;
	uint32_t count = 0;

	(void)state;
	assert_non_null(bomb);
	for (size_t i = 0; i < size; i += 4)
		memcpy(bomb + i, "a 1\n", 4);
	exposed_init(&exposed, (struct span){bomb, size});
	while (exposed_next(&exposed, &value))
		count++;
	assert_int_equal(count, EXPOSED_LINES_MAX);
	assert_true(exposed.cut);
	memset(bomb, 'a', size);
	exposed_init(&exposed, (struct span){bomb, size});
	assert_false(exposed_next(&exposed, &value));
	assert_int_equal(exposed.broken, 1);
	memcpy(bomb + EXPOSED_NAME_MAX + 1, " 1\n", 3);
	exposed_init(&exposed, (struct span){bomb, EXPOSED_NAME_MAX + 4});
	assert_false(exposed_next(&exposed, &value));
	assert_int_equal(exposed.broken, 1);
	free(bomb);
}

/* Damaged text: what is handed over is always a name and a finite number within the text. */
static void test_noise(void **state)
{
	static const char good[] =
		"a{x=\"1\",y=\"\\\"\"} 1.5e3 17\n# TYPE b gauge\nb NaN\nc{} -4\n";
	struct prng random;

	(void)state;
	prng_init(&random, 11);
	for (uint32_t i = 0; i < 20000; i++) {
		char text[sizeof good];
		struct exposed exposed;
		struct exposed_value value;

		memcpy(text, good, sizeof good);
		for (uint32_t j = 0; j < 3; j++) {
			size_t place = (size_t)prng_below(&random, sizeof good - 1);

			text[place] = (char)prng_below(&random, 256);
		}
		exposed_init(&exposed, (struct span){text, sizeof good - 1});
		while (exposed_next(&exposed, &value)) {
			assert_in_range(value.name.size, 1, EXPOSED_NAME_MAX);
			assert_true(num_is_finite(value.value));
			assert_true(value.labels.at >= text);
			assert_true(value.labels.at + value.labels.size <= text + sizeof good);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_strange_lines),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
