/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_METRICS_H
#define BAL_DAEMON_METRICS_H

#include "daemon/engine.h"
#include "wire/metric.h"

/*
 * What Prometheus scrapes.  Most values are read from the core when somebody asks; waits, service
 * times and the time to make a task durable are counted here, as they happen.
 *
 * Labels are pool, kind, priority, state and outcome, never a task, an agent or a conversation:
 * pairs of pool and kind beyond METRICS_SERIES_MAX are counted together as "other".
 */
#define METRICS_SERIES_MAX 256

struct metrics;

/* Watches the engine from now on; NULL when there is no memory. */
struct metrics *metrics_open(struct engine *engine);
void metrics_close(struct metrics *metrics);

/* Appends the text of all metrics.  `requests` and `connections` are the server's own. */
void metrics_write(const struct metrics *metrics, uint64_t requests, uint32_t connections,
	enum metric_format format, struct buffer *buffer);

#endif
