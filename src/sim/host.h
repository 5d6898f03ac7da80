/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_HOST_H
#define BAL_SIM_HOST_H

#include "base/histogram.h"
#include "sim/options.h"

/* host: drives the very same core as the daemon, in virtual time.  Nothing here knows how the core
 * decides; it performs effects and tells what came of them. */

#define SIM_SCALINGS_MAX 64
#define SIM_LINE_SIZE    320

/* One scaling order, as the core explains it. */
struct sim_scaling {
	int64_t at_ns;
	uint32_t pool;
	uint32_t agents_before, agents_after;
	enum bal_reason reason;
};

/* What came of a run. */
struct sim_report {
	uint64_t submitted, accepted, refused;
	uint64_t ended[BAL_TASK_STATE_COUNT];
	uint64_t dispatched, retried; /* all attempts; those after the first, hedges excepted */
	uint64_t hedged;              /* second attempts beside the first */
	uint64_t stale;               /* answers that the core did not take */
	uint64_t lost;                /* accepted and never ended */
	uint64_t duplicates;       /* succeeded, and an answer of another attempt succeeded too */
	uint64_t events;           /* fed to the core, hand-overs of effects included */
	int64_t end_at_ns;         /* virtual time of the last event */
	int64_t busy_ns;           /* slots busy with tasks, summed */
	int64_t capacity_ns;       /* slots there, summed; utilisation = busy / capacity */
	int64_t cost_microcents;   /* of the slot time that was used, at the pools' prices */
	uint64_t warm;             /* attempts that found their conversation's context */
	struct histogram waits_ns; /* submission to first dispatch */
	struct histogram responses_ns; /* submission to end */
	struct histogram kind_responses_ns[SIM_KINDS_MAX];
	int64_t tenant_busy_ns[SIM_TENANTS_MAX]; /* slot time that each got */
	uint32_t scaling_count;                  /* all; the first SIM_SCALINGS_MAX are kept */
	struct sim_scaling scalings[SIM_SCALINGS_MAX];
	uint64_t digest; /* of all effects */
	/* Empty, or one line: seed, virtual time, what; the run stopped there. */
	char failure[SIM_LINE_SIZE];
};

/* The limits of the core that a run with this live_max uses, for replaying it. */
void sim_limits(uint32_t live_max, struct bal_limits *limits);

/* Runs a whole world until every task has ended.  False when something is wrong with the run; then
 * report->failure says what.  Options out of range are refused in the same way. */
bool sim_run(const struct sim_options *options, struct sim_report *report);

#endif
