/* SPDX-License-Identifier: Apache-2.0 */
/* What scripts print: taken whole, or refused with a sentence that shows it. */
#include "provider/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_create(void **state)
{
	static const struct {
		const char *text;
		enum answer answer;
		const char *words; /* in the sentence */
	} cases[] = {
		{"{\"id\":\"i-1\",\"url\":\"http://10.0.0.1:8000\"}", ANSWER_INSTANCE, ""},
		{" {\"id\":\"i-1\",\"url\":\"http://h/p\",\"zone\":[1]}\n", ANSWER_INSTANCE, ""},
		{"{\"refused\":\"no GPU\"}", ANSWER_REFUSED, "no GPU"},
		{"{\"refused\":\"no\\nGPU\"}", ANSWER_REFUSED, "no GPU"},
		{"", ANSWER_GARBAGE, "it printed nothing"},
		{"i-1", ANSWER_GARBAGE, "it printed i-1"},
		{"[]", ANSWER_GARBAGE, "must be an object"},
		{"{}", ANSWER_GARBAGE, "`id`"},
		{"{\"id\":7,\"url\":\"http://h:1\"}", ANSWER_GARBAGE, "`id`"},
		{"{\"id\":\"\",\"url\":\"http://h:1\"}", ANSWER_GARBAGE, "`id`"},
		{"{\"id\":\"a b\",\"url\":\"http://h:1\"}", ANSWER_GARBAGE, "`id`"},
		{"{\"id\":\"a\\u0000b\",\"url\":\"http://h:1\"}", ANSWER_GARBAGE, "`id`"},
		{"{\"id\":\"a\"}", ANSWER_GARBAGE, "`url`"},
		{"{\"id\":\"a\",\"url\":\"https://h:1\"}", ANSWER_GARBAGE, "`url`"},
		{"{\"id\":\"a\",\"url\":\"10.0.0.1:8000\"}", ANSWER_GARBAGE, "`url`"},
		{"{\"id\":\"a\",\"url\":\"http://h:1\"} {}", ANSWER_GARBAGE, "it printed"},
	};
	struct answer_instance instance;
	char message[ANSWER_TEXT_SIZE];
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		message[0] = '\0';
		if (answer_create(span_of(cases[i].text), &instance, message) != cases[i].answer)
			fail_msg("%s: %s", cases[i].text, message);
		if (strstr(message, cases[i].words) == NULL)
			fail_msg("%s: %s", cases[i].text, message);
	}
	assert_int_equal(
		answer_create(span_of(cases[1].text), &instance, message), ANSWER_INSTANCE);
	assert_string_equal(instance.id, "i-1");
	assert_string_equal(instance.url, "http://h/p");
}

static void test_ids_and_urls_have_a_longest(void **state)
{
	char text[1024];
	struct answer_instance instance;
	char message[ANSWER_TEXT_SIZE];
	(void)state;
	for (int size = 127; size <= 130; size++) {
		snprintf(text, sizeof text, "{\"id\":\"%0*d\",\"url\":\"http://h:1\"}", size, 1);
		assert_int_equal(answer_create(span_of(text), &instance, message),
			size <= 128 ? ANSWER_INSTANCE : ANSWER_GARBAGE);
		snprintf(text, sizeof text, "{\"id\":\"a\",\"url\":\"http://h:1/%0*d\"}",
			size + 117, 1);
		assert_int_equal(answer_create(span_of(text), &instance, message),
			size + 128 <= 256 ? ANSWER_INSTANCE : ANSWER_GARBAGE);
	}
}

static void test_list(void **state)
{
	static const char text[] = "[{\"id\":\"a\",\"url\":\"http://h:1\",\"order\":\"o-1\"},"
				   "{\"id\":\"b\",\"url\":null,\"order\":null},{\"id\":\"c\"}]";
	static const char *const wrong[] = {"", "{}", "[1]", "[{}]", "[{\"id\":\"a\",\"url\":1}]",
		"[{\"id\":\"a\",\"order\":1}]", "[{\"id\":\"a\"},{\"id\":2}]", "[{\"id\":\"a\"}"};
	struct answer_instance *shown = NULL;
	char message[ANSWER_TEXT_SIZE];
	size_t count = 0;
	(void)state;
	assert_true(answer_list(span_of(text), &shown, &count, message));
	assert_int_equal(count, 3);
	assert_string_equal(shown[0].id, "a");
	assert_string_equal(shown[0].url, "http://h:1");
	assert_string_equal(shown[0].order, "o-1");
	assert_string_equal(shown[1].url, "");
	assert_string_equal(shown[2].order, "");
	free(shown);
	assert_true(answer_list(span_of("[]"), &shown, &count, message));
	assert_int_equal(count, 0);
	free(shown);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		message[0] = '\0';
		assert_false(answer_list(span_of(wrong[i]), &shown, &count, message));
		assert_non_null(strstr(message, "list answered nothing that can be used"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_ids_and_urls_have_a_longest),
		cmocka_unit_test(test_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
