/* SPDX-License-Identifier: Apache-2.0 */
/* A beginning has one form: days, a space, and the time of the day; or a date in place of the days.
 * Times are UTC: a zone with summer time would make an hour happen twice, or never, and a window
 * would have to be two. */
#include "wire/configpeak.h"

#include "base/units.h"
#include "core/peak.h"
#include "wire/configread.h"
#include "wire/nearest.h"
#include "wire/quantity.h"
#include "wire/trace.h"

#include <stdio.h>
#include <string.h>

#define WHEN_EXPECTED "a time in UTC such as mon-fri 09:00, daily 18:30 or 2026-12-24 08:00"
#define DAYS_ALL      127u
#define DAY_COUNT     7
#define FACTOR_MAX    1000

static const char *const days[DAY_COUNT] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static bool find_day(struct span text, uint32_t *day)
{
	for (*day = 0; *day < DAY_COUNT; (*day)++)
		if (span_equal_nocase(text, span_of(days[*day])))
			return true;
	return false;
}

/* "mon", "sat-sun" or, over the end of the week, "fri-mon". */
static bool read_range(struct span text, struct span *wrong, uint32_t *bits)
{
	struct span rest = text, first = span_cut(&rest, '-');
	uint32_t from, to;

	*wrong = first;
	if (!find_day(first, &from))
		return false;
	to = from;
	*wrong = rest;
	if (rest.at != NULL && !find_day(rest, &to))
		return false;
	for (uint32_t day = from;; day = (day + 1) % DAY_COUNT) {
		*bits |= 1u << day;
		if (day == to)
			return true;
	}
}

/* "daily", or ranges with commas between them. */
static bool read_days(struct span text, struct span *wrong, uint32_t *bits)
{
	*bits = 0;
	if (span_equal_nocase(text, SPAN("daily"))) {
		*bits = DAYS_ALL;
		return true;
	}
	while (text.at != NULL)
		if (!read_range(span_cut(&text, ','), wrong, bits))
			return false;
	return true;
}

static bool fail_days(struct config_reader *reader, const struct yaml_node *node, struct span wrong)
{
	struct nearest nearest;

	nearest_init(&nearest, wrong);
	for (uint32_t i = 0; i < DAY_COUNT; i++)
		nearest_offer(&nearest, days[i]);
	nearest_offer(&nearest, "daily");
	if (nearest.best)
		return config_fail(reader, node->line, node->column,
			"`%s` is not a day; did you mean `%s`?", config_show(wrong).text,
			nearest.best);
	return config_fail_expected(reader, node, WHEN_EXPECTED);
}

/* HH:MM, of a day that ends at 24:00. */
static bool read_clock(struct span text, int64_t *ns)
{
	uint64_t hour, minute;

	if (text.size != 5 || text.at[2] != ':' ||
		!span_number((struct span){text.at, 2}, 23, &hour) ||
		!span_number((struct span){text.at + 3, 2}, 59, &minute))
		return false;
	*ns = ((int64_t)hour * 60 + (int64_t)minute) * NS_PER_MIN;
	return true;
}

static bool read_date(struct span text, int64_t *ns)
{
	char memory[32];
	int size = snprintf(memory, sizeof memory, "%.*s:00", (int)text.size, text.at);

	return text.size == 16 && text.at[10] == ' ' &&
	       trace_read_time((struct span){memory, (size_t)size}, ns) && *ns <= PEAK_BEGIN_MAX_NS;
}

static bool read_one(
	struct config_reader *reader, const struct yaml_node *node, struct config_when *to)
{
	struct span time = node->text, day, wrong = {NULL, 0};

	*to = (struct config_when){.line = node->line, .column = node->column};
	if (node->kind != YAML_SCALAR || node->text.size == 0)
		return config_fail_expected(reader, node, WHEN_EXPECTED);
	if (node->text.at[0] >= '0' && node->text.at[0] <= '9')
		return read_date(node->text, &to->begins_ns) ||
		       config_fail_expected(reader, node, WHEN_EXPECTED);
	day = span_cut(&time, ' ');
	if (time.at == NULL)
		return config_fail_expected(reader, node, WHEN_EXPECTED);
	if (!read_days(day, &wrong, &to->days))
		return fail_days(reader, node, wrong);
	return read_clock(time, &to->begins_ns) ||
	       config_fail_expected(reader, node, WHEN_EXPECTED);
}

