/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_ARGV_H
#define BAL_WIRE_ARGV_H

#include "wire/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * argv: a command line as text, split into arguments without a shell.
 *
 * Spaces separate. 'single quotes' keep everything, "double quotes" keep everything but \" and \\,
 * a backslash outside quotes keeps the next character. Nothing is expanded. What a shell would have
 * acted on (| > ; & $VAR `x` and globs stay text) is refused where it would silently do nothing:
 * operators as words of their own and unquoted $.
 */
enum { ARGV_COUNT_MAX = 250, ARGV_ERROR_SIZE = 160 };

/*
 * Split `text`; arguments are written zero-terminated into `memory` (text.size + 1 bytes are enough
 * for all) and `items` (ARGV_COUNT_MAX). False, with a sentence in `error`, when it is empty,
 * unbalanced, too long, or meant for a shell.
 */
bool argv_split(struct span text, char *memory, const char **items, uint32_t *count,
	char error[ARGV_ERROR_SIZE]);

/* Where a placeholder may stand. */
enum argv_use {
	ARGV_AGENT = 1,  /* the command line of an agent that serves HTTP: {port} {gpu} {id}
			  * {pool} */
	ARGV_COMMAND = 2 /* of one task: {workdir} {id} {attempt} {pool} */
};

/*
 * Check the placeholders of one argument: lower-case words in braces. False, with a sentence naming
 * the culprit and the nearest known one, for one that `use` does not know. Other braces are text.
 */
bool argv_check(const char *argument, enum argv_use use, char error[ARGV_ERROR_SIZE]);

/* True when the argument has {name} in it. */
bool argv_has(const char *argument, const char *name);

#endif
