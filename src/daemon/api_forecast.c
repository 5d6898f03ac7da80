/* SPDX-License-Identifier: Apache-2.0 */
/* What the load will be, and what will be in use: the forecasts of each kind, each pool and the
 * store with what they were worth so far, for people and their tools, and a few numbers of them for
 * Prometheus.
 *
 * Arrivals and work are rates, so that horizons with bins of different lengths compare: arrivals
 * are tasks an hour, work is seconds of service per second, which is the slots that it keeps busy.
 * What is in use is a level, the same in bins of any length. */
#include "daemon/forecasts.h"
#include "daemon/instant.h"
#include "daemon/request.h"

#include "base/num.h"
#include "base/units.h"
#include "wire/quantity.h"

#include <stdio.h>

#define FORECASTS_SIZE_MAX (16u << 20)
#define SIGNAL_SIZE        (128 + 16)
#define PAST_BINS          48
#define AHEAD_BINS         24
#define METRIC_OWNERS_MAX  32
#define DECIMALS           3
#define RATE_SIZE          64

#define SERIES_OF_ONE 2 /* kind, pool or store */
#define NO_SPACE      BAL_SYMBOL_SPACE_COUNT

/* What a series is called, in what it is shown (an amount of the core is `scale` of it), and whose
 * it is. */
static const struct {
	const char *name, *unit;
	double scale;
	enum bal_symbol_space space; /* NO_SPACE: of the store */
	bool is_rate;
} SERIES[BAL_SERIES_COUNT] = {
	[BAL_SERIES_ARRIVALS] = {"arrivals", "tasks/h", (double)NS_PER_HOUR, BAL_SYMBOL_KIND, true},
	[BAL_SERIES_WORK] = {"work", "slots", (double)NS_PER_S, BAL_SYMBOL_KIND, true},
	[BAL_SERIES_CPU] = {"cpu", "cores", 1e-3, BAL_SYMBOL_POOL, false},
	[BAL_SERIES_MEMORY] = {"memory", "MiB", 1, BAL_SYMBOL_POOL, false},
	[BAL_SERIES_STORAGE] = {"storage", "MiB", 1 / (double)MIB, NO_SPACE, false},
	[BAL_SERIES_DATA] = {"data", "MiB", 1 / (double)MIB, NO_SPACE, false},
};

/* One series of a kind or pool, or of the store, whose number is 0. */
struct signal {
	struct engine *engine;
	uint32_t number;
	enum bal_series series;
};

const char *forecasts_series_name(uint32_t series)
{
	return series < BAL_SERIES_COUNT ? SERIES[series].name : "?";
}

bool forecasts_series_of_pool(uint32_t series)
{
	return series < BAL_SERIES_COUNT && SERIES[series].space == BAL_SYMBOL_POOL;
}

bool forecasts_series_of_kind(uint32_t series)
{
	return series < BAL_SERIES_COUNT && SERIES[series].space == BAL_SYMBOL_KIND;
}

/* ---- numbers ---- */

static double shown_as(const struct signal *signal, double value, int64_t bin_ns)
{
	value *= SERIES[signal->series].scale;
	return SERIES[signal->series].is_rate ? value / (double)bin_ns : value;
}

static int64_t thousandths(double value)
{
	return num_to_i64(num_round(value * 1000));
}

static void put_number(struct json_writer *writer, const char *key, double value)
{
	json_key(writer, key);
	json_put_decimal(writer, thousandths(value), DECIMALS);
}

static void put_band(const struct signal *signal, const struct bal_band *band, int64_t bin_ns,
	struct json_writer *writer)
{
	put_number(writer, "mean", shown_as(signal, band->mean, bin_ns));
	put_number(writer, "low80", shown_as(signal, band->low80, bin_ns));
	put_number(writer, "high80", shown_as(signal, band->high80, bin_ns));
	put_number(writer, "low95", shown_as(signal, band->low95, bin_ns));
	put_number(writer, "high95", shown_as(signal, band->high95, bin_ns));
	if (band->peak == BAL_NONE)
		return;
	if (band->usual == band->usual)
		put_number(writer, "usual", shown_as(signal, band->usual, bin_ns));
	json_key(writer, "peak");
	json_put_text(
		writer, names_text(engine_names(signal->engine), BAL_SYMBOL_PEAK, band->peak));
}

