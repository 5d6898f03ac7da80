/* SPDX-License-Identifier: Apache-2.0
 *
 * ballast_words.h - the words of the contract, as tables.
 *
 * Each table is an X-macro: ballast.h makes an enumeration of it, core/words.c the texts, and the
 * API, the metrics and the documentation are printed from the same rows.
 */
#ifndef BALLAST_WORDS_H
#define BALLAST_WORDS_H

/* Every answer of the library and of the layers above it, with the HTTP status that says it. */
#define BAL_STATUS_MAP(X)                                                                          \
	X(OK, 200, "ok")                                                                           \
	X(INVALID, 400, "an argument is out of range")                                             \
	X(DENIED, 403, "this token may not do that")                                               \
	X(UNKNOWN, 404, "no such task, agent, pool or order")                                      \
	X(STALE, 409, "that attempt was given up on")                                              \
	X(CONFLICT, 409, "the same name stands for something else")                                \
	X(TOO_LARGE, 413, "larger than the configured maximum")                                    \
	X(INFEASIBLE, 422, "cannot be done with what is configured")                               \
	X(FULL, 429, "a configured limit is reached")                                              \
	X(BROKEN, 500, "damaged or inconsistent data")                                             \
	X(UNAVAILABLE, 503, "cannot be done right now")                                            \
	X(TIMEOUT, 504, "no answer in time")                                                       \
	X(NO_SPACE, 507, "the disk is full or read-only")

/* Classes of the queue, most urgent first. */
#define BAL_PRIORITY_MAP(X)                                                                        \
	X(CRITICAL, "critical")                                                                    \
	X(HIGH, "high")                                                                            \
	X(NORMAL, "normal")                                                                        \
	X(LOW, "low")                                                                              \
	X(BATCH, "batch")

/* The life of a task; core/life.c holds which state may follow which. */
#define BAL_TASK_STATE_MAP(X)                                                                      \
	X(FREE, "free")             /* no task: an unused place */                                 \
	X(SUBMITTED, "submitted")   /* being made durable */                                       \
	X(QUEUED, "queued")         /* waits for a slot */                                         \
	X(WAITING, "waiting")       /* holds no slot: back-off, or waits for another task */       \
	X(DISPATCHED, "dispatched") /* sent to an agent */                                         \
	X(RUNNING, "running")       /* the agent said that it works on it */                       \
	X(FINISHING, "finishing")   /* its end is being made durable */                            \
	X(SUCCEEDED, "succeeded")                                                                  \
	X(FAILED, "failed") /* its agent said no, and no retry may change that */                  \
	X(DEAD, "dead")     /* every allowed attempt was used */                                   \
	X(CANCELLED, "cancelled")                                                                  \
	X(EXPIRED, "expired") /* its deadline passed */                                            \
	X(REFUSED, "refused") /* never admitted */

#define BAL_AGENT_STATE_MAP(X)                                                                     \
	X(FREE, "free")         /* no agent: an unused place */                                    \
	X(STARTING, "starting") /* ordered or booting: counts as capacity, takes no task */        \
	X(WARMING, "warming")   /* takes tasks, slowly more: half its slots at first */            \
	X(READY, "ready")                                                                          \
	X(DRAINING, "draining") /* finishes what it has, takes nothing new */                      \
	X(EJECTED, "ejected")   /* failed or silent: takes nothing until a probe succeeds */       \
	X(GONE, "gone")

/* How an attempt ended, as its host saw it. */
#define BAL_OUTCOME_MAP(X)                                                                         \
	X(SUCCEEDED, "succeeded")                                                                  \
	X(FAILED, "failed")       /* the agent's own no: 4xx, non-zero exit */                     \
	X(RETRYABLE, "retryable") /* a failure marked retryable: 5xx, an exit named in the pool */ \
	X(LOST, "lost")           /* agent or connection gone without an answer */                 \
	X(TIMEOUT, "timeout")     /* the attempt's own limit passed */                             \
	X(BUSY, "busy")           /* 503 with Retry-After: handed back, not a failure */           \
	X(HANDED_BACK, "handed_back") /* drained or waiting, with or without a checkpoint */

