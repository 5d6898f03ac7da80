/* SPDX-License-Identifier: Apache-2.0 */
/* What others may see of it. */
#include "base/num.h"
#include "core/agent.h"
#include "core/resize_state.h"

bool bal_resize_find(const struct bal_core *core, uint64_t order, struct bal_resize *resize)
{
	const struct bal_resize *record = resize_record(core, order);

	if (record != NULL)
		*resize = *record;
	return record != NULL;
}

bool bal_resize_past(const struct bal_core *core, uint32_t back, struct bal_resize *resize)
{
	const struct resize_book *book = core->resizes;
	const struct bal_resize *record =
		&book->kept[(book->sequence - back - 1) % RESIZE_KEPT_MAX];

	if (back >= RESIZE_KEPT_MAX || record->order == 0)
		return false;
	*resize = *record;
	return true;
}

bool bal_agent_limits(const struct bal_core *core, uint64_t agent, struct bal_agent_limits *limits)
{
	const struct agent *found = agent_find(core, agent);
	const struct resize_agent *own = found == NULL ? NULL : resize_of(core, found);
	int64_t cpu_ns, memory_ns;

	if (own == NULL)
		return false;
	cpu_ns = own->vertical.cpu_changed_at_ns;
	memory_ns = own->vertical.memory_changed_at_ns;
	*limits = (struct bal_agent_limits){.cpu_millis = own->vertical.cpu_millis,
		.memory_mib = own->vertical.memory_mib,
		.cpu_base_millis = own->cpu_base_millis,
		.memory_base_mib = own->memory_base_mib,
		.hold = own->hold,
		.changed_at_ns = memory_ns == BAL_NEVER_NS ? cpu_ns : memory_ns,
		.order_last = own->order_last};
	if (cpu_ns != BAL_NEVER_NS && memory_ns != BAL_NEVER_NS)
		limits->changed_at_ns = num_max_i64(cpu_ns, memory_ns);
	return true;
}

bool bal_pool_resources(
	const struct bal_core *core, uint32_t number, struct bal_pool_resources *resources)
{
	const struct resize_pool *part;
	const struct pool *pool;

	if (number >= core->limits.pools_max || !core->pools[number].exists)
		return false;
	pool = &core->pools[number];
	part = &core->resizes->pools[number];
	*resources = (struct bal_pool_resources){.mode = (enum bal_vertical)part->conf.mode,
		.able = part->conf.able,
		.cpu_max_millis = part->conf.cpu_max_millis,
		.memory_max_mib = part->conf.memory_max_mib,
		.cpu_budget_millis = part->conf.cpu_budget_millis,
		.memory_budget_mib = part->conf.memory_budget_mib,
		.replaced = part->replacement.agent};
	for (const struct list_node *node = pool->agents.first; node != NULL;
		node = list_next(node)) {
		const struct resize_agent *own =
			resize_of(core, container_of(node, struct agent, pool_node));

		if (own == NULL)
			continue;
		resources->cpu_millis += own->vertical.cpu_millis;
		resources->memory_mib += own->vertical.memory_mib;
	}
	return true;
}
