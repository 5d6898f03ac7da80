/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers out of range are refused and counted, never asserted: they come from outside. */
#include "core/sample.h"

#include "core/agent.h"
#include "core/alert.h"
#include "core/book.h"
#include "core/objective.h"
#include "core/resize.h"
#include "core/resource.h"
#include "core/shelf.h"

static bool subject_exists(struct bal_core *core, const struct bal_event_sample *sample)
{
	switch ((enum bal_subject)sample->subject) {
	case BAL_SUBJECT_AGENT:
		return agent_find(core, sample->id) != NULL;
	case BAL_SUBJECT_POOL:
		return sample->id < core->limits.pools_max && core->pools[sample->id].exists &&
		       !core->pools[sample->id].removed;
	case BAL_SUBJECT_KIND:
		return sample->id < core->limits.kinds_max;
	case BAL_SUBJECT_HOST:
	case BAL_SUBJECT_STORE:
		return sample->id == 0;
	default:
		return false;
	}
}

static void take_agent_sample(struct bal_core *core, const struct bal_event_sample *sample)
{
	struct agent *agent = agent_find(core, sample->id);

	/* A task that wants more memory than was free may go now. */
	if (sample->signal == BAL_SIGNAL_MEMORY_MIB &&
		sample->value < agent->signals[BAL_SIGNAL_MEMORY_MIB])
		core->dispatch_due = true;
	agent->signals[sample->signal] = sample->value;
	shelf_update(core, agent, agent->idle);
}

/* What cannot be real is cut to what can before anything looks at it. */
static void hand_on(struct bal_core *core, const struct bal_event_sample *sample)
{
	enum bal_subject subject = (enum bal_subject)sample->subject;
	struct bal_event_sample real = *sample;

	real.value = book_clamp(sample->signal, sample->value);
	if (subject == BAL_SUBJECT_AGENT && sample->signal < BAL_SIGNAL_DECISION_COUNT)
		take_agent_sample(core, &real);
	if (subject == BAL_SUBJECT_KIND)
		objective_sample(core, (uint32_t)real.id, real.signal, real.value);
	resource_sample(core, &real);
	resize_sample(core, &real);
	alert_observe(core, subject, real.id, real.signal, real.value);
	book_record(core, subject, real.id, real.signal, sample->value);
}

enum bal_status sample_take(struct bal_core *core, const struct bal_event_sample *sample)
{
	if (sample->subject >= BAL_SUBJECT_COUNT)
		return BAL_INVALID;
	if (!subject_exists(core, sample))
		return BAL_UNKNOWN;
	if (sample->signal >= BAL_SIGNAL_COUNT || sample->value < 0) {
		book_refuse(core, (enum bal_subject)sample->subject, sample->id, sample->signal);
		return BAL_INVALID;
	}
	if (sample->subject == BAL_SUBJECT_AGENT && sample->signal >= BAL_SIGNAL_AGENT_COUNT)
		return BAL_INVALID;
	hand_on(core, sample);
	return BAL_OK;
}
