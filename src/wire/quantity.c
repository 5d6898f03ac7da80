/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number is read as an exact fraction (whole, digits behind the point, their power of ten) that
 * is multiplied by its unit in 128 bits and rounded once; doubles would turn 0.29 USD into 28999999
 * microcents. Readers take parts off the front of a `rest` and leave it alone when the part is not
 * there, so that each grammar below reads like its description in the header.
 */
#include "wire/quantity.h"

#include "base/units.h"

#include <stddef.h>

__extension__ typedef unsigned __int128 wide;

/* Digits behind the point; 10^18 is below 2^63. */
enum { FRACTION_DIGITS_MAX = 18, CORE_MILLIS = 1000, PERCENT_PERMILLE = 10 };

struct unit {
	const char *text;
	int64_t size;
};

/* The largest first: values are written in the first that divides them, "min" is only read. */
static const struct unit time_units[] = {{"w", NS_PER_WEEK}, {"d", NS_PER_DAY}, {"h", NS_PER_HOUR},
	{"m", NS_PER_MIN}, {"s", NS_PER_S}, {"ms", NS_PER_MS}, {"us", NS_PER_US}, {"ns", 1},
	{"min", NS_PER_MIN}, {NULL, 0}};

static const struct unit memory_units[] = {{"TiB", TIB}, {"GiB", GIB}, {"MiB", MIB}, {"KiB", KIB},
	{"TB", INT64_C(1000000000000)}, {"GB", 1000000000}, {"MB", 1000000}, {"kB", 1000}, {"B", 1},
	{NULL, 0}};

static const struct unit cpu_units[] = {
	{"cores", CORE_MILLIS}, {"core", CORE_MILLIS}, {"m", 1}, {NULL, 0}};

static const struct unit price_units[] = {{"USD/h", MICROCENTS_PER_USD}, {NULL, 0}};

static const struct unit share_units[] = {{"%", PERCENT_PERMILLE}, {NULL, 0}};

static const struct unit count_units[] = {{"", 1}, {NULL, 0}};

static const struct unit period_units[] = {{"s", NS_PER_S}, {"min", NS_PER_MIN}, {"h", NS_PER_HOUR},
	{"d", NS_PER_DAY}, {"w", NS_PER_WEEK}, {NULL, 0}};

/* How each kind is read. */
static const struct {
	const char *expected;
	const struct unit *units;
	bool zero_alone; /* 0 needs no unit */
	bool exact;      /* nothing is rounded: what does not fit is none */
} kinds[QUANTITY_KIND_COUNT] = {
	[QUANTITY_COUNT] = {"a whole number", count_units, true, true},
	[QUANTITY_TIME] = {"a time such as 30s, 5m or 1h30m", time_units, true, false},
	[QUANTITY_MEMORY] = {"a size such as 512MiB or 4GiB", memory_units, true, false},
	[QUANTITY_CPU] = {"cores such as 2 cores or 500m", cpu_units, false, true},
	[QUANTITY_PRICE] = {"a price such as 0.12 USD/h", price_units, true, false},
	[QUANTITY_SHARE] = {"a share such as 80%", share_units, false, true},
};

/* A written number: whole + fraction / scale. */
struct number {
	uint64_t whole;
	uint64_t fraction;
	uint64_t scale;
};

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool take_byte(struct span *rest, char byte)
{
	if (rest->size == 0 || rest->at[0] != byte)
		return false;
	*rest = span_skip(*rest, 1);
	return true;
}

/* Digits without leading zeros; "_" may stand between two of them. */
static bool take_whole(struct span *rest, uint64_t *value)
{
	bool zero = rest->size > 0 && rest->at[0] == '0';
	uint64_t sum = 0;
	size_t digits = 0;
	char last = '_';

	while (rest->size > 0 && (is_digit(rest->at[0]) || (digits > 0 && rest->at[0] == '_'))) {
		char byte = rest->at[0];

		*rest = span_skip(*rest, 1);
		last = byte;
		if (byte == '_')
			continue;
		if (__builtin_mul_overflow(sum, 10, &sum) ||
			__builtin_add_overflow(sum, (uint64_t)(byte - '0'), &sum))
			return false;
		digits++;
	}
	*value = sum;
	return last != '_' && (!zero || digits == 1);
}

static bool take_number(struct span *rest, struct number *number)
{
	unsigned digits = 0;

	*number = (struct number){.scale = 1};
	if (!take_whole(rest, &number->whole))
		return false;
	if (!take_byte(rest, '.'))
		return true;
	for (; rest->size > 0 && is_digit(rest->at[0]); *rest = span_skip(*rest, 1)) {
		if (++digits > FRACTION_DIGITS_MAX)
			return false;
		number->fraction = number->fraction * 10 + (uint64_t)(rest->at[0] - '0');
		number->scale *= 10;
	}
	return digits > 0;
}

/* number * size, rounded half up; false when it is not below INT64_MAX, or not whole and has to be.
 */
