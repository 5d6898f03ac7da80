/* SPDX-License-Identifier: Apache-2.0 */
/* Knows arrivals and sizes.  What is needed in each stretch of ten seconds is the peak of tasks
 * that would run if no task ever waited, at 80 % of the slots.  The k-th agent is needed wherever
 * that is k or more: it is ordered one boot time before each such stretch and kept through gaps
 * that are shorter than a boot, for ending it and starting another costs as much. */
#include "base/heap.h"
#include "base/num.h"
#include "base/units.h"
#include "sim/scaling_policy.h"

#include <stdlib.h>

#define STRETCH_NS     (10 * NS_PER_S)
#define BUSY_SHARE     0.8
#define NEEDED_AT_ONCE 100000u

struct oracle_end {
	struct heap_node node;
	struct oracle_end *next; /* while unused */
};

struct oracle_plan {
	uint32_t *needed; /* agents, in each stretch */
	int32_t *wanted;  /* changes, then agents, in each second */
	uint32_t stretches;
	int64_t seconds;
};

/* Tasks that run at once: the ends that are still to come. */
struct crowd {
	struct heap ends;
	struct oracle_end *unused;
	struct oracle_end **blocks;
	uint32_t block_count;
	uint64_t serial;
};

#define BLOCK_SIZE 4096u

static struct oracle_end *crowd_room(struct crowd *crowd)
{
	struct oracle_end *end = crowd->unused;
	struct oracle_end **blocks;

	if (end != NULL) {
		crowd->unused = end->next;
		return end;
	}
	blocks = realloc((void *)crowd->blocks, (crowd->block_count + 1) * sizeof *blocks);
	if (blocks == NULL)
		return NULL;
	crowd->blocks = blocks;
	blocks[crowd->block_count] = calloc(BLOCK_SIZE, sizeof **blocks);
	if (blocks[crowd->block_count] == NULL)
		return NULL;
	for (uint32_t i = 0; i < BLOCK_SIZE; i++) {
		blocks[crowd->block_count][i].next = crowd->unused;
		crowd->unused = &blocks[crowd->block_count][i];
	}
	crowd->block_count++;
	return crowd_room(crowd);
}

static void crowd_release(struct crowd *crowd)
{
	for (uint32_t i = 0; i < crowd->block_count; i++)
		free(crowd->blocks[i]);
	free((void *)crowd->blocks);
}

/* Those that have ended by then leave. */
static void crowd_leave(struct crowd *crowd, int64_t until_ns)
{
	while (crowd->ends.count > 0 && heap_first(&crowd->ends)->key <= until_ns) {
		struct oracle_end *end = (struct oracle_end *)(void *)heap_pop(&crowd->ends);

		end->next = crowd->unused;
		crowd->unused = end;
	}
}

static void note_peak(struct oracle_plan *plan, uint32_t stretch, uint32_t running)
{
	if (stretch < plan->stretches && plan->needed[stretch] < running)
		plan->needed[stretch] = running;
}

/* Fills `needed` with the most tasks at once. */
static bool find_peaks(struct oracle_plan *plan, const struct scaling_load *load)
{
	struct crowd crowd = {.serial = 0};
	struct scaling_stream stream;
	int64_t at_ns, work_ns;
	uint32_t stretch = 0;
	bool went = true;

	scaling_stream_init(&stream, load);
	while (went && scaling_stream_next(&stream, &at_ns, &work_ns)) {
		struct oracle_end *end;

		while (stretch < at_ns / STRETCH_NS) { /* what goes on into the next stretch */
			stretch++;
			crowd_leave(&crowd, stretch * STRETCH_NS);
			note_peak(plan, stretch, crowd.ends.count);
		}
		crowd_leave(&crowd, at_ns);
		end = crowd_room(&crowd);
		went = end != NULL;
		if (went)
			heap_insert(&crowd.ends, &end->node, at_ns + work_ns, crowd.serial++);
		note_peak(plan, stretch, crowd.ends.count);
	}
	crowd_release(&crowd);
	return went;
}

/* One agent more from this second on, and one less from that. */
static void add_stretch(struct oracle_plan *plan, int64_t from_s, int64_t to_s)
{
	plan->wanted[num_clamp_i64(from_s, 0, plan->seconds)]++;
	plan->wanted[num_clamp_i64(to_s, 0, plan->seconds)]--;
}

/* The k-th agent: its stretches, with short gaps bridged. */
static void add_agent(struct oracle_plan *plan, uint32_t k, int64_t boot_s)
{
	int64_t stretch_s = STRETCH_NS / NS_PER_S;
	int64_t from_s = -1, to_s = 0;

	for (uint32_t i = 0; i < plan->stretches; i++) {
		int64_t at_s = i * stretch_s;

		if (plan->needed[i] < k)
			continue;
		if (from_s >= 0 && at_s - to_s > boot_s) {
			add_stretch(plan, from_s - boot_s, to_s);
			from_s = -1;
		}
		if (from_s < 0)
			from_s = at_s;
		to_s = at_s + stretch_s;
	}
	if (from_s >= 0)
		add_stretch(plan, from_s - boot_s, to_s);
}

static bool make_plan(struct oracle_plan *plan, const struct scaling_setup *setup)
{
	int64_t boot_s = (setup->boot_ns + NS_PER_S - 1) / NS_PER_S;
	uint32_t most = 0;

	if (!find_peaks(plan, setup->load))
		return false;
	for (uint32_t i = 0; i < plan->stretches; i++) {
		plan->needed[i] =
			scaling_ceil((double)plan->needed[i] / ((double)setup->slots * BUSY_SHARE));
		most = plan->needed[i] > most ? plan->needed[i] : most;
	}
	for (uint32_t k = 1; k <= most && k <= NEEDED_AT_ONCE; k++)
		add_agent(plan, k, boot_s);
	for (int64_t i = 1; i <= plan->seconds; i++)
		plan->wanted[i] += plan->wanted[i - 1];
	return true;
}

static bool begin(void *state, const struct scaling_setup *setup)
{
	struct oracle_plan *plan = state;
	int64_t span_ns = scaling_load_span_ns(setup->load);

	plan->stretches = (uint32_t)(span_ns / STRETCH_NS + 1);
	plan->seconds = span_ns / NS_PER_S;
	plan->needed = calloc(plan->stretches, sizeof *plan->needed);
	plan->wanted = calloc((size_t)plan->seconds + 1, sizeof *plan->wanted);
	return plan->needed != NULL && plan->wanted != NULL && make_plan(plan, setup);
}

static uint32_t look(void *state, const struct scaling_view *view)
{
	const struct oracle_plan *plan = state;
	int64_t second = num_clamp_i64(view->now_ns / NS_PER_S, 0, plan->seconds);
	int32_t wanted = plan->wanted[second];

	return wanted < 1 ? 1 : (uint32_t)wanted;
}

static void release(void *state)
{
	struct oracle_plan *plan = state;

	free(plan->needed);
	free(plan->wanted);
}

const struct scaling_policy scaling_policy_oracle = {.name = "oracle",
	.source = "arrivals and sizes known beforehand, ordered one boot time ahead, 80 % busy",
	.strategy = BAL_STRATEGY_FIXED,
	.state_size = sizeof(struct oracle_plan),
	.begin = begin,
	.look = look,
	.release = release};
