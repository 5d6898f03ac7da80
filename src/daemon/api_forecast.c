/* SPDX-License-Identifier: Apache-2.0 */
/* What the load will be: the forecasts of each kind with what they were worth so far, for people
 * and their tools, and a few numbers of them for Prometheus.
 *
 * Values are rates, so that horizons with bins of different lengths compare: arrivals are tasks an
 * hour, work is seconds of service per second, which is the slots that it keeps busy. */
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
#define METRIC_KINDS_MAX   32
#define DECIMALS           3
#define RATE_SIZE          64

static const char *const SERIES_NAMES[BAL_SERIES_COUNT] = {"arrivals", "work"};
static const char *const UNITS[BAL_SERIES_COUNT] = {"tasks/h", "slots"};

/* One series of a kind. */
struct signal {
	struct engine *engine;
	uint32_t kind;
	enum bal_series series;
};

const char *forecasts_series_name(uint32_t series)
{
	return series < BAL_SERIES_COUNT ? SERIES_NAMES[series] : "?";
}

/* ---- numbers ---- */

static double rate_of(const struct signal *signal, double value, int64_t bin_ns)
{
	double unit_ns = (double)(signal->series == BAL_SERIES_ARRIVALS ? NS_PER_HOUR : NS_PER_S);

	return value * unit_ns / (double)bin_ns;
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
	put_number(writer, "mean", rate_of(signal, band->mean, bin_ns));
	put_number(writer, "low80", rate_of(signal, band->low80, bin_ns));
	put_number(writer, "high80", rate_of(signal, band->high80, bin_ns));
	put_number(writer, "low95", rate_of(signal, band->low95, bin_ns));
	put_number(writer, "high95", rate_of(signal, band->high95, bin_ns));
	if (band->peak == BAL_NONE)
		return;
	if (band->usual == band->usual)
		put_number(writer, "usual", rate_of(signal, band->usual, bin_ns));
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
		engine_core(signal->engine), signal->kind, signal->series, true, 1, &band);
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
		if (!bal_series_past(core, signal->kind, signal->series, hourly, back, &value))
			continue;
		if (value == value)
			json_put_decimal(
				writer, thousandths(rate_of(signal, value, bin_ns)), DECIMALS);
		else
			json_put_null(writer);
	}
	json_close(writer);
	json_key(writer, "ahead");
	json_open(writer, '[');
	for (uint32_t lead = 1; lead <= AHEAD_BINS; lead++) {
		if (!bal_series_ahead(core, signal->kind, signal->series, hourly, lead, &band))
			break;
		json_open(writer, '{');
		put_band(signal, &band, bin_ns, writer);
		json_close(writer);
	}
	json_close(writer);
}

static struct span kind_name(const struct signal *signal)
{
	return names_text(engine_names(signal->engine), BAL_SYMBOL_KIND, signal->kind);
}

static struct span signal_name(const struct signal *signal, char *memory, size_t size)
{
	struct span kind = kind_name(signal);
	int length = snprintf(
		memory, size, "%s/%.*s", SERIES_NAMES[signal->series], (int)kind.size, kind.at);

	return (struct span){memory, (size_t)length < size ? (size_t)length : size - 1};
}

