/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number is read as an integer and a power of ten, multiplied by the unit, and divided last, so
 * that what the unit can express is exact and what it cannot (0.3 ns) is refused instead of
 * rounded.
 */
#include "wire/quantity.h"

#include "base/units.h"

#include <stddef.h>

enum { DECIMALS_MAX = 9, PARTS_MAX = 8 };

struct unit {
	const char *text;
	int64_t size;
};

static const struct unit time_units[] = {{"w", NS_PER_WEEK}, {"d", NS_PER_DAY}, {"h", NS_PER_HOUR},
	{"m", NS_PER_MIN}, {"min", NS_PER_MIN}, {"s", NS_PER_S}, {"ms", NS_PER_MS},
	{"us", NS_PER_US}, {"ns", 1}, {NULL, 0}};

static const struct unit memory_units[] = {{"TiB", TIB}, {"GiB", GIB}, {"MiB", MIB}, {"KiB", KIB},
	{"TB", INT64_C(1000000000000)}, {"GB", 1000000000}, {"MB", 1000000}, {"KB", 1000},
	{"kB", 1000}, {"B", 1}, {NULL, 0}};

static const struct unit cpu_units[] = {
	{"cores", 1000}, {"core", 1000}, {"m", 1}, {"millicores", 1}, {NULL, 0}};

static const struct unit price_units[] = {
	{"USD/h", MICROCENTS_PER_USD}, {"$/h", MICROCENTS_PER_USD}, {NULL, 0}};

static const struct unit share_units[] = {{"%", 10}, {NULL, 0}};

static const struct unit count_units[] = {{"", 1}, {NULL, 0}};

static const struct unit period_units[] = {{"s", NS_PER_S}, {"sec", NS_PER_S}, {"min", NS_PER_MIN},
	{"m", NS_PER_MIN}, {"h", NS_PER_HOUR}, {"hour", NS_PER_HOUR}, {"d", NS_PER_DAY},
	{"day", NS_PER_DAY}, {NULL, 0}};

static const struct unit *const all_units[QUANTITY_KIND_COUNT] = {
	count_units, time_units, memory_units, cpu_units, price_units, share_units};

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

/* The part of `text` up to the next digit. */
static struct span take_unit(struct span *text)
{
	struct span unit = {text->at, 0};
	while (unit.size < text->size && (text->at[unit.size] < '0' || text->at[unit.size] > '9'))
		unit.size++;
	*text = span_skip(*text, unit.size);
	return span_trim(unit);
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
	/* Number and divisor shrink together, so that 0.500000000 TiB does not overflow. */
	while (divisor > 1 && number % 10 == 0) {
		number /= 10;
		divisor /= 10;
	}
	if (__builtin_mul_overflow(number, unit, value) || *value % divisor)
		return false;
	*value /= divisor;
	return true;
}

static bool read_part(struct span *text, enum quantity kind, int64_t *value)
{
	int64_t number;
	unsigned decimals;
	if (!read_decimal(text, &number, &decimals))
		return false;
	struct span name = take_unit(text);
	const struct unit *unit = find_unit(all_units[kind], name);
	if (unit == NULL && number == 0 && name.size == 0)
		return (*value = 0, true);
	return unit && scale_number(number, decimals, unit->size, value);
}

bool quantity_read(struct span text, enum quantity kind, int64_t *value)
{
	int64_t total = 0, part;
	text = span_trim(text);
	for (unsigned i = 0; i < PARTS_MAX; i++) {
		if (!read_part(&text, kind, &part) || __builtin_add_overflow(total, part, &total))
			return false;
		if (text.size == 0) {
			*value = total;
			return true;
		}
		if (kind != QUANTITY_TIME)
			return false;
	}
	return false;
}

bool quantity_read_rate(struct span text, int64_t *count, int64_t *period_ns)
{
	int64_t number;
	size_t slash = span_find(text, '/');
	if (slash == text.size)
		return false;
	const struct unit *unit = find_unit(period_units, span_trim(span_skip(text, slash + 1)));
	if (unit == NULL || !quantity_read((struct span){text.at, slash}, QUANTITY_COUNT, &number))
		return false;
	*count = number;
	*period_ns = unit->size;
	return true;
}

const char *quantity_expected(enum quantity kind)
{
	return kind < QUANTITY_KIND_COUNT ? expectations[kind] : "a quantity";
}

/* `value` units of 10^-decimals without trailing zeros. */
static void write_decimal(struct buffer *buffer, int64_t value, unsigned decimals)
{
	int64_t divisor = 1;
	for (unsigned i = 0; i < decimals; i++)
		divisor *= 10;
	while (divisor > 1 && value % 10 == 0) {
		value /= 10;
		divisor /= 10;
	}
	buffer_append_signed(buffer, value / divisor);
	if (divisor == 1)
		return;
	buffer_append_byte(buffer, '.');
	for (divisor /= 10; divisor; divisor /= 10)
		buffer_append_byte(buffer, (char)('0' + value / divisor % 10));
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
			write_unit(buffer, all_units[kind], value);
		break;
	case QUANTITY_CPU:
		write_decimal(buffer, value, 3);
		buffer_append_text(buffer, value == 1000 ? " core" : " cores");
		break;
	case QUANTITY_PRICE:
		write_decimal(buffer, value, 8);
		buffer_append_text(buffer, " USD/h");
		break;
	case QUANTITY_SHARE:
		write_decimal(buffer, value, 1);
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
