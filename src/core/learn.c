/* SPDX-License-Identifier: Apache-2.0 */
/* Two means per (agent, kind): a fast one over about FAST_SPAN services follows a slowdown within
 * minutes, a slow one over weeks says what is normal; the fast one is shrunk to the slow one, the
 * slow one to its pool's, that one to 1.  Requirement: "historical performance, lookback 30 days";
 * the slow mean's weight halves every HALF_LIFE_NS, so a month-old service counts an eighth.
 *
 * What is late is a high quantile of service over expectation, one number per kind, followed by its
 * sign alone: an end beyond it raises it by a step times the quantile, one below lowers it by a
 * step times the rest ("stochastic approximation", Robbins and Monro 1951).  So an attempt that was
 * given up beyond it counts in full, although nobody knows how long it would have taken.
 *
 * Pools have histories too, under a key of their own, so that a new agent starts with what its
 * pool is known for.  Both tables are bounded and forget what was not used for longest. */
#include "core/learn.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/alert.h"
#include "core/knees.h"
#include "core/resize.h"
#include "core/shelf.h"

#define FAST_SPAN      100.0
#define SLOW_SPAN      20000.0
#define SUCCESS_SPAN   100.0
#define KIND_SPAN      1000.0
#define PRIOR_FAST     10.0 /* samples that the slow mean is worth against the fast one */
#define PRIOR_SLOW     5.0  /* samples that the pool's mean is worth against the agent's */
#define PRIOR_SUCCESS  10.0
#define PRIOR_WARM     20.0
#define WARM_SHARE     0.2  /* believed before anything is measured */
#define BESIDE_SHARE   0.05 /* likewise */
#define HALF_LIFE_NS   (10 * NS_PER_DAY)
#define SLOWNESS_MIN   0.001
#define SLOWNESS_MAX   1000.0
#define SUCCESS_MIN    0.05
#define KNOWN_COUNT    10
#define LATE_FIRST     3.0  /* times what is expected, before anything is measured */
#define LATE_STEP      0.05 /* of the quantile, for one end; larger for the first few */
#define LATE_COUNT_MAX 1000
#define LATE_KNOWN     20 /* ends after which the quantile is believed */
#define LATE_MIN       0.1
#define LATE_MAX       1000.0
#define TOLD_SHARE     0.04 /* change of a pool's belief that its unknown agents are told of */

static const uint64_t POOL_KEY = UINT64_C(1) << 63;

void mean_add(struct mean *mean, double sample, double span)
{
	mean->weight = mean->weight + 1.0 < span ? mean->weight + 1.0 : span;
	mean->value += (sample - mean->value) / mean->weight;
}

/* The mean, pulled towards prior as if that were `weight` more samples. */
static double mean_shrunk(const struct mean *mean, double prior, double weight)
{
	return (mean->value * mean->weight + prior * weight) / (mean->weight + weight);
}

/* Names, not numbers: what was learned must find its kind and pool again after a restart. */
static uint64_t kind_hash(const struct bal_core *core, uint32_t kind)
{
	uint64_t hash = core->kinds[kind].name_hash;

	return hash == 0 ? kind : hash;
}

static uint64_t pool_who(const struct bal_core *core, uint32_t pool)
{
	uint64_t hash = core->pools[pool].name_hash;

	return POOL_KEY | (hash == 0 ? pool : hash);
}

static uint64_t history_key(uint64_t who, uint64_t hash)
{
	uint64_t key = checksum_mix(who, hash);

	return key == 0 ? 1 : key;
}

static const struct history *history_find(const struct bal_core *core, uint64_t who, uint32_t kind)
{
	uint32_t place = map_get(&core->histories_by_key, history_key(who, kind_hash(core, kind)));

	return place == MAP_NONE ? NULL : slab_at(&core->histories, place);
}

/* What was known of an agent or a pool makes room: its shelves no longer know it either. */
static void forget(struct bal_core *core, uint64_t who)
{
	struct agent *agent = (who & POOL_KEY) != 0 ? NULL : agent_find(core, who);

	if (agent != NULL)
		shelf_forgotten(core, agent);
	for (uint32_t i = 0; agent == NULL && i < core->pools_high; i++)
		if (pool_who(core, i) == who)
			shelf_priced(core, i);
}

struct history *learn_history(struct bal_core *core, uint64_t who, uint64_t hash)
{
	uint64_t key = history_key(who, hash);
	uint64_t who_forgotten = 0;
	uint32_t place = map_get(&core->histories_by_key, key);
	struct history *history;

