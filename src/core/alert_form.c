/* SPDX-License-Identifier: Apache-2.0 */
/* Open and pending alerts at their places, then the rules, then what has cleared, oldest first. The
 * bytes are input when they are read: what an index or a comparison would rely on is checked. */
#include "core/alert.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "core/alert_state.h"
#include "core/form.h"
#include "core/record.h"

void alert_rung_put(const struct alert_rung *rung, struct bytes_writer *writer)
{
	bytes_put_u8(writer, rung->on);
	bytes_put_i64(writer, rung->over_since_ns);
	bytes_put_i64(writer, rung->under_since_ns);
	bytes_put_i64(writer, rung->seen_at_ns);
	bytes_put_i64(writer, rung->value);
}

static bool is_instant(int64_t at_ns)
{
	return at_ns == BAL_NEVER_NS ||
	       (at_ns >= RECORD_PAST_MIN_NS && at_ns <= RECORD_PAST_MAX_NS);
}

bool alert_rung_read(struct bytes_reader *reader, struct alert_rung *rung)
{
	uint8_t on = bytes_get_u8(reader);

	rung->on = on != 0;
	rung->over_since_ns = bytes_get_i64(reader);
	rung->under_since_ns = bytes_get_i64(reader);
	rung->seen_at_ns = bytes_get_i64(reader);
	rung->value = bytes_get_i64(reader);
	return on <= 1 && is_instant(rung->over_since_ns) && is_instant(rung->under_since_ns) &&
	       is_instant(rung->seen_at_ns);
}

static void put_alerts(const struct alert_book *book, struct bytes_writer *writer,
	alert_flush *flush, void *context)
{
	for (uint32_t i = slab_next(&book->alerts, 0); i != SLAB_NONE;
		i = slab_next(&book->alerts, i + 1)) {
		const struct alert *alert = slab_at(&book->alerts, i);

		bytes_put_varint(writer, (uint64_t)i + 1);
		form_put(&FORM_ALERT, &alert->record, writer);
		for (uint32_t j = 0; j < ALERT_RUNGS; j++)
			alert_rung_put(&alert->rungs[j], writer);
		if (flush != NULL)
			flush(context);
	}
	bytes_put_varint(writer, 0);
}

void alert_put(const struct alert_book *book, struct bytes_writer *writer, alert_flush *flush,
	void *context)
{
	uint64_t kept = book->past_count < ALERT_PAST_MAX ? book->past_count : ALERT_PAST_MAX;

	bytes_put_u32(writer, book->sequence);
	bytes_put_u64(writer, book->past_count);
	bytes_put_u64(writer, book->dropped_count);
	bytes_put_i64(writer, book->return_until_ns);
	put_alerts(book, writer, flush, context);
	for (uint32_t i = 0; i < RULE_COUNT; i++) {
		form_put(&FORM_RULE, &book->rules[i], writer);
		if (flush != NULL)
			flush(context);
	}
	for (uint64_t i = book->past_count - kept; i < book->past_count; i++) {
		form_put(&FORM_ALERT, &book->past[i % ALERT_PAST_MAX], writer);
		if (flush != NULL)
			flush(context);
	}
}

bool alert_record_valid(const struct bal_alert *record)
{
	return record->ladder < RULE_LADDER_COUNT && record->rule < RULE_COUNT &&
	       record->level < BAL_ALERT_LEVEL_COUNT &&
	       record->level_peak < BAL_ALERT_LEVEL_COUNT &&
	       record->subject == rule_ladders[record->ladder].subject;
}

static bool read_alert(struct alert_book *book, struct bytes_reader *reader, uint64_t place)
{
	struct alert *alert = place >= book->alerts.count_max
				      ? NULL
				      : slab_take_at(&book->alerts, (uint32_t)place);

	if (alert == NULL || !form_read(&FORM_ALERT, &alert->record, reader) ||
		!alert_record_valid(&alert->record))
		return false;
	for (uint32_t i = 0; i < ALERT_RUNGS; i++)
		if (!alert_rung_read(reader, &alert->rungs[i]))
			return false;
	return map_get(&book->by_key, alert_key(alert->record.ladder, alert->record.subject_id)) ==
		       MAP_NONE &&
	       map_put(&book->by_key, alert_key(alert->record.ladder, alert->record.subject_id),
		       (uint32_t)place);
}

static bool read_alerts(struct alert_book *book, struct bytes_reader *reader)
{
	uint64_t number;

	while ((number = bytes_get_varint(reader)) != 0)
		if (reader->failed || !read_alert(book, reader, number - 1))
			return false;
	return !reader->failed;
}

bool alert_read(struct alert_book *book, struct bytes_reader *reader)
{
	uint64_t kept;

	book->sequence = bytes_get_u32(reader);
	book->past_count = bytes_get_u64(reader);
	book->dropped_count = bytes_get_u64(reader);
	book->return_until_ns = bytes_get_i64(reader);
	if (!is_instant(book->return_until_ns) || !read_alerts(book, reader))
		return false;
	for (uint32_t i = 0; i < RULE_COUNT; i++)
		if (!form_read(&FORM_RULE, &book->rules[i], reader) || book->rules[i].rule != i ||
			!rule_valid(&book->rules[i]))
			return false;
	kept = book->past_count < ALERT_PAST_MAX ? book->past_count : ALERT_PAST_MAX;
	for (uint64_t i = book->past_count - kept; i < book->past_count; i++)
		if (!form_read(&FORM_ALERT, &book->past[i % ALERT_PAST_MAX], reader) ||
			!alert_record_valid(&book->past[i % ALERT_PAST_MAX]))
			return false;
	return !reader->failed;
}

/* The alert's level is that of its highest rung that is on, and something holds it. */
static bool alert_sound(const struct alert_book *book, uint32_t place, int64_t now_ns)
{
	const struct alert *alert = slab_at(&book->alerts, place);
	uint64_t key = alert_key(alert->record.ladder, alert->record.subject_id);
	uint32_t level = BAL_ALERT_NONE;
	bool held = false;

	for (uint32_t i = 0; i < ALERT_RUNGS; i++) {
		const struct alert_rung *rung = &alert->rungs[i];

		level = rung->on ? i + 1 : level;
		held |= rung->on || rung->over_since_ns != BAL_NEVER_NS;
		if (rung->over_since_ns != BAL_NEVER_NS && rung->over_since_ns > now_ns)
			return false;
	}
	return held && map_get(&book->by_key, key) == place &&
	       (alert->record.id != 0) == (level != BAL_ALERT_NONE) &&
	       (alert->record.id == 0 || alert->record.level == level);
}

const char *alert_check(const struct alert_book *book, int64_t now_ns)
{
	uint32_t count = 0;

	for (uint32_t i = slab_next(&book->alerts, 0); i != SLAB_NONE;
		i = slab_next(&book->alerts, i + 1)) {
		if (!alert_sound(book, i, now_ns))
			return "an alert is at the level of its highest rung";
		count++;
	}
	if (count != book->alerts.count || count != book->by_key.count)
		return "every alert is found by its subject";
	return NULL;
}
