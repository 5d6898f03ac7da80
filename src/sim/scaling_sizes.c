/* SPDX-License-Identifier: Apache-2.0 */
/* The standard set has two humps, short answers and long ones, which no usual distribution has: it
 * is given by quantiles, with straight lines between.  They were measured on the conversations of
 * the Azure LLM inference trace of 2023 (Patel et al., "Splitwise", ISCA 2024; CC-BY 4.0) with
 * 0.25 ms per context token and 25 ms per generated one: mean 5.57 s, squared coefficient of
 * variation 0.53. */
#include "sim/scaling_sizes.h"

#include "base/num.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>

#define STANDARD_COUNT 4000

/* A share of the tasks, in permille, that take at most so many ms. */
struct knot {
	int32_t permille, ms;
};

static const struct knot KNOTS[] = {{0, 268}, {10, 423}, {50, 1539}, {100, 1868}, {150, 2079},
	{200, 2246}, {250, 2372}, {300, 2496}, {350, 2631}, {400, 2824}, {450, 3106}, {500, 3502},
	{550, 4071}, {600, 4602}, {625, 5150}, {640, 5474}, {650, 5478}, {660, 6245}, {665, 7684},
	{670, 9544}, {680, 9636}, {700, 9862}, {750, 10141}, {800, 10270}, {850, 10550},
	{900, 10872}, {950, 11553}, {970, 12989}, {980, 13776}, {990, 15268}, {995, 16371},
	{1000, 25279}};

static void set_mean(struct scaling_sizes *sizes)
{
	double sum_s = 0.0;

	for (uint32_t i = 0; i < sizes->count; i++)
		sum_s += (double)sizes->values_ns[i] / (double)NS_PER_S;
	sizes->mean_s = sum_s / (double)sizes->count;
}

bool scaling_sizes_standard(struct scaling_sizes *sizes)
{
	const struct knot *knot = KNOTS;

	*sizes = (struct scaling_sizes){.count = STANDARD_COUNT};
	sizes->values_ns = calloc(STANDARD_COUNT, sizeof *sizes->values_ns);
	if (sizes->values_ns == NULL)
		return false;
	for (uint32_t i = 0; i < STANDARD_COUNT; i++) {
		double place = ((double)i + 0.5) * (double)PERMILLE / STANDARD_COUNT;
		double part;

		while (place > (double)knot[1].permille)
			knot++;
		part = (place - (double)knot[0].permille) /
		       (double)(knot[1].permille - knot[0].permille);
		sizes->values_ns[i] =
			num_to_i64(((double)knot[0].ms + part * (double)(knot[1].ms - knot[0].ms)) *
				   (double)NS_PER_MS);
	}
	set_mean(sizes);
	return true;
}

bool scaling_sizes_read(struct scaling_sizes *sizes, const char *path,
	const struct recording_costs *costs, char *message, size_t message_size)
{
	struct recording recording;

	*sizes = (struct scaling_sizes){.count = 0};
	if (!recording_read(&recording, path, costs, 0, message, message_size))
		return false;
	sizes->values_ns = calloc(recording.count, sizeof *sizes->values_ns);
	for (uint32_t i = 0; sizes->values_ns != NULL && i < recording.count; i++)
		if (recording.arrivals[i].work_ns > 0)
			sizes->values_ns[sizes->count++] = recording.arrivals[i].work_ns;
	recording_release(&recording);
	if (sizes->values_ns == NULL)
		snprintf(message, message_size, "no memory");
	else if (sizes->count == 0)
		snprintf(message, message_size, "%s: no request has a size", path);
	if (sizes->count == 0) {
		scaling_sizes_release(sizes);
		return false;
	}
	set_mean(sizes);
	return true;
}

int64_t scaling_sizes_draw(const struct scaling_sizes *sizes, struct prng *prng)
{
	return sizes->values_ns[prng_below(prng, sizes->count)];
}

void scaling_sizes_release(struct scaling_sizes *sizes)
{
	free(sizes->values_ns);
	*sizes = (struct scaling_sizes){.count = 0};
}
