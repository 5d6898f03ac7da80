/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_RESIZEVIEW_H
#define BAL_DAEMON_RESIZEVIEW_H

#include "daemon/engine.h"
#include "wire/jsonwrite.h"

/* resizeview: limits of agents and their changes as members of a JSON object. Cores are numbers
 * with three decimals, memory is bytes; what is not bounded is left out. */

/* "cpu_before", "cpu_after", "memory_before", "memory_after": those that an order changes. */
void resizeview_put(struct json_writer *writer, const struct bal_resize *resize);

/* The same with why, and what became of it, as "resize". */
void resizeview_explain(
	struct engine *engine, struct json_writer *writer, const struct bal_resize *resize);

/* What an agent may use, as "limits"; nothing for one whose limits are not ours. */
void resizeview_agent(struct engine *engine, struct json_writer *writer, uint64_t agent);

/* What the agents of a pool may use together, and could, as "resources"; likewise. */
void resizeview_pool(struct engine *engine, struct json_writer *writer, uint32_t pool);

#endif
