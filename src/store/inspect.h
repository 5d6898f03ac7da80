/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_INSPECT_H
#define BAL_STORE_INSPECT_H

#include "store/disk.h"

/* The look for damage when a store is opened. */

/* Checking the pages of a large database takes long: it ends after this time, and what lies beyond
 * is checked row by row when it is read. */
#define INSPECT_TIME_NS INT64_C(1500000000)

struct inspect_findings {
	char text[512]; /* the first thing found, empty when nothing was */
};

/* Before the database is opened: walks the log as SQLite will, says aloud where its valid part ends
 * early, and returns the number of bytes behind that belong to this log and will be dropped. */
uint64_t inspect_log(struct disk *disk);

/* Checks pages, rows of unfinished tasks and counts, and reads disk->ledger. OK, STORE_DAMAGED with
 * findings, or the status of the connection. */
enum store_status inspect_database(struct disk *disk, struct inspect_findings *findings);

#endif
