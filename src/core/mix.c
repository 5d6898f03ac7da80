/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A covering knapsack, by branch and bound: pools in the order of the price of their slots, as many
 * agents of each as could be of use, fewer later. The rest of a branch costs at least what its
 * slots cost in parts of agents, and a branch that cannot beat the best mix so far is left. The
 * first leaf is the greedy mix, so a search that is cut short is no worse than that.
 *
 * Rejected: a table over all numbers of slots, which needs memory by the size of the fleet.
 *
 * A mix that survives a loss has a largest agent; for each size that this may have, larger ones are
 * left out and one of that size is asked for on top. The cheapest of these is the cheapest of all.
 */
#include "core/mix.h"

#include "base/assert.h"
#include "base/num.h"

struct search {
	const struct mix_pool *pools;
	uint32_t order[MIX_POOLS_MAX]; /* by the price of a slot */
	uint32_t count;                /* of them that are of use */
	uint32_t agents[MIX_POOLS_MAX];
	uint32_t steps;
	bool found;
	struct mix best;
};

/* The part of a mix that is settled. */
struct part {
	int64_t price;
	uint64_t agents;
	uint64_t slots_left; /* that are wanted yet */
};

static uint32_t room_of(const struct mix_pool *pool)
{
	return pool->agents_max > pool->agents_min ? pool->agents_max - pool->agents_min : 0;
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

static void sort_pools(struct search *search, uint32_t count, uint32_t slots_max)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t place = search->count;

		if (search->pools[i].slots == 0 || search->pools[i].slots > slots_max ||
			room_of(&search->pools[i]) == 0)
			continue;
		while (place > 0 && goes_before(search->pools, i, search->order[place - 1])) {
			search->order[place] = search->order[place - 1];
			place--;
		}
		search->order[place] = i;
		search->count++;
	}
}

/* True when the pools from this place on cannot make a better mix of the part. */
static bool is_hopeless(const struct search *search, uint32_t place, const struct part *part)
{
	double price = (double)part->price, left = (double)part->slots_left;
	uint32_t slots_most = 1;

	for (uint32_t i = place; i < search->count; i++) {
		const struct mix_pool *pool = &search->pools[search->order[i]];
		double taken = num_min(left, (double)room_of(pool) * pool->slots);

		price += taken * (double)pool->price / pool->slots;
		left -= taken;
		slots_most = pool->slots > slots_most ? pool->slots : slots_most;
	}
	if (left > 0.5)
		return true;
	if (!search->found)
		return false;
	/* Prices are whole: rounding is far below a half. */
	if (price > (double)search->best.price + 0.5)
		return true;
	return price > (double)search->best.price - 0.5 &&
	       part->agents + (part->slots_left + slots_most - 1) / slots_most >=
		       search->best.agents_all;
}

static void keep(struct search *search, const struct part *part)
{
	bool better = part->price < search->best.price ||
		      (part->price == search->best.price && part->agents < search->best.agents_all);

	if (search->found && !better)
		return;
	search->found = true;
	search->best.price = part->price;
	search->best.agents_all = part->agents;
	for (uint32_t i = 0; i < MIX_POOLS_MAX; i++)
		search->best.agents[i] = search->agents[i];
}

/* Takes agents of one pool into the part; negative ones out of it. */
static void take(struct search *search, uint32_t number, uint32_t agents, struct part *part)
{
	const struct mix_pool *pool = &search->pools[number];
	uint64_t slots = (uint64_t)agents * pool->slots;

	search->agents[number] = pool->agents_min + agents;
	part->price = num_add_i64(part->price, num_mul_i64(pool->price, agents));
	part->agents += agents;
	part->slots_left -= slots < part->slots_left ? slots : part->slots_left;
}

/* How many agents of a pool could be of use. */
static uint32_t use_of(const struct mix_pool *pool, uint64_t slots_left)
{
	uint64_t agents = slots_left / pool->slots + (slots_left % pool->slots > 0);

	return agents < room_of(pool) ? (uint32_t)agents : room_of(pool);
}

