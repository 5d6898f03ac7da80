/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_STATE_H
#define BAL_CORE_STATE_H

#include "ballast.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mintree.h"
#include "base/prng.h"
#include "base/slab.h"
#include "core/bond.h"
#include "core/calm.h"
#include "core/demand.h"
#include "core/heading.h"
#include "core/lateness.h"
#include "core/meter.h"
#include "core/shifts.h"
#include "core/strategy_adaptive.h"
#include "core/strategy_hpa.h"
#include "core/strategy_kpa.h"
#include "core/strategy_predictive.h"
#include "core/strategy_steps.h"
#include "core/trigger.h"

/*
 * Everything the core knows, in one place: the nouns and how they hang together.
 *
 *     bal_core ─┬─ tasks ──── lane (same needs) ── shares (class, tenant) ── waiting tasks
 *               ├─ pools ── agents ── running tasks
 *               │        └─ shelves                            (agents by cost, for each kind)
 *               ├─ tenants, kinds, shared limits          (small tables, by interned number)
 *               ├─ histories (agent, kind), contexts (conversation)          (what was learned)
 *               ├─ hedges                             (second attempts beside the first)
 *               ├─ series                          (load of each kind, as it was and will be)
 *               ├─ alerts, objectives, recoveries  (what is wrong, promised, done about it)
 *               ├─ book                  (the past of what was measured, which decides nothing)
 *               ├─ resizes                                 (what agents may use, live)
 *               ├─ orders, decisions                                  (what can be explained)
 *               └─ timers, outbox                        (what is due, what the host must do)
 *
 * Each noun has a module with its operations; the structures are here because almost every
 * operation looks at two of them.  All memory comes from one arena at init.  Tables are walked in
 * the order of ids or numbers, never of addresses.
 */

struct arena;
struct series_book;
struct resource;
struct knees;
struct alert_book;
struct objective_book;
struct recover_book;
struct signal_book;
struct minimum_table;
struct resize_book;
struct intent_book;

/* What a timer belongs to; also the upper part of its tie, so that the order is total. */
enum timer_owner { TIMER_TASK, TIMER_AGENT, TIMER_POOL };

/* One pending instant.  A task, agent or pool has one timer: what is due follows from its
 * state. */
struct timer {
	struct heap_node node;
	enum timer_owner owner;
};

struct task {
	uint64_t id;
	uint64_t parent;
	uint64_t conversation;
	uint64_t waits_for; /* WAITING: resumes when this task has ended; 0 = none */
	uint64_t lender;    /* ancestor that lent it its slot; 0 = none */
	uint64_t lent_to;   /* descendant that runs on this task's slot; 0 = none */
	uint64_t not_agents[BAL_NOT_AGENTS_MAX];
	int64_t submitted_at_ns;
	int64_t deadline_ns;
	int64_t size_ns;
	int64_t not_before_ns;
	int64_t queued_at_ns;     /* since when it waits for a slot */
	int64_t turn_at_ns;       /* its place in the order of its share, see core/queue.h */
	int64_t dispatched_at_ns; /* of the running or last attempt */
	int64_t until_ns;         /* of the running attempt */
	int64_t hedge_look_ns;    /* when it is late, or its second attempt must have ended */
	struct timer timer;
	struct heap_node order_node; /* in its share: by deadline or age */
	struct heap_node age_node;   /* in its lane and class: by age */
	struct list_node agent_node; /* in its agent's tasks */
	struct list_node defer_node; /* QUEUED, waits for a faster agent: in core->deferred */
	struct list_node child_node; /* QUEUED with a waiting parent: in core->children_queued */
	uint32_t lane;
	uint32_t kind;
	uint32_t tenant;
	uint32_t agent; /* place of the agent it runs on; BAL_NONE */
	uint32_t hedge; /* place of its second attempt; BAL_NONE */
	uint32_t attempt;
	uint32_t attempt_last; /* the highest number given to one */
	uint32_t epoch;        /* in which the attempt was dispatched */
	uint32_t failures;
	uint32_t attempts_max; /* 0 = its pool's */
	uint32_t flags;
	uint32_t children_waited; /* live children that it does nothing but wait for */
	uint32_t waiter_next;     /* next task that waits for the same one; BAL_NONE */
	uint8_t priority;
	uint8_t state;
	uint8_t end_state; /* FINISHING: what it becomes */
	uint8_t reason;
	uint8_t exclusive;
	uint8_t cancelled; /* SUBMITTED: ends as soon as it is stored */
	uint8_t warm;      /* the attempt found its conversation's context */
	uint8_t beside;    /* the attempt is on its parent's agent */
	uint8_t ahead;     /* the attempt waits at its agent for a slot */
	uint8_t was_ahead; /* it did */
};

