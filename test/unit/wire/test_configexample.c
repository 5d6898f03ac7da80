/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/buffer.h"
#include "wire/config.h"
#include "wire/configexample.h"

static const int32_t kinds[] = {
	BAL_POOL_PROCESS, BAL_POOL_COMMAND, BAL_POOL_URLS, BAL_POOL_PROCESS, BAL_POOL_LEASE};

static void check_example(struct span text, int32_t kind)
{
	struct config config;
	struct config_error error;
	if (!config_read(&config, text, "ballast.yaml", NULL, 0, &error))
		fail_msg("%s", error.text);
	assert_int_equal(config.pools.count, 1);
	assert_int_equal(config.pools.items[0].kind, kind);
	config_release(&config);
}

/* Take away the # that has no space behind it; returns how many there were. */
static unsigned open_keys(struct span text, struct buffer *opened)
{
	unsigned count = 0;
	bool start = true;
	for (size_t i = 0; i < text.size; i++) {
		char next = i + 1 < text.size ? text.at[i + 1] : ' ';
		bool key = start && text.at[i] == '#' &&
			   (next != ' ' || (i + 2 < text.size && text.at[i + 2] == ' '));
		start = text.at[i] == '\n' || (start && text.at[i] == ' ');
		count += key;
		if (!key)
			buffer_append_byte(opened, text.at[i]);
	}
	return count;
}

/* Each example is a configuration, as it stands and with every hidden key shown. */
static void test_examples(void **state)
{
	(void)state;
	for (size_t i = 0; config_example_kinds[i]; i++) {
		struct buffer opened;
		struct span text = span_of(config_example(span_of(config_example_kinds[i])));
		assert_non_null(text.at);
		check_example(text, kinds[i]);
		buffer_init(&opened, 1 << 16);
		assert_true(open_keys(text, &opened) >= 6);
		check_example(buffer_span(&opened), kinds[i]);
		buffer_release(&opened);
	}
}

/* They are read on small screens and in small windows. */
static void test_width(void **state)
{
	(void)state;
	for (size_t i = 0; config_example_kinds[i]; i++) {
		struct span rest = span_of(config_example(span_of(config_example_kinds[i])));
		assert_int_equal(rest.at[rest.size - 1], '\n');
		while (rest.size) {
			size_t width = span_find(rest, '\n');
			assert_true(width <= 92);
			rest = span_skip(rest, width + 1);
		}
	}
}

static void test_unknown(void **state)
{
	(void)state;
	assert_null(config_example(SPAN("htttp")));
	assert_null(config_example(SPAN("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
