/* SPDX-License-Identifier: Apache-2.0 */
/* The digest of each step begins anew, so that a record can be judged by itself and the first one
 * that differs is the one where the decision was made. */
#include "sim/replay.h"

void replay_init(struct replay *replay, struct bal_core *core)
{
	*replay = (struct replay){.core = core};
	replay->effects.items = replay->items;
	replay->effects.capacity = REPLAY_EFFECTS;
}

enum replay_status replay_feed(
	struct replay *replay, const void *record, size_t size, uint64_t digest)
{
	replay->record_count++;
	replay->digest_wanted = digest;
	if (bal_event_decode(&replay->event, record, size) == 0)
		return REPLAY_DAMAGED;
	bal_step(replay->core, &replay->event, &replay->effects);
	replay->digest_found = bal_effects_digest(0, &replay->effects);
	return replay->digest_found == digest ? REPLAY_SAME : REPLAY_DIFFERS;
}
