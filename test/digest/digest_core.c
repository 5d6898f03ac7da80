/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A digest of what the core decides: the effects of a million events from worlds with faults, drawn
 * from consecutive seeds.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/checksum.h"
#include "sim/host.h"

#define EVENTS     1000000
#define WORLD_SIZE 10000 /* tasks */
#define SEED_FIRST 20240229

int main(void)
{
	static struct sim_report report;
	static struct sim_options options;
	struct digest digest;
	uint64_t events = 0;

	digest_init(&digest, SEED_FIRST);
	for (uint64_t seed = SEED_FIRST; events < EVENTS; seed++) {
		sim_options_draw(&options, seed, WORLD_SIZE);
		options.oracle_off = true;
		if (!sim_run(&options, &report)) {
			printf("core: %s\n", report.failure);
			return 1;
		}
		events += report.events;
		digest_u64(&digest, report.digest);
		digest_u64(&digest, report.events);
		digest_i64(&digest, report.end_at_ns);
	}
	printf("core: %016" PRIx64 "\n", digest_value(&digest));
	return 0;
}
