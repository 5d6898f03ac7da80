/* SPDX-License-Identifier: Apache-2.0 */
/* By the scheduler rather than a cpuset: it needs no controller that somebody would have to hand
 * down, and no right. A process may loosen it for itself; it is a hint of who configures it, not a
 * fence. */
#include "provider/affinity.h"

#include <errno.h>
#include <stdlib.h>

/* One number; NULL when there is none, or none that a set holds. */
static const char *read_number(const char *at, unsigned *number)
{
	char *end;
	unsigned long value;

	if (*at < '0' || *at > '9')
		return NULL;
	value = strtoul(at, &end, 10);
	if (value >= CPU_SETSIZE)
		return NULL;
	*number = (unsigned)value;
	return end;
}

bool affinity_read(const char *text, cpu_set_t *set)
{
	const char *at = text;

	CPU_ZERO(set);
	for (;;) {
		unsigned first, last;

		at = read_number(at, &first);
		if (at == NULL)
			return false;
		last = first;
		if (*at == '-')
			at = read_number(at + 1, &last);
		if (at == NULL || last < first)
			return false;
		for (unsigned i = first; i <= last; i++)
			CPU_SET(i, set);
		if (*at == '\0')
			return true;
		if (*at++ != ',')
			return false;
	}
}

bool affinity_bind(const cpu_set_t *set)
{
	cpu_set_t now;

	if (sched_setaffinity(0, sizeof *set, set) != 0 ||
		sched_getaffinity(0, sizeof now, &now) != 0)
		return false;
	if (CPU_EQUAL(set, &now))
		return true;
	errno = EINVAL;
	return false;
}
