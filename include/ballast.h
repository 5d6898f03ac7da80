/* SPDX-License-Identifier: Apache-2.0
 *
 * ballast.h - the decision core of ballast: events in, effects out.
 *
 * libballast reads no clock, opens no file, draws from no global random source and allocates
 * nothing.  A host reserves one zero-filled block of bal_core_size() bytes and repeats:
 *
 *     wait for I/O, or until bal_deadline_ns()
 *     event.now_ns = now; write the event to the journal
 *     bal_step(core, &event, &effects)        what happened -> what to do
 *     perform the effects in order; while effects.more: step again with BAL_EVENT_MORE
 *
 * Two hosts exist: src/daemon/engine.c (sockets, disk, processes) and src/sim/host.c (a virtual
 * world).  Same events, same effects, bit for bit, on every compiler; a journal of events is
 * therefore a bug report, and a simulation is the product.
 *
 * Words: a task is one unit of work; an agent executes tasks in its slots; a pool is a group of
 * interchangeable agents; an attempt is one try of a task on one agent; a lane is all waiting
 * tasks with the same needs; an order is a scaling action; a limit is a ceiling shared by pools.
 *
 * Numbers: times are nanoseconds of core time (monotonic, continued across restarts), money is
 * microcents (1e-8 of the currency's unit), shares are permille or ppm.  Kinds, tenants, pools,
 * limits and tags are small numbers that the host interned (BAL_EVENT_SYMBOL); tasks and agents
 * are 64-bit ids that the host minted, never 0, strictly increasing.
 */
#ifndef BALLAST_H
#define BALLAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballast_alerts.h"
#include "ballast_derived.h"
#include "ballast_forecasts.h"
#include "ballast_orders.h"
#include "ballast_past.h"
#include "ballast_peaks.h"
#include "ballast_plan.h"
#include "ballast_resize.h"
#include "ballast_signals.h"
#include "ballast_words.h"

#define BAL_NEVER_NS        INT64_MAX
#define BAL_NONE            UINT32_MAX /* no pool, kind, tenant or limit */
#define BAL_TAG_WORDS       4          /* 64 tags each */
#define BAL_TAGS_MAX        (BAL_TAG_WORDS * 64)
#define BAL_NOT_AGENTS_MAX  4     /* agents one task may forbid */
#define BAL_POOL_LIMITS_MAX 4     /* shared limits one pool may use */
#define BAL_LOSERS_MAX      3     /* beaten candidates kept in an explanation */
#define BAL_VIOLATIONS_MAX  4     /* better candidates that a constraint ruled out, kept likewise */
#define BAL_NEAREST_MAX     3     /* pools nearest to needs that nobody can meet */
#define BAL_ANCESTORS_MAX   16    /* how far a child may look for a slot lent by its parents */
#define BAL_LINE_SIZE       960   /* bytes that hold any event or effect as a line of prose */
#define BAL_RECORD_SIZE     512   /* bytes that hold any encoded event (but its text) or effect */
#define BAL_TEXT_MAX        256   /* longest text of a symbol */
#define BAL_JOB_RESULT_MAX  65536 /* bytes that a job's result, and its input, never exceed */

struct bal_core;

/* A piece of text borrowed for the length of a call; not terminated. */
struct bal_text {
	const char *data;
	uint32_t size;
};

enum bal_status {
#define X(name, http, text) BAL_##name,
	BAL_STATUS_MAP(X)
#undef X
		BAL_STATUS_COUNT
};

enum bal_priority {
#define X(name, text) BAL_PRIORITY_##name,
	BAL_PRIORITY_MAP(X)
#undef X
		BAL_PRIORITY_COUNT
};

enum bal_task_state {
#define X(name, text) BAL_TASK_##name,
	BAL_TASK_STATE_MAP(X)
#undef X
		BAL_TASK_STATE_COUNT
};

enum bal_agent_state {
#define X(name, text) BAL_AGENT_##name,
	BAL_AGENT_STATE_MAP(X)
#undef X
		BAL_AGENT_STATE_COUNT
};

enum bal_outcome {
#define X(name, text) BAL_OUTCOME_##name,
	BAL_OUTCOME_MAP(X)
#undef X
		BAL_OUTCOME_COUNT
};

