/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_LASTWORDS_H
#define BAL_PROVIDER_LASTWORDS_H

#include "provider/run.h"

/* What people look for first when a process has ended: the last line that it wrote. */

#define LASTWORDS_SIZE 160

/* The last line of stderr, or of stdout, cut and without control characters; "" when it wrote
 * nothing. */
void lastwords_read(const struct run *run, char words[static LASTWORDS_SIZE]);

#endif
