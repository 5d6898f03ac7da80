/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_ASSERT_H
#define BAL_BASE_ASSERT_H

/*
 * Assertions about our own state. They are on in every build: a load balancer that goes on with a
 * broken invariant sends work to the wrong place, a stopped one is restarted from its journal.
 * Never assert what came from a wire, a file, a clock or a provider: that is input, see status.
 */
#define bal_assert(condition) ((condition) ? (void)0 : assert_fail(#condition, __FILE__, __LINE__))

/* Installs the function that hears of a failed assertion: it gets the text of the condition and its
 * place, and may print, save, or leave by longjmp; when it returns, the process is stopped by a
 * trap instruction. NULL restores the default, the bare trap. Call it once at start, before other
 * threads exist: the pointer is not protected. */
void assert_handler_set(void (*handler)(const char *expression, const char *file, int line));

/* What a failed bal_assert calls; does not return. */
_Noreturn void assert_fail(const char *expression, const char *file, int line);

#endif
