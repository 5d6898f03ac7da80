/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_OUTLOOK_H
#define BAL_CLI_OUTLOOK_H

#include "cli/args.h"

/* outlook: the daemon's own forecasts as tables; of one signal on a terminal also as a chart.
 * Words: none, or the signal. An exit code. */
int outlook_run(const struct args *args);

#endif
