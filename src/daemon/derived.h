/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_DERIVED_H
#define BAL_DAEMON_DERIVED_H

#include "daemon/engine.h"
#include "wire/jsonwrite.h"
#include "wire/metric.h"

/* derived: what follows from what was measured of agents and pools, as members of their JSON and
 * as metrics. Nothing is written of what is not known. */

/* Of an agent: success, service, memory limit and trend, knee. */
void derived_put_agent(
	struct engine *engine, const struct bal_agent_view *view, struct json_writer *writer);

/* Of a pool with so many slots each: its knee and what to do about it; `curve`: by levels. */
void derived_put_pool(struct engine *engine, uint32_t pool, uint32_t slots, bool curve,
	struct json_writer *writer);

/* Gauges of pools. */
void derived_metrics(struct engine *engine, struct metric_text *text);

#endif
