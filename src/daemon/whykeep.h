/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_WHYKEEP_H
#define BAL_DAEMON_WHYKEEP_H

#include "ballast.h"
#include "daemon/names.h"
#include "daemon/roster.h"
#include "wire/buffer.h"

/*
 * The decision behind a dispatch in the form in which it is kept: with its job while the attempt
 * runs, and in the store with the result.  The core's own record is overwritten after some
 * thousand others, and numbers of agents and pools mean nothing after a restart; so the names they
 * had go with them.
 */

/* Agents that one decision names: the winner, losers, and those that were ruled out. */
#define WHYKEEP_NAMES_MAX (1 + BAL_LOSERS_MAX + BAL_VIOLATIONS_MAX)

/* Bytes that one takes at most: eight agents with names of 128 and 160 bytes, and their numbers. */
#define WHYKEEP_SIZE_MAX 8192

/* The names in a kept decision; they lie in the bytes it was read from. */
struct whykeep_names {
	uint32_t count;
	struct {
		uint64_t agent;
		struct span name; /* absent: it had none any more */
		struct span pool;
	} agents[WHYKEEP_NAMES_MAX];
};

/* Appends the decision; appends nothing when it is none that an agent was chosen by. */
void whykeep_write(const struct names *names, const struct roster *roster,
	const struct bal_why *why, struct buffer *to);

/* Reads it back.  In *why a candidate's `pool` is then the place of its names in *names.  False
 * when the bytes are no kept decision. */
bool whykeep_read(struct span bytes, struct bal_why *why, struct whykeep_names *names);

#endif
