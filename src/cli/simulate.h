/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_SIMULATE_H
#define BAL_CLI_SIMULATE_H

#include "cli/args.h"

#include <stdbool.h>
#include <stdint.h>

/* simulate: what the subcommands of `ballast simulate` share; each has a file of its own. */

/* Reads a whole number of an option into *value, which holds the default.  False after a message.
 */
bool simulate_number(const struct args *args, const char *name, uint64_t max, uint64_t *value);

/* Reads a decimal number likewise, which must lie between these two. */
bool simulate_decimal(
	const struct args *args, const char *name, double least, double most, double *value);

/* Reads "A-B" or "A" of an option likewise. */
bool simulate_range(const struct args *args, const char *name, uint64_t *first, uint64_t *last);

/* Shows on a terminal how far something is that takes longer than two seconds. */
void simulate_progress(void *context, uint64_t done, uint64_t all);

/* The subcommands; they return an exit code. */
int simulate_routing(const struct args *args);
int simulate_faults(const struct args *args);
int simulate_scene(const struct args *args);
int simulate_scaling(const struct args *args);

#endif
