/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_WHATIF_H
#define BAL_SIM_WHATIF_H

#include "sim/ledger.h"

/*
 * whatif: a recorded run once more, with changed settings.  What came from outside (tasks, people,
 * agents that came and went) comes as it did; what agents and the store answer is made anew, for
 * the core may ask them something else: a task takes as long as it was recorded to, times how fast
 * its agent is against the one that had it; an attempt that failed fails again.  The fleet is the
 * recorded one: the core does not scale in such a run.
 *
 * A run with no changed setting is not the recording (answers are made anew), so changes are to be
 * compared with such a run.
 */
#define WHATIF_KNOBS_MAX  16
#define WHATIF_ERROR_SIZE 160

struct whatif_knob {
	enum bal_knob knob;
	int64_t value;
};

/* Runs a core, which is as it was when the recording began, and keeps the books of it in `ledger`,
 * which is made and is the caller's to release in either case.  False with a message. */
bool whatif_run(struct bal_core *core, const struct ledger *recorded,
	const struct whatif_knob *knobs, uint32_t knob_count, struct ledger *ledger, char *message,
	size_t message_size);

#endif
