/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_SECRET_H
#define BAL_DAEMON_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Reads a secret, one line of visible ASCII, from a file that nobody but its owner may read.  False
 * with a sentence, which never holds any of the file's content. */
bool secret_read(
	const char *path, char *secret, size_t secret_size, char *message, size_t message_size);

/* Opens a file of secrets after the same check; -1 with a sentence. */
int secret_open(const char *path, char *message, size_t message_size);

#endif
