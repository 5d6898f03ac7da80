/* SPDX-License-Identifier: Apache-2.0 */
/* Events come in chunks that are kept until the end of the run; the last one given back is the next
 * one used, so a run of any length works in a few cache lines. */
#include "sim/future.h"

#include "base/assert.h"
#include "base/list.h"

#include <stdlib.h>

#define CHUNK_EVENTS 256

struct future_chunk {
	struct future_chunk *next;
	struct future_event events[CHUNK_EVENTS];
};

static void add_chunk(struct future *future)
{
	struct future_chunk *chunk = calloc(1, sizeof *chunk);

	bal_assert(chunk != NULL);
	bal_assert(future->room_count < SIM_FUTURES_MAX);
	chunk->next = future->chunks;
	future->chunks = chunk;
	future->room_count += CHUNK_EVENTS;
	for (uint32_t i = 0; i < CHUNK_EVENTS; i++) {
		chunk->events[i].next = future->unused;
		future->unused = &chunk->events[i];
	}
}

struct future_event *future_post(struct future *future, int64_t at_ns, enum bal_event_type type)
{
	struct future_event *event;

	if (future->unused == NULL)
		add_chunk(future);
	event = future->unused;
	future->unused = event->next;
	*event = (struct future_event){.event = {.now_ns = at_ns, .type = type}};
	heap_insert(&future->heap, &event->node, at_ns, ++future->posted_count);
	return event;
}

int64_t future_next_ns(const struct future *future)
{
	const struct heap_node *first = heap_first(&future->heap);

	return first == NULL ? BAL_NEVER_NS : first->key;
}

struct future_event *future_take(struct future *future)
{
	struct heap_node *first = heap_pop(&future->heap);

	return first == NULL ? NULL : container_of(first, struct future_event, node);
}

void future_give(struct future *future, struct future_event *event)
{
	event->next = future->unused;
	future->unused = event;
}

int64_t future_answer_ns(const struct future *future, uint64_t agent)
{
	int64_t at_ns = BAL_NEVER_NS;

	for (const struct future_chunk *chunk = future->chunks; chunk != NULL; chunk = chunk->next)
		for (uint32_t i = 0; i < CHUNK_EVENTS; i++) {
			const struct future_event *event = &chunk->events[i];

			if (heap_holds(&event->node) && event->agent == agent &&
				event->event.type == BAL_EVENT_ATTEMPT_ENDED &&
				event->node.key < at_ns)
				at_ns = event->node.key;
		}
	return at_ns;
}

void future_release(struct future *future)
{
	while (future->chunks != NULL) {
		struct future_chunk *chunk = future->chunks;

		future->chunks = chunk->next;
		free(chunk);
	}
	*future = (struct future){.posted_count = 0};
}
