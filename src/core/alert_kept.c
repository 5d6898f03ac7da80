/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts over a restart, as rules and alerts only: the store is the truth about all the rest. Kinds
 * and pools are found again by the hash of their name, agents by their id; what is about a kind or
 * pool that is no more is left out, what is about an agent that does not come back within
 * ALERT_RETURN_NS ends then.
 *
 * Ladders and rules are rows of a table: a snapshot of another table is refused, by the names of
 * its rules. Form: magic, version, hash of those names, rules, alerts, those that have cleared,
 * CRC32C of all before it. It is read twice, first without effect. */
#include "ballast.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "base/num.h"
#include "base/units.h"
#include "core/alert_state.h"
#include "core/form.h"
#include "core/state.h"
#include "core/watch.h"

#include <string.h>

#define KEPT_MAGIC   UINT32_C(0x5054524c)
#define KEPT_VERSION 1

static uint64_t hash_rules(void)
{
	char name[RULE_NAME_SIZE];
	uint64_t hash = RULE_COUNT;

	for (uint32_t i = 0; i < RULE_COUNT; i++) {
		rule_name(i, name);
		hash = checksum_hash64(hash, name, strlen(name));
	}
	return hash;
}

/* ---- names ---- */

/* What a subject is found by again; 0: it has no name and is not kept. */
static uint64_t hash_subject(const struct bal_core *core, uint32_t subject, uint64_t id)
{
	switch ((enum bal_subject)subject) {
	case BAL_SUBJECT_POOL:
		return id < core->limits.pools_max ? core->pools[id].name_hash : 0;
	case BAL_SUBJECT_KIND:
		return id < core->limits.kinds_max ? core->kinds[id].name_hash : 0;
	case BAL_SUBJECT_AGENT:
		return id;
	default:
		return id + 1;
	}
}

static uint32_t find_pool(const struct bal_core *core, uint64_t hash)
{
	for (uint32_t i = 0; hash != 0 && i < core->limits.pools_max; i++)
		if (core->pools[i].name_hash == hash)
			return i;
	return BAL_NONE;
}

static uint32_t find_kind(const struct bal_core *core, uint64_t hash)
{
	for (uint32_t i = 0; i < core->limits.kinds_max; i++)
		if (core->kinds[i].name_hash == hash)
			return i;
	return BAL_NONE;
}

/* Gives the record the numbers of this life; false when its subject is not there. */
static bool find_subject(const struct bal_core *core, uint64_t hash, struct bal_alert *record)
{
	switch ((enum bal_subject)record->subject) {
	case BAL_SUBJECT_POOL:
		record->subject_id = find_pool(core, hash);
		return record->subject_id != BAL_NONE && core->pools[record->subject_id].exists;
	case BAL_SUBJECT_KIND:
		record->subject_id = find_kind(core, hash);
		return record->subject_id != BAL_NONE;
	case BAL_SUBJECT_AGENT:
		record->subject_id = hash;
		return true;
	default:
		record->subject_id = hash - 1;
		return true;
	}
}

/* ---- out ---- */

static void put_record(
	const struct bal_core *core, const struct bal_alert *record, struct bytes_writer *writer)
{
	bytes_put_u64(writer, hash_subject(core, record->subject, record->subject_id));
	bytes_put_u64(writer, hash_subject(core, BAL_SUBJECT_POOL, record->pool));
	form_put(&FORM_ALERT, record, writer);
}

static bool has_name(const struct bal_core *core, const struct bal_alert *record)
{
	return hash_subject(core, record->subject, record->subject_id) != 0;
}

static void put_all(const struct bal_core *core, struct bytes_writer *writer)
{
	const struct alert_book *book = core->alerts;
	struct bal_alert record;

	bytes_put_u32(writer, KEPT_MAGIC);
	bytes_put_u32(writer, KEPT_VERSION);
	bytes_put_u64(writer, hash_rules());
	for (uint32_t i = 0; i < RULE_COUNT; i++)
		form_put(&FORM_RULE, &book->rules[i], writer);
	for (uint32_t i = slab_next(&book->alerts, 0); i != SLAB_NONE;
		i = slab_next(&book->alerts, i + 1)) {
		const struct alert *alert = slab_at(&book->alerts, i);

		if (!has_name(core, &alert->record))
			continue;
		bytes_put_u8(writer, 1);
		put_record(core, &alert->record, writer);
		for (uint32_t j = 0; j < ALERT_RUNGS; j++)
			alert_rung_put(&alert->rungs[j], writer);
	}
	bytes_put_u8(writer, 0);
	/* Oldest first, as they are taken. */
	for (uint32_t back = ALERT_PAST_MAX; back > 0; back--) {
		if (!alert_past(book, back - 1, &record) || !has_name(core, &record))
			continue;
		bytes_put_u8(writer, 1);
		put_record(core, &record, writer);
	}
	bytes_put_u8(writer, 0);
}

size_t bal_alerts_save(const struct bal_core *core, void *to, size_t size)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, NULL, 0);
	put_all(core, &writer);
	bytes_put_u32(&writer, 0);
	if (to == NULL || size < writer.used)
		return writer.used;
	bytes_writer_init(&writer, to, size);
	put_all(core, &writer);
	bytes_put_u32(&writer, checksum_crc32c(0, to, writer.used));
	return writer.used;
}

/* ---- in ---- */