/* Why something was decided: stable words for programs, texts for people. */
#define BAL_REASON_MAP(X)                                                                          \
	X(NONE, "none")                                                                            \
	/* routed */                                                                               \
	X(ROUTED, "smallest composite among the agents that may take it")                          \
	X(ONLY_CHOICE, "the only agent that may take it")                                          \
	X(LENT_SLOT, "runs on the slot of a parent task that only waits for it")                   \
	/* waiting */                                                                              \
	X(WAIT_STORE, "being made durable")                                                        \
	X(WAIT_TURN, "capable slots are taken or promised to tasks ahead of it")                   \
	X(WAIT_LIMIT, "a shared limit of every capable pool is reached")                           \
	X(WAIT_TENANT, "its tenant runs as many tasks as it may")                                  \
	X(WAIT_BACKOFF, "waits before the next attempt")                                           \
	X(WAIT_TASK, "waits for another task without holding a slot")                              \
	X(WAIT_ORDERED, "no capable agent yet: one is ordered or starting")                        \
	X(WAIT_DOWN, "capable agents exist but are down")                                          \
	X(WAIT_PAUSED, "its pool is paused")                                                       \
	X(WAIT_FASTER,                                                                             \
		"a faster agent is worth the wait: those that are free are slow for its size")     \
	X(WAIT_FORBIDDEN, "free agents are forbidden to it or lack the resources it needs")        \
	/* refused */                                                                              \
	X(REFUSED_INCAPABLE, "no pool offers what it needs")                                       \
	X(REFUSED_QUEUE_FULL, "the queue is full")                                                 \
	X(REFUSED_TENANT_FULL, "its tenant has as many tasks waiting as it may")                   \
	X(REFUSED_TENANT_RATE, "its tenant submits faster than it may")                            \
	X(REFUSED_DEADLINE, "its deadline cannot be met")                                          \
	X(REFUSED_STORE, "it could not be made durable")                                           \
	/* ended */                                                                                \
	X(DONE, "the agent finished it")                                                           \
	X(FAILED, "the agent said no, and its pool does not retry that")                           \
	X(ATTEMPTS_USED, "every allowed attempt was used")                                         \
	X(CANCELLED, "somebody cancelled it")                                                      \
	X(DEADLINE_PASSED, "its deadline passed")                                                  \
	/* rescinded attempts */                                                                   \
	X(ATTEMPT_TIMEOUT, "the attempt took longer than its pool allows")                         \
	X(LEASE_EXPIRED, "its lease ran out")                                                      \
	X(AGENT_GONE, "its agent went away")                                                       \
	X(DRAIN_LIMIT, "its agent drains and the drain limit is near")                             \
	/* constraints that rule a candidate out */                                                \
	X(NO_SLOT, "no free slot")                                                                 \
	X(FORBIDDEN, "the task forbids this agent")                                                \
	X(MEMORY, "not enough memory left")                                                        \
	X(NOT_ALONE, "the task wants an agent for itself")                                         \
	X(UNHEALTHY, "ejected or not ready")                                                       \
	X(LIMIT, "a shared limit is reached")                                                      \
	/* scaling */                                                                              \
	X(SCALE_MINIMUM, "fewer agents than the pool's minimum")                                   \
	X(SCALE_FROM_ZERO, "tasks wait and no agent is up")                                        \
	X(SCALE_LOAD_HIGH, "load above the threshold for the sustain time")                        \
	X(SCALE_QUEUE_DEEP, "more tasks wait than the threshold for the sustain time")             \
	X(SCALE_EMERGENCY, "overload, or critical tasks wait longer than they may")                \
	X(SCALE_LOAD_LOW, "load below the threshold for the sustain time")                         \
	X(SCALE_MAXIMUM, "more agents than the pool may have")                                     \
	X(SCALE_OPERATOR, "somebody asked for it")                                                 \
	X(HOLD_COOLDOWN, "the cool-down after the last order has not passed")                      \
	X(HOLD_SUSTAIN, "the threshold has not been crossed for long enough")                      \
	X(HOLD_MAXIMUM, "the pool has as many agents as it may")                                   \
	X(HOLD_MINIMUM, "the pool has as few agents as it may")                                    \
	X(HOLD_PAUSED, "scaling of this pool is paused")                                           \
	X(HOLD_BACKOFF, "agents of this pool failed to start: the next try waits")                 \
	X(HOLD_STEADY, "load lies between the thresholds")                                         \
	/* waiting; at the end, since stores keep the numbers */                                   \
	X(WAIT_CIRCLE, "would wait for a task that waits for it: tried again later instead")       \
	/* a second attempt beside the first */                                                    \
	X(HEDGED, "took longer than expected while slots were free: a second attempt runs too")    \
	X(HEDGE_LOST, "another attempt of the task succeeded first")                               \
	/* a task that waits at its agent */                                                       \
	X(SENT_AHEAD, "no slot is free: it waits at the agent whose next one is expected soonest") \
	X(TAKEN_BACK, "it had not begun, and its agent takes nothing new")                         \
	/* alerts */                                                                               \
	X(ALERT_OPENED, "a value was beyond its threshold for the sustain time")                   \
	X(ALERT_RAISED, "a higher level's threshold was passed for its sustain time")              \
	X(ALERT_LOWERED, "the higher level has ended, a lower one has not")                        \
	X(ALERT_CLEARED, "the value was back for the clear time")                                  \
	X(ALERT_GONE, "what it was about is gone")                                                 \
	X(ALERT_RULE, "its rule was changed")                                                      \
	/* objectives and what is done for them */                                                 \
	X(OBJECTIVE_BROKEN, "an objective is broken")                                              \
	X(OBJECTIVE_MET, "the objective is met again")                                             \
	X(REFUSED_SHED, "its class is shed until an objective of its pools is met again")          \
	X(SCALE_OBJECTIVE, "an objective of a kind that it serves is broken")                      \
	/* scaling, continued */                                                                   \
	X(SCALE_SLOW, "tasks wait more than twice as long as they should for the sustain time")    \
	X(SCALE_EXPECTED, "more slots are needed for the load expected one boot ahead")            \
	X(SCALE_UNNEEDED, "fewer agents are enough for the load expected one boot ahead")          \
	X(HOLD_MISSING, "nothing is known of the load of the last seconds")                        \
	X(HOLD_CALM, "it changed direction a moment ago, and no task suffers")                     \
	X(SCALE_SCHEDULED, "fewer agents than its schedule wants, now or one boot ahead")          \
	X(HOLD_BOOTING, "who could leave is about to be ready, or works alone until then")         \
	/* resources of agents */                                                                  \
	X(RESIZE_CPU, "it uses more of its processor limit than the threshold")                    \
	X(RESIZE_WAIT, "it waits for a processor longer than the threshold")                       \
	X(RESIZE_QUEUE, "more of its threads wait for a processor than it may have cores")         \
	X(RESIZE_SLOWER, "its tasks became a quarter slower while its processor was in use")       \
	X(RESIZE_MEMORY, "it uses more of its memory limit than the threshold")                    \
	X(RESIZE_OOM, "the kernel ended something in it for want of memory")                       \
	X(RESIZE_GC, "its garbage collections take longer than the threshold")                     \
	X(RESIZE_SWAP, "its memory is being swapped out")                                          \
	X(RESIZE_UNUSED, "it used so little over the whole window")                                \
	X(RESTART_LEAK, "its memory rises and does not come back: a new agent takes its place")    \
	X(HOLD_BUDGET, "the budget of its pool or of the host is used up")                         \
	X(HOLD_CEILING, "it has as much as one agent may have")                                    \
	X(HOLD_COST, "more than four cores are not worth their price")                             \
	X(HOLD_HORIZONTAL, "more agents are the cheaper way, or the only one that is enough")      \
	X(HOLD_VERTICAL, "more for the agents that are there is the cheaper way")                  \
	X(HOLD_REPLACING, "an agent is being replaced")                                            \
	X(HOLD_REFUSED, "the host could not change its limits: the next try waits")                \
	X(ADVISED, "its pool only takes advice: nothing was done")                                 \
	X(NO_GROUPS, "no control groups are there, so limits of running agents cannot be changed") \
	/* the life of an order */                                                                 \
	X(SCALE_ROLLBACK, "an order did harm or no good: it is undone")                            \
	X(SCALE_RETRY, "agents of an order did not come: they are asked for again")                \
	X(ORDER_HELPED, "what it was given for got better, or stayed good")                        \
	X(ORDER_NO_EFFECT, "what it was given for did not get better")                             \
	X(ORDER_HARMFUL, "tasks fared worse than before")                                          \
	X(ORDER_FAILED, "none of its agents came")                                                 \
	X(HOLD_ROLLED_BACK, "an order in this direction was undone a short while ago")             \
	X(SKIP_NEWER, "another order for the pool came since")                                     \
	/* triggers beside the load, see table/triggers.h */                                       \
	X(SCALE_COLLABORATION, "parents wait for tasks of a kind most of their time")              \
	X(SCALE_SATISFACTION, "ratings of a kind are too low while its pool is in use")            \
	X(SCALE_ERRORS, "too many tasks of a kind fail while no slot is free")                     \
	X(SCALE_THROUGHPUT, "less of what comes is done than promised while no slot is free")      \
	X(SCALE_QUALITY, "fewer tasks succeed than on other days while no slot is free")           \
	X(SCALE_RATING, "ratings are lower than on other days while its pool is in use")           \
	X(SCALE_PEAK, "a declared peak needs more agents, now or one boot ahead")                  \
	X(SCALE_FORECAST, "much more load is forecast within an hour")                             \
	X(SCALE_SEASON, "the usual peak of the day begins within an hour")                         \
	X(SCALE_EXHAUSTION, "slots or memory are forecast to be used up within two hours")         \
	X(HOLD_ODD, "the load is unlike its own past: its forecasts are not acted on")             \
	X(HOLD_UNSURE, "its forecasts were not right often enough to act on them (0.85)")          \
	X(HOLD_CLOCK, "the clock was set less than an hour ago: forecasts are not acted on")       \
	X(HOLD_EXPECTED, "the load that is expected or declared needs the agents that are there")  \
	X(ORDER_HELD, "waits for its time or condition")                                           \
	X(ORDER_CANCELLED, "somebody took it back before its time came")                           \
	X(SKIP_GONE, "its pool is gone, or is not scaled any more")                                \
	X(SKIP_ENOUGH, "the pool has as many agents as it wants")                                  \
	X(SKIP_UNNEEDED, "what it was given for is over")                                          \
	X(SKIP_EXPIRED, "its condition did not come in time")                                      \
	X(HOLD_ADVISE, "the pool is only advised: what would be done is recorded, nothing is "     \
		       "done")

