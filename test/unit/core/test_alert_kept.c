/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts over a restart: every rule, in the middle of its sustain time and of its end, with kinds
 * and pools under other numbers, is as if there had been none. */
#include "scene.h"

#include "base/checksum.h"
#include "core/alert.h"
#include "core/alert_state.h"
#include "core/state.h"

#include <string.h>

#define SAMPLE_NS (5 * NS_PER_S)
#define AGENT     101
#define KEPT_SIZE (1 << 20)

static uint8_t kept[KEPT_SIZE];
static size_t kept_size;

static void name(struct scene *scene, uint32_t space, uint32_t number, const char *text)
{
	struct bal_text symbol = {text, (uint32_t)strlen(text)};

	assert_int_equal(STEP(scene, SYMBOL, symbol, space, number, symbol), BAL_OK);
}

static uint64_t number_of(const struct scene *scene, uint32_t subject)
{
	uint32_t number = scene->core->pools[0].name_hash != 0 ? 0 : 2;

	if (subject == BAL_SUBJECT_AGENT)
		return AGENT;
	return subject == BAL_SUBJECT_POOL || subject == BAL_SUBJECT_KIND ? number : 0;
}

/* One value of a rule's input, five seconds after the last one. */
static void feed(struct scene *scene, uint32_t rule, int64_t value)
{
	enum bal_subject subject = rule_ladders[rule_rows[rule].ladder].subject;

	scene->now_ns += SAMPLE_NS;
	STEP(scene, MORE, more, 0);
	alert_observe(
		scene->core, subject, number_of(scene, subject), rule_rows[rule].input, value);
	STEP(scene, MORE, more, 0);
}

static int64_t holding(uint32_t rule)
{
	return rule_rows[rule].threshold - (rule_rows[rule].how == RULE_BELOW);
}

static int64_t ending(uint32_t rule)
{
	return rule_rows[rule].clear - (rule_rows[rule].how == RULE_ABOVE);
}

/* A core whose pool and kind are number 0, or 2 after a restart. Only this rule is on. */
static struct scene *open_scene(uint32_t number, uint32_t rule)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);

	scene->unchecked = true;
	name(scene, BAL_SYMBOL_POOL, number, "coder");
	name(scene, BAL_SYMBOL_KIND, number, "review");
	scene_pool_urls(scene, number, AGENT, 1);
	for (uint32_t i = 0; i < RULE_COUNT; i++) {
		struct bal_event event = {.type = BAL_EVENT_RULE, .rule = rule_standard(i)};

		event.rule.enabled = i == rule;
		assert_int_equal(scene_step(scene, event), BAL_OK);
	}
	return scene;
}

static struct scene *begin(uint32_t rule)
{
	struct scene *scene = open_scene(0, rule);

	scene_start(scene, 1);
	scene_clear(scene);
	return scene;
}

/* Ends the core; another one begins where it left off. */
static struct scene *restart(struct scene *scene, uint32_t rule)
{
	struct scene *after = open_scene(2, rule);

	kept_size = bal_alerts_save(scene->core, kept, sizeof kept);
	assert_in_range(kept_size, 100, sizeof kept);
	after->now_ns = scene->now_ns;
	STEP(after, MORE, more, 0);
	assert_true(bal_alerts_load(after->core, kept, kept_size));
	scene_start(after, 2);
	assert_int_equal(scene_count(after, BAL_EFFECT_ALERT), 0);
	bal_core_check(after->core);
	scene_clear(after);
	scene_close(scene);
	return after;
}

static bool first_alert(const struct scene *scene, struct bal_alert *alert)
{
	for (uint32_t i = 0; i < bal_alert_places(scene->core); i++)
		if (bal_alert_at(scene->core, i, alert))
			return true;
	return false;
}

/* Feeds until an alert is told and returns how many values that took. */
static uint32_t feed_until_told(struct scene *scene, uint32_t rule, int64_t value)
{
	uint32_t count = 0;

	while (scene_count(scene, BAL_EFFECT_ALERT) == 0) {
		assert_true(count++ < 200000);
		feed(scene, rule, value);
	}
	return count;
}

