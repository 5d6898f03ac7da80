/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TEST_GOLDEN_H
#define BAL_TEST_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * golden: a text that a program writes, compared byte for byte with the one that was reviewed.
 * Everything the text is made of is bit-identical on every machine, so it has all digits it likes.
 */
struct golden_part {
	const char *name;
	void (*write)(FILE *to);
};

/* Compares the text with the file and says at which line they part; with `updates` the file is
 * written anew instead. False when they differ or the file cannot be read or written. */
bool golden_settle(const char *path, const char *text, bool updates);

/* main: PROGRAM FILE [--update]. With --update the file is written anew. */
int golden_main(int argc, char **argv, const struct golden_part *parts, size_t count);

#endif