enum bal_reason {
#define X(name, text) BAL_REASON_##name,
	BAL_REASON_MAP(X)
#undef X
		BAL_REASON_COUNT
};

enum bal_pool_kind {
#define X(name, text) BAL_POOL_##name,
	BAL_POOL_KIND_MAP(X)
#undef X
		BAL_POOL_KIND_COUNT
};

enum bal_strategy {
#define X(name, text) BAL_STRATEGY_##name,
	BAL_STRATEGY_MAP(X)
#undef X
		BAL_STRATEGY_COUNT
};

enum bal_routing {
#define X(name, text) BAL_ROUTING_##name,
	BAL_ROUTING_MAP(X)
#undef X
		BAL_ROUTING_COUNT
};

/* Everything is bounded; the size of the core's block is a function of this. */
struct bal_limits {
	uint32_t tasks_max; /* live tasks: waiting, running, being stored */
	uint32_t agents_max;
	uint32_t pools_max;
	uint32_t kinds_max;
	uint32_t tenants_max;
	uint32_t limits_max;        /* limits shared by pools */
	uint32_t lanes_max;         /* distinct needs waiting or seen */
	uint32_t histories_max;     /* learned (agent, kind) pairs */
	uint32_t conversations_max; /* warm contexts remembered */
	uint32_t explanations_max;  /* decisions remembered */
	uint32_t orders_max;        /* scaling orders remembered */
	uint32_t effects_max;       /* effects one step may cause before the host must take them; at
				     * least four times agents_max */
	uint32_t trails_max;        /* signals of pools, kinds, host, store with a past; 0 = none */
	uint32_t strips_max;        /* signals of agents with one; 0 = none */
};

/* A set of capability tags; label selectors are tags of the form key=value. */
struct bal_tags {
	uint64_t words[BAL_TAG_WORDS];
};

/* What an agent must have to take a task. */
struct bal_needs {
	struct bal_tags tags; /* the kind's own tag and all capabilities and labels asked for */
	uint32_t cpu_millis;
	uint32_t memory_mib;
	uint32_t unknown_count; /* needs that no configuration ever named: nobody has them */
	bool exclusive;         /* wants an agent with nothing else running on it */
	uint64_t not_agents[BAL_NOT_AGENTS_MAX]; /* forbidden agents; 0 = unused */
};

/* ---- events: what happened --------------------------------------------------------------- */

#define BAL_EVENT_MAP(X)                                                                           \
	X(MORE, more)     /* nothing new: hand over the effects that are left */                   \
	X(TIMEOUT, more)  /* bal_deadline_ns() has come */                                         \
	X(START, start)   /* restored state is in; decisions begin */                              \
	X(STOP, more)     /* the daemon ends: dispatch and order nothing more */                   \
	X(CLOCK, clock)   /* offset of wall-clock time */                                          \
	X(GAP, gap)       /* the process was stopped: leases and time-outs are extended */         \
	X(SYMBOL, symbol) /* the host interned a name */                                           \
	X(KNOB, knob)     /* a tunable gets a value */                                             \
	X(POOL, pool)     /* a pool is defined or changed */                                       \
	X(POOL_REMOVED, pool_removed) /* its agents drain */                                       \
	X(POOL_PAUSED, pool_paused)   /* stop or resume dispatch, scaling out, scaling in */       \
	X(POOL_SCALED, pool_scaled)   /* somebody wants this many agents now */                    \
	X(LIMIT, limit)               /* a shared limit is defined or changed */                   \
	X(TENANT, tenant)             /* weight and bounds of a tenant */                          \
	X(TASK_SUBMITTED, task)       /* a client asks for work */                                 \
	X(TASK_RESTORED, restored)    /* a durable task comes back: restart or requeue */          \
	X(TASK_STORED, stored)        /* a submission is durable, or could not be made so */       \
	X(TASK_CANCELLED, cancelled)                                                               \
	X(RESULT_STORED, stored)      /* the end of a task is durable, or could not be made so */  \
	X(ATTEMPT_STARTED, attempt)   /* the agent works on it */                                  \
	X(ATTEMPT_EXTENDED, extended) /* a lease is renewed */                                     \
	X(ATTEMPT_ENDED, ended)   /* an agent answered, failed or vanished; late ones are STALE */ \
	X(AGENT_UP, up)           /* an agent exists: ordered, found, restored or registered */    \
	X(AGENT_READY, agent)     /* a probe or a first request says that it can work */           \
	X(AGENT_UNHEALTHY, agent) /* an active probe failed */                                     \
	X(AGENT_DOWN, down)       /* it ended or left */                                           \
	X(AGENT_SLOTS, slots)     /* it now takes this many at once */                             \
	X(AGENT_DRAINED, drain)   /* somebody wants it drained, or taken back from draining */     \
	X(SAMPLE, sample)         /* one measured value */                                         \
	X(SCALE_ENDED, scale_ended) /* a provider finished or failed an order */                   \
	X(JOB_DONE, job_done)       /* long work has its result, or has none; others are STALE */  \
	X(RULE, rule)               /* a rule of alerts gets other numbers */                      \
	X(OBJECTIVE, objective) /* what is promised of a kind, or of all that nothing else is */   \
	X(PEAK, peak)           /* a scheduled window of load is declared or taken back */         \
	X(MINIMUM, minimum)     /* likewise one with a minimum of agents of a pool */              \
	X(VERTICAL, vertical)   /* what may be done to the resources of a pool's agents */         \
	X(BUDGET, budget)       /* what all agents together may have of this host */               \
	X(RESIZED, resized) /* limits of an agent were changed, or could not be, or were found */  \
	X(ORDER, order)     /* somebody wants so many agents, now or later */                      \
	X(ORDER_CANCELLED, order_cancelled) /* a held order is taken back */