bool config_read_when(
	struct config_reader *reader, const struct yaml_node *node, struct config_whens *to)
{
	bool list = node->kind == YAML_LIST;
	uint32_t count = list ? node->count : 1;

	if (count == 0 || count > BAL_PEAKS_MAX)
		return config_fail(reader, node->line, node->column,
			"`at` has from 1 to %d times, found %u", BAL_PEAKS_MAX, count);
	to->count = 0;
	to->items = arena_take(reader->memory, count, sizeof(*to->items));
	if (to->items == NULL)
		return false;
	for (const struct yaml_node *item = list ? node->child : node; item;
		item = list ? item->next : NULL)
		if (!read_one(reader, item, &to->items[to->count++]))
			return false;
	return true;
}

/* ---- schedules of pools ---- */

#define SHIFT_EXPECTED "a time in UTC such as mon-fri 08:00-18:00 or 2026-12-24 08:00-18:00"

/* HH:MM-HH:MM, the second on the next day when it is not later. */
static bool read_hours(struct span text, int64_t *begins_ns, int64_t *duration_ns)
{
	struct span end = text, begin = span_cut(&end, '-');
	int64_t ends_ns = NS_PER_DAY;

	if (end.at == NULL || !read_clock(begin, begins_ns) ||
		(!span_equal(end, SPAN("24:00")) && !read_clock(end, &ends_ns)))
		return false;
	*duration_ns = ends_ns - *begins_ns + (ends_ns <= *begins_ns ? NS_PER_DAY : 0);
	return true;
}

static bool read_shift_time(
	struct config_reader *reader, const struct yaml_node *node, struct config_shift *to)
{
	char memory[32];
	struct span hours = node->text, day = span_cut(&hours, ' '), wrong = {NULL, 0};
	int64_t of_day_ns;

	if (node->kind != YAML_SCALAR || hours.at == NULL ||
		!read_hours(hours, &of_day_ns, &to->duration_ns))
		return config_fail_expected(reader, node, SHIFT_EXPECTED);
	to->begins_ns = of_day_ns;
	if (day.size == 0 || day.at[0] < '0' || day.at[0] > '9')
		return read_days(day, &wrong, &to->days) || fail_days(reader, node, wrong);
	int size = snprintf(memory, sizeof memory, "%.*s 00:00", (int)day.size, day.at);
	if (!read_date((struct span){memory, (size_t)size}, &to->begins_ns))
		return config_fail_expected(reader, node, SHIFT_EXPECTED);
	to->begins_ns += of_day_ns;
	return true;
}

static bool read_shift(
	struct config_reader *reader, const struct yaml_node *node, struct config_shift *to)
{
	const struct yaml_node *when = config_entry(node, "when");
	const struct yaml_node *min = config_entry(node, "min");
	uint64_t agents;

	if (when == NULL || min == NULL || node->count != 2)
		return config_fail_expected(
			reader, node, "a mapping such as {when: mon-fri 08:00-18:00, min: 6}");
	if (min->kind != YAML_SCALAR || !span_number(min->text, UINT32_MAX, &agents))
		return config_fail_expected(reader, min, "a number of agents");
	to->agents_min = (int64_t)agents;
	return read_shift_time(reader, when, to);
}

bool config_read_shifts(
	struct config_reader *reader, const struct yaml_node *node, struct config_shifts *to)
{
	if (node->kind != YAML_LIST)
		return config_fail_expected(
			reader, node, "a list such as [{when: mon-fri 08:00-18:00, min: 6}]");
	to->count = 0;
	to->items = arena_take(reader->memory, node->count ? node->count : 1, sizeof(*to->items));
	if (to->items == NULL)
		return false;
	for (const struct yaml_node *item = node->child; item; item = item->next)
		if (!read_shift(reader, item, &to->items[to->count++]))
			return false;
	return true;
}

