/* SPDX-License-Identifier: Apache-2.0 */
/* Rules in virtual time: each fires at its threshold after its sustain time and not one sample
 * earlier, clears by its own numbers, and says nothing about a week of noise below them. */
#include "scene.h"

#include "base/prng.h"
#include "core/alert.h"
#include "core/state.h"

#include <string.h>

#define SAMPLE_NS (5 * NS_PER_S)
#define AGENT     101

/* ---- how to drive a rule ---- */

static uint64_t subject_id(uint32_t subject)
{
	return subject == BAL_SUBJECT_AGENT ? AGENT : 0;
}

/* One value of the rule's input, five seconds after the last one. */
static void feed(struct scene *scene, uint32_t rule, int64_t value)
{
	enum bal_subject subject = rule_ladders[rule_rows[rule].ladder].subject;

	scene->now_ns += SAMPLE_NS;
	STEP(scene, MORE, more, 0);
	alert_observe(scene->core, subject, subject_id(subject), rule_rows[rule].input, value);
	STEP(scene, MORE, more, 0);
}

/* A value that only just holds, and one that only just does not, and likewise for its end. */
static int64_t holding(uint32_t rule)
{
	return rule_rows[rule].threshold - (rule_rows[rule].how == RULE_BELOW);
}

static int64_t not_holding(uint32_t rule)
{
	return rule_rows[rule].threshold - (rule_rows[rule].how == RULE_ABOVE);
}

static int64_t ending(uint32_t rule)
{
	return rule_rows[rule].clear - (rule_rows[rule].how == RULE_ABOVE);
}

static int64_t not_ending(uint32_t rule)
{
	return rule_rows[rule].clear - (rule_rows[rule].how == RULE_BELOW);
}

/* The alert of the rule's ladder, if it is open at this rule's level or higher. */
static bool is_on(const struct scene *scene, uint32_t rule, struct bal_alert *alert)
{
	for (uint32_t i = 0; i < ALERT_OPEN_MAX; i++)
		if (bal_alert_at(scene->core, i, alert) && alert->ladder == rule_rows[rule].ladder)
			return alert->level >= rule_rows[rule].level;
	return false;
}

/* Only this rule is on, so that what is seen is its doing. */
static void leave_alone(struct scene *scene, uint32_t rule)
{
	for (uint32_t i = 0; i < RULE_COUNT; i++) {
		struct bal_event event = {.type = BAL_EVENT_RULE, .rule = rule_standard(i)};

		event.rule.enabled = i == rule;
		assert_int_equal(scene_step(scene, event), BAL_OK);
	}
}

static struct scene *open_scene(void)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);

	scene_start(scene, 1);
	scene_pool_urls(scene, 0, AGENT, 1);
	scene_clear(scene);
	return scene;
}

/* ---- W3: every rule ---- */

static void check_rise(struct scene *scene, uint32_t rule)
{
	const struct rule_row *row = &rule_rows[rule];
	int64_t first_ns = scene->now_ns + SAMPLE_NS;
	struct bal_alert alert;

	for (;;) {
		feed(scene, rule, holding(rule));
		if (scene->now_ns - first_ns >= row->sustain_ns)
			break;
		assert_false(is_on(scene, rule, &alert));
		assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 0);
	}
	assert_true(is_on(scene, rule, &alert));
	assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 1);
	assert_int_equal(scene_last(scene, BAL_EFFECT_ALERT)->count, row->level);
	assert_int_equal(scene_last(scene, BAL_EFFECT_ALERT)->attempt, rule);
	assert_int_equal(scene_last(scene, BAL_EFFECT_ALERT)->order, alert.id);
	assert_int_equal(alert.reason, BAL_REASON_ALERT_OPENED);
	assert_int_equal(alert.since_ns, first_ns);
	assert_int_equal(alert.opened_at_ns, scene->now_ns);
	assert_int_equal(alert.value, holding(rule));
	assert_int_equal(alert.threshold, row->threshold);
	assert_int_equal(alert.sustain_ns, row->sustain_ns);
	scene_clear(scene);
}

