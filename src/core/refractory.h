/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_REFRACTORY_H
#define BAL_CORE_REFRACTORY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * refractory: one event is told once. After an alarm, the stream is quiet for a while for anything
 * that is not clearly stronger. All zero is one that has seen nothing.
 */
#define REFRACTORY_POINTS_MAX 600

struct refractory {
	struct {
		uint64_t index; /* of the point, from 0 */
		double strength;
	} peaks[REFRACTORY_POINTS_MAX + 1]; /* a ring: later and weaker ones behind each other */
	uint32_t first;
	uint32_t count;
	uint64_t index; /* points seen */
};

/* Takes the strength of the next point; true when it is something new. Strengths count whether they
 * were new or not, so that what goes on for long is told once. */
bool refractory_pass(struct refractory *refractory, double strength);

#endif