/* How bad an alert is. */
#define BAL_ALERT_LEVEL_MAP(X)                                                                     \
	X(NONE, "none") /* not open: pending, or cleared */                                        \
	X(WARNING, "warning")                                                                      \
	X(CRITICAL, "critical")                                                                    \
	X(EMERGENCY, "emergency")

/* What is promised of the tasks of a kind. X(NAME, word) */
#define BAL_OBJECTIVE_MAP(X)                                                                       \
	X(RESPONSE, "response")         /* a share of tasks responds in time */                    \
	X(AVAILABILITY, "availability") /* of the time in which somebody asks, an agent works */   \
	X(ERRORS, "errors")             /* a share of tasks ends well */                           \
	X(SATISFACTION, "satisfaction") /* the mean rating */                                      \
	X(THROUGHPUT, "throughput")     /* what comes and can be done is done */

#define BAL_OBJECTIVE_STATE_MAP(X)                                                                 \
	X(NO_DATA, "no data")                                                                      \
	X(MET, "met")                                                                              \
	X(AT_RISK, "at risk") /* it burns more than its budget allows, or has used it up */        \
	X(BROKEN, "broken")   /* not kept in its window, or it burns fast */

/* What of a task must be in time. */
#define BAL_MEASURE_MAP(X)                                                                         \
	X(WAIT, "wait")             /* from submission to its first dispatch */                    \
	X(FIRST_BYTE, "first_byte") /* from submission to the first byte of the answer */          \
	X(TOTAL, "total")           /* from submission to its end */                               \
	X(SLOWDOWN, "slowdown")     /* the same, as a multiple of its service alone */

