/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds a fuzz target without libFuzzer, so that every build and every compiler runs the parsers on
 * hostile bytes: first each file of the folder that is named as argument (inputs that were worth
 * keeping), then bytes from a generator with a fixed seed, so that a failure happens again.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

#define INPUT_BYTES_MAX  (1u << 20)
#define MADE_UP_COUNT    20000
#define MADE_UP_SIZE_MAX 256

/* Each input gets its own block of exactly its size: the address sanitizer sees every step beyond.
 */
static void feed(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size == 0 ? 1 : size);

	if (copy == NULL)
		abort();
	memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void feed_file(const char *folder, const char *name)
{
	static uint8_t bytes[INPUT_BYTES_MAX];
	char path[4096];
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		abort();
	file = fopen(path, "rb");
	if (file == NULL) {
		perror(path);
		exit(1);
	}
	feed(bytes, fread(bytes, 1, sizeof(bytes), file));
	fclose(file);
}

static unsigned feed_folder(const char *folder)
{
	unsigned count = 0;
	struct dirent *entry;
	DIR *entries = opendir(folder);

	if (entries == NULL)
		return 0;
	while ((entry = readdir(entries)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		feed_file(folder, entry->d_name);
		count++;
	}
	closedir(entries);
	return count;
}

/* xorshift64 (Marsaglia, 2003): any generator will do, as long as it is always the same. */
static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

int main(int argc, char **argv)
{
	uint64_t state = 88172645463325252u;
	unsigned count = argc > 1 ? feed_folder(argv[1]) : 0;

	for (unsigned i = 0; i < MADE_UP_COUNT; i++) {
		uint8_t bytes[MADE_UP_SIZE_MAX];
		size_t size = draw(&state) % sizeof(bytes);
		/* Small values are lengths, types and counts more often than chance would make
		 * them. */
		uint8_t mask = (uint8_t)(draw(&state) % 2 == 0 ? 0xff : 0x0f);

		for (size_t k = 0; k < size; k++)
			bytes[k] = (uint8_t)draw(&state) & mask;
		feed(bytes, size);
	}
	printf("%u inputs of the corpus, %u made up\n", count, (unsigned)MADE_UP_COUNT);
	return 0;
}
