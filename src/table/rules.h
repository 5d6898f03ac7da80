/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TABLE_RULES_H
#define BAL_TABLE_RULES_H

/*
 * What is worth an alert, as tables: core/alert.c decides by them, the configuration, the API, the
 * commands and the manual print them.
 *
 * A ladder is one thing that may be wrong with one subject: at most one alert of it is open, at the
 * highest of its rungs that hold. A rule is one rung: a level, the value that leads to it and for
 * how long, and the value that ends it and for how long. Its name is LADDER_LEVEL: cpu_critical.
 *
 *     LADDER: X(NAME, word, SUBJECT, UNIT, what it is, what ballast does about it)
 *     RULE:   X(LADDER, LEVEL, INPUT, HOW, threshold, sustain_s, clear, clear_s)
 *
 * INPUT    a signal of ballast_signals.h, or a fact of RULE_FACTS that the core works out itself
 * HOW      ABOVE: at least the threshold, until it is under the clear value for clear_s;
 *          BELOW: under the threshold, until it is at least the clear value for clear_s
 * UNIT     of the values: SHARE permille, TIME ns, COUNT, STATE 0 fine, 1 at risk, 2 broken
 *
 * Numbers that the requirements name are theirs; the clear values, and where they name a signal
 * without a number, are ours.
 */

/* What the core finds out by itself and no host samples: X(NAME, word). They follow the signals. */
#define RULE_FACTS(X)                                                                              \
	X(QUEUE, "queue")                           /* of a pool: tasks waiting, no batch */       \
	X(POOL_LOAD, "pool_load")                   /* of a pool: scale_load_permille */           \
	X(START_FAILURES, "start_failures")         /* of a pool: in a row */                      \
	X(EJECTED, "ejected")                       /* of a pool: share of its agents */           \
	X(IDLE, "idle")                             /* of a pool: slots that nobody uses */        \
	X(ERROR_SHARE, "error_share")               /* of a kind: ends, five minutes */            \
	X(RESPONSE_RATIO, "response_ratio")         /* of a kind: mean over its target */          \
	X(SATISFACTION_MEAN, "satisfaction_mean")   /* of a kind: ratings, five minutes */         \
	X(OBJECTIVE_RESPONSE, "objective_response") /* of a kind: states of its ... */             \
	X(OBJECTIVE_AVAILABILITY, "objective_availability") /* ... objectives */                   \
	X(OBJECTIVE_ERRORS, "objective_errors")                                                    \
	X(OBJECTIVE_SATISFACTION, "objective_satisfaction")                                        \
	X(OBJECTIVE_THROUGHPUT, "objective_throughput")                                            \
	X(GROWTH, "growth")         /* of a kind: forecast of an hour over the rate now */         \
	X(ANOMALY, "anomaly")       /* of a kind, agent: how odd, 1000 = surely */                 \
	X(REGRESSION, "regression") /* of a kind, agent: service over its baseline */              \
	X(LEAK, "leak")             /* of an agent: confidence that its memory leaks */            \
	X(EXHAUSTION, "exhaustion") /* of an agent: until its memory is used up */                 \
	X(FULL, "full")             /* of the store: until its disk is */

