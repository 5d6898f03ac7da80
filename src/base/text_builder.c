/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There are two ways to write: text_add, which may cut, and add_whole for what must not be cut. A
 * piece made of several (a number and its unit) is built in a small builder of its own first. What
 * is shown to people is rounded in integers, before its unit is chosen: 59.99 s is a minute.
 */
#include "base/text_builder.h"

#include <string.h>

#include "base/assert.h"
#include "base/text.h"
#include "base/units.h"

__extension__ typedef unsigned __int128 wide;

/* 20 digits, a point and a sign. */
#define NUMBER_SIZE  24
#define DECIMALS_MAX 18
/* A number with two units, or one escape. */
#define PIECE_SIZE 64

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Marks of direction and line ends of Unicode: they let a line read otherwise than it is. */
static bool is_deceptive(uint32_t code)
{
	return code == 0x61c || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
	       code == 0xfeff;
}

/* Appends all bytes or none. */
static void add_whole(struct text_builder *builder, const char *data, size_t size)
{
	if (builder->truncated || size > builder->size - 1 - builder->used) {
		builder->truncated = true;
		return;
	}
	if (size > 0)
		memcpy(builder->data + builder->used, data, size);
	builder->used += size;
	builder->data[builder->used] = 0;
}

static void add_built(struct text_builder *builder, const struct text_builder *piece)
{
	bal_assert(!piece->truncated);
	add_whole(builder, piece->data, piece->used);
}

/* magnitude / 10^decimals; zeros at the end are left out down to decimals_min. */
static void add_number(struct text_builder *builder, bool negative, uint64_t magnitude,
	uint32_t decimals, uint32_t decimals_min)
{
	char data[NUMBER_SIZE];
	size_t at = sizeof(data);

	bal_assert(decimals <= DECIMALS_MAX);
	for (; decimals > decimals_min && magnitude % 10 == 0; decimals--)
		magnitude /= 10;
	for (uint32_t i = 0; i <= decimals || magnitude > 0; i++) {
		if (i == decimals && decimals > 0)
			data[--at] = '.';
		data[--at] = (char)('0' + magnitude % 10);
		magnitude /= 10;
	}
	if (negative)
		data[--at] = '-';
	add_whole(builder, data + at, sizeof(data) - at);
}

