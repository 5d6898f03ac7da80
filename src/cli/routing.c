/* SPDX-License-Identifier: Apache-2.0 */
/* ballast simulate routing: policies race against each other on the same courses. */
#include "base/num.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/recorded.h"
#include "cli/setting.h"
#include "cli/simulate.h"
#include "sim/contest.h"
#include "sim/recording.h"
#include "wire/jsonwrite.h"
#include "wire/span.h"
#include "wire/svg.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_SIZE    (256u << 10)
#define SEEDS          10
#define POLICIES_USUAL "ballast,central-fcfs,least-per-slot,least-in-flight,p2c"
#define RATIO_WIDTH    15 /* 0.735 0.714-0.756 */
#define CURVE_POINTS   400
#define PARETO_SHAPE   1.5
#define CONTEXT_S      0.00025 /* per token of a speed-1 slot: 4000 tokens/s of a prompt ... */
#define GENERATED_S    0.025   /* ... and 40 tokens/s of an answer */

static int complain(const char *what, const char *found)
{
	fprintf(stderr, "ballast simulate routing: %s%s%s\n", what, found == NULL ? "" : ", found ",
		found == NULL ? "" : found);
	return EXIT_USAGE;
}

/* ---- options ------------------------------------------------------------------------------ */

static bool read_mix(const struct args *args, struct course_options *course)
{
	const char *mix = args_value(args, "--mix");
	const char *sizes = args_value(args, "--sizes");

	if (mix != NULL && strcmp(mix, "equal") != 0 && strcmp(mix, "unequal") != 0)
		return complain("--mix is equal or unequal", mix), false;
	if (sizes != NULL && strcmp(sizes, "lognormal") != 0 && strcmp(sizes, "pareto") != 0)
		return complain("--sizes is lognormal or pareto", sizes), false;
	if (mix != NULL && strcmp(mix, "equal") == 0)
		course->mix = COURSE_EQUAL;
	if (sizes != NULL && strcmp(sizes, "pareto") == 0) {
		course->sizes = COURSE_PARETO;
		course->size_shape = PARETO_SHAPE;
	}
	return true;
}

static bool read_costs(const struct args *args, struct recording_costs *costs)
{
	const char *text = args_value(args, "--seconds-per-token");
	struct span rest = span_of(text);
	struct span context = span_cut(&rest, ',');

	*costs = (struct recording_costs){CONTEXT_S, GENERATED_S};
	if (text == NULL)
		return true;
	if (rest.at != NULL &&
		text_parse_double(
			(struct bal_text){context.at, (uint32_t)context.size}, &costs->context_s) &&
		text_parse_double(
			(struct bal_text){rest.at, (uint32_t)rest.size}, &costs->generated_s) &&
		costs->context_s >= 0.0 && costs->generated_s >= 0.0)
		return true;
	return complain("--seconds-per-token wants CONTEXT,GENERATED such as 0.00025,0.025", text),
	       false;
}

/* The recorded load, if one is named; it lives until the program ends. */
static bool read_recording(const struct args *args, struct course_options *course)
{
	static struct recording recording;
	const char *path = args_value(args, "--trace");
	struct recording_costs costs;
	char message[512];

	if (!read_costs(args, &costs))
		return false;
	if (path == NULL)
		return true;
	if (recorded_arrivals(&recording, path, message, sizeof message)) {
		course->trace = recording.arrivals;
		course->trace_count = recording.count;
		return true;
	}
	if (message[0] != '\0')
		return complain(message, NULL), false;
	if (!recording_read(&recording, path, &costs, course->tasks, message, sizeof message))
		return complain(message, NULL), false;
	course->trace = recording.arrivals;
	course->trace_count = recording.count;
	return true;
}

