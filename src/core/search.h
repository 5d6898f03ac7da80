/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SEARCH_H
#define BAL_CORE_SEARCH_H

#include "core/state.h"

/*
 * search: what ties adaptive pools to the core: their diaries are kept, and once an hour each has
 * the portfolio replayed by a job. One job of the core is under way at a time, fits of forecasts
 * included.
 */
#define SEARCH_ID_FIRST (UINT64_C(1) << 40) /* ids of fits are smaller */

/* Notes a look at an adaptive pool, and asks for a job when one is due. follows: on the look
 * before. */
void search_look(
	struct bal_core *core, struct pool *pool, const struct strategy_view *view, bool follows);

/* True when a search is under way. */
bool search_is_open(const struct bal_core *core);

/* As bal_job_snapshot, of a search's id. */
size_t search_snapshot(
	const struct bal_core *core, uint64_t job, uint32_t generation, void *to, size_t size);

/* The job ended: takes its result. STALE: it is not the one under way. */
enum bal_status search_end(struct bal_core *core, const struct bal_event_job_done *done);

#endif