/* A depth-first walk without recursion: next[] is what each level tries next, counted down. */
static void walk(struct search *search, struct part begin)
{
	struct part parts[MIX_POOLS_MAX + 1];
	int64_t next[MIX_POOLS_MAX];
	uint32_t depth = 0;
	bool enters = true;

	parts[0] = begin;
	while (search->steps < MIX_STEPS_MAX || !search->found) {
		bool ends = parts[depth].slots_left == 0 || depth == search->count;

		search->steps++;
		if (enters && parts[depth].slots_left == 0)
			keep(search, &parts[depth]);
		if (enters && !ends)
			next[depth] = use_of(
				&search->pools[search->order[depth]], parts[depth].slots_left);
		if (ends || next[depth] < 0 || is_hopeless(search, depth, &parts[depth])) {
			if (depth == 0) {
				search->best.exact = true;
				return;
			}
			depth--;
			search->agents[search->order[depth]] =
				search->pools[search->order[depth]].agents_min;
			enters = false;
			continue;
		}
		parts[depth + 1] = parts[depth];
		take(search, search->order[depth], (uint32_t)next[depth]--, &parts[depth + 1]);
		depth++;
		enters = true;
	}
}

/* Everything that there is. */
static void take_all(struct search *search, struct part part)
{
	for (uint32_t i = 0; i < search->count; i++)
		take(search, search->order[i], room_of(&search->pools[search->order[i]]), &part);
	keep(search, &part);
	search->best.exact = true;
}

static void count_slots(const struct mix_pool *pools, uint32_t count, struct mix *mix)
{
	mix->slots = 0;
	for (uint32_t i = 0; i < count; i++)
		mix->slots += (uint64_t)mix->agents[i] * pools[i].slots;
}

/* With agents of at most slots_max slots beyond the minimums. */
static void find(const struct mix_pool *pools, uint32_t count, uint64_t slots, uint32_t slots_max,
	struct mix *mix)
{
	struct search search = {.pools = pools};
	struct part part = {.slots_left = slots};
	uint64_t slots_all = 0;

	bal_assert(count <= MIX_POOLS_MAX);
	sort_pools(&search, count, slots_max);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t there = (uint64_t)pools[i].agents_min * pools[i].slots;

		bal_assert(pools[i].price >= 0);
		search.agents[i] = pools[i].agents_min;
		part.agents += pools[i].agents_min;
		part.price =
			num_add_i64(part.price, num_mul_i64(pools[i].price, pools[i].agents_min));
		part.slots_left -= there < part.slots_left ? there : part.slots_left;
	}
	for (uint32_t i = 0; i < search.count; i++) {
		const struct mix_pool *pool = &pools[search.order[i]];

		slots_all += (uint64_t)room_of(pool) * pool->slots;
	}
	if (slots_all <= part.slots_left)
		take_all(&search, part);
	else
		walk(&search, part);
	*mix = search.best;
	count_slots(pools, count, mix);
}

void mix_find(const struct mix_pool *pools, uint32_t count, uint64_t slots, struct mix *mix)
{
	find(pools, count, slots, UINT32_MAX, mix);
}

uint64_t mix_slots_spare(const struct mix_pool *pools, uint32_t count, const struct mix *mix)
{
	uint32_t largest = 0;

	for (uint32_t i = 0; i < count; i++)
		if (mix->agents[i] > 0 && pools[i].slots > largest)
			largest = pools[i].slots;
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

void mix_find_spare(const struct mix_pool *pools, uint32_t count, uint64_t slots, struct mix *mix)
{
	bool exact = true;

	mix_find(pools, count, slots, mix);
	if (slots == 0)
		return;
	exact = mix->exact;
	for (uint32_t i = 0; i < count; i++) {
		struct mix other;

		if (pools[i].slots == 0 || pools[i].agents_max == 0)
			continue;
		find(pools, count, slots + pools[i].slots, pools[i].slots, &other);
		exact = exact && other.exact;
		if (is_better(&other, mix_slots_spare(pools, count, &other), mix,
			    mix_slots_spare(pools, count, mix), slots))
			*mix = other;
	}
	mix->exact = exact;
}
