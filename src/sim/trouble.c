/* SPDX-License-Identifier: Apache-2.0 */
/* Slow spells multiply the service of attempts that begin in them.  Flapping is what a probe sees
 * of an agent that swaps: failed, passed, failed.  An answer makes no sense when it is for no
 * attempt at all, or of an epoch that has not come yet. */
#include "sim/trouble.h"

#include "base/units.h"

#define SLOW_MAX_NS  (2 * NS_PER_MIN)
#define SLOWING_MAX  16
#define FLAPS_MAX    6
#define FLAP_NS      NS_PER_S
#define NOISE_MAX    4000
#define MEMORY_MIB   2048
#define EPOCHS_AHEAD 5

void trouble_agent(struct host *host, uint64_t agent)
{
	const struct sim_faults *faults = &host->options->faults;
	struct world_agent *who = world_find(&host->world, agent);
	uint32_t flaps = 0;

	if (who == NULL)
		return;
	if (fault_strikes(&host->fault, faults->slow_ppm)) {
		int64_t length_ns = fault_part_ns(&host->fault, SLOW_MAX_NS);

		who->slow_until_ns = host->now_ns + length_ns;
		who->slowing = 2.0 + (double)fault_below(&host->fault, SLOWING_MAX - 1);
	}
	if (fault_strikes(&host->fault, faults->flap_ppm))
		flaps = 1 + fault_below(&host->fault, FLAPS_MAX);
	for (uint32_t i = 0; i < 2 * flaps; i++) {
		struct future_event *event =
			future_post(&host->future, host->now_ns + (int64_t)(i + 1) * FLAP_NS,
				i % 2 == 0 ? BAL_EVENT_AGENT_UNHEALTHY : BAL_EVENT_AGENT_READY);

		event->event.agent.agent = agent;
	}
}

void trouble_corrupt(struct host *host, struct future_event *answer)
{
	answer->is_forged = true;
	if (fault_below(&host->fault, 2) == 0)
		answer->event.ended.attempt = 0;
	else
		answer->event.ended.epoch += 1 + fault_below(&host->fault, EPOCHS_AHEAD);
}

static int64_t draw_value(struct host *host, uint32_t signal)
{
	int64_t usual = signal == BAL_SIGNAL_MEMORY_MIB ? MEMORY_MIB : PERMILLE;
	int64_t value = fault_below(&host->fault, (uint32_t)usual);

	if (fault_strikes(&host->fault, host->options->faults.sample_noise_ppm))
		value = (int64_t)fault_below(&host->fault, NOISE_MAX) * usual / PERMILLE - usual;
	return value;
}

void trouble_sample(struct host *host, uint64_t agent, int64_t from_ns)
{
	struct future_event *event = future_post(
		&host->future, time_add_ns(from_ns, host->options->sample_ns), BAL_EVENT_SAMPLE);

	event->is_periodic = true;
	event->event.sample.id = agent;
	event->event.sample.signal = fault_below(&host->fault, BAL_SIGNAL_DECISION_COUNT);
	event->event.sample.value = draw_value(host, event->event.sample.signal);
}

bool trouble_sampled(struct host *host, uint64_t agent)
{
	if (world_find(&host->world, agent) == NULL)
		return false;
	trouble_sample(host, agent, host->now_ns);
	return !fault_strikes(&host->fault, host->options->faults.sample_silent_ppm);
}