enum bal_event_type {
#define X(name, member) BAL_EVENT_##name,
	BAL_EVENT_MAP(X)
#undef X
		BAL_EVENT_COUNT
};

struct bal_event_more {
	uint32_t unused;
};

struct bal_event_start {
	uint32_t epoch; /* incremented durably at each start; half of every fencing token */
	uint64_t seed;  /* of the core's own random source (jitter of back-off) */
};

struct bal_event_clock {
	int64_t utc_offset_ns; /* wall clock = now_ns + this; for calendars only */
};

struct bal_event_gap {
	int64_t duration_ns;
};

enum bal_symbol_space {
	BAL_SYMBOL_KIND,
	BAL_SYMBOL_TENANT,
	BAL_SYMBOL_TAG,
	BAL_SYMBOL_POOL,
	BAL_SYMBOL_LIMIT,
	BAL_SYMBOL_AGENT, /* number is the low half of the agent's id */
	BAL_SYMBOL_PEAK,
	BAL_SYMBOL_SPACE_COUNT
};

struct bal_event_symbol {
	uint32_t space; /* enum bal_symbol_space */
	uint32_t number;
	struct bal_text text; /* at most BAL_TEXT_MAX bytes; core never decides on it */
};

struct bal_event_knob {
	uint32_t knob; /* enum bal_knob */
	int64_t value;
};

/* Thresholds of one direction of scaling. */
struct bal_scale_rule {
	uint32_t load_permille;
	int64_t sustain_ns;
	int64_t cooldown_ns;
};

struct bal_event_pool {
	uint32_t pool;
	uint32_t kind; /* enum bal_pool_kind */
	struct bal_tags offers;
	uint32_t slots; /* of one agent */
	uint32_t agents_min;
	uint32_t agents_baseline;
	uint32_t agents_max;
	uint32_t cpu_millis; /* of one agent; 0 = not bounded */
	uint32_t memory_mib; /* of one agent; 0 = not bounded */
	int64_t price_microcents_hour;
	int64_t timeout_ns;     /* of one attempt; for leases the longest they may be extended */
	int64_t drain_limit_ns; /* how long a drained agent may keep a task before it is asked back
				 */
	int64_t backoff_ns;     /* before the second attempt; doubles */
	int64_t backoff_max_ns;
	uint32_t attempts_max;
	uint32_t retry_outcomes;              /* bit per enum bal_outcome that is tried again */
	uint32_t limits[BAL_POOL_LIMITS_MAX]; /* BAL_NONE = unused */
	uint32_t strategy;                    /* enum bal_strategy */
	struct bal_scale_rule up;
	struct bal_scale_rule down;
	uint32_t queue_deep;       /* tasks waiting (batch excepted) that trigger scaling up */
	int64_t emergency_wait_ns; /* a critical task waiting longer is an emergency */
	bool advise;               /* strategies and emergencies say what they would do */
	uint32_t market;           /* enum bal_market */
};

