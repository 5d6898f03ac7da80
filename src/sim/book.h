/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_BOOK_H
#define BAL_SIM_BOOK_H

#include "sim/oracle.h"

/* book: what the oracle writes down of tasks, agents, pools and bounds, and how an attempt enters
 * and leaves these books.  What it makes of them is in oracle.c. */

#define BOOK_ORDERS_MAX 1024 /* open at once */
#define BOOK_RUNS_MAX   2    /* attempts of a task at a time: the second is a hedge */

enum book_state { BOOK_UNKNOWN, BOOK_SUBMITTED, BOOK_OPEN, BOOK_ENDED };

/* A running attempt. */
struct run_book {
	uint64_t agent; /* 0 = none */
	uint32_t attempt;
	bool is_lent, is_hedge, is_ahead;
};

struct task_book {
	uint64_t parent;
	int64_t deadline_ns;
	struct run_book runs[BOOK_RUNS_MAX];
	uint32_t pool; /* of the attempt that ended last */
	uint32_t tenant;
	uint32_t attempt; /* highest so far */
	uint32_t attempts_max;
	uint32_t failures;
	uint8_t state;
	bool is_durable, is_stored, is_result_stored, is_cancelled;
	bool parent_waits, has_succeeded, has_failed, is_used_up;
};

struct agent_book {
	uint32_t pool;
	uint32_t slots;
	uint32_t running; /* lent ones not counted */
	uint32_t lent;
	uint64_t ahead; /* the task that waits there for a slot; 0: none */
	int64_t busy_until_ns;
	bool is_up, is_ready, is_draining, is_ended;
};

struct pool_book {
	struct bal_event_pool conf;
	uint32_t agents; /* up or starting, not draining */
	uint32_t ordered;
	uint32_t slots; /* of agents that are up */
	uint32_t hedges;
	bool is_moved; /* somebody asked for a size: its bounds are theirs */
};

struct limit_book {
	struct bal_event_limit conf;
	uint32_t running;
	double tokens;
	int64_t tokens_at_ns;
};

struct tenant_book {
	uint32_t running_max;
	uint32_t running; /* lent ones not counted */
};

struct order_book {
	uint64_t id;
	uint32_t pool;
	uint32_t missing;
};

struct oracle {
	int64_t now_ns;
	int64_t prefetch;
	int64_t hedge_share; /* permille of a pool's slots that hedges may have */
	uint32_t tasks_max, agents_max;
	uint32_t open_count;
	struct task_book *tasks;
	struct agent_book *agents;
	struct pool_book pools[SIM_POOLS_MAX];
	struct limit_book limits[SIM_SHARED_MAX];
	struct tenant_book tenants[SIM_TENANTS_MAX];
	struct order_book orders[BOOK_ORDERS_MAX];
	char line[ORACLE_LINE_SIZE];
};

/* Notes the first complaint. */
__attribute__((format(printf, 2, 3))) void book_complain(
	struct oracle *oracle, const char *format, ...);

/* The books of an id; NULL when there can be none. */
struct task_book *book_task(struct oracle *oracle, uint64_t id);
struct agent_book *book_agent(struct oracle *oracle, uint64_t id);

/* The attempt of this number while it runs, and any that runs; NULL. */
struct run_book *book_run(struct task_book *task, uint32_t attempt);
struct run_book *book_some_run(struct task_book *task);

/* True when an attempt of the task is at this agent. */
bool book_runs_on(const struct task_book *task, uint64_t agent);

/* The attempt that was closed just now failed. */
void book_failure(const struct oracle *oracle, struct task_book *task);

/* An attempt begins in a pool: takes its place in the shared limits. */
void book_limits(struct oracle *oracle, const struct pool_book *pool);

/* A slot of the agent is free, or it has more of them: what was sent ahead begins. */
void book_begin_ahead(struct oracle *oracle, struct agent_book *agent);

/* The attempt is over, for whatever reason. */
void book_close(struct oracle *oracle, struct task_book *task, struct run_book *run);

#endif
