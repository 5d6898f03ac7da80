/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_ORDERS_H
#define BAL_CLI_ORDERS_H

#include "cli/args.h"

/* Shows the orders of all pools, or of the one that is named; returns the exit status. */
int orders_history(const struct args *args);

#endif
