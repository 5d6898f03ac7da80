/* SPDX-License-Identifier: Apache-2.0 */
/* One table serves help, manual page and completion, so none of them can lag behind.
 *
 * `ballast help --manual` prints the manual page ballast.1, `--configuration` that of ballast.yaml;
 * the build writes them from there. */
#include "cli/help.h"

#include "cli/commands.h"
#include "cli/manual.h"
#include "wire/nearest.h"

#include <stdio.h>
#include <string.h>

static const struct args_option OPTIONS[] = {
	{"--manual", NULL, NULL, "prints the manual page of the program (roff)"},
	{"--configuration", NULL, NULL, "prints the manual page of ballast.yaml (roff)"},
	{NULL, NULL, NULL, NULL},
};

static const struct args_option NO_OPTIONS[] = {
	{NULL, NULL, NULL, NULL},
};

static void print_all(void)
{
	printf("ballast: load balancer, durable task queue and autoscaler for fleets of agents\n\n"
	       "usage: ballast COMMAND [ARGUMENTS]\n\n");
	for (const struct command *const *at = commands; *at != NULL; at++)
		if (!(*at)->hidden)
			printf("  %-12s %s\n", (*at)->name, (*at)->help);
	printf("\n`ballast help COMMAND` says more. The daemon is found by --url or BALLAST_URL,\n"
	       "BALLAST_TOKEN is the access token where it wants one.\n"
	       "Exit codes:");
#define X(name, code, text) printf("\n  %d  %s", (code), (text));
	EXIT_CODES(X)
#undef X
	printf("\n");
}

int help_unknown(const char *name)
{
	struct nearest nearest;

	nearest_init(&nearest, span_of(name));
	for (const struct command *const *at = commands; *at != NULL; at++)
		if (!(*at)->hidden)
			nearest_offer(&nearest, (*at)->name);
	if (nearest.best == NULL)
		fprintf(stderr, "ballast: unknown command %s; see `ballast help`\n", name);
	else
		fprintf(stderr, "ballast: unknown command %s; did you mean %s?\n", name,
			nearest.best);
	return EXIT_USAGE;
}

int help_print(const char *name)
{
	const struct command *command;

	if (name == NULL) {
		print_all();
		return 0;
	}
	command = command_find(name);
	if (command == NULL)
		return help_unknown(name);
	printf("usage: ballast %s%s%s\n\n%s\n", command->name,
		command->arguments[0] == '\0' ? "" : " ", command->arguments, command->help);
	if (command->options[0].name != NULL)
		printf("\n");
	args_print(command->options);
	return 0;
}

static int run_help(const struct args *args)
{
	if (args_has(args, "--manual")) {
		manual_print();
		return 0;
	}
	if (args_has(args, "--configuration")) {
		manual_print_configuration();
		return 0;
	}
	return help_print(args->word_count == 0 ? NULL : args->words[0]);
}

static int run_version(const struct args *args)
{
	(void)args;
	printf("ballast %s\n", BALLAST_VERSION);
	return 0;
}

const struct command command_help = {"help", "[COMMAND]", "explains a command", run_help, OPTIONS};
const struct command command_version = {
	"version", "", "prints the version", run_version, NO_OPTIONS};
