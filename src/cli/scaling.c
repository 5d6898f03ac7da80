/* SPDX-License-Identifier: Apache-2.0 */
/* ballast simulate scaling: autoscalers on the same recorded load, task by task, and what they cost
 * against one that knows the future.  For every boot time the oracle runs first, for it is the unit
 * of cost. */
#include "base/num.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/scalingplot.h"
#include "cli/seriesfile.h"
#include "cli/simulate.h"
#include "sim/scaling_counts.h"
#include "sim/scaling_grid.h"
#include "wire/jsonwrite.h"
#include "wire/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_SIZE  (1u << 20)
#define BOOTS_MAX    8
#define ENTRIES_MAX  96
#define BOOT_NS      (60 * NS_PER_S)
#define DAYS         3
#define DAYS_MAX     3660
#define AGENTS_MEAN  11 /* that the mean of the load asks for ... */
#define SLOTS        8
#define BUSY_SHARE   0.8                /* ... so busy */
#define SCORED_LEAST (48 * NS_PER_HOUR) /* shorter loads have no history and no verdict */
#define HISTORY_NS   (24 * NS_PER_HOUR)
#define GOAL         1.05
#define CONTEXT_S    0.00025 /* per token, as in the other simulations */
#define GENERATED_S  0.025

struct contest {
	const char *path;
	char trace[SERIESFILE_NAME_SIZE];
	uint64_t seed;
	int64_t boots_ns[BOOTS_MAX];
	uint32_t boot_count;
	struct scaling_entry entries[ENTRIES_MAX];
	uint32_t entry_count;
	struct scaling_sizes sizes;
	struct scaling_load load;
	bool has_frontier, is_lean;
	struct scalingplot *plot; /* of the next run; NULL: none */
	struct scaling_row grid[SCALING_GRID_COUNT];
	struct json_writer writer; /* of --json */
	bool is_json;
};

static bool complain(const char *what, const char *found)
{
	fprintf(stderr, "ballast simulate scaling: %s%s%s\n", what, found == NULL ? "" : ", found ",
		found == NULL ? "" : found);
	return false;
}

/* ---- options ------------------------------------------------------------------------------ */

static bool read_boots(const struct args *args, struct contest *contest)
{
	const char *text = args_value(args, "--boot");
	struct span rest = span_of(text);

	if (text == NULL) {
		contest->boots_ns[contest->boot_count++] = BOOT_NS;
		return true;
	}
	while (rest.at != NULL) {
		struct span boot = span_cut(&rest, ',');

		if (contest->boot_count == BOOTS_MAX)
			return complain("--boot wants at most eight times", text);
		if (!quantity_read(boot, QUANTITY_TIME, &contest->boots_ns[contest->boot_count]) ||
			contest->boots_ns[contest->boot_count] > NS_PER_HOUR)
			return complain("--boot wants times up to 1h such as 30s,60s,120s", text);
		contest->boot_count++;
	}
	return true;
}

static bool add_entry(struct contest *contest, const char *name, size_t size)
{
	if (contest->entry_count == ENTRIES_MAX)
		return complain("too many --policies", NULL);
	if (scaling_entry_find(&contest->entries[contest->entry_count], name, size)) {
		contest->entry_count++;
		return true;
	}
	fprintf(stderr, "ballast simulate scaling: there is no policy %.*s; there are:", (int)size,
		name);
	for (uint32_t i = 0; scaling_policy_at(i) != NULL; i++)
		fprintf(stderr, " %s", scaling_policy_at(i)->name);
	fprintf(stderr, ", and grid, whose points are hpa-70-300 ... kpa-80-60 ... keda-5-300\n");
	return false;
}

static bool add_grid(struct contest *contest)
{
	struct scaling_entry entry;

	for (uint32_t i = 0; i < SCALING_GRID_COUNT; i++) {
		scaling_grid_entry(i, &entry);
		if (!add_entry(contest, entry.name, strlen(entry.name)))
			return false;
	}
	return true;
}

static bool read_policies(const struct args *args, struct contest *contest)
{
	const char *text = args_value(args, "--policies");
	struct span rest = span_of(text);

	if (text == NULL || strcmp(text, "all") == 0) {
		for (uint32_t i = 0; scaling_policy_at(i) != NULL; i++) {
			const char *name = scaling_policy_at(i)->name;

			add_entry(contest, name, strlen(name));
		}
		return true;
	}
	while (rest.at != NULL) {
		struct span name = span_cut(&rest, ',');

		if (span_equal(name, span_of("grid"))) {
			if (!add_grid(contest))
				return false;
			continue;
		}
		if (!add_entry(contest, name.at, name.size))
			return false;
	}
	return true;
}

