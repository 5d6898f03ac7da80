/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_STRATEGY_HPA_H
#define BAL_CORE_STRATEGY_HPA_H

#include "core/strategy.h"

/*
 * hpa: the horizontal pod autoscaler of Kubernetes (autoscaling/v2) as documented, on the share of
 * slots that are busy: every 15 s ceil(n * share / target), nothing within 10 % of the target, up
 * by at most the larger of 100 % and 4 agents per 15 s, down to the highest wish of a window.
 */
#define HPA_PERIOD_NS  (15 * INT64_C(1000000000))
#define HPA_WISHES_MAX 60 /* of a window of 15 min */

struct hpa_setting {
	double target;     /* share of slots busy, > 0 */
	int64_t window_ns; /* before it goes down; at most HPA_WISHES_MAX periods */
};

struct hpa_memory {
	int64_t looked_at_ns; /* 0: never */
	uint32_t count;       /* of wishes ever */
	uint32_t wishes[HPA_WISHES_MAX];
};

/* The defaults: 80 % as the requirement's threshold, 300 s. */
extern const struct hpa_setting HPA_STANDARD;

/* One look. */
struct strategy_wish hpa_look(const struct hpa_setting *setting, struct hpa_memory *memory,
	const struct strategy_view *view);

#endif
