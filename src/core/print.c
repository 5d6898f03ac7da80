/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as prose. A line is the record's prose with the values in their places, then a phrase
 * for each field that the prose did not name and that is not its default: short lines, and nothing
 * that happened is left out. Times and counts are exact, so that two different records read
 * differently; only long sets of tags and long names are cut, which BAL_LINE_SIZE needs.
 */
#include "ballast.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/units.h"
#include "core/record.h"

#include <string.h>

#define TAGS_SHOWN_MAX  8  /* tags of one set, the rest is counted */
#define TEXT_SHOWN_MAX  64 /* bytes of a name */
#define DIGITS_MAX      20 /* of 64 bits */
#define FRACTION_DIGITS 9  /* ns in a second */
#define LINE_DIGITS_MIN 3  /* of a line's time, before and after the point */

/* Text that grows in the caller's room; what does not fit is cut off. */
struct line {
	char *data;
	size_t size; /* including the terminator */
	size_t used;
};

static void put_char(struct line *line, char c)
{
	if (line->used + 1 < line->size)
		line->data[line->used++] = c;
}

static void put_bytes(struct line *line, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		put_char(line, data[i]);
}

static void put_word(struct line *line, const char *word)
{
	put_bytes(line, word, strlen(word));
}

/* The digits of value, at least `width`, padded in front. */
static void put_padded(struct line *line, uint64_t value, uint32_t width, char padding)
{
	char digits[DIGITS_MAX];
	uint32_t count = 0;

	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	for (uint32_t i = count; i < width; i++)
		put_char(line, padding);
	while (count > 0)
		put_char(line, digits[--count]);
}

static void put_u64(struct line *line, uint64_t value)
{
	put_padded(line, value, 1, '0');
}

/* A minus where one is due; returns the rest, which for INT64_MIN is no int64_t. */
static uint64_t put_sign(struct line *line, int64_t value)
{
	if (value >= 0)
		return (uint64_t)value;
	put_char(line, '-');
	return 0 - (uint64_t)value;
}

/* The point and the digits of part / 10^digits behind it, without zeros at the end beyond `least`
 * digits; nothing when no digit is left. */
static void put_fraction(struct line *line, uint64_t part, uint32_t digits, uint32_t least)
{
	while (digits > least && part % 10 == 0) {
		part /= 10;
		digits--;
	}
	if (digits == 0)
		return;
	put_char(line, '.');
	put_padded(line, part, digits, '0');
}

static void put_instant(struct line *line, int64_t at_ns)
{
	uint64_t ns;

	if (at_ns == BAL_NEVER_NS) {
		put_word(line, "never");
		return;
	}
	ns = put_sign(line, at_ns);
	put_u64(line, ns / (uint64_t)NS_PER_S);
	put_fraction(line, ns % (uint64_t)NS_PER_S, FRACTION_DIGITS, 0);
	put_word(line, " s");
}

/* In the largest of these units that is not larger than the duration; the last two only where the
 * duration is whole in them, since 1.5 min is not how anybody says 90 s. */
static void put_duration(struct line *line, int64_t duration_ns)
{
	uint64_t ns;

	if (duration_ns == 0 || duration_ns == BAL_NEVER_NS) {
		put_word(line, duration_ns == 0 ? "0 s" : "never");
		return;
	}
	ns = put_sign(line, duration_ns);
	if (ns % (uint64_t)NS_PER_HOUR == 0) {
		put_u64(line, ns / (uint64_t)NS_PER_HOUR);
		put_word(line, " h");
	} else if (ns % (uint64_t)NS_PER_MIN == 0) {
		put_u64(line, ns / (uint64_t)NS_PER_MIN);
		put_word(line, " min");
	} else if (ns >= (uint64_t)NS_PER_S) {
		put_u64(line, ns / (uint64_t)NS_PER_S);
		put_fraction(line, ns % (uint64_t)NS_PER_S, FRACTION_DIGITS, 0);
		put_word(line, " s");
	} else if (ns >= (uint64_t)NS_PER_MS) {
		put_u64(line, ns / (uint64_t)NS_PER_MS);
		put_fraction(line, ns % (uint64_t)NS_PER_MS, 6, 0);
		put_word(line, " ms");
	} else {
		put_u64(line, ns / (uint64_t)NS_PER_US);
		put_fraction(line, ns % (uint64_t)NS_PER_US, 3, 0);
		put_word(line, " us");
	}
}

/* A name from outside, quoted; what is not printable ASCII could steer a terminal and is written
 * as \xHH. */
static void put_text(struct line *line, struct bal_text text)
{
	static const char hex[] = "0123456789abcdef";
	uint32_t shown = text.size < TEXT_SHOWN_MAX ? text.size : TEXT_SHOWN_MAX;

	put_char(line, '"');
	for (uint32_t i = 0; i < shown; i++) {
		uint8_t c = (uint8_t)text.data[i];

		if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
			put_char(line, (char)c);
			continue;
		}
		put_word(line, "\\x");
		put_char(line, hex[c >> 4]);
		put_char(line, hex[c & 15]);
	}
	put_word(line, shown < text.size ? "...\"" : "\"");
}