static void write_horizon(
	const struct signal *signal, const struct bal_outlook *outlook, struct json_writer *writer)
{
	json_open(writer, '{');
	json_key(writer, "ahead_seconds");
	json_put_signed(writer, outlook->ahead_ns / NS_PER_S);
	json_key(writer, "bin_seconds");
	json_put_signed(writer, outlook->bin_ns / NS_PER_S);
	put_band(signal, &outlook->band, outlook->bin_ns, writer);
	if (outlook->scored) {
		put_number(writer, "accuracy", outlook->accuracy);
		put_number(writer, "bias", outlook->bias);
		put_number(writer, "inside80", outlook->inside80);
		put_number(writer, "inside95", outlook->inside95);
		put_number(writer, "confidence", outlook->confidence);
	}
	if (outlook->skilled)
		put_number(writer, "skill", outlook->skill);
	json_close(writer);
}

/* ---- one signal ---- */

static bool is_hourly(const struct signal *signal)
{
	struct bal_band band;

	return bal_series_ahead(
		engine_core(signal->engine), signal->number, signal->series, true, 1, &band);
}

/* What a chart needs: the closed bins and those ahead, of hours once there is a forecast of them.
 */
static void write_course(const struct signal *signal, struct json_writer *writer)
{
	struct bal_core *core = engine_core(signal->engine);
	bool hourly = is_hourly(signal);
	int64_t bin_ns = hourly ? NS_PER_HOUR : 5 * NS_PER_MIN;
	struct bal_band band;
	double value;

	json_key(writer, "course_bin_seconds");
	json_put_signed(writer, bin_ns / NS_PER_S);
	json_key(writer, "past");
	json_open(writer, '[');
	for (uint32_t back = PAST_BINS; back > 0; back--) {
		if (!bal_series_past(core, signal->number, signal->series, hourly, back, &value))
			continue;
		if (value == value)
			json_put_decimal(
				writer, thousandths(shown_as(signal, value, bin_ns)), DECIMALS);
		else
			json_put_null(writer);
	}
	json_close(writer);
	json_key(writer, "ahead");
	json_open(writer, '[');
	for (uint32_t lead = 1; lead <= AHEAD_BINS; lead++) {
		if (!bal_series_ahead(core, signal->number, signal->series, hourly, lead, &band))
			break;
		json_open(writer, '{');
		put_band(signal, &band, bin_ns, writer);
		json_close(writer);
	}
	json_close(writer);
}

/* Of its kind or pool; absent for the store. */
static struct span owner_name(const struct signal *signal)
{
	enum bal_symbol_space space = SERIES[signal->series].space;

	if (space == NO_SPACE)
		return (struct span){NULL, 0};
	return names_text(engine_names(signal->engine), space, signal->number);
}

static struct span signal_name(const struct signal *signal, char *memory, size_t size)
{
	struct span owner = owner_name(signal);
	int length = snprintf(memory, size, "%s%s%.*s", SERIES[signal->series].name,
		owner.at == NULL ? "" : "/", (int)owner.size, owner.at == NULL ? "" : owner.at);

	return (struct span){memory, (size_t)length < size ? (size_t)length : size - 1};
}

/* Absent while too little is known to tell. */
static void put_unrest(const struct signal *signal, struct json_writer *writer)
{
	struct bal_unrest unrest;

	if (!bal_series_unrest(
		    engine_core(signal->engine), signal->number, signal->series, &unrest))
		return;
	put_number(writer, "anomaly_score", unrest.score);
	json_key(writer, "anomalous");
	json_put_bool(writer, unrest.anomalous);
	if (unrest.anomalous) {
		json_key(writer, "anomalous_since");
		instant_put(writer, unrest.since_ns);
	}
}

/* Absent while tasks take as long as usual. */
static void put_shift(const struct signal *signal, struct json_writer *writer)
{
	struct bal_shift shift;

	if (!bal_shift(engine_core(signal->engine), signal->number, &shift) || !shift.found)
		return;
	json_key(writer, "service_shift");
	json_open(writer, '{');
	put_number(writer, "factor", shift.factor);
	json_key(writer, "since");
	instant_put(writer, shift.since_ns);
	json_key(writer, "found_at");
	instant_put(writer, shift.at_ns);
	json_close(writer);
}

static void write_owner(const struct signal *signal, struct json_writer *writer)
{
	if (SERIES[signal->series].space == NO_SPACE)
		return;
	json_key(writer, SERIES[signal->series].space == BAL_SYMBOL_KIND ? "kind" : "pool");
	json_put_text(writer, owner_name(signal));
}

