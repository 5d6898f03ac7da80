/* SPDX-License-Identifier: Apache-2.0 */
/* Rows are the state before, bits the states that may follow.
 *
 * A task that is not durable skips FINISHING; one restored from the store enters as QUEUED, WAITING
 * or RUNNING; a refused one never leaves SUBMITTED but to REFUSED. */
#include "core/life.h"

#define T(name) (1u << BAL_TASK_##name)
#define A(name) (1u << BAL_AGENT_##name)
#define ENDS    (T(SUCCEEDED) | T(FAILED) | T(DEAD) | T(CANCELLED) | T(EXPIRED))

static const uint16_t TASK_NEXT[BAL_TASK_STATE_COUNT] = {
	[BAL_TASK_FREE] = T(SUBMITTED) | T(QUEUED) | T(WAITING) | T(RUNNING),
	[BAL_TASK_SUBMITTED] = T(QUEUED) | T(REFUSED) | T(FINISHING) | T(CANCELLED),
	[BAL_TASK_QUEUED] = T(DISPATCHED) | T(FINISHING) | ENDS,
	[BAL_TASK_WAITING] = T(QUEUED) | T(FINISHING) | ENDS,
	[BAL_TASK_DISPATCHED] = T(RUNNING) | T(QUEUED) | T(WAITING) | T(FINISHING) | ENDS,
	[BAL_TASK_RUNNING] = T(QUEUED) | T(WAITING) | T(FINISHING) | ENDS,
	[BAL_TASK_FINISHING] = ENDS,
	[BAL_TASK_SUCCEEDED] = T(FREE),
	[BAL_TASK_FAILED] = T(FREE),
	[BAL_TASK_DEAD] = T(FREE),
	[BAL_TASK_CANCELLED] = T(FREE),
	[BAL_TASK_EXPIRED] = T(FREE),
	[BAL_TASK_REFUSED] = T(FREE),
};

static const uint16_t AGENT_NEXT[BAL_AGENT_STATE_COUNT] = {
	[BAL_AGENT_FREE] = A(STARTING) | A(READY),
	[BAL_AGENT_STARTING] = A(WARMING) | A(READY) | A(DRAINING) | A(GONE),
	[BAL_AGENT_WARMING] = A(READY) | A(DRAINING) | A(EJECTED) | A(GONE),
	[BAL_AGENT_READY] = A(DRAINING) | A(EJECTED) | A(GONE),
	[BAL_AGENT_DRAINING] = A(READY) | A(STARTING) | A(GONE),
	[BAL_AGENT_EJECTED] = A(READY) | A(DRAINING) | A(GONE),
	[BAL_AGENT_GONE] = A(FREE),
};

_Static_assert(BAL_TASK_STATE_COUNT <= 16, "a row has sixteen bits");
_Static_assert(BAL_AGENT_STATE_COUNT <= 16, "a row has sixteen bits");

bool life_task_may(enum bal_task_state from, enum bal_task_state to)
{
	return from < BAL_TASK_STATE_COUNT && (TASK_NEXT[from] >> to & 1u) != 0;
}

bool life_agent_may(enum bal_agent_state from, enum bal_agent_state to)
{
	return from < BAL_AGENT_STATE_COUNT && (AGENT_NEXT[from] >> to & 1u) != 0;
}

bool life_task_ended(enum bal_task_state state)
{
	return ((ENDS | T(REFUSED)) >> state & 1u) != 0;
}
