/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A covering knapsack under linear bounds, by branch and bound: pools in the order of the price of
 * their slots, as many agents of each as could be of use, fewer later. The rest of a branch costs
 * at least what its slots cost in parts of agents, it brings at most what its scarcest bound
 * allows, and a branch that cannot beat the best mix so far is left. The first leaf is the greedy
 * mix, so a search that is cut short is no worse than that.
 *
 * Rejected: a table over all numbers of slots, which needs memory by the size of the fleet; bounds
 * by halving the number of slots, which holds only while the cheaper mix is the smaller one.
 *
 * A mix that survives a loss has a largest agent; for each size that this may have, larger ones are
 * left out and one of that size is asked for on top. The cheapest of these is the cheapest of all.
 */
#include "core/mix.h"

#include "base/assert.h"
#include "base/num.h"

#define SLIGHT     1e-9  /* relative: what sums of parts may miss */
#define YIELD_FREE 1e300 /* a bound that is not used brings whatever is wanted */

struct search {
	const struct mix_offer *offer;
	uint32_t order[MIX_POOLS_MAX]; /* by the price of a slot */
	uint32_t count;                /* of them that are of use */
	uint32_t agents[MIX_POOLS_MAX];
	/* Of the pools from a place on: the most slots that a unit of a bound brings; YIELD_FREE
	 * when one of them does not use it. */
	double yield[MIX_POOLS_MAX + 1][MIX_BOUNDS_MAX];
	uint32_t steps;
	bool found;
	uint64_t missing; /* slots that the best mix is short of */
	struct mix best;
};

/* The part of a mix that is settled. */
struct part {
	int64_t price;
	uint64_t agents;
	uint64_t slots_left; /* that are wanted yet */
	double left[MIX_BOUNDS_MAX];
};

/* Agents of a pool that one bound has room for. */
static double room_in(double left, double uses)
{
	return uses > 0 ? num_floor(num_max(left, 0) / uses * (1 + SLIGHT)) : UINT32_MAX;
}

static uint32_t room_of(
	const struct mix_offer *offer, const struct part *part, const struct mix_pool *pool)
{
	double room = pool->agents_max > pool->agents_min ? pool->agents_max - pool->agents_min : 0;

	for (uint32_t i = 0; i < offer->bound_count; i++)
		room = num_min(room, room_in(part->left[i], pool->uses[i]));
	return (uint32_t)room;
}

static const struct mix_pool *pool_at(const struct search *search, uint32_t place)
{
	return &search->offer->pools[search->order[place]];
}

/* Cheaper slots first; then larger agents, which make fewer; then the first one. */
static bool goes_before(const struct mix_pool *pools, uint32_t a, uint32_t b)
{
	double price_a = (double)pools[a].price * pools[b].slots;
	double price_b = (double)pools[b].price * pools[a].slots;

	if (price_a != price_b)
		return price_a < price_b;
	if (pools[a].slots != pools[b].slots)
		return pools[a].slots > pools[b].slots;
	return a < b;
}

static void sort_pools(struct search *search, const struct part *part, uint32_t slots_max)
{
	const struct mix_pool *pools = search->offer->pools;

	for (uint32_t i = 0; i < search->offer->count; i++) {
		uint32_t place = search->count;

		if (pools[i].slots == 0 || pools[i].slots > slots_max ||
			room_of(search->offer, part, &pools[i]) == 0)
			continue;
		while (place > 0 && goes_before(pools, i, search->order[place - 1])) {
			search->order[place] = search->order[place - 1];
			place--;
		}
		search->order[place] = i;
		search->count++;
	}
}

static void find_yields(struct search *search)
{
	for (uint32_t place = search->count; place-- > 0;) {
		const struct mix_pool *pool = pool_at(search, place);

		for (uint32_t i = 0; i < search->offer->bound_count; i++) {
			double yield = pool->uses[i] > 0 ? pool->slots / pool->uses[i] : YIELD_FREE;

			search->yield[place][i] = num_max(search->yield[place + 1][i], yield);
		}
	}
}