static uint64_t magnitude_of(int64_t value)
{
	return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static uint64_t round_to(uint64_t value, uint64_t step)
{
	return (value + step / 2) / step * step;
}

/* Rounds to what is shown: three digits below a minute, then to the smaller of two units. Rounding
 * up may reach the next step, so they go from fine to coarse. */
static uint64_t round_duration(uint64_t ns)
{
	uint64_t step = 1;

	while (ns / step >= 1000)
		step *= 10;
	if (ns < (uint64_t)NS_PER_MIN)
		ns = round_to(ns, step);
	if (ns >= (uint64_t)NS_PER_MIN)
		ns = round_to(ns, (uint64_t)NS_PER_S);
	if (ns >= (uint64_t)NS_PER_HOUR)
		ns = round_to(ns, (uint64_t)NS_PER_MIN);
	if (ns >= (uint64_t)NS_PER_DAY)
		ns = round_to(ns, (uint64_t)NS_PER_HOUR);
	return ns;
}

/* "2 d 4 h", the second only when it is not 0; ns is rounded to whole small units. */
static void add_two_units(struct text_builder *piece, uint64_t ns, int64_t large_ns,
	const char *large, int64_t small_ns, const char *small)
{
	uint64_t rest = ns % (uint64_t)large_ns / (uint64_t)small_ns;

	text_add_u64(piece, ns / (uint64_t)large_ns);
	text_add_string(piece, large);
	if (rest == 0)
		return;
	text_add_char(piece, ' ');
	text_add_u64(piece, rest);
	text_add_string(piece, small);
}

static void add_short_duration(struct text_builder *piece, uint64_t ns)
{
	if (ns >= (uint64_t)NS_PER_S) {
		add_number(piece, false, ns, 9, 0);
		text_add_string(piece, " s");
	} else if (ns >= (uint64_t)NS_PER_MS) {
		add_number(piece, false, ns, 6, 0);
		text_add_string(piece, " ms");
	} else if (ns >= (uint64_t)NS_PER_US) {
		add_number(piece, false, ns, 3, 0);
		text_add_string(piece, " us");
	} else {
		text_add_u64(piece, ns);
		text_add_string(piece, ns > 0 ? " ns" : " s");
	}
}

static void escape_character(struct text_builder *piece, uint32_t code)
{
	if (code == '\n' || code == '\r' || code == '\t') {
		text_add_char(piece, '\\');
		text_add_char(piece, code == '\n' ? 'n' : code == '\r' ? 'r' : 't');
	} else if (code == '\\') {
		text_add_string(piece, "\\\\");
	} else if (code < 0xa0) {
		text_add_string(piece, "\\x");
		text_add_hex(piece, code, 2);
	} else {
		text_add_string(piece, "\\u");
		text_add_hex(piece, code, 4);
	}
}

/* Number of UTF-8 characters; a byte of a broken one counts when it could begin one. */
static size_t count_characters(const char *data, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += ((uint8_t)data[i] & 0xc0) != 0x80;
	return count;
}

/* Makes room for `width` characters since start; returns the number of spaces to write, 0 when
 * there are none to write or no room. */
static size_t reserve_padding(struct text_builder *builder, size_t start, uint32_t width)
{
	size_t count;

	bal_assert(start <= builder->used);
	count = count_characters(builder->data + start, builder->used - start);
	if (builder->truncated || count >= width)
		return 0;
	if (width - count > builder->size - 1 - builder->used) {
		builder->truncated = true;
		return 0;
	}
	return width - count;
}

void text_builder_init(struct text_builder *builder, void *data, size_t size)
{
	bal_assert(data != NULL);
	bal_assert(size > 0);
	*builder = (struct text_builder){.data = data, .size = size};
	builder->data[0] = 0;
}

struct bal_text text_built(const struct text_builder *builder)
{
	bal_assert(builder->used <= UINT32_MAX);
	return (struct bal_text){builder->data, (uint32_t)builder->used};
}

void text_add(struct text_builder *builder, struct bal_text text)
{
	size_t room = builder->size - 1 - builder->used;
	size_t size = text.size;

	if (builder->truncated)
		return;
	if (size > room) {
		/* Byte `size` is the first left out: go back to one that begins a character. */
		for (size = room; size > 0 && ((uint8_t)text.data[size] & 0xc0) == 0x80;)
			size--;
	}
	add_whole(builder, text.data, size);
	builder->truncated = size < text.size;
}

void text_add_string(struct text_builder *builder, const char *string)
{
	text_add(builder, text_from(string));
}

void text_add_char(struct text_builder *builder, char character)
{
	add_whole(builder, &character, 1);
}

void text_add_u64(struct text_builder *builder, uint64_t value)
{
	add_number(builder, false, value, 0, 0);
}

void text_add_i64(struct text_builder *builder, int64_t value)
{
	add_number(builder, value < 0, magnitude_of(value), 0, 0);
}

void text_add_hex(struct text_builder *builder, uint64_t value, uint32_t digits_min)
{
	char data[16];
	size_t at = sizeof(data);

	bal_assert(digits_min <= sizeof(data));
	do {
		data[--at] = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value > 0 || sizeof(data) - at < digits_min);
	add_whole(builder, data + at, sizeof(data) - at);
}

void text_add_fixed(struct text_builder *builder, int64_t value, uint32_t decimals)
{
	add_number(builder, value < 0, magnitude_of(value), decimals, decimals);
}

void text_add_duration(struct text_builder *builder, int64_t duration_ns)
{
	char data[PIECE_SIZE];
	struct text_builder piece;
	uint64_t ns = round_duration(magnitude_of(duration_ns));

	text_builder_init(&piece, data, sizeof(data));
	if (duration_ns < 0)
		text_add_char(&piece, '-');
	if (duration_ns == TIME_NEVER_NS)
		text_add_string(&piece, "never");
	else if (ns < (uint64_t)NS_PER_MIN)
		add_short_duration(&piece, ns);
	else if (ns < (uint64_t)NS_PER_HOUR)
		add_two_units(&piece, ns, NS_PER_MIN, " m", NS_PER_S, " s");
	else if (ns < (uint64_t)NS_PER_DAY)
		add_two_units(&piece, ns, NS_PER_HOUR, " h", NS_PER_MIN, " m");
	else
		add_two_units(&piece, ns, NS_PER_DAY, " d", NS_PER_HOUR, " h");
	add_built(builder, &piece);
}

void text_add_bytes(struct text_builder *builder, uint64_t bytes)
{
	static const char *const names[] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
	char data[PIECE_SIZE];
	struct text_builder piece;
	size_t unit = 0;
	uint32_t decimals = 0;
	uint64_t value = bytes;

	/* A number that would round to 1024 is shown as 1 of the next unit. */
	while (unit + 1 < COUNT_OF(names) && (value >> (10 * unit)) >= 1000 &&
		((wide)value * 2 + ((wide)1 << (10 * unit))) >> (10 * unit + 1) >= 1024)
		unit++;
	if (unit > 0) {
		uint64_t whole = value >> (10 * unit);
		wide scaled;

		decimals = whole >= 100 ? 0 : whole >= 10 ? 1 : 2;
		scaled = (wide)value * (decimals == 0 ? 1 : decimals == 1 ? 10 : 100);
		value = (uint64_t)((scaled + ((wide)1 << (10 * unit - 1))) >> (10 * unit));
	}
	text_builder_init(&piece, data, sizeof(data));
	add_number(&piece, false, value, decimals, 0);
	text_add_string(&piece, names[unit]);
	add_built(builder, &piece);
}

void text_add_money(struct text_builder *builder, int64_t microcents, struct bal_text currency)
{
	add_number(builder, microcents < 0, magnitude_of(microcents), 8, 2);
	if (currency.size == 0)
		return;
	text_add_char(builder, ' ');
	text_add(builder, currency);
}

void text_add_escaped(struct text_builder *builder, struct bal_text text)
{
	while (text.size > 0 && !builder->truncated) {
		uint32_t code;
		uint32_t size = text_character(text, &code);
		char data[PIECE_SIZE];
		struct text_builder piece;

		text_builder_init(&piece, data, sizeof(data));
		if (size == 0) {
			text_add_string(&piece, "\\x");
			text_add_hex(&piece, (uint8_t)text.data[0], 2);
			size = 1;
		} else if (code < 0x20 || code == '\\' || (code >= 0x7f && code < 0xa0) ||
			   is_deceptive(code)) {
			escape_character(&piece, code);
		} else {
			add_whole(&piece, text.data, size);
		}
		add_built(builder, &piece);
		text.data += size;
		text.size -= size;
	}
}

void text_pad_left(struct text_builder *builder, size_t start, uint32_t width)
{
	size_t count = reserve_padding(builder, start, width);
	char *from = builder->data + start;

	memmove(from + count, from, builder->used - start + 1);
	memset(from, ' ', count);
	builder->used += count;
}

void text_pad_right(struct text_builder *builder, size_t start, uint32_t width)
{
	size_t count = reserve_padding(builder, start, width);

	memset(builder->data + builder->used, ' ', count);
	builder->used += count;
	builder->data[builder->used] = 0;
}
