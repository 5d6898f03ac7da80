/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A digest of what the routing policies do: where and when each task of a few courses ran, for
 * every policy, and the picture that is drawn of it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/checksum.h"
#include "sim/contest.h"
#include "sim/scene.h"
#include "wire/svg.h"

#define AGENTS     12
#define TASKS      6000
#define SEED_FIRST 20240301
#define SEED_COUNT 3
#define POINTS     200

static bool run_policy(struct digest *digest, struct course *course, const struct policy *policy)
{
	struct race race;
	bool went = race_run(&race, course, policy, NULL);

	for (uint32_t i = 0; went && i < course->task_count; i++) {
		digest_u64(digest, race.tasks[i].agent);
		digest_i64(digest, race.tasks[i].started_at_ns);
		digest_i64(digest, race.tasks[i].ended_at_ns);
	}
	if (!went)
		printf("routing: %s: %s\n", policy->name, race.failure);
	race_release(&race);
	return went;
}

static bool run_seed(struct digest *digest, uint64_t seed)
{
	struct course_options options;
	struct course course;
	bool went;

	course_defaults(&options);
	options.seed = seed;
	options.agents = AGENTS;
	options.tasks = TASKS;
	options.sizes = seed % 2 == 0 ? COURSE_PARETO : COURSE_LOGNORMAL;
	went = course_init(&course, &options);
	for (uint32_t i = 0; went && POLICIES[i] != NULL; i++)
		went = run_policy(digest, &course, POLICIES[i]);
	course_release(&course);
	return went;
}

static bool run_scenes(struct digest *digest)
{
	const struct scene_options options = {
		.seed_first = SEED_FIRST, .seed_last = SEED_FIRST + 1, .tasks = TASKS};
	bool went = true;

	for (const struct scene *scene = SCENES; went && scene->name != NULL; scene++) {
		struct scene_result result;

		went = scene_run(scene, &options, &result);
		digest_double(digest, result.with.mean_s);
		digest_double(digest, result.measure_ratio.high);
	}
	return went;
}

static bool draw(struct digest *digest)
{
	struct svg_point points[POINTS];
	struct buffer text;
	struct svg svg;
	struct prng prng;
	bool went;

	prng_init(&prng, SEED_FIRST);
	for (uint32_t i = 0; i < POINTS; i++)
		points[i] = (struct svg_point){(double)(i + 1), prng_lognormal(&prng, 1.0, 1.5)};
	buffer_init(&text, SVG_SIZE_MAX);
	svg_open(&svg, &text,
		&(struct svg_chart){.title = "digest",
			.x = {.low = 1.0, .high = POINTS, .is_logarithmic = true},
			.y = {.low = 0.0, .high = 5.0, .unit = SVG_SECONDS}});
	svg_line(&svg, points, POINTS, 0, "line");
	went = svg_close(&svg);
	digest_bytes(digest, text.bytes, text.size);
	buffer_release(&text);
	return went;
}

int main(void)
{
	struct digest digest;
	bool went = true;

	digest_init(&digest, SEED_FIRST);
	for (uint64_t i = 0; went && i < SEED_COUNT; i++)
		went = run_seed(&digest, SEED_FIRST + i);
	went = went && run_scenes(&digest) && draw(&digest);
	if (!went)
		return 1;
	printf("routing: %016" PRIx64 "\n", digest_value(&digest));
	return 0;
}
