/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_BATCH_H
#define BAL_DAEMON_BATCH_H

#include "daemon/request.h"

/*
 * Many tasks in one request: the body has one task per line, the answer one line per line:
 *
 *     {"line": 1, "status": 202, "id": "4097"}
 *     {"line": 2, "status": 400, "problem": {"type": "urn:ballast:problem:field", "detail": "..."}}
 *
 * Lines are submitted in their order; each is a submission of its own, and one that is refused says
 * nothing about the others.
 */
#define BATCH_LINES_MAX   100000
#define BATCH_FLIGHT_MAX  512 /* lines that wait for the disk at the same time */
#define BATCH_ANSWER_SIZE 400 /* bytes of detail of one line */

/* Answers a POST of application/x-ndjson. */
void batch_submit(struct request *request);

#endif
