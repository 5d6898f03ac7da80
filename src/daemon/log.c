/* SPDX-License-Identifier: Apache-2.0 */
/* One write per line, so that lines of several threads do not mix. */
#include "daemon/log.h"

#include "wire/printable.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE_MAX 2048

static const char *const SEVERITY_NAMES[] = {
	[STORE_SAY_INFO] = "info",
	[STORE_SAY_WARNING] = "warning",
	[STORE_SAY_ERROR] = "error",
};

void log_line(enum store_severity severity, const char *line)
{
	char out[LINE_SIZE_MAX];
	struct timespec now;
	struct tm parts;
	size_t used;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	used = strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%S", &parts);
	used += (size_t)snprintf(out + used, sizeof out - used,
		".%03ldZ %s: ", now.tv_nsec / 1000000, SEVERITY_NAMES[severity]);
	used += printable_copy(out + used, sizeof out - used - 1, span_of(line));
	out[used++] = '\n';
	if (write(STDERR_FILENO, out, used) < 0)
		return; /* nobody can be told that nobody can be told */
}