static void check_rule(uint32_t rule)
{
	struct scene *scene = begin(rule);
	uint32_t to_open = feed_until_told(scene, rule, holding(rule)), to_clear;
	struct bal_alert open, again;

	scene_clear(scene);
	to_clear = feed_until_told(scene, rule, ending(rule));
	scene_close(scene);

	/* The same once more, with a restart in the midst of each. */
	scene = begin(rule);
	for (uint32_t i = 0; i < to_open / 2; i++)
		feed(scene, rule, holding(rule));
	scene = restart(scene, rule);
	assert_int_equal(feed_until_told(scene, rule, holding(rule)), to_open - to_open / 2);
	assert_true(first_alert(scene, &open));
	scene = restart(scene, rule);
	assert_true(first_alert(scene, &again));
	assert_int_equal(again.id, open.id);
	assert_int_equal(again.since_ns, open.since_ns);
	assert_int_equal(again.opened_at_ns, open.opened_at_ns);
	assert_int_equal(again.level, open.level);
	assert_int_equal(again.value_peak, open.value_peak);
	assert_int_equal(
		again.subject_id, number_of(scene, rule_ladders[rule_rows[rule].ladder].subject));
	assert_int_equal(again.pool == BAL_NONE, open.pool == BAL_NONE);
	for (uint32_t i = 0; i < to_clear / 2; i++)
		feed(scene, rule, ending(rule));
	assert_int_equal(scene_count(scene, BAL_EFFECT_ALERT), 0);
	scene = restart(scene, rule);
	assert_int_equal(feed_until_told(scene, rule, ending(rule)), to_clear - to_clear / 2);
	assert_false(first_alert(scene, &again));
	scene = restart(scene, rule);
	assert_true(bal_alert_past(scene->core, 0, &again));
	assert_int_equal(again.id, open.id);
	assert_false(bal_alert_past(scene->core, 1, &again));
	scene_close(scene);
}

static void test_every_rule(void **state)
{
	(void)state;
	for (uint32_t rule = 0; rule < RULE_COUNT; rule++)
		check_rule(rule);
}

/* The first rule about such a subject. */
static uint32_t rule_about(uint32_t subject)
{
	for (uint32_t i = 0; i < RULE_COUNT; i++)
		if (rule_ladders[rule_rows[i].ladder].subject == subject)
			return i;
	fail_msg("no rule about subject %u", subject);
	return 0;
}

static void save_open(uint32_t rule)
{
	struct scene *scene = begin(rule);

	feed_until_told(scene, rule, holding(rule));
	kept_size = bal_alerts_save(scene->core, kept, sizeof kept);
	scene_close(scene);
}

static struct scene *load_into(struct scene *after, int64_t now_ns)
{
	after->now_ns = now_ns;
	STEP(after, MORE, more, 0);
	assert_true(bal_alerts_load(after->core, kept, kept_size));
	return after;
}

/* What is about a pool or a kind that is no more is left out. */
static void test_subjects_that_are_gone(void **state)
{
	static const uint32_t subjects[] = {BAL_SUBJECT_POOL, BAL_SUBJECT_KIND};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct scene *after = scene_open(&SCENE_LIMITS);
		struct bal_alert alert;

		save_open(rule_about(subjects[i]));
		name(after, BAL_SYMBOL_POOL, 1, "coder"); /* a name alone is no pool */
		load_into(after, NS_PER_DAY);
		assert_false(first_alert(after, &alert));
		scene_start(after, 2);
		scene_close(after);
	}
}

/* An agent may come back for ten minutes; of one that does not the alert ends. */
static void test_agents_that_are_gone(void **state)
{
	uint32_t rule = rule_about(BAL_SUBJECT_AGENT);
	struct bal_alert alert;
	struct scene *after;

	(void)state;
	for (int back = 0; back < 2; back++) {
		save_open(rule);
		after = scene_open(&SCENE_LIMITS);
		after->watched = true;
		load_into(after, NS_PER_DAY);
		scene_start(after, 2);
		scene_run_for(after, 9 * NS_PER_MIN);
		assert_true(first_alert(after, &alert));
		if (back == 1)
			scene_pool_urls(after, 2, AGENT, 1);
		scene_run_for(after, 2 * NS_PER_MIN);
		assert_int_equal(first_alert(after, &alert), back == 1);
		assert_int_equal(scene_count(after, BAL_EFFECT_ALERT), back == 0);
		if (back == 0) {
			assert_true(bal_alert_past(after->core, 0, &alert));
			assert_int_equal(alert.reason, BAL_REASON_ALERT_GONE);
		}
		scene_close(after);
	}
}

