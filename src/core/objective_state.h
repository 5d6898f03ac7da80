/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_OBJECTIVE_STATE_H
#define BAL_CORE_OBJECTIVE_STATE_H

#include "core/objective.h"

/* objective_state: what objective.c (life) and objective_form.c (saved states) share. */

#define OBJECTIVE_BINS   360 /* of a minute */
#define OBJECTIVE_BUDGET 120 /* of six hours */

struct objective_bin {
	uint32_t good[BAL_OBJECTIVE_COUNT];
	uint32_t total[BAL_OBJECTIVE_COUNT];
	uint64_t response_us; /* of those counted for the response, all together */
};

/* The same, of many bins. */
struct objective_sum {
	uint64_t good[BAL_OBJECTIVE_COUNT];
	uint64_t total[BAL_OBJECTIVE_COUNT];
	uint64_t response_us;
};

struct objective_kind {
	bool used;
	bool own;                         /* it has objectives of its own */
	uint32_t lane;                    /* of its last task; BAL_NONE */
	uint32_t short_count, long_count; /* services under and over ten seconds, the old halved */
	struct bal_event_objective conf;  /* of its own */
	int64_t bin;                      /* number of the open one */
	int64_t bin_budget;
	uint8_t states[BAL_OBJECTIVE_COUNT]; /* enum bal_objective_state */
	int64_t since_ns[BAL_OBJECTIVE_COUNT];
	struct objective_sum windows[OBJECTIVE_WINDOW_COUNT]; /* open bin included */
	struct objective_sum budget;
	struct objective_bin bins[OBJECTIVE_BINS]; /* by number modulo their count */
	struct objective_bin budget_bins[OBJECTIVE_BUDGET];
};

struct objective_book {
	uint32_t kinds_max;
	uint32_t kinds_high;
	int64_t counted_at_ns; /* when something was counted last */
	struct bal_event_objective standard;
	struct objective_kind *kinds; /* one more, to read into what nobody wants */
};

/* Bins in each window. */
extern const uint32_t objective_window_bins[OBJECTIVE_WINDOW_COUNT];

/* Begins the record of a kind that has none. */
void objective_use(struct bal_core *core, uint32_t kind);

/* Adds a bin to a sum, or takes it away. */
void objective_sum_add(struct objective_sum *sum, const struct objective_bin *bin);
void objective_sum_take(struct objective_sum *sum, const struct objective_bin *bin);

#endif
