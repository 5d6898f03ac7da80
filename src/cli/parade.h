/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_PARADE_H
#define BAL_CLI_PARADE_H

#include "base/prng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * parade: the tasks that the demo submits, in the order of their arrival: a recorded trace of LLM
 * requests, or bursty load drawn here (always the same).  Times and work are those
 * of the real load; the demo plays them faster.
 */
#define PARADE_TOKEN_NS    INT64_C(20000000) /* 50 tokens/s, a usual speed of one stream */
#define PARADE_PROMPT_NS   INT64_C(200000)   /* per token of the prompt: 5000 tokens/s */
#define PARADE_DRAWN_COUNT 6000
#define PARADE_DRAWN_NS    INT64_C(300000000) /* of load per task, on average */
#define PARADE_COUNT_MAX   1000000
/* Longer silences of a trace are cut to this. */
#define PARADE_GAP_NS (INT64_C(30) * 1000000000)

struct parade_task {
	int64_t at_ns; /* since the first */
	int64_t work_ns;
	uint32_t tokens;
	uint32_t pool; /* 0..2 */
};

struct parade {
	struct parade_task *tasks;
	uint32_t count;
	int64_t length_ns; /* from the first to the last */
};

/* Reads a trace (CSV or counts, gzip or not), at most `limit` tasks; 0: all.  False with a message.
 */
bool parade_read(struct parade *parade, const char *path, uint32_t limit, char *message,
	size_t message_size);

/* Draws `count` tasks (0: PARADE_DRAWN_COUNT).  False when there is no memory. */
bool parade_draw(struct parade *parade, uint32_t count, uint64_t seed);

/* Frees the tasks. */
void parade_release(struct parade *parade);

#endif