/* Absent while too little is known to tell. */
static void put_unrest(const struct signal *signal, struct json_writer *writer)
{
	struct bal_unrest unrest;

	if (!bal_series_unrest(engine_core(signal->engine), signal->kind, signal->series, &unrest))
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

	if (!bal_shift(engine_core(signal->engine), signal->kind, &shift) || !shift.found)
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

static void write_signal(const struct signal *signal, bool course, struct json_writer *writer)
{
	char memory[SIGNAL_SIZE];
	struct bal_outlook outlook;

	json_open(writer, '{');
	json_key(writer, "signal");
	json_put_text(writer, signal_name(signal, memory, sizeof memory));
	json_key(writer, "kind");
	json_put_text(writer, kind_name(signal));
	json_key(writer, "unit");
	json_put_word(writer, UNITS[signal->series]);
	put_unrest(signal, writer);
	if (signal->series == BAL_SERIES_WORK)
		put_shift(signal, writer);
	json_key(writer, "horizons");
	json_open(writer, '[');
	for (uint32_t i = 0; i < BAL_HORIZONS_MAX; i++)
		if (bal_outlook(
			    engine_core(signal->engine), signal->kind, signal->series, i, &outlook))
			write_horizon(signal, &outlook, writer);
	json_close(writer);
	if (course)
		write_course(signal, writer);
	json_close(writer);
}

static bool is_seen(const struct signal *signal)
{
	double value;

	return bal_series_past(
		engine_core(signal->engine), signal->kind, signal->series, false, 1, &value);
}

/* ---- GET /v1/forecasts ---- */

static uint32_t write_all(struct engine *engine, struct span wanted, struct json_writer *writer)
{
	uint32_t kinds = names_count(engine_names(engine), BAL_SYMBOL_KIND), count = 0;
	char memory[SIGNAL_SIZE];

	for (uint32_t i = 0; i < kinds * BAL_SERIES_COUNT; i++) {
		struct signal signal = {
			engine, i / BAL_SERIES_COUNT, (enum bal_series)(i % BAL_SERIES_COUNT)};

		if (!is_seen(&signal) ||
			(wanted.at != NULL &&
				!span_equal(wanted, signal_name(&signal, memory, sizeof memory))))
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
		return rate_of(signal, outlook->band.mean, outlook->bin_ns);
	case 1:
		return rate_of(signal, outlook->band.high80, outlook->bin_ns);
	case 2:
		return outlook->accuracy;
	default:
		return outlook->confidence;
	}
}

static void put_metric(const struct signal *signal, uint32_t family, struct metric_text *text)
{
	static const struct {
		uint32_t horizon;
		const char *name;
	} SHOWN[] = {{1, "1h"}, {4, "24h"}};
	struct bal_outlook outlook;

	for (uint32_t i = 0; i < sizeof SHOWN / sizeof SHOWN[0]; i++) {
		if (!bal_outlook(engine_core(signal->engine), signal->kind, signal->series,
			    SHOWN[i].horizon, &outlook) ||
			(family >= 2 && !outlook.scored))
			continue;
		metric_begin(text, "");
		metric_label(text, "series", span_of(SERIES_NAMES[signal->series]));
		metric_label(text, "kind", kind_name(signal));
		metric_label(text, "ahead", span_of(SHOWN[i].name));
		metric_decimal(text, thousandths(metric_of(signal, &outlook, family)), DECIMALS);
	}
}

static void put_score(const struct signal *signal, struct metric_text *text)
{
	struct bal_unrest unrest;

	if (!bal_series_unrest(engine_core(signal->engine), signal->kind, signal->series, &unrest))
		return;
	metric_begin(text, "");
	metric_label(text, "series", span_of(SERIES_NAMES[signal->series]));
	metric_label(text, "kind", kind_name(signal));
	metric_decimal(text, thousandths(unrest.score), DECIMALS);
}

static void put_scores(struct engine *engine, struct metric_text *text)
{
	uint32_t kinds = names_count(engine_names(engine), BAL_SYMBOL_KIND), shown = 0;

	metric_family(text, METRIC_ID_ANOMALY_SCORE);
	for (uint32_t kind = 0; kind < kinds && shown < METRIC_KINDS_MAX; kind++) {
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
	for (uint32_t kind = 0; kind < kinds && shown < METRIC_KINDS_MAX; kind++) {
		struct signal work = {engine, kind, BAL_SERIES_WORK};
		struct bal_shift shift;

		if (!bal_shift(engine_core(engine), kind, &shift))
			continue;
		shown++;
		metric_begin(text, "");
		metric_label(text, "kind", kind_name(&work));
		metric_decimal(text, thousandths(shift.found ? shift.factor : 1.0), DECIMALS);
	}
}

void forecasts_metrics(struct engine *engine, struct metric_text *text)
{
	put_shifts(engine, text);
	put_scores(engine, text);
	uint32_t kinds = names_count(engine_names(engine), BAL_SYMBOL_KIND);

	for (uint32_t family = 0; family < FAMILY_COUNT; family++) {
		uint32_t shown = 0;

		metric_family(text, FAMILIES[family]);
		for (uint32_t kind = 0; kind < kinds && shown < METRIC_KINDS_MAX; kind++) {
			struct signal arrivals = {engine, kind, BAL_SERIES_ARRIVALS};
			struct signal work = {engine, kind, BAL_SERIES_WORK};

			shown += is_seen(&arrivals);
			put_metric(&arrivals, family, text);
			put_metric(&work, family, text);
		}
	}
}
