/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_LIFE_H
#define BAL_CORE_LIFE_H

#include "ballast.h"

/* Which state may follow which: the two life cycles as tables.  States change only through
 * task_state_set (core/task.h) and agent_state_set (core/agent.h), which assert these. */

/* True when a task in state `from` may go to state `to`. */
bool life_task_may(enum bal_task_state from, enum bal_task_state to);
/* The same for agents. */
bool life_agent_may(enum bal_agent_state from, enum bal_agent_state to);

/* True for the states that end a task. */
bool life_task_ended(enum bal_task_state state);

#endif
