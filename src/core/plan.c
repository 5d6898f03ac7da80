/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queueing model is exact for Poisson arrivals and exponential services, near enough for most
 * others, and wrong for some: so what was measured of the tail corrects what is asked of it, within
 * bounds, for a short measurement can be any number.
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

/* The bounds of a plan as those of its mix, in the order in which they are blamed. */
enum bound_place { BOUND_PRICE, BOUND_CPU, BOUND_MEMORY, BOUND_SHARED };

_Static_assert(BOUND_SHARED + PLAN_SHARED_MAX <= MIX_BOUNDS_MAX, "every bound has a place");

struct offer {
	struct mix_pool pools[MIX_POOLS_MAX];
	double bounds[MIX_BOUNDS_MAX];
	struct mix_offer mix;
};

static struct mix_pool offer_of(const struct plan_need *need, const struct plan_pool *pool,
	const struct plan_bounds *bounds)
{
	struct mix_pool offer = {.price = pool->reserved ? 0 : pool->price,
		.slots = plan_carries(pool, need->headroom),
		.agents_min = pool->agents_min,
		.agents_max = pool->agents_max};

	offer.uses[BOUND_PRICE] = bounds->price > 0 ? (double)offer.price : 0;
	offer.uses[BOUND_CPU] = bounds->cpu_millis > 0 ? pool->cpu_millis : 0;
	offer.uses[BOUND_MEMORY] = bounds->memory_mib > 0 ? pool->memory_mib : 0;
	for (uint32_t i = 0; i < bounds->shared_count; i++)
		offer.uses[BOUND_SHARED + i] = pool->limits >> i & 1 ? offer.slots : 0;
	return offer;
}

/* Agents come whole: the last one may go beyond a shared limit, and what is beyond it is not used.
 * By as little as the smallest agent can. */
static double spill_of(const struct mix_pool *pools, uint32_t count, uint32_t shared)
{
	double spill = UINT32_MAX;

	for (uint32_t i = 0; i < count; i++)
		if (pools[i].uses[BOUND_SHARED + shared] > 0)
			spill = num_min(spill, pools[i].slots - 1.0);
	return spill;
}

/* What is paid for whether it is used or not. */
static int64_t price_reserved(const struct plan_pool *pools, uint32_t count)
{
	int64_t price = 0;

	for (uint32_t i = 0; i < count; i++)
		if (pools[i].reserved)
			price = num_add_i64(
				price, num_mul_i64(pools[i].price, pools[i].agents_max));
	return price;
}

static void offer_make(const struct plan_need *need, const struct plan_pool *pools, uint32_t count,
	const struct plan_bounds *bounds, struct offer *offer)
{
	offer->bounds[BOUND_PRICE] =
		num_max((double)bounds->price - (double)price_reserved(pools, count), 0);
	offer->bounds[BOUND_CPU] = bounds->cpu_millis;
	offer->bounds[BOUND_MEMORY] = bounds->memory_mib;
	for (uint32_t i = 0; i < count; i++)
		offer->pools[i] = offer_of(need, &pools[i], bounds);
	for (uint32_t i = 0; i < bounds->shared_count; i++)
		offer->bounds[BOUND_SHARED + i] =
			bounds->shared_slots[i] + spill_of(&offer->pools[0], count, i);
	offer->mix = (struct mix_offer){
		offer->pools, count, offer->bounds, BOUND_SHARED + bounds->shared_count};
}

/* What the first pool that may have more agents is kept from them by. */
static enum plan_ceiling ceiling_of(const struct mix_offer *offer, const struct mix *mix)
{
	for (uint32_t i = 0; i < offer->count; i++) {
		uint32_t bound = mix_blocks(offer, mix, i);

		if (mix->agents[i] >= offer->pools[i].agents_max || bound == offer->bound_count)
			continue;
		switch (bound) {
		case BOUND_PRICE:
			return PLAN_CEILING_MONEY;
		case BOUND_CPU:
			return PLAN_CEILING_CPU;
		case BOUND_MEMORY:
			return PLAN_CEILING_MEMORY;
		default:
			return PLAN_CEILING_SHARED;
		}
	}
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
	uint32_t objective = slots_objective(need);
	uint64_t slots = with_headroom(need, objective), reached;
	struct offer offer;

	bal_assert(count <= MIX_POOLS_MAX && bounds->shared_count <= PLAN_SHARED_MAX);
	bal_assert(need->headroom >= 0);
	*plan = (struct plan){.slots = slots};
	offer_make(need, pools, count, bounds, &offer);
	if (need->survive)
		mix_find_spare(&offer.mix, slots, &plan->mix);
	else
		mix_find(&offer.mix, slots, &plan->mix);
	reached = need->survive ? mix_slots_spare(&offer.mix, &plan->mix) : plan->mix.slots;
	if (reached < slots)
		plan->ceiling = ceiling_of(&offer.mix, &plan->mix);
	plan->mix.price = num_add_i64(plan->mix.price, price_reserved(pools, count));
	judge(need, objective, plan);
}