bool config_finish_shifts(
	struct config_reader *reader, const struct yaml_node *node, const struct config *config)
{
	const struct yaml_node *entry = node ? node->child : NULL;
	uint32_t windows = 0;

	for (uint32_t i = 0; i < config->pools.count; i++, entry = entry->next) {
		const struct config_pool *pool = &config->pools.items[i];

		windows += pool->schedule.count;
		if (windows > BAL_MINIMUMS_MAX)
			return config_fail(reader, entry->key_line, entry->key_column,
				"pool `%s`: more than %d times under `schedule` in all pools",
				pool->name, BAL_MINIMUMS_MAX);
		for (uint32_t j = 0; j < pool->schedule.count; j++)
			if (pool->schedule.items[j].agents_min > pool->agents_max)
				return config_fail(reader, entry->key_line, entry->key_column,
					"pool `%s`: `min` %lld under `schedule` is above `max` "
					"%lld",
					pool->name, (long long)pool->schedule.items[j].agents_min,
					(long long)pool->agents_max);
	}
	return true;
}

/* ---- peaks ---- */

/* "3", "2.5", "0.125": thousandths, exactly. */
static bool read_factor(
	struct config_reader *reader, const struct yaml_node *node, struct config_peak *peak)
{
	struct span rest = span_of(peak->factor), whole = span_cut(&rest, '.');
	uint64_t number, part = 0;
	bool good = span_number(whole, FACTOR_MAX, &number);

	if (rest.at != NULL)
		good = good && rest.size >= 1 && rest.size <= 3 && span_number(rest, 999, &part);
	for (size_t i = rest.at == NULL ? 3 : rest.size; i < 3; i++)
		part *= 10;
	if (!good || number * 1000 + part > FACTOR_MAX * 1000)
		return config_fail_expected(
			reader, node, "how many times the usual load, such as 3 or 2.5");
	peak->factor_permille = (int64_t)(number * 1000 + part);
	return true;
}

static bool finish_peak(
	struct config_reader *reader, const struct yaml_node *node, struct config_peak *peak)
{
	const struct yaml_node *factor = config_entry(node, "factor");
	const struct yaml_node *lasting = config_entry(node, "for");

	if (peak->at.count == 0 || peak->duration_ns == 0)
		return config_fail(reader, node->key_line, node->key_column,
			"peak `%s` needs `%s`: %s", peak->name, peak->at.count == 0 ? "at" : "for",
			peak->at.count == 0 ? "when it begins" : "how long it lasts");
	if ((factor != NULL) == (peak->rate.count > 0))
		return config_fail(reader, node->key_line, node->key_column,
			factor ? "peak `%s` has both `factor` and `rate`; it can be only one"
			       : "peak `%s` says nothing about the load: it needs factor or rate",
			peak->name);
	if (peak->rate.count > 0 && peak->kinds.count == 0)
		return config_fail(reader, node->key_line, node->key_column,
			"peak `%s` has a `rate`, so it needs `kinds`: each of them gets that rate",
			peak->name);
	for (uint32_t i = 0; i < peak->at.count; i++)
		if (peak->at.items[i].days != 0 && peak->duration_ns > NS_PER_DAY)
			return config_fail(reader, lasting->line, lasting->column,
				"`for` of peak `%s`, which repeats, must be at most 1d",
				peak->name);
	return factor == NULL || read_factor(reader, factor, peak);
}

bool config_finish_peaks(
	struct config_reader *reader, const struct yaml_node *node, struct config *config)
{
	const struct yaml_node *entry = node ? node->child : NULL;
	uint32_t windows = 0;

	for (uint32_t i = 0; i < config->peaks.count; i++, entry = entry->next) {
		if (!finish_peak(reader, entry, &config->peaks.items[i]))
			return false;
		windows += config->peaks.items[i].at.count;
		if (windows > BAL_PEAKS_MAX)
			return config_fail(reader, entry->key_line, entry->key_column,
				"peak `%s`: more than %d times under `at` in all peaks",
				config->peaks.items[i].name, BAL_PEAKS_MAX);
	}
	return true;
}