struct bal_event_pool_removed {
	uint32_t pool;
};

struct bal_event_pool_paused {
	uint32_t pool;
	bool dispatch;
	bool scale_out;
	bool scale_in;
};

struct bal_event_pool_scaled {
	uint32_t pool;
	uint32_t agents;
};

struct bal_event_limit {
	uint32_t limit;
	uint32_t running_max; /* 0 = not bounded */
	uint32_t starts_max;  /* 0 = not bounded */
	int64_t starts_period_ns;
};

struct bal_event_tenant {
	uint32_t tenant;
	uint32_t weight;      /* share of slots against other tenants; >= 1 */
	uint32_t queued_max;  /* 0 = not bounded */
	uint32_t running_max; /* 0 = not bounded */
	uint32_t rate_max;    /* submissions per rate_period_ns; 0 = not bounded */
	int64_t rate_period_ns;
};

#define BAL_TASK_DURABLE      1u /* STORE before ACCEPT, STORE_RESULT before COMPLETE */
#define BAL_TASK_PARENT_WAITS 2u /* its parent does nothing until it ends: its slot may be lent */

struct bal_event_task {
	uint64_t id;
	uint64_t parent;       /* 0 = none */
	uint64_t conversation; /* hash of its name; 0 = none */
	uint32_t kind;
	uint32_t tenant;
	uint32_t priority; /* enum bal_priority */
	uint32_t flags;
	uint32_t attempts_max; /* 0 = its pool's */
	int64_t deadline_ns;   /* core time; BAL_NEVER_NS = none */
	int64_t size_ns;       /* expected service on an average agent; 0 = not known */
	struct bal_needs needs;
};

struct bal_event_restored {
	struct bal_event_task task;
	int64_t submitted_at_ns; /* core time, so age survives restarts; may be negative */
	int64_t not_before_ns;   /* end of back-off */
	uint32_t attempt;        /* attempts so far, the running one included */
	uint32_t epoch;          /* in which that one was dispatched */
	uint32_t failures;       /* of these, how many count against attempts_max */
	uint64_t agent;          /* runs there still (command, lease); 0 = queued */
	int64_t until_ns;        /* then: when its lease or time-out ends */
};

struct bal_event_stored {
	uint64_t task;
	uint32_t status; /* enum bal_status; anything but OK: it is not durable */
};

struct bal_event_cancelled {
	uint64_t task;
};

struct bal_event_attempt {
	uint64_t task;
	uint32_t attempt;
};

struct bal_event_extended {
	uint64_t task;
	uint32_t attempt;
	int64_t until_ns;
};

struct bal_event_ended {
	uint64_t task;
	uint32_t epoch;         /* fencing token: an answer is taken only with the right ... */
	uint32_t attempt;       /* ... epoch and attempt, or if the task is still unfinished */
	uint32_t outcome;       /* enum bal_outcome */
	int64_t service_ns;     /* time the agent worked; 0 = take dispatch to now */
	int64_t retry_after_ns; /* BUSY and HANDED_BACK: not before this from now */
	uint64_t waits_for;     /* HANDED_BACK: resume when this task has ended; 0 = none */
	uint64_t bytes_sent;    /* answer bytes that have already reached the client */
	int64_t cost_microcents;
};

struct bal_event_up {
	uint64_t agent;
	uint32_t pool;
	uint32_t state; /* STARTING, or READY when it is known to work already */
	uint32_t slots;
	uint64_t order; /* that asked for it; 0 = none */
};

struct bal_event_agent {
	uint64_t agent;
};

struct bal_event_down {
	uint64_t agent;
	bool expected; /* it was asked to end, or it left in peace */
};

struct bal_event_slots {
	uint64_t agent;
	uint32_t slots;
};

struct bal_event_drain {
	uint64_t agent;
	bool back; /* true: take it back into service */
};

