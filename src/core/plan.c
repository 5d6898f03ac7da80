/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queueing model is exact for Poisson arrivals and exponential services, near enough for most
 * others, and wrong for some: so what was measured of the tail corrects what is asked of it, within
 * bounds, for a short measurement can be any number.
 *
 * The cheapest mix for more slots never costs less than the one for fewer, so the most slots that
 * the bounds allow are found by halving. With the resources of a host this holds only nearly, for
 * the cheaper mix may be the larger one; what is found does fit in any case.
 */
#include "core/plan.h"

#include "base/assert.h"
#include "base/num.h"
#include "core/erlang.h"

#define TAIL_LEAST 0.25
#define TAIL_MOST  4.0
#define SHARE_MIN  1e-6

static double ceil_of(double x)
{
	return -num_floor(-x);
}

static struct erlang_queue queue_of(const struct plan_need *need)
{
	return (struct erlang_queue){.load = need->load,
		.service_s = need->service_s,
		.arrivals_cv2 = need->arrivals_cv2,
		.service_cv2 = need->service_cv2};
}

static double tail_of(const struct plan_need *need)
{
	return num_clamp(need->tail, TAIL_LEAST, TAIL_MOST);
}

/* The slots for the objective alone. */
static uint32_t slots_objective(const struct plan_need *need)
{
	struct erlang_queue queue = queue_of(need);
	double share = num_clamp(need->late_share / tail_of(need), SHARE_MIN, 1);

	if (need->load <= 0)
		return 0;
	if (need->load >= ERLANG_SERVERS_MAX)
		return ERLANG_SERVERS_MAX;
	return erlang_servers(&queue, need->wait_s, share);
}

static uint64_t with_headroom(const struct plan_need *need, uint32_t objective)
{
	double load = num_min(need->load, ERLANG_SERVERS_MAX);
	double room = ceil_of(load * (1 + need->headroom) - 1e-9);

	return room > objective ? (uint64_t)room : objective;
}

uint64_t plan_slots(const struct plan_need *need)
{
	return with_headroom(need, slots_objective(need));
}

/* Busy slots that a resource of an agent carries. */
static double carries(double has, double slot_uses, double margin)
{
	if (has <= 0 || slot_uses <= 0)
		return UINT32_MAX;
	return num_floor(has / (slot_uses * (1 + margin)) + 1e-9);
}

uint32_t plan_carries(const struct plan_pool *pool, double headroom)
{
	double slots = pool->slots;

	slots = num_min(slots, carries(pool->cpu_millis, pool->slot_cpu_millis,
				       num_max(PLAN_CPU_MARGIN, headroom)));
	slots = num_min(slots, carries(pool->memory_mib, pool->slot_memory_mib,
				       num_max(PLAN_MEMORY_MARGIN, headroom)));
	slots = num_min(slots, carries(pool->storage_mib, pool->slot_storage_mib,
				       num_max(PLAN_STORAGE_MARGIN, headroom)));
	return slots < 1 ? 1 : (uint32_t)slots;
}

/* Agents beyond a shared limit would have nothing that they may do. */
static struct mix_pool offer_of(const struct plan_pool *pool, double headroom)
{
	uint32_t slots = plan_carries(pool, headroom);
	uint32_t agents = pool->slots_max / slots + (pool->slots_max % slots > 0);
	uint32_t most = pool->agents_max > pool->agents_min ? pool->agents_max : pool->agents_min;

	most = agents < most ? agents : most;
	return (struct mix_pool){.price = pool->price,
		.slots = slots,
		.agents_min = pool->agents_min,
		.agents_max = most > pool->agents_min ? most : pool->agents_min};
}

