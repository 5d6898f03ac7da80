/* SPDX-License-Identifier: Apache-2.0 */
/* People do sensible things at bad moments, and clients send numbers that nobody gave them.  What
 * was paused is let go on after a while, or nothing would ever drain. */
#include "sim/host_state.h"

#include "base/units.h"

#define PAUSE_NS (20 * NS_PER_S)

static uint64_t some_task(struct host *host)
{
	return 1 + fault_below(&host->fault, host->task_count);
}

static uint64_t some_agent(struct host *host)
{
	return 1 + fault_below(&host->fault, host->world.agent_count);
}

static void pause_pool(struct host *host, uint32_t pool)
{
	struct future_event *event =
		future_post(&host->future, host->now_ns, BAL_EVENT_POOL_PAUSED);

	event->event.pool_paused = (struct bal_event_pool_paused){.pool = pool,
		.dispatch = fault_below(&host->fault, 2) == 0,
		.scale_out = fault_below(&host->fault, 2) == 0,
		.scale_in = fault_below(&host->fault, 2) == 0};
	event = future_post(&host->future, host->now_ns + PAUSE_NS, BAL_EVENT_POOL_PAUSED);
	event->event.pool_paused.pool = pool;
}

static void scale_pool(struct host *host, uint32_t pool)
{
	uint32_t agents_max = host->options->pools[pool].conf.agents_max;
	struct future_event *event =
		future_post(&host->future, host->now_ns, BAL_EVENT_POOL_SCALED);

	event->event.pool_scaled.pool = pool;
	event->event.pool_scaled.agents = 1 + fault_below(&host->fault, agents_max + 2);
}

static void drain_agent(struct host *host)
{
	uint64_t agent = some_agent(host);
	struct future_event *event =
		future_post(&host->future, host->now_ns, BAL_EVENT_AGENT_DRAINED);

	event->event.drain.agent = agent;
	event = future_post(&host->future, host->now_ns + PAUSE_NS, BAL_EVENT_AGENT_DRAINED);
	event->event.drain = (struct bal_event_drain){.agent = agent, .back = true};
}

static void touch_attempt(struct host *host, enum bal_event_type type)
{
	uint64_t task = some_task(host);
	const struct host_run *runs = host->tasks[task].runs;
	uint32_t attempt = runs[runs[0].agent == 0].attempt;
	struct future_event *event = future_post(&host->future, host->now_ns, type);

	if (type == BAL_EVENT_ATTEMPT_STARTED)
		event->event.attempt = (struct bal_event_attempt){.task = task, .attempt = attempt};
	else
		event->event.extended = (struct bal_event_extended){
			.task = task, .attempt = attempt, .until_ns = host->now_ns + PAUSE_NS};
}

void host_meddle(struct host *host)
{
	uint32_t pool = fault_below(&host->fault, host->options->pool_count);
	struct future_event *event;

	switch (fault_below(&host->fault, 9)) {
	case 0:
		event = future_post(&host->future, host->now_ns, BAL_EVENT_TASK_CANCELLED);
		event->event.cancelled.task = some_task(host);
		break;
	case 1:
		pause_pool(host, pool);
		break;
	case 2:
		scale_pool(host, pool);
		break;
	case 3:
		drain_agent(host);
		break;
	case 4:
		touch_attempt(host, BAL_EVENT_ATTEMPT_STARTED);
		break;
	case 5:
		touch_attempt(host, BAL_EVENT_ATTEMPT_EXTENDED);
		break;
	case 6:
		event = future_post(&host->future, host->now_ns, BAL_EVENT_AGENT_UNHEALTHY);
		event->event.agent.agent = some_agent(host);
		break;
	case 7:
		event = future_post(&host->future, host->now_ns, BAL_EVENT_GAP);
		event->event.gap.duration_ns = fault_part_ns(&host->fault, NS_PER_S);
		break;
	default:
		event = future_post(&host->future, host->now_ns, BAL_EVENT_SAMPLE);
		event->event.sample.id = some_agent(host);
		event->event.sample.signal = fault_below(&host->fault, BAL_SIGNAL_DECISION_COUNT);
		event->event.sample.value = fault_below(&host->fault, 1200);
		break;
	}
}

void host_rescale(struct host *host)
{
	scale_pool(host, fault_below(&host->fault, host->options->pool_count));
}