/* A second attempt that runs beside a task's own, see core/hedge.h. */
struct hedge {
	struct list_node node; /* in core->hedges_open, oldest first */
	uint32_t task;         /* its place */
	uint32_t agent;        /* likewise */
	uint32_t attempt;
	int64_t dispatched_at_ns;
	uint8_t warm, beside;
};

/* The tasks of one tenant in one class of one lane. */
struct share {
	struct heap tasks;     /* by deadline or age */
	struct heap_node node; /* in the lane's class: by what the tenant was served */
	uint32_t lane;
	uint32_t tenant;
	uint32_t priority;
};

/* The waiting tasks of one class of one lane. */
struct lane_class {
	struct heap shares;
	struct heap ages;
};

/* All tasks with the same needs; it knows which pools can meet them. */
struct lane {
	struct bal_tags tags;
	uint32_t cpu_millis;
	uint32_t memory_mib;
	uint32_t live; /* tasks that refer to it */
	uint32_t waiting;
	uint64_t *pools;     /* bit per pool that can serve it */
	uint32_t pool_first; /* lowest such pool; BAL_NONE: none */
	uint32_t pool_count;
	struct list_node active_node; /* in core->lanes_active while tasks wait */
	struct lane_class classes[BAL_PRIORITY_COUNT];
	double rate; /* arrivals per second, moving average */
	int64_t rate_at_ns;
	double rivals_own; /* its own part of its pools' rivals, see score_refresh */
	uint32_t kind;     /* of the last arrival; lanes are of one kind as a rule */
};

struct tenant {
	uint32_t weight;
	uint32_t queued_max;
	uint32_t running_max;
	uint32_t rate_max;
	int64_t rate_period_ns;
	int64_t rate_due_ns; /* virtual schedule of its submissions */
	uint32_t queued;
	uint32_t running;
	int64_t served_ns[BAL_PRIORITY_COUNT]; /* virtual time: service received by weight */
};

/* A mean that forgets: weight counts at most `span` samples. */
struct mean {
	double value;
	double weight;
};

struct kind {
	uint64_t name_hash;
	struct mean service_s; /* of its tasks on all agents */
	struct mean success;
	struct mean warm, cold;    /* slowness with and without a warm context */
	struct mean beside, apart; /* slowness on the agent of the parent task, and elsewhere */
	uint64_t finished_count;
	double success_told; /* what is believed where an agent is not known yet; 0 = certain */
	double lanes_rate;   /* of its lanes, while score_refresh runs */
	double late;         /* a high quantile of service over what was expected, see learn.c */
	uint32_t late_count; /* ends that it comes from */
	uint32_t running;    /* attempts on some agent */
	/* See core/bond.h: */
	uint32_t parents[BOND_PARENTS_MAX]; /* 1 + kind of tasks that wait for some; 0: none */
	double parents_time, parents_wait;  /* looks at these, and at those that waited; fading */
	uint32_t waits_now;                 /* tasks of the kind that wait, while bond_look runs */
};

struct limit {
	uint32_t running_max;
	uint32_t starts_max;
	int64_t starts_period_ns;
	int64_t starts_due_ns; /* virtual schedule of its starts */
	uint32_t running;
};

