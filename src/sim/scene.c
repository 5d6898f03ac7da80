/* SPDX-License-Identifier: Apache-2.0 */
/* The scenes are plain on purpose: agents are equal but for the one thing that the scene is about,
 * so that a difference in the result has one cause.  Sizes are lognormal as in the routing races,
 * and arrivals are drawn from a source of their own: with and without the factor they are the same.
 */
#include "sim/scene.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCENE_SALT     UINT64_C(0x7363656e65)
#define SIZE_CV        1.5
#define AGENTS         8
#define SLOTS          4
#define CONVERSATIONS  400
#define WARM_PERMILLE  400
#define PRICE_CHEAP    (MICROCENTS_PER_USD / 10)
#define PRICE_DEAR     MICROCENTS_PER_USD
#define FLAKY_PPM      400000
#define CROWDED        600
#define PEAK_EVERY_S   300.0
#define PEAK_LENGTH_S  60.0
#define KIND_ANYWHERE  0
#define KIND_SOMEWHERE 1
#define DRAWN_MAX      64 /* candidates that may be thrown away before an arrival is kept */

/* One pool of equal agents that does not scale. */
static void set_pool(struct sim_options *options, uint32_t number, uint32_t agents, uint64_t kinds)
{
	struct sim_pool *pool = &options->pools[number];

	*pool = options->pools[0];
	pool->conf.pool = number;
	pool->conf.slots = SLOTS;
	pool->conf.agents_min = agents;
	pool->conf.agents_baseline = agents;
	pool->conf.agents_max = agents;
	pool->conf.offers = (struct bal_tags){.words = {kinds}};
	pool->agents = agents;
	pool->speed_low = 1.0;
	pool->speed_high = 1.0;
	if (options->pool_count <= number)
		options->pool_count = number + 1;
}

/* Tasks of kind 0 at a constant rate per second, with mean size 1. */
static void draw_steady(struct sim_options *options, struct sim_arrival *arrivals, double rate_s)
{
	struct prng prng;
	double at_s = 0.0;

	prng_init(&prng, options->seed ^ SCENE_SALT);
	for (uint32_t i = 0; i < options->tasks; i++) {
		double size_s = prng_lognormal(&prng, 1.0, SIZE_CV);

		at_s += prng_exponential(&prng, 1.0 / rate_s);
		arrivals[i] = (struct sim_arrival){.at_ns = num_to_i64(at_s * 1e9),
			.work_ns = num_max_i64(NS_PER_MS, num_to_i64(size_s * 1e9))};
		arrivals[i].conversation = 1 + (uint32_t)prng_below(&prng, CONVERSATIONS);
	}
}

static void forget_conversations(const struct sim_options *options, struct sim_arrival *arrivals)
{
	for (uint32_t i = 0; i < options->tasks; i++)
		arrivals[i].conversation = 0;
}

/* ---- the scenes --------------------------------------------------------------------------- */

static void build_warm(struct sim_options *options, struct sim_arrival *arrivals)
{
	set_pool(options, 0, AGENTS, 1);
	options->warm_permille = WARM_PERMILLE;
	draw_steady(options, arrivals, 0.7 * AGENTS * SLOTS);
}

static double read_cold(const struct sim_report *report)
{
	return 1.0 - (double)report->warm / (double)report->dispatched;
}

static void build_price(struct sim_options *options, struct sim_arrival *arrivals)
{
	set_pool(options, 0, AGENTS / 2, 1);
	set_pool(options, 1, AGENTS / 2, 1);
	options->pools[0].conf.price_microcents_hour = PRICE_DEAR;
	options->pools[1].conf.price_microcents_hour = PRICE_CHEAP;
	draw_steady(options, arrivals, 0.4 * AGENTS * SLOTS);
	forget_conversations(options, arrivals);
}

/* Per 1000 tasks, in the currency's unit. */
static double read_cost(const struct sim_report *report)
{
	return (double)report->cost_microcents / (double)MICROCENTS_PER_USD * 1000.0 /
	       (double)report->submitted;
}

