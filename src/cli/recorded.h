/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_RECORDED_H
#define BAL_CLI_RECORDED_H

#include "sim/ledger.h"
#include "sim/recording.h"
#include "store/journal.h"

#include <stdbool.h>
#include <stddef.h>

/* recorded: a segment of the daemon's journal, run through the core again as it was, as a ledger.
 */

/* Reads all records behind the snapshot.  The ledger's texts lie in the reader's bytes; it is made,
 * and the caller's to release, in either case.  False with a sentence. */
bool recorded_ledger(
	struct journal_reader *reader, struct ledger *ledger, char *message, size_t message_size);

/* The tasks of a segment that succeeded, as arrivals with the service that was reported.
 * False: the file is no journal, or with a message one that cannot be read. */
bool recorded_arrivals(
	struct recording *recording, const char *path, char *message, size_t message_size);

#endif
