/* SPDX-License-Identifier: Apache-2.0 */
/* A span is cut where a window opens or closes; between two cuts one window counts, or none. With
 * at most eight days, and windows of a day that repeat no more often than daily, the cuts are
 * bounded by the table. */
#include "core/peak.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"

#include <string.h>

#define EPOCH_DAY   3 /* 1970-01-01 was a Thursday, Monday is 0 */
#define DAYS_ALL    127u
#define SPAN_MAX_NS (8 * NS_PER_DAY)
#define FACTOR_MAX  1000000u

bool peak_valid(const struct bal_event_peak *peak)
{
	bool repeats = peak->days != 0;

	if (peak->place >= BAL_PEAKS_MAX || peak->duration_ns < 0)
		return false;
	if (peak->duration_ns == 0)
		return true;
	return peak->days <= DAYS_ALL && peak->begins_ns >= 0 &&
	       peak->begins_ns <= (repeats ? NS_PER_DAY - 1 : PEAK_BEGIN_MAX_NS) &&
	       peak->duration_ns <= (repeats ? NS_PER_DAY : PEAK_ONCE_MAX_NS) &&
	       peak->factor_permille <= FACTOR_MAX &&
	       (peak->rate_count == 0 || peak->rate_period_ns > 0) &&
	       peak->kinds_count <= BAL_PEAK_KINDS_MAX;
}

bool peak_set(struct peak_table *table, const struct bal_event_peak *peak)
{
	struct bal_event_peak *to;

	if (!peak_valid(peak))
		return false;
	to = &table->items[peak->place];
	memset(to, 0, sizeof *to);
	if (peak->duration_ns > 0) {
		*to = *peak;
		/* Equal windows have equal forms, whatever stood behind their kinds. */
		for (uint32_t i = peak->kinds_count; i < BAL_PEAK_KINDS_MAX; i++)
			to->kinds[i] = 0;
		table->high = table->high > peak->place ? table->high : peak->place + 1;
	}
	while (table->high > 0 && table->items[table->high - 1].duration_ns == 0)
		table->high--;
	return true;
}

/* The number of the day since 1970, rounded down also before it. */
static int64_t day_of(int64_t at_ns)
{
	return at_ns / NS_PER_DAY - (at_ns % NS_PER_DAY < 0);
}

static bool day_counts(const struct bal_event_peak *peak, int64_t day)
{
	int64_t weekday = ((day + EPOCH_DAY) % 7 + 7) % 7;

	return (peak->days >> weekday & 1) != 0;
}

bool peak_next(
	const struct bal_event_peak *peak, int64_t at_ns, int64_t *begins_ns, int64_t *ends_ns)
{
	int64_t today = day_of(at_ns);

	if (peak->duration_ns == 0)
		return false;
	if (peak->days == 0) {
		*begins_ns = peak->begins_ns;
		*ends_ns = peak->begins_ns + peak->duration_ns;
		return *ends_ns > at_ns;
	}
	/* Yesterday's may be open still; this weekday's may be over until the next week. */
	for (int64_t day = today - 1; day <= today + 7; day++) {
		*begins_ns = day * NS_PER_DAY + peak->begins_ns;
		*ends_ns = *begins_ns + peak->duration_ns;
		if (day_counts(peak, day) && *ends_ns > at_ns)
			return true;
	}
	return false;
}

static bool is_of(const struct bal_event_peak *peak, uint32_t kind)
{
	for (uint32_t i = 0; i < peak->kinds_count; i++)
		if (peak->kinds[i] == kind)
			return true;
	return peak->kinds_count == 0;
}

static double rate_of(const struct bal_event_peak *peak)
{
	return peak->rate_count == 0
		       ? 0
		       : (double)peak->rate_count * (double)NS_PER_S / (double)peak->rate_period_ns;
}

/* True when `peak` counts and `other` does not, both being open. */
static bool outranks(const struct bal_event_peak *peak, const struct bal_event_peak *other)
{
	if (peak->rate_count > 0 || other->rate_count > 0)
		return rate_of(peak) > rate_of(other);
	return peak->factor_permille > other->factor_permille;
}

/* What counts at an instant, NULL when nothing does, and when that may change, `to_ns` at the
 * latest. */
static const struct bal_event_peak *counts_at(const struct peak_table *table, uint32_t kind,
	int64_t at_ns, int64_t to_ns, int64_t *until_ns)
{
	const struct bal_event_peak *best = NULL;

	*until_ns = to_ns;
	for (uint32_t i = 0; i < table->high; i++) {
		const struct bal_event_peak *peak = &table->items[i];
		int64_t begins_ns, ends_ns;

		if (!is_of(peak, kind) || !peak_next(peak, at_ns, &begins_ns, &ends_ns))
			continue;
		*until_ns = num_min_i64(*until_ns, begins_ns > at_ns ? begins_ns : ends_ns);
		if (begins_ns <= at_ns && (best == NULL || outranks(peak, best)))
			best = peak;
	}
	return best;
}

bool peak_over(const struct peak_table *table, uint32_t kind, int64_t from_ns, int64_t to_ns,
	struct peak_load *load)
{
	double span_ns = (double)(to_ns - from_ns);
	const struct bal_event_peak *last = NULL;
	int64_t longest_ns = 0, run_ns = 0;

	bal_assert(to_ns > from_ns);
	bal_assert(to_ns - from_ns <= SPAN_MAX_NS);
	*load = (struct peak_load){0, 0, BAL_NONE};
	for (int64_t at_ns = from_ns, until_ns; table->high > 0 && at_ns < to_ns;
		at_ns = until_ns) {
		const struct bal_event_peak *peak = counts_at(table, kind, at_ns, to_ns, &until_ns);
		double part = (double)(until_ns - at_ns) / span_ns;

		if (peak == NULL)
			load->share += part;
		else if (peak->rate_count > 0)
			load->rate += part * rate_of(peak);
		else
			load->share += part * (double)peak->factor_permille / 1000;
		run_ns = (peak == last ? run_ns : 0) + until_ns - at_ns;
		last = peak;
		if (peak != NULL && run_ns > longest_ns) {
			longest_ns = run_ns;
			load->name = peak->name;
		}
	}
	return longest_ns > 0;
}

const char *peak_check(const struct peak_table *table)
{
	if (table->high > BAL_PEAKS_MAX ||
		(table->high > 0 && table->items[table->high - 1].duration_ns == 0))
		return "peak: the last place that is used has a window";
	for (uint32_t i = 0; i < BAL_PEAKS_MAX; i++) {
		const struct bal_event_peak *peak = &table->items[i];

		if (peak->duration_ns == 0)
			continue;
		if (i >= table->high || peak->place != i || !peak_valid(peak))
			return "peak: a window is valid and stands in its place";
	}
	return NULL;
}
