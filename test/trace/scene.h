/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TEST_TRACE_SCENE_H
#define BAL_TEST_TRACE_SCENE_H

#include <stdio.h>

#include "ballast.h"
#include "base/units.h"

/* scene: a core that is told what happens, step by step, while every event and every effect is
 * written down as prose. Time-outs that lead to nothing are left out. */
struct scene {
	struct bal_core *core;
	FILE *to;
	int64_t now_ns;
	struct bal_effects effects;
};

/* A scene without pools whose core is not started; stops the program when memory ends. */
void scene_begin(struct scene *scene, FILE *to);

/* START, epoch 1. */
void scene_start(struct scene *scene);
void scene_end(struct scene *scene);

/* A line that says what the reader is to see. */
void scene_say(struct scene *scene, const char *text);

/* One event, now. */
enum bal_status scene_feed(struct scene *scene, struct bal_event event);

/* Time passes; what falls due is served. */
void scene_pass(struct scene *scene, int64_t duration_ns);

/* Pool 0 or another, of this kind, as every test wants it: 1 slot, 1 to 4 agents, two attempts. */
struct bal_event scene_pool(uint32_t pool, enum bal_pool_kind kind);

/* An agent that works. */
void scene_agent(struct scene *scene, uint64_t agent, uint32_t pool, uint32_t slots);

/* A task that is not durable, kind 0, tag 0. */
struct bal_event scene_task(uint64_t task);

/* The answer to an attempt. */
enum bal_status scene_answer(
	struct scene *scene, uint64_t task, uint32_t attempt, enum bal_outcome outcome);

/* Why something was decided, as the core explains it: the scaling numbers of its last order. */
void scene_why(struct scene *scene, uint32_t pool);

#endif
