/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_CONFIGEXAMPLE_H
#define BAL_WIRE_CONFIGEXAMPLE_H

#include "wire/span.h"

#include <stddef.h>

/*
 * configexample: what `ballast init KIND` writes, a commented ballast.yaml for each kind of pool.
 *
 * Each is a configuration as it stands. A line that begins with # and no space behind it is a key
 * with its default or a usual value: taking the # away gives a configuration again.
 */

/* The kinds, for messages and completion; ends with NULL. */
extern const char *const config_example_kinds[];

/* The example for "http", "command", "urls" or "lease": static text; NULL for any other word. */
const char *config_example(struct span kind);

#endif
