/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_STRATEGY_KPA_H
#define BAL_CORE_STRATEGY_KPA_H

#include "core/strategy.h"

/*
 * kpa: the autoscaler of Knative as documented, on concurrency: every 2 s the mean of a stable
 * window (60 s) by 70 % of an agent's slots; while the mean of a panic window, a tenth of it, asks
 * for twice the agents that are ready, the highest such wish, and never fewer agents.
 */
#define KPA_BUCKETS 60

struct kpa_setting {
	double target;     /* share of slots that should be taken, > 0 */
	int64_t window_ns; /* stable window; > 0 */
};

struct kpa_memory {
	int64_t bucket;      /* number of the open one */
	uint32_t count;      /* closed buckets, at most KPA_BUCKETS */
	uint32_t open_count; /* looks in the open one */
	double open_sum;
	int64_t looked_at_ns;
	int64_t panic_at_ns; /* since the last reason to; 0: no panic */
	double panic_most;   /* agents */
	double buckets[KPA_BUCKETS];
};

/* The defaults. */
extern const struct kpa_setting KPA_STANDARD;

/* One look. */
struct strategy_wish kpa_look(const struct kpa_setting *setting, struct kpa_memory *memory,
	const struct strategy_view *view);

#endif
