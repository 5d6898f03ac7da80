/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_FEED_H
#define BAL_CLI_FEED_H

#include "cli/parade.h"
#include "daemon/upstream.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * feed: submits a parade's tasks at their time, many at once, until each is acknowledged.  An
 * answer that was lost, and one that says "later" (429, 503), is followed by the same submission
 * under the same idempotency key, so no task is ever submitted twice.
 */
#define FEED_FLIGHT_MAX 64 /* submissions under way at once */
#define FEED_RETRY_MS   250
#define FEED_TIMEOUT_MS 20000
#define FEED_ANSWER_MAX (1u << 20)
#define FEED_ERROR_SIZE 256

struct feed;

struct feed_options {
	uv_loop_t *loop;
	struct upstream *upstream;
	struct upstream_target *target;
	const struct parade *parade;
	const char *const *kinds; /* of the parade's pools */
	double speed;             /* seconds of the parade per second */
	/* A task is acknowledged under this id; it was first sent at that instant (UTC). */
	void (*accepted)(void *context, uint64_t id, int64_t sent_at_ns);
	void *context;
};

struct feed_counts {
	uint32_t accepted;
	uint32_t refused; /* for good: see error */
	uint32_t repeated;
	char error[FEED_ERROR_SIZE]; /* of the last that was refused */
};

/* NULL when there is no memory. */
struct feed *feed_open(const struct feed_options *options);

/* Begins now. */
void feed_start(struct feed *feed);

/* True when every task was acknowledged or refused. */
bool feed_done(const struct feed *feed);

/* What came of the submissions so far. */
void feed_count(const struct feed *feed, struct feed_counts *counts);

/* Ends it; the loop must run once more, and upstream be closed before, if calls are under way. */
void feed_close(struct feed *feed);

#endif
