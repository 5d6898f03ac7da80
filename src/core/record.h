/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_RECORD_H
#define BAL_CORE_RECORD_H

#include "ballast.h"
#include "table/records.h"

struct bytes_reader;
struct bytes_writer;

/*
 * Events and effects described as data, so that one loop each encodes, decodes and prints them
 * all. The descriptions are made of the rows in table/records.h.
 */

enum record_how {
#define X(how, size, max) RECORD_##how,
	RECORD_HOW_MAP(X)
#undef X
		RECORD_HOW_COUNT
};

/* Bytes of one element in memory. */
enum {
#define X(how, size, max) RECORD_SIZE_##how = size,
	RECORD_HOW_MAP(X)
#undef X
};

/* All elements of a member, also of one that is no array. */
#define RECORD_MEMBER_SIZE(type, path) sizeof(((const type *)NULL)->path)

/* For rows of the tables: the description of a member, and a check that its size is that of its
 * kind. */
#define RECORD_FIELD(type, how, at, member, phrase)                                                \
	{#member, phrase, offsetof(type, at member),                                               \
		RECORD_MEMBER_SIZE(type, at member) / RECORD_SIZE_##how, RECORD_##how},
#define RECORD_CHECK(type, how, at, member, phrase)                                                \
	_Static_assert(RECORD_MEMBER_SIZE(type, at member) % RECORD_SIZE_##how == 0,               \
		"size of " #type " " #member " is not that of its kind");

/* Instants between which spans are worked out: no difference of two overflows. */
#define RECORD_PAST_MIN_NS (INT64_MIN / 2)
#define RECORD_PAST_MAX_NS (INT64_MAX / 4) /* 73 years */

/* One member of a structure, or all elements of an array of numbers. */
struct record_field {
	const char *name;
	const char *phrase; /* see table/records.h */
	uint16_t offset;    /* in bytes, within the structure */
	uint16_t count;     /* elements */
	enum record_how how;
};

struct record {
	const char *prose; /* see table/records.h */
	const struct record_field *fields;
	uint32_t count;
};

/* The description of an event's payload, which starts at record_payload(event), or of an effect
 * (its type excepted, which the description stands for). NULL: there is no such type. */
const struct record *record_of_event(uint32_t type);
const struct record *record_of_effect(uint32_t type);
const void *record_payload(const struct bal_event *event);

/* The field of that name (name_size bytes, not terminated); NULL when there is none. */
const struct record_field *record_find(
	const struct record *record, const char *name, size_t name_size);

/* Element i (< count) of a field, not a TEXT, in the structure at base: its bits as an unsigned
 * number, a signed one sign-extended. */
uint64_t record_get(const struct record_field *field, const void *base, uint32_t i);

/* The inverse; bits beyond the member's size are dropped. A FLAG must be 0 or 1. */
void record_set(const struct record_field *field, void *base, uint32_t i, uint64_t value);

/* The text of a TEXT field, and its inverse. */
struct bal_text record_get_text(const struct record_field *field, const void *base);
void record_set_text(const struct record_field *field, void *base, struct bal_text text);

/* An element's value as the number that stands in a journal for it, and back: small numbers for
 * what is frequent. */
uint64_t record_pack(enum record_how how, uint64_t value);
uint64_t record_unpack(enum record_how how, uint64_t packed);

/* Writes a field in the form of journals and saved states. False, with a part written, when it
 * holds what record_read would refuse. */
bool record_put(struct bytes_writer *writer, const struct record_field *field, const void *base);

/* Reads it into the structure at base. False when the bytes are no such field; what is missing is
 * noticed by the reader, which then gives zeros. */
bool record_read(struct bytes_reader *reader, const struct record_field *field, void *base);

/* The largest packed number that may stand in a journal for a field of this kind. */
uint64_t record_max(enum record_how how);

/* True for fields that borrow bytes: record_get_text reads them, record_get does not. */
bool record_is_text(enum record_how how);

/* True for numbers that have a sign. */
bool record_is_signed(enum record_how how);

#endif
