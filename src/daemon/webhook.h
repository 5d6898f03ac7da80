/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_WEBHOOK_H
#define BAL_DAEMON_WEBHOOK_H

#include "daemon/engine.h"
#include "daemon/upstream.h"

/*
 * A webhook: alerts to an Alertmanager (POST BASE/api/v2/alerts). What could not be sent is tried
 * again after a pause that doubles up to a minute; the queue is bounded, and loses its oldest.
 * An alert that goes on is sent again every minute, since an Alertmanager takes one of which it has
 * not heard for a while as resolved; one that ended is sent with its end.
 */
#define WEBHOOK_QUEUE_MAX 512

struct webhook;

/* Not yet configured: what is posted is dropped. NULL when there is no memory. */
struct webhook *webhook_open(struct engine *engine, struct upstream *upstream);
void webhook_close(struct webhook *webhook);

/* Sends to this base URL from now on; NULL: to nobody. False with a sentence. */
bool webhook_configure(
	struct webhook *webhook, const char *url, char *message, size_t message_size);

/* True when it sends to somebody. */
bool webhook_is_set(const struct webhook *webhook);

/* Posts an alert as it is, at its present level; `level` other than that: that this level of it has
 * ended. */
void webhook_post(struct webhook *webhook, const struct bal_alert *alert, uint32_t level);

struct webhook_counts {
	uint64_t sent;
	uint64_t waiting;
	uint64_t lost;
	uint64_t failed; /* calls */
};

/* How many were sent, are waiting, were lost since the start. */
struct webhook_counts webhook_count(const struct webhook *webhook);

#endif