	if (place != MAP_NONE) {
		history = slab_at(&core->histories, place);
		list_remove(&core->history_use, &history->use_node);
		list_append(&core->history_use, &history->use_node);
		return history;
	}
	if (core->histories.count == core->limits.histories_max) {
		struct list_node *oldest = list_pop(&core->history_use);

		history = container_of(oldest, struct history, use_node);
		map_remove(&core->histories_by_key, history->key);
		who_forgotten = history->who;
		slab_give(&core->histories, history);
	}
	history = slab_take(&core->histories);
	history->key = key;
	history->who = who;
	history->kind_hash = hash;
	history->slow_at_ns = core->now_ns;
	bal_assert(map_put(&core->histories_by_key, key, slab_index(&core->histories, history)));
	list_append(&core->history_use, &history->use_node);
	if (who_forgotten != 0)
		forget(core, who_forgotten);
	return history;
}

static double slowness_of(const struct history *history, double prior)
{
	double slow = mean_shrunk(&history->slow, prior, PRIOR_SLOW);

	return mean_shrunk(&history->fast, slow, PRIOR_FAST);
}

void learn_expect(
	const struct bal_core *core, uint32_t pool, uint32_t kind, struct learn_prior *prior)
{
	const struct history *history = history_find(core, pool_who(core, pool), kind);

	prior->pool = pool;
	prior->kind_hash = kind_hash(core, kind);
	prior->slowness = history == NULL || history->told == 0.0 ? 1.0 : history->told;
	prior->success =
		core->kinds[kind].success_told == 0.0 ? 1.0 : core->kinds[kind].success_told;
}

const struct history *learn_own(
	const struct bal_core *core, const struct agent *agent, uint64_t hash)
{
	uint32_t place = map_get(&core->histories_by_key, history_key(agent->id, hash));

	return place == MAP_NONE ? NULL : slab_at(&core->histories, place);
}

void learn_agent(const struct bal_core *core, const struct agent *agent,
	const struct learn_prior *prior, struct learn_view *view)
{
	learn_history_view(learn_own(core, agent, prior->kind_hash), prior, view);
}

void learn_history_view(
	const struct history *own, const struct learn_prior *prior, struct learn_view *view)
{
	view->slowness = num_clamp(prior->slowness, SLOWNESS_MIN, SLOWNESS_MAX);
	view->success = num_clamp(prior->success, SUCCESS_MIN, 1.0);
	if (own == NULL)
		return;
	/* With this many samples of its own the pool's say no longer matters. */
	/* Within bounds whatever was read from a disk: shelves keep it as a float. */
	view->slowness = num_clamp(
		slowness_of(own, own->fast.weight >= FAST_SPAN ? own->slow.value : prior->slowness),
		SLOWNESS_MIN, SLOWNESS_MAX);
	view->success = num_clamp(
		mean_shrunk(&own->success, prior->success, PRIOR_SUCCESS), SUCCESS_MIN, 1.0);
}

double learn_slowness(const struct bal_core *core, const struct agent *agent, uint32_t kind)
{
	struct learn_prior prior;
	struct learn_view view;

	learn_expect(core, agent->pool, kind, &prior);
	learn_agent(core, agent, &prior, &view);
	return view.slowness;
}

static double saved_share(const struct mean *with, const struct mean *without, double prior)
{
	double weight = num_min(with->weight, without->weight);
	struct mean share = {.weight = weight};

	if (weight > 0.0 && without->value > 0.0)
		share.value = num_clamp(1.0 - with->value / without->value, -0.9, 0.9);
	return mean_shrunk(&share, prior, PRIOR_WARM);
}

double learn_warm_share(const struct bal_core *core, uint32_t kind)
{
	const struct kind *stats = &core->kinds[kind];

	return num_max(0.0, saved_share(&stats->warm, &stats->cold, WARM_SHARE));
}

double learn_beside_share(const struct bal_core *core, uint32_t kind)
{
	const struct kind *stats = &core->kinds[kind];

	return saved_share(&stats->beside, &stats->apart, BESIDE_SHARE);
}

bool learn_is_known(const struct bal_core *core, uint32_t kind)
{
	return core->kinds[kind].finished_count >= KNOWN_COUNT;
}

static void history_add(struct bal_core *core, struct history *history, double slowness)
{
	int64_t elapsed_ns = core->now_ns - history->slow_at_ns;

	if (elapsed_ns >= NS_PER_DAY) {
		history->slow.weight *= num_pow(0.5, (double)elapsed_ns / (double)HALF_LIFE_NS);
		history->slow_at_ns = core->now_ns;
	}
	mean_add(&history->fast, slowness, FAST_SPAN);
	mean_add(&history->slow, slowness, SLOW_SPAN);
}

