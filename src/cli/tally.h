/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_TALLY_H
#define BAL_CLI_TALLY_H

#include "base/histogram.h"
#include "base/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * tally: what really happened, counted from the logs that the sample agents write, not from what
 * ballast says.  The demo adds when it submitted what; everything else is read from the files as
 * they grow.
 */
#define TALLY_TASKS_MAX  (UINT32_C(1) << 20)
#define TALLY_AGENTS_MAX 512
#define TALLY_NAME_SIZE  128

struct tally_task {
	int64_t submitted_at_ns; /* 0: not said yet */
	int64_t started_at_ns;   /* first start; 0: none */
	int64_t begun_at_ns;     /* last start */
	uint32_t done_count;
	uint32_t start_count;
	uint32_t agent; /* of the last start */
	bool running;
	uint64_t id;
};

struct tally_agent {
	char name[TALLY_NAME_SIZE]; /* of its pool */
	char file[TALLY_NAME_SIZE];
	pid_t pid;
	int fd;
	char rest[512]; /* an unfinished line */
	size_t rest_size;
	int64_t up_at_ns;
	int64_t down_at_ns; /* 0: still up, or killed */
	int64_t busy_ns;
	uint32_t running;
	uint64_t done_count;
	bool victim; /* killed on purpose */
};

struct tally {
	const char *directory;
	struct tally_task *tasks;
	uint32_t task_count;
	struct map map; /* id to index */
	void *slots;    /* the map's memory */
	struct tally_agent agents[TALLY_AGENTS_MAX];
	uint32_t agent_count;
	uint64_t submitted;
	uint64_t done, duplicates, restarts; /* of these; worked out by tally_read */
	uint64_t dropped, cut;               /* of all */
	struct histogram waits_ns;
};

/* Begins; `directory` (borrowed) is where the agents log.  False when there is no memory. */
bool tally_open(struct tally *tally, const char *directory);
void tally_close(struct tally *tally);

/* A task was acknowledged under this id; it was sent at that instant (UTC). */
void tally_submitted(struct tally *tally, uint64_t id, int64_t at_ns);

/* Reads what has been written since. */
void tally_read(struct tally *tally);

/* The living agent with the most tasks in its hands; NULL when all are idle. */
struct tally_agent *tally_busiest(struct tally *tally);

/* Acknowledged tasks that no agent has finished. */
uint64_t tally_lost(const struct tally *tally);

/* Tasks that agents other than the victim had begun and did not finish: ended by somebody else. */
uint64_t tally_killed(const struct tally *tally);

/* Share of slot time that was busy, in permille; `now_ns` is when agents that are up stop counting.
 * `slots` is asked for an agent's pool. */
int64_t tally_busy_permille(
	const struct tally *tally, int64_t now_ns, uint32_t (*slots)(const char *pool));

#endif