/* ---- the load ----------------------------------------------------------------------------- */

static void set_trace(struct contest *contest, const char *path)
{
	const char *slash = strrchr(path, '/');

	contest->path = path;
	snprintf(contest->trace, sizeof contest->trace, "%s", slash == NULL ? path : slash + 1);
}

static bool read_sizes(const struct args *args, struct contest *contest)
{
	const struct recording_costs costs = {CONTEXT_S, GENERATED_S};
	const char *path = args_value(args, "--size-trace");
	char message[512] = "no memory";

	if (path == NULL ? scaling_sizes_standard(&contest->sizes)
			 : scaling_sizes_read(
				   &contest->sizes, path, &costs, message, sizeof message))
		return true;
	return complain(message, NULL);
}

static bool load_trace(struct contest *contest, const struct scaling_load_options *options)
{
	uint32_t limit = (uint32_t)(options->span_ns / NS_PER_S);
	struct scaling_counts counts;
	char message[512];
	bool went;

	if (!scaling_counts_read(&counts, contest->path, limit, message, sizeof message))
		return complain(message, NULL);
	went = scaling_load_series(&contest->load, counts.values, counts.count, NS_PER_S, options,
		message, sizeof message);
	scaling_counts_release(&counts);
	return went || complain(message, contest->path);
}

static bool load_points(struct contest *contest, struct seriesfile *file,
	const struct scaling_load_options *options)
{
	size_t count = file->points.count;
	struct point *points = file->points.items;
	char message[512] = "no memory";
	int64_t step_ns;
	double *values;
	size_t room, filled;
	bool went = false;

	grid_sort(points, count);
	step_ns = grid_step(points, count);
	if (step_ns <= 0)
		return complain("a series needs two times at least", contest->path);
	room = (size_t)num_clamp_i64(
		(points[count - 1].at_ns - points[0].at_ns) / step_ns + 1, 1, 1 << 24);
	values = calloc(room, sizeof *values);
	if (values != NULL) {
		filled = grid_fill(points, count, step_ns, values, room);
		went = scaling_load_series(&contest->load, values, (uint32_t)filled, step_ns,
			options, message, sizeof message);
		contest->load.start_utc_ns = points[0].at_ns;
	}
	free(values);
	return went || complain(message, contest->path);
}

static bool read_load(const struct args *args, struct contest *contest)
{
	const char *trace = args_value(args, "--trace");
	const char *series = args_value(args, "--series");
	struct scaling_load_options options = {
		.slots_busy = AGENTS_MEAN * SLOTS * BUSY_SHARE, .sizes = &contest->sizes};
	uint64_t days = DAYS;
	struct seriesfile file;
	bool went;

	contest->seed = 1;
	if ((trace == NULL) == (series == NULL))
		return complain("one of --trace FILE and --series FILE is needed", NULL);
	if (!simulate_number(args, "--seed", INT64_MAX, &contest->seed) ||
		!simulate_number(args, "--days", DAYS_MAX, &days) || !read_sizes(args, contest))
		return false;
	options.seed = contest->seed;
	options.span_ns = (int64_t)days * NS_PER_DAY;
	set_trace(contest, trace == NULL ? series : trace);
	if (trace != NULL)
		return load_trace(contest, &options);
	if (!seriesfile_open(&file, series))
		return false;
	went = load_points(contest, &file, &options);
	seriesfile_close(&file);
	return went;
}

/* ---- runs --------------------------------------------------------------------------------- */

static bool is_judged(const struct contest *contest)
{
	return scaling_load_span_ns(&contest->load) >= SCORED_LEAST;
}

static bool run_entry(const struct contest *contest, const struct scaling_fleet *fleet,
	int64_t boot_ns, const struct scaling_entry *entry, struct scaling_row *row)
{
	struct scaling_options options = {.load = &contest->load,
		.policy = entry->policy,
		.fleet = fleet,
		.tuning = entry->tuning,
		.slots = SLOTS,
		.agents_first = AGENTS_MEAN,
		.boot_ns = boot_ns,
		.history_ns = is_judged(contest) ? HISTORY_NS : 0};
	const char *failure;

	if (contest->plot != NULL) {
		options.observe = scalingplot_see;
		options.observe_context = contest->plot;
	}
	row->entry = *entry;
	if (scaling_run(&options, &row->score, &failure))
		return true;
	return complain(failure, entry->name);
}

