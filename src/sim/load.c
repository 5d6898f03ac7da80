/* SPDX-License-Identifier: Apache-2.0 */
/* Bursts are a Poisson process whose rate changes between two values (a Markov-modulated one): ten
 * times the quiet rate during a tenth of the time, phases of exponential length. */
#include "sim/load.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"

#define BURST_RATE    10.0
#define BURST_SHARE   0.1
#define PHASE_MEAN_S  60.0
#define WORK_MIN_NS   NS_PER_US
#define WORK_MAX_S    3600.0
#define DEADLINE_SPAN 20 /* mean sizes from arrival to the furthest deadline */
#define TIMES_SALT    UINT64_C(0x74696d6573)
#define SIZES_SALT    UINT64_C(0x73697a6573)
#define DETAILS_SALT  UINT64_C(0x64657461696c73)

void load_init(struct load *load, const struct sim_options *options)
{
	bal_assert(options->load.kinds >= 1);
	bal_assert(options->load.kinds <= SIM_KINDS_MAX);
	bal_assert(options->load.tenants >= 1);
	*load = (struct load){.options = options};
	prng_sizes_init(&load->lognormal, options->load.size_mean_s, options->load.size_shape);
	prng_init(&load->times, options->seed ^ TIMES_SALT);
	prng_init(&load->sizes, options->seed ^ SIZES_SALT);
	prng_init(&load->details, options->seed ^ DETAILS_SALT);
}

static int64_t seconds(double value_s)
{
	return num_to_i64(value_s * (double)NS_PER_S);
}

static double rate_now(struct load *load)
{
	const struct sim_load *conf = &load->options->load;
	double quiet = conf->rate_s / (1.0 - BURST_SHARE + BURST_SHARE * BURST_RATE);

	if (conf->arrivals == SIM_POISSON)
		return conf->rate_s;
	while (load->at_ns >= load->phase_end_ns) {
		double share = load->is_burst ? 1.0 - BURST_SHARE : BURST_SHARE;
		double length_s = prng_exponential(&load->times, PHASE_MEAN_S * share);

		load->is_burst = !load->is_burst;
		load->phase_end_ns += seconds(length_s) + 1;
	}
	return load->is_burst ? quiet * BURST_RATE : quiet;
}

static int64_t draw_work_ns(struct load *load)
{
	const struct sim_load *conf = &load->options->load;
	double size_s = conf->size_mean_s;

	if (conf->sizes == SIM_LOGNORMAL)
		size_s = prng_size(&load->sizes, &load->lognormal);
	else if (conf->sizes == SIM_PARETO)
		size_s = prng_pareto(&load->sizes, conf->size_shape, conf->size_mean_s);
	return num_max_i64(WORK_MIN_NS, seconds(num_min(size_s, WORK_MAX_S)));
}

/* What the client believes of the size. */
static int64_t draw_estimate_ns(struct load *load, int64_t work_ns)
{
	double sd = load->options->load.estimate_sd;
	double error = sd > 0.0 ? num_exp(sd * prng_normal(&load->sizes)) : 1.0;

	return num_to_i64((double)work_ns * error);
}

/* Agents offer kinds, and a task needs nothing but its own. */
static void set_kind(struct bal_event_task *event, uint32_t kind)
{
	event->kind = kind;
	event->needs.tags.words[0] = UINT64_C(1) << kind;
}

static void draw_details(struct load *load, struct load_task *task)
{
	const struct sim_load *conf = &load->options->load;
	struct prng *prng = &load->details;
	struct bal_event_task *event = &task->event;

	set_kind(event, (uint32_t)prng_below(prng, conf->kinds));
	event->tenant = (uint32_t)prng_below(prng, conf->tenants);
	event->priority = BAL_PRIORITY_NORMAL;
	event->deadline_ns = BAL_NEVER_NS;
	if (conf->priorities)
		event->priority = (uint32_t)prng_below(prng, BAL_PRIORITY_COUNT);
	if (conf->conversations > 0)
		event->conversation = 1 + prng_below(prng, conf->conversations);
	if (conf->durable_ppm > 0 && prng_chance(prng, conf->durable_ppm))
		event->flags |= BAL_TASK_DURABLE;
	if (conf->deadline_ppm > 0 && prng_chance(prng, conf->deadline_ppm))
		event->deadline_ns =
			task->at_ns + seconds(conf->size_mean_s * DEADLINE_SPAN * prng_unit(prng));
	if (conf->parent_ppm > 0 && prng_chance(prng, conf->parent_ppm))
		task->children = 1 + (uint32_t)prng_below(prng, conf->children_max);
}

/* What a recorded task has of its own. */
static void copy_details(const struct sim_arrival *arrival, struct bal_event_task *event)
{
	set_kind(event, arrival->kind);
	event->tenant = arrival->tenant;
	event->conversation = arrival->conversation;
	if (arrival->priority > 0)
		event->priority = arrival->priority - 1;
}

bool load_next(struct load *load, struct load_task *task)
{
	const struct sim_options *options = load->options;

	*task = (struct load_task){.at_ns = 0};
	if (options->trace != NULL && load->made >= options->tasks)
		return false;
	if (options->trace != NULL) {
		load->at_ns = num_max_i64(load->at_ns, options->trace[load->made].at_ns);
		task->work_ns = num_max_i64(WORK_MIN_NS, options->trace[load->made].work_ns);
	} else {
		double rate_s = rate_now(load);

		load->at_ns += seconds(prng_exponential(&load->times, 1.0 / rate_s));
		task->work_ns = draw_work_ns(load);
	}
	load->made++;
	task->at_ns = load->at_ns;
	task->event.size_ns = draw_estimate_ns(load, task->work_ns);
	draw_details(load, task);
	if (options->trace != NULL)
		copy_details(&options->trace[load->made - 1], &task->event);
	return true;
}

struct load_traits load_traits_of(const struct bal_event_task *event)
{
	return (struct load_traits){.kind = event->kind,
		.tenant = event->tenant,
		.priority = (uint8_t)event->priority,
		.is_durable = (event->flags & BAL_TASK_DURABLE) != 0};
}

void load_child(struct load *load, const struct load_traits *parent, struct load_task *child)
{
	struct bal_event_task *event = &child->event;

	*child = (struct load_task){.work_ns = draw_work_ns(load)};
	event->size_ns = draw_estimate_ns(load, child->work_ns);
	set_kind(event, parent->kind);
	event->tenant = parent->tenant;
	event->priority = parent->priority;
	event->deadline_ns = BAL_NEVER_NS;
	event->flags = BAL_TASK_PARENT_WAITS | (parent->is_durable ? BAL_TASK_DURABLE : 0);
}