struct bal_event_sample {
	uint64_t id;      /* of the subject: of an agent, a pool's or kind's number, or 0 */
	uint32_t subject; /* enum bal_subject */
	uint32_t signal;  /* enum bal_signal */
	int64_t value;    /* in the signal's unit; a negative one is nonsense */
};

struct bal_event_scale_ended {
	uint64_t order;
	uint32_t status; /* enum bal_status */
	uint32_t count;  /* agents that came up or ended */
};

struct bal_event_job_done {
	uint64_t job;
	uint32_t generation;    /* of the JOB effect; another one than the last is stale */
	uint32_t status;        /* enum bal_status; anything but OK: there is no result */
	struct bal_text result; /* what bal_job_run wrote, at most BAL_JOB_RESULT_MAX bytes */
};

struct bal_event {
	int64_t now_ns; /* never goes back; an earlier time is taken as the last one */
	enum bal_event_type type;
	union {
		struct bal_event_more more;
		struct bal_event_start start;
		struct bal_event_clock clock;
		struct bal_event_gap gap;
		struct bal_event_symbol symbol;
		struct bal_event_knob knob;
		struct bal_event_pool pool;
		struct bal_event_pool_removed pool_removed;
		struct bal_event_pool_paused pool_paused;
		struct bal_event_pool_scaled pool_scaled;
		struct bal_event_limit limit;
		struct bal_event_tenant tenant;
		struct bal_event_task task;
		struct bal_event_restored restored;
		struct bal_event_stored stored;
		struct bal_event_cancelled cancelled;
		struct bal_event_attempt attempt;
		struct bal_event_extended extended;
		struct bal_event_ended ended;
		struct bal_event_up up;
		struct bal_event_agent agent;
		struct bal_event_down down;
		struct bal_event_slots slots;
		struct bal_event_drain drain;
		struct bal_event_sample sample;
		struct bal_event_scale_ended scale_ended;
		struct bal_event_job_done job_done;
		struct bal_event_rule rule;
		struct bal_event_objective objective;
		struct bal_event_peak peak;
		struct bal_event_minimum minimum;
		struct bal_event_vertical vertical;
		struct bal_event_budget budget;
		struct bal_event_resized resized;
		struct bal_event_order order;
		struct bal_event_order_cancelled order_cancelled;
	};
};

/* ---- effects: what to do ----------------------------------------------------------------- */

#define BAL_EFFECT_MAP(X)                                                                          \
	X(STORE)        /* make the task durable, then say TASK_STORED */                          \
	X(ACCEPT)       /* tell the client that its task is safe */                                \
	X(REFUSE)       /* tell the client why not; value_ns = expected wait or Retry-After */     \
	X(DISPATCH)     /* send attempt of task to agent; until_ns = its time-out; reason HEDGED:  \
			 * another attempt of the task runs and goes on running */                 \
	X(RESCIND)      /* tell the agent to stop that attempt; its answer no longer counts */     \
	X(HAND_BACK)    /* ask the agent to give the task back with a checkpoint */                \
	X(REQUEUE)      /* note lazily that the task waits again; value_ns = not before */         \
	X(STORE_RESULT) /* make the end of the task durable, then say RESULT_STORED */             \
	X(COMPLETE)     /* tell everybody how it ended; the task is forgotten here */              \
	X(SCALE)        /* ask the pool's provider for count more agents, each under this order */ \
	X(DRAIN)        /* tell the agent that it takes nothing new */                             \
	X(UNDRAIN)      /* tell the agent that it is back in service */                            \
	X(END)          /* end the drained agent */                                                \
	X(PROBE)        /* probe the ejected agent, then say AGENT_READY or AGENT_UNHEALTHY */     \
	X(JOB)          /* have long work done: order = its id, attempt = its generation, count =  \
			 * enum bal_job; take bal_job_snapshot() at once, give it to bal_job_run() \
			 * wherever there is time, then say JOB_DONE */                            \
	X(FORECAST)     /* tell everybody that a forecast is new: of series attempt (enum          \
			 * bal_series) of the kind or pool count, by job order; 0: the series      \
			 * became unusual or usual */                                              \
	X(ALERT)        /* tell everybody: alert order is at level count by rule attempt */        \
	X(RECOVERY)     /* tell everybody: recovery order began, or ended */                       \
	X(RESIZE)       /* limit the agent to count millicores and attempt MiB, then say RESIZED;  \
			 * 0 leaves one as it is; both 0: it is only advice */                     \
	X(ORDER)        /* tell everybody what became of an order: by its reason */