static void check_fall(struct scene *scene, uint32_t rule)
{
	const struct rule_row *row = &rule_rows[rule];
	struct bal_alert alert, past;
	int64_t first_ns;

	/* Between the two values it stays, however long. */
	for (int64_t i = 0; i < 2 * row->clear_ns / SAMPLE_NS + 3; i++)
		feed(scene, rule, not_ending(rule));
	assert_true(is_on(scene, rule, &alert));
	first_ns = scene->now_ns + SAMPLE_NS;
	for (;;) {
		feed(scene, rule, ending(rule));
		if (scene->now_ns - first_ns >= row->clear_ns)
			break;
		assert_true(is_on(scene, rule, &alert));
	}
	assert_false(is_on(scene, rule, &past));
	assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 1);
	assert_int_equal(scene_last(scene, BAL_EFFECT_ALERT)->count, BAL_ALERT_NONE);
	assert_true(bal_alert_past(scene->core, 0, &past));
	assert_int_equal(past.id, alert.id);
	assert_int_equal(past.cleared_at_ns, scene->now_ns);
	assert_int_equal(past.reason, BAL_REASON_ALERT_CLEARED);
	assert_int_equal(past.level_peak, row->level);
	assert_int_equal(alert_count(scene->core->alerts), 0);
	scene_clear(scene);
}

static void test_every_rule_fires_and_clears_on_time(void **state)
{
	(void)state;
	for (uint32_t rule = 0; rule < RULE_COUNT; rule++) {
		struct scene *scene = open_scene();
		struct bal_alert alert;

		leave_alone(scene, rule);
		feed(scene, rule, not_holding(rule));
		assert_false(is_on(scene, rule, &alert));
		check_rise(scene, rule);
		check_fall(scene, rule);
		scene_close(scene);
	}
}

/* One sample that does not hold begins the time anew. */
static void test_one_sample_below_begins_anew(void **state)
{
	(void)state;
	for (uint32_t rule = 0; rule < RULE_COUNT; rule++) {
		struct scene *scene = open_scene();
		int64_t count = rule_rows[rule].sustain_ns / SAMPLE_NS;
		struct bal_alert alert;

		leave_alone(scene, rule);
		for (int64_t i = 0; i < 3 * count; i++)
			feed(scene, rule,
				i % (count + 1) == count ? not_holding(rule) : holding(rule));
		assert_false(is_on(scene, rule, &alert));
		assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 0);
		scene_close(scene);
	}
}

/* Seven days of every input at once, every five seconds: mostly just under (or over) the threshold
 * that is nearest to fine, with bursts beyond it that end one sample before the sustain time. */
static void noise(struct scene *scene, struct prng *random, uint32_t rule, uint64_t tick)
{
	const struct rule_row *row = &rule_rows[rule];
	uint64_t span = (uint64_t)row->sustain_ns / SAMPLE_NS;
	bool may_burst = span > 1 && tick % (span + 3) < span;
	int64_t swing = row->threshold / 20 + 1;
	int64_t off = (int64_t)(prng_next(random) % (uint64_t)swing);
	int64_t value = row->how == RULE_ABOVE ? not_holding(rule) - off : not_holding(rule) + off;

	if (may_burst && prng_next(random) % 4 > 0)
		value = holding(rule);
	alert_observe(scene->core, rule_ladders[row->ladder].subject,
		subject_id(rule_ladders[row->ladder].subject), row->input, value < 0 ? 0 : value);
}

static void test_a_week_of_noise_is_no_alert(void **state)
{
	struct scene *scene = open_scene();
	uint64_t ticks = (uint64_t)(7 * NS_PER_DAY / SAMPLE_NS);
	struct prng random;

	(void)state;
	prng_init(&random, 20261127);
	scene->unchecked = true;
	for (uint64_t tick = 0; tick < ticks; tick++) {
		scene->now_ns += SAMPLE_NS;
		STEP(scene, MORE, more, 0);
		/* The lowest rung of each ladder and input: higher ones have higher thresholds. */
		for (uint32_t rule = 0; rule < RULE_COUNT; rule++)
			if (rule == 0 || rule_rows[rule].ladder != rule_rows[rule - 1].ladder ||
				rule_rows[rule].input != rule_rows[rule - 1].input)
				noise(scene, &random, rule, tick);
	}
	STEP(scene, MORE, more, 0);
	assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 0);
	for (uint32_t i = 0; i < ALERT_OPEN_MAX; i++) {
		struct bal_alert alert;

		assert_false(bal_alert_at(scene->core, i, &alert));
	}
	bal_core_check(scene->core);
	scene_close(scene);
}

/* ---- the ladder ---- */

static void cpu(struct scene *scene, int64_t value, int64_t duration_ns)
{
	for (int64_t end_ns = scene->now_ns + duration_ns; scene->now_ns < end_ns;)
		feed(scene, RULE_CPU_WARNING, value);
}

