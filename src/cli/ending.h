/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_ENDING_H
#define BAL_CLI_ENDING_H

#include "cli/ask.h"

/*
 * ending: waits until a task has ended, and says how.  Waits in pieces (?wait=), so that a daemon
 * that is restarted meanwhile only costs a new connection.
 */

/* True for a state (of the daemon's JSON; may be NULL) that a task does not leave any more. */
bool ending_is(const char *state);

/* Waits for the end of a task; its JSON is then the last answer of `ask`.  `follow`: what the task
 * writes (its log to standard error, its output to standard output) is shown as it comes.  With
 * `limit_ms` >= 0 it is given up after that time: EXIT_NO, with a message.  0 when it has ended. */
int ending_wait(struct ask *ask, const char *id, bool follow, int64_t limit_ms);

/* Waits likewise, then prints the result to standard output, or says on standard error how else it
 * ended.  Returns the exit code: 0 when it succeeded. */
int ending_print(struct ask *ask, const char *id, bool follow, int64_t limit_ms);

/* Copies what a stream ("stdout" or "stderr") of a command task has behind *offset to `fd`, and
 * moves *offset.  0; or an exit code, silently when the task has no such stream. */
int ending_copy_log(struct ask *ask, const char *id, const char *stream, uint64_t *offset, int fd);

#endif