/* What a choice and the update of its pool's shelves touch comes first. */
struct agent {
	uint64_t id;
	uint32_t pool;
	uint32_t seat; /* place in its pool's shelves, see core/shelf.h */
	float load;    /* weighted slowing by load, see score_load */
	uint32_t slots;
	uint32_t running;   /* slots taken; a lent slot's child is not counted */
	uint32_t lent;      /* tasks that run here on a slot their ancestor holds */
	uint32_t exclusive; /* running tasks that want it alone: 0 or 1 */
	uint32_t ahead;     /* place of the task that waits there for a slot; BAL_NONE */
	uint8_t state;
	uint8_t idle;             /* may take one more task */
	uint8_t shelved;          /* shelves know it as one that works */
	uint8_t restored;         /* came from before the restart */
	uint8_t end_asked;        /* END was sent */
	uint8_t drain_kept;       /* somebody wants it drained: scaling leaves it so */
	uint8_t drain_asked_back; /* HAND_BACK was sent to its tasks */
	uint8_t probing;
	int64_t blocked_until_ns; /* said busy */
	struct list tasks;        /* running here, oldest first */
	int64_t signals[BAL_SIGNAL_DECISION_COUNT];
	struct timer timer;
	struct list_node pool_node; /* in its pool's agents */
	uint64_t order;             /* that still counts on it */
	uint64_t made_by;           /* the order that it came with */
	uint32_t failures_row;      /* lost attempts in a row */
	uint32_t ejections;
	int64_t up_at_ns;
	int64_t ready_at_ns;
	int64_t eject_until_ns;
	int64_t drain_at_ns;
	int64_t warm_ns; /* worth of its warm contexts, while victims are chosen */
	int64_t busy_ns;
	uint64_t finished_count;
	uint64_t failed_count;
};

/* What came of the orders of a pool, see core/aftermath.h. */
struct order_tally {
	struct mean helped_up, helped_down; /* share of those judged */
	uint64_t judged_count, failed_count, undone_count;
	bool held_is_up;       /* the direction that is held */
	uint32_t held_row;     /* orders undone in it since one helped */
	int64_t held_until_ns; /* no strategy's order in that direction before; 0 = none was undone
				*/
	double held_offered;   /* load when that began */
	int64_t advised_at_ns; /* when a pool that is only advised last was */
	uint32_t advised_agents; /* and to what; 0 = never */
};

/* A job that looks for a pool's best strategy, see core/search.h. */
struct search_job {
	uint64_t id; /* 0: none is under way */
	uint32_t generation;
	int64_t at_ns; /* when it was begun */
};

/* The load of a pool and what strategies remember of it; touched by pools that they scale. */
struct scaling {
	struct demand demand;
	struct meter_book meter;
	struct order_tally tally;
	struct hpa_memory hpa;
	struct kpa_memory kpa;
	struct predictive_memory predictive;
	struct heading heading;
	struct trigger_memory triggers;
	struct calm_memory calm; /* of strategies that have none of their own */
	struct lateness lateness;
	struct adaptive_memory adaptive;
};

#define POOL_SHELF_HINTS 8

/* A pool: interchangeable agents made from one template.  What a choice asks of every pool comes
 * first. */
