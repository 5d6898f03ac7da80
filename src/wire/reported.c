/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the text adds up, per row of the map, what series of that name say: a server with
 * several engines exposes one series for each. A second pass over the rows makes values of the
 * sums. Sums of finite numbers may still be infinite; reported_value() sees to that, and a
 * difference of two such is no number, which is refused.
 */
#include "wire/reported.h"

#include "base/num.h"
#include "wire/exposed.h"

#define NAME_PREFIX "ballast_"

/* ---- signals ---- */

bool reported_signal(struct span name, enum bal_signal *signal, struct nearest *nearest)
{
	nearest_init(nearest, name);
	for (int i = BAL_SIGNAL_HEAP; i <= BAL_SIGNAL_TOKEN_NEXT; i++) {
		const char *text = bal_signal_name((enum bal_signal)i);

		if (span_equal(name, span_of(text))) {
			*signal = (enum bal_signal)i;
			return true;
		}
		nearest_offer(nearest, text);
	}
	return false;
}

enum reported_end reported_value(enum bal_signal signal, double value, int64_t *to)
{
	int64_t most = bal_signal_form(signal).most;

	/* Neither holds for what is no number; the infinite is no measurement either. */
	if (!(value >= 0) || value - value != 0)
		return REPORTED_REFUSED;
	if (value > (double)most) {
		*to = most;
		return REPORTED_CLAMPED;
	}
	*to = (int64_t)(value + 0.5);
	if (*to > most)
		*to = most;
	return REPORTED_TAKEN;
}

/* ---- maps ---- */

static void add_row(struct reported_map *map, enum bal_signal signal, const char *metric,
	const char *over, double scale)
{
	struct span none = {NULL, 0};

	map->rows[map->count++] = (struct reported_row){.metric = span_of(metric),
		.over = over == NULL ? none : span_of(over),
		.signal = signal,
		.scale = scale};
}

static void add_own_names(struct reported_map *map)
{
#define X(name, text, ...) NAME_PREFIX text,
	static const char *const names[] = {BAL_SIGNAL_AGENT_MAP(X)};
#undef X
	for (int i = BAL_SIGNAL_HEAP; i <= BAL_SIGNAL_TOKEN_NEXT; i++)
		add_row(map, (enum bal_signal)i, names[i], NULL, 1);
}

void reported_map_init(struct reported_map *map, enum preset preset)
{
	map->count = 0;
#define X(signal, metric, over, scale) add_row(map, BAL_SIGNAL_##signal, metric, over, scale);
	if (preset == PRESET_VLLM) {
		PRESET_VLLM(X)
	} else if (preset == PRESET_SGLANG) {
		PRESET_SGLANG(X)
	} else if (preset == PRESET_BALLAST) {
		add_own_names(map);
	}
#undef X
}

static bool contains(struct span text, struct span word)
{
	for (size_t i = 0; i + word.size <= text.size; i++)
		if (span_starts(span_skip(text, i), word))
			return true;
	return false;
}

static double scale_of(struct span metric, enum bal_signal signal)
{
	enum bal_unit unit = bal_signal_form(signal).unit;

	if (unit == BAL_UNIT_PERMILLE)
		return contains(metric, SPAN("percent"))    ? 10
		       : contains(metric, SPAN("permille")) ? 1
							    : 1000;
	if (unit != BAL_UNIT_NS)
		return 1;
	if (contains(metric, SPAN("_milliseconds")) || contains(metric, SPAN("_ms")))
		return 1e6;
	return contains(metric, SPAN("_seconds")) ? 1e9 : 1;
}

bool reported_map_add(struct reported_map *map, struct span text)
{
	struct span metric = span_cut(&text, '=');
	struct nearest nearest;
	enum bal_signal signal;

	if (map->count == REPORTED_ROWS_MAX || metric.size == 0 ||
		metric.size > REPORTED_METRIC_MAX || !reported_signal(text, &signal, &nearest))
		return false;
	for (uint32_t i = map->count++; i > 0; i--)
		map->rows[i] = map->rows[i - 1];
	map->rows[0] = (struct reported_row){
		.metric = metric, .signal = signal, .scale = scale_of(metric, signal)};
	return true;
}

/* ---- reading ---- */

/* What the series of one row say together. */
struct tally {
	double sum;
	double max;
	double over;  /* of the second counter, or of a histogram's _count */
	double total; /* of a histogram's _sum */
	uint32_t series;
	bool shared; /* `over` was seen */
	bool summed; /* `total` was */
};

/* The name without that of the metric; absent when it is another one's. */
static struct span ending_of(struct span name, struct span metric)
{
	struct span none = {NULL, 0};

