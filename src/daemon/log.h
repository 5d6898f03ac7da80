/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_LOG_H
#define BAL_DAEMON_LOG_H

#include "store/store.h"

/*
 * The log: one line per thing worth knowing, on standard error, with time and severity.  Control
 * characters are shown as ?, so a name or an agent's words cannot forge a line.  A full disk or
 * a closed pipe behind it never stops the daemon.
 */
void log_line(enum store_severity severity, const char *line);

#endif
