/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TABLE_ROUTES_H
#define BAL_TABLE_ROUTES_H

/*
 * The HTTP API, one row per call: the router, the OpenAPI document and the documentation are made
 * from it.  The first row that matches wins; rows of one path stand together.
 *
 *     X(method, path, handler, role, body, summary)
 *
 * path     {name} is one segment
 * handler  api_<handler> in daemon/api_*.c
 * role     who may call it once tokens exist: NONE READ SUBMIT AGENT ADMIN
 * body     what it takes: NONE (ignored), SMALL (JSON of at most
 *          64 KiB), TASK (JSON with a payload, or lines of it), RESULT (JSON with a result)
 */
#define ROUTES(X)                                                                                  \
	X(POST, "/v1/tasks", task_submit, SUBMIT, TASK,                                            \
		"Submit a task; ?wait=10m answers with its result, application/x-ndjson submits "  \
		"one task per line")                                                               \
	X(GET, "/v1/tasks", task_list, READ, NONE,                                                 \
		"List tasks, newest first: ?state= ?kind= ?tenant= ?pool= ?limit= ?before=")       \
	X(GET, "/v1/tasks/{task}", task_get, READ, NONE,                                           \
		"Read a task; ?wait=10m waits for its end")                                        \
	X(DELETE, "/v1/tasks/{task}", task_cancel, SUBMIT, NONE, "Cancel a task")                  \
	X(GET, "/v1/tasks/{task}/result", task_result, READ, NONE,                                 \
		"The result, as the agent gave it")                                                \
	X(GET, "/v1/tasks/{task}/why", why_get, READ, NONE, "The last decision about a task")      \
	X(POST, "/v1/tasks/{task}/cancel", task_cancel, SUBMIT, NONE, "Cancel a task")             \
	X(POST, "/v1/tasks/{task}/requeue", task_requeue, SUBMIT, NONE,                            \
		"Bring an ended task back into the queue")                                         \
	X(POST, "/v1/tasks/{task}/feedback", task_feedback, SUBMIT, SMALL,                         \
		"Rate a task, once: {\"satisfaction\": 0.9} of 0 to 1")                            \
	X(GET, "/v1/tasks/{task}/log", task_log, READ, NONE,                                       \
		"Output of a command: ?stream=stdout|stderr ?offset=BYTES")                        \
	X(GET, "/v1/tasks/{task}/files", task_files, READ, NONE,                                   \
		"Files in the directory of a command's task")                                      \
	X(GET, "/v1/why/{id}", why_get, READ, NONE,                                                \
		"The last decision about a task or a scaling order")                               \
	X(GET, "/v1/agents", agent_list, READ, NONE, "List agents: ?pool= ?state=")                \
	X(POST, "/v1/agents", agent_add, AGENT, SMALL,                                             \
		"Always refused: agents come from the configuration, or ask for work with a "      \
		"lease")                                                                           \
	X(GET, "/v1/agents/{agent}", agent_get, READ, NONE, "Read an agent, by id or name")        \
	X(POST, "/v1/agents/{agent}/drain", agent_drain, ADMIN, SMALL,                             \
		"Drain an agent; {\"back\": true} takes it back into service")                     \
	X(POST, "/v1/agents/{agent}/signals", agent_signals, AGENT, SMALL,                         \
		"What an agent says of itself: {\"heap_bytes\": 1048576, \"gc_count\": 2}")        \
	X(GET, "/v1/pools", pool_list, READ, NONE, "List pools")                                   \
	X(GET, "/v1/pools/{pool}", pool_get, READ, NONE, "Read a pool")                            \
	X(POST, "/v1/pools/{pool}/scale", pool_scale, ADMIN, SMALL,                                \
		"Set the number of agents of a pool: {\"agents\": 3}; later with \"at\" or "       \
		"\"in\", on a condition with \"when\" and \"for\", once by \"key\"")               \
	X(POST, "/v1/pools/{pool}/pause", pool_pause, ADMIN, SMALL,                                \
		"Pause or resume: {\"dispatch\": true, \"out\": false, \"in\": false}")            \
	X(GET, "/v1/orders", order_list, READ, NONE,                                               \
		"Recent scaling orders with reasons and verdicts, and those that wait: "           \
		"?pool=")                                                                          \
	X(DELETE, "/v1/orders/{order}", order_cancel, ADMIN, NONE,                                 \
		"Take back an order that waits")                                                   \
	X(POST, "/v1/orders/{order}/cancel", order_cancel, ADMIN, NONE,                            \
		"Take back an order that waits")                                                   \
	X(GET, "/v1/forecasts", forecast_list, READ, NONE,                                         \
		"What load and use are expected, how surely, how good that was so far, and when "  \
		"memory and storage are used up; ?signal= adds "                                   \
		"the past and the bins ahead")                                                     \
	X(GET, "/v1/plan", plan_get, READ, NONE,                                                   \
		"How many agents the load needs now and up to a week ahead, why, at what cost; "   \
		"advice only: ?goal= ?survive=true ?budget_cents=")                                \
	X(GET, "/v1/alerts", alert_list, READ, NONE,                                               \
		"Open alerts, the worst first, and those that cleared last")                       \
	X(GET, "/v1/alerts/rules", alert_rules, READ, NONE,                                        \
		"The rules of alerts as they are in force")                                        \
	X(GET, "/v1/alerts/{alert}", alert_get, READ, NONE, "Read an alert")                       \
	X(GET, "/v1/signals", signal_list, READ, NONE,                                             \
		"What was measured last: ?subject= ?name= ?signal=")                               \
	X(GET, "/v1/signals/window", signal_window, READ, NONE,                                    \
		"The past of one signal: ?subject= ?name= ?signal= ?resolution=5s|1m|15m|1h "      \
		"?since=1h")                                                                       \
	X(GET, "/v1/objectives", objective_list, READ, NONE,                                       \
		"What is promised of each kind, how far it is kept, what was done about it")       \
	X(GET, "/v1/silences", silence_list, READ, NONE, "Silences that have not ended")           \
	X(POST, "/v1/silences", silence_add, ADMIN, SMALL,                                         \
		"Silence alerts for a while: {\"alert\": \"cpu\", \"name\": \"coder-1\", "         \
		"\"for\": \"2h\", \"reason\": \"known\"}")                                         \
	X(DELETE, "/v1/silences/{silence}", silence_end, ADMIN, NONE, "End a silence now")         \
	X(POST, "/v1/silences/{silence}/end", silence_end, ADMIN, NONE, "End a silence now")       \
	X(POST, "/v1/lease", lease_ask, AGENT, SMALL,                                              \
		"Ask for work as a worker; waits for it, 204 when there is none")                  \
	X(POST, "/v1/leases/{lease}/ack", lease_ack, AGENT, RESULT, "The work is done")            \
	X(POST, "/v1/leases/{lease}/nack", lease_nack, AGENT, SMALL, "The work failed")            \
	X(POST, "/v1/leases/{lease}/extend", lease_extend, AGENT, SMALL,                           \
		"Keep the lease for longer; says whether to hand the work back")                   \
	X(POST, "/v1/leases/{lease}/release", lease_release, AGENT, RESULT,                        \
		"Hand the work back, with a checkpoint")                                           \
	X(GET, "/v1/events", event_stream, READ, NONE,                                             \
		"What happens, as server-sent events: ?task= ?type=; Last-Event-ID goes on")       \
	X(GET, "/v1/status", ops_status, READ, NONE, "Totals, queue and store")                    \
	X(POST, "/v1/reload", ops_reload, ADMIN, NONE, "Read the configuration file again")        \
	X(GET, "/livez", ops_live, NONE, NONE, "The process answers")                              \
	X(GET, "/readyz", ops_ready, NONE, NONE, "Tasks are taken")                                \
	X(GET, "/metrics", ops_metrics, READ, NONE, "Metrics in Prometheus' text format")          \
	X(GET, "/version", ops_version, NONE, NONE, "Name and version")                            \
	X(GET, "/openapi.json", ops_openapi, NONE, NONE, "This table as an OpenAPI document")      \
	X(GET, "/", ops_home, NONE, NONE, "Where to find what")

/* X(name, word) */
#define ROUTE_ROLES(X)                                                                             \
	X(NONE, "none")                                                                            \
	X(READ, "read")                                                                            \
	X(SUBMIT, "submit")                                                                        \
	X(AGENT, "agent")                                                                          \
	X(ADMIN, "admin")

enum route_role {
#define X(name, word) ROUTE_ROLE_##name,
	ROUTE_ROLES(X)
#undef X
};

enum route_body { ROUTE_BODY_NONE, ROUTE_BODY_SMALL, ROUTE_BODY_TASK, ROUTE_BODY_RESULT };

#endif
