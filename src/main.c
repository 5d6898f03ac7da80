/* SPDX-License-Identifier: Apache-2.0 */
/* ballast: the command table, and the map of this tree.
 *
 *     include/   ballast.h, the whole contract of the decision core
 *     src/base/      pure helpers: heap, map, slab, prng, num, text, histogram ...
 *     src/table/     X-macro tables that several layers print or parse from
 *     src/core/      every decision: queue, choice, attempts, scaling, explanations.  Pure
 *     src/wire/      bytes to structures and back: HTTP, JSON, YAML, CSV.  No sockets
 *     src/store/     durable tasks: SQLite, memory; the journal
 *     src/sample/    CPU and memory of processes, control groups, the host
 *     src/provider/  runs and agents that outlive the daemon; the launcher
 *     src/sim/       the same core in a virtual world
 *     src/daemon/    sockets, processes and disk around the core
 *     src/cli/       one file per command
 *
 * Layers: base < table < core < {wire, store, sample} < {sim, provider} < daemon < cli. */
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/wrap.h"
#include "provider/launcher.h"

#include <stdio.h>
#include <string.h>

static int help_of(const struct command *command)
{
	wrap_begin();
	return help_print(command->name);
}

/* Tables and sentences; not documents, what tasks say, or what goes on until it is stopped. */
static bool is_prose(const struct command *command, const struct args *args)
{
	static const char *const verbatim[] = {"run", "demo", "work", "submit", "wait", "logs",
		"grafana", "completion", "anomalies", "sample-agent", NULL};

	for (int i = 0; verbatim[i] != NULL; i++)
		if (strcmp(command->name, verbatim[i]) == 0)
			return false;
	for (const struct args_option *at = command->options; at->name != NULL; at++)
		if (strcmp(at->name, "--json") == 0 && args_has(args, "--json"))
			return false;
	return true;
}

int main(int argc, char **argv)
{
	const struct command *command;
	static struct args args;

	/* First, before anything is set up: a launcher waits for its child, small and for long. */
	if (argc > 1 && strcmp(argv[1], "--launch") == 0)
		return launcher_main(argc, argv);
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help_print(NULL);
	command = command_find(strcmp(argv[1], "--version") == 0 ? "version" : argv[1]);
	if (command == NULL)
		return help_unknown(argv[1]);
	if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
		return help_of(command);
	if (!args_read(&args, argc - 1, argv + 1, command->options)) {
		fprintf(stderr, "ballast %s: %s\n", command->name, args.error);
		return EXIT_USAGE;
	}
	if (is_prose(command, &args))
		wrap_begin();
	return command->run(&args);
}
