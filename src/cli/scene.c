/* SPDX-License-Identifier: Apache-2.0 */
/* ballast simulate scene: what each factor of the choice is worth where it matters. */
#include "sim/scene.h"
#include "base/num.h"
#include "cli/commands.h"
#include "cli/setting.h"
#include "cli/simulate.h"
#include "wire/jsonwrite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SEEDS       10
#define REPORT_SIZE (64u << 10)

static int complain_name(const char *name)
{
	fprintf(stderr, "ballast simulate scene: %s%s; there are:", name == NULL ? "" : "no scene ",
		name == NULL ? "name a scene" : name);
	for (const struct scene *scene = SCENES; scene->name != NULL; scene++)
		fprintf(stderr, " %s", scene->name);
	fputs(" all\n", stderr);
	return EXIT_USAGE;
}

static bool read_options(const struct args *args, struct scene_options *options)
{
	uint64_t tasks = SCENE_TASKS;
	char message[256];

	*options = (struct scene_options){
		.seed_first = 1, .seed_last = SEEDS, .progress = simulate_progress};
	if (!simulate_range(args, "--seeds", &options->seed_first, &options->seed_last) ||
		!simulate_number(args, "--tasks", SIM_TASKS_MAX, &tasks))
		return false;
	options->tasks = (uint32_t)tasks;
	if (tasks == 0 || options->seed_last - options->seed_first >= SCENE_SEEDS_MAX) {
		fprintf(stderr, "ballast simulate scene: at least one task, at most %u seeds\n",
			SCENE_SEEDS_MAX);
		return false;
	}
	for (uint32_t i = 0; i < args->given_count; i++) {
		struct sim_knob *knob = &options->knobs[options->knob_count];

		if (strcmp(args->given[i].option->name, "--set") != 0)
			continue;
		if (options->knob_count == SIM_KNOBS_MAX - 1 ||
			!setting_read(args->given[i].value, &knob->knob, &knob->value, message,
				sizeof message)) {
			fprintf(stderr, "ballast simulate scene: %s\n", message);
			return false;
		}
		options->knob_count++;
	}
	return true;
}

static void print_ratio(const struct tally_interval *ratio)
{
	printf("  %6.3f (%.3f-%.3f)", ratio->mean, ratio->low, ratio->high);
}

static void print_scene(const struct scene *scene, const struct scene_result *result)
{
	printf("%s: %s\n", scene->name, scene->story);
	printf("  %-24s  %9s  %9s  %s\n", "", "mean s", "p99 s", scene->measure);
	printf("  %-24s  %9.3f  %9.3f  %9.3f\n", "required weights", result->with.mean_s,
		result->with.p99_s, result->with.measure);
	printf("  without %-16s  %9.3f  %9.3f  %9.3f\n", scene->factor, result->without.mean_s,
		result->without.p99_s, result->without.measure);
	printf("  ratio, 95 %% interval: mean");
	print_ratio(&result->mean_ratio);
	printf(", p99");
	print_ratio(&result->p99_ratio);
	printf(", %s", scene->measure);
	print_ratio(&result->measure_ratio);
	printf("\n\n");
}

static void put_number(struct json_writer *writer, const char *key, double value)
{
	if (key != NULL)
		json_key(writer, key);
	json_put_decimal(writer, num_to_i64(num_round(value * 1e6)), 6);
}

static void put_figures(
	struct json_writer *writer, const char *key, const struct scene_figures *figures)
{
	json_key(writer, key);
	json_open(writer, '{');
	put_number(writer, "mean", figures->mean_s);
	put_number(writer, "p99", figures->p99_s);
	put_number(writer, "measure", figures->measure);
	json_close(writer);
}

static void put_ratio(
	struct json_writer *writer, const char *key, const struct tally_interval *ratio)
{
	json_key(writer, key);
	json_open(writer, '[');
	put_number(writer, NULL, ratio->mean);
	put_number(writer, NULL, ratio->low);
	put_number(writer, NULL, ratio->high);
	json_close(writer);
}

static void put_scene(
	struct json_writer *writer, const struct scene *scene, const struct scene_result *result)
{
	json_open(writer, '{');
	json_key(writer, "scene");
	json_put_word(writer, scene->name);
	json_key(writer, "factor");
	json_put_word(writer, scene->factor);
	json_key(writer, "measure");
	json_put_word(writer, scene->measure);
	put_figures(writer, "with", &result->with);
	put_figures(writer, "without", &result->without);
	put_ratio(writer, "mean_ratio", &result->mean_ratio);
	put_ratio(writer, "p99_ratio", &result->p99_ratio);
	put_ratio(writer, "measure_ratio", &result->measure_ratio);
	json_close(writer);
}

int simulate_scene(const struct args *args)
{
	const char *name = args->word_count > 1 ? args->words[1] : NULL;
	bool is_all = name != NULL && strcmp(name, "all") == 0;
	bool as_json = args_has(args, "--json");
	struct scene_options options;
	struct json_writer writer;
	struct buffer text;
	int rc = EXIT_OK;

	if (name == NULL || (!is_all && scene_find(name) == NULL))
		return complain_name(name);
	if (!read_options(args, &options))
		return EXIT_USAGE;
	buffer_init(&text, REPORT_SIZE);
	json_writer_init(&writer, &text);
	json_open(&writer, '[');
	for (const struct scene *scene = SCENES; scene->name != NULL; scene++) {
		struct scene_result result;

		if (!is_all && strcmp(scene->name, name) != 0)
			continue;
		if (!scene_run(scene, &options, &result)) {
			fprintf(stderr, "ballast simulate scene: %s\n", result.error);
			rc = EXIT_NO;
		} else if (as_json) {
			put_scene(&writer, scene, &result);
		} else {
			print_scene(scene, &result);
		}
	}
	json_close(&writer);
	if (as_json)
		printf("%.*s\n", (int)text.size, text.bytes);
	buffer_release(&text);
	return rc;
}
