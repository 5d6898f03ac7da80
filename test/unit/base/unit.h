/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TEST_UNIT_BASE_UNIT_H
#define BAL_TEST_UNIT_BASE_UNIT_H

/* What every test program here includes: cmocka with the headers it asks for, and a way to see that
 * a call fails an assertion of ours. */

/* cmocka.h needs these four before it, hence the blank line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/assert.h"

static jmp_buf unit_jump;

/* The assertion handler of unit_expect_assert: back to where the statement was tried. */
static inline void unit_leave(const char *expression, const char *file, int line)
{
	(void)expression;
	(void)file;
	(void)line;
	longjmp(unit_jump, 1);
}

/* Fails unless the statement ends in a failed bal_assert. */
#define unit_expect_assert(statement)                                                              \
	do {                                                                                       \
		assert_handler_set(unit_leave);                                                    \
		if (setjmp(unit_jump) == 0) {                                                      \
			statement;                                                                 \
			assert_handler_set(NULL);                                                  \
			fail_msg("no assertion failed in: %s", #statement);                        \
		}                                                                                  \
		assert_handler_set(NULL);                                                          \
	} while (0)

#endif
