/* SPDX-License-Identifier: Apache-2.0 */
/* A window here is one of core/peak.c without a load: when it begins and ends is worked out there,
 * once for both. */
#include "core/minimum.h"

#include "base/num.h"
#include "core/peak.h"

static struct bal_event_peak window_of(const struct bal_event_minimum *minimum)
{
	return (struct bal_event_peak){.days = minimum->days,
		.begins_ns = minimum->begins_ns,
		.duration_ns = minimum->duration_ns};
}

bool minimum_valid(const struct bal_event_minimum *minimum)
{
	struct bal_event_peak window = window_of(minimum);

	return minimum->place < BAL_MINIMUMS_MAX && peak_valid(&window);
}

static void trim(struct minimum_table *table)
{
	while (table->high > 0 && table->items[table->high - 1].duration_ns == 0)
		table->high--;
}

bool minimum_set(struct minimum_table *table, const struct bal_event_minimum *minimum)
{
	struct bal_event_minimum *to;

	if (!minimum_valid(minimum))
		return false;
	to = &table->items[minimum->place];
	*to = (struct bal_event_minimum){.duration_ns = 0};
	if (minimum->duration_ns > 0) {
		*to = *minimum;
		table->high = table->high > minimum->place ? table->high : minimum->place + 1;
	}
	trim(table);
	return true;
}

uint32_t minimum_of(
	const struct minimum_table *table, uint32_t pool, int64_t at_ns, int64_t ahead_ns)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < table->high; i++) {
		const struct bal_event_minimum *minimum = &table->items[i];
		struct bal_event_peak window = window_of(minimum);
		int64_t begins_ns, ends_ns;

		if (minimum->pool != pool || minimum->agents <= most ||
			!peak_next(&window, at_ns, &begins_ns, &ends_ns))
			continue;
		if (begins_ns <= num_add_i64(at_ns, ahead_ns))
			most = minimum->agents;
	}
	return most;
}

bool minimum_restore(struct minimum_table *table)
{
	table->high = BAL_MINIMUMS_MAX;
	trim(table);
	for (uint32_t i = 0; i < table->high; i++) {
		const struct bal_event_minimum *minimum = &table->items[i];

		if (minimum->duration_ns > 0 && (minimum->place != i || !minimum_valid(minimum)))
			return false;
	}
	return true;
}
