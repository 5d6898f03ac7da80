/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_FILTER_H
#define BAL_STORE_FILTER_H

#include "store/store.h"

/* True when the task passes all parts of the filter but before_id and count_max. */
bool filter_passes(const struct store_filter *filter, const struct store_view *view);

/* Order of bytes: negative, 0, positive as memcmp; a beginning comes first. */
int bytes_compare(struct store_bytes a, struct store_bytes b);

#endif
