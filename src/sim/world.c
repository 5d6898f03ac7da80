/* SPDX-License-Identifier: Apache-2.0 */
/* The agents that a pool has at the start lie geometrically between its two speeds, as in the
 * worlds that routing is measured on; those that come later are drawn between them. */
#include "sim/world.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"

#include <stdlib.h>

#define SPEED_SALT UINT64_C(0x737065656473)

void world_init(struct world *world, const struct sim_options *options)
{
	*world = (struct world){.options = options};
	prng_init(&world->speeds, options->seed ^ SPEED_SALT);
	world->agents = calloc(SIM_AGENTS_MAX, sizeof *world->agents);
	bal_assert(world->agents != NULL);
}

void world_release(struct world *world)
{
	free(world->agents);
	world->agents = NULL;
}

uint64_t world_add(struct world *world, uint32_t number)
{
	const struct sim_pool *pool = &world->options->pools[number];
	uint32_t made = world->pool_made[number]++;
	double ratio = pool->speed_high / pool->speed_low;
	double place = 0.5;
	struct world_agent *agent;

	if (world->agent_count + 1 >= SIM_AGENTS_MAX)
		return 0;
	if (made >= pool->agents)
		place = prng_unit(&world->speeds);
	else if (pool->agents > 1)
		place = (double)made / (double)(pool->agents - 1);
	agent = &world->agents[++world->agent_count];
	agent->pool = number;
	agent->slots = pool->conf.slots;
	agent->speed = pool->speed_low * num_pow(ratio, place);
	agent->is_flaky = made < pool->flaky_agents;
	agent->is_alive = true;
	world->alive_count++;
	return world->agent_count;
}

struct world_agent *world_find(const struct world *world, uint64_t agent)
{
	if (agent == 0 || agent > world->agent_count || !world->agents[agent].is_alive)
		return NULL;
	return &world->agents[agent];
}

void world_remove(struct world *world, uint64_t agent)
{
	bal_assert(world_find(world, agent) != NULL);
	world->agents[agent].is_alive = false;
	world->alive_count--;
}

int64_t world_service_ns(const struct world *world, uint64_t agent, int64_t work_ns, int64_t now_ns)
{
	const struct world_agent *who = &world->agents[agent];
	const struct sim_pool *pool = &world->options->pools[who->pool];
	double service_ns = (double)work_ns / who->speed;

	if (now_ns < who->slow_until_ns)
		service_ns *= who->slowing;
	if (who->slots > 1)
		service_ns *= 1.0 + (double)pool->crowded_permille / (double)PERMILLE *
					    (double)(who->running - 1) / (double)(who->slots - 1);
	return num_max_i64(1, num_to_i64(service_ns));
}