static enum plan_ceiling bound_broken(const struct plan_pool *pools, uint32_t count,
	const struct plan_bounds *bounds, const struct mix *mix)
{
	double cpu_millis = 0, memory_mib = 0;

	for (uint32_t i = 0; i < count; i++) {
		cpu_millis += pools[i].cpu_millis * mix->agents[i];
		memory_mib += pools[i].memory_mib * mix->agents[i];
	}
	if (bounds->price > 0 && mix->price > bounds->price)
		return PLAN_CEILING_MONEY;
	if (bounds->cpu_millis > 0 && cpu_millis > bounds->cpu_millis)
		return PLAN_CEILING_CPU;
	if (bounds->memory_mib > 0 && memory_mib > bounds->memory_mib)
		return PLAN_CEILING_MEMORY;
	return PLAN_CEILING_NONE;
}

static void find(const struct plan_need *need, const struct mix_pool *offers, uint32_t count,
	uint64_t slots, struct mix *mix)
{
	if (need->survive)
		mix_find_spare(offers, count, slots, mix);
	else
		mix_find(offers, count, slots, mix);
}

/* The largest mix for at most plan->slots that breaks no bound. */
static void fit(const struct plan_need *need, const struct plan_pool *pools,
	const struct mix_pool *offers, uint32_t count, const struct plan_bounds *bounds,
	struct plan *plan)
{
	uint64_t fits = 0, breaks = plan->mix.slots < plan->slots ? plan->mix.slots : plan->slots;

	find(need, offers, count, 0, &plan->mix);
	while (fits + 1 < breaks) {
		uint64_t middle = fits + (breaks - fits) / 2;
		struct mix mix;

		find(need, offers, count, middle, &mix);
		if (bound_broken(pools, count, bounds, &mix) != PLAN_CEILING_NONE) {
			breaks = middle;
			continue;
		}
		fits = middle;
		plan->mix = mix;
	}
}

/* Too few agents: by the pools' own maximums, or by what they share. */
static enum plan_ceiling pools_short(
	const struct plan_pool *pools, const struct mix_pool *offers, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (offers[i].agents_max < pools[i].agents_max)
			return PLAN_CEILING_SHARED;
	return PLAN_CEILING_POOL;
}

static void judge(const struct plan_need *need, uint32_t objective, struct plan *plan)
{
	struct erlang_queue queue = queue_of(need);
	uint64_t slots =
		plan->mix.slots < ERLANG_SERVERS_MAX ? plan->mix.slots : ERLANG_SERVERS_MAX;

	plan->busy = plan->mix.slots > 0 ? num_min(need->load / (double)plan->mix.slots, 1) : 0;
	plan->busy_most = objective > 0 ? num_min(need->load / objective, 1) : 0;
	plan->late = need->load > 0 ? 1 : 0;
	if (need->load > 0 && (double)slots > need->load)
		plan->late = num_min(
			erlang_wait_over(&queue, (uint32_t)slots, need->wait_s) * tail_of(need), 1);
}

void plan_make(const struct plan_need *need, const struct plan_pool *pools, uint32_t count,
	const struct plan_bounds *bounds, struct plan *plan)
{
	struct mix_pool offers[MIX_POOLS_MAX];
	uint32_t objective = slots_objective(need);
	uint64_t slots = with_headroom(need, objective), reached;

	bal_assert(count <= MIX_POOLS_MAX);
	bal_assert(need->headroom >= 0);
	*plan = (struct plan){.slots = slots};
	for (uint32_t i = 0; i < count; i++)
		offers[i] = offer_of(&pools[i], need->headroom);
	find(need, offers, count, slots, &plan->mix);
	plan->ceiling = bound_broken(pools, count, bounds, &plan->mix);
	if (plan->ceiling != PLAN_CEILING_NONE) {
		fit(need, pools, offers, count, bounds, plan);
		judge(need, objective, plan);
		return;
	}
	reached = need->survive ? mix_slots_spare(offers, count, &plan->mix) : plan->mix.slots;
	if (reached < slots)
		plan->ceiling = pools_short(pools, offers, count);
	judge(need, objective, plan);
}