static uint32_t level_now(const struct scene *scene)
{
	struct bal_alert alert;

	return is_on(scene, RULE_CPU_WARNING, &alert) ? alert.level : BAL_ALERT_NONE;
}

static void test_levels_are_one_ladder(void **state)
{
	struct scene *scene = open_scene();
	struct bal_alert alert;

	(void)state;
	cpu(scene, 970, 65 * NS_PER_S);
	assert_int_equal(level_now(scene), BAL_ALERT_EMERGENCY);
	cpu(scene, 970, 5 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 1); /* lower rungs say nothing */
	/* Less, but critical still: the emergency ends after its minute, the alert goes on. */
	cpu(scene, 890, 55 * NS_PER_S);
	assert_int_equal(level_now(scene), BAL_ALERT_EMERGENCY);
	cpu(scene, 890, 10 * NS_PER_S);
	assert_int_equal(level_now(scene), BAL_ALERT_CRITICAL);
	assert_true(is_on(scene, RULE_CPU_WARNING, &alert));
	assert_int_equal(alert.reason, BAL_REASON_ALERT_LOWERED);
	assert_int_equal(alert.level_peak, BAL_ALERT_EMERGENCY);
	assert_int_equal(alert.value_peak, 970);
	cpu(scene, 800, 65 * NS_PER_S);
	assert_int_equal(level_now(scene), BAL_ALERT_WARNING);
	cpu(scene, 960, 65 * NS_PER_S);
	assert_int_equal(level_now(scene), BAL_ALERT_EMERGENCY);
	assert_true(is_on(scene, RULE_CPU_WARNING, &alert));
	assert_int_equal(alert.reason, BAL_REASON_ALERT_RAISED);
	/* All rungs end with the same sample: one effect. */
	scene_clear(scene);
	cpu(scene, 100, 65 * NS_PER_S);
	assert_int_equal(level_now(scene), BAL_ALERT_NONE);
	assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 1);
	scene_close(scene);
}

/* The emergency of memory comes from another signal than its warning. */
static void test_a_failed_allocation_is_an_emergency_at_once(void **state)
{
	struct scene *scene = open_scene();
	struct bal_alert alert;

	(void)state;
	scene_sample(scene, AGENT, BAL_SIGNAL_MEMORY_PERMILLE, 850);
	assert_true(is_on(scene, RULE_MEMORY_WARNING, &alert));
	assert_int_equal(alert.level, BAL_ALERT_WARNING);
	scene_sample(scene, AGENT, BAL_SIGNAL_OOM_KILLS, 1);
	assert_true(is_on(scene, RULE_MEMORY_WARNING, &alert));
	assert_int_equal(alert.level, BAL_ALERT_EMERGENCY);
	assert_int_equal(alert.value, 1);
	assert_int_equal(alert.rule, RULE_MEMORY_EMERGENCY);
	scene_close(scene);
}

/* Samples about the machine, the store and kinds move their rules and nobody else's. */
static void test_samples_are_about_their_subject(void **state)
{
	struct scene *scene = open_scene();
	struct bal_alert alert;

	(void)state;
	STEP(scene, SAMPLE, sample, .subject = BAL_SUBJECT_STORE, .signal = BAL_SIGNAL_STORE_FILL,
		.value = 860);
	assert_true(is_on(scene, RULE_STORE_FILL_WARNING, &alert));
	assert_int_equal(alert.subject, BAL_SUBJECT_STORE);
	assert_int_equal(alert.pool, BAL_NONE);
	STEP(scene, SAMPLE, sample, .subject = BAL_SUBJECT_HOST, .signal = BAL_SIGNAL_HOST_MEMORY,
		.value = 910);
	assert_true(is_on(scene, RULE_HOST_MEMORY_CRITICAL, &alert));
	assert_false(is_on(scene, RULE_MEMORY_WARNING, &alert));
	/* Of the machine, but said about a pool: no rule is about that. */
	STEP(scene, SAMPLE, sample, .subject = BAL_SUBJECT_POOL, .signal = BAL_SIGNAL_HOST_CPU,
		.value = 1000);
	assert_int_equal(alert_count(scene->core->alerts), 2);
	scene_close(scene);
}

/* ---- silence ---- */

