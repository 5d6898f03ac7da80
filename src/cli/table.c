/* SPDX-License-Identifier: Apache-2.0 */
/* The order is that of `ballast help`: first what begins, then what one does all day. */
#include "cli/commands.h"

#include <string.h>

const struct command *const commands[] = {
	&command_run,
	&command_check,
	&command_init,
	&command_demo,
	&command_submit,
	&command_task,
	&command_tasks,
	&command_wait,
	&command_why,
	&command_logs,
	&command_files,
	&command_cancel,
	&command_requeue,
	&command_feedback,
	&command_events,
	&command_agents,
	&command_pools,
	&command_signals,
	&command_alerts,
	&command_objectives,
	&command_silence,
	&command_pause,
	&command_drain,
	&command_scale,
	&command_reload,
	&command_token,
	&command_work,
	&command_anomalies,
	&command_simulate,
	&command_replay,
	&command_forecast,
	&command_plan,
	&command_backtest,
	&command_grafana,
	&command_completion,
	&command_help,
	&command_version,
	&command_sample_agent,
	NULL,
};

const struct command *command_find(const char *name)
{
	for (const struct command *const *at = commands; *at != NULL; at++)
		if (strcmp((*at)->name, name) == 0)
			return *at;
	return NULL;
}
