/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_FORECASTS_H
#define BAL_DAEMON_FORECASTS_H

#include "daemon/engine.h"
#include "wire/metric.h"

/* forecasts: the expected load and use as metrics; api_forecast.c answers with it too. */

/* The word for an enum bal_series; "?" outside its range. */
const char *forecasts_series_name(uint32_t series);

/* True when an enum bal_series is of a kind, or of a pool. */
bool forecasts_series_of_kind(uint32_t series);
bool forecasts_series_of_pool(uint32_t series);

/* Writes the metrics: of the first 32 kinds and pools that were seen, an hour and a day
 * ahead; and when memory and storage are used up. */
void forecasts_metrics(struct engine *engine, struct metric_text *text);

#endif
