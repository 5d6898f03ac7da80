/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka.h needs these four before it, hence the blank line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ballast.h"

#include <string.h>

/* The enumerator in lower case, worked out another way than words.c does. */
static void assert_lower(const char *word, const char *enumerator)
{
	assert_int_equal(strlen(word), strlen(enumerator));
	for (size_t i = 0; enumerator[i] != '\0'; i++) {
		char c = enumerator[i];

		assert_int_equal(word[i], c == '_' ? c : c | 0x20);
	}
}

static void test_lower_case_of_enumerators(void **state)
{
	(void)state;
#define X(name, text) assert_lower(bal_reason_name(BAL_REASON_##name), #name);
	BAL_REASON_MAP(X)
#undef X
#define X(name, member) assert_lower(bal_event_name(BAL_EVENT_##name), #name);
	BAL_EVENT_MAP(X)
#undef X
#define X(name) assert_lower(bal_effect_name(BAL_EFFECT_##name), #name);
	BAL_EFFECT_MAP(X)
#undef X
	assert_string_equal(bal_reason_name(BAL_REASON_REFUSED_TENANT_FULL), "refused_tenant_full");
	assert_string_equal(bal_event_name(BAL_EVENT_ATTEMPT_EXTENDED), "attempt_extended");
	assert_string_equal(bal_effect_name(BAL_EFFECT_STORE_RESULT), "store_result");
}

static void test_rows_of_tables(void **state)
{
	(void)state;
	assert_string_equal(bal_status_text(BAL_OK), "ok");
	assert_string_equal(bal_status_text(BAL_NO_SPACE), "the disk is full or read-only");
	assert_int_equal(bal_status_http(BAL_OK), 200);
	assert_int_equal(bal_status_http(BAL_TOO_LARGE), 413);
	assert_int_equal(bal_status_http(BAL_NO_SPACE), 507);
	assert_string_equal(bal_reason_text(BAL_REASON_CANCELLED), "somebody cancelled it");
	assert_string_equal(bal_priority_name(BAL_PRIORITY_CRITICAL), "critical");
	assert_string_equal(bal_priority_name(BAL_PRIORITY_BATCH), "batch");
	assert_string_equal(bal_task_state_name(BAL_TASK_FINISHING), "finishing");
	assert_string_equal(bal_agent_state_name(BAL_AGENT_EJECTED), "ejected");
	assert_string_equal(bal_outcome_name(BAL_OUTCOME_HANDED_BACK), "handed_back");
	assert_string_equal(bal_strategy_name(BAL_STRATEGY_AGGRESSIVE), "aggressive");
	assert_string_equal(bal_pool_kind_name(BAL_POOL_LEASE), "lease");
	assert_string_equal(bal_signal_name(BAL_SIGNAL_MEMORY_MIB), "memory_mib");
}

static bool has_suffix(const char *text, const char *suffix)
{
	size_t size = strlen(text);
	size_t suffix_size = strlen(suffix);

	return size > suffix_size && strcmp(text + size - suffix_size, suffix) == 0;
}

/* A word tells its unit: who writes a rule sees what its number is. */
static void check_signal_unit(const struct bal_signal_form *form)
{
	switch (form->unit) {
	case BAL_UNIT_PERMILLE:
		assert_true(has_suffix(form->text, "_permille"));
		break;
	case BAL_UNIT_BYTES:
		assert_true(strstr(form->text, "bytes") != NULL);
		break;
	case BAL_UNIT_NS:
		assert_true(has_suffix(form->text, "_ns"));
		break;
	case BAL_UNIT_MILLICORES:
		assert_true(has_suffix(form->text, "_millis"));
		break;
	default:
		assert_false(has_suffix(form->text, "_ns") || has_suffix(form->text, "_permille"));
	}
}

static void test_signals(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < BAL_SIGNAL_COUNT; i++) {
		struct bal_signal_form form = bal_signal_form((enum bal_signal)i);

		assert_true((form.subject == BAL_SUBJECT_AGENT) == (i < BAL_SIGNAL_AGENT_COUNT));
		assert_true(form.most > 0);
		assert_true(strlen(form.help) > 0);
		/* Of a difference the sum means something, of a state it does not. */
		assert_true((form.form == BAL_FORM_COUNT) == (form.aggregate == BAL_AGGREGATE_SUM));
		assert_true(form.cadence_s == 0 || form.cadence_s == 5 || form.cadence_s == 10);
		if (i > BAL_SIGNAL_MEMORY_PERMILLE)
			check_signal_unit(&form);
		for (uint32_t other = 0; other < i; other++)
			assert_string_not_equal(form.text, bal_signal_name((enum bal_signal)other));
	}
	assert_string_equal(bal_unit_name(BAL_UNIT_MILLICORES), "millicores");
	assert_string_equal(bal_form_name(BAL_FORM_RATE), "rate");
	assert_string_equal(bal_subject_name(BAL_SUBJECT_STORE), "store");
	assert_string_equal(bal_aggregate_name(BAL_AGGREGATE_SUM), "sum");
}

static void test_outside_of_tables(void **state)
{
	(void)state;
	assert_string_equal(bal_signal_form(BAL_SIGNAL_COUNT).text, "?");
	assert_string_equal(bal_subject_name(BAL_SUBJECT_COUNT), "?");
	assert_string_equal(bal_unit_name(BAL_UNIT_TYPES), "?");
	assert_string_equal(bal_form_name(BAL_FORM_TYPES), "?");
	assert_string_equal(bal_aggregate_name(BAL_AGGREGATE_TYPES), "?");
	assert_string_equal(bal_status_text(BAL_STATUS_COUNT), "?");
	assert_int_equal(bal_status_http(BAL_STATUS_COUNT), 500);
	assert_string_equal(bal_reason_name(BAL_REASON_COUNT), "?");
	assert_string_equal(bal_reason_text((enum bal_reason)UINT32_MAX), "?");
	assert_string_equal(bal_priority_name(BAL_PRIORITY_COUNT), "?");
	assert_string_equal(bal_task_state_name(BAL_TASK_STATE_COUNT), "?");
	assert_string_equal(bal_agent_state_name(BAL_AGENT_STATE_COUNT), "?");
	assert_string_equal(bal_outcome_name(BAL_OUTCOME_COUNT), "?");
	assert_string_equal(bal_strategy_name(BAL_STRATEGY_COUNT), "?");
	assert_string_equal(bal_pool_kind_name(BAL_POOL_KIND_COUNT), "?");
	assert_string_equal(bal_signal_name(BAL_SIGNAL_COUNT), "?");
	assert_string_equal(bal_event_name(BAL_EVENT_COUNT), "?");
	assert_string_equal(bal_effect_name((enum bal_effect_type) - 1), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lower_case_of_enumerators),
		cmocka_unit_test(test_rows_of_tables),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_outside_of_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
