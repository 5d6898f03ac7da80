/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_WHY_H
#define BAL_DAEMON_WHY_H

#include "daemon/engine.h"
#include "wire/jsonwrite.h"

/* An explanation as JSON, with names instead of numbers: what `ballast why` prints. */
void why_write(struct engine *engine, const struct bal_why *why, struct json_writer *writer);

/* The same of a decision that was kept (whykeep.h).  False, and nothing written, when the bytes are
 * none. */
bool why_write_kept(struct span kept, struct json_writer *writer);

#endif
