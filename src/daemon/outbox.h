/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_OUTBOX_H
#define BAL_DAEMON_OUTBOX_H

#include "daemon/engine.h"
#include "daemon/upstream.h"

/*
 * An outbox: JSON documents on their way to one http:// address of somebody else, in order, one at
 * a time.  A document that the other side cannot take now (no answer, 429, 5xx) is sent again after
 * a back-off that doubles from a second to a minute; one that it refuses is dropped.  Nothing waits
 * for an outbox: when OUTBOX_WAITING_MAX documents wait, the oldest is dropped.
 */
#define OUTBOX_WAITING_MAX 64

struct outbox;

struct outbox_counts {
	uint64_t sent;
	uint64_t dropped; /* refused, or given up for want of room */
	uint32_t waiting;
};

/* The engine says what goes wrong; `name` is for that and lives as long as the box; the host of the
 * url is resolved here.  NULL with a sentence. */
struct outbox *outbox_open(struct engine *engine, struct upstream *upstream, const char *name,
	const char *url, char *message, size_t message_size);

/* What waits is dropped.  The loop must run once more for the memory to be freed. */
void outbox_close(struct outbox *outbox);

/* Takes the bytes out of the buffer, which is empty afterwards.  A failed buffer is dropped. */
void outbox_post_take(struct outbox *outbox, struct buffer *document);

/* What became of the documents so far; an outbox that is NULL has had none. */
struct outbox_counts outbox_counts(const struct outbox *outbox);

#endif
