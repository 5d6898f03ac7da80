/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A forecast is a line between the middles of bins of five minutes, so little changes in ten
 * seconds, and looking at all lanes is worth it only now and then.
 *
 * Ahead of a boot only what grows counts: agents that are not needed later are needed until then,
 * and they leave at once when it is time.
 */
#include "core/heading.h"

#include "base/num.h"
#include "base/units.h"
#include "core/series.h"
#include "core/state.h"

#define STALE_NS   (10 * NS_PER_S)
#define GROWTH_MAX 3.0
#define BITS       64

/* Sums over kinds, in slots. */
struct sums {
	double now, later, drift;
	uint64_t seen[SERIES_KINDS_MAX / BITS];
};

/* True when the kind is looked at for the first time; kinds without a series never are. */
static bool is_new(struct sums *sums, uint32_t kind)
{
	uint64_t bit = UINT64_C(1) << kind % BITS;

	if (kind >= SERIES_KINDS_MAX || (sums->seen[kind / BITS] & bit) != 0)
		return false;
	sums->seen[kind / BITS] |= bit;
	return true;
}

/* Arrivals per second in the last bin. */
static double recent_rate(const struct bal_core *core, uint32_t kind)
{
	double step_s = (double)series_step_ns(SERIES_FINE) / (double)NS_PER_S;
	double count;

	if (!series_past(core->series, kind, SERIES_ARRIVALS, SERIES_FINE, 1, &count) ||
		!num_is_finite(count))
		return 0;
	return count / step_s;
}

static void add_kind(const struct bal_core *core, struct sums *sums, uint32_t kind, double boot_s)
{
	const struct mean *service = &core->kinds[kind].service_s;
	double each_s = service->weight > 0 ? num_max(service->value, 0) : 1;
	struct series_course course;

	if (!series_course(core->series, kind, core->now_ns, boot_s, &course)) {
		course.now = course.later = recent_rate(core, kind);
		course.drift = 0;
	}
	sums->now += course.now * each_s;
	sums->later += course.later * each_s;
	sums->drift += course.drift * course.now * each_s;
}

static void find(const struct bal_core *core, const struct pool *pool, double boot_s,
	struct heading *heading)
{
	struct sums sums = {.now = 0};

	for (uint32_t i = slab_next(&core->lanes, 0); i != SLAB_NONE;
		i = slab_next(&core->lanes, i + 1)) {
		const struct lane *lane = slab_at(&core->lanes, i);

		if (lane_serves(lane, pool->conf.pool) && is_new(&sums, lane->kind))
			add_kind(core, &sums, lane->kind, boot_s);
	}
	heading->growth = sums.now > 0 ? num_clamp(sums.later / sums.now, 1, GROWTH_MAX) : 1;
	heading->drift = sums.now > 0 ? sums.drift / sums.now : 0;
	heading->at_ns = core->now_ns;
	heading->found = true;
}

const struct heading *heading_of(const struct bal_core *core, struct pool *pool, double boot_s)
{
	struct heading *heading = &pool->scaling->heading;
	int64_t since_ns = num_sub_i64(core->now_ns, heading->at_ns);

	if (!heading->found || since_ns < 0 || since_ns >= STALE_NS)
		find(core, pool, boot_s, heading);
	return heading;
}

bool heading_valid(const struct heading *heading)
{
	return !heading->found || (heading->growth >= 1 && heading->growth <= GROWTH_MAX &&
					  num_is_finite(heading->drift));
}
