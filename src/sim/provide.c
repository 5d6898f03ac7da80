/* SPDX-License-Identifier: Apache-2.0 */
/* The provider of the virtual world.  It fails, delivers half, takes minutes, and lies: it says
 * that agents have come when none has or that none has when they have, delivers one that nobody
 * ordered, lets agents come long after it said that it was through, and says so twice. */
#include "sim/host_state.h"

#include "base/units.h"
#include "sim/trouble.h"

#define PROVIDER_NS   (200 * NS_PER_MS)
#define PROVIDER_SLOW 2000 /* times that: minutes */
#define BOOT_SLOW     20

void host_note_scaling(struct host *host, uint64_t order)
{
	struct sim_report *report = host->report;
	struct bal_why why;

	if (report->scaling_count++ >= SIM_SCALINGS_MAX)
		return;
	bal_why(host->core, order, &why);
	report->scalings[report->scaling_count - 1] = (struct sim_scaling){.at_ns = why.at_ns,
		.pool = why.pool,
		.agents_before = why.agents_before,
		.agents_after = why.agents_after,
		.reason = why.reason};
}

/* What the provider makes of an order. */
struct delivery {
	uint32_t count;     /* agents that come */
	uint32_t said;      /* that it says have come */
	int64_t come_at_ns; /* when they do */
	int64_t end_ns;     /* when it says that it is through */
};

static struct delivery draw_delivery(struct host *host, uint32_t wanted)
{
	const struct sim_faults *faults = &host->options->faults;
	struct delivery delivery = {.count = wanted, .end_ns = host->now_ns + PROVIDER_NS};

	if (fault_strikes(&host->fault, faults->provider_slow_ppm))
		delivery.end_ns += fault_part_ns(&host->fault, PROVIDER_SLOW * PROVIDER_NS);
	delivery.come_at_ns = delivery.end_ns - PROVIDER_NS / 2;
	if (fault_strikes(&host->fault, faults->provider_fails_ppm))
		delivery.count = 0;
	else if (fault_strikes(&host->fault, faults->provider_half_ppm))
		delivery.count = wanted / 2;
	delivery.said = delivery.count;
	if (fault_strikes(&host->fault, faults->provider_lies_ppm)) {
		/* It says that all have come, or that none has, and is wrong. */
		delivery.said = fault_below(&host->fault, 2) == 0 ? wanted : 0;
		delivery.count = delivery.said == 0 ? wanted : 0;
	}
	if (fault_strikes(&host->fault, faults->provider_surplus_ppm))
		delivery.count++;
	if (fault_strikes(&host->fault, faults->provider_late_ppm))
		delivery.come_at_ns =
			delivery.end_ns + fault_part_ns(&host->fault, PROVIDER_SLOW * PROVIDER_NS);
	return delivery;
}

static void say_ended(
	struct host *host, const struct bal_effect *effect, uint32_t said, int64_t at_ns)
{
	struct future_event *event = future_post(&host->future, at_ns, BAL_EVENT_SCALE_ENDED);

	event->event.scale_ended = (struct bal_event_scale_ended){.order = effect->order,
		.status = said == effect->count ? BAL_OK : BAL_UNAVAILABLE,
		.count = said};
}

void host_scale(struct host *host, const struct bal_effect *effect)
{
	struct delivery delivery;

	host_note_scaling(host, effect->order);
	delivery = draw_delivery(host, effect->count);
	for (uint32_t i = 0; i < delivery.count; i++)
		host_agent_up(host, effect->pool, delivery.come_at_ns, effect->order, false);
	say_ended(host, effect, delivery.said, delivery.end_ns);
	if (fault_strikes(&host->fault, host->options->faults.provider_twice_ppm))
		say_ended(host, effect, delivery.said,
			time_add_ns(delivery.end_ns, fault_part_ns(&host->fault, NS_PER_MIN)));
}

uint64_t host_agent_up(struct host *host, uint32_t pool, int64_t at_ns, uint64_t order, bool ready)
{
	const struct sim_pool *conf = &host->options->pools[pool];
	uint64_t agent = world_add(&host->world, pool);
	bool dies = !ready && fault_strikes(&host->fault, host->options->faults.boot_fails_ppm);
	int64_t boot_ns = conf->boot_ns;
	struct future_event *event;

	if (agent == 0) {
		host_fail(host, "more than %u agents came up", SIM_AGENTS_MAX - 1);
		return 0;
	}
	event = future_post(&host->future, at_ns, BAL_EVENT_AGENT_UP);
	event->event.up = (struct bal_event_up){.agent = agent,
		.pool = pool,
		.state = ready ? BAL_AGENT_READY : BAL_AGENT_STARTING,
		.slots = world_find(&host->world, agent)->slots,
		.order = order};
	if (host->options->sample_ns > 0)
		trouble_sample(host, agent, at_ns);
	if (ready)
		return agent;
	if (fault_strikes(&host->fault, host->options->faults.boot_slow_ppm))
		boot_ns *= BOOT_SLOW;
	event = future_post(&host->future, time_add_ns(at_ns, boot_ns),
		dies ? BAL_EVENT_AGENT_DOWN : BAL_EVENT_AGENT_READY);
	if (dies)
		event->event.down.agent = agent;
	else
		event->event.agent.agent = agent;
	return agent;
}

void host_end_agent(struct host *host, const struct bal_effect *effect)
{
	struct world_agent *agent = world_find(&host->world, effect->agent);
	struct future_event *event;

	if (agent == NULL)
		return; /* it died by itself, which is still on its way */
	agent->is_ended = true;
	event = future_post(&host->future,
		time_add_ns(host->now_ns, host->options->pools[agent->pool].end_ns),
		BAL_EVENT_AGENT_DOWN);
	event->event.down = (struct bal_event_down){.agent = effect->agent, .expected = true};
}
