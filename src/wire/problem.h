/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_PROBLEM_H
#define BAL_WIRE_PROBLEM_H

#include "wire/buffer.h"
#include "wire/span.h"

#include <stdint.h>

/*
 * problem: error documents of RFC 9457. `type` is "urn:ballast:problem:" and a stable word: clients
 * compare that and nothing else, texts may change.
 */
#define PROBLEM_CONTENT_TYPE "application/problem+json"
#define PROBLEM_TYPE_PREFIX  "urn:ballast:problem:"

enum { PROBLEM_SIZE_MAX = 4096 }; /* room for every problem whose texts are under 500 bytes */

struct problem {
	unsigned status;
	const char *type;       /* the stable word, such as "unknown-field" */
	struct span detail;     /* a sentence: what failed, on what, what to do */
	struct span instance;   /* path of what it is about, absent: none */
	int64_t retry_after_ms; /* expected wait; 0: none is known */
	const char *member_key; /* one more member of JSON that is written already; NULL: none */
	struct span member;
};

/* Append the document to `buffer`. */
void problem_write(struct buffer *, const struct problem *);

#endif
