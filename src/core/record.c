/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows become arrays of {offset, kind}, checked against the size of the member they name; a
 * loop over such an array stands in for a function per event type for each of encoding, decoding
 * and printing. Members are read and written by memcpy of their size: an enumeration and a uint32_t
 * are the same four bytes here.
 */
#include "core/record.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/num.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* Zig-zag makes INT64_MAX the last but one number; this turns the circle so that it is 0, and
 * INT64_MIN, which nobody uses, 1. */
#define ZIGZAG_TURN 2

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
#define X(name, prose) PROSE_EFFECT_##name,
	RECORD_EFFECT_MAP(X)
#undef X
		PROSE_EFFECT_COUNT
};
static_assert((int)PROSE_EFFECT_COUNT == (int)BAL_EFFECT_COUNT, "every effect has its prose");

static const struct record_field fields_effect[] = {
	RECORD_FIELDS_effect(RECORD_FIELD, struct bal_effect, )};

#define X(payload) RECORD_FIELDS_##payload(RECORD_CHECK, struct bal_event_##payload, )
RECORD_PAYLOAD_MAP(X)
#undef X
RECORD_FIELDS_effect(RECORD_CHECK, struct bal_effect, )

/* Rows that are whole declarations end without a semicolon, which clang-format cannot know. */
/* clang-format off */
#define X(payload)                                                                                 \
	static const struct record_field fields_##payload[] = {                                    \
		RECORD_FIELDS_##payload(RECORD_FIELD, struct bal_event_##payload, )};
RECORD_PAYLOAD_MAP(X)
#undef X

/* Prose and payload of an event stand in two tables, tied here by its name. */
#define X(name, prose) static const char prose_##name[] = prose;
RECORD_EVENT_MAP(X)
#undef X