#define RULE_LADDERS(X)                                                                            \
	X(CPU, "cpu", AGENT, SHARE, "processor time of what it was promised",                      \
		"new tasks go to agents with less load; its pool scales by load")                  \
	X(CPU_WAIT, "cpu_wait", AGENT, SHARE, "ready to run and kept waiting for a processor",     \
		"new tasks go to agents that are faster")                                          \
	X(CPU_THROTTLED, "cpu_throttled", AGENT, SHARE, "kept from running by its CPU limit",      \
		"new tasks go to agents that are faster")                                          \
	X(MEMORY, "memory", AGENT, SHARE, "memory of its limit; emergency: an allocation failed",  \
		"tasks that need more memory than it has left go elsewhere")                       \
	X(MEMORY_STALL, "memory_stall", AGENT, SHARE, "waited for memory: swap or reclaim",        \
		"new tasks go to agents that are faster")                                          \
	X(LEAK, "leak", AGENT, SHARE, "its memory grows whatever it does",                         \
		"nothing by itself: drain it when it suits, its pool replaces it")                 \
	X(EXHAUSTION, "exhaustion", AGENT, TIME, "time until its memory is used up",               \
		"nothing by itself: drain it when it suits, its pool replaces it")                 \
	X(IO_WAIT, "io_wait", AGENT, SHARE, "waited for storage",                                  \
		"new tasks go to agents that are faster")                                          \
	X(GC, "gc", AGENT, TIME, "stopped for garbage collection in ten seconds",                  \
		"new tasks go to agents that are faster")                                          \
	X(CONNECTION_POOL, "connection_pool", AGENT, SHARE, "connections of its pool in use",      \
		"nothing by itself")                                                               \
	X(CONNECT, "connect", AGENT, COUNT, "connections that could not be opened",                \
		"failed attempts are tried elsewhere; an agent that stays away is ejected")        \
	X(AGENT_SLOWER, "agent_slower", AGENT, SHARE, "service time over its own baseline",        \
		"what it is expected to take follows, so that it gets less")                       \
	X(HOST_CPU, "host_cpu", HOST, SHARE, "processor time of all cores",                        \
		"nothing by itself: this machine is full")                                         \
	X(HOST_MEMORY, "host_memory", HOST, SHARE, "memory; emergency: the kernel killed for it",  \
		"nothing by itself: this machine is full")                                         \
	X(HOST_IO_WAIT, "host_io_wait", HOST, SHARE, "something waited for storage",               \
		"nothing by itself")                                                               \
	X(HOST_HEAT, "host_heat", HOST, COUNT, "cores slowed down for heat",                       \
		"service times are learned as they become")                                        \
	X(HOST_NETWORK, "host_network", HOST, COUNT, "packets with errors or dropped",             \
		"nothing by itself")                                                               \
	X(STORE_FILL, "store_fill", STORE, SHARE, "the filesystem of the data directory",          \
		"refuses tasks that cannot be made durable; old results go after retention")       \
	X(STORE_FULL, "store_full", STORE, TIME, "time until that filesystem is full",             \
		"old results go after retention")                                                  \
	X(STORE_SLOW, "store_slow", STORE, TIME, "time of a commit", "commits more tasks at once") \
	X(LOAD, "load", POOL, SHARE, "running and waiting tasks of its slots",                     \
		"scales by the pool's strategy")                                                   \
	X(QUEUE, "queue", POOL, COUNT, "tasks that wait, batch excepted",                          \
		"scales by the pool's strategy")                                                   \
	X(SCALING, "scaling", POOL, COUNT, "agents failed to start, in a row",                     \
		"tries again after a pause that doubles")                                          \
	X(EJECTED, "ejected", POOL, SHARE, "agents that are ejected",                              \
		"probes them; takes back whoever answers")                                         \
	X(IDLE, "idle", POOL, SHARE, "slots that nobody uses",                                     \
		"scales down by the pool's strategy")                                              \
	X(ERRORS, "errors", KIND, SHARE, "tasks that ended without success, in five minutes",      \
		"retries what may be; ejects agents that fail in a row")                           \
	X(RESPONSE, "response", KIND, SHARE, "response time over its target, in five minutes",     \
		"scales; when the objective breaks, recovers as it says")                          \
	X(SATISFACTION, "satisfaction", KIND, SHARE, "mean rating, in five minutes",               \
		"nothing by itself")                                                               \
	X(KIND_SLOWER, "kind_slower", KIND, SHARE, "service time over its own baseline",           \
		"scales by load, which follows")                                                   \
	X(ANOMALY, "anomaly", KIND, SHARE, "unlike its own past", "nothing by itself")             \
	X(GROWTH, "growth", KIND, SHARE, "load forecast within an hour over the load now",         \
		"routing and scaling that go by forecasts act before it comes")                    \
	X(OBJECTIVE_RESPONSE, "objective_response", KIND, STATE, "the response objective",         \
		"when broken: sheds the lowest class, scales up, ejects outliers")                 \
	X(OBJECTIVE_AVAILABILITY, "objective_availability", KIND, STATE,                           \
		"the availability objective", "when broken: scales up")                            \
	X(OBJECTIVE_ERRORS, "objective_errors", KIND, STATE, "the error objective",                \
		"when broken: ejects outliers")                                                    \
	X(OBJECTIVE_SATISFACTION, "objective_satisfaction", KIND, STATE,                           \
		"the satisfaction objective", "nothing by itself")                                 \
	X(OBJECTIVE_THROUGHPUT, "objective_throughput", KIND, STATE, "the throughput objective",   \
		"when broken: sheds the lowest class, scales up")

/* Requirements by rows: CPU_Monitoring and Memory_Monitoring, Alert_Thresholds; CPU_Scaling,
 * Memory_Scaling, Storage_Scaling; Load_Based, Performance_Based, Predictive_Based;
 * Optimization_Triggers; quality_metrics. */