static void test_silence_neither_fires_nor_clears(void **state)
{
	struct scene *scene = open_scene();
	struct bal_alert alert;

	(void)state;
	cpu(scene, 800, 4 * NS_PER_MIN);
	scene->now_ns += NS_PER_HOUR;
	cpu(scene, 800, 55 * NS_PER_S);
	assert_int_equal(level_now(scene), BAL_ALERT_NONE);
	cpu(scene, 800, 15 * NS_PER_S);
	assert_int_equal(level_now(scene), BAL_ALERT_WARNING);
	/* 30 s of its end, an hour of nothing, then 30 s more. */
	cpu(scene, 100, 30 * NS_PER_S);
	scene->now_ns += NS_PER_HOUR;
	STEP(scene, MORE, more, 0);
	assert_true(is_on(scene, RULE_CPU_WARNING, &alert));
	assert_true(scene->now_ns - alert.seen_at_ns > BAL_ALERT_STALE_NS);
	cpu(scene, 100, 25 * NS_PER_S);
	assert_int_equal(level_now(scene), BAL_ALERT_WARNING);
	cpu(scene, 100, 15 * NS_PER_S);
	assert_int_equal(level_now(scene), BAL_ALERT_NONE);
	scene_close(scene);
}

/* ---- subjects and rules come and go ---- */

static void test_alerts_end_with_their_subject(void **state)
{
	struct scene *scene = open_scene();
	struct bal_alert alert;

	(void)state;
	cpu(scene, 970, 2 * NS_PER_MIN);
	scene_sample(scene, AGENT, BAL_SIGNAL_MEMORY_PERMILLE, 950);
	scene_clear(scene);
	scene_down(scene, AGENT, true);
	assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 2);
	assert_int_equal(alert_count(scene->core->alerts), 0);
	for (uint32_t back = 0; back < 2; back++) {
		assert_true(bal_alert_past(scene->core, back, &alert));
		assert_int_equal(alert.reason, BAL_REASON_ALERT_GONE);
		assert_int_equal(alert.pool, 0);
	}
	scene_close(scene);
}

static struct bal_event rule_event(uint32_t rule, int64_t threshold, int64_t clear)
{
	struct bal_event event = {.type = BAL_EVENT_RULE, .rule = rule_standard(rule)};

	event.rule.threshold = threshold;
	event.rule.clear = clear;
	return event;
}

static void test_rules_are_changed_and_refused(void **state)
{
	struct scene *scene = open_scene();
	struct bal_event event = rule_event(RULE_MEMORY_WARNING, 600, 700);
	struct bal_event_rule view;

	(void)state;
	assert_int_equal(scene_step(scene, event), BAL_INVALID); /* clears above its threshold */
	event.rule.rule = RULE_COUNT;
	assert_int_equal(scene_step(scene, event), BAL_INVALID);
	assert_true(bal_rule_view(scene->core, RULE_MEMORY_WARNING, &view));
	assert_int_equal(view.threshold, 800);
	assert_int_equal(scene_step(scene, rule_event(RULE_MEMORY_WARNING, 600, 500)), BAL_OK);
	scene_sample(scene, AGENT, BAL_SIGNAL_MEMORY_PERMILLE, 599);
	assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 0);
	scene_sample(scene, AGENT, BAL_SIGNAL_MEMORY_PERMILLE, 600);
	assert_int_equal(scene_last(scene, BAL_EFFECT_ALERT)->count, BAL_ALERT_WARNING);
	/* Switched off it ends what it opened. */
	event = rule_event(RULE_MEMORY_WARNING, 600, 500);
	event.rule.enabled = false;
	assert_int_equal(scene_step(scene, event), BAL_OK);
	assert_int_equal(scene_last(scene, BAL_EFFECT_ALERT)->reason, BAL_REASON_ALERT_RULE);
	scene_clear(scene);
	scene_sample(scene, AGENT, BAL_SIGNAL_MEMORY_PERMILLE, 700);
	assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 0);
	scene_close(scene);
}

static void test_rules_are_for_pools_with_their_tags(void **state)
{
	struct scene *scene = open_scene();
	struct bal_event event = rule_event(RULE_MEMORY_WARNING, 800, 750);

	(void)state;
	event.rule.tag_words[1] = 2;
	assert_int_equal(scene_step(scene, event), BAL_OK);
	scene_sample(scene, AGENT, BAL_SIGNAL_MEMORY_PERMILLE, 850);
	assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 0);
	event.rule.tag_words[1] = 0;
	event.rule.tag_words[0] = 1; /* what the pool offers */
	assert_int_equal(scene_step(scene, event), BAL_OK);
	scene_sample(scene, AGENT, BAL_SIGNAL_MEMORY_PERMILLE, 850);
	assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 1);
	scene_close(scene);
}

/* ---- bounds ---- */

