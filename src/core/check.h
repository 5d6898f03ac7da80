/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_CHECK_H
#define BAL_CORE_CHECK_H

#include "core/state.h"

/* Whether everything the core knows agrees with everything else it knows. */

/* Walks every structure; the text of the first rule that is broken, NULL when the state is sound.
 * Asserts what only code can break (links, orders of heaps), returns what bytes read by
 * bal_core_load can break too: relations between nouns. */
const char *check_core(const struct bal_core *core);

#endif
