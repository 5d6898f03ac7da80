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

/* Says at which line the file and the text part. */
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

int golden_main(int argc, char **argv, const struct golden_part *parts, size_t count)
{
	bool updates = argc == 3 && strcmp(argv[2], "--update") == 0;
	bool is_good = false;

	if (argc < 2 || (argc > 2 && !updates)) {
		fprintf(stderr, "usage: %s FILE [--update]\n", argv[0]);
		return 2;
	}
	char *text = write_text(parts, count);
	if (updates) {
		is_good = save_text(argv[1], text);
	} else {
		FILE *file = fopen(argv[1], "r");

		if (file == NULL)
			printf("%s: cannot be read\n", argv[1]);
		else
			is_good = compare_text(file, argv[1], text);
		if (file != NULL)
			fclose(file);
	}
	free(text);
	return is_good ? 0 : 1;
}
