/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_LATENESS_H
#define BAL_CORE_LATENESS_H

#include "core/erlang.h"

#include <stdbool.h>

/*
 * lateness: how many tasks of a pool waited too long, beside how many should have by the queueing
 * model. Their ratio is what a plan corrects the model by: arrivals in bursts, needs that only some
 * agents meet, and whatever else the model does not know of.
 */
struct lateness {
	uint64_t starts, late; /* first attempts since the minute began; of these too late */
	int64_t minute_at_ns;
	double load_sum; /* of the looks of the minute */
	uint32_t looks;
	double measured, expected; /* late tasks; half is forgotten within four hours */
};

/* A task was started for the first time, in time or late. */
void lateness_start(struct lateness *lateness, bool late);

/* One look: the queue as it is now, and the slots that work. A minute in which the load went beyond
 * the slots says nothing about the model. */
void lateness_look(struct lateness *lateness, int64_t now_ns, const struct erlang_queue *queue,
	uint32_t slots, double wait_s);

/* Measured over expected; 1 as long as next to nothing was late either way. */
double lateness_tail(const struct lateness *lateness);

/* True when one that was read from bytes can be gone on with. */
bool lateness_valid(const struct lateness *lateness);

#endif
