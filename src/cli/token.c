/* SPDX-License-Identifier: Apache-2.0 */
/* ballast token: the file of access tokens.  It works on the file and not through the daemon, which
 * sees the change by itself: the first token must come from somebody who may write that file. */
#include "cli/commands.h"

#include "daemon/daemon.h"
#include "daemon/tokens.h"
#include "wire/jsonwrite.h"
#include "wire/printable.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE_MAX 4096
#define MESSAGE_SIZE  (PATH_SIZE_MAX + 512)
#define LIST_SIZE_MAX (4u << 20)
#define CONFIG_FILE   "ballast.yaml"

static const struct args_option OPTIONS[] = {
	{"--role", "-r", "ROLES", "create: read, submit, agent, admin; several with commas"},
	{"--name", NULL, "TEXT", "create: whom it is for"},
	{"--file", NULL, "FILE",
		"the file of tokens (default: tokens_file of ./ballast.yaml, or DATA/tokens)"},
	{"--data", NULL, "DIR", "the data directory (default ./ballast-data)"},
	{"--json", NULL, NULL, "list: as JSON"},
	{NULL, NULL, NULL, NULL},
};

/* Which file is meant; false after a message. */
static bool find_file(const struct args *args, char path[PATH_SIZE_MAX])
{
	struct daemon_options options = {.data = args_value(args, "--data")};
	const char *data = options.data == NULL ? "./ballast-data" : options.data;
	static struct config config;
	char message[MESSAGE_SIZE];

	if (args_value(args, "--file") != NULL) {
		snprintf(path, PATH_SIZE_MAX, "%s", args_value(args, "--file"));
		return true;
	}
	if (access(CONFIG_FILE, F_OK) != 0) {
		snprintf(path, PATH_SIZE_MAX, "%s/" TOKENS_FILE_DEFAULT, data);
		return true;
	}
	if (!daemon_config_read(&options, &config, message, sizeof message)) {
		fprintf(stderr, "ballast token: %s\n", message);
		return false;
	}
	if (config.tokens_file != NULL)
		snprintf(path, PATH_SIZE_MAX, "%s", config.tokens_file);
	else
		snprintf(path, PATH_SIZE_MAX, "%s/" TOKENS_FILE_DEFAULT, config.data);
	config_release(&config);
	return true;
}

/* The directory of a file in it: that of the data may not have been made yet. */
static void make_directory(const char *path)
{
	char directory[PATH_SIZE_MAX];
	char *slash;

	snprintf(directory, sizeof directory, "%s", path);
	slash = strrchr(directory, '/');
	if (slash == NULL || slash == directory)
		return;
	*slash = '\0';
	(void)mkdir(directory, 0700); /* a failure shows itself when the file is written */
}

static int create(const struct args *args, const char *path)
{
	const char *words = args_value(args, "--role");
	struct span name = span_of(args_value(args, "--name"));
	char secret[TOKENS_SECRET_SIZE], message[MESSAGE_SIZE];
	char shown[TOKENS_NAME_SIZE];
	uint32_t roles;

	if (words == NULL || !tokens_roles_parse(span_of(words), &roles)) {
		fprintf(stderr, "ballast token create: --role wants some of read, submit, agent, "
				"admin, with commas between them\n");
		return EXIT_USAGE;
	}
	if (name.size >= sizeof shown ||
		(name.size > 0 && (printable_copy(shown, sizeof shown, name) != name.size ||
					  memcmp(shown, name.at, name.size) != 0))) {
		fprintf(stderr,
			"ballast token create: --name wants at most %zu visible characters\n",
			sizeof shown - 1);
		return EXIT_USAGE;
	}
	make_directory(path);
	if (!tokens_create(path, roles, name, secret, message, sizeof message)) {
		fprintf(stderr, "ballast token create: %s\n", message);
		return EXIT_NO;
	}
	printf("%s\n", secret);
	if (isatty(STDOUT_FILENO))
		fprintf(stderr,
			"It is shown this once: %s holds only its digest. From now on every "
			"request\nover TCP needs a token; commands take theirs from "
			"BALLAST_TOKEN.\n",
			path);
	return EXIT_OK;
}

static void print_json(const struct tokens *tokens)
{
	struct json_writer writer;
	struct buffer text;
	char roles[64];

	buffer_init(&text, LIST_SIZE_MAX);
	json_writer_init(&writer, &text);
	json_open(&writer, '[');
	for (uint32_t i = 0; i < tokens->count; i++) {
		tokens_roles_write(tokens->items[i].roles, roles, sizeof roles);
		json_open(&writer, '{');
		json_key(&writer, "id");
		json_put_word(&writer, tokens->items[i].id);
		json_key(&writer, "roles");
		json_put_word(&writer, roles);
		json_key(&writer, "name");
		json_put_word(&writer, tokens->items[i].name);
		json_close(&writer);
	}
	json_close(&writer);
	if (json_writer_done(&writer))
		printf("%.*s\n", (int)text.size, text.bytes);
	buffer_release(&text);
}

static int list(const struct args *args, const char *path)
{
	struct tokens tokens;
	char message[MESSAGE_SIZE];
	char roles[64];

	if (access(path, F_OK) != 0 && errno == ENOENT) {
		printf(args_has(args, "--json") ? "[]\n" : "no tokens: %s is not there\n", path);
		return EXIT_OK;
	}
	if (!tokens_read(&tokens, path, message, sizeof message)) {
		fprintf(stderr, "ballast token list: %s\n", message);
		return EXIT_NO;
	}
	if (args_has(args, "--json"))
		print_json(&tokens);
	for (uint32_t i = 0; i < tokens.count && !args_has(args, "--json"); i++) {
		struct token *token = &tokens.items[i];

		tokens_roles_write(token->roles, roles, sizeof roles);
		printable_clean(token->name, strlen(token->name));
		printable_clean(token->id, strlen(token->id));
		printf("%-16s  %-24s  %s\n", token->id, roles, token->name);
	}
	tokens_release(&tokens);
	return EXIT_OK;
}

static int remove_one(const char *path, const char *id)
{
	char message[MESSAGE_SIZE];

	if (tokens_remove(path, span_of(id), message, sizeof message))
		return EXIT_OK;
	fprintf(stderr, "ballast token remove: %s\n", message);
	return EXIT_NO;
}

static int run(const struct args *args)
{
	const char *verb = args->word_count == 0 ? "" : args->words[0];
	char path[PATH_SIZE_MAX];
	bool removes = strcmp(verb, "remove") == 0;

	if ((!removes && strcmp(verb, "create") != 0 && strcmp(verb, "list") != 0) ||
		args->word_count != (removes ? 2u : 1u)) {
		fprintf(stderr, "usage: ballast token create --role ROLES [--name TEXT]\n"
				"       ballast token list [--json]\n"
				"       ballast token remove ID\n");
		return EXIT_USAGE;
	}
	if (!find_file(args, path))
		return EXIT_USAGE;
	if (removes)
		return remove_one(path, args->words[1]);
	return strcmp(verb, "create") == 0 ? create(args, path) : list(args, path);
}

const struct command command_token = {"token", "create | list | remove ID",
	"makes, lists and removes access tokens; once there is one, every request needs one", run,
	OPTIONS};
