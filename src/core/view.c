/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of state for people and programs.  Nothing here changes anything, so a host may ask at any
 * time between steps. */
#include "ballast.h"

#include "base/num.h"
#include "core/agent.h"
#include "core/alert.h"
#include "core/hedge.h"
#include "core/minimum.h"
#include "core/objective.h"
#include "core/peak.h"
#include "core/queue.h"
#include "core/recover.h"
#include "core/resource.h"
#include "core/scale.h"
#include "core/series.h"
#include "core/task.h"

bool bal_task_view(const struct bal_core *core, uint64_t id, struct bal_task_view *view)
{
	const struct task *task = task_find(core, id);
	const struct hedge *hedge;

	if (task == NULL)
		return false;
	hedge = hedge_of(core, task);
	*view = (struct bal_task_view){.state = (enum bal_task_state)task->state,
		.reason = (enum bal_reason)task->reason,
		.attempt = task->attempt,
		.agent = task->agent == BAL_NONE ? 0 : agent_at(core, task->agent)->id,
		.hedge_attempt = hedge == NULL ? 0 : hedge->attempt,
		.hedge_agent = hedge == NULL ? 0 : agent_at(core, hedge->agent)->id,
		.submitted_at_ns = task->submitted_at_ns,
		.dispatched_at_ns = task->dispatched_at_ns,
		.not_before_ns = task->not_before_ns,
		.until_ns = task->until_ns};
	return true;
}

static void view_agent(
	const struct bal_core *core, const struct agent *agent, struct bal_agent_view *view)
{
	*view = (struct bal_agent_view){.agent = agent->id,
		.pool = agent->pool,
		.state = (enum bal_agent_state)agent->state,
		.slots = agent->slots,
		.running = agent->running + agent->lent,
		.up_at_ns = agent->up_at_ns,
		.finished_count = agent->finished_count,
		.failed_count = agent->failed_count,
		.busy_ns = agent->busy_ns};
	for (const struct list_node *node = agent->tasks.first; node != NULL;
		node = list_next(node)) {
		const struct task *task = container_of(node, struct task, agent_node);

		view->busy_ns = num_add_i64(view->busy_ns, core->now_ns - task->dispatched_at_ns);
	}
	view->busy_ns = num_add_i64(view->busy_ns, hedges_busy_ns(core, agent));
	for (uint32_t i = 0; i < BAL_SIGNAL_DECISION_COUNT; i++)
		view->signals[i] = agent->signals[i];
}

bool bal_agent_view(const struct bal_core *core, uint64_t id, struct bal_agent_view *view)
{
	const struct agent *agent = agent_find(core, id);

	if (agent == NULL)
		return false;
	view_agent(core, agent, view);
	return true;
}

bool bal_agent_view_at(const struct bal_core *core, uint32_t place, struct bal_agent_view *view)
{
	if (!slab_holds(&core->agents, place))
		return false;
	view_agent(core, agent_at(core, place), view);
	return true;
}

static void view_waiting(const struct bal_core *core, uint32_t number, struct bal_pool_view *view)
{
	for (const struct list_node *node = core->lanes_active.first; node != NULL;
		node = list_next(node)) {
		const struct lane *lane = container_of(node, struct lane, active_node);

		if (!lane_serves(lane, number))
			continue;
		view->waiting += lane->waiting;
		for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++) {
			const struct heap_node *first = heap_first(&lane->classes[i].ages);
			const struct task *task;

			if (first == NULL)
				continue;
			task = container_of(first, struct task, age_node);
			if (core->now_ns - task->queued_at_ns > view->oldest_wait_ns)
				view->oldest_wait_ns = core->now_ns - task->queued_at_ns;
		}
	}
}

bool bal_pool_view(const struct bal_core *core, uint32_t number, struct bal_pool_view *view)
{
	const struct pool *pool;

	if (number >= core->limits.pools_max || !core->pools[number].exists)
		return false;
	pool = &core->pools[number];
	*view = (struct bal_pool_view){.exists = true,
		.ordered = pool->ordered,
		.slots_ready = pool->slots_ready,
		.running = pool->running,
		.load_permille = scale_load_permille(pool),
		.service_ns = num_to_i64(pool->service_s.value * 1e9),
		.paused_dispatch = pool->paused_dispatch,
		.paused_scale_out = pool->paused_scale_out,
		.paused_scale_in = pool->paused_scale_in,
		.hold = (enum bal_reason)pool->hold,
		.order_last = pool->order_last};
	for (uint32_t i = 0; i < BAL_AGENT_STATE_COUNT; i++)
		view->agents[i] = pool->state_count[i];
	view_waiting(core, number, view);
	return true;
}

