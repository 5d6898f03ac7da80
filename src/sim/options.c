/* SPDX-License-Identifier: Apache-2.0 */
/* Rates of faults are drawn per seed, most of them zero in any one world ("swarm testing", Groce et
 * al. 2012): a fault that is always there hides what happens without it. */
#include "sim/options.h"

#include "base/prng.h"
#include "base/units.h"

#include <string.h>

#define LIVE_MAX      65536
#define FAULT_MAX_PPM 60000
#define SAMPLE_NS     (5 * NS_PER_S)
#define FAULT_SALT    UINT64_C(0x6f7074696f6e73)

#define RETRY_ALL (1u << BAL_OUTCOME_RETRYABLE | 1u << BAL_OUTCOME_LOST | 1u << BAL_OUTCOME_TIMEOUT)

static struct bal_event_pool standard_pool(uint32_t number)
{
	struct bal_event_pool conf = {.pool = number,
		.kind = BAL_POOL_PROCESS,
		.slots = 4,
		.agents_baseline = 4,
		.agents_max = 16,
		.timeout_ns = 10 * NS_PER_MIN,
		.drain_limit_ns = 30 * NS_PER_S,
		.backoff_ns = NS_PER_S,
		.backoff_max_ns = NS_PER_MIN,
		.attempts_max = 4,
		.retry_outcomes = RETRY_ALL,
		.strategy = BAL_STRATEGY_CONSERVATIVE,
		.up = {.load_permille = 800,
			.sustain_ns = 5 * NS_PER_MIN,
			.cooldown_ns = 5 * NS_PER_MIN},
		.down = {.load_permille = 300,
			.sustain_ns = 15 * NS_PER_MIN,
			.cooldown_ns = 15 * NS_PER_MIN},
		.emergency_wait_ns = NS_PER_MIN};

	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++)
		conf.limits[i] = BAL_NONE;
	memset(&conf.offers, 0, sizeof conf.offers);
	conf.offers.words[0] = (UINT64_C(1) << SIM_KINDS_MAX) - 1;
	return conf;
}

static void set_common(struct sim_options *options, uint64_t seed, uint32_t tasks)
{
	*options = (struct sim_options){.seed = seed,
		.tasks = tasks,
		.live_max = LIVE_MAX,
		.commit_ns = 2 * NS_PER_MS,
		.network_ns = NS_PER_MS,
		.drain_max_ns = 7 * NS_PER_DAY};
	options->load = (struct sim_load){.sizes = SIM_LOGNORMAL,
		.rate_s = 1.0,
		.size_mean_s = 1.0,
		.size_shape = 1.5,
		.estimate_sd = 0.7,
		.kinds = 1,
		.tenants = 1};
}

void sim_options_fleet(
	struct sim_options *options, uint64_t seed, uint32_t tasks, uint32_t agents, double load)
{
	struct sim_pool *pool = &options->pools[0];

	set_common(options, seed, tasks);
	options->pool_count = 1;
	*pool = (struct sim_pool){.conf = standard_pool(0),
		.speed_low = 0.5,
		.speed_high = 2.0,
		.agents = agents,
		.boot_ns = NS_PER_S,
		.end_ns = NS_PER_S / 10};
	pool->conf.kind = BAL_POOL_URLS;
	pool->conf.strategy = BAL_STRATEGY_FIXED;
	pool->conf.agents_max = agents;
	pool->conf.agents_min = agents;
	/* The mean of speeds that lie geometrically between 1/2 and 2 is (2 - 1/2) / ln 4. */
	options->load.rate_s = load * 1.082 * (double)agents * (double)pool->conf.slots;
}

static int64_t draw_rate(struct prng *prng)
{
	bool is_on = prng_chance(prng, PPM / 2);
	int64_t rate = (int64_t)prng_below(prng, FAULT_MAX_PPM);

	return is_on ? rate : 0;
}

