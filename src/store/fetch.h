/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_FETCH_H
#define BAL_STORE_FETCH_H

#include "store/sql.h"

/*
 * The reading half of the interface of store.h, on a connection that only reads; same meanings. A
 * row whose seal does not fit gives STORE_DAMAGED, and the connection's message names it.
 */

/* One task. */
enum store_status fetch_get(
	struct sql *sql, uint64_t id, uint32_t parts, store_visit_view *visit, void *context);

/* All unfinished tasks; ends at the first damaged one. */
enum store_status fetch_scan(
	struct sql *sql, uint32_t parts, store_visit_view *visit, void *context);

/* Tasks that pass a filter. Damaged ones are left out, and STORE_DAMAGED is the answer then. */
enum store_status fetch_list(struct sql *sql, const struct store_filter *filter,
	store_visit_view *visit, void *context, uint64_t *next_id);

/* The committed task with this idempotency key. */
enum store_status fetch_find_key(struct sql *sql, struct store_bytes tenant, struct store_bytes key,
	uint64_t *id, uint64_t *request_hash);

/* One record. */
enum store_status fetch_get_record(struct sql *sql, enum store_space space, struct store_bytes key,
	store_visit_record *visit, void *context);

/* All records of a space; ends at the first damaged one. */
enum store_status fetch_scan_records(
	struct sql *sql, enum store_space space, store_visit_record *visit, void *context);

#endif