static bool read_course(const struct args *args, struct course_options *course)
{
	const char *arrivals = args_value(args, "--arrivals");
	uint64_t agents, tasks = 0, tenants = 0;
	const char *objection;

	course_defaults(course);
	agents = course->agents;
	course->has_priorities = args_has(args, "--priorities");
	course->arrivals = arrivals == NULL ? TIDE_POISSON : tide_find(arrivals);
	if (course->arrivals == TIDE_SHAPE_COUNT)
		return complain("--arrivals is poisson, bursts, daily or weekly", arrivals), false;
	if (!read_mix(args, course) ||
		!simulate_number(args, "--agents", COURSE_AGENTS_MAX, &agents) ||
		!simulate_number(args, "--tasks", COURSE_TASKS_MAX, &tasks) ||
		!simulate_number(args, "--tenants", COURSE_TENANTS_MAX, &tenants) ||
		!simulate_decimal(args, "--load", 0.01, 10.0, &course->load) ||
		!simulate_decimal(args, "--stalls", 0.0, 1.0, &course->stall_share) ||
		!simulate_decimal(args, "--network", 0.0, 1e6, &course->network_s) ||
		!simulate_decimal(args, "--mean-size", 0.001, 1e6, &course->size_mean_s))
		return false;
	course->agents = (uint32_t)agents;
	course->tasks = (uint32_t)tasks;
	course->tenants = (uint32_t)tenants;
	if (!read_recording(args, course))
		return false;
	objection = course_objection(course);
	if (objection != NULL)
		complain(objection, NULL);
	return objection == NULL;
}

static bool add_policy(struct contest_options *options, const struct policy *policy)
{
	for (uint32_t i = 0; i < options->policy_count; i++)
		if (options->policies[i] == policy)
			return true;
	if (options->policy_count == CONTEST_POLICIES_MAX)
		return false;
	options->policies[options->policy_count++] = policy;
	return true;
}

/* A policy that takes too long for so many agents is left out of "all", and said so. */
static void add_all(struct contest_options *options)
{
	for (const struct policy *const *at = POLICIES; *at != NULL; at++) {
		uint32_t most = (*at)->agents_max;

		if (most == 0 || options->course.agents <= most)
			add_policy(options, *at);
		else
			fprintf(stderr, "%s is left out: it takes %u agents at most\n", (*at)->name,
				most);
	}
}

static bool no_policy(struct span name)
{
	fprintf(stderr,
		"ballast simulate routing: there is no policy %.*s; there are:", (int)name.size,
		name.at);
	for (const struct policy *const *at = POLICIES; *at != NULL; at++)
		fprintf(stderr, " %s", (*at)->name);
	fputc('\n', stderr);
	return false;
}

static void too_many_agents(const struct policy *policy)
{
	fprintf(stderr, "ballast simulate routing: %s takes %u agents at most\n", policy->name,
		policy->agents_max);
}

static bool read_policies(const struct args *args, struct contest_options *options)
{
	const char *list = args_value(args, "--policies");
	const char *against = args_value(args, "--against");
	struct span rest = span_of(list == NULL ? POLICIES_USUAL : list);

	options->yardstick = &policy_central_fcfs;
	if (against != NULL)
		options->yardstick = policy_find(against, strlen(against));
	if (options->yardstick == NULL)
		return no_policy(span_of(against));
	if (list != NULL && strcmp(list, "all") == 0) {
		add_all(options);
		return true;
	}
	while (rest.at != NULL) {
		struct span name = span_cut(&rest, ',');
		const struct policy *policy = policy_find(name.at, name.size);

		if (policy == NULL)
			return no_policy(name);
		if (policy->agents_max > 0 && options->course.agents > policy->agents_max)
			return too_many_agents(policy), false;
		add_policy(options, policy);
	}
	return true;
}

