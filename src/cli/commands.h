/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_COMMANDS_H
#define BAL_CLI_COMMANDS_H

#include "cli/args.h"

/*
 * The commands: each file of src/cli that is about some of them offers their rows, which
 * cli/table.c lists in the order of `ballast help`.
 */

/* Exit codes.  X(NAME, code, text): `ballast help` and the manual page print this table. */
#define EXIT_CODES(X)                                                                              \
	X(OK, 0, "done")                                                                           \
	X(NO, 1, "the answer is no: a task failed, nothing was found, a request was refused")      \
	X(USAGE, 2, "the command line, its input or the configuration is wrong")                   \
	X(CANNOT_START, 3, "the daemon cannot start: data directory, address or store")            \
	X(UNREACHABLE, 4, "the daemon cannot be reached, or did not answer in time")

enum exit_code {
#define X(name, code, text) EXIT_##name = (code),
	EXIT_CODES(X)
#undef X
};

struct command {
	const char *name;
	const char *arguments; /* as in the usage line */
	const char *help;      /* one line */
	int (*run)(const struct args *args);
	const struct args_option *options; /* ends with a NULL name */
	bool hidden;                       /* for ballast itself: not listed */
};

/* All commands, in the order of help; ends with NULL. */
extern const struct command *const commands[];

/* The command of that name, NULL. */
const struct command *command_find(const char *name);

/* The rows that each file offers. */
extern const struct command command_run;
extern const struct command command_check;
extern const struct command command_init;
extern const struct command command_demo;
extern const struct command command_submit;
extern const struct command command_task;
extern const struct command command_tasks;
extern const struct command command_wait;
extern const struct command command_cancel;
extern const struct command command_requeue;
extern const struct command command_feedback;
extern const struct command command_logs;
extern const struct command command_files;
extern const struct command command_why;
extern const struct command command_events;
extern const struct command command_agents;
extern const struct command command_pools;
extern const struct command command_pause;
extern const struct command command_alerts;
extern const struct command command_signals;
extern const struct command command_objectives;
extern const struct command command_silence;
extern const struct command command_drain;
extern const struct command command_scale;
extern const struct command command_reload;
extern const struct command command_token;
extern const struct command command_work;
extern const struct command command_anomalies;
extern const struct command command_simulate;
extern const struct command command_replay;
extern const struct command command_forecast;
extern const struct command command_plan;
extern const struct command command_backtest;
extern const struct command command_grafana;
extern const struct command command_completion;
extern const struct command command_help;
extern const struct command command_version;
extern const struct command command_sample_agent;

#endif
