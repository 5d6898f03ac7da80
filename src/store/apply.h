/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_APPLY_H
#define BAL_STORE_APPLY_H

#include "store/queue.h"
#include "store/schema.h"

/* Operations on the writing connection, within the transaction of the caller. */

/* Where the deletion of old results goes on. */
struct apply_sweep {
	uint64_t next_id;
};

/* Executes the entry's operation and accounts for it in the ledger. Sets the entry's status to what
 * became of it (OK, NOT_FOUND, CONFLICT). False when the connection failed: the whole transaction
 * must be rolled back. */
bool apply_entry(struct sql *sql, struct ledger *ledger, struct apply_sweep *sweep,
	struct queue_entry *entry);

#endif
