/* SPDX-License-Identifier: Apache-2.0 */
/* Mixes of pools against all mixes that there are. */
#include "core/mix.h"

#include "base/prng.h"

#include "../base/unit.h"

#define POOLS  4
#define BOUNDS 2
#define AGENTS 5 /* at most, of a pool */

/* The best of all mixes, by trying each. */
struct best {
	uint64_t slots; /* that count, up to those wanted */
	int64_t price;
	uint64_t agents;
};

static bool is_within(const struct mix_offer *offer, const uint32_t *agents)
{
	for (uint32_t i = 0; i < offer->bound_count; i++) {
		double used = 0, minimum = 0;

		for (uint32_t j = 0; j < offer->count; j++) {
			used += offer->pools[j].uses[i] * agents[j];
			minimum += offer->pools[j].uses[i] * offer->pools[j].agents_min;
		}
		if (used > minimum && used > offer->bounds[i])
			return false;
	}
	return true;
}

static struct best try_all(const struct mix_offer *offer, uint64_t wanted, bool spare)
{
	const struct mix_pool *pools = offer->pools;
	uint32_t count = offer->count;
	struct best best = {0, INT64_MAX, UINT64_MAX};
	uint32_t all = 1;

	for (uint32_t i = 0; i < count; i++)
		all *= AGENTS + 1;
	for (uint32_t code = 0; code < all; code++) {
		struct best here = {0, 0, 0};
		uint32_t rest = code, largest = 0, agents_of[POOLS];
		bool allowed = true;

		for (uint32_t i = 0; i < count; i++, rest /= AGENTS + 1) {
			uint32_t agents = rest % (AGENTS + 1);

			agents_of[i] = agents;
			allowed = allowed && agents >= pools[i].agents_min &&
				  agents <= pools[i].agents_max;
			here.slots += (uint64_t)agents * pools[i].slots;
			here.price += agents * pools[i].price;
			here.agents += agents;
			if (agents > 0 && pools[i].slots > largest)
				largest = pools[i].slots;
		}
		here.slots -= spare ? largest : 0;
		here.slots = here.slots < wanted ? here.slots : wanted;
		if (!allowed || !is_within(offer, agents_of) || here.slots < best.slots)
			continue;
		if (here.slots > best.slots || here.price < best.price ||
			(here.price == best.price && here.agents < best.agents))
			best = here;
	}
	return best;
}

static uint32_t make_pools(struct prng *random, struct mix_pool *pools)
{
	uint32_t count = (uint32_t)prng_below(random, POOLS) + 1;
	uint64_t price_bound = prng_chance(random, 300000) ? 3 : 1000;

	for (uint32_t i = 0; i < count; i++) {
		pools[i].price = (int64_t)prng_below(random, price_bound);
		pools[i].slots = (uint32_t)prng_below(random, 9);
		pools[i].agents_max = (uint32_t)prng_below(random, AGENTS + 1);
		pools[i].agents_min = (uint32_t)prng_below(random, pools[i].agents_max + 1) / 3;
		for (uint32_t j = 0; j < BOUNDS; j++)
			pools[i].uses[j] =
				prng_chance(random, 500000) ? (double)prng_below(random, 9) : 0;
	}
	return count;
}

/* Half of them bound nothing. */
static struct mix_offer make_offer(struct prng *random, struct mix_pool *pools, double *bounds)
{
	struct mix_offer offer = {.pools = pools, .bounds = bounds};

	offer.count = make_pools(random, pools);
	offer.bound_count = (uint32_t)prng_below(random, BOUNDS + 1);
	for (uint32_t i = 0; i < BOUNDS; i++)
		bounds[i] = (double)prng_below(random, 50);
	return offer;
}

static void equals_all_mixes(void **state)
{
	struct prng random;

	(void)state;
	prng_init(&random, 1);
	for (uint32_t i = 0; i < 3000; i++) {
		struct mix_pool pools[POOLS];
		double bounds[BOUNDS];
		struct mix_offer offer = make_offer(&random, pools, bounds);
		uint64_t wanted = prng_below(&random, 70);
		struct best best = try_all(&offer, wanted, false);
		struct mix mix;

		mix_find(&offer, wanted, &mix);
		assert_true(mix.exact);
		assert_int_equal(mix.slots < wanted ? mix.slots : wanted, best.slots);
		assert_int_equal(mix.price, best.price);
		assert_int_equal(mix.agents_all, best.agents);
	}
}

static void survives_a_loss_for_the_least(void **state)
{
	struct prng random;

	(void)state;
	prng_init(&random, 2);
	for (uint32_t i = 0; i < 3000; i++) {
		struct mix_pool pools[POOLS];
		double bounds[BOUNDS];
		struct mix_offer offer = make_offer(&random, pools, bounds);
		uint64_t wanted = prng_below(&random, 40) + 1;
		struct best best = try_all(&offer, wanted, true);
		struct mix mix;
		uint64_t left;

		mix_find_spare(&offer, wanted, &mix);
		left = mix_slots_spare(&offer, &mix);
		if (best.slots < wanted) {
			assert_true(left < wanted);
			continue;
		}
		assert_true(left >= wanted);
		assert_int_equal(mix.price, best.price);
		assert_int_equal(mix.agents_all, best.agents);
	}
}

static void takes_the_cheaper_slots(void **state)
{
	/* 2 cents a slot, 1.5 cents, 3 cents. */
	static const struct mix_pool pools[] = {
		{8, 4, 1, 10, {0}}, {24, 16, 0, 2, {0}}, {3, 1, 0, 9, {0}}};
	static const struct mix_offer offer = {.pools = pools, .count = 3};
	struct mix mix;

	(void)state;
	mix_find(&offer, 36, &mix);
	assert_int_equal(mix.agents[0], 1);
	assert_int_equal(mix.agents[1], 2);
	assert_int_equal(mix.agents[2], 0);
	assert_int_equal(mix.price, 56);
	mix_find(&offer, 5, &mix);
	assert_int_equal(mix.agents[2], 1);
	assert_int_equal(mix.price, 11);
	mix_find(&offer, 1000, &mix);
	assert_int_equal(mix.slots, 81);
}

/* Hard ones end as well, with something to show. */
static void ends_in_bounded_steps(void **state)
{
	struct mix_pool pools[MIX_POOLS_MAX];
	const struct mix_offer offer = {.pools = pools, .count = MIX_POOLS_MAX};
	struct mix mix;

	(void)state;
	for (uint32_t i = 0; i < MIX_POOLS_MAX; i++)
		pools[i] =
			(struct mix_pool){1000003 + 7919 * (i * i % 31), 2 * i + 100, 0, 1000, {0}};
	mix_find(&offer, 100001, &mix);
	assert_true(mix.slots >= 100001);
	assert_true(mix.price < INT64_C(100001) * 1000003 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_all_mixes),
		cmocka_unit_test(survives_a_loss_for_the_least),
		cmocka_unit_test(takes_the_cheaper_slots),
		cmocka_unit_test(ends_in_bounded_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
