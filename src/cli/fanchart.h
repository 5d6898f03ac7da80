/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_FANCHART_H
#define BAL_CLI_FANCHART_H

#include "cli/seriesfile.h"
#include "core/forecast.h"

/*
 * Draws a forecast from behind row `rows` as SVG: the last of the past, the mean, both intervals,
 * and what came, as far as the file knows. A path of NULL draws nothing. False with a message.
 */
bool fanchart_write(const char *path, const struct seriesfile *file, size_t rows,
	const struct seriesfile_past *past, const struct forecast_band *bands, uint32_t steps);

#endif
