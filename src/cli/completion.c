/* SPDX-License-Identifier: Apache-2.0 */
/* ballast completion: scripts for shells, made from the table of commands. */
#include "cli/commands.h"
#include "wire/configexample.h"

#include <stdio.h>
#include <string.h>

static const struct args_option OPTIONS[] = {
	{NULL, NULL, NULL, NULL},
};

static void print_names(void)
{
	for (const struct command *const *at = commands; *at != NULL; at++)
		if (!(*at)->hidden)
			printf("%s%s", at == commands ? "" : " ", (*at)->name);
}

static void print_options(const struct command *command)
{
	for (const struct args_option *option = command->options; option->name != NULL; option++)
		printf("%s%s", option == command->options ? "" : " ", option->name);
}

/* The words that may follow the command. */
static void print_words(const struct command *command)
{
	if (strcmp(command->name, "init") == 0)
		for (size_t i = 0; config_example_kinds[i] != NULL; i++)
			printf(" %s", config_example_kinds[i]);
	else if (strcmp(command->name, "completion") == 0)
		printf(" bash zsh fish");
}

static void print_bash(void)
{
	printf("# ballast completion bash: source it, or put it into "
	       "/etc/bash_completion.d\n"
	       "_ballast() {\n"
	       "\tlocal word=${COMP_WORDS[COMP_CWORD]} words=\n"
	       "\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\twords=\"");
	print_names();
	printf("\"\n\telse\n\t\tcase ${COMP_WORDS[1]} in\n");
	for (const struct command *const *at = commands; *at != NULL; at++) {
		if ((*at)->hidden)
			continue;
		printf("\t\t%s) words=\"", (*at)->name);
		print_options(*at);
		print_words(*at);
		printf("\" ;;\n");
	}
	printf("\t\tesac\n\tfi\n"
	       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
	       "\t[ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$word\"))\n"
	       "}\ncomplete -F _ballast ballast\n");
}

/* Text inside single quotes of zsh and fish, where colons and brackets would mean something. */
static void print_help(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\'')
			printf("'\\''");
		else if (strchr("[]:", *text) == NULL)
			putchar(*text);
}

static void print_zsh(void)
{
	printf("#compdef ballast\n_ballast() {\n\tlocal -a all=(\n");
	for (const struct command *const *at = commands; *at != NULL; at++) {
		if ((*at)->hidden)
			continue;
		printf("\t\t'%s:", (*at)->name);
		print_help((*at)->help);
		printf("'\n");
	}
	printf("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command all\n\t\treturn\n\tfi\n"
	       "\tcase $words[2] in\n");
	for (const struct command *const *at = commands; *at != NULL; at++) {
		if ((*at)->hidden)
			continue;
		printf("\t%s) compadd --", (*at)->name);
		print_words(*at);
		printf(" ");
		print_options(*at);
		printf(" ;;\n");
	}
	printf("\tesac\n\t_files\n}\n_ballast \"$@\"\n");
}

static void print_fish(void)
{
	printf("complete -c ballast -f -n __fish_use_subcommand\n");
	for (const struct command *const *at = commands; *at != NULL; at++) {
		if ((*at)->hidden)
			continue;
		printf("complete -c ballast -f -n __fish_use_subcommand -a %s -d '", (*at)->name);
		print_help((*at)->help);
		printf("'\n");
		for (const struct args_option *option = (*at)->options; option->name != NULL;
			option++) {
			printf("complete -c ballast -n '__fish_seen_subcommand_from %s' -l %s%s -d "
			       "'",
				(*at)->name, option->name + 2, option->value == NULL ? "" : " -r");
			print_help(option->help);
			printf("'\n");
		}
	}
}

static int run(const struct args *args)
{
	const char *shell = args->word_count == 1 ? args->words[0] : "";

	if (strcmp(shell, "bash") == 0) {
		print_bash();
	} else if (strcmp(shell, "zsh") == 0) {
		print_zsh();
	} else if (strcmp(shell, "fish") == 0) {
		print_fish();
	} else {
		fprintf(stderr, "usage: ballast completion bash|zsh|fish\n");
		return EXIT_USAGE;
	}
	return 0;
}

const struct command command_completion = {
	"completion", "bash|zsh|fish", "prints a completion script for a shell", run, OPTIONS};