#define RULES(X)                                                                                   \
	X(CPU, WARNING, BAL_SIGNAL_CPU_PERMILLE, ABOVE, 750, 300, 700, 60)                         \
	X(CPU, CRITICAL, BAL_SIGNAL_CPU_PERMILLE, ABOVE, 900, 120, 850, 60)                        \
	X(CPU, EMERGENCY, BAL_SIGNAL_CPU_PERMILLE, ABOVE, 950, 60, 900, 60)                        \
	X(CPU_WAIT, WARNING, BAL_SIGNAL_CPU_WAIT, ABOVE, 100, 300, 80, 60)                         \
	X(CPU_THROTTLED, WARNING, BAL_SIGNAL_CPU_THROTTLED, ABOVE, 250, 300, 200, 60)              \
	X(MEMORY, WARNING, BAL_SIGNAL_MEMORY_PERMILLE, ABOVE, 800, 0, 750, 60)                     \
	X(MEMORY, CRITICAL, BAL_SIGNAL_MEMORY_PERMILLE, ABOVE, 900, 0, 850, 60)                    \
	X(MEMORY, EMERGENCY, BAL_SIGNAL_OOM_KILLS, ABOVE, 1, 0, 1, 600)                            \
	X(MEMORY_STALL, WARNING, BAL_SIGNAL_PRESSURE_MEMORY, ABOVE, 100, 60, 50, 60)               \
	X(LEAK, WARNING, RULE_FACT_LEAK, ABOVE, 900, 0, 500, 600)                                  \
	X(EXHAUSTION, WARNING, RULE_FACT_EXHAUSTION, BELOW, 7200000000000, 0, 10800000000000, 600) \
	X(EXHAUSTION, CRITICAL, RULE_FACT_EXHAUSTION, BELOW, 1800000000000, 0, 2700000000000, 600) \
	X(IO_WAIT, WARNING, BAL_SIGNAL_PRESSURE_IO, ABOVE, 200, 300, 150, 60)                      \
	X(GC, WARNING, BAL_SIGNAL_GC_PAUSE, ABOVE, 1000000000, 300, 800000000, 60)                 \
	X(CONNECTION_POOL, WARNING, BAL_SIGNAL_POOL_USE, ABOVE, 900, 120, 800, 60)                 \
	X(CONNECT, WARNING, BAL_SIGNAL_CONNECT_FAILURES, ABOVE, 1, 60, 1, 120)                     \
	X(CONNECT, CRITICAL, BAL_SIGNAL_CONNECT_FAILURES, ABOVE, 10, 60, 5, 120)                   \
	X(AGENT_SLOWER, WARNING, RULE_FACT_REGRESSION, ABOVE, 1200, 0, 1100, 300)                  \
	X(HOST_CPU, WARNING, BAL_SIGNAL_HOST_CPU, ABOVE, 750, 300, 700, 60)                        \
	X(HOST_CPU, CRITICAL, BAL_SIGNAL_HOST_CPU, ABOVE, 900, 120, 850, 60)                       \
	X(HOST_CPU, EMERGENCY, BAL_SIGNAL_HOST_CPU, ABOVE, 950, 60, 900, 60)                       \
	X(HOST_MEMORY, WARNING, BAL_SIGNAL_HOST_MEMORY, ABOVE, 800, 0, 750, 60)                    \
	X(HOST_MEMORY, CRITICAL, BAL_SIGNAL_HOST_MEMORY, ABOVE, 900, 0, 850, 60)                   \
	X(HOST_MEMORY, EMERGENCY, BAL_SIGNAL_HOST_OOM_KILLS, ABOVE, 1, 0, 1, 600)                  \
	X(HOST_IO_WAIT, WARNING, BAL_SIGNAL_HOST_PRESSURE_IO, ABOVE, 200, 300, 150, 60)            \
	X(HOST_HEAT, WARNING, BAL_SIGNAL_HOST_THROTTLES, ABOVE, 1, 60, 1, 300)                     \
	X(HOST_NETWORK, WARNING, BAL_SIGNAL_HOST_NETWORK_ERRORS, ABOVE, 10, 60, 1, 300)            \
	X(HOST_NETWORK, CRITICAL, BAL_SIGNAL_HOST_NETWORK_DROPS, ABOVE, 1000, 60, 100, 300)        \
	X(STORE_FILL, WARNING, BAL_SIGNAL_STORE_FILL, ABOVE, 850, 0, 800, 60)                      \
	X(STORE_FILL, CRITICAL, BAL_SIGNAL_STORE_FILL, ABOVE, 950, 0, 930, 60)                     \
	X(STORE_FILL, EMERGENCY, BAL_SIGNAL_STORE_FILL, ABOVE, 990, 0, 980, 60)                    \
	X(STORE_FULL, WARNING, RULE_FACT_FULL, BELOW, 86400000000000, 0, 129600000000000, 600)     \
	X(STORE_FULL, CRITICAL, RULE_FACT_FULL, BELOW, 7200000000000, 0, 10800000000000, 600)      \
	X(STORE_SLOW, WARNING, BAL_SIGNAL_STORE_COMMIT, ABOVE, 500000000, 60, 250000000, 60)       \
	X(LOAD, WARNING, RULE_FACT_POOL_LOAD, ABOVE, 800, 300, 700, 60)                            \
	X(LOAD, CRITICAL, RULE_FACT_POOL_LOAD, ABOVE, 2000, 300, 1500, 60)                         \
	X(QUEUE, WARNING, RULE_FACT_QUEUE, ABOVE, 101, 60, 80, 60)                                 \
	X(QUEUE, CRITICAL, RULE_FACT_QUEUE, ABOVE, 1000, 300, 800, 60)                             \
	X(SCALING, WARNING, RULE_FACT_START_FAILURES, ABOVE, 1, 0, 1, 60)                          \
	X(SCALING, CRITICAL, RULE_FACT_START_FAILURES, ABOVE, 5, 0, 1, 60)                         \
	X(EJECTED, WARNING, RULE_FACT_EJECTED, ABOVE, 200, 60, 100, 60)                            \
	X(EJECTED, CRITICAL, RULE_FACT_EJECTED, ABOVE, 500, 60, 300, 60)                           \
	X(IDLE, WARNING, RULE_FACT_IDLE, ABOVE, 800, 21600, 500, 600)                              \
	X(ERRORS, WARNING, RULE_FACT_ERROR_SHARE, ABOVE, 51, 0, 40, 60)                            \
	X(ERRORS, CRITICAL, RULE_FACT_ERROR_SHARE, ABOVE, 200, 60, 150, 60)                        \
	X(RESPONSE, WARNING, RULE_FACT_RESPONSE_RATIO, ABOVE, 2000, 180, 1500, 60)                 \
	X(RESPONSE, CRITICAL, RULE_FACT_RESPONSE_RATIO, ABOVE, 5000, 180, 4000, 60)                \
	X(SATISFACTION, WARNING, RULE_FACT_SATISFACTION_MEAN, BELOW, 850, 0, 900, 60)              \
	X(SATISFACTION, CRITICAL, RULE_FACT_SATISFACTION_MEAN, BELOW, 700, 300, 750, 60)           \
	X(KIND_SLOWER, WARNING, RULE_FACT_REGRESSION, ABOVE, 1200, 0, 1100, 300)                   \
	X(ANOMALY, WARNING, RULE_FACT_ANOMALY, ABOVE, 1000, 0, 500, 300)                           \
	X(GROWTH, WARNING, RULE_FACT_GROWTH, ABOVE, 1500, 0, 1300, 600)                            \
	X(OBJECTIVE_RESPONSE, WARNING, RULE_FACT_OBJECTIVE_RESPONSE, ABOVE, 1, 0, 1, 60)           \
	X(OBJECTIVE_RESPONSE, CRITICAL, RULE_FACT_OBJECTIVE_RESPONSE, ABOVE, 2, 0, 2, 60)          \
	X(OBJECTIVE_AVAILABILITY, WARNING, RULE_FACT_OBJECTIVE_AVAILABILITY, ABOVE, 1, 0, 1, 60)   \
	X(OBJECTIVE_AVAILABILITY, CRITICAL, RULE_FACT_OBJECTIVE_AVAILABILITY, ABOVE, 2, 0, 2, 60)  \
	X(OBJECTIVE_ERRORS, WARNING, RULE_FACT_OBJECTIVE_ERRORS, ABOVE, 1, 0, 1, 60)               \
	X(OBJECTIVE_ERRORS, CRITICAL, RULE_FACT_OBJECTIVE_ERRORS, ABOVE, 2, 0, 2, 60)              \
	X(OBJECTIVE_SATISFACTION, WARNING, RULE_FACT_OBJECTIVE_SATISFACTION, ABOVE, 1, 0, 1, 60)   \
	X(OBJECTIVE_SATISFACTION, CRITICAL, RULE_FACT_OBJECTIVE_SATISFACTION, ABOVE, 2, 0, 2, 60)  \
	X(OBJECTIVE_THROUGHPUT, WARNING, RULE_FACT_OBJECTIVE_THROUGHPUT, ABOVE, 1, 0, 1, 60)       \
	X(OBJECTIVE_THROUGHPUT, CRITICAL, RULE_FACT_OBJECTIVE_THROUGHPUT, ABOVE, 2, 0, 2, 60)

#endif
