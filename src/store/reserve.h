/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_RESERVE_H
#define BAL_STORE_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Room kept on the disk for when it is full: a file that is given up then, so that results of work
 * already done can still be stored while new tasks are refused.
 */

#define RESERVE_SIZE (INT64_C(8) << 20)

/* How often it is tried to get the room back. */
#define RESERVE_RETRY_NS INT64_C(500000000)

struct reserve {
	const char *path; /* borrowed */
	bool held;
	int64_t retry_at_ns;
};

/* Takes the room, unless it is held or was tried in vain a moment ago; returns whether it is held.
 * Not held means that the disk is full. */
bool reserve_take(struct reserve *reserve, int64_t now_ns);

/* Gives the room up; false when there was none. */
bool reserve_release(struct reserve *reserve, int64_t now_ns);

#endif