/* A time that is not foreseen is null. */
static void put_time(struct json_writer *writer, const char *key, int64_t ahead_ns)
{
	if (ahead_ns != BAL_NEVER_NS) {
		put_number(writer, key, (double)ahead_ns / (double)NS_PER_S);
		return;
	}
	json_key(writer, key);
	json_put_null(writer);
}

/* What is in use now, of how much, and when that is used up. */
static void write_use(const struct signal *signal, struct json_writer *writer)
{
	static const char *const BY[] = {"none", "forecast", "trend"};
	struct bal_core *core = engine_core(signal->engine);
	struct bal_exhaustion exhaustion;
	double now;

	if (bal_series_now(core, signal->number, signal->series, &now))
		put_number(writer, "now", shown_as(signal, now, 0));
	if (!bal_exhaustion(core, signal->number, signal->series, &exhaustion))
		return;
	put_number(writer, "limit", shown_as(signal, exhaustion.limit, 0));
	json_key(writer, "exhaustion");
	json_open(writer, '{');
	json_key(writer, "by");
	json_put_word(writer, BY[exhaustion.by]);
	put_time(writer, "soonest_seconds", exhaustion.soonest_ns);
	put_time(writer, "likely_seconds", exhaustion.likely_ns);
	put_time(writer, "latest_seconds", exhaustion.latest_ns);
	json_close(writer);
}

static void write_signal(const struct signal *signal, bool course, struct json_writer *writer)
{
	char memory[SIGNAL_SIZE];
	struct bal_outlook outlook;

	json_open(writer, '{');
	json_key(writer, "signal");
	json_put_text(writer, signal_name(signal, memory, sizeof memory));
	write_owner(signal, writer);
	json_key(writer, "unit");
	json_put_word(writer, SERIES[signal->series].unit);
	put_unrest(signal, writer);
	if (signal->series == BAL_SERIES_WORK)
		put_shift(signal, writer);
	write_use(signal, writer);
	json_key(writer, "horizons");
	json_open(writer, '[');
	for (uint32_t i = 0; i < BAL_HORIZONS_MAX; i++)
		if (bal_outlook(engine_core(signal->engine), signal->number, signal->series, i,
			    &outlook))
			write_horizon(signal, &outlook, writer);
	json_close(writer);
	if (course)
		write_course(signal, writer);
	json_close(writer);
}

static bool is_seen(const struct signal *signal)
{
	double value;

	return bal_series_past(engine_core(signal->engine), signal->number, signal->series, false,
		       1, &value) ||
	       bal_series_now(engine_core(signal->engine), signal->number, signal->series, &value);
}

/* ---- GET /v1/forecasts ---- */

static uint32_t owner_count(struct engine *engine, enum bal_series series)
{
	if (SERIES[series].space == NO_SPACE)
		return 1;
	return names_count(engine_names(engine), SERIES[series].space);
}

static bool is_wanted(const struct signal *signal, struct span wanted)
{
	char memory[SIGNAL_SIZE];

	return wanted.at == NULL || span_equal(wanted, signal_name(signal, memory, sizeof memory));
}

static uint32_t write_all(struct engine *engine, struct span wanted, struct json_writer *writer)
{
	uint32_t count = 0;

	for (uint32_t first = 0; first < BAL_SERIES_COUNT; first += SERIES_OF_ONE)
		for (uint32_t i = 0;
			i < owner_count(engine, (enum bal_series)first) * SERIES_OF_ONE; i++) {
			struct signal signal = {engine, i / SERIES_OF_ONE,
				(enum bal_series)(first + i % SERIES_OF_ONE)};

			if (!is_wanted(&signal, wanted) || !is_seen(&signal))
				continue;
			write_signal(&signal, wanted.at != NULL, writer);
			count++;
		}
	return count;
}

/* ---- scheduled windows ---- */

static void write_kinds(
	struct engine *engine, const struct bal_event_peak *peak, struct json_writer *writer)
{
	json_key(writer, "kinds");
	json_open(writer, '[');
	for (uint32_t i = 0; i < peak->kinds_count; i++)
		json_put_text(
			writer, names_text(engine_names(engine), BAL_SYMBOL_KIND, peak->kinds[i]));
	json_close(writer);
}

