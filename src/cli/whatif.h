/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_WHATIF_H
#define BAL_CLI_WHATIF_H

#include "cli/args.h"

/* whatif: `ballast replay JOURNAL --with KEY=VALUE`: the recording with a changed setting, and what
 * that changes.  Returns an exit code. */
int whatif_file(const char *path, const struct args *args);

#endif
