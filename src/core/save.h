/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SAVE_H
#define BAL_CORE_SAVE_H

#include "core/state.h"

/*
 * The form of a saved state:
 *
 *     magic, version, limits, the core's own members
 *     pools, shared limits, kinds, orders, decisions
 *                  place + 1 and fields of each that was used; 0
 *     lanes        likewise
 *     agents       pool by pool, oldest first: place + 1, fields, idle, seat, timer; 0
 *     tasks        place + 1 and fields; 0
 *     running      per agent in order of places: place + 1 of each of its tasks, oldest first; 0
 *     hedges       place + 1 and fields of each second attempt, oldest first; 0
 *     children     place + 1 of each queued task whose parent waits, in their order; 0
 *     deferred     place + 1 of each task that waits for a faster agent, in their order; 0
 *     timers       of pools that exist
 *     scaling      place + 1 and fields of each pool that was looked at; 0
 *     tenants      place + 1 and fields; 0
 *     histories, contexts
 *                  in order of use: place + 1, fields; 0
 *     series       the clock of the bins, the job under way; number + 1 and series of each kind; 0
 *     alerts       open and pending ones: place + 1, fields, rungs; 0; rules; cleared ones
 *     objectives   the standard ones; kind + 1, fields and bins of each; 0
 *     recoveries   the next number; place + 1 and fields of each; 0
 *     shifts       their count; of each its kind and what is known of it
 *     resizes      the budget of the host; of each pool what may be done and is; place + 1 and
 * limits of each agent that was started here; 0; the next number and the kept orders effects not
 * yet taken: their count, fields of each signals      trails: place + 1, last value and counts,
 * rings; 0; strips in order of use, likewise; only where the limits let the core keep a past CRC32C
 * of all before it
 *
 * Numbers are as in journals; places are kept because they decide which place is taken next.
 */

#define STATE_MAGIC   UINT32_C(0x534c4142) /* "BALS" */
#define STATE_VERSION 23

#endif