/* What ballast does by itself while an objective is broken, and undoes later. */
#define BAL_RECOVERY_MAP(X)                                                                        \
	X(SHED, "shed")         /* refuses the lowest class at the door */                         \
	X(SCALE_UP, "scale_up") /* orders agents as in an emergency */                             \
	X(EJECT, "eject")       /* takes agents out of service that are far worse than others */

/* How agents of a pool are reached, and so what the host does with DISPATCH and SCALE. */
#define BAL_POOL_KIND_MAP(X)                                                                       \
	X(PROCESS, "process") /* HTTP agents that a provider starts: the pool scales */            \
	X(URLS, "urls")       /* HTTP agents that exist already */                                 \
	X(COMMAND, "command") /* one process per task; the pool is one agent with max slots */     \
	X(LEASE, "lease")     /* workers come and ask */

#define BAL_STRATEGY_MAP(X)                                                                        \
	X(CONSERVATIVE, "conservative") /* +1 after 5 min, -1 after 15 min, at most 3x baseline */ \
	X(AGGRESSIVE, "aggressive")     /* +50 % after 2 min, -25 % after 10 min, at most 5x */    \
	X(FIXED, "fixed")               /* only what somebody asks for */                          \
	X(HPA, "hpa")                   /* as the horizontal pod autoscaler of Kubernetes does */  \
	X(KPA, "kpa")                   /* as the autoscaler of Knative does */                    \
	X(PREDICTIVE, "predictive")     /* for the load that is expected when a new agent works */ \
	X(ADAPTIVE, "adaptive")         /* whatever was best for the pool's own last day */