static const struct scaling_fleet *fleet_of(
	const struct contest *contest, const struct scaling_entry *entry)
{
	bool is_core = entry->policy->strategy != BAL_STRATEGY_FIXED;

	return contest->is_lean && !is_core ? &scaling_twin : &scaling_core;
}

/* ---- reports ------------------------------------------------------------------------------ */

static void put_number(struct json_writer *writer, const char *key, double value)
{
	json_key(writer, key);
	json_put_decimal(writer, num_to_i64(num_round(value * 1e6)), 6);
}

static void put_row(struct json_writer *writer, const struct contest *contest, int64_t boot_ns,
	const struct scaling_row *row, int64_t unit_ns)
{
	json_key(writer, "policy");
	json_put_word(writer, row->entry.name);
	json_key(writer, "trace");
	json_put_word(writer, contest->trace);
	json_key(writer, "boot_s");
	json_put_decimal(writer, boot_ns / NS_PER_MS, 3);
	put_number(writer, "hours_ratio",
		unit_ns == 0 ? 0.0 : (double)row->score.agent_ns / (double)unit_ns);
	put_number(writer, "wait_gt_2s", scaling_late_share(&row->score));
	put_number(writer, "wait_gt_service", scaling_late_service_share(&row->score));
	put_number(writer, "utilisation", scaling_utilisation(&row->score));
	json_key(writer, "reversals");
	json_put_unsigned(writer, row->score.reversals);
	json_key(writer, "agents_peak");
	json_put_unsigned(writer, row->score.agents_peak);
	json_key(writer, "tasks");
	json_put_unsigned(writer, row->score.tasks);
	put_number(writer, "instance_hours", (double)row->score.agent_ns / (double)NS_PER_HOUR);
}

static void print_head(const struct contest *contest, int64_t boot_ns)
{
	printf("%s, boot %" PRId64 " s, %.1f days%s; hours are to those of the oracle\n\n",
		contest->trace, boot_ns / NS_PER_S,
		(double)scaling_load_span_ns(&contest->load) / (double)NS_PER_DAY,
		is_judged(contest) ? ", the first not scored" : ": too short for a verdict");
	printf("%-14s %7s %10s %10s %8s %9s %6s\n", "policy", "hours", "wait > 2 s", "> service",
		"busy", "reversals", "peak");
}

static void print_row(const struct scaling_row *row, int64_t unit_ns)
{
	printf("%-14s %7.3f %8.2f %% %8.2f %% %6.1f %% %9" PRIu32 " %6" PRIu32 "\n",
		row->entry.name, unit_ns == 0 ? 0.0 : (double)row->score.agent_ns / (double)unit_ns,
		100.0 * scaling_late_share(&row->score),
		100.0 * scaling_late_service_share(&row->score),
		100.0 * scaling_utilisation(&row->score), row->score.reversals,
		row->score.agents_peak);
}

/* ---- the frontier ------------------------------------------------------------------------- */

static bool run_grid(struct contest *contest, int64_t boot_ns)
{
	for (uint32_t i = 0; i < SCALING_GRID_COUNT; i++) {
		struct scaling_entry entry;

		scaling_grid_entry(i, &entry);
		if (!run_entry(contest, &scaling_twin, boot_ns, &entry, &contest->grid[i]))
			return false;
		simulate_progress(NULL, i + 1, SCALING_GRID_COUNT);
	}
	return true;
}

/* What the untuned row costs against the cheapest tuned one that is no later: its own figures are
 * those of the core once more. */
