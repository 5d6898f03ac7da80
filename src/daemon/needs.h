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

/* Fills *needs from job->needs_text and job->kind.  Text that is not of this form fills nothing
 * but the kind; needs_check says so beforehand. */
void needs_read(struct engine *engine, const struct job *job, struct bal_needs *needs);

/* Names what the job needs and no pool ever offered, as "a", "b"; an empty text when there is
 * nothing of the kind.  A kind of task that no pool takes has no name here: it is "?". */
void needs_describe_unknown(struct engine *engine, const struct job *job, struct buffer *text);

/* False with a sentence when the object is not of this form. */
bool needs_check(yyjson_val *object, struct json_error *error);

#endif
