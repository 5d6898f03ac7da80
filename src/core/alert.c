/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rung is two stop-watches: how long its condition has held, and how long the condition of its
 * end. Both count only time between samples that are not too far apart; a longer silence moves
 * their start along, so that it neither fires nor clears anything.
 *
 * A place of the table is taken by the first value over a threshold and given back when no rung
 * holds or is on; a fleet without trouble takes none. When the table is full new trouble is
 * counted, not kept: whoever has 4096 open alerts reads no other.
 */
#include "core/alert.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/checksum.h"
#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/alert_state.h"
#include "core/outbox.h"

#define ALERT_BIT (UINT64_C(1) << 62) /* with bit 63 clear: no task, agent or order has it */

uint64_t alert_key(uint32_t ladder, uint64_t subject_id)
{
	uint64_t key = checksum_mix(subject_id, ladder + 1);

	return key == 0 ? 1 : key;
}

struct alert_book *alert_place(struct arena *arena, uint32_t effects_max)
{
	uint32_t open_max = effects_max / 4 < ALERT_OPEN_MAX ? effects_max / 4 : ALERT_OPEN_MAX;

	struct alert_book measured;
	struct alert_book *book = arena_take(arena, 1, sizeof *book);
	struct alert_book *target = book == NULL ? &measured : book;

	slab_init(&target->alerts, arena, open_max, sizeof(struct alert));
	map_init(&target->by_key, arena, open_max);
	target->past = arena_take(arena, ALERT_PAST_MAX, sizeof *target->past);
	return book;
}

void alert_index(struct alert_book *book)
{
	for (uint32_t i = 0; i < RULE_COUNT; i++)
		book->input_used[rule_rows[i].input] = true;
}

void alert_begin(struct alert_book *book)
{
	for (uint32_t i = 0; i < RULE_COUNT; i++)
		book->rules[i] = rule_standard(i);
	alert_index(book);
}

/* ---- the table ---- */

static struct alert *find(const struct alert_book *book, uint32_t ladder, uint64_t id)
{
	uint32_t place = map_get(&book->by_key, alert_key(ladder, id));
	struct alert *alert;

	if (place == MAP_NONE)
		return NULL;
	alert = slab_at(&book->alerts, place);
	return alert->record.ladder == ladder && alert->record.subject_id == id ? alert : NULL;
}

static struct alert *take(struct alert_book *book, uint32_t ladder, uint64_t id)
{
	uint64_t key = alert_key(ladder, id);
	struct alert *alert =
		map_get(&book->by_key, key) == MAP_NONE ? slab_take(&book->alerts) : NULL;

	if (alert == NULL) {
		book->dropped_count++;
		return NULL;
	}
	alert->record.ladder = ladder;
	alert->record.subject = rule_ladders[ladder].subject;
	alert->record.subject_id = id;
	for (uint32_t i = 0; i < ALERT_RUNGS; i++)
		alert->rungs[i] = (struct alert_rung){.over_since_ns = BAL_NEVER_NS,
			.under_since_ns = BAL_NEVER_NS,
			.seen_at_ns = BAL_NEVER_NS};
	bal_assert(map_put(&book->by_key, key, slab_index(&book->alerts, alert)));
	return alert;
}

static void give(struct alert_book *book, struct alert *alert)
{
	map_remove(&book->by_key, alert_key(alert->record.ladder, alert->record.subject_id));
	slab_give(&book->alerts, alert);
}

static bool is_quiet(const struct alert *alert)
{
	for (uint32_t i = 0; i < ALERT_RUNGS; i++)
		if (alert->rungs[i].on || alert->rungs[i].over_since_ns != BAL_NEVER_NS)
			return false;
	return true;
}

/* ---- what is told ---- */

static uint32_t pool_of(const struct bal_core *core, uint32_t subject, uint64_t id)
{
	const struct agent *agent = subject == BAL_SUBJECT_AGENT ? agent_find(core, id) : NULL;

	if (subject == BAL_SUBJECT_POOL)
		return (uint32_t)id;
	return agent == NULL ? BAL_NONE : agent->pool;
}

