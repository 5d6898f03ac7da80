/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shedding is a property of a pool: how many classes, from the lowest, are refused at its door.
 * Critical and high ones never are. It deepens by one class a minute while the objective stays
 * broken, and is undone as slowly, once the pool has had room for whatever waits for a minute: an
 * objective that looks back over five minutes would let go too late, and a queue that is still full
 * would break it again at once.
 *
 * Nothing new is invented for orders and ejections: they go through scale.c and agent.c with their
 * bounds (maximum, back-off, the largest ejected share), so a broken objective cannot start more
 * than the owner allows.
 */
#include "core/recover.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/explain.h"
#include "core/learn.h"
#include "core/objective.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/scale.h"

#define RECOVERY_BIT  (UINT64_C(1) << 62) /* as alerts have, with the bit below set too */
#define SEQUENCE_BIT  (UINT64_C(1) << 31)
#define STEP_NS       NS_PER_MIN /* between two classes, in both directions */
#define SHED_MAX      3          /* batch, low, normal */
#define RETRY_MIN_NS  (5 * NS_PER_S)
#define RETRY_MAX_NS  (10 * NS_PER_MIN)
#define SAMPLES_MIN   10   /* of an agent, before it may be called an outlier */
#define SLOW_TIMES    3.0  /* slower than its pool by this */
#define SUCCESS_TIMES 0.5  /* or successful less than so much as often */
#define SPARE_MIN     0.05 /* of a pool's capacity, at least, is taken to work off what waits */

/* Which step helps which objective. */
static const bool HELPS[BAL_OBJECTIVE_COUNT][BAL_RECOVERY_COUNT] = {
	[BAL_OBJECTIVE_RESPONSE] = {[BAL_RECOVERY_SHED] = true,
		[BAL_RECOVERY_SCALE_UP] = true,
		[BAL_RECOVERY_EJECT] = true},
	[BAL_OBJECTIVE_AVAILABILITY] = {[BAL_RECOVERY_SCALE_UP] = true},
	[BAL_OBJECTIVE_ERRORS] = {[BAL_RECOVERY_EJECT] = true},
	[BAL_OBJECTIVE_THROUGHPUT] = {[BAL_RECOVERY_SHED] = true, [BAL_RECOVERY_SCALE_UP] = true},
};

/* The broken objective that a step would be for. */
struct cause {
	uint32_t kind;
	enum bal_objective objective;
	struct bal_objective_view view;
};

/* ---- records ---- */

static void tell(struct bal_core *core, const struct bal_recovery *record)
{
	struct bal_effect *effect = outbox_add(core, BAL_EFFECT_RECOVERY);

	effect->order = record->id;
	effect->pool = record->pool;
	effect->agent = record->agent;
	effect->count = record->step;
	effect->reason = (enum bal_reason)record->reason;
}

static struct bal_recovery *record_new(struct bal_core *core, const struct cause *cause,
	enum bal_recovery_step step, uint32_t pool)
{
	struct recover_book *book = core->recoveries;
	uint32_t sequence = book->sequence++;
	struct bal_recovery *record = &book->records[sequence % RECOVER_KEPT_MAX];
	uint64_t total = cause->view.total[OBJECTIVE_5_MIN];

	*record = (struct bal_recovery){.id = RECOVERY_BIT |
					      (uint64_t)(core->epoch & (INT32_MAX / 2)) << 32 |
					      SEQUENCE_BIT | sequence,
		.step = step,
		.kind = cause->kind,
		.objective = cause->objective,
		.pool = pool,
		.good_permille = total == 0 ? 0
					    : (int64_t)(cause->view.good[OBJECTIVE_5_MIN] *
							(uint64_t)PERMILLE / total),
		.target_permille = cause->view.target_permille,
		.begun_at_ns = core->now_ns,
		.ended_at_ns = BAL_NEVER_NS,
		.reason = BAL_REASON_OBJECTIVE_BROKEN};
	return record;
}

static void record_end(struct bal_core *core, struct bal_recovery *record)
{
	record->ended_at_ns = core->now_ns;
	record->reason = BAL_REASON_OBJECTIVE_MET;
	tell(core, record);
}

static bool is_open(const struct bal_recovery *record)
{
	return record->id != 0 && record->ended_at_ns == BAL_NEVER_NS;
}

/* The open shedding of a pool that is the deepest; NULL. */
static struct bal_recovery *find_shedding(struct bal_core *core, uint32_t pool)
{
	struct bal_recovery *deepest = NULL;