/* A rule that was changed while nobody ran: its alert ends, and that is told. */
static void test_changed_rule(void **state)
{
	uint32_t rule = rule_about(BAL_SUBJECT_HOST);
	struct bal_event_rule conf;
	struct bal_alert alert;
	struct scene *after;

	(void)state;
	save_open(rule);
	after = load_into(open_scene(2, rule), NS_PER_DAY);
	assert_true(bal_rule_view(after->core, rule, &conf));
	assert_true(conf.enabled);
	conf.enabled = false;
	assert_int_equal(
		scene_step(after, (struct bal_event){.type = BAL_EVENT_RULE, .rule = conf}),
		BAL_OK);
	assert_int_equal(scene_count(after, BAL_EFFECT_ALERT), 1);
	assert_false(first_alert(after, &alert));
	scene_close(after);
}

/* The clock was set back: nothing lies in the future. */
static void test_clock_set_back(void **state)
{
	uint32_t rule = rule_about(BAL_SUBJECT_HOST);
	struct scene *after;
	struct bal_alert alert;

	(void)state;
	save_open(rule);
	after = load_into(open_scene(2, rule), 1000 * NS_PER_S);
	bal_core_check(after->core);
	assert_true(first_alert(after, &alert));
	assert_int_equal(alert.since_ns, 1000 * NS_PER_S);
	assert_true(alert.opened_at_ns <= after->now_ns);
	assert_true(alert.seen_at_ns <= after->now_ns);
	scene_close(after);
}

static void test_only_into_a_fresh_core(void **state)
{
	uint32_t rule = rule_about(BAL_SUBJECT_HOST);
	struct scene *after;

	(void)state;
	save_open(rule);
	after = load_into(open_scene(2, rule), NS_PER_DAY);
	assert_false(bal_alerts_load(after->core, kept, kept_size));
	scene_close(after);
}

static bool load_bytes(uint32_t rule, size_t size)
{
	struct scene *after = open_scene(2, rule);
	struct bal_alert alert;
	bool taken;

	after->now_ns = NS_PER_DAY;
	STEP(after, MORE, more, 0);
	taken = bal_alerts_load(after->core, kept, size);
	bal_core_check(after->core);
	assert_true(taken || !first_alert(after, &alert));
	scene_close(after);
	return taken;
}

static void test_cut_and_damaged(void **state)
{
	uint32_t rule = rule_about(BAL_SUBJECT_KIND);

	(void)state;
	save_open(rule);
	for (size_t size = 0; size < kept_size; size += 1 + size / 50)
		assert_false(load_bytes(rule, size));
	for (size_t i = 0; i < kept_size; i += 1 + i / 100) {
		kept[i] ^= 0x20;
		assert_false(load_bytes(rule, kept_size));
		kept[i] ^= 0x20;
	}
	assert_true(load_bytes(rule, kept_size));
}

/* With the sum right again: what a buggy writer could leave never breaks an invariant. */
static void test_numbers_that_cannot_be(void **state)
{
	uint32_t rule = rule_about(BAL_SUBJECT_KIND);
	uint32_t refused = 0, taken = 0;

	(void)state;
	save_open(rule);
	for (size_t i = 0; i + 4 < kept_size; i++) {
		/* The rules are many and alike: some of them are enough. */
		if (i > 200 && i + 400 < kept_size && i % 17 != 0)
			continue;
		for (int bit = 0; bit < 8; bit += 3) {
			uint32_t sum;

			kept[i] ^= (uint8_t)(1 << bit);
			sum = checksum_crc32c(0, kept, kept_size - 4);
			for (size_t j = 0; j < 4; j++)
				kept[kept_size - 4 + j] = (uint8_t)(sum >> (8 * j));
			if (load_bytes(rule, kept_size))
				taken++;
			else
				refused++;
			kept[i] ^= (uint8_t)(1 << bit);
		}
	}
	assert_in_range(refused, 50, UINT32_MAX);
	assert_in_range(taken, 50, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_rule),
		cmocka_unit_test(test_subjects_that_are_gone),
		cmocka_unit_test(test_agents_that_are_gone),
		cmocka_unit_test(test_changed_rule),
		cmocka_unit_test(test_clock_set_back),
		cmocka_unit_test(test_only_into_a_fresh_core),
		cmocka_unit_test(test_cut_and_damaged),
		cmocka_unit_test(test_numbers_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