/* Slots that the pools from a place on cannot bring, at least. */
static double least_missing(const struct search *search, uint32_t place, const struct part *part)
{
	double left = (double)part->slots_left, brings = 0;

	for (uint32_t i = place; i < search->count && brings < left; i++)
		brings += (double)room_of(search->offer, part, pool_at(search, i)) *
			  pool_at(search, i)->slots;
	for (uint32_t i = 0; i < search->offer->bound_count; i++)
		if (search->yield[place][i] < YIELD_FREE)
			brings = num_min(brings,
				search->yield[place][i] * (1 + SLIGHT) * num_max(part->left[i], 0));
	return num_max(left - brings, 0);
}

/* The least that it takes to bring all slots but those that the best mix misses too. */
static double least_price(const struct search *search, uint32_t place, const struct part *part)
{
	double price = (double)part->price;
	double left = (double)part->slots_left - (double)search->missing;

	for (uint32_t i = place; i < search->count && left > 0; i++) {
		const struct mix_pool *pool = pool_at(search, i);
		double taken =
			num_min(left, (double)room_of(search->offer, part, pool) * pool->slots);

		price += taken * (double)pool->price / pool->slots;
		left -= taken;
	}
	return price;
}

static uint64_t least_agents(const struct search *search, uint32_t place, const struct part *part)
{
	uint64_t left = part->slots_left > search->missing ? part->slots_left - search->missing : 0;
	uint32_t slots_most = 1;

	for (uint32_t i = place; i < search->count; i++)
		slots_most = pool_at(search, i)->slots > slots_most ? pool_at(search, i)->slots
								    : slots_most;
	return part->agents + (left + slots_most - 1) / slots_most;
}

/* True when the pools from this place on cannot make a better mix of the part. */
static bool is_hopeless(const struct search *search, uint32_t place, const struct part *part)
{
	double missing, price;

	if (!search->found)
		return false;
	missing = least_missing(search, place, part);
	if (missing > (double)search->missing + 0.5)
		return true;
	/* It may bring more slots, of which there are too few: worth any price. */
	if (search->missing > 0 && missing < (double)search->missing - 0.5)
		return false;
	price = least_price(search, place, part);
	/* Prices are whole: rounding is far below a half. */
	if (price > (double)search->best.price + 0.5)
		return true;
	return price > (double)search->best.price - 0.5 &&
	       least_agents(search, place, part) >= search->best.agents_all;
}

static void keep(struct search *search, const struct part *part)
{
	bool better = part->slots_left < search->missing;

	if (part->slots_left == search->missing)
		better = part->price < search->best.price ||
			 (part->price == search->best.price &&
				 part->agents < search->best.agents_all);
	if (search->found && !better)
		return;
	search->found = true;
	search->missing = part->slots_left;
	search->best.price = part->price;
	search->best.agents_all = part->agents;
	for (uint32_t i = 0; i < MIX_POOLS_MAX; i++)
		search->best.agents[i] = search->agents[i];
}

static void use_up(const struct mix_offer *offer, const struct mix_pool *pool, uint32_t agents,
	struct part *part)
{
	uint64_t slots = (uint64_t)agents * pool->slots;

	part->price = num_add_i64(part->price, num_mul_i64(pool->price, agents));
	part->agents += agents;
	part->slots_left -= slots < part->slots_left ? slots : part->slots_left;
	for (uint32_t i = 0; i < offer->bound_count; i++)
		part->left[i] -= pool->uses[i] * agents;
}

/* Takes agents of the pool at a place into the part. */
static void take(struct search *search, uint32_t place, uint32_t agents, struct part *part)
{
	const struct mix_pool *pool = pool_at(search, place);

	search->agents[search->order[place]] = pool->agents_min + agents;
	use_up(search->offer, pool, agents, part);
}

/* How many agents of the pool at a place could be of use. */
static uint32_t use_of(const struct search *search, uint32_t place, const struct part *part)
{
	const struct mix_pool *pool = pool_at(search, place);
	uint64_t agents = part->slots_left / pool->slots + (part->slots_left % pool->slots > 0);
	uint32_t room = room_of(search->offer, part, pool);

	return agents < room ? (uint32_t)agents : room;
}