	for (uint32_t i = 0; i < RECOVER_KEPT_MAX; i++) {
		struct bal_recovery *record = &core->recoveries->records[i];

		if (is_open(record) && record->step == BAL_RECOVERY_SHED && record->pool == pool &&
			(deepest == NULL || record->priority < deepest->priority))
			deepest = record;
	}
	return deepest;
}

/* ---- steps ---- */

static void shed(struct bal_core *core, struct pool *pool, const struct cause *cause)
{
	struct bal_recovery *record;

	pool->shed_calm_since_ns = BAL_NEVER_NS;
	if (pool->shed >= SHED_MAX || (pool->shed > 0 && core->now_ns - pool->shed_at_ns < STEP_NS))
		return;
	pool->shed++;
	pool->shed_at_ns = core->now_ns;
	record = record_new(core, cause, BAL_RECOVERY_SHED, pool->conf.pool);
	record->priority = (uint32_t)BAL_PRIORITY_COUNT - pool->shed;
	tell(core, record);
}

static void scale_up(struct bal_core *core, struct pool *pool, const struct cause *cause)
{
	uint64_t order = scale_for_objective(core, pool);
	struct bal_recovery *record;

	if (order == 0)
		return;
	record = record_new(core, cause, BAL_RECOVERY_SCALE_UP, pool->conf.pool);
	record->order = order;
	tell(core, record);
}

static bool is_outlier(
	const struct bal_core *core, const struct agent *agent, const struct learn_prior *prior)
{
	const struct history *own = learn_own(core, agent, prior->kind_hash);

	if (own == NULL || agent->state != BAL_AGENT_READY)
		return false;
	if (own->success.weight >= SAMPLES_MIN &&
		own->success.value < SUCCESS_TIMES * prior->success)
		return true;
	return own->fast.weight >= SAMPLES_MIN && own->fast.value > SLOW_TIMES * prior->slowness;
}

/* One at a look: what the others then do shows whether it was enough. */
static void eject(struct bal_core *core, struct pool *pool, const struct cause *cause)
{
	struct learn_prior prior;

	learn_expect(core, pool->conf.pool, cause->kind, &prior);
	for (struct list_node *node = pool->agents.first; node != NULL; node = list_next(node)) {
		struct agent *agent = container_of(node, struct agent, pool_node);
		struct bal_recovery *record;

		if (!is_outlier(core, agent, &prior))
			continue;
		agent_unhealthy(core, agent);
		if (agent->state != BAL_AGENT_EJECTED)
			return; /* too many are already */
		record = record_new(core, cause, BAL_RECOVERY_EJECT, pool->conf.pool);
		record->agent = agent->id;
		tell(core, record);
		return;
	}
}

typedef void take_step(struct bal_core *core, struct pool *pool, const struct cause *cause);

static take_step *const STEPS[BAL_RECOVERY_COUNT] = {
	[BAL_RECOVERY_SHED] = shed,
	[BAL_RECOVERY_SCALE_UP] = scale_up,
	[BAL_RECOVERY_EJECT] = eject,
};

/* Takes all steps that help, in the pools that serve the kind. */
static void recover_from(struct bal_core *core, const struct lane *lane, const struct cause *cause)
{
	for (uint32_t i = 0; i < core->pools_high; i++)
		for (uint32_t step = 0; step < BAL_RECOVERY_COUNT; step++)
			if (lane_serves(lane, i) && HELPS[cause->objective][step])
				STEPS[step](core, &core->pools[i], cause);
}

static bool is_broken(const struct bal_core *core, uint32_t kind, uint32_t objective,
	struct bal_objective_view *view)
{
	return objective_view(core, kind, (enum bal_objective)objective, view) && view->recovers &&
	       view->state == BAL_OBJECTIVE_IS_BROKEN;
}

void recover_kind(struct bal_core *core, uint32_t kind)
{
	uint32_t place = objective_lane(core, kind);
	struct cause cause = {.kind = kind};

	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT && place != BAL_NONE; i++) {
		cause.objective = (enum bal_objective)i;
		if (is_broken(core, kind, i, &cause.view))
			recover_from(core, lane_at(core, place), &cause);
	}
}

