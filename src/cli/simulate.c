/* SPDX-License-Identifier: Apache-2.0 */
/* ballast simulate load: a recorded load through the very same core, in virtual time.  Answers what
 * a pool of this size and strategy would have done with it, in seconds instead of hours.  The other
 * subcommands have files of their own. */
#include "cli/simulate.h"

#include "base/text.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/parade.h"
#include "cli/show.h"
#include "sim/host.h"
#include "wire/jsonwrite.h"
#include "wire/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define AGENTS_MAX   10000
#define SLOTS_MAX    1000
#define TASKS_DRAWN  20000
#define REPORT_SIZE  (256u << 10)
#define LINES_MAX    20
#define POOL_UP_NS   (5 * NS_PER_MIN)
#define POOL_DOWN_NS (15 * NS_PER_MIN)
#define FAST_UP_NS   (2 * NS_PER_MIN)
#define FAST_DOWN_NS (10 * NS_PER_MIN)
#define SEED         1

static const struct args_option OPTIONS[] = {
	{"--trace", NULL, "FILE",
		"requests with tokens (CSV, JSON lines), counts per second; .gz; routing: a "
		"journal"},
	{"--limit", NULL, "N", "load: at most so many tasks"},
	{"--agents", NULL, "N", "load: most of the pool (default 8); routing: all of them (16)"},
	{"--min", NULL, "N", "load: fewest agents (default 1)"},
	{"--slots", NULL, "N", "load: tasks one agent takes at once (default 4)"},
	{"--strategy", NULL, "NAME",
		"load: conservative (default), aggressive, hpa, kpa, predictive, adaptive, fixed"},
	{"--boot", NULL, "TIME",
		"load: that an agent needs to start (default 5s); scaling: TIME,... (60s)"},
	{"--seed", NULL, "N", "load, scaling: of what is drawn (default 1)"},
	{"--series", NULL, "FILE", "scaling: timestamp,count (CSV) instead of --trace"},
	{"--days", NULL, "N", "scaling: of the load (default 3; 0 = all), the first as history"},
	{"--size-trace", NULL, "FILE", "scaling: requests whose sizes the tasks have"},
	{"--frontier", NULL, NULL,
		"scaling: also 62 tunings of hpa, kpa and keda, and the cheapest that is no worse"},
	{"--lean", NULL, NULL,
		"scaling: foreign policies on a plain queue instead of the core, faster"},
	{"--policies", NULL, "LIST", "routing, scaling: names with commas between, or all"},
	{"--against", NULL, "POLICY", "routing: what ratios are to (default central-fcfs)"},
	{"--mix", NULL, "NAME", "routing: agents are equal or unequal (default)"},
	{"--sizes", NULL, "NAME", "routing: lognormal (default) or pareto"},
	{"--arrivals", NULL, "NAME", "routing: poisson (default), bursts, daily or weekly"},
	{"--tenants", NULL, "N", "routing: so many, the first with most tasks; Jain's index"},
	{"--priorities", NULL, NULL, "routing: tasks of all classes"},
	{"--load", NULL, "SHARE", "routing: of the fleet's capacity (default 0.85)"},
	{"--network", NULL, "SECONDS",
		"routing: from the balancer to an agent and back (default 0)"},
	{"--stalls", NULL, "SHARE",
		"routing: of tasks whose first attempt stands still for 20 mean sizes (default 0)"},
	{"--mean-size", NULL, "SECONDS", "routing: of a task (default 1)"},
	{"--seeds", NULL, "A-B", "one world each (default 1-10, faults 1-100)"},
	{"--tasks", NULL, "N",
		"of one world (default 50000 or 600 per slot; faults 5000, scene 20000)"},
	{"--set", NULL, "KEY=VALUE", "routing, scene: a knob of ballast's core, several times"},
	{"--seconds-per-token", NULL, "CONTEXT,GENERATED",
		"routing: work of a recorded request (default 0.00025,0.025)"},
	{"--plot", NULL, "FILE",
		"routing: draws the response times as SVG; scaling: load and capacity"},
	{"--json", NULL, NULL, "prints the summary as JSON"},
	{NULL, NULL, NULL, NULL},
};

#define PROGRESS_AFTER_S 2
#define PROGRESS_WIDTH   30