/* Agents that are not known yet are believed to be like their pool.  That changes with everything
 * that ends there, so they are told only of what makes a difference: or each end of a task would
 * change what is believed of all of them. */
static void tell_slowness(struct bal_core *core, uint32_t pool, uint32_t kind, struct history *of)
{
	double live = slowness_of(of, 1.0);

	if (num_abs(live - of->told) <= of->told * TOLD_SHARE)
		return;
	of->told = live;
	shelf_believed(core, pool, kind);
}

static void tell_success(struct bal_core *core, uint32_t number)
{
	struct kind *kind = &core->kinds[number];
	double live = num_max(SUCCESS_MIN, mean_shrunk(&kind->success, 1.0, PRIOR_SUCCESS));
	double told = kind->success_told == 0.0 ? 1.0 : kind->success_told;

	if (num_abs(live - told) <= TOLD_SHARE * told)
		return;
	kind->success_told = live;
	shelf_believed(core, BAL_NONE, number);
}

/* What an end must exceed, times what was expected. */
static double late_of(const struct kind *kind)
{
	return kind->late == 0.0 ? LATE_FIRST : kind->late;
}

static void late_add(struct bal_core *core, struct kind *kind, bool beyond)
{
	double quantile = (double)knob(core, BAL_KNOB_HEDGE_LATE) / (double)PERMILLE;
	double step = LATE_STEP + 1.0 / (1.0 + (double)kind->late_count);

	kind->late = late_of(kind);
	kind->late *= beyond ? 1.0 + step * quantile : 1.0 - step * (1.0 - quantile);
	kind->late = num_clamp(kind->late, LATE_MIN, LATE_MAX);
	kind->late_count += kind->late_count < LATE_COUNT_MAX;
}

/* Service that is expected of an agent, in seconds. */
static double expected_s(
	const struct bal_core *core, const struct task *task, const struct agent *agent)
{
	return num_max(learn_size_s(core, task), 1e-6) * learn_slowness(core, agent, task->kind);
}

int64_t learn_late_ns(
	const struct bal_core *core, const struct task *task, const struct agent *agent)
{
	const struct kind *kind = &core->kinds[task->kind];

	if (kind->late_count < LATE_KNOWN)
		return BAL_NEVER_NS;
	return num_to_i64(expected_s(core, task, agent) * kind->late * (double)NS_PER_S);
}

static void watch_slowness(struct bal_core *core, const struct agent *agent, double slowness)
{
	uint32_t place = slab_index(&core->agents, agent);

	if (shifts_agent_add(
		    &core->shifts, place, num_add_i64(core->now_ns, core->utc_offset_ns), slowness))
		alert_observe(core, BAL_SUBJECT_AGENT, agent->id, RULE_FACT_REGRESSION,
			shifts_factor_permille(shifts_of_agent(&core->shifts, place)));
}

static void learn_service(struct bal_core *core, const struct task *task, const struct agent *agent,
	int64_t service_ns)
{
	struct kind *kind = &core->kinds[task->kind];
	double service_s = (double)service_ns / (double)NS_PER_S;
	double size_s = num_max(learn_size_s(core, task), 1e-6);
	struct history *of_pool;
	double slowness;

	mean_add(&kind->service_s, service_s, KIND_SPAN);
	mean_add(&core->pools[agent->pool].service_s, service_s, KIND_SPAN);
	mean_add(&core->pools[agent->pool].service_square, service_s * service_s, KIND_SPAN);
	kind->finished_count++;
	shifts_add(&core->shifts, task->kind, num_add_i64(core->now_ns, core->utc_offset_ns),
		service_s);
	slowness = num_clamp(service_s / size_s, SLOWNESS_MIN, SLOWNESS_MAX);
	if (task->conversation != 0)
		mean_add(task->warm ? &kind->warm : &kind->cold, slowness, SUCCESS_SPAN);
	if (task->parent != 0)
		mean_add(task->beside ? &kind->beside : &kind->apart, slowness, SUCCESS_SPAN);
	/* A warm context makes the task smaller, not the agent faster. */
	if (task->warm)
		slowness /= 1.0 - learn_warm_share(core, task->kind);
	/* Nobody pays for it who does not hedge. */
	if (knob(core, BAL_KNOB_HEDGE_SHARE) > 0)
		late_add(core, kind,
			slowness > late_of(kind) * learn_slowness(core, agent, task->kind));
	watch_slowness(core, agent, slowness);
	of_pool = learn_history(core, pool_who(core, agent->pool), kind_hash(core, task->kind));
	history_add(core, of_pool, slowness);
	tell_slowness(core, agent->pool, task->kind, of_pool);
	history_add(core, learn_history(core, agent->id, kind_hash(core, task->kind)), slowness);
	resize_served(core, agent, slowness);
}

