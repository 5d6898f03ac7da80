/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an assertion ends the process. Printing needs libc, which this layer does not have, so the
 * host installs a handler; a trap rather than abort() keeps the failing frame on top of the stack
 * in a core dump.
 */
#include "base/assert.h"

#include <stddef.h>

static void (*handler_current)(const char *expression, const char *file, int line);

void assert_handler_set(void (*handler)(const char *expression, const char *file, int line))
{
	handler_current = handler;
}

_Noreturn void assert_fail(const char *expression, const char *file, int line)
{
	if (handler_current != NULL)
		handler_current(expression, file, line);
	__builtin_trap();
}