static bool read_settings(const struct args *args, struct policy_settings *settings)
{
	char message[256];

	for (uint32_t i = 0; i < args->given_count; i++) {
		uint32_t place = settings->knob_count;

		if (strcmp(args->given[i].option->name, "--set") != 0)
			continue;
		if (place == POLICY_SETTINGS_MAX)
			return complain("too many --set", NULL), false;
		if (!setting_read(args->given[i].value, &settings->knobs[place].knob,
			    &settings->knobs[place].value, message, sizeof message))
			return complain(message, NULL), false;
		settings->knob_count++;
	}
	return true;
}

static bool read_options(const struct args *args, struct contest_options *options)
{
	*options = (struct contest_options){
		.seed_first = 1, .seed_last = SEEDS, .progress = simulate_progress};
	if (!simulate_range(args, "--seeds", &options->seed_first, &options->seed_last) ||
		!read_course(args, &options->course) || !read_policies(args, options) ||
		!read_settings(args, &options->settings))
		return false;
	if (options->seed_last - options->seed_first >= CONTEST_SEEDS_MAX)
		return complain("--seeds are 100000 at most", NULL), false;
	return true;
}

/* ---- reports ------------------------------------------------------------------------------ */

static void print_ratio(const struct tally_interval *ratio, bool is_last)
{
	char interval[32];

	snprintf(interval, sizeof interval, "%.3f-%.3f", ratio->low, ratio->high);
	printf("  %6.3f %*s", ratio->mean, is_last ? 0 : -RATIO_WIDTH, interval);
}

static void print_table(const struct contest *contest)
{
	const struct contest_options *options = contest->options;

	printf("%u agents, %s, load %.2f, seeds %" PRIu64 "-%" PRIu64
	       "; seconds of response time, ratios to %s with their 95 %% interval\n\n",
		options->course.agents, options->course.mix == COURSE_EQUAL ? "equal" : "unequal",
		options->course.load, options->seed_first, options->seed_last,
		options->yardstick->name);
	printf("%-20s  %7s  %7s  %7s  %7s  %7s  %-22s  %s%s\n", "policy", "mean", "p50", "p95",
		"p99", "waiting", "mean ratio", "p99 ratio",
		options->course.tenants > 1 ? "               fairness" : "");
	for (uint32_t i = 0; i < contest->row_count; i++) {
		const struct contest_row *row = &contest->rows[i];

		printf("%-20s  %7.3f  %7.3f  %7.3f  %7.3f", row->policy->name, row->score.mean_s,
			row->score.p50_s, row->score.p95_s, row->score.p99_s);
		printf("  %5.1f %%", row->score.waited_share * 100.0);
		print_ratio(&row->mean_ratio, false);
		print_ratio(&row->p99_ratio, options->course.tenants <= 1);
		if (options->course.tenants > 1)
			printf("  %8.3f", row->score.fairness);
		putchar('\n');
	}
}

static void put_number(struct json_writer *writer, const char *key, double value)
{
	json_key(writer, key);
	json_put_decimal(writer, num_to_i64(num_round(value * 1e6)), 6);
}

static void put_interval(struct json_writer *writer, const char *key, const char *key_interval,
	const struct tally_interval *interval)
{
	put_number(writer, key, interval->mean);
	json_key(writer, key_interval);
	json_open(writer, '[');
	json_put_decimal(writer, num_to_i64(num_round(interval->low * 1e6)), 6);
	json_put_decimal(writer, num_to_i64(num_round(interval->high * 1e6)), 6);
	json_close(writer);
}