/* What an order changes. */
#define BAL_ORDER_TYPE_MAP(X)                                                                      \
	X(AGENTS, "add_agent")                       /* how many agents a pool has */              \
	X(RESOURCES, "scale_agent_resources")        /* what one agent may use */                  \
	X(INFRASTRUCTURE, "allocate_infrastructure") /* what all of them may use together */       \
	X(OPTIMISE, "optimise_existing")             /* how what is there is used */

#define BAL_ORDER_STATE_MAP(X)                                                                     \
	X(NONE, "none")                                                                            \
	X(WORKING, "working")     /* agents that it asked for are on their way */                  \
	X(WATCHED, "watched")     /* done; what comes of it is watched */                          \
	X(CLOSED, "closed")       /* done, and judged where it was watched */                      \
	X(CANCELLED, "cancelled") /* taken back while it was held */                               \
	X(SKIPPED, "skipped")     /* checked, and not carried out */                               \
	X(ADVICE, "advice")       /* what would have been done; nothing was */

/* When an order is carried out. */
#define BAL_TIMING_MAP(X)                                                                          \
	X(IMMEDIATE, "immediate")                                                                  \
	X(SCHEDULED, "scheduled")     /* at an instant */                                          \
	X(CONDITIONAL, "conditional") /* as soon as something holds */

/* What a conditional order may wait for, of its pool. */
#define BAL_CONDITION_MAP(X)                                                                       \
	X(LOAD_ABOVE, "load>")                                                                     \
	X(LOAD_BELOW, "load<")                                                                     \
	X(WAITING_ABOVE, "waiting>") /* tasks, batch excepted */                                   \
	X(WAITING_BELOW, "waiting<")

/* What came of an order. */
#define BAL_VERDICT_MAP(X)                                                                         \
	X(OPEN, "open")           /* not judged (yet) */                                           \
	X(HELPED, "helped")       /* what it was given for got better, or stayed good */           \
	X(NO_EFFECT, "no_effect") /* it did not */                                                 \
	X(HARMFUL, "harmful")     /* tasks fared worse */                                          \
	X(FAILED, "failed")       /* none of its agents came */

/* What the choice of an agent is after: how the weights of the factors are bent. */
#define BAL_ROUTING_MAP(X)                                                                         \
	X(BALANCED, "balanced") /* the weights as they are */                                      \
	X(LATENCY, "latency")   /* twice the weight on speed, a quarter on price */                \
	X(COST, "cost")         /* four times the weight on price, half on speed */                \
	X(PACK, "pack")         /* rather a fuller agent, so that others become free to end */     \
	X(SPREAD, "spread")     /* four times the weight on load */                                \
	X(AUTO, "auto")         /* as the forecast asks: latency, pack or balanced */

