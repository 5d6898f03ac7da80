/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_CONFIGERROR_H
#define BAL_WIRE_CONFIGERROR_H

#include "base/arena.h"
#include "wire/config.h"
#include "wire/yaml.h"

/*
 * configerror: what a reader of the configuration knows while it reads, and how it says that
 * something is wrong. Used by config and configread only.
 */
enum { CONFIG_SHOWN_SIZE_MAX = 60 }; /* bytes of a foreign text in a message */

struct config_reader {
	const char *file;
	struct arena *memory;
	struct config_error *error;
};

/* A piece of a message. */
struct config_shown {
	char text[CONFIG_SHOWN_SIZE_MAX + 8];
};

/* Fill the error for a place; always false, so that readers can return it. */
bool config_fail(struct config_reader *, uint32_t line, uint32_t column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* "expected ..., found ..." for a node, and for {port} without quotes the way out. Always false. */
bool config_fail_expected(struct config_reader *, const struct yaml_node *, const char *expected);

/* A foreign text, cut to CONFIG_SHOWN_SIZE_MAX. */
struct config_shown config_show(struct span text);

/* What a node is: its text in backquotes, "a list", "a mapping" or "nothing". */
struct config_shown config_show_node(const struct yaml_node *);

#endif
