/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of explanations as JSON, each also a record in the store under its place in the ring, so
 * that the store never holds more than the ring.  They are kept as text because numbers of pools
 * and agents mean nothing after a restart; orders are rare, so their size does not matter. */
#include "daemon/orders.h"

#include "base/bytes.h"
#include "daemon/why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE_MAX  (16u << 10)
#define VALUE_SIZE_MAX (TEXT_SIZE_MAX + 32)
#define KEY_SIZE       16
#define KEY_FORMAT     "order-%03u"
#define MEMBER_SIZE    300

struct kept {
	uint64_t number; /* counts up over all starts; 0: the place is free */
	uint64_t id;
	char *text;
	uint32_t size;
};

struct orders {
	struct engine *engine;
	struct engine_watcher watcher;
	struct kept ring[ORDERS_KEPT];
	uint64_t number; /* of the latest */
};

/* Puts a copy of the text at the place of its number. */
static bool keep(struct orders *orders, uint64_t number, uint64_t id, struct span text)
{
	struct kept *kept = &orders->ring[number % ORDERS_KEPT];
	char *copy = malloc(text.size);

	if (copy == NULL)
		return false;
	memcpy(copy, text.at, text.size);
	free(kept->text);
	*kept = (struct kept){number, id, copy, (uint32_t)text.size};
	if (number > orders->number)
		orders->number = number;
	return true;
}

static bool read_record(void *context, const struct store_record *record)
{
	struct orders *orders = context;
	struct span key = {record->key.data, record->key.size};
	struct bytes_reader reader;
	uint64_t number, id;
	struct span text;

	if (!span_starts(key, SPAN("order-")))
		return true;
	bytes_reader_init(&reader, record->value.data, record->value.size);
	number = bytes_get_u64(&reader);
	id = bytes_get_u64(&reader);
	text.at = (const char *)bytes_get_blob(&reader, &text.size);
	if (!reader.failed && number != 0 && text.size > 0)
		keep(orders, number, id, text);
	return true;
}

static void store(struct orders *orders, uint64_t number, uint64_t id, struct span text)
{
	struct store *to = engine_store(orders->engine);
	struct store_op op = {.type = STORE_PUT_RECORD, .lazy = true};
	uint8_t value[VALUE_SIZE_MAX];
	struct bytes_writer writer;
	char key[KEY_SIZE];

	bytes_writer_init(&writer, value, sizeof value);
	bytes_put_u64(&writer, number);
	bytes_put_u64(&writer, id);
	bytes_put_blob(&writer, text.at, text.size);
	op.record.space = STORE_SPACE_ENGINE;
	op.record.key.data = key;
	op.record.key.size =
		(uint32_t)snprintf(key, sizeof key, KEY_FORMAT, (unsigned)(number % ORDERS_KEPT));
	op.record.value = (struct store_bytes){value, (uint32_t)writer.used};
	if (!writer.overflow)
		to->ops->submit(to, &op, NULL);
}

/* The number under which an order is kept, or the next one. */
static uint64_t number_of(const struct orders *orders, uint64_t id)
{
	for (uint32_t i = 0; i < ORDERS_KEPT; i++)
		if (orders->ring[i].number != 0 && orders->ring[i].id == id)
			return orders->ring[i].number;
	return orders->number + 1;
}

/* An order may have several effects, one for each agent that it drains: the first tells it, and
 * what came of it tells it anew. */
static void on_effect(
	struct engine_watcher *watcher, const struct bal_effect *effect, struct job *job)
{
	struct orders *orders = container_of(watcher, struct orders, watcher);
	char memory[TEXT_SIZE_MAX];
	struct json_writer writer;
	struct buffer text;
	struct bal_why why;
	uint64_t number;

	(void)job;
	if (effect->order == 0 ||
		(effect->type != BAL_EFFECT_ORDER && orders_find(orders, effect->order).at != NULL))
		return;
	bal_why(engine_core(orders->engine), effect->order, &why);
	if (why.kind != BAL_WHY_SCALED)
		return;
	buffer_init_fixed(&text, memory, sizeof memory);
	json_writer_init(&writer, &text);
	why_write(orders->engine, &why, &writer);
	number = number_of(orders, effect->order);
	if (json_writer_done(&writer) && keep(orders, number, effect->order, buffer_span(&text)))
		store(orders, number, effect->order, buffer_span(&text));
}

struct orders *orders_open(struct engine *engine)
{
	struct orders *orders = calloc(1, sizeof *orders);
	struct store *from = engine_store(engine);

	if (orders == NULL)
		return NULL;
	orders->engine = engine;
	orders->watcher.effect = on_effect;
	from->ops->scan_records(from, STORE_SPACE_ENGINE, read_record, orders);
	engine_watch(engine, &orders->watcher);
	return orders;
}

void orders_close(struct orders *orders)
{
	if (orders == NULL)
		return;
	engine_unwatch(orders->engine, &orders->watcher);
	for (uint32_t i = 0; i < ORDERS_KEPT; i++)
		free(orders->ring[i].text);
	free(orders);
}

void orders_write(const struct orders *orders, struct span pool, struct json_writer *writer)
{
	char member[MEMBER_SIZE];
	int size = snprintf(member, sizeof member, "\"pool\":\"%.*s\"", (int)pool.size, pool.at);

	for (uint64_t number = orders->number; number > 0; number--) {
		const struct kept *kept = &orders->ring[number % ORDERS_KEPT];

		if (kept->number != number)
			return;
		if (pool.at == NULL || memmem(kept->text, kept->size, member, (size_t)size) != NULL)
			json_put_raw(writer, (struct span){kept->text, kept->size});
	}
}

struct span orders_find(const struct orders *orders, uint64_t id)
{
	/* The latest are asked about most. */
	for (uint32_t i = 0; i < ORDERS_KEPT; i++) {
		const struct kept *kept = &orders->ring[(orders->number - i) % ORDERS_KEPT];

		if (kept->number != 0 && kept->id == id)
			return (struct span){kept->text, kept->size};
	}
	return (struct span){NULL, 0};
}