enum bal_effect_type {
#define X(name) BAL_EFFECT_##name,
	BAL_EFFECT_MAP(X)
#undef X
		BAL_EFFECT_COUNT
};

/* Long work, which no step may wait for. */
enum bal_job {
	BAL_JOB_FIT,    /* of the forecast of one series; the id names the series */
	BAL_JOB_SEARCH, /* of the best strategy of one adaptive pool; the id names the pool */
	BAL_JOB_COUNT
};

struct bal_effect {
	enum bal_effect_type type;
	uint64_t task;
	uint64_t agent;
	uint64_t order;
	uint32_t pool;
	uint32_t attempt;
	uint32_t count;
	enum bal_task_state state; /* STORE_RESULT, COMPLETE: how the task ended */
	enum bal_reason reason;
	int64_t until_ns; /* DISPATCH: core time at which the attempt times out */
	int64_t value_ns; /* see each effect */
};

/* Host-owned room for effects.  When it was too small for all of them bal_step() sets more, and
 * hands over the rest at the next BAL_EVENT_MORE; the host performs these first. */
struct bal_effects {
	struct bal_effect *items;
	uint32_t count;
	uint32_t capacity;
	bool more;
};

/* ---- tunables ---------------------------------------------------------------------------- */

enum bal_knob {
#define X(name, standard, lowest, highest, unit, help) BAL_KNOB_##name,
	BAL_KNOB_MAP(X)
#undef X
		BAL_KNOB_COUNT
};

/* ---- explanations: the decision itself, as data ------------------------------------------ */

/* The five factors of the composite, in seconds; source: requirement "Intelligent Load
 * Distribution Algorithm".  They are costs: the smallest weighted sum wins. */
enum bal_factor {
	BAL_FACTOR_LOAD,
	BAL_FACTOR_PERFORMANCE,
	BAL_FACTOR_FUTURE,
	BAL_FACTOR_EFFICIENCY,
	BAL_FACTOR_COLLABORATION,
	BAL_FACTOR_COUNT
};

/* One agent as the decision saw it: inputs first, then what they came to. */
struct bal_candidate {
	uint64_t agent;
	uint32_t pool;
	uint32_t running;
	uint32_t slots;
	uint32_t cpu_permille;
	uint32_t memory_permille;
	uint32_t success_permille; /* learned, of this kind on this agent */
	int64_t service_ns;        /* expected, of this task on this agent */
	int64_t warm_ns;           /* saved by a warm context */
	int64_t rivals_ppm; /* expected arrivals per second that want its slot, per free slot */
	int64_t price_microcents_hour;
	int64_t factor_ns[BAL_FACTOR_COUNT];
	int64_t composite_ns;
};

struct bal_violation {
	uint64_t agent;
	enum bal_reason reason;
	int64_t composite_ns; /* what it would have cost */
};

enum bal_why_kind {
	BAL_WHY_NOTHING, /* the core remembers nothing of that id */
	BAL_WHY_ROUTED,
	BAL_WHY_WAITING,
	BAL_WHY_REFUSED,
	BAL_WHY_SCALED,
};