static void draw_faults(struct sim_faults *faults, struct prng *prng)
{
	faults->fail_ppm = draw_rate(prng);
	faults->retryable_ppm = draw_rate(prng);
	faults->lost_ppm = draw_rate(prng);
	faults->hang_ppm = draw_rate(prng);
	faults->busy_ppm = draw_rate(prng);
	faults->death_ppm = draw_rate(prng) / 4;
	faults->late_ppm = draw_rate(prng) * 10;
	faults->duplicate_ppm = draw_rate(prng);
	faults->forged_ppm = draw_rate(prng);
	faults->store_fails_ppm = draw_rate(prng);
	faults->store_slow_ppm = draw_rate(prng);
	faults->provider_fails_ppm = draw_rate(prng) * 5;
	faults->provider_half_ppm = draw_rate(prng) * 5;
	faults->boot_fails_ppm = draw_rate(prng) * 5;
	faults->probe_fails_ppm = draw_rate(prng) * 10;
	faults->meddle_ppm = draw_rate(prng);
	faults->corrupt_ppm = draw_rate(prng);
	faults->delay_ppm = draw_rate(prng);
	faults->slow_ppm = draw_rate(prng) / 8;
	faults->flap_ppm = draw_rate(prng) / 8;
	faults->provider_slow_ppm = draw_rate(prng) * 5;
	faults->boot_slow_ppm = draw_rate(prng) * 5;
	faults->sample_silent_ppm = draw_rate(prng) * 10;
	faults->sample_noise_ppm = draw_rate(prng) * 5;
}

/* Drawn after everything else, so that worlds that were there before them stay what they were. */
static void draw_later_faults(struct sim_faults *faults, struct prng *prng)
{
	faults->provider_lies_ppm = draw_rate(prng) * 5;
	faults->provider_surplus_ppm = draw_rate(prng) * 5;
	faults->provider_late_ppm = draw_rate(prng) * 5;
	faults->provider_twice_ppm = draw_rate(prng) * 5;
	faults->deaf_ppm = draw_rate(prng) * 10;
}

static void draw_pool(struct sim_options *options, struct prng *prng, uint32_t number)
{
	struct sim_pool *pool = &options->pools[number];
	struct bal_event_pool *conf = &pool->conf;

	*pool = (struct sim_pool){
		.conf = standard_pool(number), .boot_ns = 5 * NS_PER_S, .end_ns = NS_PER_S / 2};
	if (number > 0 && prng_chance(prng, PPM / 2))
		conf->kind = (uint32_t)prng_below(prng, BAL_POOL_KIND_COUNT);
	conf->slots = 1 + (uint32_t)prng_below(prng, 8);
	conf->agents_min = (uint32_t)prng_below(prng, 3);
	conf->agents_baseline = conf->agents_min + (uint32_t)prng_below(prng, 4);
	conf->agents_max = conf->agents_min + 1 + (uint32_t)prng_below(prng, 16);
	conf->strategy = (uint32_t)prng_below(prng, 2);
	conf->attempts_max = 1 + (uint32_t)prng_below(prng, 5);
	conf->timeout_ns = (20 + (int64_t)prng_below(prng, 100)) * NS_PER_S;
	conf->drain_limit_ns = (int64_t)prng_below(prng, 60) * NS_PER_S;
	conf->up.sustain_ns = (1 + (int64_t)prng_below(prng, 60)) * NS_PER_S;
	conf->up.cooldown_ns = (int64_t)prng_below(prng, 60) * NS_PER_S;
	conf->down.sustain_ns = (1 + (int64_t)prng_below(prng, 60)) * NS_PER_S;
	conf->down.cooldown_ns = (int64_t)prng_below(prng, 60) * NS_PER_S;
	conf->queue_deep = (uint32_t)prng_below(prng, 50);
	pool->speed_low = 0.5;
	pool->speed_high = 0.5 + 2.0 * prng_unit(prng);
	if (options->shared_count > 0 && prng_chance(prng, PPM / 2))
		conf->limits[0] = (uint32_t)prng_below(prng, options->shared_count);
	if (conf->kind == BAL_POOL_COMMAND) {
		conf->agents_min = 1;
		conf->agents_max = 1;
	}
	if (conf->kind != BAL_POOL_PROCESS)
		pool->agents = conf->agents_max;
	/* The first pool can do all kinds, so that nothing waits for what never comes. */
	if (number > 0)
		conf->offers.words[0] = prng_below(prng, UINT64_C(1) << SIM_KINDS_MAX);
}

