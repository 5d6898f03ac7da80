/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures go into files, never to the terminal. */
#include "cli/picture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool picture_write(const char *path, const struct buffer *picture)
{
	FILE *out = fopen(path, "wb");
	bool written =
		out != NULL && fwrite(picture->bytes, 1, picture->size, out) == picture->size;

	if (out != NULL && fclose(out) != 0)
		written = false;
	if (!written)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return written;
}