static void tell(struct bal_core *core, const struct bal_alert *record)
{
	struct bal_effect *effect = outbox_add(core, BAL_EFFECT_ALERT);

	effect->order = record->id;
	effect->attempt = record->rule;
	effect->count = record->level;
	effect->reason = (enum bal_reason)record->reason;
	effect->agent = record->subject == BAL_SUBJECT_AGENT ? record->subject_id : 0;
	effect->pool = record->pool;
}

/* What the rung saw is what the alert shows. */
static void note_rung(
	const struct alert_book *book, struct bal_alert *record, const struct alert *alert)
{
	const struct alert_rung *rung = &alert->rungs[record->level - 1];
	const struct bal_event_rule *conf = &book->rules[record->rule];

	record->since_ns =
		rung->over_since_ns != BAL_NEVER_NS ? rung->over_since_ns : record->since_ns;
	record->value = rung->value;
	record->threshold = conf->threshold;
	record->sustain_ns = conf->sustain_ns;
}

static void open_record(struct bal_core *core, struct bal_alert *record)
{
	record->id = ALERT_BIT | (uint64_t)(core->epoch & (INT32_MAX / 2)) << 32 |
		     core->alerts->sequence++;
	record->opened_at_ns = core->now_ns;
	record->cleared_at_ns = BAL_NEVER_NS;
	record->pool = pool_of(core, record->subject, record->subject_id);
	record->level_peak = BAL_ALERT_NONE;
}

static void close_record(struct bal_core *core, struct bal_alert *record)
{
	struct alert_book *book = core->alerts;

	record->cleared_at_ns = core->now_ns;
	book->past[book->past_count++ % ALERT_PAST_MAX] = *record;
	tell(core, record);
	record->id = 0;
}

static uint32_t rule_of(uint32_t ladder, uint32_t level)
{
	for (uint32_t i = 0; i < RULE_COUNT; i++)
		if (rule_rows[i].ladder == ladder && rule_rows[i].level == level)
			return i;
	return RULE_COUNT;
}

static uint32_t highest_level(const struct alert *alert)
{
	uint32_t level = BAL_ALERT_NONE;

	for (uint32_t i = 0; i < ALERT_RUNGS; i++)
		if (alert->rungs[i].on)
			level = i + 1;
	return level;
}

/* Brings the record to the level of the rungs that are on, and tells it when that is another one;
 * `ended` is why, when none is left. */
static void settle(struct bal_core *core, struct alert *alert, enum bal_reason ended)
{
	struct bal_alert *record = &alert->record;
	uint32_t before = record->id == 0 ? BAL_ALERT_NONE : record->level;
	uint32_t level = highest_level(alert);

	if (level == before)
		return;
	if (before == BAL_ALERT_NONE)
		open_record(core, record);
	record->level = level;
	record->changed_at_ns = core->now_ns;
	if (level == BAL_ALERT_NONE) {
		record->reason = ended;
		close_record(core, record);
		return;
	}
	record->rule = rule_of(record->ladder, level);
	record->reason = before == BAL_ALERT_NONE ? BAL_REASON_ALERT_OPENED
			 : level > before         ? BAL_REASON_ALERT_RAISED
						  : BAL_REASON_ALERT_LOWERED;
	record->level_peak = level > record->level_peak ? level : record->level_peak;
	note_rung(core->alerts, record, alert);
	tell(core, record);
}

/* ---- values ---- */

static void track(int64_t *since_ns, bool holds, int64_t now_ns)
{
	if (!holds)
		*since_ns = BAL_NEVER_NS;
	else if (*since_ns == BAL_NEVER_NS)
		*since_ns = now_ns;
}

static bool sustained(int64_t since_ns, int64_t now_ns, int64_t sustain_ns)
{
	return since_ns != BAL_NEVER_NS && now_ns - since_ns >= sustain_ns;
}