/* Nothing of it lies in the future: the clock may have been set back. */
static void clamp(int64_t *at_ns, int64_t now_ns)
{
	if (*at_ns != BAL_NEVER_NS)
		*at_ns = num_min_i64(*at_ns, now_ns);
}

static void clamp_record(struct bal_alert *record, int64_t now_ns)
{
	clamp(&record->since_ns, now_ns);
	clamp(&record->opened_at_ns, now_ns);
	clamp(&record->changed_at_ns, now_ns);
	clamp(&record->cleared_at_ns, now_ns);
	clamp(&record->seen_at_ns, now_ns);
}

static void clamp_rung(struct alert_rung *rung, int64_t now_ns)
{
	clamp(&rung->over_since_ns, now_ns);
	clamp(&rung->under_since_ns, now_ns);
	clamp(&rung->seen_at_ns, now_ns);
}

static bool read_record(struct bytes_reader *reader, const struct bal_core *core,
	struct bal_alert *record, bool *found)
{
	uint64_t subject = bytes_get_u64(reader);
	uint64_t pool = bytes_get_u64(reader);

	if (!form_read(&FORM_ALERT, record, reader) || !alert_record_valid(record) || subject == 0)
		return false;
	*found = find_subject(core, subject, record);
	record->pool = find_pool(core, pool);
	clamp_record(record, core->now_ns);
	return !reader->failed;
}

/* Something holds it, and its level is that of its highest rung that is on. */
static bool is_sound(const struct alert *alert)
{
	uint32_t level = BAL_ALERT_NONE;
	bool held = false;

	for (uint32_t i = 0; i < ALERT_RUNGS; i++) {
		level = alert->rungs[i].on ? i + 1 : level;
		held |= alert->rungs[i].on || alert->rungs[i].over_since_ns != BAL_NEVER_NS;
	}
	return held && (alert->record.id != 0) == (level != BAL_ALERT_NONE) &&
	       (alert->record.id == 0 || alert->record.level == level);
}

static void take_alert(struct alert_book *book, const struct alert *read)
{
	uint64_t key = alert_key(read->record.ladder, read->record.subject_id);
	struct alert *alert =
		map_get(&book->by_key, key) == MAP_NONE ? slab_take(&book->alerts) : NULL;

	if (alert == NULL) {
		book->dropped_count++;
		return;
	}
	*alert = *read;
	bal_assert(map_put(&book->by_key, key, slab_index(&book->alerts, alert)));
}

static bool read_alert(struct bytes_reader *reader, struct bal_core *core, bool apply)
{
	struct alert alert;
	bool found;

	if (!read_record(reader, core, &alert.record, &found))
		return false;
	for (uint32_t i = 0; i < ALERT_RUNGS; i++) {
		if (!alert_rung_read(reader, &alert.rungs[i]))
			return false;
		clamp_rung(&alert.rungs[i], core->now_ns);
	}
	if (!is_sound(&alert))
		return false;
	if (apply && found)
		take_alert(core->alerts, &alert);
	return true;
}

static bool read_past(struct bytes_reader *reader, struct bal_core *core, bool apply)
{
	struct alert_book *book = core->alerts;
	struct bal_alert record;
	bool found;

	if (!read_record(reader, core, &record, &found) || record.level != BAL_ALERT_NONE)
		return false;
	if (apply && found)
		book->past[book->past_count++ % ALERT_PAST_MAX] = record;
	return true;
}

static bool read_rules(struct bytes_reader *reader, struct alert_book *book, bool apply)
{
	struct bal_event_rule rule;

	for (uint32_t i = 0; i < RULE_COUNT; i++) {
		if (!form_read(&FORM_RULE, &rule, reader) || rule.rule != i || !rule_valid(&rule))
			return false;
		if (apply)
			book->rules[i] = rule;
	}
	return !reader->failed;
}

static bool read_list(struct bytes_reader *reader, struct bal_core *core, bool apply,
	bool (*read)(struct bytes_reader *reader, struct bal_core *core, bool apply))
{
	uint8_t more = bytes_get_u8(reader);

	while (more == 1 && !reader->failed) {
		if (!read(reader, core, apply))
			return false;
		more = bytes_get_u8(reader);
	}
	return more == 0 && !reader->failed;
}

static bool read_all(struct bal_core *core, const void *from, size_t size, bool apply)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, from, size);
	return bytes_get_u32(&reader) == KEPT_MAGIC && bytes_get_u32(&reader) == KEPT_VERSION &&
	       bytes_get_u64(&reader) == hash_rules() && read_rules(&reader, core->alerts, apply) &&
	       read_list(&reader, core, apply, read_alert) &&
	       read_list(&reader, core, apply, read_past) && bytes_left(&reader) == 0;
}

bool bal_alerts_load(struct bal_core *core, const void *from, size_t size)
{
	struct alert_book *book = core->alerts;
	struct bytes_reader tail;

	if (size < sizeof(uint32_t) || book->alerts.count > 0 || book->past_count > 0)
		return false;
	size -= sizeof(uint32_t);
	bytes_reader_init(&tail, (const uint8_t *)from + size, sizeof(uint32_t));
	if (bytes_get_u32(&tail) != checksum_crc32c(0, from, size) ||
		!read_all(core, from, size, false))
		return false;
	bal_assert(read_all(core, from, size, true));
	book->return_until_ns = time_add_ns(core->now_ns, ALERT_RETURN_NS);
	if (book->alerts.count > 0)
		watch_wake(core);
	return true;
}
