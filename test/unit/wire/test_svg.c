/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "wire/svg.h"

#define JOIN_SIZE 256

static void join(const struct svg_axis *axis, char *to)
{
	struct svg_tick ticks[SVG_TICKS_MAX];
	uint32_t count = svg_axis_ticks(axis, ticks);

	to[0] = '\0';
	for (uint32_t i = 0; i < count; i++) {
		size_t used = strlen(to);

		snprintf(to + used, JOIN_SIZE - used, "%s%s", i == 0 ? "" : "|", ticks[i].text);
	}
}

static void test_ticks(void **state)
{
	static const struct {
		struct svg_axis axis;
		const char *ticks;
	} rows[] = {
		{{NULL, 0.0, 1.0, SVG_NUMBER, false}, "0.0|0.2|0.4|0.6|0.8|1.0"},
		{{NULL, -10.0, 10.0, SVG_NUMBER, false}, "-10|-5|0|5|10"},
		{{NULL, 0.0, 70000.0, SVG_NUMBER, false}, "0|10k|20k|30k|40k|50k|60k|70k"},
		{{NULL, 0.0, 1000.0, SVG_PERMILLE, false}, "0 %|20 %|40 %|60 %|80 %|100 %"},
		{{NULL, 0.0, 7200.0, SVG_SECONDS, false}, "0 s|15 m|30 m|45 m|1 h|1 h 15 m|"
							  "1 h 30 m|1 h 45 m|2 h"},
		/* 2024-02-28 12:00 to 2024-03-01 12:00: a leap day lies between. */
		{{NULL, 1709121600.0, 1709294400.0, SVG_TIME, false},
			"12:00|18:00|02-29|06:00|12:00|18:00|03-01|06:00|12:00"},
		{{NULL, 0.01, 10.0, SVG_SECONDS, true},
			"10 ms|20 ms|50 ms|100 ms|200 ms|500 ms|1 s|2 s|5 s|10 s"},
		{{NULL, 0.05, 7200.0, SVG_SECONDS, true}, "100 ms|1 s|10 s|1 m|10 m|1 h"},
		{{NULL, 1.0, 1e5, SVG_NUMBER, true}, "1|10|100|1000|10k|100k"},
		{{NULL, 0.3, 0.35, SVG_NUMBER, false}, "0.30|0.31|0.32|0.33|0.34|0.35"},
		/* Nothing that can be drawn is mended to something that can. */
		{{NULL, 3.0, 3.0, SVG_NUMBER, false}, "3.0|3.2|3.4|3.6|3.8|4.0"},
		{{NULL, 1.0, -1.0, SVG_NUMBER, true}, "1|2|5|10"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct svg_axis axis = rows[i].axis;
		char text[JOIN_SIZE];

		svg_axis_mend(&axis);
		assert_true(axis.high > axis.low);
		join(&axis, text);
		assert_string_equal(text, rows[i].ticks);
	}
}

static void test_places(void **state)
{
	struct svg_axis line = {NULL, 10.0, 20.0, SVG_NUMBER, false};
	struct svg_axis decades = {NULL, 1.0, 100.0, SVG_NUMBER, true};

	(void)state;
	assert_true(svg_axis_place(&line, 15.0) == 0.5);
	assert_true(svg_axis_place(&line, 25.0) == 1.5);
	assert_true(num_abs(svg_axis_place(&decades, 10.0) - 0.5) < 1e-12);
	assert_false(num_is_finite(svg_axis_place(&decades, 0.0)));
	assert_false(num_is_finite(svg_axis_place(&decades, -1.0)));
}

static void draw(struct buffer *buffer)
{
	double nan = num_sqrt(-1.0);
	const struct svg_point low[] = {{0, 1}, {1, 2}, {2, nan}, {3, 2}, {4, 1}};
	const struct svg_point high[] = {{0, 3}, {1, 4}, {2, 5}, {3, 1e30}, {4, 3}};
	struct svg svg;

	svg_open(&svg, buffer,
		&(struct svg_chart){.title = "a <b> & \x01\xff \"c\"",
			.width = 196,
			.height = 196,
			.x = {"x", 0.0, 4.0, SVG_NUMBER, false},
			.y = {"y", 0.0, 5.0, SVG_NUMBER, false}});
	svg_band(&svg, low, high, 5, 0, "band");
	svg_line(&svg, low, 5, 1, "line");
	svg_steps(&svg, high, 3, 9, "steps");
	svg_dashes(&svg, high, 2, 2, "line");
	svg_rule(&svg, 2.0, "now");
	svg_rule(&svg, 5.0, "outside");
	assert_true(svg_close(&svg));
	assert_int_equal(svg.legend_count, 3);
}

/* The frame is 100 x 100 pixels from (72, 40): 25 a unit of x, 20 a unit of y. */
static void test_chart(void **state)
{
	struct buffer buffer, again;

	(void)state;
	buffer_init(&buffer, SVG_SIZE_MAX);
	buffer_init(&again, SVG_SIZE_MAX);
	draw(&buffer);
	draw(&again);
	buffer_append_byte(&buffer, '\0');
	assert_memory_equal(buffer.bytes, again.bytes, again.size);
	assert_non_null(strstr(buffer.bytes, "a &lt;b&gt; &amp; \xef\xbf\xbd\xef\xbf\xbd \"c\""));
	/* The band in two pieces, the line broken, steps that hold, a value far outside bounded. */
	assert_non_null(strstr(buffer.bytes,
		"d=\"M72 80L97 60L97 100L72 120ZM147 -100000L172 80L172 120L147 100Z\""));
	assert_non_null(strstr(buffer.bytes, "d=\"M72 120L97 100M147 100L172 120\""));
	assert_non_null(strstr(buffer.bytes, "d=\"M72 80L97 80L97 60L122 60L122 40\""));
	assert_non_null(strstr(buffer.bytes, ">now<"));
	assert_null(strstr(buffer.bytes, "outside"));
	assert_string_equal(buffer.bytes + again.size - 7, "</svg>\n");
	buffer_release(&buffer);
	buffer_release(&again);
}

static void test_small_buffer(void **state)
{
	char memory[300];
	struct buffer buffer;
	struct svg svg;

	(void)state;
	buffer_init_fixed(&buffer, memory, sizeof memory);
	svg_open(&svg, &buffer, &(struct svg_chart){.title = "t"});
	assert_false(svg_close(&svg));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_chart),
		cmocka_unit_test(test_small_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