struct bal_why {
	enum bal_why_kind kind;
	enum bal_reason reason;
	uint64_t id; /* task or order */
	int64_t at_ns;
	/* routed and waiting */
	uint32_t attempt;
	uint32_t capable_count; /* agents that have what it needs, up or not */
	uint32_t free_count;    /* of these with a free slot */
	uint32_t ahead_count;   /* waiting: tasks that go first */
	uint32_t limit;         /* the shared limit that holds it; BAL_NONE */
	uint64_t other;         /* the task it waits for, or whose slot it was lent */
	int64_t expected_wait_ns;
	uint32_t routing;                            /* enum bal_routing in force */
	uint32_t weights_permille[BAL_FACTOR_COUNT]; /* as it bends them */
	struct bal_candidate winner;
	uint32_t losers_count;
	struct bal_candidate losers[BAL_LOSERS_MAX];
	uint32_t violations_count;
	struct bal_violation violations[BAL_VIOLATIONS_MAX];
	/* refused for needs: the nearest pools and how many tags each lacks */
	uint32_t nearest_count;
	uint32_t nearest_pool[BAL_NEAREST_MAX];
	struct bal_tags nearest_missing[BAL_NEAREST_MAX];
	uint32_t unknown_count;
	/* scaled */
	uint32_t pool;
	uint32_t agents_before;
	uint32_t agents_after;
	uint32_t load_permille;
	uint32_t threshold_permille;
	uint32_t queued;
	int64_t sustained_ns;
	uint64_t victim; /* agent chosen to drain, and the work it had left */
	int64_t victim_left_ns;
	/* scaled by a trigger of table/triggers.h, in the unit of its threshold */
	int64_t seen;
	int64_t seen_threshold;
	uint32_t about; /* the kind of which it was seen; BAL_NONE */
};

/* ---- views: state for people and programs, never a way in --------------------------------- */

#include "ballast_views.h" /* uses the words above */

/* ---- the library -------------------------------------------------------------------------- */

/* Bytes the core needs for these limits; 0 when a limit is 0 or the sum does not fit. */
size_t bal_core_size(const struct bal_limits *limits);

/* Makes a core in caller-owned, zero-filled memory; NULL when size is too small.  Memory is touched
 * only as it is used, so a mapping may be generous. */
struct bal_core *bal_core_init(void *memory, size_t size, const struct bal_limits *limits);

/* Feeds one event.  Effects of this and earlier events are written to effects (count is reset
 * first).  Returns OK, or why the event was refused (INVALID, UNKNOWN, STALE, FULL, ...): a
 * refused event changes nothing but counters.  Never re-entered. */
enum bal_status bal_step(
	struct bal_core *core, const struct bal_event *event, struct bal_effects *effects);

/* When the core wants BAL_EVENT_TIMEOUT; BAL_NEVER_NS when nothing is due. */
int64_t bal_deadline_ns(const struct bal_core *core);

/* Equal states have equal digests, whatever way led to them. */
uint64_t bal_core_digest(const struct bal_core *core);

/* Writes the full state; returns the bytes it takes (nothing is written when size is less). */
size_t bal_core_save(const struct bal_core *core, void *to, size_t size);

/* The same without the past of signals, for cores whose trails_max and strips_max are 0: they
 * decide alike. What a journal begins with. */
size_t bal_core_save_bare(const struct bal_core *core, void *to, size_t size);

/* Reads a full state into a fresh core with the same limits.  BROKEN: the bytes are damaged or of
 * another version; the core must then be made anew. */
enum bal_status bal_core_load(struct bal_core *core, const void *from, size_t size);

/* The learned part of the state only (speeds, sizes, warm contexts, the load and its forecasts):
 * what a snapshot holds, since the store is the truth for tasks.  Names tie it to kinds and pools
 * across restarts. */
size_t bal_learned_save(const struct bal_core *core, void *to, size_t size);
enum bal_status bal_learned_load(struct bal_core *core, const void *from, size_t size);

/* What the job of the last JOB effect works on, copied; returns the bytes it takes, at most
 * BAL_JOB_RESULT_MAX (nothing is written when size is less), 0 when that job is not wanted. */
size_t bal_job_snapshot(
	const struct bal_core *core, uint64_t job, uint32_t generation, void *to, size_t size);

/* Does the job: a pure function of the bytes of its snapshot, for any thread.  scratch is aligned
 * as malloc does and has bal_job_scratch_size() bytes, which are zero when it is used first.
 * Returns the bytes of the result; 0 when there is none, or no room for it. */
size_t bal_job_scratch_size(void);
size_t bal_job_run(
	const void *input, size_t input_size, void *output, size_t output_size, void *scratch);

/* Walks every structure and asserts every invariant; O(n). */
void bal_core_check(const struct bal_core *core);

/* Explains the last decision about a task or an order; for a waiting task it is worked out
 * afresh.  kind is NOTHING when the core remembers nothing of the id. */
