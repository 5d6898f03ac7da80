/* SPDX-License-Identifier: Apache-2.0 */
/* bench_plan: the processor time of one planning cycle: 1,000 pools in groups of four with
 * loads of up to 200 slots, agents of different sizes and prices. Prints the median of 21 cycles
 * and the goal; fails when a plan is not an exact one. */
#include "base/prng.h"
#include "core/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define POOLS   1000
#define GROUP   4
#define CYCLES  21
#define GOAL_MS 50.0

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void make(struct prng *random, struct plan_need *need, struct plan_pool *pools)
{
	*need = (struct plan_need){.load = 200 * prng_unit(random),
		.service_s = 5.57,
		.arrivals_cv2 = 1,
		.service_cv2 = 0.53,
		.wait_s = 2,
		.late_share = 0.05,
		.tail = 1};
	for (uint32_t i = 0; i < GROUP; i++) {
		pools[i] = (struct plan_pool){.agents_max = 100};
		pools[i].slots = (uint32_t)prng_below(random, 16) + 1;
		pools[i].price = (int64_t)prng_below(random, 1000) * 1000000 + pools[i].slots;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Returns how many mixes are not proved to be the cheapest. */
static uint32_t cycle(struct prng *random)
{
	static const struct plan_bounds bounds;
	uint32_t open = 0;

	for (uint32_t i = 0; i < POOLS / GROUP; i++) {
		struct plan_pool pools[GROUP];
		struct plan_need need;
		struct plan plan;

		make(random, &need, pools);
		plan_make(&need, pools, GROUP, &bounds, &plan);
		open += !plan.mix.exact;
	}
	return open;
}

int main(void)
{
	double times[CYCLES];
	struct prng random;
	uint32_t open = 0;

	prng_init(&random, 1);
	for (uint32_t i = 0; i < CYCLES; i++) {
		double begun = now_ms();

		open += cycle(&random);
		times[i] = now_ms() - begun;
	}
	qsort(times, CYCLES, sizeof times[0], compare);
	printf("plan of %d pools: median %.2f ms of CPU, slowest %.2f (goal: at most %.0f)\n",
		POOLS, times[CYCLES / 2], times[CYCLES - 1], GOAL_MS);
	printf("mixes that are not proved to be the cheapest: %u of %d\n", open,
		CYCLES * POOLS / GROUP);
	return open == 0 && times[CYCLES / 2] <= GOAL_MS ? 0 : 1;
}