/* X(NAME, default, lowest, highest, unit, help) */
#define BAL_KNOB_MAP(X)                                                                            \
	X(WEIGHT_LOAD, 300, 0, 1000, "permille", "weight of expected start and slowing by load")   \
	X(WEIGHT_PERFORMANCE, 250, 0, 1000, "permille", "weight of learned speed and success")     \
	X(WEIGHT_FUTURE, 200, 0, 1000, "permille", "weight of the delay caused to expected tasks") \
	X(WEIGHT_EFFICIENCY, 150, 0, 1000, "permille", "weight of price and resource fit")         \
	X(WEIGHT_COLLABORATION, 100, 0, 1000, "permille", "weight of warm context")                \
	X(TIME_VALUE, 500000000, 0, 1000000000000, "microcents/h",                                 \
		"what an hour of waiting costs")                                                   \
	X(ROUTING, 0, 0, 5, "strategy",                                                            \
		"what the choice of an agent is after; the words stand for 0 to 5")                \
	X(SHORTEST_FIRST, 0, 0, 1000000, "permille",                                               \
		"turns by size: seconds later for each second of size; 0 = by age alone")          \
	X(DEFER_SERVICE, 1400, 0, 100000, "permille",                                              \
		"excess service, in mean services, that a task takes at once; 0 = it takes any")   \
	X(DEFER_WAIT, 3000, 100, 100000, "permille", "likewise, more for each second it waits")    \
	X(AGEING, 300000000000, 1000000000, 86400000000000, "ns",                                  \
		"wait after which a task is served before its class")                              \
	X(AGED_SHARE, 8, 2, 1000, "dispatches", "one of this many may go to an aged task")         \
	X(QUEUE_MAX, 1000000, 1, 4000000000, "tasks", "tasks waiting before new ones are refused") \
	X(RETRY_BUDGET, 200, 0, 1000, "permille", "retries allowed per finished task, plus ten")   \
	X(EJECT_AFTER, 3, 1, 1000, "failures", "lost attempts in a row that eject an agent")       \
	X(EJECT_BASE, 5000000000, 1000000, 3600000000000, "ns", "first ejection; doubles")         \
	X(EJECT_MAX_SHARE, 500, 0, 1000, "permille", "largest ejected share of a pool")            \
	X(WARMING, 0, 0, 600000000000, "ns", "slow start: a new agent has half its slots so long") \
	X(START_BACKOFF, 1000000000, 1000000, 3600000000000, "ns",                                 \
		"wait after an agent failed to start; doubles up to a minute")                     \
	X(HEDGE_SHARE, 0, 0, 1000, "permille",                                                     \
		"slots of a pool that second attempts of late tasks may take; 0 = none")           \
	X(HEDGE_LATE, 950, 500, 999, "permille", "attempts that end before one counts as late")    \
	X(PREFETCH, 0, 0, 1, "tasks", "sent ahead to an HTTP agent whose slots are all taken")     \
	X(WATCH, 10000000000, 0, 3600000000000, "ns",                                              \
		"time between two looks at pools, kinds and objectives; 0 = none")                 \
	X(WAIT_GOOD, 2000000000, 1000000, 86400000000000, "ns",                                    \
		"how long tasks may wait; waits twice as long for 3 min add agents")               \
	X(WAIT_LATE, 50, 1, 500, "permille", "share of tasks that may wait longer than that")      \
	X(VERTICAL_SUSTAIN, 300000000000, 0, 86400000000000, "ns",                                 \
		"how long an agent must be short of processor before it is given more")            \
	X(VERTICAL_COOLDOWN, 60000000000, 0, 86400000000000, "ns",                                 \
		"wait between two changes of an agent's limits; of memory a sixth of it")          \
	X(VERTICAL_WINDOW, 3600000000000, 1000000000, 604800000000000, "ns",                       \
		"how long there must be a margin before limits are lowered")                       \
	X(ORDER_WATCH, 300000000000, 0, 3600000000000, "ns",                                       \
		"how long a scaling order is watched before it is judged; 0 = not at all")
#endif
