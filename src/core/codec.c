/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record is its version, its type, for an event the time, then the fields in the order of
 * table/records.h, each as a varint of a number that is small for common values: BAL_NONE and
 * BAL_NEVER_NS take one byte, and so does a zero. Varints have one form only, so equal records
 * have equal bytes and every accepted byte string is the encoding of what it decodes to.
 * A text is its size and its bytes. Decoding trusts nothing: a record that is not exactly one of
 * these is refused whole.
 */
#include "ballast.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "core/record.h"

#include <string.h>

/* Raised with every change of the rows in table/records.h. */
#define RECORD_VERSION 3

static void put_head(struct bytes_writer *writer, uint32_t type)
{
	bytes_put_u8(writer, RECORD_VERSION);
	bytes_put_u8(writer, (uint8_t)type);
}

/* The bytes written; 0 when they did not fit or there is a field that may not be written. */
static size_t put_fields(struct bytes_writer *writer, const struct record *record, const void *base)
{
	for (uint32_t i = 0; i < record->count; i++) {
		if (!record_put(writer, &record->fields[i], base))
			return 0;
	}
	return writer->overflow ? 0 : writer->used;
}

static size_t get_fields(struct bytes_reader *reader, const struct record *record, void *base)
{
	for (uint32_t i = 0; i < record->count; i++) {
		if (!record_read(reader, &record->fields[i], base))
			return 0;
	}
	return reader->failed || bytes_left(reader) > 0 ? 0 : reader->used;
}

static size_t decode_event(struct bal_event *event, struct bytes_reader *reader)
{
	uint8_t version = bytes_get_u8(reader);
	uint32_t type = bytes_get_u8(reader);
	const struct record *record = record_of_event(type);

	if (version != RECORD_VERSION || record == NULL)
		return 0;
	event->type = (enum bal_event_type)type;
	event->now_ns = (int64_t)record_unpack(RECORD_INSTANT_NS, bytes_get_varint(reader));
	return get_fields(reader, record, &event->more);
}

static size_t decode_effect(struct bal_effect *effect, struct bytes_reader *reader)
{
	uint8_t version = bytes_get_u8(reader);
	uint32_t type = bytes_get_u8(reader);
	const struct record *record = record_of_effect(type);

	if (version != RECORD_VERSION || record == NULL)
		return 0;
	effect->type = (enum bal_effect_type)type;
	return get_fields(reader, record, effect);
}

size_t bal_event_encode(const struct bal_event *event, void *to, size_t size)
{
	const struct record *record = record_of_event(event->type);
	struct bytes_writer writer;

	if (record == NULL || to == NULL)
		return 0;
	bytes_writer_init(&writer, to, size);
	put_head(&writer, event->type);
	bytes_put_varint(&writer, record_pack(RECORD_INSTANT_NS, (uint64_t)event->now_ns));
	return put_fields(&writer, record, record_payload(event));
}

size_t bal_event_decode(struct bal_event *event, const void *from, size_t size)
{
	struct bytes_reader reader;
	size_t used;

	/* Padding is cleared too, so that equal events are equal bytes. */
	memset(event, 0, sizeof(*event));
	bytes_reader_init(&reader, from, size);
	used = decode_event(event, &reader);
	if (used == 0)
		memset(event, 0, sizeof(*event));
	return used;
}

size_t bal_effect_encode(const struct bal_effect *effect, void *to, size_t size)
{
	const struct record *record = record_of_effect(effect->type);
	struct bytes_writer writer;

	if (record == NULL || to == NULL)
		return 0;
	bytes_writer_init(&writer, to, size);
	put_head(&writer, effect->type);
	return put_fields(&writer, record, effect);
}

size_t bal_effect_decode(struct bal_effect *effect, const void *from, size_t size)
{
	struct bytes_reader reader;
	size_t used;

	memset(effect, 0, sizeof(*effect));
	bytes_reader_init(&reader, from, size);
	used = decode_effect(effect, &reader);
	if (used == 0)
		memset(effect, 0, sizeof(*effect));
	return used;
}

/* The digest of one effect after what came before: field by field and not over its encoding,
 * because every step of a simulation pays for it. */
static uint64_t digest_effect(uint64_t before, const struct bal_effect *effect)
{
	struct digest digest;

	digest_init(&digest, before);
	digest_u64(&digest, effect->type);
#define FIELD(type, how, at, member, phrase) digest_u64(&digest, (uint64_t)effect->at member);
	RECORD_FIELDS_effect(FIELD, struct bal_effect, )
#undef FIELD
		return digest_value(&digest);
}

/* Each effect is chained to the one before, so the digest does not depend on how the host's room
 * cut the effects into batches. */
uint64_t bal_effects_digest(uint64_t digest, const struct bal_effects *effects)
{
	for (uint32_t i = 0; i < effects->count; i++)
		digest = digest_effect(digest, &effects->items[i]);
	return digest;
}