void bal_totals(const struct bal_core *core, struct bal_totals *totals)
{
	*totals = core->totals;
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++)
		totals->waiting[i] = core->waiting[i];
}

int64_t bal_knob_value(const struct bal_core *core, enum bal_knob number)
{
	return number < BAL_KNOB_COUNT ? core->knobs[number] : 0;
}

bool bal_outlook(const struct bal_core *core, uint32_t number, enum bal_series series,
	uint32_t horizon, struct bal_outlook *outlook)
{
	return series_outlook(core->series, number, (enum series_what)series, horizon, outlook);
}

bool bal_series_unrest(const struct bal_core *core, uint32_t kind, enum bal_series series,
	struct bal_unrest *unrest)
{
	return series_unrest(core->series, kind, (enum series_what)series, unrest);
}

bool bal_shift(const struct bal_core *core, uint32_t kind, struct bal_shift *shift)
{
	const struct shift *own = shifts_find(&core->shifts, kind);

	if (own == NULL)
		return false;
	*shift = (struct bal_shift){own->finding.is_found, own->finding.factor,
		own->finding.since_ns, own->finding.at_ns};
	return true;
}

bool bal_series_past(const struct bal_core *core, uint32_t number, enum bal_series series,
	bool hourly, uint32_t back, double *value)
{
	return series_past(core->series, number, (enum series_what)series,
		hourly ? SERIES_HOURLY : SERIES_FINE, back, value);
}

bool bal_series_ahead(const struct bal_core *core, uint32_t number, enum bal_series series,
	bool hourly, uint32_t lead, struct bal_band *band)
{
	return series_ahead(core->series, number, (enum series_what)series,
		hourly ? SERIES_HOURLY : SERIES_FINE, lead, band);
}

bool bal_series_now(
	const struct bal_core *core, uint32_t number, enum bal_series series, double *value)
{
	return resource_now(core, number, series, value);
}

bool bal_exhaustion(const struct bal_core *core, uint32_t number, enum bal_series series,
	struct bal_exhaustion *exhaustion)
{
	return resource_exhaustion(core, number, series, exhaustion);
}

uint32_t bal_alert_places(const struct bal_core *core)
{
	(void)core;
	return ALERT_OPEN_MAX;
}

bool bal_alert_at(const struct bal_core *core, uint32_t place, struct bal_alert *alert)
{
	return alert_at(core->alerts, place, alert);
}

bool bal_alert_past(const struct bal_core *core, uint32_t back, struct bal_alert *alert)
{
	return alert_past(core->alerts, back, alert);
}

bool bal_alert_find(const struct bal_core *core, uint64_t id, struct bal_alert *alert)
{
	return alert_find(core->alerts, id, alert);
}

uint64_t bal_alerts_dropped(const struct bal_core *core)
{
	return alert_dropped(core->alerts);
}

bool bal_rule_view(const struct bal_core *core, uint32_t rule, struct bal_event_rule *view)
{
	const struct bal_event_rule *conf = alert_rule_conf(core->alerts, rule);

	if (conf != NULL)
		*view = *conf;
	return conf != NULL;
}

bool bal_objective_view(const struct bal_core *core, uint32_t kind, enum bal_objective objective,
	struct bal_objective_view *view)
{
	return objective_view(core, kind, objective, view);
}

bool bal_recovery_past(const struct bal_core *core, uint32_t back, struct bal_recovery *recovery)
{
	return recover_past(core->recoveries, back, recovery);
}

bool bal_recovery_find(const struct bal_core *core, uint64_t id, struct bal_recovery *recovery)
{
	return recover_find(core->recoveries, id, recovery);
}

bool bal_minimum_view(
	const struct bal_core *core, uint32_t place, struct bal_event_minimum *minimum)
{
	if (place >= core->minimums->high || core->minimums->items[place].duration_ns == 0)
		return false;
	*minimum = core->minimums->items[place];
	return true;
}

bool bal_peak_view(const struct bal_core *core, uint32_t place, struct bal_peak_view *view)
{
	const struct peak_table *table = series_peaks(core->series);
	int64_t offset_ns = core->utc_offset_ns, begins_ns, ends_ns;

	*view = (struct bal_peak_view){.comes = false};
	if (place >= table->high || table->items[place].duration_ns == 0)
		return false;
	view->peak = table->items[place];
	view->comes = peak_next(&view->peak,
		num_clamp_i64(num_add_i64(core->now_ns, offset_ns), INT64_MIN / 2, INT64_MAX / 2),
		&begins_ns, &ends_ns);
	if (view->comes) {
		view->begins_at_ns = num_sub_i64(begins_ns, offset_ns);
		view->ends_at_ns = num_sub_i64(ends_ns, offset_ns);
	}
	return true;
}