/* Peaks begin at whole seconds of the wall clock; the two clocks part by some nanoseconds. */
static void put_second(struct engine *engine, int64_t core_ns, struct json_writer *writer)
{
	int64_t utc_ns = clock_to_utc_ns(engine_clock(engine), core_ns) + NS_PER_S / 2;

	instant_put(writer, utc_ns - utc_ns % NS_PER_S);
}

static void write_peak(
	struct engine *engine, const struct bal_peak_view *view, struct json_writer *writer)
{
	const struct bal_event_peak *peak = &view->peak;
	char memory[RATE_SIZE];
	struct buffer rate;

	json_open(writer, '{');
	json_key(writer, "peak");
	json_put_text(writer, names_text(engine_names(engine), BAL_SYMBOL_PEAK, peak->name));
	json_key(writer, "begins");
	put_second(engine, view->begins_at_ns, writer);
	json_key(writer, "ends");
	put_second(engine, view->ends_at_ns, writer);
	if (peak->rate_count > 0) {
		buffer_init_fixed(&rate, memory, sizeof memory);
		quantity_write_rate(&rate, peak->rate_count, peak->rate_period_ns);
		json_key(writer, "rate");
		json_put_text(writer, buffer_span(&rate));
	} else {
		put_number(writer, "factor", (double)peak->factor_permille / PERMILLE);
	}
	write_kinds(engine, peak, writer);
	json_close(writer);
}

/* Those that are open or still to come. */
static void write_peaks(struct engine *engine, struct json_writer *writer)
{
	struct bal_peak_view view;

	json_key(writer, "peaks");
	json_open(writer, '[');
	for (uint32_t i = 0; i < BAL_PEAKS_MAX; i++)
		if (bal_peak_view(engine_core(engine), i, &view) && view.comes)
			write_peak(engine, &view, writer);
	json_close(writer);
}

void api_forecast_list(struct request *request)
{
	struct url_parameter parameters[] = {{.name = "signal"}};
	char memory[REQUEST_QUERY_SIZE];
	struct json_writer writer;
	struct buffer body;
	uint32_t count;

	if (!request_query(request, parameters, 1, memory))
		return;
	buffer_init(&body, FORECASTS_SIZE_MAX);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "forecasts");
	json_open(&writer, '[');
	count = write_all(request->engine, parameters[0].value, &writer);
	json_close(&writer);
	write_peaks(request->engine, &writer);
	json_close(&writer);
	if (count > 0 || parameters[0].value.at == NULL) {
		request_answer_json(request, 200, &body);
		return;
	}
	buffer_release(&body);
	request_problem(request, 404, "signal",
		"there is no such signal yet: GET /v1/forecasts names those that there are");
}

/* ---- metrics ---- */

/* The families, in the order of metric_of. */
static const enum metric_id FAMILIES[] = {METRIC_ID_FORECAST, METRIC_ID_FORECAST_HIGH80,
	METRIC_ID_FORECAST_ACCURACY, METRIC_ID_FORECAST_CONFIDENCE};

#define FAMILY_COUNT (sizeof FAMILIES / sizeof FAMILIES[0])

static double metric_of(
	const struct signal *signal, const struct bal_outlook *outlook, uint32_t family)
{
	switch (family) {
	case 0:
		return shown_as(signal, outlook->band.mean, outlook->bin_ns);
	case 1:
		return shown_as(signal, outlook->band.high80, outlook->bin_ns);
	case 2:
		return outlook->accuracy;
	default:
		return outlook->confidence;
	}
}

static void label_owner(const struct signal *signal, struct metric_text *text)
{
	if (SERIES[signal->series].space != NO_SPACE)
		metric_label(text,
			SERIES[signal->series].space == BAL_SYMBOL_KIND ? "kind" : "pool",
			owner_name(signal));
}

static void put_metric(const struct signal *signal, uint32_t family, struct metric_text *text)
{
	static const struct {
		uint32_t horizon;
		const char *name;
	} SHOWN[] = {{1, "1h"}, {4, "24h"}};
	struct bal_outlook outlook;

	for (uint32_t i = 0; i < sizeof SHOWN / sizeof SHOWN[0]; i++) {
		if (!bal_outlook(engine_core(signal->engine), signal->number, signal->series,
			    SHOWN[i].horizon, &outlook) ||
			(family >= 2 && !outlook.scored))
			continue;
		metric_begin(text, "");
		metric_label(text, "series", span_of(SERIES[signal->series].name));
		label_owner(signal, text);
		metric_label(text, "ahead", span_of(SHOWN[i].name));
		metric_decimal(text, thousandths(metric_of(signal, &outlook, family)), DECIMALS);
	}
}

