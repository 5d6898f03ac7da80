/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ballast anomalies: the detector of the core over a file.
 *
 * The file is read whole before anything is written, so that a mistake in its last line is told
 * instead of half a result. Scoring is one pass in the order of the rows, as they would have come
 * in. Rows are written as they stood, with one more column.
 */
#include "cli/commands.h"
#include "core/anomaly.h"
#include "wire/buffer.h"
#include "wire/csv.h"
#include "wire/points.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX (1u << 30)
#define CHUNK_SIZE    (1u << 16)

static const struct args_option OPTIONS[] = {
	{"--csv", NULL, "FILE",
		"rows of timestamp,value; an empty value is missing; - is standard input"},
	{"--out", "-o", "FILE", "writes there instead of to standard output"},
	{"--without", NULL, "PART", "leaves a part of the detector out, to see what it is worth"},
	{NULL, NULL, NULL, NULL},
};

static const char *const PARTS[] = {
#define X(name, word, weight, help) word,
	ANOMALY_PARTS(X)
#undef X
};

/* Takes the parts that are named away; false when a word names none. */
static bool read_parts(const struct args *args, uint32_t *parts)
{
	for (uint32_t i = 0; i < args->given_count; i++) {
		uint32_t part = 0;

		if (strcmp(args->given[i].option->name, "--without") != 0)
			continue;
		while (part < ANOMALY_PART_COUNT && strcmp(PARTS[part], args->given[i].value) != 0)
			part++;
		if (part == ANOMALY_PART_COUNT)
			return false;
		*parts &= ~(1u << part);
	}
	return true;
}

static int tell_parts(void)
{
	fprintf(stderr, "ballast anomalies: --without takes one of:\n");
#define X(name, word, weight, help) fprintf(stderr, "  %-12s %s\n", word, help);
	ANOMALY_PARTS(X)
#undef X
	return EXIT_USAGE;
}

/* False with a message. */
static bool read_file(const char *path, struct buffer *text)
{
	bool is_input = strcmp(path, "-") == 0;
	FILE *file = is_input ? stdin : fopen(path, "re");
	size_t size = 1;

	if (file == NULL) {
		fprintf(stderr, "ballast anomalies: %s: %s\n", path, strerror(errno));
		return false;
	}
	while (size > 0 && !text->failed) {
		char *room = buffer_reserve(text, CHUNK_SIZE);

		size = room != NULL ? fread(room, 1, CHUNK_SIZE, file) : 0;
		buffer_commit(text, size);
	}
	bool failed = ferror(file) != 0;
	if (failed)
		fprintf(stderr, "ballast anomalies: %s: %s\n", path, strerror(errno));
	else if (text->failed)
		fprintf(stderr, "ballast anomalies: %s: larger than 1 GiB, or no memory\n", path);
	if (!is_input)
		fclose(file);
	return !failed && !text->failed;
}

/* Writes each row with its score. The rows are known to be good: of the first one that has no time
 * this says that it is the header. */
static void write_scores(
	struct span text, const struct points *points, struct anomaly *anomaly, FILE *out)
{
	struct csv_reader csv;
	size_t row = 0;
	int64_t at_ns;

	fprintf(out, "timestamp,value,anomaly_score\n");
	csv_init(&csv);
	while (row < points->count) {
		if (csv_next(&csv, &text) != CSV_ROW && csv_end(&csv) != CSV_ROW)
			break;
		struct span time = span_trim(csv_field(&csv, 0));
		struct span value = span_trim(csv_field(&csv, 1));

		if (row == 0 && !points_read_time(time, &at_ns))
			continue;
		const struct point *point = &points->items[row++];
		fprintf(out, "%.*s,%.*s,%.6f\n", (int)time.size, time.at, (int)value.size, value.at,
			anomaly_update(anomaly, point->at_ns, point->value));
	}
	csv_release(&csv);
}

static int write_file(
	const char *path, struct span text, const struct points *points, struct anomaly *anomaly)
{
	FILE *out = path != NULL ? fopen(path, "we") : stdout;

	if (out != NULL)
		write_scores(text, points, anomaly, out);
	if (out == NULL || fflush(out) != 0 || ferror(out) || (path != NULL && fclose(out) != 0)) {
		fprintf(stderr, "ballast anomalies: cannot write %s: %s\n",
			path != NULL ? path : "standard output", strerror(errno));
		return EXIT_NO;
	}
	return EXIT_OK;
}

static int score(const char *path, const char *out, struct span text, uint32_t parts)
{
	struct anomaly *anomaly = calloc(1, sizeof *anomaly);
	struct points points;
	int code = EXIT_USAGE;

	if (span_starts(text, SPAN("\xEF\xBB\xBF")))
		text = span_skip(text, 3);
	if (!points_read(&points, text)) {
		fprintf(stderr, "ballast anomalies: %s:%llu: %s\n", path,
			(unsigned long long)points.line, points.reason);
	} else if (anomaly == NULL) {
		fprintf(stderr, "ballast anomalies: no memory\n");
		code = EXIT_NO;
	} else {
		anomaly_init(anomaly, parts);
		code = write_file(out, text, &points, anomaly);
	}
	points_release(&points);
	free(anomaly);
	return code;
}

static int anomalies(const struct args *args)
{
	const char *path = args_value(args, "--csv");
	uint32_t parts = ANOMALY_ALL;
	struct buffer text;
	int code = EXIT_USAGE;

	if (path == NULL || args->word_count > 0) {
		fprintf(stderr, "ballast anomalies: name a file of timestamp,value: --csv FILE\n");
		return EXIT_USAGE;
	}
	if (!read_parts(args, &parts))
		return tell_parts();
	buffer_init(&text, FILE_SIZE_MAX);
	if (read_file(path, &text))
		code = score(path, args_value(args, "--out"), buffer_span(&text), parts);
	buffer_release(&text);
	return code;
}

const struct command command_anomalies = {.name = "anomalies",
	.arguments = "--csv FILE",
	.help = "scores every row of a series in [0,1] by what came before it; 0.5 asks for "
		"attention",
	.run = anomalies,
	.options = OPTIONS};