/* Bytes that mean nothing to people: how many, and a hash that tells them from others. */
static void put_blob(struct line *line, struct bal_text blob)
{
	put_u64(line, blob.size);
	put_word(line, " bytes ");
	put_u64(line, checksum_crc32c(0, blob.data, blob.size));
}

static void put_space_before(struct line *line, bool *first)
{
	if (!*first)
		put_char(line, ' ');
	*first = false;
}

static void put_tags(struct line *line, const struct record_field *field, const void *base)
{
	bool first = true;
	uint32_t shown = 0;
	uint32_t hidden = 0;

	for (uint32_t tag = 0; tag < field->count * 64; tag++) {
		if ((record_get(field, base, tag / 64) >> (tag % 64) & 1) == 0)
			continue;
		if (shown == TAGS_SHOWN_MAX) {
			hidden++;
			continue;
		}
		put_space_before(line, &first);
		put_u64(line, tag);
		shown++;
	}
	if (hidden > 0) {
		put_word(line, " and ");
		put_u64(line, hidden);
		put_word(line, " more");
	}
}

/* A word for each bit that `word` knows (the first `known`), then the rest as a number. */
static void put_bits(
	struct line *line, uint64_t bits, uint32_t known, const char *(*word)(uint32_t bit))
{
	bool first = true;

	for (uint32_t bit = 0; bit < known; bit++) {
		if ((bits >> bit & 1) == 0)
			continue;
		put_space_before(line, &first);
		put_word(line, word(bit));
	}
	if (bits >> known > 0) {
		put_space_before(line, &first);
		put_word(line, "bits ");
		put_u64(line, bits >> known << known);
	}
}

static const char *name_task_flag(uint32_t bit)
{
	return 1u << bit == BAL_TASK_DURABLE ? "durable" : "parent-waits";
}

static const char *name_outcome(uint32_t bit)
{
	return bal_outcome_name((enum bal_outcome)bit);
}

static const char *name_space(uint64_t space)
{
	static const char *const names[BAL_SYMBOL_SPACE_COUNT] = {
		[BAL_SYMBOL_KIND] = "kind",
		[BAL_SYMBOL_TENANT] = "tenant",
		[BAL_SYMBOL_TAG] = "tag",
		[BAL_SYMBOL_POOL] = "pool",
		[BAL_SYMBOL_LIMIT] = "limit",
		[BAL_SYMBOL_AGENT] = "agent",
		[BAL_SYMBOL_PEAK] = "peak",
	};

	return space < BAL_SYMBOL_SPACE_COUNT ? names[space] : "?";
}

static const char *name_knob(uint64_t knob)
{
	static const char *const names[BAL_KNOB_COUNT] = {
#define X(name, standard, lowest, highest, unit, help) [BAL_KNOB_##name] = #name,
		BAL_KNOB_MAP(X)
#undef X
	};

	return knob < BAL_KNOB_COUNT ? names[knob] : "?";
}

/* The word of an enumeration's value; NULL when the field is none. */
static const char *name_value(enum record_how how, uint64_t value)
{
	switch (how) {
	case RECORD_PRIORITY:
		return bal_priority_name((enum bal_priority)value);
	case RECORD_TASK_STATE:
		return bal_task_state_name((enum bal_task_state)value);
	case RECORD_AGENT_STATE:
		return bal_agent_state_name((enum bal_agent_state)value);
	case RECORD_OUTCOME:
		return bal_outcome_name((enum bal_outcome)value);
	case RECORD_REASON:
		return bal_reason_name((enum bal_reason)value);
	case RECORD_POOL_KIND:
		return bal_pool_kind_name((enum bal_pool_kind)value);
	case RECORD_STRATEGY:
		return bal_strategy_name((enum bal_strategy)value);
	case RECORD_MARKET:
		return bal_market_name((enum bal_market)value);
	case RECORD_VERTICAL:
		return bal_vertical_name((enum bal_vertical)value);
	case RECORD_SUBJECT:
		return bal_subject_name((enum bal_subject)value);
	case RECORD_SIGNAL:
		return bal_signal_name((enum bal_signal)value);
	case RECORD_STATUS:
		return bal_status_text((enum bal_status)value);
	case RECORD_SPACE:
		return name_space(value);
	case RECORD_KNOB:
		return name_knob(value);
	case RECORD_TIMING:
		return bal_timing_name((enum bal_timing)value);
	case RECORD_CONDITION:
		return bal_condition_name((enum bal_condition)value);
	case RECORD_FLAG:
		return value != 0 ? "yes" : "no";
	default:
		return NULL;
	}
}

static void put_number(struct line *line, enum record_how how, uint64_t value)
{
	const char *word = name_value(how, value);

	if (word != NULL)
		put_word(line, word);
	else if (how == RECORD_INDEX && value == BAL_NONE)
		put_word(line, "none");
	else if (how == RECORD_INSTANT_NS)
		put_instant(line, (int64_t)value);
	else if (how == RECORD_DURATION_NS)
		put_duration(line, (int64_t)value);
	else if (how == RECORD_VALUE)
		put_u64(line, put_sign(line, (int64_t)value));
	else if (how == RECORD_TASK_FLAGS)
		put_bits(line, value, 2, name_task_flag);
	else if (how == RECORD_OUTCOMES)
		put_bits(line, value, BAL_OUTCOME_COUNT, name_outcome);
	else
		put_u64(line, value);
}