static void put_score(const struct signal *signal, struct metric_text *text)
{
	struct bal_unrest unrest;

	if (!bal_series_unrest(
		    engine_core(signal->engine), signal->number, signal->series, &unrest))
		return;
	metric_begin(text, "");
	metric_label(text, "series", span_of(SERIES[signal->series].name));
	label_owner(signal, text);
	metric_decimal(text, thousandths(unrest.score), DECIMALS);
}

static void put_scores(struct engine *engine, struct metric_text *text)
{
	uint32_t kinds = names_count(engine_names(engine), BAL_SYMBOL_KIND), shown = 0;

	metric_family(text, METRIC_ID_ANOMALY_SCORE);
	for (uint32_t kind = 0; kind < kinds && shown < METRIC_OWNERS_MAX; kind++) {
		struct signal arrivals = {engine, kind, BAL_SERIES_ARRIVALS};
		struct signal work = {engine, kind, BAL_SERIES_WORK};

		shown += is_seen(&arrivals);
		put_score(&arrivals, text);
		put_score(&work, text);
	}
}

static void put_shifts(struct engine *engine, struct metric_text *text)
{
	uint32_t kinds = names_count(engine_names(engine), BAL_SYMBOL_KIND), shown = 0;

	metric_family(text, METRIC_ID_SERVICE_SHIFT);
	for (uint32_t kind = 0; kind < kinds && shown < METRIC_OWNERS_MAX; kind++) {
		struct signal work = {engine, kind, BAL_SERIES_WORK};
		struct bal_shift shift;

		if (!bal_shift(engine_core(engine), kind, &shift))
			continue;
		shown++;
		metric_begin(text, "");
		metric_label(text, "kind", owner_name(&work));
		metric_decimal(text, thousandths(shift.found ? shift.factor : 1.0), DECIMALS);
	}
}

/* Of the series of one kind, pool or the store; true when there is one. */
static bool put_metrics(struct engine *engine, uint32_t number, uint32_t first, uint32_t family,
	struct metric_text *text)
{
	bool seen = false;

	for (uint32_t i = 0; i < SERIES_OF_ONE; i++) {
		struct signal signal = {engine, number, (enum bal_series)(first + i)};

		seen = is_seen(&signal) || seen;
		put_metric(&signal, family, text);
	}
	return seen;
}

/* Seconds until it is used up; nothing for what lasts. */
static void put_exhaustion(const struct signal *signal, struct metric_text *text)
{
	struct bal_exhaustion exhaustion;

	if (!bal_exhaustion(
		    engine_core(signal->engine), signal->number, signal->series, &exhaustion) ||
		exhaustion.likely_ns == BAL_NEVER_NS)
		return;
	metric_begin(text, "");
	metric_label(text, "series", span_of(SERIES[signal->series].name));
	label_owner(signal, text);
	metric_decimal(text, exhaustion.likely_ns / (NS_PER_S / 1000), DECIMALS);
}

static void put_exhaustions(struct engine *engine, struct metric_text *text)
{
	struct signal storage = {engine, 0, BAL_SERIES_STORAGE};
	uint32_t pools = owner_count(engine, BAL_SERIES_MEMORY);

	metric_family(text, METRIC_ID_EXHAUSTION);
	for (uint32_t i = 0; i < pools && i < METRIC_OWNERS_MAX; i++) {
		struct signal memory = {engine, i, BAL_SERIES_MEMORY};

		put_exhaustion(&memory, text);
	}
	put_exhaustion(&storage, text);
}

void forecasts_metrics(struct engine *engine, struct metric_text *text)
{
	put_shifts(engine, text);
	put_scores(engine, text);
	for (uint32_t family = 0; family < FAMILY_COUNT; family++) {
		metric_family(text, FAMILIES[family]);
		for (uint32_t first = 0; first < BAL_SERIES_COUNT; first += SERIES_OF_ONE) {
			uint32_t owners = owner_count(engine, (enum bal_series)first), shown = 0;

			for (uint32_t i = 0; i < owners && shown < METRIC_OWNERS_MAX; i++)
				shown += put_metrics(engine, i, first, family, text);
		}
	}
	put_exhaustions(engine, text);
}
