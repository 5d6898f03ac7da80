/* SPDX-License-Identifier: Apache-2.0 */
/* A prefix is sorted in a copy: sorted in place, a late row would slip in front of rows that were
 * there before it. */
#include "cli/seriesfile.h"

#include "base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_FIRST (UINT64_C(1) << 16)

/* Standard input and pipes have no size, so all files are read until their end. */
static char *read_all(FILE *stream, size_t *size)
{
	size_t capacity = READ_FIRST;
	char *bytes = malloc(capacity);

	*size = 0;
	while (bytes != NULL) {
		*size += fread(bytes + *size, 1, capacity - *size, stream);
		if (*size < capacity)
			break;
		if (capacity >= SERIESFILE_SIZE_MAX) {
			free(bytes);
			errno = EFBIG;
			return NULL;
		}
		capacity *= 2;
		char *grown = realloc(bytes, capacity);
		if (grown == NULL)
			free(bytes);
		bytes = grown;
	}
	return bytes;
}

char *seriesfile_load(const char *path, size_t *size)
{
	FILE *stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	char *bytes = stream == NULL ? NULL : read_all(stream, size);

	if (bytes != NULL && ferror(stream)) {
		free(bytes);
		bytes = NULL;
	}
	if (bytes == NULL)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	if (stream != NULL && stream != stdin)
		fclose(stream);
	return bytes;
}

static void set_name(struct seriesfile *file, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	const char *dot = strrchr(base, '.');
	size_t size = dot == NULL || dot == base ? strlen(base) : (size_t)(dot - base);

	if (size >= sizeof file->name)
		size = sizeof file->name - 1;
	memcpy(file->name, base, size);
	file->name[size] = 0;
	/* The name becomes a field of CSV. */
	for (size_t i = 0; i < size; i++)
		if (strchr(",\"\r\n", file->name[i]) != NULL)
			file->name[i] = '_';
}

bool seriesfile_open(struct seriesfile *file, const char *path)
{
	size_t size;
	char *bytes = seriesfile_load(path, &size);

	*file = (struct seriesfile){.sorted = NULL};
	if (bytes == NULL)
		return false;
	set_name(file, path);
	bool read = points_read(&file->points, (struct span){bytes, size});
	free(bytes);
	if (!read) {
		fprintf(stderr, "%s:%" PRIu64 ": %s\n", path, file->points.line,
			file->points.reason);
		points_release(&file->points);
		return false;
	}
	file->sorted = malloc(file->points.count * sizeof *file->sorted);
	if (file->sorted == NULL) {
		fprintf(stderr, "%s: no memory\n", path);
		points_release(&file->points);
		return false;
	}
	return true;
}

void seriesfile_close(struct seriesfile *file)
{
	points_release(&file->points);
	free(file->sorted);
	file->sorted = NULL;
}

void seriesfile_past(struct seriesfile *file, size_t rows, struct seriesfile_past *past)
{
	memcpy(file->sorted, file->points.items, rows * sizeof *file->sorted);
	grid_sort(file->sorted, rows);
	past->step_ns = grid_step(file->sorted, rows);
	/* One point, or several of the same time: any step will do. */
	if (past->step_ns == 0)
		past->step_ns = NS_PER_HOUR;
	past->last_at_ns = file->sorted[rows - 1].at_ns;
	past->count =
		(uint32_t)grid_fill(file->sorted, rows, past->step_ns, past->values, HISTORY_MAX);
}
