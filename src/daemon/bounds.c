/* SPDX-License-Identifier: Apache-2.0 */
/* The machine bounds what is given away unless the configuration says otherwise: to promise more
 * than there is is for people to decide. */
#include "daemon/bounds.h"

#include "base/units.h"
#include "daemon/engine_state.h"
#include "daemon/template.h"

#include <unistd.h>

static uint32_t mib_of(int64_t bytes)
{
	return (uint32_t)(bytes / MIB);
}

static void tell_pool(
	struct engine *engine, const struct config_pool *pool, uint32_t number, bool able)
{
	struct bal_event event = {.type = BAL_EVENT_VERTICAL,
		.vertical = {.pool = number,
			.mode = (uint32_t)pool->vertical,
			.able = able,
			.cpu_max_millis = (uint32_t)pool->cpu_max_millis,
			.memory_max_mib = mib_of(pool->memory_max_bytes),
			.cpu_budget_millis = (uint32_t)pool->cpu_total_millis,
			.memory_budget_mib = mib_of(pool->memory_total_bytes)}};
	static bool told;

	engine_event(engine, &event);
	if (pool->vertical != BAL_VERTICAL_ON || able || told)
		return;
	told = true;
	engine_say(engine, STORE_SAY_WARNING,
		"pool %s: `vertical: on` can change nothing, since there are no control groups "
		"(no_groups): start ballast by systemd with Delegate=yes, or as root",
		pool->name);
}

static void tell_host(struct engine *engine, const struct config *config)
{
	int64_t cores = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	struct bal_event event = {.type = BAL_EVENT_BUDGET};

	if (config->host.cpu_millis > 0)
		event.budget.cpu_millis = (uint32_t)config->host.cpu_millis;
	else
		event.budget.cpu_millis = (uint32_t)(cores * 1000);
	if (config->host.memory_bytes > 0)
		bytes = config->host.memory_bytes;
	event.budget.memory_mib = mib_of(bytes);
	engine_event(engine, &event);
}

void bounds_tell(struct engine *engine, bool able)
{
	const struct config *config = engine_config(engine);

	for (uint32_t i = 0; i < config->pools.count; i++) {
		const struct config_pool *pool = &config->pools.items[i];
		uint32_t number =
			names_find(engine_names(engine), BAL_SYMBOL_POOL, span_of(pool->name));

		if (pool->kind == BAL_POOL_PROCESS && number != BAL_NONE)
			tell_pool(engine, pool, number, able && !template_is_scripted(pool));
	}
	tell_host(engine, config);
}
