/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_BLEND_H
#define BAL_CORE_BLEND_H

#include "core/bank.h"

/*
 * blend: how much each model of the bank counts, and how far the mixture is off. Both are measured
 * by forecasting the recent past from many origins, apart for short and long leads.
 */
#define BLEND_LEADS_MAX    672 /* longest lead that is tried on the past */
#define BLEND_NEAR_MAX     8   /* leads that take after the newest error */
#define BLEND_BUCKETS      11  /* leads 1, 2, 3-4 ... 513 and more */
#define BLEND_FAR_ORIGINS  24
#define BLEND_NEAR_ORIGINS 96
#define BLEND_NEAR_LEADS   16 /* of the second, closer set of origins */
#define BLEND_FAR_CELLS    (BLEND_FAR_ORIGINS * BLEND_LEADS_MAX)
#define BLEND_CELLS_MAX    (BLEND_FAR_CELLS + BLEND_NEAR_ORIGINS * BLEND_NEAR_LEADS)

/* Edges of the two intervals. */
enum blend_edge { BLEND_LOW95, BLEND_LOW80, BLEND_HIGH80, BLEND_HIGH95, BLEND_EDGE_COUNT };

struct blend {
	double weights[BLEND_BUCKETS][BANK_MODELS_MAX];
	/* Quantiles of the error, in units of blend_spread of the forecast, and its median as far
	 * as the trials tell it from 0. */
	double edges[BLEND_BUCKETS][BLEND_EDGE_COUNT];
	double centres[BLEND_BUCKETS];
	/* Share of the error one step ahead that is still there at the lead after it. */
	double carry[BLEND_NEAR_MAX];
};

/* One forecast of the past: of step `at`, in a bucket of leads. */
struct blend_cell {
	uint32_t at;
	uint32_t origin;
	uint32_t bucket;
};

/* Memory for a backtest. */
struct blend_room {
	struct blend_cell cells[BLEND_CELLS_MAX];
	float predicted[BLEND_CELLS_MAX][BANK_MODELS_MAX];
	uint32_t cell_count;
	uint32_t order[BLEND_CELLS_MAX]; /* cells by bucket */
	uint32_t starts[BLEND_BUCKETS + 1];
	float errors[BLEND_CELLS_MAX];
};

/* The bucket of a lead, counted from 1. */
uint32_t blend_bucket(uint32_t lead);

/* What errors of a forecast of this level are measured in. */
double blend_spread(double level);

/* Measures a fitted bank for forecasts of `steps` steps. */
void blend_measure(struct blend *blend, struct blend_room *room, struct bank *bank, uint32_t steps);

#endif
