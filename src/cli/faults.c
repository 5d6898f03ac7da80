/* SPDX-License-Identifier: Apache-2.0 */
/* ballast simulate faults: worlds in which much goes wrong, each drawn from a seed, watched by a
 * bookkeeper outside the core.  A finding is one line, and the command that shows it again. */
#include "cli/commands.h"
#include "cli/simulate.h"
#include "sim/host.h"
#include "wire/jsonwrite.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define SEED_LAST    100
#define TASKS        5000
#define REPORT_SIZE  (1u << 20)
#define FINDINGS_MAX 1000

struct totals {
	uint64_t seeds, events, ended, dispatched, retried, stale, scalings, findings;
	double cpu_s;
};

static void add(struct totals *totals, const struct sim_report *report)
{
	totals->seeds++;
	totals->events += report->events;
	totals->ended += report->responses_ns.count;
	totals->dispatched += report->dispatched;
	totals->retried += report->retried;
	totals->stale += report->stale;
	totals->scalings += report->scaling_count;
}

static void print_summary(const struct totals *totals)
{
	printf("%" PRIu64 " seeds, %" PRIu64 " events, %" PRIu64 " tasks ended, %" PRIu64
	       " tries again, %" PRIu64 " answers not taken, %" PRIu64 " scalings, %.1f s of CPU: ",
		totals->seeds, totals->events, totals->ended, totals->retried, totals->stale,
		totals->scalings, totals->cpu_s);
	if (totals->findings == 0)
		printf("nothing wrong\n");
	else
		printf("%" PRIu64 " findings\n", totals->findings);
}

static void put_summary(struct json_writer *writer, const struct totals *totals)
{
	const struct {
		const char *key;
		uint64_t value;
	} counts[] = {{"seeds", totals->seeds}, {"events", totals->events},
		{"ended", totals->ended}, {"dispatched", totals->dispatched},
		{"retried", totals->retried}, {"stale", totals->stale},
		{"scalings", totals->scalings}, {"finding_count", totals->findings}};

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		json_key(writer, counts[i].key);
		json_put_unsigned(writer, counts[i].value);
	}
	json_key(writer, "cpu_seconds");
	json_put_decimal(writer, (int64_t)(totals->cpu_s * 1000.0), 3);
}

static void tell_finding(struct json_writer *writer, bool as_json, uint64_t seed, uint64_t tasks,
	const struct sim_report *report)
{
	if (as_json) {
		json_open(writer, '{');
		json_key(writer, "seed");
		json_put_unsigned(writer, seed);
		json_key(writer, "finding");
		json_put_word(writer, report->failure);
		json_close(writer);
		return;
	}
	printf("%s\n  again: ballast simulate faults --seeds %" PRIu64 " --tasks %" PRIu64 "\n",
		report->failure, seed, tasks);
}

int simulate_faults(const struct args *args)
{
	static struct sim_report report;
	static struct sim_options options;
	struct totals totals = {.seeds = 0};
	uint64_t first = 1, last = SEED_LAST, tasks = TASKS;
	bool as_json = args_has(args, "--json");
	struct json_writer writer;
	struct buffer text;
	clock_t begun = clock();

	if (!simulate_range(args, "--seeds", &first, &last) ||
		!simulate_number(args, "--tasks", SIM_TASKS_MAX, &tasks))
		return EXIT_USAGE;
	buffer_init(&text, REPORT_SIZE);
	json_writer_init(&writer, &text);
	json_open(&writer, '{');
	json_key(&writer, "findings");
	json_open(&writer, '[');
	for (uint64_t seed = first; seed <= last; seed++) {
		sim_options_draw(&options, seed, (uint32_t)tasks);
		if (!sim_run(&options, &report) && totals.findings++ < FINDINGS_MAX)
			tell_finding(&writer, as_json, seed, tasks, &report);
		add(&totals, &report);
		simulate_progress(NULL, seed - first + 1, last - first + 1);
	}
	totals.cpu_s = (double)(clock() - begun) / CLOCKS_PER_SEC;
	json_close(&writer);
	put_summary(&writer, &totals);
	json_close(&writer);
	if (as_json)
		printf("%.*s\n", (int)text.size, text.bytes);
	else
		print_summary(&totals);
	buffer_release(&text);
	return totals.findings == 0 ? EXIT_OK : EXIT_NO;
}
