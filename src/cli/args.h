/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_ARGS_H
#define BAL_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Command lines against a table: flags (--json, -f), values (--data DIR or --data=DIR), plain
 * words. Everything behind "--" is a plain word.  An unknown option is an error that names the
 * nearest one.
 */
#define ARGS_WORDS_MAX  64
#define ARGS_VALUES_MAX 64

struct args_option {
	const char *name;  /* with its dashes: "--data" */
	const char *brief; /* one letter with its dash, or NULL */
	const char *value; /* what its value is called in help; NULL: a flag */
	const char *help;
};

struct args {
	const char *words[ARGS_WORDS_MAX];
	uint32_t word_count;
	/* Given options in their order; value NULL for flags. */
	struct {
		const struct args_option *option;
		const char *value;
	} given[ARGS_VALUES_MAX];
	uint32_t given_count;
	/* What stood behind "--", NULL when there was none; ends with NULL. */
	char **rest;
	char error[256];
};

/* Reads argv[1..]; `options` ends with a NULL name.  False with args->error. */
bool args_read(struct args *args, int argc, char **argv, const struct args_option *options);

/* The last value given for an option; NULL when it was not given. */
const char *args_value(const struct args *args, const char *name);

/* True when the option was given. */
bool args_has(const struct args *args, const char *name);

/* Prints the options with their help to standard output. */
void args_print(const struct args_option *options);

#endif