bool recover_scales(struct bal_core *core, struct pool *pool)
{
	uint64_t before = pool->order_last;
	struct cause cause;

	for (cause.kind = 0; cause.kind < objective_kinds_high(core->objectives); cause.kind++) {
		uint32_t place = objective_lane(core, cause.kind);

		if (place == BAL_NONE || !lane_serves(lane_at(core, place), pool->conf.pool))
			continue;
		for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++) {
			cause.objective = (enum bal_objective)i;
			if (!HELPS[i][BAL_RECOVERY_SCALE_UP] ||
				!is_broken(core, cause.kind, i, &cause.view))
				continue;
			scale_up(core, pool, &cause);
			if (pool->order_last != before)
				return true;
		}
	}
	return false;
}

bool recover_wants_shedding(const struct bal_core *core, uint32_t kind)
{
	struct bal_objective_view view;

	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++)
		if (HELPS[i][BAL_RECOVERY_SHED] && is_broken(core, kind, i, &view))
			return true;
	return false;
}

/* ---- and back ---- */

void recover_kind_fine(struct bal_core *core, uint32_t kind)
{
	struct bal_objective_view view;

	for (uint32_t i = 0; i < RECOVER_KEPT_MAX && outbox_has_room(core); i++) {
		struct bal_recovery *record = &core->recoveries->records[i];

		if (is_open(record) && record->kind == kind && record->step != BAL_RECOVERY_SHED &&
			!is_broken(core, kind, record->objective, &view))
			record_end(core, record);
	}
}

/* Whatever waits would find a slot at once or nearly. */
static bool has_room(const struct pool *pool)
{
	return pool->waiting + pool->waiting_batch <= pool->slots_ready;
}

void recover_pool(struct bal_core *core, struct pool *pool, bool wanted)
{
	struct bal_recovery *record;

	if (pool->shed == 0)
		return;
	if (wanted || !has_room(pool)) {
		pool->shed_calm_since_ns = BAL_NEVER_NS;
		return;
	}
	if (pool->shed_calm_since_ns == BAL_NEVER_NS)
		pool->shed_calm_since_ns = core->now_ns;
	if (core->now_ns - pool->shed_calm_since_ns < STEP_NS)
		return;
	pool->shed_calm_since_ns = core->now_ns;
	pool->shed--;
	pool->shed_at_ns = core->now_ns;
	record = find_shedding(core, pool->conf.pool);
	if (record != NULL)
		record_end(core, record);
}

/* ---- the door ---- */

bool recover_sheds(const struct bal_core *core, const struct lane *lane, uint32_t priority)
{
	for (uint32_t i = 0; i < core->pools_high; i++)
		if (lane_serves(lane, i) &&
			priority + core->pools[i].shed < (uint32_t)BAL_PRIORITY_COUNT)
			return false;
	return lane->pool_count > 0;
}

/* Share of the slots of the lane's pools that is not busy with what goes before. */
static double spare_share(const struct bal_core *core, const struct lane *lane)
{
	double slots = 0, load;

	for (uint32_t i = 0; i < core->pools_high; i++)
		if (lane_serves(lane, i))
			slots += core->pools[i].slots_ready;
	load = lane_rate(core, lane) * core->kinds[lane->kind].service_s.value;
	return slots <= load * (1 + SPARE_MIN) ? SPARE_MIN : 1 - load / slots;
}

/* Until what waits is worked off by what the admitted ones leave over, and the pool has been calm
 * for as long as it must be. */
int64_t recover_retry_ns(
	const struct bal_core *core, const struct lane *lane, uint32_t kind, uint32_t priority)
{
	double wait_ns = (double)num_max_i64(0, explain_wait_ns(core, lane, kind, priority));
	int64_t drain_ns = num_to_i64(wait_ns / spare_share(core, lane));

	return num_clamp_i64(num_add_i64(drain_ns, STEP_NS), RETRY_MIN_NS, RETRY_MAX_NS);
}

/* ---- views ---- */

bool recover_past(const struct recover_book *book, uint32_t back, struct bal_recovery *record)
{
	if (back >= RECOVER_KEPT_MAX || back >= book->sequence)
		return false;
	*record = book->records[(book->sequence - 1 - back) % RECOVER_KEPT_MAX];
	return record->id != 0;
}

bool recover_find(const struct recover_book *book, uint64_t id, struct bal_recovery *record)
{
	const struct bal_recovery *found = &book->records[(uint32_t)id % RECOVER_KEPT_MAX];

	if (id == 0 || found->id != id)
		return false;
	*record = *found;
	return true;
}