void learn_attempt(struct bal_core *core, const struct task *task, struct agent *agent,
	enum bal_outcome outcome, int64_t service_ns)
{
	struct kind *kind = &core->kinds[task->kind];
	double success = outcome == BAL_OUTCOME_SUCCEEDED ? 1.0 : 0.0;
	uint64_t hash = kind_hash(core, task->kind);
	struct history *own;

	knees_end(core, task, agent, outcome, service_ns);
	if (outcome == BAL_OUTCOME_BUSY || outcome == BAL_OUTCOME_HANDED_BACK)
		return;
	mean_add(&kind->success, success, KIND_SPAN);
	own = learn_history(core, agent->id, hash);
	mean_add(&own->success, success, SUCCESS_SPAN);
	if (outcome == BAL_OUTCOME_SUCCEEDED && service_ns > 0)
		learn_service(core, task, agent, service_ns);
	tell_success(core, task->kind);
	shelf_learned(core, agent, task->kind, own);
}

void learn_outrun(
	struct bal_core *core, const struct task *task, struct agent *agent, int64_t elapsed_ns)
{
	struct kind *kind = &core->kinds[task->kind];
	double elapsed_s = (double)elapsed_ns / (double)NS_PER_S;
	double slowness = num_clamp(
		elapsed_s / num_max(learn_size_s(core, task), 1e-6), SLOWNESS_MIN, SLOWNESS_MAX);
	double expected = learn_slowness(core, agent, task->kind);
	struct history *own;

	if (slowness > late_of(kind) * expected)
		late_add(core, kind, true);
	/* It would have taken longer still, so it is at least no reason to think well of the agent:
	 * one whose tasks always end elsewhere would never be found slow. */
	if (slowness <= expected)
		return;
	own = learn_history(core, agent->id, kind_hash(core, task->kind));
	history_add(core, own, slowness);
	shelf_learned(core, agent, task->kind, own);
}

uint64_t context_agent(const struct bal_core *core, uint64_t conversation)
{
	uint32_t place = map_get(&core->contexts_by_id, conversation);
	const struct context *context;

	if (conversation == 0 || place == MAP_NONE)
		return 0;
	context = slab_at(&core->contexts, place);
	return context->agent;
}

void context_note(struct bal_core *core, uint64_t conversation, uint64_t agent)
{
	uint32_t place = map_get(&core->contexts_by_id, conversation);
	struct context *context;

	if (conversation == 0)
		return;
	if (place != MAP_NONE) {
		context = slab_at(&core->contexts, place);
		list_remove(&core->context_use, &context->use_node);
	} else {
		if (core->contexts.count == core->limits.conversations_max) {
			struct list_node *oldest = list_pop(&core->context_use);

			context = container_of(oldest, struct context, use_node);
			map_remove(&core->contexts_by_id, context->conversation);
			slab_give(&core->contexts, context);
		}
		context = slab_take(&core->contexts);
		context->conversation = conversation;
		bal_assert(map_put(
			&core->contexts_by_id, conversation, slab_index(&core->contexts, context)));
	}
	context->agent = agent;
	context->used_at_ns = core->now_ns;
	list_append(&core->context_use, &context->use_node);
}

bool history_restore(struct bal_core *core, uint32_t place, const struct history *saved)
{
	uint64_t key = history_key(saved->who, saved->kind_hash);
	struct history *history;

	if (saved->who == 0 || map_get(&core->histories_by_key, key) != MAP_NONE)
		return false;
	history = slab_take_at(&core->histories, place);
	if (history == NULL)
		return false;
	*history = *saved;
	history->key = key;
	list_append(&core->history_use, &history->use_node);
	bal_assert(map_put(&core->histories_by_key, key, place));
	return true;
}

bool context_restore(struct bal_core *core, uint32_t place, const struct context *saved)
{
	struct context *context;

	if (saved->conversation == 0 ||
		map_get(&core->contexts_by_id, saved->conversation) != MAP_NONE)
		return false;
	context = slab_take_at(&core->contexts, place);
	if (context == NULL)
		return false;
	*context = *saved;
	list_append(&core->context_use, &context->use_node);
	bal_assert(map_put(&core->contexts_by_id, saved->conversation, place));
	return true;
}