static void print_json(const struct contest *contest)
{
	struct json_writer writer;
	struct buffer text;

	buffer_init(&text, REPORT_SIZE);
	json_writer_init(&writer, &text);
	json_open(&writer, '[');
	for (uint32_t i = 0; i < contest->row_count; i++) {
		const struct contest_row *row = &contest->rows[i];

		json_open(&writer, '{');
		json_key(&writer, "policy");
		json_put_word(&writer, row->policy->name);
		put_number(&writer, "mean", row->score.mean_s);
		put_number(&writer, "p50", row->score.p50_s);
		put_number(&writer, "p95", row->score.p95_s);
		put_number(&writer, "p99", row->score.p99_s);
		put_number(&writer, "waiting", row->score.waited_share);
		put_number(&writer, "jain", row->score.fairness);
		put_interval(&writer, "mean_ratio", "mean_ratio_ci", &row->mean_ratio);
		put_interval(&writer, "p99_ratio", "p99_ratio_ci", &row->p99_ratio);
		json_close(&writer);
	}
	json_close(&writer);
	printf("%.*s\n", (int)text.size, text.bytes);
	buffer_release(&text);
}

/* ---- the picture -------------------------------------------------------------------------- */

#define SHARE_LEAST 0.0005 /* of the tasks, at the foot of the picture */

static void span_values(const struct contest *contest, double *low, double *high)
{
	*low = 1e18;
	*high = 1e-9;
	for (uint32_t i = 0; i < contest->row_count; i++) {
		const struct histogram *all = &contest->rows[i].responses_ns;
		double first = (double)histogram_quantile(all, 10000) / 1e9;
		double last = (double)histogram_quantile(all, 999500) / 1e9;

		*low = num_min(*low, first);
		*high = num_max(*high, last);
	}
}

static void draw_row(
	struct svg *svg, const struct contest_row *row, uint32_t colour, double low, double high)
{
	struct svg_point points[CURVE_POINTS];
	double step = num_log(high / low) / (CURVE_POINTS - 1);

	for (uint32_t i = 0; i < CURVE_POINTS; i++) {
		double seconds = low * num_exp(step * i);
		int64_t below = histogram_share_ppm(&row->responses_ns, num_to_i64(seconds * 1e9));

		points[i] = (struct svg_point){seconds, (double)(1000000 - below) / 1000.0};
	}
	/* There are eight colours; the next eight are dashed. */
	if (colour < 8)
		svg_line(svg, points, CURVE_POINTS, colour, row->policy->name);
	else
		svg_dashes(svg, points, CURVE_POINTS, colour, row->policy->name);
}

/* The share of tasks that take longer than x, both logarithmic: tails are what differs. */
static bool draw(const struct contest *contest, const char *path)
{
	struct svg_chart chart = {.title = "Response times by policy",
		.x = {.label = "response time", .unit = SVG_SECONDS, .is_logarithmic = true},
		.y = {.label = "share of tasks that take longer",
			.low = SHARE_LEAST * 1000.0,
			.high = 1000.0,
			.unit = SVG_PERMILLE,
			.is_logarithmic = true}};
	struct buffer text;
	struct svg svg;
	FILE *file = fopen(path, "w");
	bool went;

	if (file == NULL) {
		perror(path);
		return false;
	}
	buffer_init(&text, SVG_SIZE_MAX);
	span_values(contest, &chart.x.low, &chart.x.high);
	svg_open(&svg, &text, &chart);
	for (uint32_t i = 0; i < contest->row_count; i++)
		draw_row(&svg, &contest->rows[i], i, chart.x.low, chart.x.high);
	went = svg_close(&svg) && fwrite(text.bytes, 1, text.size, file) == text.size;
	went = fclose(file) == 0 && went;
	buffer_release(&text);
	if (!went)
		fprintf(stderr, "%s: cannot be written\n", path);
	return went;
}

int simulate_routing(const struct args *args)
{
	static struct contest_options options;
	static struct contest contest;
	const char *plot = args_value(args, "--plot");

	if (!read_options(args, &options))
		return EXIT_USAGE;
	if (!contest_run(&contest, &options)) {
		fprintf(stderr, "ballast simulate routing: %s\n", contest.error);
		return EXIT_NO;
	}
	if (args_has(args, "--json"))
		print_json(&contest);
	else
		print_table(&contest);
	return plot == NULL || draw(&contest, plot) ? EXIT_OK : EXIT_NO;
}
