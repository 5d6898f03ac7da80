/* SPDX-License-Identifier: Apache-2.0 */
/* More agents have helped when the metric they were ordered for got better or waits are as they
 * should be, or when more work was done at a time: load that grew meanwhile must not make agents
 * that are busy look useless. They have no effect when all that is missing, and harm when tasks
 * wait longer on top of it, or take longer without more being done, as behind a database that all
 * agents share.
 *
 * Fewer agents have helped when there were fewer indeed, and waits stayed as they should be or as
 * they were; they harm when waits became late. Why waits became late is not asked: more agents are
 * right in any case. */
#include "core/verdict.h"

#include "base/units.h"

#define BETTER_PERMILLE 980  /* of what it was, at most */
#define MORE_PERMILLE   1020 /* of what it was, at least */
#define SLOWER_PERMILLE 1250 /* source: requirement, "task time +25 %" */
#define LATE_MARGIN     50   /* permille: more late waits than before */

/* True when a value is at least, or at most, so much of what it was. */
static bool is_more(int64_t after, int64_t before, int64_t permille)
{
	return after > before && after * PERMILLE >= before * permille;
}

static bool is_less(int64_t after, int64_t before, int64_t permille)
{
	return after < before && after * PERMILLE <= before * permille;
}

static bool is_late(const struct verdict_case *about)
{
	return about->after.late_permille > about->late_permille;
}

static bool is_later(const struct verdict_case *about)
{
	return is_late(about) &&
	       about->after.late_permille >= about->before.late_permille + LATE_MARGIN;
}

/* The metric that an order up was for. More slots alone make the load look better, which helps no
 * task that waits: where some do, their number is what counts. */
static int64_t metric(
	enum bal_reason reason, const struct bal_stretch *before, const struct bal_stretch *stretch)
{
	switch (reason) {
	case BAL_REASON_SCALE_LOAD_HIGH:
	case BAL_REASON_SCALE_EMERGENCY:
		return before->waiting_millis > 0 ? stretch->waiting_millis
						  : stretch->load_permille;
	case BAL_REASON_SCALE_QUEUE_DEEP:
		return stretch->waiting_millis;
	default:
		return stretch->late_permille;
	}
}

/* Tasks take longer, and no more of them are done: what agents share is what is short. */
static bool is_slower(const struct verdict_case *about)
{
	return is_more(about->after.service_ns, about->before.service_ns, SLOWER_PERMILLE) &&
	       !is_more(about->after.starts_millis, about->before.starts_millis, MORE_PERMILLE);
}

static bool is_better(const struct verdict_case *about)
{
	const struct bal_stretch *before = &about->before, *after = &about->after;

	return is_less(metric(about->reason, before, after), metric(about->reason, before, before),
		       BETTER_PERMILLE) ||
	       is_more(after->starts_millis, before->starts_millis, MORE_PERMILLE) ||
	       is_more(after->busy_millis, before->busy_millis, MORE_PERMILLE);
}

static enum bal_verdict judge_up(const struct verdict_case *about)
{
	bool slower = is_slower(about);

	if (about->asked > 0 && about->came == 0)
		return BAL_VERDICT_FAILED;
	if (about->after.span_ns == 0 || !is_late(about))
		return BAL_VERDICT_HELPED;
	if (about->before.span_ns == 0)
		return BAL_VERDICT_NO_EFFECT;
	if (is_better(about) && !slower)
		return BAL_VERDICT_HELPED;
	return slower || is_later(about) ? BAL_VERDICT_HARMFUL : BAL_VERDICT_NO_EFFECT;
}

static enum bal_verdict judge_down(const struct verdict_case *about)
{
	if (about->after.span_ns == 0 || about->before.span_ns == 0)
		return is_late(about) ? BAL_VERDICT_HARMFUL : BAL_VERDICT_HELPED;
	if (is_later(about))
		return BAL_VERDICT_HARMFUL;
	return about->after.agents_millis < about->before.agents_millis ? BAL_VERDICT_HELPED
									: BAL_VERDICT_NO_EFFECT;
}

enum bal_verdict verdict_of(const struct verdict_case *about)
{
	return about->is_up ? judge_up(about) : judge_down(about);
}
