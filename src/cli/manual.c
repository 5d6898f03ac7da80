/* SPDX-License-Identifier: Apache-2.0 */
/* man(7) macros only, which every roff knows.  The reference of the configuration is Markdown made
 * by wire/configdoc.h; the little of Markdown that it uses (headings, tables, code, paragraphs) is
 * turned into roff line by line. */
#include "cli/manual.h"

#include "cli/commands.h"
#include "wire/configdoc.h"

#include <stdio.h>
#include <string.h>

#define CONFIGURATION_MAX (1u << 20)

/* A word with what roff would act on made harmless. */
static void print_text(struct span text)
{
	for (size_t i = 0; i < text.size; i++) {
		char byte = text.at[i];

		if (byte == '\\')
			printf("\\e");
		else if (byte == '-')
			printf("\\-");
		else if (byte == '`')
			continue;
		else if ((byte == '.' || byte == '\'') && i == 0)
			printf("\\&%c", byte);
		else
			putchar(byte);
	}
}

static void print_word(const char *text)
{
	print_text(span_of(text));
}

static void print_option(const struct args_option *option)
{
	printf(".TP\n.B ");
	if (option->brief != NULL) {
		print_word(option->brief);
		printf(", ");
	}
	print_word(option->name);
	if (option->value != NULL) {
		printf(" ");
		print_word(option->value);
	}
	printf("\n");
	print_word(option->help);
	printf("\n");
}

static void print_command(const struct command *command)
{
	printf(".SS ballast ");
	print_word(command->name);
	if (command->arguments[0] != '\0')
		printf(" ");
	print_word(command->arguments);
	printf("\n");
	print_word(command->help);
	printf(".\n");
	for (const struct args_option *option = command->options; option->name != NULL; option++)
		print_option(option);
}

void manual_print(void)
{
	printf(".TH BALLAST 1 \"\" \"ballast %s\" \"User Commands\"\n", BALLAST_VERSION);
	printf(".SH NAME\nballast \\- load balancer, durable task queue and autoscaler for fleets "
	       "of "
	       "agents\n.SH SYNOPSIS\n.B ballast\n.I COMMAND\n.RI [ ARGUMENTS ]\n");
	printf(".SH DESCRIPTION\nballast takes tasks over HTTP, keeps them on disk, sends each to "
	       "the "
	       "agent that will finish it best, and starts and ends agents as the load wants it. "
	       "One "
	       "program is daemon and client: the daemon is started with\n.B ballast run\nand "
	       "configured by one file, see\n.BR ballast.yaml (5);\nhow agents are spoken to is "
	       "in\n"
	       ".BR ballast\\-agents (7).\n.SH COMMANDS\n");
	for (const struct command *const *at = commands; *at != NULL; at++)
		if (!(*at)->hidden)
			print_command(*at);
	printf(".SH ENVIRONMENT\n.TP\n.B BALLAST_URL\nThe daemon that commands talk to: "
	       "http://host:port, or the path of a unix socket. Default: http://127.0.0.1:7777.\n"
	       ".TP\n.B BALLAST_TOKEN\nThe access token that commands send, where the daemon wants "
	       "one.\n"
	       ".TP\n.B NO_COLOR\nWhen set and not empty, nothing is coloured.\n");
	printf(".SH EXIT STATUS\n");
#define X(name, code, text) printf(".TP\n.B %d\n%s.\n", (code), (text));
	EXIT_CODES(X)
#undef X
	printf(".SH FILES\n.TP\n.I ./ballast.yaml\nConfiguration, unless another file is named.\n"
	       ".TP\n.I ./ballast\\-data\nTasks, results and what is learned; "
	       "a running daemon has it locked.\n");
	printf(".SH SEE ALSO\n.BR ballast.yaml (5),\n.BR ballast\\-agents (7)\n");
}

/* A row "| `key` | type | default | help |": key, then the rest below it. */
static void print_row(struct span line)
{
	struct span cells[5];
	uint32_t count = 0;
	struct span rest = span_skip(line, 1);

	while (rest.at != NULL && count < 5) {
		cells[count] = span_cut(&rest, '|');
		count += cells[count].size > 0;
	}
	if (count < 2 || span_starts(cells[0], SPAN("--")) || span_starts(cells[0], SPAN("key")))
		return;
	printf(".TP\n.B ");
	print_text(cells[0]);
	printf("\n");
	print_text(cells[count - 1]);
	printf("\n");
	for (uint32_t i = 1; i + 1 < count; i++) {
		printf(i == 1 ? "(" : "; default ");
		print_text(cells[i]);
	}
	printf(count > 2 ? ")\n" : "\n");
}

static void print_line(struct span line)
{
	size_t level = 0;

	while (level < line.size && line.at[level] == '#')
		level++;
	if (level > 0) {
		printf(level < 3 ? ".SH " : ".SS ");
		print_text(span_trim(span_skip(line, level)));
		printf("\n");
	} else if (span_starts(line, SPAN("|"))) {
		print_row(line);
	} else if (line.size == 0) {
		printf(".PP\n");
	} else {
		print_text(line);
		printf("\n");
	}
}

void manual_print_configuration(void)
{
	struct buffer text;
	struct span rest;

	buffer_init(&text, CONFIGURATION_MAX);
	config_document(&text);
	rest = buffer_span(&text);
	printf(".TH BALLAST.YAML 5 \"\" \"ballast %s\" \"File Formats\"\n", BALLAST_VERSION);
	printf(".SH NAME\nballast.yaml \\- configuration of ballast\n.SH DESCRIPTION\n"
	       "One file of YAML, read strictly: an unknown or duplicate key, a wrong type or unit "
	       "is an "
	       "error with its place and what was probably meant.\n.B ballast check\nreads it "
	       "without "
	       "starting anything,\n.B ballast init\nwrites one to begin with.\n");
	while (rest.size > 0) {
		size_t size = span_find(rest, '\n');

		print_line((struct span){rest.at, size});
		rest = span_skip(rest, size + 1);
	}
	printf(".SH SEE ALSO\n.BR ballast (1)\n");
	buffer_release(&text);
}