struct pool {
	uint32_t idle_count; /* agents that may take one more task */
	bool paused_dispatch, paused_scale_out, paused_scale_in;
	bool is_limited;                        /* uses a shared limit, see limits_note */
	uint16_t shelf_hints[POOL_SHELF_HINTS]; /* where the shelf of a kind may be */
	double rivals; /* expected arrivals per second per ready slot, of all lanes it serves */
	struct bal_event_pool conf;
	uint64_t name_hash;
	struct timer timer; /* next look at its scale */
	struct list agents;
	struct list shelves; /* the index of its agents, one per kind */
	uint32_t *seats;     /* agents_max places of agents; seat_count in use */
	uint32_t seat_count;
	uint32_t state_count[BAL_AGENT_STATE_COUNT];
	uint32_t slots_ready;
	uint64_t starts_count;     /* attempts sent ever */
	uint64_t late_count;       /* of these, that waited longer than is good; batch excepted */
	uint32_t running;          /* slots taken */
	uint32_t lent;             /* attempts on slots that an ancestor holds */
	uint32_t ahead;            /* attempts that wait at their agent for a slot */
	uint32_t hedges;           /* of those running, second attempts of their task */
	uint32_t waiting;          /* tasks it answers for, batch excepted; counted at each look */
	uint32_t waiting_batch;    /* likewise batch */
	int64_t critical_since_ns; /* since when the first critical one waits; BAL_NEVER_NS */
	uint32_t ordered;          /* agents asked for and not yet seen */
	uint32_t start_failures;
	bool exists;
	bool removed;
	uint8_t hold;              /* enum bal_reason: why it does not scale */
	int64_t overload_since_ns; /* load of an emergency since; BAL_NEVER_NS = it is not */
	struct steps_memory steps;
	struct scaling *scaling; /* what the strategies remember */
	int64_t oldest_since_ns; /* since when the first task waits, batch excepted; BAL_NEVER_NS */
	struct mean boot_s;      /* from an order to an agent that works */
	int64_t backoff_until_ns;
	int64_t overflow_since_ns; /* more agents than the maximum since */
	uint64_t order_open;       /* the order up that has not ended; 0 = none */
	uint64_t order_last;
	struct mean service_s;
	struct mean service_square; /* its square */
	uint32_t shed;              /* classes that are refused, from the lowest; see recover.h */
	int64_t shed_at_ns;         /* when that changed */
	int64_t shed_calm_since_ns; /* nothing wants it since; BAL_NEVER_NS */
};

/* What was learned of one kind on one agent or pool. */
struct history {
	uint64_t key;
	uint64_t who;              /* agent's id; a pool's name hash with the top bit set */
	uint64_t kind_hash;        /* of the kind's name, or its number where it has none */
	struct list_node use_node; /* in core->history_use, least recently used first */
	struct mean fast;          /* slowness over the last few hundred services */
	struct mean slow;          /* slowness over weeks */
	struct mean success;
	int64_t slow_at_ns;
	double told; /* of a pool: the slowness that is believed of agents not known yet */
};

/* The index of a pool's agents for one kind, see core/shelf.h.  What a choice asks of every pool
 * comes first. */
struct shelf {
	uint64_t key; /* of pool and kind, see shelf_key; 0 = not in use */
	uint32_t pool, kind;
	double slowness, success; /* what the pool is believed to be, as it was last told */
	struct mintree rate;      /* by seat: weighted seconds per second of size, idle agents */
	struct mintree slow;      /* by seat: slowness of agents that work */
	float *base;              /* by seat: the part of rate that load does not change */
	uint64_t kind_hash;
	struct list_node pool_node; /* in its pool's shelves */
};

/* Which agent holds the warm context of a conversation. */
struct context {
	uint64_t conversation;
	struct list_node use_node;
	uint64_t agent;
	int64_t used_at_ns;
};

/* A scaling action, why, and what came of it. */
struct order {
	uint64_t id;
	struct bal_why why;
	uint32_t wanted; /* agents asked of the provider */
	uint32_t seen;   /* of these that came up */
	uint32_t done;   /* of these that became ready or will never be */
	bool ended;
	uint32_t change;  /* enum bal_order_type */
	uint32_t state;   /* enum bal_order_state; NONE: the place is free */
	uint32_t verdict; /* enum bal_verdict */
	uint32_t remark;  /* enum bal_reason: why it was skipped or not undone */
	uint32_t came;    /* agents that became ready or were taken back */
	uint32_t off;     /* agents that were drained before they were ready */
	uint64_t about;   /* see struct bal_order */
	uint64_t answer;
	uint64_t held;   /* likewise */
	uint64_t key;    /* that it was asked for with; 0 = by nobody */
	uint32_t tries;  /* how often it was tried again */
	uint32_t timing; /* enum bal_timing */
	int64_t price_predicted_microcents_hour;
	int64_t done_at_ns;          /* BAL_NEVER_NS: not yet */
	int64_t judge_at_ns;         /* likewise: it is not watched */
	struct meter mark;           /* of the pool when it was done */
	struct bal_stretch before;   /* it was given */
	struct bal_stretch after;    /* it was done */
	struct list_node watch_node; /* in core->watched while it is */
};