void bal_why(const struct bal_core *core, uint64_t id, struct bal_why *why);

/* Views; false when there is no such thing.  Agents are walked by place: 0 .. agents_max - 1. */
bool bal_task_view(const struct bal_core *core, uint64_t task, struct bal_task_view *view);
bool bal_agent_view(const struct bal_core *core, uint64_t agent, struct bal_agent_view *view);
bool bal_agent_view_at(const struct bal_core *core, uint32_t place, struct bal_agent_view *view);
bool bal_pool_view(const struct bal_core *core, uint32_t pool, struct bal_pool_view *view);
void bal_totals(const struct bal_core *core, struct bal_totals *totals);
int64_t bal_knob_value(const struct bal_core *core, enum bal_knob knob);

/* The forecast at a horizon, 0 .. BAL_HORIZONS_MAX - 1, of that kind or pool; false for none. */
bool bal_outlook(const struct bal_core *core, uint32_t number, enum bal_series series,
	uint32_t horizon, struct bal_outlook *outlook);

/* How unusual a series is now; false while too little is known of it. */
bool bal_series_unrest(const struct bal_core *core, uint32_t kind, enum bal_series series,
	struct bal_unrest *unrest);

/* What was found of a kind's service times; false when it is not watched (yet). */
bool bal_shift(const struct bal_core *core, uint32_t kind, struct bal_shift *shift);

/* The closed bins of a series, of five minutes or of an hour: the value `back` bins ago, from 1 on,
 * NaN when it is missing; and the forecast of the bin `lead` bins ahead. False when there is none.
 */
bool bal_series_past(const struct bal_core *core, uint32_t number, enum bal_series series,
	bool hourly, uint32_t back, double *value);
bool bal_series_ahead(const struct bal_core *core, uint32_t number, enum bal_series series,
	bool hourly, uint32_t lead, struct bal_band *band);

/* The scheduled window at a place, 0 .. BAL_PEAKS_MAX - 1; false when the place is empty. */
bool bal_peak_view(const struct bal_core *core, uint32_t place, struct bal_peak_view *view);
/* What is in use by the last samples; false when nobody reported, and of kinds. */
bool bal_series_now(
	const struct bal_core *core, uint32_t number, enum bal_series series, double *value);
/* When a pool's MEMORY or STORAGE is used up; false when use or limit is not known. */
bool bal_exhaustion(const struct bal_core *core, uint32_t number, enum bal_series series,
	struct bal_exhaustion *exhaustion);

/* Texts of the tables above; "?" outside their range. */
const char *bal_status_text(enum bal_status status);
int bal_status_http(enum bal_status status);
const char *bal_reason_name(enum bal_reason reason); /* stable word, lower case */
const char *bal_reason_text(enum bal_reason reason);
const char *bal_priority_name(enum bal_priority priority);
const char *bal_task_state_name(enum bal_task_state state);
const char *bal_agent_state_name(enum bal_agent_state state);
const char *bal_outcome_name(enum bal_outcome outcome);
const char *bal_strategy_name(enum bal_strategy strategy);
const char *bal_routing_name(enum bal_routing routing);
const char *bal_pool_kind_name(enum bal_pool_kind kind);
const char *bal_event_name(enum bal_event_type type);
const char *bal_effect_name(enum bal_effect_type type);

/* The codec of journals: little-endian, field by field, one version byte.  encode returns the
 * bytes written, 0 when size is too small or a word or text is out of its range, which no decoder
 * would take; decode returns the bytes read, which are all of them, 0 when they are damaged (the
 * record is then all zero), and lets texts point into from. */
size_t bal_event_encode(const struct bal_event *event, void *to, size_t size);
size_t bal_event_decode(struct bal_event *event, const void *from, size_t size);
size_t bal_effect_encode(const struct bal_effect *effect, void *to, size_t size);
size_t bal_effect_decode(struct bal_effect *effect, const void *from, size_t size);
uint64_t bal_effects_digest(uint64_t digest, const struct bal_effects *effects);

/* One line of prose, terminated, for golden traces and people; returns its length. */
size_t bal_event_print(const struct bal_event *event, char *to, size_t size);
size_t bal_effect_print(const struct bal_effect *effect, char *to, size_t size);

#endif
