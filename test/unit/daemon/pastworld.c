/* SPDX-License-Identifier: Apache-2.0 */
#include "pastworld.h"

#include "base/assert.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CORE_ALIGN 64
#define PENDING    512 /* operations in the store's queue; more are waited for */

static const struct bal_limits SMALL = {.tasks_max = 64,
	.agents_max = 8,
	.pools_max = 4,
	.kinds_max = 16,
	.tenants_max = 4,
	.limits_max = 2,
	.lanes_max = 8,
	.histories_max = 8,
	.conversations_max = 2,
	.explanations_max = 8,
	.orders_max = 4,
	.effects_max = 512,
	.trails_max = 32};

static void step(struct pastworld *world, struct bal_event event)
{
	struct bal_effect effects[16];
	struct bal_effects room = {.items = effects, .capacity = 16};

	event.now_ns = world->wall_ns - world->offset_ns;
	do {
		bal_step(world->core, &event, &room);
		event.type = BAL_EVENT_MORE;
	} while (room.more);
}

static uint32_t intern(void *self, enum bal_symbol_space space, struct span name)
{
	struct pastworld *world = self;
	bool is_new;
	uint32_t number = names_intern(world->names, space, name, &is_new);

	if (number != BAL_NONE && is_new)
		step(world, (struct bal_event){.type = BAL_EVENT_SYMBOL,
				    .symbol = {.space = space,
					    .number = number,
					    .text = {name.at, (uint32_t)name.size}}});
	return number;
}

static struct span name_of(void *self, enum bal_symbol_space space, uint32_t number)
{
	const struct pastworld *world = self;

	return names_text(world->names, space, number);
}

static void say(void *self, enum store_severity severity, const char *line)
{
	struct pastworld *world = self;

	world->said += severity != STORE_SAY_INFO;
	if (severity != STORE_SAY_INFO)
		snprintf(world->line, sizeof world->line, "%.255s", line);
}

static void make_core(struct pastworld *world)
{
	size_t size;

	if (world->limits.tasks_max == 0)
		world->limits = SMALL;
	size = (bal_core_size(&world->limits) + CORE_ALIGN - 1) / CORE_ALIGN * CORE_ALIGN;
	world->memory = aligned_alloc(CORE_ALIGN, size);
	bal_assert(world->memory != NULL);
	memset(world->memory, 0, size);
	world->core = bal_core_init(world->memory, size, &world->limits);
	world->names = names_open(&world->limits);
	bal_assert(world->core != NULL);
	bal_assert(world->names != NULL);
}

void pastworld_start(struct pastworld *world, struct store *store, int64_t wall_ns)
{
	struct past_host host = {
		.store = store, .intern = intern, .name = name_of, .say = say, .self = world};
	char name[32];

	make_core(world);
	world->store = store;
	world->wall_ns = wall_ns;
	world->offset_ns = wall_ns - 1000 * NS_PER_S;
	for (uint32_t i = 0; i < world->strangers; i++) {
		snprintf(name, sizeof name, "stranger-%u", i);
		intern(world, BAL_SYMBOL_KIND, span_of(name));
	}
	host.core = world->core;
	host.trails_max = world->limits.trails_max;
	world->past = past_open(&host);
	bal_assert(world->past != NULL);
	past_load(world->past, wall_ns);
	step(world, (struct bal_event){
			    .type = BAL_EVENT_CLOCK, .clock = {.utc_offset_ns = world->offset_ns}});
	step(world, (struct bal_event){.type = BAL_EVENT_START, .start = {.epoch = 1, .seed = 7}});
}

bool pastworld_open(struct pastworld *world, const struct store_ops *ops, const char *directory,
	int64_t wall_ns)
{
	const struct store_options options = {.directory = directory, .say = say, .context = world};
	struct store_report report;
	struct store *store;

	if (ops->open(&store, &options, &report) != STORE_OK) {
		say(world, STORE_SAY_ERROR, report.text);
		return false;
	}
	pastworld_start(world, store, wall_ns);
	return true;
}

/* Lets the store commit until no more than so many operations wait. Lazy ones would wait for
 * company: here it comes. */
static void settle(struct pastworld *world, uint32_t pending)
{
	struct store_op company = {.type = STORE_DELETE_RECORD,
		.record = {.space = STORE_SPACE_META, .key = {"nothing", 7}}};
	const struct timespec pause = {0, 200000};
	struct store_completion done;
	struct store_counts counts;

	world->store->ops->submit(world->store, &company, NULL);
	for (uint32_t i = 0; i < 100000; i++) {
		while (world->store->ops->drain(world->store, &done, 1) == 1)
			continue;
		world->store->ops->count(world->store, &counts);
		if (counts.queue_count <= pending)
			return;
		nanosleep(&pause, NULL);
	}
	bal_assert(false); /* the store commits */
}

static void give_up(struct pastworld *world)
{
	past_close(world->past);
	names_close(world->names);
	free(world->memory);
}

struct store *pastworld_stop(struct pastworld *world)
{
	past_save(world->past);
	settle(world, 0);
	give_up(world);
	return world->store;
}

void pastworld_close(struct pastworld *world)
{
	struct store *store = pastworld_stop(world);

	store->ops->close(store);
}

void pastworld_crash(struct pastworld *world)
{
	give_up(world);
	world->store->ops->close(world->store);
}

void pastworld_sample(
	struct pastworld *world, const char *kind, enum bal_signal signal, int64_t value)
{
	struct bal_event event = {.type = BAL_EVENT_SAMPLE,
		.sample = {.subject = BAL_SUBJECT_HOST, .signal = signal, .value = value}};

	if (kind != NULL) {
		event.sample.subject = BAL_SUBJECT_KIND;
		event.sample.id = intern(world, BAL_SYMBOL_KIND, span_of(kind));
	}
	step(world, event);
}

void pastworld_go(struct pastworld *world, int64_t wall_ns)
{
	world->wall_ns = wall_ns;
	for (uint32_t i = 0; i <= world->limits.trails_max / 64; i++)
		past_tick(world->past, wall_ns);
	settle(world, PENDING);
}

bool pastworld_find(const struct pastworld *world, const char *kind, enum bal_signal signal,
	struct bal_signal_view *view)
{
	uint32_t number =
		kind == NULL ? 0 : names_find(world->names, BAL_SYMBOL_KIND, span_of(kind));

	return number != BAL_NONE &&
	       bal_signal_find(world->core, kind == NULL ? BAL_SUBJECT_HOST : BAL_SUBJECT_KIND,
		       number, signal, view);
}
