/* SPDX-License-Identifier: Apache-2.0 */
/* Within a step arrivals are a Poisson process.  With a step of a second and the rate of its count
 * this is what thinning each recorded arrival, or doubling it a Poisson-distributed number of
 * times, comes to.  One exponential draw per task is the stretch of "expected arrivals" to the
 * next one, which is walked off over the steps: exact, whatever the rates are.
 *
 * The noise of coarse bins is a gamma variable of shape 4 (coefficient of variation 1/2), which is
 * a mean of four exponential ones. */
#include "sim/scaling_load.h"

#include "base/num.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>

#define NOISE_STEP_NS (10 * NS_PER_S)
#define NOISE_SHAPE   4
#define NOISE_SALT    UINT64_C(0x6e6f697365)
#define ARRIVAL_SALT  UINT64_C(0x617272697661)
#define SIZE_SALT     UINT64_C(0x73697a6573)

/* ---- rates -------------------------------------------------------------------------------- */

static bool begin(struct scaling_load *load, const struct scaling_load_options *options,
	int64_t span_ns, int64_t step_ns)
{
	int64_t count;

	*load = (struct scaling_load){
		.step_ns = step_ns, .seed = options->seed, .sizes = options->sizes};
	if (options->span_ns > 0 && options->span_ns < span_ns)
		span_ns = options->span_ns;
	count = span_ns / step_ns;
	if (count <= 0 || count > SCALING_LOAD_STEPS_MAX)
		return false;
	load->count = (uint32_t)count;
	load->rates = calloc(load->count, sizeof *load->rates);
	return load->rates != NULL;
}

/* Scales the rates to the mean that is wanted; false when nothing arrives at all. */
static bool scale(struct scaling_load *load, const struct scaling_load_options *options)
{
	double mean = 0.0;
	double factor;

	for (uint32_t i = 0; i < load->count; i++)
		mean += load->rates[i] / (double)load->count;
	if (!(mean > 0.0) || !num_is_finite(mean))
		return false;
	if (options->keeps_rate)
		return true;
	factor = options->slots_busy / load->sizes->mean_s / mean;
	for (uint32_t i = 0; i < load->count; i++)
		load->rates[i] *= factor;
	return true;
}

static bool finish(struct scaling_load *load, const struct scaling_load_options *options,
	char *message, size_t message_size)
{
	if (load->rates != NULL && scale(load, options))
		return true;
	snprintf(message, message_size,
		load->rates == NULL ? "the load is too short, too long, or there is no memory"
				    : "no load: nothing arrives in this time");
	scaling_load_release(load);
	return false;
}

/* The value of a bin, or on a line between those around it that were measured. */
static double bin_value(const double *values, uint32_t count, uint32_t i)
{
	uint32_t before = i, after = i;

	while (before > 0 && !num_is_finite(values[before]))
		before--;
	while (after + 1 < count && !num_is_finite(values[after]))
		after++;
	if (!num_is_finite(values[before]))
		return num_is_finite(values[after]) ? values[after] : 0.0;
	if (!num_is_finite(values[after]) || after == before)
		return values[before];
	return values[before] +
	       (values[after] - values[before]) * (double)(i - before) / (double)(after - before);
}

/* The rate per bin in the middle of step i. */
static double line_value(const double *bins, uint32_t count, double place)
{
	double at = num_clamp(place - 0.5, 0.0, (double)(count - 1));
	uint32_t i = (uint32_t)num_to_i64(num_floor(at));
	uint32_t next = i + 1 < count ? i + 1 : i;

	return bins[i] + (bins[next] - bins[i]) * (at - (double)i);
}

static double draw_noise(struct prng *prng)
{
	double sum = 0.0;

	for (uint32_t i = 0; i < NOISE_SHAPE; i++)
		sum += prng_exponential(prng, 1.0 / NOISE_SHAPE);
	return sum;
}

static void fill_lines(struct scaling_load *load, const double *bins, uint32_t count,
	int64_t bin_ns, const struct scaling_load_options *options)
{
	struct prng prng;

	prng_init(&prng, options->seed ^ NOISE_SALT);
	for (uint32_t i = 0; i < load->count; i++) {
		double place = ((double)i + 0.5) * (double)load->step_ns / (double)bin_ns;
		double rate = line_value(bins, count, place) * (double)NS_PER_S / (double)bin_ns;

		load->rates[i] = num_max(rate, 0.0) * draw_noise(&prng);
	}
}

bool scaling_load_series(struct scaling_load *load, const double *values, uint32_t count,
	int64_t step_ns, const struct scaling_load_options *options, char *message,
	size_t message_size)
{
	double *bins = calloc(count, sizeof *bins);
	bool is_coarse = step_ns > NS_PER_S;

	*load = (struct scaling_load){.count = 0};
	for (uint32_t i = 0; bins != NULL && i < count; i++)
		bins[i] = bin_value(values, count, i);
	if (bins != NULL && begin(load, options, num_mul_i64(step_ns, count),
				    is_coarse ? NOISE_STEP_NS : step_ns)) {
		if (is_coarse)
			fill_lines(load, bins, count, step_ns, options);
		else
			for (uint32_t i = 0; i < load->count; i++)
				load->rates[i] =
					num_max(bins[i], 0.0) * (double)NS_PER_S / (double)step_ns;
	}
	free(bins);
	return finish(load, options, message, message_size);
}

int64_t scaling_load_span_ns(const struct scaling_load *load)
{
	return load->step_ns * (int64_t)load->count;
}

void scaling_load_release(struct scaling_load *load)
{
	free(load->rates);
	load->rates = NULL;
	load->count = 0;
}

/* ---- tasks -------------------------------------------------------------------------------- */

void scaling_stream_init(struct scaling_stream *stream, const struct scaling_load *load)
{
	*stream = (struct scaling_stream){.load = load};
	prng_init(&stream->arrivals, load->seed ^ ARRIVAL_SALT);
	prng_init(&stream->sizes, load->seed ^ SIZE_SALT);
}

bool scaling_stream_next(struct scaling_stream *stream, int64_t *at_ns, int64_t *work_ns)
{
	const struct scaling_load *load = stream->load;
	double step_s = (double)load->step_ns / (double)NS_PER_S;
	double left = prng_exponential(&stream->arrivals, 1.0);

	while (stream->step < load->count) {
		double rate = load->rates[stream->step];
		double room = rate * (step_s - stream->place_s);

		if (left < room) {
			stream->place_s += left / rate;
			*at_ns = (int64_t)stream->step * load->step_ns +
				 (int64_t)(stream->place_s * (double)NS_PER_S);
			*work_ns = scaling_sizes_draw(load->sizes, &stream->sizes);
			return true;
		}
		left -= room;
		stream->step++;
		stream->place_s = 0.0;
	}
	return false;
}