static void test_the_table_is_bounded(void **state)
{
	struct scene *scene = open_scene();
	uint32_t open_max = SCENE_LIMITS.effects_max / 4;
	struct bal_alert alert;

	(void)state;
	open_max = open_max < ALERT_OPEN_MAX ? open_max : ALERT_OPEN_MAX;
	scene->unchecked = true;
	for (uint64_t id = 1; id <= open_max + 7; id++) {
		alert_observe(scene->core, BAL_SUBJECT_KIND, id, RULE_FACT_ANOMALY, 1000);
		STEP(scene, MORE, more, 0);
		scene_clear(scene);
	}
	assert_int_equal(alert_count(scene->core->alerts), open_max);
	assert_int_equal(bal_alerts_dropped(scene->core), 7);
	for (uint64_t id = 1; id <= open_max; id++) {
		alert_gone(scene->core, BAL_SUBJECT_KIND, id);
		STEP(scene, MORE, more, 0);
		scene_clear(scene);
	}
	assert_int_equal(alert_count(scene->core->alerts), 0);
	assert_true(bal_alert_past(scene->core, ALERT_PAST_MAX - 1, &alert) ==
		    (open_max >= ALERT_PAST_MAX));
	assert_false(bal_alert_past(scene->core, ALERT_PAST_MAX, &alert));
	bal_core_check(scene->core);
	scene_close(scene);
}

/* ---- names ---- */

static void test_rules_have_names(void **state)
{
	char name[RULE_NAME_SIZE];

	(void)state;
	rule_name(RULE_CPU_CRITICAL, name);
	assert_string_equal(name, "cpu_critical");
	for (uint32_t i = 0; i < RULE_COUNT; i++) {
		rule_name(i, name);
		assert_true(strlen(name) < RULE_NAME_SIZE - 1);
		assert_int_equal(rule_find(name, strlen(name)), i);
		assert_true(strcmp(rule_input_name(rule_rows[i].input), "?") != 0);
		{
			struct bal_event_rule conf = rule_standard(i);

			assert_true(rule_valid(&conf));
		}
	}
	assert_int_equal(rule_find("cpu", 3), RULE_COUNT);
}

/* The thresholds and sustain times that the requirements name, by hand. */
static void test_required_numbers(void **state)
{
	static const struct {
		uint32_t rule;
		int64_t threshold, sustain_s;
	} REQUIRED[] = {
		{RULE_CPU_WARNING, 750, 300},
		{RULE_CPU_CRITICAL, 900, 120},
		{RULE_CPU_EMERGENCY, 950, 60},
		{RULE_MEMORY_WARNING, 800, 0},
		{RULE_MEMORY_CRITICAL, 900, 0},
		{RULE_MEMORY_EMERGENCY, 1, 0},
		{RULE_LOAD_WARNING, 800, 300},
		{RULE_QUEUE_WARNING, 101, 60},
		{RULE_RESPONSE_WARNING, 2000, 180},
		{RULE_ERRORS_WARNING, 51, 0},
		{RULE_SATISFACTION_WARNING, 850, 0},
		{RULE_STORE_FILL_WARNING, 850, 0},
		{RULE_GROWTH_WARNING, 1500, 0},
		{RULE_EXHAUSTION_WARNING, 7200 * NS_PER_S, 0},
		{RULE_KIND_SLOWER_WARNING, 1200, 0},
		{RULE_CPU_WAIT_WARNING, 100, 300},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof REQUIRED / sizeof REQUIRED[0]; i++) {
		assert_int_equal(rule_rows[REQUIRED[i].rule].threshold, REQUIRED[i].threshold);
		assert_int_equal(
			rule_rows[REQUIRED[i].rule].sustain_ns, REQUIRED[i].sustain_s * NS_PER_S);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_rule_fires_and_clears_on_time),
		cmocka_unit_test(test_one_sample_below_begins_anew),
		cmocka_unit_test(test_a_week_of_noise_is_no_alert),
		cmocka_unit_test(test_levels_are_one_ladder),
		cmocka_unit_test(test_a_failed_allocation_is_an_emergency_at_once),
		cmocka_unit_test(test_samples_are_about_their_subject),
		cmocka_unit_test(test_silence_neither_fires_nor_clears),
		cmocka_unit_test(test_alerts_end_with_their_subject),
		cmocka_unit_test(test_rules_are_changed_and_refused),
		cmocka_unit_test(test_rules_are_for_pools_with_their_tags),
		cmocka_unit_test(test_the_table_is_bounded),
		cmocka_unit_test(test_rules_have_names),
		cmocka_unit_test(test_required_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
