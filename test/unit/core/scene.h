/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_CORE_SCENE_H
#define TEST_CORE_SCENE_H

/* cmocka.h needs these four before it, hence the blank line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ballast.h"
#include "base/units.h"

/*
 * scene: a core with small limits in virtual time. A test feeds events and says, as one line of
 * prose, which effects must have come, all of them and in order:
 *
 *     scene_submit(scene, (struct bal_event_task){.id = 1});
 *     scene_expect(scene, "accept 1; dispatch 1.1@101");
 *
 * The words: store T, accept T, refuse T REASON, dispatch T.ATTEMPT@AGENT,
 * rescind T.ATTEMPT@AGENT REASON, hand_back T.ATTEMPT@AGENT, requeue T, store_result T STATE,
 * complete T STATE, scale POOL +COUNT REASON, order POOL REASON, drain A, undrain A, end A,
 * probe A.
 */

#define SCENE_EFFECTS_MAX 4096

struct scene {
	struct bal_core *core;
	int64_t now_ns;                               /* virtual time of the next event */
	struct bal_effect effects[SCENE_EFFECTS_MAX]; /* since the last scene_expect or _clear */
	uint32_t effect_count;
	uint32_t room;  /* effects taken per step */
	bool watched;   /* the core looks at itself (knob WATCH) as it does by default */
	bool judged;    /* orders are watched (knob ORDER_WATCH) as they are by default */
	bool unchecked; /* leave out bal_core_check after every event: for tests of very many */
	void *memory;
};

/* Small limits, enough for all tests that do not want their own. */
extern const struct bal_limits SCENE_LIMITS;

/* A core with these limits at time 1000 s; not started, nothing defined. */
struct scene *scene_open(const struct bal_limits *limits);

/* Ends it. */
void scene_close(struct scene *scene);

/* cmocka's setup and teardown: *state is a scene with SCENE_LIMITS that is started (epoch 1). */
int scene_begin(void **state);
int scene_end(void **state);

/* One event at scene->now_ns, and its effects, MORE included, then all invariants. Returns the
 * core's answer. */
enum bal_status scene_step(struct scene *scene, struct bal_event event);

/* START with this epoch; asserts that it is taken. */
void scene_start(struct scene *scene, uint32_t epoch);

/* Moves on to an instant, serving every deadline up to and with it at its own time. */
void scene_run_to(struct scene *scene, int64_t at_ns);
void scene_run_for(struct scene *scene, int64_t duration_ns);

/* Fails unless exactly these effects came since the last call; forgets them. */
void scene_expect(struct scene *scene, const char *effects);

/* Forgets the effects so far. */
void scene_clear(struct scene *scene);

/* The last effect of this type since the last expect or clear; fails when there is none. */
const struct bal_effect *scene_last(const struct scene *scene, enum bal_effect_type type);

/* How many effects of this type came since the last expect or clear. */
uint32_t scene_count(const struct scene *scene, enum bal_effect_type type);

/* A pool as a configuration gives it when it says nothing: offers tag 0, one slot, min 0, max 8,
 * conservative, timeout 10 min, back-off 1 s up to 60 s, 5 attempts, retries all but FAILED. */
struct bal_event_pool scene_pool_standard(uint32_t pool, enum bal_pool_kind kind);

/* Defines the pool; asserts that it is taken. */
void scene_pool(struct scene *scene, const struct bal_event_pool *pool);

/* The standard pool of URLS with one ready agent of that many slots. */
void scene_pool_urls(struct scene *scene, uint32_t pool, uint64_t agent, uint32_t slots);

/* AGENT_UP with state READY (STARTING), of no order; asserts that it is taken. */
void scene_agent(struct scene *scene, uint64_t agent, uint32_t pool, uint32_t slots);
void scene_agent_starting(struct scene *scene, uint64_t agent, uint32_t pool, uint32_t slots);

/* An event that names one agent only: READY, UNHEALTHY. */
enum bal_status scene_agent_event(struct scene *scene, enum bal_event_type type, uint64_t agent);

/* AGENT_DOWN, AGENT_DRAINED (or back), a sample. */
enum bal_status scene_down(struct scene *scene, uint64_t agent, bool expected);
enum bal_status scene_drain(struct scene *scene, uint64_t agent, bool back);
enum bal_status scene_sample(
	struct scene *scene, uint64_t agent, enum bal_signal signal, int64_t value);

/* Sets a tunable; asserts that it is taken. */
void scene_knob(struct scene *scene, enum bal_knob knob, int64_t value);

/* Submits; a deadline of 0 is read as none and needs without tags as tag 0. Returns the answer. */
enum bal_status scene_submit(struct scene *scene, struct bal_event_task task);

/* A task of class normal, kind 0, tenant 0, not durable; asserts that it is taken. */
void scene_task(struct scene *scene, uint64_t id);

/* The right answer of the running attempt. */
enum bal_status scene_ended(struct scene *scene, uint64_t task, enum bal_outcome outcome);

/* It succeeds after that much service. */
void scene_succeed(struct scene *scene, uint64_t task, int64_t service_ns);

/* So many tasks that stay, so that the load stands still; and they succeed after a second. Effects
 * are forgotten. */
void scene_fill(struct scene *scene, uint64_t first, uint32_t count);
void scene_finish(struct scene *scene, uint64_t first, uint32_t count);

/* TASK_STORED, RESULT_STORED, TASK_CANCELLED. */
enum bal_status scene_stored(struct scene *scene, uint64_t task, enum bal_status status);
enum bal_status scene_result_stored(struct scene *scene, uint64_t task, enum bal_status status);
enum bal_status scene_cancel(struct scene *scene, uint64_t task);

/* The core's book of series. */
struct series_book *scene_series(const struct scene *scene);

/* Views that must exist. */
struct bal_task_view scene_task_view(const struct scene *scene, uint64_t task);
struct bal_agent_view scene_agent_view(const struct scene *scene, uint64_t agent);
struct bal_pool_view scene_pool_view(const struct scene *scene, uint32_t pool);
struct bal_totals scene_totals(const struct scene *scene);
struct bal_why scene_why(const struct scene *scene, uint64_t id);

/* Fails unless the remembered decision about the id is of this kind and reason. */
void scene_expect_why(
	const struct scene *scene, uint64_t id, enum bal_why_kind kind, enum bal_reason reason);

/* Shorthands for literals of events. */
#define EVENT(name, member, ...)                                                                   \
	((struct bal_event){.type = BAL_EVENT_##name, .member = {__VA_ARGS__}})
#define STEP(scene, name, member, ...) scene_step(scene, EVENT(name, member, __VA_ARGS__))

#endif
