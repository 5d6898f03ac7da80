/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_LEDGER_H
#define BAL_SIM_LEDGER_H

#include "ballast.h"
#include "base/histogram.h"

/*
 * ledger: what happened in a run of the core, step by step, and what can be said of it afterwards:
 * which agent each task got, how long it waited and took, what that cost.  Of a recorded run it is
 * the source for another one (whatif.h), which then keeps a ledger of its own.
 */
#define LEDGER_NONE UINT32_MAX

struct ledger_attempt {
	uint64_t agent;
	int64_t begun_at_ns;
	int64_t duration_ns; /* up to the answer; -1: none came */
	int64_t service_ns;
	int64_t retry_after_ns;
	uint64_t waits_for;
	uint32_t number;
	uint32_t outcome; /* enum bal_outcome */
	double price;     /* microcents per ns of a slot */
	uint32_t next;    /* of the same task; LEDGER_NONE */
	bool is_hedge;    /* beside the one before it */
};

struct ledger_task {
	uint64_t id;
	int64_t submitted_at_ns;
	int64_t ended_at_ns; /* -1: not yet */
	int64_t size_ns;     /* announced; 0: none was */
	uint32_t kind;
	uint32_t first, last; /* attempts */
	uint32_t attempt_count;
	uint32_t end_state; /* enum bal_task_state */
	bool is_refused;
	bool is_storing, is_storing_end; /* STORE, STORE_RESULT: the answer is on its way */
};

/* An event that does not follow from what the core did: it would have come in any case. */
struct ledger_event {
	struct bal_event event; /* texts are borrowed */
};

struct ledger {
	struct ledger_task *tasks; /* by id */
	struct ledger_attempt *attempts;
	struct ledger_event *events;
	uint32_t task_count, attempt_count, event_count;
	uint32_t task_room, attempt_room, event_room;
	bool keeps_events;
	bool has_failed; /* memory ended */
	uint64_t step_count;
	int64_t first_at_ns, last_at_ns;
	uint32_t epoch; /* the highest that an event named; attempts of the run have it */
};

struct ledger_report {
	uint64_t submitted, refused, dispatched, retried;
	uint64_t ended[BAL_TASK_STATE_COUNT];
	int64_t cost_microcents; /* of the slot time that was used */
	struct histogram waits_ns, responses_ns;
};

/* An empty ledger; keeps_events: also events that another run can be made of. */
void ledger_init(struct ledger *ledger, bool keeps_events);
void ledger_release(struct ledger *ledger);

/* Notes a step that the core has just done. */
void ledger_note(struct ledger *ledger, const struct bal_core *core, const struct bal_event *event,
	enum bal_status status, const struct bal_effects *effects);

/* The task of this id; NULL when the ledger does not know it. */
struct ledger_task *ledger_find(const struct ledger *ledger, uint64_t id);

/* Fills the report. */
void ledger_sum(const struct ledger *ledger, struct ledger_report *report);

/* Tasks that both ledgers sent to an agent, and how many of these went to another one first. */
void ledger_compare(
	const struct ledger *a, const struct ledger *b, uint64_t *common, uint64_t *different);

#endif