bool simulate_number(const struct args *args, const char *name, uint64_t max, uint64_t *value)
{
	const char *text = args_value(args, name);

	if (text == NULL || span_number(span_of(text), max, value))
		return true;
	fprintf(stderr, "ballast simulate: %s wants a number up to %" PRIu64 ", found %s\n", name,
		max, text);
	return false;
}

bool simulate_decimal(
	const struct args *args, const char *name, double least, double most, double *value)
{
	const char *text = args_value(args, name);
	double number;

	if (text == NULL)
		return true;
	if (text_parse_double(text_from(text), &number) && number >= least && number <= most) {
		*value = number;
		return true;
	}
	fprintf(stderr, "ballast simulate: %s wants a number from %g to %g, found %s\n", name,
		least, most, text);
	return false;
}

bool simulate_range(const struct args *args, const char *name, uint64_t *first, uint64_t *last)
{
	const char *text = args_value(args, name);
	struct span rest = span_of(text);
	struct span low;

	if (text == NULL)
		return true;
	low = span_cut(&rest, '-');
	if (span_number(low, INT64_MAX, first)) {
		*last = *first;
		if (rest.at == NULL || (span_number(rest, INT64_MAX, last) && *last >= *first))
			return true;
	}
	fprintf(stderr, "ballast simulate: %s wants a range such as 1-100, found %s\n", name, text);
	return false;
}

void simulate_progress(void *context, uint64_t done, uint64_t all)
{
	static time_t begun;
	static uint64_t shown;
	uint64_t permille = done * 1000 / all;
	int filled = (int)(permille * PROGRESS_WIDTH / 1000);

	(void)context;
	if (begun == 0)
		begun = time(NULL);
	if (permille == shown || !isatty(STDERR_FILENO) || time(NULL) - begun < PROGRESS_AFTER_S)
		return;
	shown = permille;
	fprintf(stderr, "\r[%.*s%*s] %3u %%", filled, "##############################",
		PROGRESS_WIDTH - filled, "", (unsigned)(permille / 10));
	if (done == all)
		fputs("\r\033[K", stderr);
}

static bool read_strategy(const struct args *args, uint32_t *strategy)
{
	const char *text = args_value(args, "--strategy");

	*strategy = BAL_STRATEGY_CONSERVATIVE;
	if (text == NULL)
		return true;
	for (uint32_t i = 0; i < BAL_STRATEGY_COUNT; i++) {
		if (strcmp(text, bal_strategy_name((enum bal_strategy)i)) != 0)
			continue;
		*strategy = i;
		return true;
	}
	fprintf(stderr, "ballast simulate: --strategy is conservative, aggressive, hpa, kpa, "
			"predictive, adaptive or fixed\n");
	return false;
}

/* The pool as the configuration's defaults would have it. */
static bool fill_pool(struct sim_pool *pool, const struct args *args)
{
	uint64_t agents = 8, least = 1, slots = 4;
	const char *boot = args_value(args, "--boot");
	bool fast;

	pool->boot_ns = 5 * NS_PER_S;
	if (boot != NULL && !quantity_read(span_of(boot), QUANTITY_TIME, &pool->boot_ns)) {
		fprintf(stderr, "ballast simulate: --boot wants %s\n",
			quantity_expected(QUANTITY_TIME));
		return false;
	}
	if (!simulate_number(args, "--agents", AGENTS_MAX, &agents) ||
		!simulate_number(args, "--min", AGENTS_MAX, &least) ||
		!simulate_number(args, "--slots", SLOTS_MAX, &slots) ||
		!read_strategy(args, &pool->conf.strategy))
		return false;
	if (agents == 0 || slots == 0 || least > agents) {
		fprintf(stderr, "ballast simulate: --min <= --agents, and at least one slot\n");
		return false;
	}
	fast = pool->conf.strategy == BAL_STRATEGY_AGGRESSIVE;
	pool->conf.kind = BAL_POOL_PROCESS;
	pool->conf.slots = (uint32_t)slots;
	pool->conf.agents_min = (uint32_t)least;
	pool->conf.agents_max = (uint32_t)agents;
	pool->conf.agents_baseline =
		(uint32_t)((agents + 2) / 3 > least ? (agents + 2) / 3 : least);
	pool->conf.timeout_ns = NS_PER_HOUR;
	pool->conf.queue_deep = 100;
	pool->conf.up = (struct bal_scale_rule){.load_permille = 800,
		.sustain_ns = fast ? FAST_UP_NS : POOL_UP_NS,
		.cooldown_ns = NS_PER_MIN};
	pool->conf.down = (struct bal_scale_rule){.load_permille = 400,
		.sustain_ns = fast ? FAST_DOWN_NS : POOL_DOWN_NS,
		.cooldown_ns = 5 * NS_PER_MIN};
	pool->speed_low = 1.0;
	pool->speed_high = 1.0;
	pool->agents = 0;
	return true;
}

