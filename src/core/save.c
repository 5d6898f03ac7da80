/* SPDX-License-Identifier: Apache-2.0 */
/* One walk writes the state, measures it and digests it: bytes go to a buffer of the caller's, to
 * nowhere, or through a small window into a digest, which therefore needs no memory of its own. */
#include "core/save.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "core/alert.h"
#include "core/book.h"
#include "core/form.h"
#include "core/intent.h"
#include "core/knees.h"
#include "core/minimum.h"
#include "core/objective.h"
#include "core/recover.h"
#include "core/resize.h"
#include "core/resource.h"
#include "core/series.h"

/* Half of it holds the longest structure: an order, with about 250 members of at most 10 bytes. */
#define WINDOW_SIZE 8192
#define WINDOW_FULL (WINDOW_SIZE / 2)

struct save {
	struct bytes_writer writer;
	struct digest *digest; /* NULL: the bytes stay in the writer */
	bool bare;             /* leave the past of signals out */
};

/* Hands the window over to the digest when there is little room left in it. */
static void slide(struct save *save, size_t used_max)
{
	bal_assert(save->digest == NULL || !save->writer.overflow);
	if (save->digest == NULL || save->writer.used <= used_max)
		return;
	digest_bytes(save->digest, save->writer.data, save->writer.used);
	save->writer.used = 0;
}

static void put_form(struct save *save, const struct form *form, const void *base)
{
	form_put(form, base, &save->writer);
	slide(save, WINDOW_FULL);
}

static void put_number(struct save *save, uint64_t number)
{
	bytes_put_varint(&save->writer, number);
	slide(save, WINDOW_FULL);
}

/* Ends a list of things, each of which begins with its place + 1. */
static void put_end(struct save *save)
{
	put_number(save, 0);
}

static void put_item(struct save *save, const struct form *form, uint32_t place, const void *item)
{
	put_number(save, (uint64_t)place + 1);
	put_form(save, form, item);
}

static void put_table(struct save *save, const struct form *form, const void *table, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const void *item = (const uint8_t *)table + (size_t)i * form->stride;

		if (!form_is_blank(form, item))
			put_item(save, form, i, item);
	}
	put_end(save);
}

static void put_slab(struct save *save, const struct form *form, const struct slab *slab)
{
	for (uint32_t i = slab_next(slab, 0); i != SLAB_NONE; i = slab_next(slab, i + 1))
		put_item(save, form, i, slab_at(slab, i));
	put_end(save);
}

static void put_timer(struct save *save, const struct timer *timer)
{
	bool set = heap_holds(&timer->node);

	bytes_put_u8(&save->writer, set);
	bytes_put_i64(&save->writer, set ? timer->node.key : 0);
	slide(save, WINDOW_FULL);
}

static void put_agents(struct save *save, const struct bal_core *core)
{
	for (uint32_t i = 0; i < core->limits.pools_max; i++) {
		for (const struct list_node *node = core->pools[i].agents.first; node != NULL;
			node = list_next(node)) {
			const struct agent *agent = container_of(node, struct agent, pool_node);

			put_item(save, &FORM_AGENT, slab_index(&core->agents, agent), agent);
			put_number(save, agent->idle);
			put_number(save, agent->seat);
			put_timer(save, &agent->timer);
		}
	}
	put_end(save);
}

static void put_running(struct save *save, const struct bal_core *core)
{
	for (uint32_t i = slab_next(&core->agents, 0); i != SLAB_NONE;
		i = slab_next(&core->agents, i + 1)) {
		const struct agent *agent = slab_at(&core->agents, i);

		for (const struct list_node *node = agent->tasks.first; node != NULL;
			node = list_next(node)) {
			const struct task *task = container_of(node, struct task, agent_node);

			put_number(save, (uint64_t)slab_index(&core->tasks, task) + 1);
		}
		put_end(save);
	}
}

static void put_hedges(struct save *save, const struct bal_core *core)
{
	for (const struct list_node *node = core->hedges_open.first; node != NULL;
		node = list_next(node)) {
		const struct hedge *hedge = container_of(node, struct hedge, node);

		put_item(save, &FORM_HEDGE, slab_index(&core->hedges, hedge), hedge);
	}
	put_end(save);
}

static void put_children(struct save *save, const struct bal_core *core)
{
	for (const struct list_node *node = core->children_queued.first; node != NULL;
		node = list_next(node)) {
		const struct task *task = container_of(node, struct task, child_node);

		put_number(save, (uint64_t)slab_index(&core->tasks, task) + 1);
	}
	put_end(save);
}

static void put_deferred(struct save *save, const struct bal_core *core)
{
	for (const struct list_node *node = core->deferred.first; node != NULL;
		node = list_next(node)) {
		const struct task *task = container_of(node, struct task, defer_node);

		put_number(save, (uint64_t)slab_index(&core->tasks, task) + 1);
	}
	put_end(save);
}

static void put_learned(struct save *save, const struct bal_core *core)
{
	for (const struct list_node *node = core->history_use.first; node != NULL;
		node = list_next(node)) {
		const struct history *history = container_of(node, struct history, use_node);

		put_item(save, &FORM_HISTORY, slab_index(&core->histories, history), history);
	}
	put_end(save);
	for (const struct list_node *node = core->context_use.first; node != NULL;
		node = list_next(node)) {
		const struct context *context = container_of(node, struct context, use_node);

		put_item(save, &FORM_CONTEXT, slab_index(&core->contexts, context), context);
	}
	put_end(save);
}

static void put_meter(struct save *save, const struct meter_book *book)
{
	put_form(save, &FORM_METER_BOOK, book);
	for (uint32_t i = 0; i < METER_MARKS; i++)
		put_form(save, &FORM_METER, &book->marks[i]);
}

