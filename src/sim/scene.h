/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_SCENE_H
#define BAL_SIM_SCENE_H

#include "sim/host.h"
#include "sim/tally.h"

/*
 * scene: small worlds in each of which one factor of the choice matters.  A scene is run with the
 * required weights, and again with the weight of its factor at 0; the difference is what the factor
 * is worth there, or costs.
 */
#define SCENE_TASKS      20000u
#define SCENE_SEEDS_MAX  1000u
#define SCENE_ERROR_SIZE SIM_LINE_SIZE

struct scene {
	const char *name;
	const char *story;   /* a sentence */
	enum bal_knob knob;  /* the weight of its factor */
	const char *factor;  /* its name */
	const char *measure; /* what the factor is to improve; less is better */
	void (*build)(struct sim_options *options, struct sim_arrival *arrivals);
	double (*read)(const struct sim_report *report);
};

/* All scenes; ends with a NULL name. */
extern const struct scene SCENES[];

/* The scene of this name; NULL when there is none. */
const struct scene *scene_find(const char *name);

struct scene_figures {
	double mean_s, p99_s, measure;
};

struct scene_result {
	struct scene_figures with, without;                         /* means over the seeds */
	struct tally_interval mean_ratio, p99_ratio, measure_ratio; /* with / without, by seed */
	char error[SCENE_ERROR_SIZE];
};

struct scene_options {
	uint64_t seed_first, seed_last;           /* at most SCENE_SEEDS_MAX */
	uint32_t tasks;                           /* of one run */
	struct sim_knob knobs[SIM_KNOBS_MAX - 1]; /* besides the defaults */
	uint32_t knob_count;
	void (*progress)(void *context, uint64_t done, uint64_t all); /* may be NULL */
	void *progress_context;
};

/* Runs a scene on all seeds, with and without its factor.  False with result->error. */
bool scene_run(const struct scene *scene, const struct scene_options *options,
	struct scene_result *result);

#endif
