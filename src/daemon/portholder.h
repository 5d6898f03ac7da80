/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_PORTHOLDER_H
#define BAL_DAEMON_PORTHOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who listens on a TCP port of this machine, for the message that says it is in use.  Writes
 * "NAME (process PID)" to text; false when that cannot be found out, which is usual for processes
 * of other users. */
bool portholder_find(uint16_t port, char *text, size_t text_size);

#endif