static void slide_window(void *context)
{
	slide(context, WINDOW_FULL);
}

static void put_scaling(struct save *save, const struct bal_core *core)
{
	for (uint32_t i = 0; i < core->limits.pools_max; i++) {
		const struct scaling *scaling = core->pools[i].scaling;

		if (!core->pools[i].exists || !scaling->demand.looked)
			continue;
		put_item(save, &FORM_SCALING, i, scaling);
		put_form(save, &FORM_PREDICTIVE, &scaling->predictive);
		put_meter(save, &scaling->meter);
		put_form(save, &FORM_ORDER_TALLY, &scaling->tally);
		put_form(save, &FORM_TRIGGERS, &scaling->triggers);
		adaptive_put(&scaling->adaptive, &save->writer, slide_window, save);
	}
	put_end(save);
}

static void put_outbox(struct save *save, const struct outbox *outbox)
{
	put_number(save, outbox->count);
	for (uint32_t i = 0; i < outbox->count; i++)
		put_form(
			save, &FORM_EFFECT, &outbox->items[(outbox->first + i) % outbox->capacity]);
}

/* One may fill most of the window. */
static void put_shifts(struct save *save, const struct bal_core *core)
{
	put_number(save, core->shifts.count);
	for (uint32_t i = 0; i < core->shifts.count; i++) {
		slide(save, 0);
		shifts_put(&core->shifts, i, &save->writer);
	}
	for (uint32_t i = slab_next(&core->agents, 0); i != SLAB_NONE;
		i = slab_next(&core->agents, i + 1)) {
		slide(save, 0);
		if (shifts_of_agent(&core->shifts, i) == NULL)
			continue;
		put_number(save, (uint64_t)i + 1);
		shifts_agent_put(&core->shifts, i, &save->writer);
	}
	slide(save, 0);
	put_end(save);
	slide(save, 0);
}

/* A core that keeps no past has no such part. */
static void put_book(struct save *save, const struct signal_book *book)
{
	if (save->bare || !book_is_kept(book))
		return;
	if (save->digest == NULL) {
		book_put(book, &save->writer);
		return;
	}
	slide(save, 0);
	book_digest(book, save->digest);
}

static void put_state(struct save *save, const struct bal_core *core)
{
	const struct bal_limits *limits = &core->limits;

	bytes_put_u32(&save->writer, STATE_MAGIC);
	bytes_put_u32(&save->writer, STATE_VERSION);
	put_form(save, &FORM_LIMITS, limits);
	put_form(save, &FORM_CORE, core);
	put_table(save, &FORM_POOL, core->pools, limits->pools_max);
	put_table(save, &FORM_LIMIT, core->shared, limits->limits_max);
	put_table(save, &FORM_KIND, core->kinds, limits->kinds_max);
	put_table(save, &FORM_ORDER, core->orders, limits->orders_max);
	put_table(save, &FORM_WHY, core->decisions, limits->explanations_max);
	put_slab(save, &FORM_LANE, &core->lanes);
	put_agents(save, core);
	put_slab(save, &FORM_TASK, &core->tasks);
	put_running(save, core);
	put_hedges(save, core);
	put_children(save, core);
	put_deferred(save, core);
	for (uint32_t i = 0; i < limits->pools_max; i++)
		if (core->pools[i].exists)
			put_timer(save, &core->pools[i].timer);
	put_scaling(save, core);
	put_table(save, &FORM_TENANT, core->tenants, limits->tenants_max);
	put_learned(save, core);
	series_put(core->series, &save->writer, slide_window, save);
	resource_put(core, &save->writer, slide_window, save);
	knees_put(core, &save->writer, slide_window, save);
	alert_put(core->alerts, &save->writer, slide_window, save);
	objective_put(core->objectives, &save->writer, slide_window, save);
	put_number(save, core->recoveries->sequence);
	put_table(save, &FORM_RECOVERY, core->recoveries->records, RECOVER_KEPT_MAX);
	put_number(save, core->intents->sequence);
	put_table(save, &FORM_HELD, core->intents->items, BAL_HELD_MAX);
	put_table(save, &FORM_MINIMUM, core->minimums->items, BAL_MINIMUMS_MAX);
	put_shifts(save, core);
	resize_put(core, &save->writer, slide_window, save);
	put_outbox(save, &core->outbox);
	put_book(save, core->book);
}

static size_t save_core(const struct bal_core *core, bool bare, void *to, size_t size)
{
	struct save measure = {.bare = bare};
	struct save save = {.bare = bare};

	/* Measured first: bytes that do not fit are not written at all. */
	bytes_writer_init(&measure.writer, NULL, 0);
	put_state(&measure, core);
	bytes_put_u32(&measure.writer, 0);
	if (to == NULL || size < measure.writer.used)
		return measure.writer.used;
	bytes_writer_init(&save.writer, to, size);
	put_state(&save, core);
	bytes_put_u32(&save.writer, checksum_crc32c(0, to, save.writer.used));
	return save.writer.used;
}

size_t bal_core_save(const struct bal_core *core, void *to, size_t size)
{
	return save_core(core, false, to, size);
}

size_t bal_core_save_bare(const struct bal_core *core, void *to, size_t size)
{
	return save_core(core, true, to, size);
}

uint64_t bal_core_digest(const struct bal_core *core)
{
	uint8_t window[WINDOW_SIZE];
	struct digest digest;
	struct save save = {.digest = &digest};

	digest_init(&digest, STATE_VERSION);
	bytes_writer_init(&save.writer, window, sizeof window);
	put_state(&save, core);
	slide(&save, 0);
	return digest_value(&digest);
}
