/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TABLE_METRICS_H
#define BAL_TABLE_METRICS_H

/*
 * The families of /metrics. The daemon writes their values; `ballast grafana` draws a panel of each
 * that has a query, in rows of that name.
 *
 * X(ID, TYPE, name, help, row, unit, legend, query): name without the prefix "ballast_"; unit as
 * Grafana calls it; in a query @ stands for the full name and $pool for the pools looked at.
 */
#define METRICS_RATE(labels) "sum" labels " (rate(@[$__rate_interval]))"
#define METRICS_QUANTILE(share)                                                                    \
	"histogram_quantile(" share                                                                \
	", sum by (le) (rate(@_bucket{pool=~\"$pool\"}[$__rate_interval])))"
#define METRICS_OF_POOL "@{pool=~\"$pool\"}"

/* clang-format off */
#define METRIC_MAP(X)                                                                              \
	X(TASKS_LIVE, GAUGE, "tasks_live", "Tasks that have not ended.",                           \
		"Tasks", "short", "live", "@")                                                     \
	X(TASKS_WAITING, GAUGE, "tasks_waiting", "Tasks in the queue, by priority.",               \
		"Tasks", "short", "{{priority}}", "@")                                             \
	X(TASKS_SUBMITTED, COUNTER, "tasks_submitted_total", "Submissions.",                       \
		"Tasks", "ops", "submitted", METRICS_RATE(""))                                     \
	X(TASKS_REFUSED, COUNTER, "tasks_refused_total", "Submissions refused.",                   \
		"Tasks", "ops", "refused", METRICS_RATE(""))                                       \
	X(TASKS_ENDED, COUNTER, "tasks_ended_total", "Tasks that ended, by how.",                  \
		"Tasks", "ops", "{{state}}", METRICS_RATE(" by (state)"))                          \
	X(TASK_WAIT, HISTOGRAM, "task_wait_seconds", "Time in the queue before an attempt.",       \
		"Tasks", "s", "95 % wait less", METRICS_QUANTILE("0.95"))                          \
	X(TASK_SERVICE, HISTOGRAM, "task_service_seconds", "Time of attempts that succeeded.",     \
		"Tasks", "s", "95 % take less", METRICS_QUANTILE("0.95"))                          \
	X(DISPATCHES, COUNTER, "dispatches_total", "Attempts begun.",                              \
		"Attempts", "ops", "begun", METRICS_RATE(""))                                      \
	X(RETRIES, COUNTER, "retries_total", "Attempts that were repeated.",                       \
		"Attempts", "ops", "repeated", METRICS_RATE(""))                                   \
	X(HEDGES, COUNTER, "hedges_total", "Second attempts begun beside one that took too long.", \
		"Attempts", "ops", "beside another", METRICS_RATE(""))                             \
	X(HEDGES_WON, COUNTER, "hedges_won_total", "Second attempts that succeeded first.",        \
		"Attempts", "ops", "succeeded first", METRICS_RATE(""))                            \
	X(STALE_ANSWERS, COUNTER, "stale_answers_total",                                           \
		"Answers of attempts that were given up on.",                                      \
		"Attempts", "ops", "stale", METRICS_RATE(""))                                      \
	X(AGENTS, GAUGE, "agents", "Agents by pool and state.",                                    \
		"Pools", "short", "{{pool}} {{state}}", METRICS_OF_POOL)                           \
	X(POOL_SLOTS, GAUGE, "pool_slots", "Slots of agents that are ready.",                      \
		"Pools", "short", "{{pool}}", METRICS_OF_POOL)                                     \
	X(POOL_RUNNING, GAUGE, "pool_running", "Tasks that its agents have.",                      \
		"Pools", "short", "{{pool}}", METRICS_OF_POOL)                                     \
	X(POOL_WAITING, GAUGE, "pool_waiting", "Tasks in the queue that the pool could take.",     \
		"Pools", "short", "{{pool}}", METRICS_OF_POOL)                                     \
	X(POOL_LOAD, GAUGE, "pool_load", "Running and waiting tasks by slots there and coming.",   \
		"Pools", "percentunit", "{{pool}}", METRICS_OF_POOL)                               \
	X(POOL_UTILISATION, GAUGE, "pool_utilisation", "Share of ready slots that are in use.",    \
		"Pools", "percentunit", "{{pool}}", METRICS_OF_POOL)                               \
	X(POOL_OLDEST_WAIT, GAUGE, "pool_oldest_wait_seconds", "Age of the oldest waiting task.",  \
		"Pools", "s", "{{pool}}", METRICS_OF_POOL)                                         \
	X(POOL_SERVICE, GAUGE, "pool_service_seconds", "Mean time of a task, decayed.",            \
		"Pools", "s", "{{pool}}", METRICS_OF_POOL)                                         \
	X(POOL_CPU, GAUGE, "pool_cpu", "CPU of its agents by what they were promised, added up.",  \
		"Pools", "percentunit", "{{pool}}", METRICS_OF_POOL)                               \
	X(POOL_MEMORY, GAUGE, "pool_memory_bytes", "Memory of its agents, added up.",              \
		"Pools", "bytes", "{{pool}}", METRICS_OF_POOL)                                     \
	X(POOL_KNEE, GAUGE, "pool_knee_tasks",                                                     \
		"Tasks at once from which on an agent's throughput grows no more; none: unknown.", \
		"Pools", "short", "{{pool}}", METRICS_OF_POOL)                                     \
	X(SCALE_OUT, COUNTER, "scale_out_orders_total", "Orders for more agents.",                 \
		"Pools", "ops", "out", METRICS_RATE(""))                                           \
	X(SCALE_IN, COUNTER, "scale_in_orders_total", "Agents chosen to be drained.",              \
		"Pools", "ops", "in", METRICS_RATE(""))                                            \
	X(FORECAST, GAUGE, "forecast",                                                             \
		"Expected: tasks an hour, busy slots, cores of cpu, else MiB.",                    \
		"Forecasts", "short", "{{series}} of {{kind}}{{pool}}, {{ahead}}", "@")            \
	X(FORECAST_HIGH80, GAUGE, "forecast_high80",                                               \
		"Likewise, not exceeded in nine cases of ten.",                                    \
		"Forecasts", "short", "{{series}} of {{kind}}{{pool}}, {{ahead}}", "@")            \
	X(FORECAST_ACCURACY, GAUGE, "forecast_accuracy",                                           \
		"1 - error / size of the forecasts so far.",                                       \
		"Forecasts", "percentunit", "{{series}} of {{kind}}{{pool}}, {{ahead}}", "@")      \
	X(FORECAST_CONFIDENCE, GAUGE, "forecast_confidence",                                       \
		"Chance that the forecast is right within 20 %.",                                  \
		"Forecasts", "percentunit", "{{series}} of {{kind}}{{pool}}, {{ahead}}", "@")      \
	X(ANOMALY_SCORE, GAUGE, "anomaly_score",                                                   \
		"How unusual the last five minutes of a load were; 0.5 is worth a look.",          \
		"Forecasts", "percentunit", "{{series}} of {{kind}}", "@")                         \
	X(SERVICE_SHIFT, GAUGE, "service_shift",                                                   \
		"Service times by what is usual at this time of day; 1: nothing shifted.",         \
		"Forecasts", "short", "{{kind}}", "@")                                             \
	X(EXHAUSTION, GAUGE, "exhaustion_seconds",                                                 \
		"Likely time until a pool's memory or the storage is used up; none: it lasts.",    \
		"Forecasts", "s", "{{series}} {{pool}}", "@")                                      \
	X(ALERTS_OPEN, GAUGE, "alerts_open", "Alerts that are open, by level.",                    \
		"Alerts and objectives", "short", "{{level}}", "@")                                \
	X(OBJECTIVE_STATE, GAUGE, "objective_state",                                               \
		"How an objective of a kind stands: 0 met, 1 at risk, 2 broken.",                  \
		"Alerts and objectives", "short", "{{objective}} of {{kind}}", "@")                \
	X(OBJECTIVE_BURN, GAUGE, "objective_burn",                                                 \
		"Share of bad ones over the share that is allowed, in a window.",                  \
		"Alerts and objectives", "short", "{{objective}} of {{kind}}, {{window}}", "@")    \
	X(OBJECTIVE_BUDGET, GAUGE, "objective_budget",                                             \
		"Share of the error budget of 30 days that is left; below 0: overdrawn.",          \
		"Alerts and objectives", "percentunit", "{{objective}} of {{kind}}", "@")          \
	X(STORE_TIME, HISTOGRAM, "store_seconds", "Time until a submission was durable.",          \
		"ballast itself", "s", "99 % take less",                                           \
		"histogram_quantile(0.99, sum by (le) (rate(@_bucket[$__rate_interval])))")        \
	X(STORE_HEALTHY, GAUGE, "store_healthy", "1 while the store takes writes.",                \
		"ballast itself", "short", "healthy", "@")                                         \
	X(STORE_QUEUE, GAUGE, "store_queue", "Operations that wait for the disk.",                 \
		"ballast itself", "short", "waiting", "@")                                         \
	X(STORE_COMMITS, COUNTER, "store_commits_total", "Commits of the store, ever.",            \
		"ballast itself", "ops", "commits", METRICS_RATE(""))                              \
	X(HTTP_REQUESTS, COUNTER, "http_requests_total", "Requests to the API.",                   \
		"ballast itself", "ops", "requests", METRICS_RATE(""))                             \
	X(HTTP_CONNECTIONS, GAUGE, "http_connections", "Open connections of the API.",             \
		"ballast itself", "short", "open", "@")
/* clang-format on */

#endif