/* Half of the fleet can do both kinds; the kind that only it can do comes in peaks. */
static void build_scarce(struct sim_options *options, struct sim_arrival *arrivals)
{
	const double usual_s = 0.45 * AGENTS * SLOTS;
	const double peak_s = 0.9 * AGENTS / 2 * SLOTS;
	struct prng prng;
	double at_s = 0.0;

	set_pool(options, 0, AGENTS / 2, 1u << KIND_ANYWHERE | 1u << KIND_SOMEWHERE);
	set_pool(options, 1, AGENTS / 2, 1u << KIND_ANYWHERE);
	prng_init(&prng, options->seed ^ SCENE_SALT);
	for (uint32_t i = 0; i < options->tasks; i++) {
		double size_s = prng_lognormal(&prng, 1.0, SIZE_CV);
		bool is_peak_kind = false;

		/* Candidates at the highest rate, of which those outside a peak are thrown away. */
		for (uint32_t k = 0; k < DRAWN_MAX; k++) {
			double in_period;

			at_s += prng_exponential(&prng, 1.0 / (usual_s + peak_s));
			is_peak_kind = prng_unit(&prng) >= usual_s / (usual_s + peak_s);
			in_period = at_s - num_floor(at_s / PEAK_EVERY_S) * PEAK_EVERY_S;
			if (!is_peak_kind || in_period >= PEAK_EVERY_S - PEAK_LENGTH_S)
				break;
			is_peak_kind = false;
		}
		arrivals[i] = (struct sim_arrival){.at_ns = num_to_i64(at_s * 1e9),
			.work_ns = num_max_i64(NS_PER_MS, num_to_i64(size_s * 1e9)),
			.kind = is_peak_kind ? KIND_SOMEWHERE : KIND_ANYWHERE};
	}
}

static double read_scarce(const struct sim_report *report)
{
	return histogram_mean(&report->kind_responses_ns[KIND_SOMEWHERE]) / 1e9;
}

static void build_unreliable(struct sim_options *options, struct sim_arrival *arrivals)
{
	set_pool(options, 0, AGENTS, 1);
	options->pools[0].flaky_agents = 1;
	options->pools[0].flaky_ppm = FLAKY_PPM;
	draw_steady(options, arrivals, 0.6 * AGENTS * SLOTS);
	forget_conversations(options, arrivals);
}

static double read_retries(const struct sim_report *report)
{
	return (double)report->retried * 1000.0 / (double)report->submitted;
}

static void build_crowded(struct sim_options *options, struct sim_arrival *arrivals)
{
	set_pool(options, 0, AGENTS, 1);
	options->pools[0].crowded_permille = CROWDED;
	draw_steady(options, arrivals, 0.4 * AGENTS * SLOTS);
	forget_conversations(options, arrivals);
}

static double read_mean(const struct sim_report *report)
{
	return histogram_mean(&report->responses_ns) / 1e9;
}

const struct scene SCENES[] = {
	{"warm", "a task takes 40 % less on the agent that served its conversation last",
		BAL_KNOB_WEIGHT_COLLABORATION, "collaboration", "cold starts, share", build_warm,
		read_cold},
	{"price", "half of the fleet costs ten times as much", BAL_KNOB_WEIGHT_EFFICIENCY,
		"efficiency", "cost of 1000 tasks", build_price, read_cost},
	{"scarce", "half of the fleet is all that can serve a kind that comes in peaks",
		BAL_KNOB_WEIGHT_FUTURE, "future", "mean response of that kind, s", build_scarce,
		read_scarce},
	{"unreliable", "one agent of eight fails 40 % of its attempts", BAL_KNOB_WEIGHT_PERFORMANCE,
		"performance", "retries per 1000 tasks", build_unreliable, read_retries},
	{"crowded", "a task takes up to 60 % longer beside others", BAL_KNOB_WEIGHT_LOAD, "load",
		"mean response, s", build_crowded, read_mean},
	{.name = NULL},
};

const struct scene *scene_find(const char *name)
{
	for (const struct scene *scene = SCENES; scene->name != NULL; scene++)
		if (strcmp(scene->name, name) == 0)
			return scene;
	return NULL;
}

