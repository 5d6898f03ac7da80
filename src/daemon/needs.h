/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_NEEDS_H
#define BAL_DAEMON_NEEDS_H

#include "daemon/engine.h"
#include "wire/json.h"

/*
 * What a task needs of an agent, as JSON:
 *
 *     {"tags": ["gpu"], "labels": {"zone": "a"}, "resources": {"cpu": "2 cores", "memory": "4GiB"},
 *      "not_agents": ["17"], "exclusive": false}
 *
 * The kind of the task is a tag that it needs as well.
 */

/* Fills *task with the job as the core knows it. A text of needs that is not of this form leaves
 * only the kind needed; needs_check says so beforehand. */
void needs_task(struct engine *engine, const struct job *job, struct bal_event_task *task);

/* Names what the job needs and no pool ever offered, as "a", "b"; an empty text when there is
 * nothing of the kind.  A kind of task that no pool takes has no name here: it is "?". */
void needs_describe_unknown(struct engine *engine, const struct job *job, struct buffer *text);

/* False with a sentence when the object is not of this form. */
bool needs_check(yyjson_val *object, struct json_error *error);

#endif
