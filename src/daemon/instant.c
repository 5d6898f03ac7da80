/* SPDX-License-Identifier: Apache-2.0 */
/* Days are counted with years that begin in March, so that the leap day comes last (Howard Hinnant,
 * "chrono-compatible low-level date algorithms"): mktime would ask for the machine's zone. */
#include "daemon/instant.h"

#include "base/units.h"

#define YEAR_MIN     1970
#define YEAR_MAX     2261 /* int64_t nanoseconds end in 2262 */
#define DAY_S        86400
#define EPOCH_DAYS   719468 /* from 0000-03-01 to 1970-01-01 */
#define DAYS_PER_ERA 146097 /* of 400 years */

/* Reads `digits` digits as a number from low to high. */
static bool read_digits(struct span *text, size_t digits, int64_t low, int64_t high, int64_t *to)
{
	uint64_t number;

	if (text->size < digits ||
		!span_number((struct span){text->at, digits}, (uint64_t)high, &number) ||
		(int64_t)number < low)
		return false;
	*text = span_skip(*text, digits);
	*to = (int64_t)number;
	return true;
}

static bool read_byte(struct span *text, char byte)
{
	if (text->size == 0 || text->at[0] != byte)
		return false;
	*text = span_skip(*text, 1);
	return true;
}

static int64_t month_days(int64_t year, int64_t month)
{
	static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static int64_t count_days(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = month <= 2 ? year - 1 : year;
	int64_t era = shifted / 400;
	int64_t in_era = shifted % 400;
	int64_t in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * DAYS_PER_ERA + in_era * 365 + in_era / 4 - in_era / 100 + in_year - EPOCH_DAYS;
}

/* ".123": digits beyond nanoseconds are read and dropped. */
static bool read_fraction(struct span *text, int64_t *ns)
{
	int64_t unit_ns = NS_PER_S;

	*ns = 0;
	if (!read_byte(text, '.'))
		return true;
	if (text->size == 0 || text->at[0] < '0' || text->at[0] > '9')
		return false;
	while (text->size > 0 && text->at[0] >= '0' && text->at[0] <= '9') {
		unit_ns /= 10;
		*ns += (text->at[0] - '0') * unit_ns;
		*text = span_skip(*text, 1);
	}
	return true;
}

static bool read_zone(struct span *text, int64_t *offset_s)
{
	int64_t hours, minutes, sign;

	*offset_s = 0;
	if (read_byte(text, 'Z') || read_byte(text, 'z'))
		return true;
	sign = text->size > 0 && text->at[0] == '-' ? -1 : 1;
	if (!read_byte(text, sign < 0 ? '-' : '+') || !read_digits(text, 2, 0, 23, &hours) ||
		!read_byte(text, ':') || !read_digits(text, 2, 0, 59, &minutes))
		return false;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool instant_read(struct span text, int64_t *utc_ns)
{
	int64_t year, month, day, hour, minute, second, fraction_ns, offset_s;

	if (!read_digits(&text, 4, YEAR_MIN, YEAR_MAX, &year) || !read_byte(&text, '-') ||
		!read_digits(&text, 2, 1, 12, &month) || !read_byte(&text, '-') ||
		!read_digits(&text, 2, 1, month_days(year, month), &day))
		return false;
	if (!read_byte(&text, 'T') && !read_byte(&text, 't') && !read_byte(&text, ' '))
		return false;
	/* 60 is a leap second, which the wall clock does not have either. */
	if (!read_digits(&text, 2, 0, 23, &hour) || !read_byte(&text, ':') ||
		!read_digits(&text, 2, 0, 59, &minute) || !read_byte(&text, ':') ||
		!read_digits(&text, 2, 0, 60, &second) || !read_fraction(&text, &fraction_ns) ||
		!read_zone(&text, &offset_s) || text.size > 0)
		return false;
	*utc_ns = (count_days(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second -
			  offset_s) *
			  NS_PER_S +
		  fraction_ns;
	return true;
}

/* Writes so many digits and the byte that follows them; returns the place behind. */
static char *put_digits(char *to, int64_t value, unsigned digits, char then)
{
	for (unsigned i = digits; i-- > 0; value /= 10)
		to[i] = (char)('0' + value % 10);
	to[digits] = then;
	return to + digits + 1;
}

/* Each answer about a task has two or three of these, so no printf. */
void instant_put(struct json_writer *writer, int64_t utc_ns)
{
	int64_t days = utc_ns / NS_PER_S / DAY_S;
	int64_t second = utc_ns / NS_PER_S % DAY_S;
	int64_t in_era = (days + EPOCH_DAYS) % DAYS_PER_ERA;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * in_year + 2) / 153;
	char text[sizeof "2026-11-23T13:20:46.123Z"];
	char *to = text;

	if (utc_ns <= 0) {
		json_put_null(writer);
		return;
	}
	year += (days + EPOCH_DAYS) / DAYS_PER_ERA * 400 + (month >= 10);
	to = put_digits(to, year, 4, '-');
	to = put_digits(to, month < 10 ? month + 3 : month - 9, 2, '-');
	to = put_digits(to, in_year - (153 * month + 2) / 5 + 1, 2, 'T');
	to = put_digits(to, second / 3600, 2, ':');
	to = put_digits(to, second / 60 % 60, 2, ':');
	to = put_digits(to, second % 60, 2, '.');
	to = put_digits(to, utc_ns / NS_PER_MS % 1000, 3, 'Z');
	json_put_text(writer, (struct span){text, (size_t)(to - text)});
}
