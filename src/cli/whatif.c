/* SPDX-License-Identifier: Apache-2.0 */
/* Three runs: the recorded one, which is the source; the same modelled with nothing changed; the
 * same modelled with the change.  The last two are compared, for their world is the same; the first
 * shows how good the model is. */
#include "cli/whatif.h"

#include "cli/commands.h"
#include "cli/recorded.h"
#include "cli/setting.h"
#include "daemon/recorder.h"
#include "sim/whatif.h"
#include "store/journal.h"
#include "wire/jsonwrite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_SIZE (64u << 10)

enum { RECORDED, AS_IT_IS, CHANGED, RUNS };

struct study {
	const char *path;
	struct whatif_knob knobs[WHATIF_KNOBS_MAX];
	uint32_t knob_count;
	struct ledger ledgers[RUNS];
	struct ledger_report reports[RUNS];
	uint64_t common, different;
};

static int fail(const struct study *study, const char *why)
{
	fprintf(stderr, "%s: %s\n", study->path, why);
	return EXIT_NO;
}

static bool read_knobs(const struct args *args, struct study *study)
{
	char message[256];

	for (uint32_t i = 0; i < args->given_count; i++) {
		struct whatif_knob *knob = &study->knobs[study->knob_count];

		if (strcmp(args->given[i].option->name, "--with") != 0)
			continue;
		if (study->knob_count == WHATIF_KNOBS_MAX) {
			fprintf(stderr, "ballast replay: too many --with\n");
			return false;
		}
		if (!setting_read(args->given[i].value, &knob->knob, &knob->value, message,
			    sizeof message)) {
			fprintf(stderr, "ballast replay: %s\n", message);
			return false;
		}
		study->knob_count++;
	}
	return true;
}

/* ---- runs --------------------------------------------------------------------------------- */

static bool run_modelled(
	struct study *study, const struct journal_reader *reader, uint32_t which, const char **why)
{
	static char message[WHATIF_ERROR_SIZE];
	void *block;
	struct bal_core *core = recorder_restore(reader->snapshot, reader->snapshot_size, &block);
	bool went = false;

	*why = "its snapshot is damaged or of another version";
	if (core != NULL) {
		went = whatif_run(core, &study->ledgers[RECORDED], study->knobs,
			which == CHANGED ? study->knob_count : 0, &study->ledgers[which], message,
			sizeof message);
		*why = message;
	}
	free(block);
	return went;
}

static int run_all(struct study *study, struct journal_reader *reader)
{
	char message[WHATIF_ERROR_SIZE];
	const char *why;

	if (!recorded_ledger(reader, &study->ledgers[RECORDED], message, sizeof message))
		return fail(study, message);
	if (!run_modelled(study, reader, AS_IT_IS, &why) ||
		!run_modelled(study, reader, CHANGED, &why))
		return fail(study, why);
	for (uint32_t i = 0; i < RUNS; i++)
		ledger_sum(&study->ledgers[i], &study->reports[i]);
	ledger_compare(&study->ledgers[AS_IT_IS], &study->ledgers[CHANGED], &study->common,
		&study->different);
	return EXIT_OK;
}

/* ---- reports ------------------------------------------------------------------------------ */

static void print_counts(
	const char *what, const struct study *study, uint64_t (*read)(const struct ledger_report *))
{
	printf("%-24s", what);
	for (uint32_t i = 0; i < RUNS; i++)
		printf("  %12" PRIu64, read(&study->reports[i]));
	putchar('\n');
}

static uint64_t read_tasks(const struct ledger_report *report)
{
	return report->submitted;
}

static uint64_t read_decisions(const struct ledger_report *report)
{
	return report->dispatched;
}

static uint64_t read_retries(const struct ledger_report *report)
{
	return report->retried;
}

static uint64_t read_successes(const struct ledger_report *report)
{
	return report->ended[BAL_TASK_SUCCEEDED];
}

