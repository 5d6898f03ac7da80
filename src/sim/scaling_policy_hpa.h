/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_SCALING_POLICY_HPA_H
#define BAL_SIM_SCALING_POLICY_HPA_H

#include <stdbool.h>
#include <stdint.h>

/*
 * scaling_policy_hpa: the rules of the Kubernetes HorizontalPodAutoscaler (autoscaling/v2, defaults
 * of release 1.30) that lie between a metric and a number of replicas: what keda leans on too.
 */
#define HPA_SYNC_NS    (INT64_C(15) * 1000000000)
#define HPA_WINDOW_NS  (INT64_C(300) * 1000000000)
#define HPA_ADVICE_MAX 256 /* looks in the longest window: 900 s / 15 s and some */

/* What is kept of earlier looks. */
struct hpa_rules {
	int64_t window_ns; /* down stabilisation */
	uint32_t advice[HPA_ADVICE_MAX];
	int64_t advice_at_ns[HPA_ADVICE_MAX];
	uint32_t advice_count;
	uint32_t risen;      /* agents added ... */
	int64_t risen_at_ns; /* ... by the last look that added some */
};

/* The replicas for a ratio of metric to target: 10 % are tolerated; on the way up agents that start
 * count as idle, and if that turns the direction nothing happens. */
uint32_t hpa_replicas(double ratio, uint32_t ready, uint32_t starting);

/* The number that the rules let through: the highest advice of the window on the way down, at most
 * twice as many or four more within 15 s on the way up. */
uint32_t hpa_limit(struct hpa_rules *rules, int64_t now_ns, uint32_t current, uint32_t advice);

#endif
