/* SPDX-License-Identifier: Apache-2.0 */
/* getopt_long keeps its state in globals, permutes argv and words its own errors; with a table of
 * options this is shorter than working around that. */
#include "cli/args.h"

#include "wire/nearest.h"

#include <stdio.h>
#include <string.h>

#define HELP_COLUMN 26

static const struct args_option *find_option(
	const struct args_option *options, const char *text, size_t size)
{
	for (; options->name != NULL; options++) {
		if (strlen(options->name) == size && memcmp(options->name, text, size) == 0)
			return options;
		if (options->brief != NULL && strlen(options->brief) == size &&
			memcmp(options->brief, text, size) == 0)
			return options;
	}
	return NULL;
}

static bool unknown_option(
	struct args *args, const struct args_option *options, const char *text, size_t size)
{
	struct nearest nearest;

	nearest_init(&nearest, (struct span){text, size});
	for (; options->name != NULL; options++)
		nearest_offer(&nearest, options->name);
	snprintf(args->error, sizeof args->error, "unknown option %.*s%s%s%s", (int)size, text,
		nearest.best == NULL ? "" : "; did you mean ",
		nearest.best == NULL ? "" : nearest.best, nearest.best == NULL ? "" : "?");
	return false;
}

/* Reads the option at argv[*index]. */
static bool read_option(
	struct args *args, int argc, char **argv, int *index, const struct args_option *options)
{
	const char *text = argv[*index];
	const char *equals = strchr(text, '=');
	size_t size = equals == NULL ? strlen(text) : (size_t)(equals - text);
	const struct args_option *option = find_option(options, text, size);
	const char *value = equals == NULL ? NULL : equals + 1;

	if (option == NULL)
		return unknown_option(args, options, text, size);
	if (option->value == NULL && value != NULL) {
		snprintf(args->error, sizeof args->error, "%s takes no value", option->name);
		return false;
	}
	if (option->value != NULL && value == NULL) {
		if (*index + 1 >= argc) {
			snprintf(args->error, sizeof args->error, "%s wants a value: %s",
				option->name, option->value);
			return false;
		}
		value = argv[++*index];
	}
	if (args->given_count == ARGS_VALUES_MAX) {
		snprintf(args->error, sizeof args->error, "too many options");
		return false;
	}
	args->given[args->given_count].option = option;
	args->given[args->given_count++].value = value;
	return true;
}

bool args_read(struct args *args, int argc, char **argv, const struct args_option *options)
{
	*args = (struct args){.word_count = 0};
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			args->rest = argv + i + 1;
			return true;
		}
		if (argv[i][0] == '-' && argv[i][1] != '\0') {
			if (!read_option(args, argc, argv, &i, options))
				return false;
			continue;
		}
		if (args->word_count == ARGS_WORDS_MAX) {
			snprintf(args->error, sizeof args->error, "too many arguments");
			return false;
		}
		args->words[args->word_count++] = argv[i];
	}
	return true;
}

const char *args_value(const struct args *args, const char *name)
{
	for (uint32_t i = args->given_count; i > 0; i--)
		if (strcmp(args->given[i - 1].option->name, name) == 0)
			return args->given[i - 1].value;
	return NULL;
}

bool args_has(const struct args *args, const char *name)
{
	for (uint32_t i = 0; i < args->given_count; i++)
		if (strcmp(args->given[i].option->name, name) == 0)
			return true;
	return false;
}

void args_print(const struct args_option *options)
{
	for (; options->name != NULL; options++) {
		char left[80];

		snprintf(left, sizeof left, "  %s%s%s%s%s",
			options->brief == NULL ? "" : options->brief,
			options->brief == NULL ? "" : ", ", options->name,
			options->value == NULL ? "" : " ",
			options->value == NULL ? "" : options->value);
		printf("%-*s %s\n", HELP_COLUMN, left, options->help);
	}
}