static void print_times(const char *what, const struct study *study, int64_t ppm, bool is_wait)
{
	printf("%-24s", what);
	for (uint32_t i = 0; i < RUNS; i++) {
		const struct histogram *times =
			is_wait ? &study->reports[i].waits_ns : &study->reports[i].responses_ns;
		double ns =
			ppm < 0 ? histogram_mean(times) : (double)histogram_quantile(times, ppm);

		printf("  %10.3f s", ns / 1e9);
	}
	putchar('\n');
}

static void print_study(const struct study *study)
{
	printf("%s\n\n%-24s  %12s  %12s  %12s\n", study->path, "", "recorded", "as it is",
		"changed");
	print_counts("tasks", study, read_tasks);
	print_counts("succeeded", study, read_successes);
	print_counts("decisions", study, read_decisions);
	print_counts("tries again", study, read_retries);
	print_times("wait, mean", study, -1, true);
	print_times("wait, p95", study, 950000, true);
	print_times("wait, p99", study, 990000, true);
	print_times("response, mean", study, -1, false);
	print_times("response, p99", study, 990000, false);
	printf("%-24s", "cost of used slots");
	for (uint32_t i = 0; i < RUNS; i++)
		printf("  %12.6f", (double)study->reports[i].cost_microcents / 1e8);
	printf("\n\n%" PRIu64 " of %" PRIu64 " tasks go to another agent first\n", study->different,
		study->common);
}

static void put_seconds(struct json_writer *writer, const char *key, double ns)
{
	json_key(writer, key);
	json_put_decimal(writer, (int64_t)(ns / 1000.0), 6);
}

static void put_report(struct json_writer *writer, const struct ledger_report *report)
{
	json_open(writer, '{');
	json_key(writer, "tasks");
	json_put_unsigned(writer, report->submitted);
	json_key(writer, "succeeded");
	json_put_unsigned(writer, report->ended[BAL_TASK_SUCCEEDED]);
	json_key(writer, "decisions");
	json_put_unsigned(writer, report->dispatched);
	json_key(writer, "retried");
	json_put_unsigned(writer, report->retried);
	put_seconds(writer, "wait_mean", histogram_mean(&report->waits_ns));
	put_seconds(writer, "wait_p95", (double)histogram_quantile(&report->waits_ns, 950000));
	put_seconds(writer, "wait_p99", (double)histogram_quantile(&report->waits_ns, 990000));
	put_seconds(writer, "response_mean", histogram_mean(&report->responses_ns));
	put_seconds(
		writer, "response_p99", (double)histogram_quantile(&report->responses_ns, 990000));
	json_key(writer, "cost");
	json_put_decimal(writer, report->cost_microcents, 8);
	json_close(writer);
}

static void print_json(const struct study *study)
{
	static const char *const names[RUNS] = {"recorded", "as_it_is", "changed"};
	struct json_writer writer;
	struct buffer text;

	buffer_init(&text, REPORT_SIZE);
	json_writer_init(&writer, &text);
	json_open(&writer, '{');
	for (uint32_t i = 0; i < RUNS; i++) {
		json_key(&writer, names[i]);
		put_report(&writer, &study->reports[i]);
	}
	json_key(&writer, "compared");
	json_put_unsigned(&writer, study->common);
	json_key(&writer, "different");
	json_put_unsigned(&writer, study->different);
	json_close(&writer);
	printf("%.*s\n", (int)text.size, text.bytes);
	buffer_release(&text);
}

int whatif_file(const char *path, const struct args *args)
{
	struct study *study = calloc(1, sizeof *study);
	struct journal_reader reader;
	size_t size;
	void *bytes = study == NULL ? NULL : journal_load(path, &size);
	int code;

	if (bytes == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		free(study);
		return EXIT_NO;
	}
	study->path = path;
	if (!read_knobs(args, study))
		code = EXIT_USAGE;
	else if (journal_reader_init(&reader, bytes, size) != JOURNAL_READ)
		code = fail(study, "not a whole segment of a journal that this version reads");
	else
		code = run_all(study, &reader);
	if (code == EXIT_OK && args_has(args, "--json"))
		print_json(study);
	else if (code == EXIT_OK)
		print_study(study);
	for (uint32_t i = 0; i < RUNS; i++)
		ledger_release(&study->ledgers[i]);
	free(bytes);
	free(study);
	return code;
}
