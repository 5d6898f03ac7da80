/* SPDX-License-Identifier: Apache-2.0 */
/* The budget, the pools that somebody said something about, the agents in the order of their
 * places, the kept orders. The bytes are input when they are read. */
#include "base/bytes.h"
#include "core/agent.h"
#include "core/record.h"
#include "core/resize_state.h"

static bool is_instant(int64_t at_ns)
{
	return at_ns == BAL_NEVER_NS ||
	       (at_ns >= RECORD_PAST_MIN_NS && at_ns <= RECORD_PAST_MAX_NS);
}

static void put_pool(struct bytes_writer *writer, const struct resize_pool *pool)
{
	bytes_put_u32(writer, pool->conf.mode);
	bytes_put_u8(writer, pool->conf.able);
	bytes_put_u32(writer, pool->conf.cpu_max_millis);
	bytes_put_u32(writer, pool->conf.memory_max_mib);
	bytes_put_u32(writer, pool->conf.cpu_budget_millis);
	bytes_put_u32(writer, pool->conf.memory_budget_mib);
	bytes_put_i64(writer, pool->settle_until_ns);
	bytes_put_i64(writer, pool->horizontal_until_ns);
	bytes_put_i64(writer, pool->replace_after_ns);
	bytes_put_i64(writer, pool->oom_at_ns);
	bytes_put_u32(writer, pool->oom_mib);
	bytes_put_u64(writer, pool->replacement.agent);
	bytes_put_u64(writer, pool->replacement.order);
	bytes_put_i64(writer, pool->replacement.begun_at_ns);
	bytes_put_u8(writer, pool->replacement.draining);
}

static bool read_pool(struct resize_pool *pool, struct bytes_reader *reader)
{
	uint8_t draining, able;

	pool->conf.mode = bytes_get_u32(reader);
	able = bytes_get_u8(reader);
	pool->conf.able = able != 0;
	pool->conf.cpu_max_millis = bytes_get_u32(reader);
	pool->conf.memory_max_mib = bytes_get_u32(reader);
	pool->conf.cpu_budget_millis = bytes_get_u32(reader);
	pool->conf.memory_budget_mib = bytes_get_u32(reader);
	pool->settle_until_ns = bytes_get_i64(reader);
	pool->horizontal_until_ns = bytes_get_i64(reader);
	pool->replace_after_ns = bytes_get_i64(reader);
	pool->oom_at_ns = bytes_get_i64(reader);
	pool->oom_mib = bytes_get_u32(reader);
	pool->replacement.agent = bytes_get_u64(reader);
	pool->replacement.order = bytes_get_u64(reader);
	pool->replacement.begun_at_ns = bytes_get_i64(reader);
	draining = bytes_get_u8(reader);
	pool->replacement.draining = draining != 0;
	return !reader->failed && pool->conf.mode < BAL_VERTICAL_COUNT && able <= 1 &&
	       draining <= 1 && is_instant(pool->oom_at_ns) &&
	       is_instant(pool->replacement.begun_at_ns);
}

static void put_agent(struct bytes_writer *writer, const struct resize_agent *own)
{
	bytes_put_u8(writer, own->hold);
	bytes_put_u32(writer, own->cpu_base_millis);
	bytes_put_u32(writer, own->memory_base_mib);
	bytes_put_u64(writer, own->order_open);
	bytes_put_u64(writer, own->order_last);
	bytes_put_u32(writer, own->cpu_asked_millis);
	bytes_put_u32(writer, own->memory_asked_mib);
	bytes_put_i64(writer, own->asked_at_ns);
	bytes_put_i64(writer, own->pause_until_ns);
	vertical_put(&own->vertical, writer);
}

static bool read_agent(struct resize_agent *own, struct bytes_reader *reader)
{
	own->used = true;
	own->hold = bytes_get_u8(reader);
	own->cpu_base_millis = bytes_get_u32(reader);
	own->memory_base_mib = bytes_get_u32(reader);
	own->order_open = bytes_get_u64(reader);
	own->order_last = bytes_get_u64(reader);
	own->cpu_asked_millis = bytes_get_u32(reader);
	own->memory_asked_mib = bytes_get_u32(reader);
	own->asked_at_ns = bytes_get_i64(reader);
	own->pause_until_ns = bytes_get_i64(reader);
	return own->hold < BAL_REASON_COUNT && is_instant(own->asked_at_ns) &&
	       is_instant(own->pause_until_ns) && vertical_read(&own->vertical, reader);
}