static void draw_bounds(struct sim_options *options, struct prng *prng)
{
	options->shared_count = (uint32_t)prng_below(prng, 3);
	for (uint32_t i = 0; i < options->shared_count; i++) {
		struct bal_event_limit *limit = &options->shared[i];

		limit->limit = i;
		if (prng_chance(prng, PPM / 2))
			limit->running_max = 4 + (uint32_t)prng_below(prng, 30);
		if (prng_chance(prng, PPM / 3)) {
			limit->starts_max = 60 + (uint32_t)prng_below(prng, 600);
			limit->starts_period_ns = NS_PER_MIN;
		}
	}
	options->tenant_count = 1 + (uint32_t)prng_below(prng, SIM_TENANTS_MAX);
	for (uint32_t i = 0; i < options->tenant_count; i++) {
		struct bal_event_tenant *tenant = &options->tenants[i];

		*tenant = (struct bal_event_tenant){
			.tenant = i, .weight = 1 + (uint32_t)prng_below(prng, 4)};
		if (prng_chance(prng, PPM / 4))
			tenant->running_max = 1 + (uint32_t)prng_below(prng, 8);
		if (prng_chance(prng, PPM / 8))
			tenant->queued_max = 20 + (uint32_t)prng_below(prng, 200);
	}
}

/* Tasks sent ahead in every fourth world, hedges in every third, and nothing counts as late too
 * late to happen. */
static void draw_knobs(struct sim_options *options, struct prng *prng)
{
	if (prng_chance(prng, PPM / 4)) {
		options->knobs[options->knob_count].knob = BAL_KNOB_PREFETCH;
		options->knobs[options->knob_count++].value = 1;
	}
	if (!prng_chance(prng, PPM / 3))
		return;
	options->knobs[options->knob_count].knob = BAL_KNOB_HEDGE_SHARE;
	options->knobs[options->knob_count++].value = 1 + (int64_t)prng_below(prng, PERMILLE);
	options->knobs[options->knob_count].knob = BAL_KNOB_HEDGE_LATE;
	options->knobs[options->knob_count++].value = 500 + (int64_t)prng_below(prng, 500);
}

void sim_options_draw(struct sim_options *options, uint64_t seed, uint32_t tasks)
{
	struct sim_load *load = &options->load;
	struct prng prng;
	double slots = 0.0;

	set_common(options, seed, tasks);
	prng_init(&prng, seed ^ FAULT_SALT);
	draw_bounds(options, &prng);
	options->pool_count = 1 + (uint32_t)prng_below(&prng, 4);
	for (uint32_t i = 0; i < options->pool_count; i++) {
		draw_pool(options, &prng, i);
		slots += (double)options->pools[i].conf.slots *
			 (double)options->pools[i].conf.agents_max;
	}
	draw_faults(&options->faults, &prng);
	options->sample_ns = prng_chance(&prng, PPM / 2) ? SAMPLE_NS : 0;
	load->arrivals = prng_chance(&prng, PPM / 2) ? SIM_BURSTS : SIM_POISSON;
	load->sizes = prng_chance(&prng, PPM / 2) ? SIM_PARETO : SIM_LOGNORMAL;
	load->rate_s = slots * (0.1 + 0.6 * prng_unit(&prng));
	load->kinds = 1 + (uint32_t)prng_below(&prng, SIM_KINDS_MAX);
	load->tenants = options->tenant_count;
	load->conversations = (uint32_t)prng_below(&prng, 100);
	load->priorities = prng_chance(&prng, PPM / 2);
	load->durable_ppm = prng_chance(&prng, PPM / 2) ? PPM / 2 : PPM;
	load->deadline_ppm = draw_rate(&prng) * 5;
	load->parent_ppm = draw_rate(&prng);
	load->children_max = 1 + (uint32_t)prng_below(&prng, 4);
	draw_knobs(options, &prng);
	draw_later_faults(&options->faults, &prng);
}
