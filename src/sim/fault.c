/* SPDX-License-Identifier: Apache-2.0 */
/* One draw decides over all fates of an attempt: their rates lie side by side on one line. */
#include "sim/fault.h"

#include "base/num.h"
#include "base/units.h"

#define FAULT_SALT UINT64_C(0x6661756c7473)

void fault_init(struct fault *fault, const struct sim_faults *rates, uint64_t seed)
{
	fault->rates = rates;
	prng_init(&fault->prng, seed ^ FAULT_SALT);
}

enum fault_attempt fault_attempt(struct fault *fault)
{
	const struct sim_faults *rates = fault->rates;
	const int64_t line[] = {rates->fail_ppm, rates->retryable_ppm, rates->lost_ppm,
		rates->hang_ppm, rates->busy_ppm, rates->death_ppm};
	int64_t place = (int64_t)prng_below(&fault->prng, (uint64_t)PPM);

	for (int i = 0; i < (int)(sizeof line / sizeof *line); i++) {
		if (place < line[i])
			return (enum fault_attempt)(FAULT_FAIL + i);
		place -= line[i];
	}
	return FAULT_NONE;
}

bool fault_strikes(struct fault *fault, int64_t ppm)
{
	return ppm > 0 && prng_chance(&fault->prng, ppm);
}

uint32_t fault_below(struct fault *fault, uint32_t bound)
{
	if (bound == 0)
		return 0;
	return (uint32_t)prng_below(&fault->prng, bound);
}

int64_t fault_part_ns(struct fault *fault, int64_t whole_ns)
{
	return num_max_i64(1, num_to_i64((double)whole_ns * prng_unit(&fault->prng)));
}