/* True for an element that says nothing. */
static bool is_default(enum record_how how, uint64_t value)
{
	switch (how) {
	case RECORD_INDEX:
		return value == BAL_NONE;
	case RECORD_DURATION_NS:
	case RECORD_INSTANT_NS:
		return value == 0 || value == (uint64_t)BAL_NEVER_NS;
	case RECORD_STRATEGY:
	case RECORD_PRIORITY:
		return false; /* their 0 is a choice like any other */
	default:
		return value == 0;
	}
}

static bool is_silent(const struct record_field *field, const void *base)
{
	if (record_is_text(field->how))
		return record_get_text(field, base).size == 0;
	for (uint32_t i = 0; i < field->count; i++) {
		if (!is_default(field->how, record_get(field, base, i)))
			return false;
	}
	return true;
}

static void put_value(struct line *line, const struct record_field *field, const void *base)
{
	bool first = true;

	if (field->how == RECORD_TEXT) {
		put_text(line, record_get_text(field, base));
		return;
	}
	if (field->how == RECORD_BYTES) {
		put_blob(line, record_get_text(field, base));
		return;
	}
	if (field->how == RECORD_TAGS) {
		put_tags(line, field, base);
		return;
	}
	for (uint32_t i = 0; i < field->count; i++) {
		uint64_t value = record_get(field, base, i);

		if (field->count > 1 && is_default(field->how, value))
			continue;
		put_space_before(line, &first);
		put_number(line, field->how, value);
	}
}

/* The prose with its values; returns a bit for each field that it named. */
static uint64_t put_prose(struct line *line, const struct record *record, const void *base)
{
	uint64_t named = 0;

	for (const char *at = record->prose; *at != '\0'; at++) {
		const struct record_field *field;
		const char *end;

		if (*at != '{') {
			put_char(line, *at);
			continue;
		}
		end = strchr(at, '}');
		bal_assert(end != NULL);
		field = record_find(record, at + 1, (size_t)(end - at - 1));
		bal_assert(field != NULL);
		put_value(line, field, base);
		named |= UINT64_C(1) << (field - record->fields);
		at = end;
	}
	return named;
}

/* A reason stands in brackets and needs no comma; after prose without a colon the first phrase
 * gets one. */
static void put_phrase(
	struct line *line, const struct record_field *field, const void *base, const char **comma)
{
	const char *mark = strchr(field->phrase, '#');

	if (field->phrase[0] == '(') {
		put_char(line, ' ');
	} else {
		put_word(line, *comma);
		*comma = ", ";
	}
	if (mark == NULL) {
		put_word(line, field->phrase);
		return;
	}
	put_bytes(line, field->phrase, (size_t)(mark - field->phrase));
	put_value(line, field, base);
	put_word(line, mark + 1);
}

static void put_record(
	struct line *line, const struct record *record, const void *base, const char *comma)
{
	uint64_t named = put_prose(line, record, base);

	bal_assert(record->count <= 64);
	if (strchr(record->prose, ':') != NULL)
		comma = ", ";
	for (uint32_t i = 0; i < record->count; i++) {
		const struct record_field *field = &record->fields[i];

		if ((named >> i & 1) != 0 || field->phrase[0] == '\0' || is_silent(field, base))
			continue;
		put_phrase(line, field, base, &comma);
	}
}

/* [  1.250 s]: at least three digits on both sides, so that short traces stand in columns. */
static void put_stamp(struct line *line, int64_t now_ns)
{
	uint64_t ns;

	put_char(line, '[');
	ns = put_sign(line, now_ns);
	put_padded(line, ns / (uint64_t)NS_PER_S, LINE_DIGITS_MIN, ' ');
	put_fraction(line, ns % (uint64_t)NS_PER_S, FRACTION_DIGITS, LINE_DIGITS_MIN);
	put_word(line, " s] ");
}

/* Terminates the line; returns its length. */
static size_t end_line(struct line *line)
{
	if (line->size > 0)
		line->data[line->used] = '\0';
	return line->used;
}

size_t bal_event_print(const struct bal_event *event, char *to, size_t size)
{
	struct line line = {.data = to, .size = size};
	const struct record *record = record_of_event(event->type);

	put_stamp(&line, event->now_ns);
	if (record == NULL)
		put_word(&line, "?");
	else
		put_record(&line, record, record_payload(event), ": ");
	return end_line(&line);
}

size_t bal_effect_print(const struct bal_effect *effect, char *to, size_t size)
{
	struct line line = {.data = to, .size = size};
	const struct record *record = record_of_effect(effect->type);

	if (record == NULL)
		put_word(&line, "?");
	else
		put_record(&line, record, effect, ", ");
	return end_line(&line);
}
