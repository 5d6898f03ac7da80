/* SPDX-License-Identifier: Apache-2.0 */
/* GPUs are counted as soon as a pool wants some; cores and memory only where the configuration says
 * how much agents may have together, since most machines promise more than they have and live well
 * with it.  An agent that was told to end before a restart is no member, but has its GPUs until its
 * process is gone. */
#include "daemon/room.h"

#include "base/units.h"
#include "daemon/gpus.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DRIVER "/proc/driver/nvidia/gpus"

/* GPUs held by an agent that is no member. */
struct held {
	struct list_node node;
	uint64_t agent;
	uint64_t gpus;
};

/* What all agents of this machine are promised, but for one. */
struct promised {
	int64_t cpu_millis;
	int64_t memory_bytes;
	uint64_t gpus;
};

static struct promised sum(const struct fleet *fleet, const struct member *but)
{
	struct promised promised = {.gpus = 0};

	for (struct list_node *node = fleet->members.first; node != NULL; node = list_next(node)) {
		const struct member *member = container_of(node, struct member, node);

		if (member == but || member->provider != fleet->provider)
			continue;
		promised.cpu_millis += member->limits.cpu_millis;
		promised.memory_bytes += member->limits.memory_bytes;
		promised.gpus |= member->gpus;
	}
	for (struct list_node *node = fleet->held.first; node != NULL; node = list_next(node))
		promised.gpus |= container_of(node, struct held, node)->gpus;
	return promised;
}

static bool take_gpus(const struct fleet *fleet, struct member *member,
	const struct config_pool *pool, const struct promised *promised, char *message,
	size_t message_size)
{
	int64_t configured = engine_config(fleet->engine)->host.gpus;
	uint32_t total = configured > 0 ? (uint32_t)configured : gpus_of_machine(DRIVER);
	uint32_t free = total - gpus_count(promised->gpus);

	member->gpus = 0;
	if (pool->gpus == 0)
		return true;
	member->gpus = gpus_choose(promised->gpus, total, (uint32_t)pool->gpus,
		pool->placement == CONFIG_PLACEMENT_SPREAD);
	if (member->gpus != 0)
		return true;
	snprintf(message, message_size,
		"refused: an agent of pool %s has %" PRId64 " GPUs, and %u of %u are free",
		pool->name, pool->gpus, total < free ? 0 : free, total);
	return false;
}

bool room_take(const struct fleet *fleet, struct member *member, char *message, size_t message_size)
{
	const struct config *config = engine_config(fleet->engine);
	const struct config_pool *pool = engine_pool_config(fleet->engine, member->agent->pool);
	struct promised promised = sum(fleet, member);

	if (pool == NULL || member->provider != fleet->provider)
		return true;
	if (config->host.cpu_millis > 0 &&
		promised.cpu_millis + pool->resources.cpu_millis > config->host.cpu_millis) {
		snprintf(message, message_size,
			"refused: agents are promised %.3g of the %.3g cores of `host`",
			(double)promised.cpu_millis / PERMILLE,
			(double)config->host.cpu_millis / PERMILLE);
		return false;
	}
	if (config->host.memory_bytes > 0 &&
		promised.memory_bytes + pool->resources.memory_bytes > config->host.memory_bytes) {
		snprintf(message, message_size,
			"refused: agents are promised %" PRId64 " of the %" PRId64 " MiB of `host`",
			promised.memory_bytes / MIB, config->host.memory_bytes / MIB);
		return false;
	}
	return take_gpus(fleet, member, pool, &promised, message, message_size);
}

void room_hold(struct fleet *fleet, uint64_t agent, uint64_t gpus)
{
	struct held *held = gpus == 0 ? NULL : calloc(1, sizeof *held);

	if (held == NULL)
		return;
	held->agent = agent;
	held->gpus = gpus;
	list_append(&fleet->held, &held->node);
}

void room_release(struct fleet *fleet, uint64_t agent)
{
	for (struct list_node *node = fleet->held.first; node != NULL; node = list_next(node)) {
		struct held *held = container_of(node, struct held, node);

		if (held->agent != agent)
			continue;
		list_remove(&fleet->held, node);
		free(held);
		return;
	}
}

void room_close(struct fleet *fleet)
{
	struct list_node *node;

	while ((node = list_pop(&fleet->held)) != NULL)
		free(container_of(node, struct held, node));
}