static bool judge(struct contest *contest, int64_t boot_ns, const struct scaling_row *ours)
{
	const struct scaling_row *found =
		scaling_frontier(contest->grid, SCALING_GRID_COUNT, &ours->score);
	struct scaling_row best = {.score.agent_ns = 0};
	double ratio = 0.0;

	if (found != NULL) {
		if (!run_entry(contest, &scaling_core, boot_ns, &found->entry, &best))
			return false;
		ratio = (double)ours->score.agent_ns / (double)best.score.agent_ns;
	}
	if (contest->is_json) {
		json_key(&contest->writer, "frontier");
		json_put_word(&contest->writer, found == NULL ? "none" : best.entry.name);
		put_number(&contest->writer, "frontier_ratio", ratio);
		put_number(&contest->writer, "frontier_wait_gt_2s",
			found == NULL ? 0.0 : scaling_late_share(&best.score));
		json_key(&contest->writer, "passed");
		json_put_bool(&contest->writer, ratio <= GOAL);
		return true;
	}
	if (found == NULL)
		printf("  frontier: no point of the grid has so few violations: passed\n");
	else
		printf("  frontier: %s with %.2f %%, ratio %.3f: %s\n", best.entry.name,
			100.0 * scaling_late_share(&best.score), ratio,
			ratio <= GOAL ? "passed" : "missed");
	return true;
}

static bool is_ours(const struct scaling_entry *entry)
{
	return entry->policy->strategy != BAL_STRATEGY_FIXED;
}

static bool run_boot(struct contest *contest, int64_t boot_ns)
{
	struct scaling_entry oracle;
	struct scaling_row unit, row;

	scaling_entry_find(&oracle, scaling_policy_oracle.name, strlen(scaling_policy_oracle.name));
	if (!run_entry(contest, fleet_of(contest, &oracle), boot_ns, &oracle, &unit))
		return false;
	if (contest->has_frontier && !run_grid(contest, boot_ns))
		return false;
	if (!contest->is_json)
		print_head(contest, boot_ns);
	for (uint32_t i = 0; i < contest->entry_count; i++) {
		const struct scaling_entry *entry = &contest->entries[i];
		bool went = true;

		row = unit;
		if (entry->policy != &scaling_policy_oracle &&
			!run_entry(contest, fleet_of(contest, entry), boot_ns, entry, &row))
			return false;
		if (contest->is_json) {
			json_open(&contest->writer, '{');
			put_row(&contest->writer, contest, boot_ns, &row, unit.score.agent_ns);
		} else {
			print_row(&row, unit.score.agent_ns);
		}
		if (contest->has_frontier && is_ours(entry) && is_judged(contest))
			went = judge(contest, boot_ns, &row);
		if (contest->is_json)
			json_close(&contest->writer);
		fflush(stdout);
		if (!went)
			return false;
	}
	if (!contest->is_json)
		putchar('\n');
	return true;
}

static bool run_all(struct contest *contest)
{
	struct buffer text;
	bool went = true;

	if (contest->is_json) {
		buffer_init(&text, REPORT_SIZE);
		json_writer_init(&contest->writer, &text);
		json_open(&contest->writer, '[');
	}
	for (uint32_t i = 0; went && i < contest->boot_count; i++)
		went = run_boot(contest, contest->boots_ns[i]);
	if (contest->is_json) {
		json_close(&contest->writer);
		if (went)
			printf("%.*s\n", (int)text.size, text.bytes);
		buffer_release(&text);
	}
	return went;
}

/* The first policy at the first boot time once more, for its picture. */
static bool draw(struct contest *contest, const char *path)
{
	static struct scalingplot plot;
	const struct scaling_entry *entry = &contest->entries[0];
	struct scaling_row row;
	char title[256];

	if (path == NULL)
		return true;
	scalingplot_init(&plot, &contest->load, SLOTS);
	contest->plot = &plot;
	snprintf(title, sizeof title, "%s on %s, boot %" PRId64 " s", entry->name, contest->trace,
		contest->boots_ns[0] / NS_PER_S);
	return run_entry(contest, fleet_of(contest, entry), contest->boots_ns[0], entry, &row) &&
	       scalingplot_write(&plot, title, path);
}

int simulate_scaling(const struct args *args)
{
	static struct contest contest;
	int rc = EXIT_OK;

	contest.is_json = args_has(args, "--json");
	contest.has_frontier = args_has(args, "--frontier");
	contest.is_lean = args_has(args, "--lean");
	if (!read_boots(args, &contest) || !read_policies(args, &contest) ||
		!read_load(args, &contest))
		rc = EXIT_USAGE;
	else if (!run_all(&contest) || !draw(&contest, args_value(args, "--plot")))
		rc = EXIT_NO;
	scaling_load_release(&contest.load);
	scaling_sizes_release(&contest.sizes);
	return rc;
}
