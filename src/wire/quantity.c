/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times, sizes, rates and prices are read by base/text; here are the units that only configuration
 * has, and one door to all of them, so that tables can name a kind of quantity.
 */
#include "wire/quantity.h"

#include "base/text.h"
#include "base/units.h"

#include <stddef.h>

enum { DECIMALS_MAX = 9, CORE_MILLIS = 1000, PERCENT_PERMILLE = 10 };

struct unit {
	const char *text;
	int64_t size;
};

/* The largest first: values are written in the first that divides them. */
static const struct unit time_units[] = {{"w", NS_PER_WEEK}, {"d", NS_PER_DAY}, {"h", NS_PER_HOUR},
	{"m", NS_PER_MIN}, {"s", NS_PER_S}, {"ms", NS_PER_MS}, {"us", NS_PER_US}, {"ns", 1},
	{NULL, 0}};

static const struct unit memory_units[] = {{"TiB", TIB}, {"GiB", GIB}, {"MiB", MIB}, {"KiB", KIB},
	{"TB", INT64_C(1000000000000)}, {"GB", 1000000000}, {"MB", 1000000}, {"kB", 1000}, {"B", 1},
	{NULL, 0}};

static const struct unit cpu_units[] = {
	{"cores", CORE_MILLIS}, {"core", CORE_MILLIS}, {"m", 1}, {NULL, 0}};

static const struct unit share_units[] = {{"%", PERCENT_PERMILLE}, {NULL, 0}};

static const struct unit count_units[] = {{"", 1}, {NULL, 0}};

static const struct unit period_units[] = {{"s", NS_PER_S}, {"min", NS_PER_MIN}, {"h", NS_PER_HOUR},
	{"d", NS_PER_DAY}, {"w", NS_PER_WEEK}, {NULL, 0}};

static const char *const expectations[QUANTITY_KIND_COUNT] = {
	"a whole number",
	"a time such as 30s, 5m or 1h30m",
	"a size such as 512MiB or 4GiB",
	"cores such as 2 cores or 500m",
	"a price such as 0.12 USD/h",
	"a share such as 80%",
};

/* digits[.digits] at the start of `text`, as number / 10^decimals; moves `text` behind it. */
static bool read_decimal(struct span *text, int64_t *number, unsigned *decimals)
{
	bool point = false, digit = false;
	*number = 0;
	*decimals = 0;
	for (; text->size; *text = span_skip(*text, 1)) {
		char byte = text->at[0];
		if (byte == '_' && digit && !point)
			continue;
		if (byte == '.' && digit && !point) {
			point = true;
			continue;
		}
		if (byte < '0' || byte > '9')
			break;
		digit = true;
		*decimals += point;
		if (*decimals > DECIMALS_MAX || __builtin_mul_overflow(*number, 10, number) ||
			__builtin_add_overflow(*number, byte - '0', number))
			return false;
	}
	return digit && (!point || *decimals);
}

static const struct unit *find_unit(const struct unit *units, struct span text)
{
	for (; units->text; units++)
		if (span_equal(text, span_of(units->text)))
			return units;
	return NULL;
}

/* number / 10^decimals of `unit`, exactly. */
static bool scale_number(int64_t number, unsigned decimals, int64_t unit, int64_t *value)
{
	int64_t divisor = 1;
	for (unsigned i = 0; i < decimals; i++)
		divisor *= 10;
	/* The divisor shrinks with what it divides, so that no product overflows that need not. */
	for (; divisor > 1 && unit % 10 == 0; divisor /= 10)
		unit /= 10;
	for (; divisor > 1 && number % 10 == 0; divisor /= 10)
		number /= 10;
	if (__builtin_mul_overflow(number, unit, value) || *value % divisor)
		return false;
	*value /= divisor;
	return true;
}

/* A number with one of `units` behind it. */
static bool read_unit(struct span text, const struct unit *units, int64_t *value)
{
	int64_t number;
	unsigned decimals;
	if (!read_decimal(&text, &number, &decimals))
		return false;
	const struct unit *unit = find_unit(units, span_trim(text));
	return unit && scale_number(number, decimals, unit->size, value);
}

static bool read_price(struct bal_text text, int64_t *value)
{
	struct bal_text currency;
	int64_t price;
	if (text_equals_string(text, "0"))
		return (*value = 0, true);
	if (!text_parse_price(text, &price, &currency) || !text_equals_string(currency, "USD"))
		return false;
	*value = price;
	return true;
}

static struct bal_text to_text(struct span span)
{
	/* Longer than any quantity; cut, it is none either. */
	return (struct bal_text){span.at, span.size < UINT32_MAX ? (uint32_t)span.size : 0};
}

bool quantity_read(struct span text, enum quantity kind, int64_t *value)
{
	text = span_trim(text);
	switch (kind) {
	case QUANTITY_TIME:
		return text_parse_duration(to_text(text), value);
	case QUANTITY_MEMORY:
		return text_parse_size(to_text(text), value);
	case QUANTITY_PRICE:
		return read_price(to_text(text), value);
	case QUANTITY_CPU:
		return read_unit(text, cpu_units, value);
	case QUANTITY_SHARE:
		return read_unit(text, share_units, value);
	default:
		return read_unit(text, count_units, value);
	}
}

bool quantity_read_rate(struct span text, int64_t *count, int64_t *period_ns)
{
	return text_parse_rate(to_text(span_trim(text)), count, period_ns);
}

const char *quantity_expected(enum quantity kind)
{
	return kind < QUANTITY_KIND_COUNT ? expectations[kind] : "a quantity";
}

static void write_unit(struct buffer *buffer, const struct unit *units, int64_t value)
{
	while (units[1].text && (value % units->size || value < units->size))
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
			write_unit(
				buffer, kind == QUANTITY_TIME ? time_units : memory_units, value);
		break;
	case QUANTITY_CPU:
		buffer_append_decimal(buffer, value, 3);
		buffer_append_text(buffer, value == 1000 ? " core" : " cores");
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
	while (unit->text && unit->size != period_ns)
		unit++;
	buffer_append_signed(buffer, count);
	buffer_append_byte(buffer, '/');
	if (unit->text)
		buffer_append_text(buffer, unit->text);
	else
		quantity_write(buffer, QUANTITY_TIME, period_ns);
}
