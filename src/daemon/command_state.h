/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_COMMAND_STATE_H
#define BAL_DAEMON_COMMAND_STATE_H

#include "daemon/command.h"
#include "daemon/errand.h"
#include "provider/runner.h"

#include <limits.h>

/* What the commands' own files share: command.c (start, end, restart), keep.c (command_sweep:
 * what ended ones leave, and for how long), usage.c (samples).  Nobody else includes this. */

#define COMMAND_POOLS_MAX 256
#define COMMAND_URL_SIZE  256

struct command {
	struct engine *engine;
	struct runner *runner;
	struct list errands;   /* oldest first, those found at the start in no order */
	struct errand **found; /* from open to begin: those found, by errand_compare */
	uint32_t found_count;
	uv_poll_t poll;
	uv_timer_t timer;
	uv_timer_t sweep_timer;
	uv_timer_t sample_timer;
	uint32_t handles_open;
	bool begun, closing;
	bool detailed;                  /* this round of samples is about everything */
	bool loaded[COMMAND_POOLS_MAX]; /* the last sample of this pool said that it uses something
					 */
	char directory[PATH_MAX];       /* where ballast was started */
	char data[PATH_MAX];
	char url[COMMAND_URL_SIZE];
	struct recipe recipe; /* large; of the start that is being made */
};

/* The errand whose node in command->errands this is. */
static inline struct errand *command_errand_of(struct list_node *node)
{
	return container_of(node, struct errand, node);
}

/* Core time. */
int64_t command_now_ns(const struct command *command);

/* The newest errand of the task but `except` (may be NULL), the command rather than its
 * preparation; NULL. */
struct errand *command_newest(
	const struct command *command, uint64_t task, const struct errand *except);

/* Forgets an ended errand, and its files with it. */
void command_drop(struct command *command, struct errand *errand);

/* Makes command->recipe for the errand's step, and the directory that it needs.  False with a
 * sentence. */
bool command_fill(struct command *command, const struct errand *errand,
	const struct config_pool *pool, char *message, size_t message_size);

/* Runs what command->recipe says under the errand's name; takes the errand.  False with a sentence.
 */
bool command_run_of(struct command *command, struct errand *errand, struct span input,
	char *message, size_t message_size);

/* Tells a command that is asked back to hand its task back, until it has a process that listens to
 * that: one that has just begun may not do so yet. */
void command_ask_back(struct errand *errand);

/* Sets the timer to when the runner wants to be looked at. */
void command_arm(struct command *command);

/* Posts what the commands of each pool use. */
void usage_sample(struct command *command);

#endif
