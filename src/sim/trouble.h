/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_TROUBLE_H
#define BAL_SIM_TROUBLE_H

#include "sim/host_state.h"

/* trouble: what befalls agents and what they say, besides the fate of single attempts. */

/* An agent gets an attempt: perhaps it is slow from now on, or begins to flap. */
void trouble_agent(struct host *host, uint64_t agent);

/* Makes an answer, which is under way, into one that makes no sense. */
void trouble_corrupt(struct host *host, struct future_event *answer);

/* Posts the next periodic sample of an agent, from this time on. */
void trouble_sample(struct host *host, uint64_t agent, int64_t from_ns);

/* A periodic sample is due: posts the next one.  False when this one is not taken. */
bool trouble_sampled(struct host *host, uint64_t agent);

#endif