static struct sim_arrival *arrivals_of(const struct parade *parade)
{
	struct sim_arrival *arrivals = calloc(parade->count, sizeof *arrivals);

	for (uint32_t i = 0; arrivals != NULL && i < parade->count; i++)
		arrivals[i] = (struct sim_arrival){parade->tasks[i].at_ns,
			parade->tasks[i].work_ns > 0 ? parade->tasks[i].work_ns : 1};
	return arrivals;
}

/* ---- the summary ---- */

static const char *quantile(const struct histogram *histogram, int64_t ppm, char *text, size_t size)
{
	show_seconds((double)histogram_quantile(histogram, ppm) / 1e9, text, size);
	return text;
}

static void print_quantiles(const char *what, const struct histogram *histogram)
{
	char p50[32], p95[32], p99[32];

	printf("  %-12s p50 %s, p95 %s, p99 %s\n", what,
		quantile(histogram, 500000, p50, sizeof p50),
		quantile(histogram, 950000, p95, sizeof p95),
		quantile(histogram, 990000, p99, sizeof p99));
}

static void print_report(const struct sim_report *report, double took_s)
{
	char span[32];
	uint32_t lines = report->scaling_count;

	show_seconds((double)report->end_at_ns / 1e9, span, sizeof span);
	printf("%s of virtual time in %.2f s, %" PRIu64 " events, effects' digest %016" PRIx64 "\n",
		span, took_s, report->events, report->digest);
	printf("  %-12s %" PRIu64 " submitted, %" PRIu64 " succeeded, %" PRIu64 " refused, %" PRIu64
	       " lost, %" PRIu64 " tries again\n",
		"tasks", report->submitted, report->ended[BAL_TASK_SUCCEEDED], report->refused,
		report->lost, report->retried);
	print_quantiles("waits", &report->waits_ns);
	print_quantiles("responses", &report->responses_ns);
	printf("  %-12s %.1f %%\n", "utilisation",
		report->capacity_ns == 0
			? 0.0
			: 100.0 * (double)report->busy_ns / (double)report->capacity_ns);
	printf("  %-12s %u\n", "scalings", report->scaling_count);
	if (lines > LINES_MAX)
		lines = LINES_MAX;
	for (uint32_t i = 0; i < lines; i++) {
		const struct sim_scaling *scaling = &report->scalings[i];

		show_seconds((double)scaling->at_ns / 1e9, span, sizeof span);
		printf("    %8s  %u -> %u agents: %s\n", span, scaling->agents_before,
			scaling->agents_after, bal_reason_text(scaling->reason));
	}
	if (report->scaling_count > lines)
		printf("    and %u more\n", report->scaling_count - lines);
}

static void put_seconds(
	struct json_writer *writer, const char *key, const struct histogram *histogram, int64_t ppm)
{
	json_key(writer, key);
	json_put_decimal(writer, histogram_quantile(histogram, ppm) / NS_PER_US, 6);
}

static void put_quantiles(
	struct json_writer *writer, const char *key, const struct histogram *histogram)
{
	json_key(writer, key);
	json_open(writer, '{');
	put_seconds(writer, "p50", histogram, 500000);
	put_seconds(writer, "p95", histogram, 950000);
	put_seconds(writer, "p99", histogram, 990000);
	json_close(writer);
}

static void put_scalings(struct json_writer *writer, const struct sim_report *report)
{
	uint32_t kept =
		report->scaling_count < SIM_SCALINGS_MAX ? report->scaling_count : SIM_SCALINGS_MAX;

	json_key(writer, "scalings");
	json_open(writer, '[');
	for (uint32_t i = 0; i < kept; i++) {
		const struct sim_scaling *scaling = &report->scalings[i];

		json_open(writer, '{');
		json_key(writer, "at");
		json_put_decimal(writer, scaling->at_ns / NS_PER_MS, 3);
		json_key(writer, "agents_before");
		json_put_unsigned(writer, scaling->agents_before);
		json_key(writer, "agents_after");
		json_put_unsigned(writer, scaling->agents_after);
		json_key(writer, "reason");
		json_put_word(writer, bal_reason_name(scaling->reason));
		json_close(writer);
	}
	json_close(writer);
}

