/* SPDX-License-Identifier: Apache-2.0 */
/* Cards with near numbers share a switch or a processor's lanes as a rule: whoever wants them apart
 * wants them far from each other by number.  The driver's folder has an entry for each card, in the
 * order of their addresses on the bus; CUDA counts alike when CUDA_DEVICE_ORDER is PCI_BUS_ID. */
#include "daemon/gpus.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has(uint64_t gpus, uint32_t number)
{
	return (gpus >> number & 1) != 0;
}

/* Steps from this one to the nearest of the set; GPUS_MAX when that is empty. */
static uint32_t distance(uint64_t gpus, uint32_t number)
{
	for (uint32_t steps = 0; steps < GPUS_MAX; steps++) {
		if ((number >= steps && has(gpus, number - steps)) ||
			(number + steps < GPUS_MAX && has(gpus, number + steps)))
			return steps;
	}
	return GPUS_MAX;
}

/* The next one to take; GPUS_MAX when none is free. */
static uint32_t choose_one(uint64_t taken, uint32_t total, bool spread)
{
	uint32_t best = GPUS_MAX, best_distance = 0;

	for (uint32_t number = 0; number < total && number < GPUS_MAX; number++) {
		uint32_t far = distance(taken, number);

		if (has(taken, number))
			continue;
		if (!spread)
			return number;
		if (best == GPUS_MAX || far > best_distance) {
			best = number;
			best_distance = far;
		}
	}
	return best;
}

uint64_t gpus_choose(uint64_t taken, uint32_t total, uint32_t wanted, bool spread)
{
	uint64_t chosen = 0;

	for (uint32_t i = 0; i < wanted; i++) {
		uint32_t number = choose_one(taken | chosen, total, spread);

		if (number == GPUS_MAX)
			return 0;
		chosen |= UINT64_C(1) << number;
	}
	return chosen;
}

uint32_t gpus_count(uint64_t gpus)
{
	uint32_t count = 0;

	for (; gpus != 0; gpus &= gpus - 1)
		count++;
	return count;
}

void gpus_write(uint64_t gpus, char text[static GPUS_TEXT_SIZE])
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t number = 0; number < GPUS_MAX; number++)
		if (has(gpus, number))
			used += (size_t)snprintf(text + used, GPUS_TEXT_SIZE - used, "%s%u",
				used == 0 ? "" : ",", (unsigned)number);
}

uint64_t gpus_read(const char *text)
{
	uint64_t gpus = 0;

	while (*text >= '0' && *text <= '9') {
		char *end;
		unsigned long number = strtoul(text, &end, 10);

		if (number >= GPUS_MAX || (*end != ',' && *end != '\0'))
			return 0;
		gpus |= UINT64_C(1) << number;
		if (*end == '\0')
			return gpus;
		text = end + 1;
	}
	return 0;
}

uint32_t gpus_of_machine(const char *directory)
{
	DIR *opened = opendir(directory);
	const struct dirent *found;
	uint32_t count = 0;

	if (opened == NULL)
		return 0;
	while ((found = readdir(opened)) != NULL)
		count += found->d_name[0] != '.';
	closedir(opened);
	return count < GPUS_MAX ? count : GPUS_MAX;
}
