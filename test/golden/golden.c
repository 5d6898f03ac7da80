/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 4096

/* The whole text in memory; the caller frees it. */
static char *write_text(const struct golden_part *parts, size_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (to == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		fprintf(to, "%s== %s ==\n", i == 0 ? "" : "\n", parts[i].name);
		parts[i].write(to);
	}
	fclose(to);
	return text;
}

static bool save_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	bool is_written = file != NULL && fputs(text, file) >= 0;

	return (file == NULL || fclose(file) == 0) && is_written;
}

static bool compare_text(FILE *file, const char *path, const char *text)
{
	char wanted[LINE_SIZE];
	int line = 1;

	for (; fgets(wanted, sizeof wanted, file) != NULL; line++) {
		size_t size = strlen(wanted);

		if (strncmp(text, wanted, size) != 0) {
			printf("%s:%d:\n  wanted %s  found  %.*s\n", path, line, wanted,
				(int)strcspn(text, "\n"), text);
			return false;
		}
		text += size;
	}
	if (*text != '\0')
		printf("%s:%d: more came than is written there:\n%s", path, line, text);
	return *text == '\0';
}

bool golden_settle(const char *path, const char *text, bool updates)
{
	bool is_good;
	FILE *file;

	if (updates)
		return save_text(path, text);
	file = fopen(path, "r");
	if (file == NULL) {
		printf("%s: cannot be read\n", path);
		return false;
	}
	is_good = compare_text(file, path, text);
	fclose(file);
	return is_good;
}

int golden_main(int argc, char **argv, const struct golden_part *parts, size_t count)
{
	bool updates = argc == 3 && strcmp(argv[2], "--update") == 0;
	bool is_good;
	char *text;

	if (argc < 2 || (argc > 2 && !updates)) {
		fprintf(stderr, "usage: %s FILE [--update]\n", argv[0]);
		return 2;
	}
	text = write_text(parts, count);
	is_good = golden_settle(argv[1], text, updates);
	free(text);
	return is_good ? 0 : 1;
}