/* ---- runs --------------------------------------------------------------------------------- */

struct work {
	struct sim_options options;
	struct sim_report report;
	struct sim_arrival *arrivals;
	struct scene_figures *with, *without; /* by seed */
	double *ratios;
};

static bool run_once(struct work *work, const struct scene *scene,
	const struct scene_options *options, uint64_t seed, bool with,
	struct scene_figures *figures)
{
	struct sim_options *world = &work->options;

	sim_options_fleet(world, seed, options->tasks, AGENTS, 0.5);
	scene->build(world, work->arrivals);
	world->trace = work->arrivals;
	for (uint32_t i = 0; i < options->knob_count; i++)
		world->knobs[world->knob_count++] = options->knobs[i];
	if (!with)
		world->knobs[world->knob_count++] = (struct sim_knob){scene->knob, 0};
	if (!sim_run(world, &work->report))
		return false;
	figures->mean_s = histogram_mean(&work->report.responses_ns) / 1e9;
	figures->p99_s = (double)histogram_quantile(&work->report.responses_ns, 990000) / 1e9;
	figures->measure = scene->read(&work->report);
	return true;
}

static void add(struct scene_figures *sum, const struct scene_figures *one, double share)
{
	sum->mean_s += one->mean_s * share;
	sum->p99_s += one->p99_s * share;
	sum->measure += one->measure * share;
}

/* Nothing against nothing is no difference. */
static double ratio(double with, double without)
{
	return without > 0.0 ? with / without : 1.0;
}

static void sum_up(const struct work *work, uint32_t count, struct scene_result *result)
{
	for (uint32_t i = 0; i < count; i++) {
		add(&result->with, &work->with[i], 1.0 / (double)count);
		add(&result->without, &work->without[i], 1.0 / (double)count);
	}
	for (uint32_t i = 0; i < count; i++)
		work->ratios[i] = ratio(work->with[i].mean_s, work->without[i].mean_s);
	result->mean_ratio = tally_mean(work->ratios, count);
	for (uint32_t i = 0; i < count; i++)
		work->ratios[i] = ratio(work->with[i].p99_s, work->without[i].p99_s);
	result->p99_ratio = tally_mean(work->ratios, count);
	for (uint32_t i = 0; i < count; i++)
		work->ratios[i] = ratio(work->with[i].measure, work->without[i].measure);
	result->measure_ratio = tally_mean(work->ratios, count);
}

static bool run_all(struct work *work, const struct scene *scene,
	const struct scene_options *options, uint32_t count, struct scene_result *result)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t seed = options->seed_first + i;

		if (!run_once(work, scene, options, seed, true, &work->with[i]) ||
			!run_once(work, scene, options, seed, false, &work->without[i])) {
			snprintf(result->error, sizeof result->error, "%s", work->report.failure);
			return false;
		}
		if (options->progress != NULL)
			options->progress(options->progress_context, i + 1, count);
	}
	sum_up(work, count, result);
	return true;
}

bool scene_run(
	const struct scene *scene, const struct scene_options *options, struct scene_result *result)
{
	uint32_t count = (uint32_t)(options->seed_last - options->seed_first + 1);
	struct work *work = calloc(1, sizeof *work);
	bool went = false;

	bal_assert(count > 0);
	bal_assert(count <= SCENE_SEEDS_MAX);
	*result = (struct scene_result){.error = "no memory"};
	if (work == NULL)
		return false;
	work->arrivals = calloc(options->tasks, sizeof *work->arrivals);
	work->with = calloc(count, sizeof *work->with);
	work->without = calloc(count, sizeof *work->without);
	work->ratios = calloc(count, sizeof *work->ratios);
	if (work->arrivals != NULL && work->with != NULL && work->without != NULL &&
		work->ratios != NULL)
		went = run_all(work, scene, options, count, result);
	free(work->arrivals);
	free(work->with);
	free(work->without);
	free(work->ratios);
	free(work);
	return went;
}
