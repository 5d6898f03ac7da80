/* SPDX-License-Identifier: Apache-2.0 */
/* One filter for all drivers: a list looks the same whatever lies below. */
#include "store/filter.h"

#include <string.h>

int bytes_compare(struct store_bytes a, struct store_bytes b)
{
	uint32_t size = a.size < b.size ? a.size : b.size;
	int order = size != 0 ? memcmp(a.data, b.data, size) : 0;

	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static bool passes_bytes(struct store_bytes wanted, struct store_bytes have)
{
	return wanted.size == 0 || bytes_compare(wanted, have) == 0;
}

bool filter_passes(const struct store_filter *filter, const struct store_view *view)
{
	enum store_state state = view->ended ? view->result.state : view->progress.state;
	struct store_bytes pool = view->ended ? view->result.pool : view->progress.pool;

	return (filter->states == 0 || (filter->states & (UINT32_C(1) << state)) != 0) &&
	       passes_bytes(filter->kind, view->task.kind) &&
	       passes_bytes(filter->tenant, view->task.tenant) && passes_bytes(filter->pool, pool);
}