	return metric.size > 0 && span_starts(name, metric) ? span_skip(name, metric.size) : none;
}

static bool is_plain(struct span ending)
{
	return ending.at != NULL && (ending.size == 0 || span_equal(ending, SPAN("_total")));
}

static void add_value(
	const struct reported_row *row, const struct exposed_value *value, struct tally *tally)
{
	struct span ending = ending_of(value->name, row->metric);

	if (is_plain(ending)) {
		tally->sum += value->value;
		if (tally->series++ == 0 || value->value > tally->max)
			tally->max = value->value;
	} else if (is_plain(ending_of(value->name, row->over)) ||
		   (ending.at != NULL && span_equal(ending, SPAN("_count")))) {
		tally->over += value->value;
		tally->shared = true;
	} else if (ending.at != NULL && span_equal(ending, SPAN("_sum"))) {
		tally->total += value->value;
		tally->summed = true;
	}
}

/* What was added since the look before. */
static double increase(double now, double before, struct reported_result *result)
{
	if (now >= before)
		return now - before;
	result->resets++;
	return now;
}

/* True with what was added to a counter; the first look only says where it stands. */
static bool read_counter(struct reported_past *past, uint32_t row, double now,
	struct reported_result *result, double *value)
{
	bool known = past->known[row];

	*value = known ? increase(now, past->value[row], result) : 0;
	past->value[row] = now;
	past->known[row] = true;
	return known;
}

/* The same of two counters, as a share. */
static bool read_share(struct reported_past *past, uint32_t row, double total, double over,
	struct reported_result *result, double *value)
{
	bool known = past->known[row];
	double part = known ? increase(total, past->value[row], result) : 0;
	double whole = known ? increase(over, past->over[row], result) : 0;

	past->value[row] = total;
	past->over[row] = over;
	past->known[row] = true;
	*value = whole > 0 ? part / whole : 0;
	return known && whole > 0;
}

/* Amounts of several series add up; shares and times do not. */
static double read_gauge(enum bal_signal signal, const struct tally *tally)
{
	struct bal_signal_form form = bal_signal_form(signal);

	if (form.unit != BAL_UNIT_PERMILLE && form.unit != BAL_UNIT_NS)
		return tally->sum;
	return form.aggregate == BAL_AGGREGATE_MAX ? tally->max : tally->sum / tally->series;
}

static bool read_row(const struct reported_map *map, uint32_t row, const struct tally *tally,
	struct reported_past *past, struct reported_result *result, double *value)
{
	enum bal_signal signal = map->rows[row].signal;

	if (map->rows[row].over.size > 0)
		return tally->series > 0 && tally->shared &&
		       read_share(past, row, tally->sum, tally->over, result, value);
	if (bal_signal_form(signal).form != BAL_FORM_GAUGE)
		return tally->series > 0 && read_counter(past, row, tally->sum, result, value);
	if (tally->summed && tally->shared)
		return read_share(past, row, tally->total, tally->over, result, value);
	if (tally->series == 0)
		return false;
	*value = read_gauge(signal, tally);
	return true;
}

static void take_reading(struct reported_result *result, enum bal_signal signal, double value)
{
	struct reported_reading reading = {.signal = signal};
	enum reported_end end = reported_value(signal, value, &reading.value);

	result->clamped += end == REPORTED_CLAMPED;
	result->refused += end == REPORTED_REFUSED;
	if (end != REPORTED_REFUSED)
		result->readings[result->count++] = reading;
}

void reported_read(const struct reported_map *map, struct span text, struct reported_past *past,
	struct reported_result *result)
{
	struct tally tallies[REPORTED_ROWS_MAX] = {{.sum = 0}};
	bool taken[REPORTED_SIGNALS] = {false};
	struct exposed exposed;
	struct exposed_value value;

	*result = (struct reported_result){.count = 0};
	exposed_init(&exposed, text);
	while (exposed_next(&exposed, &value))
		for (uint32_t i = 0; i < map->count; i++)
			add_value(&map->rows[i], &value, &tallies[i]);
	result->refused = exposed.nonsense + exposed.broken + exposed.cut;
	for (uint32_t i = 0; i < map->count; i++) {
		enum bal_signal signal = map->rows[i].signal;
		double reading;

		if (!read_row(map, i, &tallies[i], past, result, &reading) ||
			taken[signal - BAL_SIGNAL_HEAP])
			continue;
		taken[signal - BAL_SIGNAL_HEAP] = true;
		take_reading(result, signal, reading * map->rows[i].scale);
	}
}
