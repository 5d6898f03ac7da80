/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_META_H
#define BAL_DAEMON_META_H

#include "daemon/job.h"
#include "wire/httpread.h"

/* What a submission says besides its payload that has no column of its own in the store: a JSON
 * object, kept as the task's meta.  The trace context stands there under its fields' names. */

/* Room that one takes at most: the head of a request, escaped. */
#define META_SIZE_MAX 40960

/* Writes it from the job's size and flags, and the head of its request (NULL: none).  Nothing when
 * there is nothing to say. */
void meta_write(const struct job *job, const struct http_reader *head, struct buffer *to);

/* Takes size and flags over from job->meta; for the start. */
void meta_read(struct job *job);

#endif