static void put_record(struct bytes_writer *writer, const struct bal_resize *record)
{
	bytes_put_u64(writer, record->order);
	if (record->order == 0)
		return;
	bytes_put_u64(writer, record->agent);
	bytes_put_u32(writer, record->pool);
	bytes_put_u32(writer, record->reason);
	bytes_put_u8(writer, record->advised);
	bytes_put_u32(writer, record->cpu_before_millis);
	bytes_put_u32(writer, record->cpu_after_millis);
	bytes_put_u32(writer, record->memory_before_mib);
	bytes_put_u32(writer, record->memory_after_mib);
	bytes_put_i64(writer, record->value);
	bytes_put_i64(writer, record->threshold);
	bytes_put_i64(writer, record->sustained_ns);
	bytes_put_i64(writer, record->price_microcents_hour);
	bytes_put_i64(writer, record->alternative_microcents_hour);
	bytes_put_i64(writer, record->at_ns);
	bytes_put_i64(writer, record->ended_at_ns);
	bytes_put_u32(writer, record->status);
}

static bool read_record(struct bal_resize *record, struct bytes_reader *reader)
{
	uint8_t advised;

	record->order = bytes_get_u64(reader);
	if (record->order == 0)
		return !reader->failed;
	record->agent = bytes_get_u64(reader);
	record->pool = bytes_get_u32(reader);
	record->reason = bytes_get_u32(reader);
	advised = bytes_get_u8(reader);
	record->advised = advised != 0;
	record->cpu_before_millis = bytes_get_u32(reader);
	record->cpu_after_millis = bytes_get_u32(reader);
	record->memory_before_mib = bytes_get_u32(reader);
	record->memory_after_mib = bytes_get_u32(reader);
	record->value = bytes_get_i64(reader);
	record->threshold = bytes_get_i64(reader);
	record->sustained_ns = bytes_get_i64(reader);
	record->price_microcents_hour = bytes_get_i64(reader);
	record->alternative_microcents_hour = bytes_get_i64(reader);
	record->at_ns = bytes_get_i64(reader);
	record->ended_at_ns = bytes_get_i64(reader);
	record->status = bytes_get_u32(reader);
	return !reader->failed && advised <= 1 && record->reason < BAL_REASON_COUNT &&
	       record->status < BAL_STATUS_COUNT && is_instant(record->at_ns) &&
	       is_instant(record->ended_at_ns);
}

void resize_put(const struct bal_core *core, struct bytes_writer *writer, resize_flush *flush,
	void *context)
{
	const struct resize_book *book = core->resizes;

	bytes_put_u32(writer, book->budget.cpu_millis);
	bytes_put_u32(writer, book->budget.memory_mib);
	for (uint32_t i = 0; i < core->limits.pools_max; i++) {
		if (!core->pools[i].exists)
			continue;
		put_pool(writer, &book->pools[i]);
		flush(context);
	}
	for (uint32_t i = 0; i < book->agents_high; i++) {
		if (!book->agents[i].used)
			continue;
		bytes_put_varint(writer, (uint64_t)i + 1);
		put_agent(writer, &book->agents[i]);
		flush(context);
	}
	bytes_put_varint(writer, 0);
	bytes_put_u32(writer, book->sequence);
	for (uint32_t i = 0; i < RESIZE_KEPT_MAX; i++) {
		put_record(writer, &book->kept[i]);
		flush(context);
	}
}

/* In the order of their places, so that equal states have one form. */
static bool read_agents(struct bal_core *core, struct bytes_reader *reader)
{
	struct resize_book *book = core->resizes;
	uint64_t number;

	while ((number = bytes_get_varint(reader)) != 0) {
		uint32_t place = (uint32_t)(number - 1);

		if (reader->failed || number > core->limits.agents_max ||
			place < book->agents_high || !slab_holds(&core->agents, place) ||
			!read_agent(&book->agents[place], reader))
			return false;
		book->agents_high = place + 1;
	}
	return !reader->failed;
}

bool resize_read(struct bal_core *core, struct bytes_reader *reader)
{
	struct resize_book *book = core->resizes;

	book->budget.cpu_millis = bytes_get_u32(reader);
	book->budget.memory_mib = bytes_get_u32(reader);
	for (uint32_t i = 0; i < core->limits.pools_max; i++) {
		if (!core->pools[i].exists)
			continue;
		book->pools[i].conf.pool = i;
		if (!read_pool(&book->pools[i], reader))
			return false;
	}
	if (!read_agents(core, reader))
		return false;
	book->sequence = bytes_get_u32(reader);
	for (uint32_t i = 0; i < RESIZE_KEPT_MAX; i++)
		if (!read_record(&book->kept[i], reader))
			return false;
	return !reader->failed;
}

const char *resize_check(const struct bal_core *core)
{
	const struct resize_book *book = core->resizes;

	for (uint32_t i = 0; i < book->agents_high; i++) {
		const struct resize_agent *own = &book->agents[i];

		if (!own->used)
			continue;
		if (!slab_holds(&core->agents, i))
			return "resize: agents with limits are there";
		if (own->order_open == 0 && own->cpu_asked_millis + own->memory_asked_mib > 0)
			return "resize: what was asked for has an order";
	}
	return NULL;
}
