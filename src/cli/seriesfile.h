/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_SERIESFILE_H
#define BAL_CLI_SERIESFILE_H

#include "core/history.h"
#include "wire/points.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* seriesfile: a CSV file of a series, and what of it a forecaster at some row would have known. */
#define SERIESFILE_SIZE_MAX  (UINT64_C(1) << 30)
#define SERIESFILE_NAME_SIZE 128

struct seriesfile {
	char name[SERIESFILE_NAME_SIZE]; /* of the file, without folder and ending */
	struct points points;
	struct point *sorted; /* room for a prefix in order of time */
};

/* The newest values before an origin. */
struct seriesfile_past {
	double values[HISTORY_MAX];
	uint32_t count;
	int64_t step_ns;
	int64_t last_at_ns; /* of the last value */
};

/* The whole of a file, to be freed; NULL with a message on standard error. */
char *seriesfile_load(const char *path, size_t *size);

/* Reads a file of timestamp,value. False with a message on standard error. */
bool seriesfile_open(struct seriesfile *file, const char *path);

/* Frees what the file holds. */
void seriesfile_close(struct seriesfile *file);

/* What the first `rows` rows say, 1 <= rows <= points.count, and nothing behind them. */
void seriesfile_past(struct seriesfile *file, size_t rows, struct seriesfile_past *past);

#endif
