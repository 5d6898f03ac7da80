/* SPDX-License-Identifier: Apache-2.0 */
/* ballast run and ballast check: the daemon, and its configuration without the daemon. */
#include "cli/commands.h"

#include "daemon/daemon.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct args_option RUN_OPTIONS[] = {
	{"--data", NULL, "DIR", "where tasks and results are kept (default ./ballast-data)"},
	{"--listen", NULL, "ADDRESS", "host:port, or the path of a unix socket"},
	{"--set", NULL, "KEY=VALUE", "replaces one key of the configuration; may be repeated"},
	{"--quiet", "-q", NULL, "says only warnings and errors"},
	{NULL, NULL, NULL, NULL},
};

/* Fills the options from the command line; false with a message on standard error. */
static bool read_options(const struct args *args, struct daemon_options *options)
{
	if (args->word_count > 1) {
		fprintf(stderr, "ballast: one configuration file, not %u\n", args->word_count);
		return false;
	}
	*options = (struct daemon_options){.file = args->word_count == 1 ? args->words[0] : NULL,
		.data = args_value(args, "--data"),
		.listen = args_value(args, "--listen"),
		.quiet = args_has(args, "--quiet")};
	for (uint32_t i = 0; i < args->given_count; i++) {
		const char *value = args->given[i].value;
		const char *equals = value == NULL ? NULL : strchr(value, '=');

		if (strcmp(args->given[i].option->name, "--set") != 0)
			continue;
		if (equals == NULL) {
			fprintf(stderr, "ballast: --set wants KEY=VALUE, found %s\n", value);
			return false;
		}
		options->overrides[options->override_count++] = (struct config_override){
			{value, (size_t)(equals - value)}, span_of(equals + 1)};
	}
	return true;
}

static int run(const struct args *args)
{
	static struct daemon_options options;

	return read_options(args, &options) ? daemon_run(&options) : EXIT_USAGE;
}

static int check(const struct args *args)
{
	static struct daemon_options options;
	static struct config config;
	char message[CONFIG_ERROR_SIZE + 64];

	if (!read_options(args, &options))
		return EXIT_USAGE;
	if (!daemon_config_read(&options, &config, message, sizeof message)) {
		fprintf(stderr, "%s\n", message);
		return EXIT_USAGE;
	}
	printf("%s: good, %u pool%s", options.file == NULL ? "ballast.yaml" : options.file,
		config.pools.count, config.pools.count == 1 ? "" : "s");
	if (config.peaks.count > 0)
		printf(", %u peak%s", config.peaks.count, config.peaks.count == 1 ? "" : "s");
	printf("\n");
	config_release(&config);
	return 0;
}

static_assert(DAEMON_OVERRIDES_MAX >= ARGS_VALUES_MAX, "every --set has a place");

const struct command command_run = {"run", "[FILE]",
	"runs the daemon; FILE is the configuration (default ./ballast.yaml)", run, RUN_OPTIONS};
const struct command command_check = {"check", "[FILE]",
	"reads a configuration and says what is wrong with it", check, RUN_OPTIONS};