static bool scale_number(const struct number *number, int64_t size, bool exact, int64_t *value)
{
	wide fraction = (wide)number->fraction * (uint64_t)size;
	wide rounded = (fraction + number->scale / 2) / number->scale;
	wide sum = (wide)number->whole * (uint64_t)size + rounded;

	if (sum >= INT64_MAX || (exact && fraction % number->scale != 0))
		return false;
	*value = (int64_t)sum;
	return true;
}

/* The unit whose text is all of it; NULL. */
static const struct unit *find_unit(const struct unit *units, struct span text)
{
	for (; units->text != NULL; units++)
		if (span_equal(text, span_of(units->text)))
			return units;
	return NULL;
}

/* The letters at the front, which must be a unit of time. */
static const struct unit *take_time_unit(struct span *rest)
{
	struct span text = {rest->at, 0};
	const struct unit *unit;

	while (text.size < rest->size && rest->at[text.size] >= 'a' && rest->at[text.size] <= 'z')
		text.size++;
	unit = find_unit(time_units, text);
	if (unit != NULL)
		*rest = span_skip(*rest, text.size);
	return unit;
}

/* "1h30m": numbers with units, the larger first, each once; a fraction only in the last. */
static bool read_time(struct span text, int64_t *value)
{
	struct number number = {.scale = 1};
	int64_t size_before = INT64_MAX, sum = 0;

	for (bool first = true; first || text.size > 0; first = false) {
		bool fraction_before = number.scale > 1;
		const struct unit *unit;
		int64_t part;

		if (!first)
			(void)take_byte(&text, ' ');
		if (fraction_before || !take_number(&text, &number))
			return false;
		(void)take_byte(&text, ' ');
		unit = take_time_unit(&text);
		if (unit == NULL || unit->size >= size_before ||
			!scale_number(&number, unit->size, false, &part))
			return false;
		size_before = unit->size;
		if (__builtin_add_overflow(sum, part, &sum) || sum == TIME_NEVER_NS)
			return false;
	}
	*value = sum;
	return true;
}

/* A number, at most one space, and one of the kind's units. */
static bool read_unit(struct span text, enum quantity kind, int64_t *value)
{
	struct number number;
	const struct unit *unit;

	if (!take_number(&text, &number))
		return false;
	(void)take_byte(&text, ' ');
	unit = find_unit(kinds[kind].units, text);
	return unit != NULL && scale_number(&number, unit->size, kinds[kind].exact, value);
}

bool quantity_read(struct span text, enum quantity kind, int64_t *value)
{
	int64_t read = 0;

	text = span_trim(text);
	if (kind >= QUANTITY_KIND_COUNT)
		return false;
	if (!(kinds[kind].zero_alone && span_equal(text, SPAN("0"))) &&
		!(kind == QUANTITY_TIME ? read_time(text, &read) : read_unit(text, kind, &read)))
		return false;
	*value = read;
	return true;
}

bool quantity_read_rate(struct span text, int64_t *count, int64_t *period_ns)
{
	const struct unit *unit;
	int64_t period;
	uint64_t read;

	text = span_trim(text);
	if (!take_whole(&text, &read) || read > INT64_MAX)
		return false;
	(void)take_byte(&text, ' ');
	if (!take_byte(&text, '/'))
		return false;
	(void)take_byte(&text, ' ');
	unit = find_unit(time_units, text);
	if (unit != NULL)
		period = unit->size;
	else if (!read_time(text, &period) || period == 0)
		return false;
	*count = (int64_t)read;
	*period_ns = period;
	return true;
}

const char *quantity_expected(enum quantity kind)
{
	return kind < QUANTITY_KIND_COUNT ? kinds[kind].expected : "a quantity";
}

static void write_unit(struct buffer *buffer, const struct unit *units, int64_t value)
{
	while (units->size > 1 && (value % units->size != 0 || value < units->size))
		units++;
	buffer_append_signed(buffer, value / units->size);
	buffer_append_text(buffer, units->text);
}

void quantity_write(struct buffer *buffer, enum quantity kind, int64_t value)
{
	switch (kind) {
	case QUANTITY_TIME:
	case QUANTITY_MEMORY:
		if (value == 0)
			buffer_append_byte(buffer, '0');
		else
			write_unit(buffer, kinds[kind].units, value);
		break;
	case QUANTITY_CPU:
		buffer_append_decimal(buffer, value, 3);
		buffer_append_text(buffer, value == CORE_MILLIS ? " core" : " cores");
		break;
	case QUANTITY_PRICE:
		buffer_append_decimal(buffer, value, 8);
		buffer_append_text(buffer, " USD/h");
		break;
	case QUANTITY_SHARE:
		buffer_append_decimal(buffer, value, 1);
		buffer_append_byte(buffer, '%');
		break;
	default:
		buffer_append_signed(buffer, value);
	}
}

void quantity_write_rate(struct buffer *buffer, int64_t count, int64_t period_ns)
{
	const struct unit *unit = period_units;

	while (unit->text != NULL && unit->size != period_ns)
		unit++;
	buffer_append_signed(buffer, count);
	buffer_append_byte(buffer, '/');
	if (unit->text != NULL)
		buffer_append_text(buffer, unit->text);
	else
		quantity_write(buffer, QUANTITY_TIME, period_ns);
}