/* A depth-first walk without recursion: next[] is what each level tries next, counted down. */
static void walk(struct search *search, const struct part *begin)
{
	struct part parts[MIX_POOLS_MAX + 1];
	int64_t next[MIX_POOLS_MAX];
	uint32_t depth = 0;
	bool enters = true;

	parts[0] = *begin;
	while (search->steps < MIX_STEPS_MAX || !search->found) {
		bool ends = parts[depth].slots_left == 0 || depth == search->count;

		search->steps++;
		if (enters && ends)
			keep(search, &parts[depth]);
		if (enters && !ends)
			next[depth] = use_of(search, depth, &parts[depth]);
		if (ends || next[depth] < 0 || is_hopeless(search, depth, &parts[depth])) {
			if (depth == 0) {
				search->best.exact = true;
				return;
			}
			depth--;
			search->agents[search->order[depth]] = pool_at(search, depth)->agents_min;
			enters = false;
			continue;
		}
		parts[depth + 1] = parts[depth];
		take(search, depth, (uint32_t)next[depth]--, &parts[depth + 1]);
		depth++;
		enters = true;
	}
}

static void count_slots(const struct mix_offer *offer, struct mix *mix)
{
	mix->slots = 0;
	for (uint32_t i = 0; i < offer->count; i++)
		mix->slots += (uint64_t)mix->agents[i] * offer->pools[i].slots;
}

/* With agents of at most slots_max slots beyond the minimums. */
static void find(const struct mix_offer *offer, uint64_t slots, uint32_t slots_max, struct mix *mix)
{
	struct search search = {.offer = offer};
	struct part part = {.slots_left = slots};

	bal_assert(offer->count <= MIX_POOLS_MAX && offer->bound_count <= MIX_BOUNDS_MAX);
	for (uint32_t i = 0; i < offer->bound_count; i++)
		part.left[i] = offer->bounds[i];
	for (uint32_t i = 0; i < offer->count; i++) {
		bal_assert(offer->pools[i].price >= 0);
		search.agents[i] = offer->pools[i].agents_min;
		use_up(offer, &offer->pools[i], offer->pools[i].agents_min, &part);
	}
	sort_pools(&search, &part, slots_max);
	find_yields(&search);
	walk(&search, &part);
	*mix = search.best;
	count_slots(offer, mix);
}

void mix_find(const struct mix_offer *offer, uint64_t slots, struct mix *mix)
{
	find(offer, slots, UINT32_MAX, mix);
}

uint64_t mix_slots_spare(const struct mix_offer *offer, const struct mix *mix)
{
	uint32_t largest = 0;

	for (uint32_t i = 0; i < offer->count; i++)
		if (mix->agents[i] > 0 && offer->pools[i].slots > largest)
			largest = offer->pools[i].slots;
	return mix->slots - largest;
}

/* The one with more slots left, up to what is wanted; then the cheaper one, then the smaller. */
static bool is_better(const struct mix *a, uint64_t spare_a, const struct mix *b, uint64_t spare_b,
	uint64_t slots)
{
	spare_a = spare_a < slots ? spare_a : slots;
	spare_b = spare_b < slots ? spare_b : slots;
	if (spare_a != spare_b)
		return spare_a > spare_b;
	if (a->price != b->price)
		return a->price < b->price;
	return a->agents_all < b->agents_all;
}

void mix_find_spare(const struct mix_offer *offer, uint64_t slots, struct mix *mix)
{
	bool exact = true;

	mix_find(offer, slots, mix);
	if (slots == 0)
		return;
	exact = mix->exact;
	for (uint32_t i = 0; i < offer->count; i++) {
		const struct mix_pool *pool = &offer->pools[i];
		struct mix other;

		if (pool->slots == 0 || pool->agents_max == 0)
			continue;
		find(offer, slots + pool->slots, pool->slots, &other);
		exact = exact && other.exact;
		if (is_better(&other, mix_slots_spare(offer, &other), mix,
			    mix_slots_spare(offer, mix), slots))
			*mix = other;
	}
	mix->exact = exact;
}

uint32_t mix_blocks(const struct mix_offer *offer, const struct mix *mix, uint32_t pool)
{
	for (uint32_t i = 0; i < offer->bound_count; i++) {
		double left = offer->bounds[i];

		for (uint32_t other = 0; other < offer->count; other++)
			left -= offer->pools[other].uses[i] * mix->agents[other];
		if (room_in(left, offer->pools[pool].uses[i]) < 1)
			return i;
	}
	return offer->bound_count;
}