struct outbox {
	struct bal_effect *items;
	uint32_t capacity;
	uint32_t first;
	uint32_t count;
};

struct bal_core {
	uint64_t magic;
	struct bal_limits limits;
	int64_t now_ns;
	int64_t utc_offset_ns;
	uint32_t epoch;
	bool started, stopping;
	bool dispatch_due; /* something changed that may let a task go */
	struct prng random;
	int64_t knobs[BAL_KNOB_COUNT];
	uint32_t routing;                           /* enum bal_routing in force, never AUTO */
	int64_t routing_at_ns;                      /* when the forecast was last asked for it */
	int64_t weights_permille[BAL_FACTOR_COUNT]; /* of the factors in force; follow from knobs */
	double weights[BAL_FACTOR_COUNT];           /* the same, as shares */
	double defer_service, defer_wait;           /* likewise the knobs of deferral */

	struct heap timers;
	struct outbox outbox;

	struct slab tasks;
	struct map tasks_by_id;
	struct map waiters; /* task -> index of the first task that waits for it */
	struct map orphans; /* parent that is not there -> its children that it would wait for */
	struct slab shares;
	struct map shares_by_key;
	struct slab lanes;
	struct map lanes_by_hash;
	struct list lanes_active;
	struct slab hedges;
	struct list hedges_open;
	struct list children_queued;
	struct list deferred; /* by class, then in the order in which they were */
	uint32_t pool_words;  /* words of a lane's set of pools */
	uint64_t *lane_pools;

	struct slab agents;
	struct map agents_by_id;
	struct pool *pools;
	uint32_t pools_high; /* pools from here on were never defined */
	struct tenant *tenants;
	struct kind *kinds;
	struct limit *shared;

	struct slab histories;
	struct map histories_by_key;
	struct list history_use;
	struct slab contexts;
	struct map contexts_by_id;
	struct list context_use;

	struct shelf *shelves;
	struct map shelves_by_key;
	uint32_t shelves_max;
	uint32_t shelf_turn; /* the place that is taken next */

	struct order *orders;
	uint32_t order_count;        /* ever made since this start */
	struct intent_book *intents; /* orders that wait */
	struct list watched;         /* orders, by the time of their verdict and their ids */
	struct bal_why *decisions;
	struct map decisions_by_id;
	uint64_t decision_count;

	uint32_t waiting[BAL_PRIORITY_COUNT];
	int64_t served_ns[BAL_PRIORITY_COUNT]; /* virtual time of each class */
	uint64_t turn;                         /* dispatches so far, for the share of aged tasks */
	uint64_t retry_tokens_permille;
	int64_t rivals_at_ns; /* when rivals were last worked out */
	int64_t wake_at_ns;   /* when a rate limit lets the next attempt start */
	struct bal_totals totals;
	struct series_book *series; /* load of each kind, use of each pool, and their forecasts */
	struct resource *resource;  /* what agents and the store use now */
	struct knees *knees;        /* at how many tasks throughput stops growing */
	struct alert_book *alerts;
	struct objective_book *objectives;
	struct recover_book *recoveries;
	int64_t watch_at_ns;      /* of the next look, see core/watch.h; BAL_NEVER_NS */
	uint32_t watch_place;     /* of a look that is not through */
	struct shifts shifts;     /* of service times of each kind */
	struct search_job search; /* the search of a strategy that is under way */
	struct signal_book *book; /* the past of signals */
	struct minimum_table *minimums;
	struct resize_book *resizes; /* what agents may use, and how that changes */
	int64_t clock_set_at_ns;     /* when the wall clock was last set by much */
};

/* Places all tables in the arena; called once to measure and once for real. */
void state_place(struct bal_core *core, struct arena *arena);

/* The value of a tunable, in its own unit. */
static inline int64_t knob(const struct bal_core *core, enum bal_knob knob)
{
	return core->knobs[knob];
}

/* True when agents of this pool have what the lane's tasks need. */
static inline bool lane_serves(const struct lane *lane, uint32_t pool)
{
	return (lane->pools[pool / 64] >> (pool % 64) & 1) != 0;
}

#endif