/* A silence is no evidence: watches that run go on from behind it. */
static void skip_silence(struct alert_rung *rung, int64_t now_ns)
{
	int64_t silence_ns;

	if (rung->seen_at_ns == BAL_NEVER_NS || now_ns - rung->seen_at_ns <= ALERT_STALE_NS)
		return;
	silence_ns = now_ns - rung->seen_at_ns;
	if (rung->over_since_ns != BAL_NEVER_NS)
		rung->over_since_ns += silence_ns;
	if (rung->under_since_ns != BAL_NEVER_NS)
		rung->under_since_ns += silence_ns;
}

static void observe_rung(
	struct alert_rung *rung, const struct bal_event_rule *conf, int64_t now_ns, int64_t value)
{
	skip_silence(rung, now_ns);
	rung->seen_at_ns = now_ns;
	rung->value = value;
	track(&rung->over_since_ns, rule_holds(conf, value), now_ns);
	track(&rung->under_since_ns, rule_ends(conf, value), now_ns);
	if (rung->on)
		rung->on = !sustained(rung->under_since_ns, now_ns, conf->clear_ns);
	else
		rung->on = sustained(rung->over_since_ns, now_ns, conf->sustain_ns);
}

/* The worst value is the farthest from fine, on the side where the rule looks. */
static void note_value(struct bal_alert *record, uint32_t rule, int64_t now_ns, int64_t value)
{
	bool above = rule_rows[rule].how == RULE_ABOVE;
	bool same = rule_rows[rule].input == rule_rows[record->rule].input;

	record->seen_at_ns = now_ns;
	if (!same)
		return;
	record->value_last = value;
	if (record->opened_at_ns == now_ns)
		record->value_peak = value;
	else if (above ? value > record->value_peak : value < record->value_peak)
		record->value_peak = value;
}

/* Rules with tags are about subjects of pools that offer all of these. */
static bool concerns(const struct bal_core *core, const struct bal_event_rule *conf,
	uint32_t subject, uint64_t id)
{
	uint64_t wanted = 0, missing = 0;
	uint32_t pool;

	for (uint32_t i = 0; i < BAL_TAG_WORDS; i++)
		wanted |= conf->tag_words[i];
	if (wanted == 0)
		return true;
	pool = pool_of(core, subject, id);
	if (pool == BAL_NONE || pool >= core->limits.pools_max)
		return false;
	for (uint32_t i = 0; i < BAL_TAG_WORDS; i++)
		missing |= conf->tag_words[i] & ~core->pools[pool].conf.offers.words[i];
	return missing == 0;
}

static void observe_rule(struct bal_core *core, uint32_t rule, uint64_t id, int64_t value)
{
	struct alert_book *book = core->alerts;
	const struct bal_event_rule *conf = &book->rules[rule];
	const struct rule_row *row = &rule_rows[rule];
	struct alert *alert = find(book, row->ladder, id);

	if (!conf->enabled || (alert == NULL && !rule_holds(conf, value)) ||
		!concerns(core, conf, rule_ladders[row->ladder].subject, id))
		return;
	if (alert == NULL)
		alert = take(book, row->ladder, id);
	if (alert != NULL)
		observe_rung(&alert->rungs[row->level - 1], conf, core->now_ns, value);
}

static void settle_rule(struct bal_core *core, uint32_t rule, uint64_t id, int64_t value)
{
	struct alert *alert = find(core->alerts, rule_rows[rule].ladder, id);

	if (alert == NULL)
		return;
	settle(core, alert, BAL_REASON_ALERT_CLEARED);
	if (alert->record.id != 0)
		note_value(&alert->record, rule, core->now_ns, value);
	if (is_quiet(alert))
		give(core->alerts, alert);
}

typedef void rule_step(struct bal_core *core, uint32_t rule, uint64_t id, int64_t value);

/* All rungs first, then what they come to: of one sample that moves several the alert tells one. */
void alert_observe(
	struct bal_core *core, enum bal_subject subject, uint64_t id, uint32_t input, int64_t value)
{
	static rule_step *const STEPS[] = {observe_rule, settle_rule};

