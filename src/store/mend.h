/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_MEND_H
#define BAL_STORE_MEND_H

#include "store/disk.h"

/*
 * Sets a damaged database aside, unchanged, in a folder damaged-N of the data directory, and puts a
 * new one in its place, with every row that can be read and fits its seal. Nothing is made up: a
 * task whose payload or result is damaged ends as dead, with an error that says so; one whose own
 * row is damaged is gone. Each loss is said aloud (the first MEND_SAID_MAX of a kind) and counted
 * in report->rows_damaged.
 *
 * No connection may be open. A crash in the middle leaves the damaged database in force, to be
 * mended again, or the new one. STORE_DAMAGED when so little can be read that starting with it
 * would be starting with nothing; report->text says why.
 */
enum store_status mend_database(struct disk *disk, struct store_report *report);

#define MEND_SAID_MAX 20

/* Keeps a copy of the log in a folder damaged-N, for whoever wants to look for what is missing. */
void mend_keep_log(struct disk *disk);

#endif