static void print_json(const struct sim_report *report)
{
	const struct {
		const char *key;
		uint64_t value;
	} counts[] = {{"submitted", report->submitted}, {"refused", report->refused},
		{"succeeded", report->ended[BAL_TASK_SUCCEEDED]}, {"lost", report->lost},
		{"retried", report->retried}, {"events", report->events},
		{"scaling_count", report->scaling_count}};
	struct json_writer writer;
	struct buffer text;

	buffer_init(&text, REPORT_SIZE);
	json_writer_init(&writer, &text);
	json_open(&writer, '{');
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		json_key(&writer, counts[i].key);
		json_put_unsigned(&writer, counts[i].value);
	}
	json_key(&writer, "seconds");
	json_put_decimal(&writer, report->end_at_ns / NS_PER_MS, 3);
	json_key(&writer, "utilisation");
	json_put_decimal(&writer,
		report->capacity_ns == 0
			? 0
			: (int64_t)((double)report->busy_ns * 1000.0 / (double)report->capacity_ns),
		3);
	put_quantiles(&writer, "waits", &report->waits_ns);
	put_quantiles(&writer, "responses", &report->responses_ns);
	put_scalings(&writer, report);
	json_close(&writer);
	printf("%.*s\n", (int)text.size, text.bytes);
	buffer_release(&text);
}

/* Reads or draws the load.  False after a message. */
static bool read_load(struct parade *parade, const struct args *args, uint64_t seed)
{
	const char *trace = args_value(args, "--trace");
	uint64_t limit = 0;
	char message[512] = "no memory";

	if (!simulate_number(args, "--limit", PARADE_COUNT_MAX, &limit))
		return false;
	if (trace == NULL ? parade_draw(parade, limit == 0 ? TASKS_DRAWN : (uint32_t)limit, seed)
			  : parade_read(parade, trace, (uint32_t)limit, message, sizeof message))
		return true;
	fprintf(stderr, "ballast simulate: %s\n", message);
	return false;
}

static int simulate(
	const struct args *args, struct sim_options *options, const struct parade *parade)
{
	struct sim_report *report = calloc(1, sizeof *report);
	struct sim_arrival *arrivals = arrivals_of(parade);
	clock_t begun = clock();
	int rc = 0;

	options->trace = arrivals;
	if (report == NULL || arrivals == NULL) {
		fprintf(stderr, "ballast simulate: no memory\n");
		rc = EXIT_NO;
	} else if (!sim_run(options, report)) {
		fprintf(stderr, "ballast simulate: %s\n", report->failure);
		rc = EXIT_NO;
	} else if (args_has(args, "--json")) {
		print_json(report);
	} else {
		print_report(report, (double)(clock() - begun) / CLOCKS_PER_SEC);
	}
	free(arrivals);
	free(report);
	return rc;
}

static int run_load(const struct args *args)
{
	static struct sim_options options;
	struct parade parade;
	uint64_t seed = SEED;
	int rc;

	if (!simulate_number(args, "--seed", INT64_MAX, &seed) || !read_load(&parade, args, seed))
		return EXIT_USAGE;
	sim_options_fleet(&options, seed, parade.count, 1, 1.0);
	rc = fill_pool(&options.pools[0], args) ? simulate(args, &options, &parade) : EXIT_USAGE;
	parade_release(&parade);
	return rc;
}

static int run(const struct args *args)
{
	static const struct {
		const char *name;
		int (*run)(const struct args *args);
	} rows[] = {{"load", run_load}, {"routing", simulate_routing}, {"faults", simulate_faults},
		{"scene", simulate_scene}, {"scaling", simulate_scaling}};

	for (size_t i = 0; args->word_count > 0 && i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(args->words[0], rows[i].name) == 0)
			return rows[i].run(args);
	fprintf(stderr,
		"usage: ballast simulate load|routing|faults|scaling|scene NAME [OPTION]...\n");
	return EXIT_USAGE;
}

const struct command command_simulate = {"simulate", "load|routing|faults|scaling|scene NAME",
	"plays a load, policies, faults, autoscalers or a scene in virtual time", run, OPTIONS};