static const struct record events[] = {
#define X(name, payload)                                                                           \
	[BAL_EVENT_##name] = {prose_##name, fields_##payload, COUNT_OF(fields_##payload)},
	BAL_EVENT_MAP(X)
#undef X
};
/* clang-format on */

static const struct record effects[] = {
#define X(name, prose) [BAL_EFFECT_##name] = {prose, fields_effect, COUNT_OF(fields_effect)},
	RECORD_EFFECT_MAP(X)
#undef X
};

static const uint64_t maxima[] = {
#define X(how, size, max) [RECORD_##how] = max,
	RECORD_HOW_MAP(X)
#undef X
};

static const uint8_t sizes[] = {
#define X(how, size, max) [RECORD_##how] = size,
	RECORD_HOW_MAP(X)
#undef X
};

static const char *find_place(const struct record_field *field, const void *base, uint32_t i)
{
	bal_assert(i < field->count);
	return (const char *)base + field->offset + (size_t)i * sizes[field->how];
}

const struct record *record_of_event(uint32_t type)
{
	return type < BAL_EVENT_COUNT ? &events[type] : NULL;
}

const struct record *record_of_effect(uint32_t type)
{
	return type < BAL_EFFECT_COUNT ? &effects[type] : NULL;
}

const void *record_payload(const struct bal_event *event)
{
	return &event->more;
}

const struct record_field *record_find(
	const struct record *record, const char *name, size_t name_size)
{
	for (uint32_t i = 0; i < record->count; i++) {
		const struct record_field *field = &record->fields[i];

		if (strlen(field->name) == name_size && memcmp(field->name, name, name_size) == 0)
			return field;
	}
	return NULL;
}

uint64_t record_get(const struct record_field *field, const void *base, uint32_t i)
{
	const char *place = find_place(field, base, i);
	uint64_t wide;
	uint32_t narrow;

	switch (sizes[field->how]) {
	case sizeof(wide):
		memcpy(&wide, place, sizeof(wide));
		return wide;
	case sizeof(narrow):
		memcpy(&narrow, place, sizeof(narrow));
		return narrow;
	default:
		return *(const uint8_t *)place;
	}
}

void record_set(const struct record_field *field, void *base, uint32_t i, uint64_t value)
{
	char *place = (char *)base + (find_place(field, base, i) - (const char *)base);
	uint32_t narrow = (uint32_t)value;

	switch (sizes[field->how]) {
	case sizeof(value):
		memcpy(place, &value, sizeof(value));
		break;
	case sizeof(narrow):
		memcpy(place, &narrow, sizeof(narrow));
		break;
	default:
		*(uint8_t *)place = (uint8_t)value;
	}
}

struct bal_text record_get_text(const struct record_field *field, const void *base)
{
	struct bal_text text;

	memcpy(&text, find_place(field, base, 0), sizeof(text));
	return text;
}

void record_set_text(const struct record_field *field, void *base, struct bal_text text)
{
	memcpy((char *)base + field->offset, &text, sizeof(text));
}

uint64_t record_max(enum record_how how)
{
	return maxima[how];
}

bool record_is_text(enum record_how how)
{
	return how == RECORD_TEXT || how == RECORD_BYTES;
}

bool record_is_signed(enum record_how how)
{
	return how == RECORD_VALUE || how == RECORD_DURATION_NS || how == RECORD_INSTANT_NS ||
	       how == RECORD_PAST_NS || how == RECORD_SINCE_NS;
}

uint64_t record_pack(enum record_how how, uint64_t value)
{
	if (how == RECORD_INDEX)
		return (uint32_t)(value + 1);
	if (record_is_signed(how))
		return ((value << 1) ^ (0 - (value >> 63))) + ZIGZAG_TURN;
	return value;
}

uint64_t record_unpack(enum record_how how, uint64_t packed)
{
	if (how == RECORD_INDEX)
		return (uint32_t)(packed - 1);
	if (record_is_signed(how)) {
		packed -= ZIGZAG_TURN;
		return (packed >> 1) ^ (0 - (packed & 1));
	}
	return packed;
}

static bool put_text(
	struct bytes_writer *writer, const struct record_field *field, const void *base)
{
	struct bal_text text = record_get_text(field, base);

	if (text.size > record_max(field->how))
		return false;
	bytes_put_blob(writer, text.data, text.size);
	return true;
}

static bool get_text(struct bytes_reader *reader, const struct record_field *field, void *base)
{
	size_t size;
	const uint8_t *data = bytes_get_blob(reader, &size);

	if (size > record_max(field->how))
		return false;
	record_set_text(
		field, base, (struct bal_text){.data = (const char *)data, .size = (uint32_t)size});
	return true;
}

bool record_put(struct bytes_writer *writer, const struct record_field *field, const void *base)
{
	if (field->how == RECORD_UNUSED)
		return true;
	if (record_is_text(field->how))
		return put_text(writer, field, base);
	for (uint32_t i = 0; i < field->count; i++) {
		uint64_t packed = record_pack(field->how, record_get(field, base, i));

		if (packed > record_max(field->how))
			return false;
		if (field->how == RECORD_DOUBLE)
			bytes_put_u64(writer, packed);
		else
			bytes_put_varint(writer, packed);
	}
	return true;
}

/* What no maximum says. */
static bool value_valid(enum record_how how, uint64_t value)
{
	int64_t instant_ns = (int64_t)value;
	double number;

	switch (how) {
	case RECORD_DOUBLE:
		memcpy(&number, &value, sizeof(number));
		return num_is_finite(number);
	case RECORD_SINCE_NS:
		if (instant_ns == BAL_NEVER_NS)
			return true;
		/* fall through */
	case RECORD_PAST_NS:
		return instant_ns >= RECORD_PAST_MIN_NS && instant_ns <= RECORD_PAST_MAX_NS;
	default:
		return true;
	}
}

bool record_read(struct bytes_reader *reader, const struct record_field *field, void *base)
{
	if (field->how == RECORD_UNUSED)
		return true;
	if (record_is_text(field->how))
		return get_text(reader, field, base);
	for (uint32_t i = 0; i < field->count; i++) {
		bool fixed = field->how == RECORD_DOUBLE;
		uint64_t packed = fixed ? bytes_get_u64(reader) : bytes_get_varint(reader);
		uint64_t value = record_unpack(field->how, packed);

		if (packed > record_max(field->how) || !value_valid(field->how, value))
			return false;
		record_set(field, base, i, value);
	}
	return true;
}
