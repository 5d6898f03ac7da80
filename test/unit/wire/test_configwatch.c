/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts and objectives in the configuration: values in the unit of their rule, defaults that move
 * along, and what is told about what makes no sense. */
#include "wire/config.h"

#include "base/units.h"
#include "core/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void read_good(const char *text, struct config *config)
{
	struct config_error error;

	if (!config_read(config, span_of(text), "b.yaml", NULL, 0, &error))
		fail_msg("%s", error.text);
}

static const struct bal_event_rule *rule_of(const struct config *config, uint32_t rule)
{
	for (uint32_t i = 0; i < config->alerts.rules.count; i++)
		if (config->alerts.rules.items[i].rule.rule == rule)
			return &config->alerts.rules.items[i].rule;
	fail_msg("rule %u is not in it", rule);
	return NULL;
}

static void test_rules(void **state)
{
	const struct bal_event_rule *rule;
	struct config config;

	(void)state;
	read_good("alerts:\n"
		  "  webhook: http://127.0.0.1:9093/am\n"
		  "  rules:\n"
		  "    cpu_warning: {threshold: 60%, for: 10m, labels: {zone: a, disk: ssd}}\n"
		  "    queue_warning: {threshold: 5_000, clear: 10, clear_for: 0s}\n"
		  "    store_slow_warning: {threshold: 2s}\n"
		  "    memory_emergency: {threshold: 3}\n"
		  "    gc_warning: {enabled: false}\n",
		&config);
	assert_string_equal(config.alerts.webhook, "http://127.0.0.1:9093/am");
	rule = rule_of(&config, RULE_CPU_WARNING);
	assert_int_equal(rule->threshold, 600);
	assert_int_equal(rule->clear, 550); /* as far below as before */
	assert_int_equal(rule->sustain_ns, 10 * NS_PER_MIN);
	assert_int_equal(rule->clear_ns, NS_PER_MIN);
	assert_true(rule->enabled);
	assert_int_equal(config.alerts.rules.items[0].labels.count, 2);
	assert_string_equal(config.alerts.rules.items[0].labels.items[1], "disk=ssd");
	rule = rule_of(&config, RULE_QUEUE_WARNING);
	assert_int_equal(rule->threshold, 5000);
	assert_int_equal(rule->clear, 10);
	assert_int_equal(rule->clear_ns, 0);
	assert_int_equal(rule_of(&config, RULE_STORE_SLOW_WARNING)->threshold, 2 * NS_PER_S);
	assert_int_equal(rule_of(&config, RULE_MEMORY_EMERGENCY)->threshold, 3);
	assert_false(rule_of(&config, RULE_GC_WARNING)->enabled);
	config_release(&config);
}

/* The required promises are there when nobody says a word. */
static void test_standard(void **state)
{
	struct config config;

	(void)state;
	read_good("{}", &config);
	assert_null(config.alerts.webhook);
	assert_int_equal(config.objectives.count, 0);
	assert_true(config.standard.enabled);
	assert_true(config.standard.recover);
	assert_int_equal(config.standard.measure, BAL_MEASURE_WAIT);
	assert_int_equal(config.standard.response_ns, 2 * NS_PER_S);
	assert_int_equal(config.standard.within_permille, 950);
	assert_int_equal(config.standard.availability_permille, 999);
	assert_int_equal(config.standard.errors_permille, 1);
	assert_int_equal(config.standard.satisfaction_permille, 900);
	assert_int_equal(config.standard.throughput_permille, 950);
	config_release(&config);
}

/* What is not said of the standard keeps it; a kind's own recovers only when it says so. */
static void test_objectives(void **state)
{
	struct config config;

	(void)state;
	read_good("objectives:\n"
		  "  standard: {response: 3s}\n"
		  "  review: {measure: slowdown, slowdown: 300%, within: 80%, errors: 100%}\n"
		  "  chat: {measure: first_byte, recover: true}\n",
		&config);
	assert_int_equal(config.standard.response_ns, 3 * NS_PER_S);
	assert_true(config.standard.recover);
	assert_int_equal(config.objectives.count, 3);
	assert_false(config.objectives.items[1].recover);
	assert_int_equal(config.objectives.items[1].measure, BAL_MEASURE_SLOWDOWN);
	assert_int_equal(config.objectives.items[1].slowdown_permille, 3000);
	assert_int_equal(config.objectives.items[1].within_permille, 800);
	assert_true(config.objectives.items[2].recover);
	assert_int_equal(config.objectives.items[2].response_ns, 2 * NS_PER_S);
	config_release(&config);
}

static const struct {
	const char *text, *message;
} WRONG[] = {
	{"alerts: {rules: {cpu_warnin: {threshold: 60%}}}",
		"b.yaml:1:18: `cpu_warnin` is no rule of alerts; did you mean `cpu_warning`?"},
	{"alerts: {rules: {xyz: {}}}",
		"b.yaml:1:18: `xyz` is no rule of alerts; `ballast alerts --rules` lists them"},
	{"alerts: {rules: {cpu_warning: {threshold: 60}}}",
		"b.yaml:1:43: expected a share such as 80%, found `60`"},
	{"alerts: {rules: {queue_warning: {threshold: 60%}}}",
		"b.yaml:1:45: expected a whole number, found `60%`"},
	{"alerts: {rules: {cpu_warning: {threshold: 60%, clear: 70%}}}",
		"b.yaml:1:18: rule `cpu_warning`: `clear` lies beyond the threshold, it would open "
		"and end at once"},
	{"alerts: {webhook: 127.0.0.1}",
		"b.yaml:1:19: expected a URL such as http://127.0.0.1:9093, found `127.0.0.1`"},
	{"alerts: {webhook: \"https://x\"}",
		"b.yaml:1:19: https is not spoken to webhooks yet, use http"},
	{"objectives: {standard: {within: 100%}}",
		"b.yaml:1:33: `within` must be from 0% to 99.9%, found `100%`"},
	{"objectives: {standard: {measure: mean}}",
		"b.yaml:1:34: `measure` is one of wait, first_byte, total, slowdown; found `mean`"},
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
		struct config_error error;
		struct config config;

		if (config_read(&config, span_of(WRONG[i].text), "b.yaml", NULL, 0, &error))
			fail_msg("taken: %s", WRONG[i].text);
		assert_string_equal(error.text, WRONG[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_standard),
		cmocka_unit_test(test_objectives),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
