/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_STAGE_H
#define BAL_CLI_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * stage: a daemon of its own for the demo: a directory with its configuration, its data and the
 * logs of its agents, the process, and the way to be rid of all of it.
 */
#define STAGE_PATH_SIZE   512
#define STAGE_STOP_MS     12000
#define STAGE_AGENT_MS    3000
#define STAGE_POOLS_COUNT 3

struct stage_pool {
	const char *name;
	uint32_t slots;
	uint32_t max;
};

/* The pools; the shares of the load that they get are cli/parade.c's. */
extern const struct stage_pool stage_pools[STAGE_POOLS_COUNT];

struct stage {
	char directory[STAGE_PATH_SIZE];
	char logs[STAGE_PATH_SIZE + 16];   /* of the agents */
	char file[STAGE_PATH_SIZE + 16];   /* the configuration */
	char output[STAGE_PATH_SIZE + 16]; /* what the daemon says */
	uint16_t port;
	pid_t daemon; /* 0: not running */
	int status;   /* of waitpid, once it has ended */
	bool keep;    /* the directory stays */
};

/* Makes the directory (`data`; NULL: a new one in /tmp, removed at the end) and the configuration,
 * chooses a port.  False with a message. */
bool stage_open(struct stage *stage, const char *data, char *message, size_t message_size);

/* Starts the daemon.  False with a message. */
bool stage_start(struct stage *stage, char *message, size_t message_size);

/* True while it runs. */
bool stage_runs(struct stage *stage);

/* Stops the daemon, by force after STAGE_STOP_MS.  Its agents go on: see stage_end_agent. */
void stage_stop(struct stage *stage);

/* Ends one of our agents if it still is one: started agents outlive a daemon. */
void stage_end_agent(const struct stage *stage, pid_t pid);

/* Prints the end of what the daemon said to standard error. */
void stage_print_output(const struct stage *stage);

/* Removes the directory, unless it is kept. */
void stage_close(struct stage *stage);

#endif
