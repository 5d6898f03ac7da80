/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_SCHEMA_H
#define BAL_STORE_SCHEMA_H

#include "store/sql.h"

/* The tables, and the ledger: one row, rewritten in every commit, that says how many rows there
 * must be. */

#define SCHEMA_VERSION 1

struct ledger {
	uint64_t commit; /* number of the commit that wrote it; the first is 1 */
	uint64_t task_count;
	uint64_t task_sum; /* of schema_mix(id) over all tasks, modulo 2^64 */
	uint64_t unfinished;
	uint64_t unfinished_sum;
	uint64_t carry_count; /* rows of carry: 0 saves looking for them */
	uint64_t ended[STORE_STATE_LIMIT];
};

/* Makes the tables in an empty database, or checks that they are ours and not of a newer program
 * (STORE_NEWER). Other failures: status and message of the connection. *created tells which. */
enum store_status schema_open(struct sql *sql, bool *created);

/* The stored ledger; false when it is missing or damaged. */
bool schema_read_ledger(struct sql *sql, struct ledger *ledger);

/* Writes it, within the caller's transaction. */
bool schema_write_ledger(struct sql *sql, const struct ledger *ledger);

/* Spreads an id over 64 bits: sums of these agree only for equal sets, but for chance. */
uint64_t schema_mix(uint64_t id);

#endif
