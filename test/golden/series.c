/* SPDX-License-Identifier: Apache-2.0 */
#include "series.h"

#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"

#define SEED UINT64_C(20240607)

static const struct {
	const char *name;
	int64_t step_s;
	uint32_t count;
} KINDS[] = {
#define X(name, step_s, count) {#name, step_s, count},
	SERIES(X)
#undef X
};

/* Load of people: a hump that leans to the evening, and less of it on two days of seven. */
static double course(int64_t second)
{
	double phase = (double)(second % 86400) / 86400;
	bool is_weekend = second / 86400 % 7 >= 5;

	return (0.4 + 4 * phase * (1 - phase) * phase) * (is_weekend ? 0.5 : 1.1);
}

/* How many arrivals there are when `mean` are usual. */
static double draw_count(struct prng *prng, double mean)
{
	double count = -1;

	for (double time = 0; time < mean; count++)
		time += prng_exponential(prng, 1.0);
	return num_max(count, 0);
}

static double draw_load(struct prng *prng, uint32_t at, int64_t second)
{
	double noise = prng_normal(prng), kind = prng_unit(prng);
	double value = 500 * course(second) * (1 + 0.06 * noise);

	if (kind < 0.01)
		return __builtin_nan("");
	if (kind < 0.015)
		return 30 * value;
	return (at >= 400 && at < 406) || at == 700 ? 0 : value;
}

static double draw_bursts(struct prng *prng, uint32_t at)
{
	double size = prng_lognormal(prng, 20, 1), rare = prng_unit(prng);

	return at % 50 < 4 || rare < 0.02 ? num_round(size) : 0;
}

static double draw_value(struct prng *prng, enum series_kind kind, uint32_t at, int64_t second)
{
	double noise = prng_normal(prng);

	switch (kind) {
	case SERIES_LOAD:
		return draw_load(prng, at, second);
	case SERIES_COUNTS:
		return draw_count(prng, 3 * course(second));
	case SERIES_LONG:
	case SERIES_MINUTES:
		return prng_chance(prng, PPM / 200) ? __builtin_nan("")
						    : 40 * course(second) * (1 + 0.2 * noise);
	case SERIES_TREND:
		return 1000 + 10.0 * at + 30 * noise;
	case SERIES_SHIFT:
		return (at < 320 ? 100 : 300) * course(second) + 5 * noise;
	case SERIES_BURSTS:
		return draw_bursts(prng, at);
	case SERIES_CYCLE:
		return 50 + (at % 12 < 3 ? 40 : 0) + 4 * noise;
	case SERIES_BALANCE:
		return 20 * (course(second) - 0.8) + noise;
	case SERIES_FORTNIGHTS:
		return 10 + at % 3 + 0.5 * noise;
	case SERIES_CONSTANT:
		return 7.25;
	case SERIES_ZEROS:
		return 0;
	case SERIES_THREE:
		return 3.5 - at;
	case SERIES_ONE:
		return 42;
	case SERIES_LATE:
		return at < 30 || at % 37 == 0 ? __builtin_nan("") : 90 * course(second) + noise;
	case SERIES_NOTHING:
		return __builtin_nan("");
	default:
		return course(second) * (1 + 0.1 * noise);
	}
}

void series_draw(struct series *series, enum series_kind kind)
{
	double scale = kind == SERIES_HUGE ? 1e29 : kind == SERIES_TINY ? 1e-29 : 1;
	double walked = 50;
	struct prng prng;

	prng_init(&prng, SEED + (uint64_t)kind);
	series->name = KINDS[kind].name;
	series->step_ns = KINDS[kind].step_s * NS_PER_S;
	series->count = KINDS[kind].count;
	for (uint32_t i = 0; i < series->count; i++) {
		series->values[i] = scale * draw_value(&prng, kind, i, i * KINDS[kind].step_s);
		if (kind != SERIES_WALK)
			continue;
		walked += series->values[i] - 0.45;
		series->values[i] = num_abs(walked);
	}
}