	if (input >= RULE_INPUT_COUNT || !core->alerts->input_used[input])
		return;
	for (uint32_t step = 0; step < sizeof STEPS / sizeof STEPS[0]; step++)
		for (uint32_t i = 0; i < RULE_COUNT; i++)
			if (rule_rows[i].input == input &&
				rule_ladders[rule_rows[i].ladder].subject == subject)
				STEPS[step](core, i, id, value);
}

void alert_gone(struct bal_core *core, enum bal_subject subject, uint64_t id)
{
	struct alert_book *book = core->alerts;

	for (uint32_t i = 0; i < RULE_LADDER_COUNT && book->alerts.count > 0; i++) {
		struct alert *alert = rule_ladders[i].subject == subject ? find(book, i, id) : NULL;

		if (alert == NULL)
			continue;
		for (uint32_t j = 0; j < ALERT_RUNGS; j++)
			alert->rungs[j].on = false;
		settle(core, alert, BAL_REASON_ALERT_GONE);
		give(book, alert);
	}
}

void alert_expire(struct bal_core *core)
{
	struct alert_book *book = core->alerts;

	if (book->return_until_ns == 0 || core->now_ns < book->return_until_ns)
		return;
	for (uint32_t i = slab_next(&book->alerts, 0); i != SLAB_NONE;
		i = slab_next(&book->alerts, i + 1)) {
		const struct alert *alert = slab_at(&book->alerts, i);

		if (alert->record.subject != BAL_SUBJECT_AGENT ||
			agent_find(core, alert->record.subject_id) != NULL)
			continue;
		if (!outbox_has_room(core))
			return; /* the next round goes on */
		alert_gone(core, BAL_SUBJECT_AGENT, alert->record.subject_id);
	}
	book->return_until_ns = 0;
}

enum bal_status alert_rule(struct bal_core *core, const struct bal_event_rule *conf)
{
	struct alert_book *book = core->alerts;
	const struct rule_row *row;

	if (!rule_valid(conf))
		return BAL_INVALID;
	row = &rule_rows[conf->rule];
	book->rules[conf->rule] = *conf;
	for (uint32_t i = slab_next(&book->alerts, 0); i != SLAB_NONE;
		i = slab_next(&book->alerts, i + 1)) {
		struct alert *alert = slab_at(&book->alerts, i);
		struct alert_rung *rung = &alert->rungs[row->level - 1];

		if (alert->record.ladder != row->ladder)
			continue;
		rung->on = false;
		rung->over_since_ns = BAL_NEVER_NS;
		rung->under_since_ns = BAL_NEVER_NS;
		settle(core, alert, BAL_REASON_ALERT_RULE);
		if (is_quiet(alert))
			give(book, alert);
	}
	return BAL_OK;
}

/* ---- views ---- */

uint32_t alert_count(const struct alert_book *book)
{
	return book->alerts.count;
}

bool alert_at(const struct alert_book *book, uint32_t place, struct bal_alert *to)
{
	const struct alert *alert;

	if (!slab_holds(&book->alerts, place))
		return false;
	alert = slab_at(&book->alerts, place);
	*to = alert->record;
	return alert->record.id != 0;
}

bool alert_past(const struct alert_book *book, uint32_t back, struct bal_alert *to)
{
	if (back >= ALERT_PAST_MAX || back >= book->past_count)
		return false;
	*to = book->past[(book->past_count - 1 - back) % ALERT_PAST_MAX];
	return true;
}

bool alert_find(const struct alert_book *book, uint64_t id, struct bal_alert *to)
{
	if (id >> 62 != 1)
		return false;
	for (uint32_t i = slab_next(&book->alerts, 0); i != SLAB_NONE;
		i = slab_next(&book->alerts, i + 1))
		if (alert_at(book, i, to) && to->id == id)
			return true;
	for (uint32_t i = 0; alert_past(book, i, to); i++)
		if (to->id == id)
			return true;
	return false;
}

uint64_t alert_dropped(const struct alert_book *book)
{
	return book->dropped_count;
}

const struct bal_event_rule *alert_rule_conf(const struct alert_book *book, uint32_t rule)
{
	return rule < RULE_COUNT ? &book->rules[rule] : NULL;
}
