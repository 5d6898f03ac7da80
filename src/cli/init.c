/* SPDX-License-Identifier: Apache-2.0 */
/* ballast init: a commented configuration to begin with.  Never overwrites one. */
#include "cli/commands.h"
#include "wire/configexample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STANDARD_FILE "ballast.yaml"

static const struct args_option OPTIONS[] = {
	{"--output", "-o", "FILE",
		"where to write; - is standard output (default " STANDARD_FILE ")"},
	{NULL, NULL, NULL, NULL},
};

static int write_file(const char *path, const char *text)
{
	size_t size = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0) {
		fprintf(stderr, "ballast init: %s: %s%s\n", path, strerror(errno),
			errno == EEXIST ? "; it is left alone, name another with --output" : "");
		return EXIT_NO;
	}
	if (write(fd, text, size) != (ssize_t)size || close(fd) != 0) {
		fprintf(stderr, "ballast init: %s cannot be written: %s\n", path, strerror(errno));
		return EXIT_NO;
	}
	printf("%s is written; edit it, then: ballast check && ballast run\n", path);
	return 0;
}

/* `ballast init http > ballast.yaml`: the shell has made the file already. */
static bool goes_to_file(void)
{
	struct stat out;

	return fstat(STDOUT_FILENO, &out) == 0 && S_ISREG(out.st_mode);
}

static int run(const struct args *args)
{
	const char *path = args_value(args, "--output");
	const char *text = args->word_count == 1 ? config_example(span_of(args->words[0])) : NULL;

	if (text == NULL) {
		fprintf(stderr, "usage: ballast init http|command|urls|exec|lease [--output FILE]\n"
				"  http     HTTP agents that ballast starts and scales\n"
				"  command  a command line run once per task\n"
				"  urls     HTTP services that exist already\n"
				"  exec     HTTP agents that your own scripts make and remove\n"
				"  lease    workers that come and ask for tasks\n");
		return EXIT_USAGE;
	}
	if (path == NULL ? goes_to_file() : strcmp(path, "-") == 0) {
		printf("%s", text);
		return 0;
	}
	return write_file(path == NULL ? STANDARD_FILE : path, text);
}

const struct command command_init = {"init", "http|command|urls|exec|lease",
	"writes a commented ballast.yaml to begin with", run, OPTIONS};
