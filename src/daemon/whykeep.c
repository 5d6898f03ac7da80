/* SPDX-License-Identifier: Apache-2.0 */
/* One list of fields for both directions would need a function call per field; this runs once per
 * attempt, so it is written out.  Text for people would be five times as long, and as much more to
 * write to the disk with every result: it is made when somebody asks. */
#include "daemon/whykeep.h"

#include "base/bytes.h"

#define KEPT_VERSION 1

static void put_signed(struct bytes_writer *writer, int64_t value)
{
	uint64_t bits = (uint64_t)value;

	bytes_put_varint(writer, (bits << 1) ^ (0 - (bits >> 63)));
}

static int64_t get_signed(struct bytes_reader *reader)
{
	uint64_t packed = bytes_get_varint(reader);

	return (int64_t)((packed >> 1) ^ (0 - (packed & 1)));
}

static uint32_t get_small(struct bytes_reader *reader)
{
	uint64_t value = bytes_get_varint(reader);

	if (value > UINT32_MAX)
		reader->failed = true;
	return (uint32_t)value;
}

/* ---- writing ---- */

static void put_agent(const struct roster *roster, struct bytes_writer *writer, uint64_t id)
{
	const struct roster_agent *agent = roster_find(roster, id);
	struct span name = span_of(agent == NULL ? NULL : agent->name);

	bytes_put_varint(writer, id);
	bytes_put_blob(writer, name.at, name.size);
}

static void put_candidate(const struct names *names, const struct roster *roster,
	struct bytes_writer *writer, const struct bal_candidate *candidate)
{
	struct span pool = names_text(names, BAL_SYMBOL_POOL, candidate->pool);

	put_agent(roster, writer, candidate->agent);
	bytes_put_blob(writer, pool.at, pool.size);
	bytes_put_varint(writer, candidate->running);
	bytes_put_varint(writer, candidate->slots);
	bytes_put_varint(writer, candidate->cpu_permille);
	bytes_put_varint(writer, candidate->memory_permille);
	bytes_put_varint(writer, candidate->success_permille);
	put_signed(writer, candidate->service_ns);
	put_signed(writer, candidate->warm_ns);
	put_signed(writer, candidate->rivals_ppm);
	put_signed(writer, candidate->price_microcents_hour);
	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++)
		put_signed(writer, candidate->factor_ns[i]);
	put_signed(writer, candidate->composite_ns);
}

void whykeep_write(const struct names *names, const struct roster *roster,
	const struct bal_why *why, struct buffer *to)
{
	uint8_t bytes[WHYKEEP_SIZE_MAX];
	struct bytes_writer writer;

	if (why->kind != BAL_WHY_ROUTED)
		return;
	bytes_writer_init(&writer, bytes, sizeof bytes);
	bytes_put_u8(&writer, KEPT_VERSION);
	bytes_put_varint(&writer, why->reason);
	bytes_put_varint(&writer, why->id);
	put_signed(&writer, why->at_ns);
	bytes_put_varint(&writer, why->attempt);
	bytes_put_varint(&writer, why->capable_count);
	bytes_put_varint(&writer, why->free_count);
	bytes_put_varint(&writer, why->other);
	put_signed(&writer, why->expected_wait_ns);
	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++)
		bytes_put_varint(&writer, why->weights_permille[i]);
	put_candidate(names, roster, &writer, &why->winner);
	bytes_put_varint(&writer, why->losers_count);
	for (uint32_t i = 0; i < why->losers_count; i++)
		put_candidate(names, roster, &writer, &why->losers[i]);
	bytes_put_varint(&writer, why->violations_count);
	for (uint32_t i = 0; i < why->violations_count; i++) {
		put_agent(roster, &writer, why->violations[i].agent);
		bytes_put_varint(&writer, why->violations[i].reason);
		put_signed(&writer, why->violations[i].composite_ns);
	}
	if (!writer.overflow)
		buffer_append(to, bytes, writer.used);
}

/* ---- reading ---- */

static struct span get_name(struct bytes_reader *reader)
{
	size_t size;
	const uint8_t *at = bytes_get_blob(reader, &size);

	return size == 0 ? (struct span){NULL, 0} : (struct span){(const char *)at, size};
}

/* The next agent; its id is also returned. */
static uint64_t get_agent(struct bytes_reader *reader, struct whykeep_names *names)
{
	uint32_t place = names->count++;

	names->agents[place].agent = bytes_get_varint(reader);
	names->agents[place].name = get_name(reader);
	names->agents[place].pool = (struct span){NULL, 0};
	return names->agents[place].agent;
}

static void get_candidate(
	struct bytes_reader *reader, struct bal_candidate *candidate, struct whykeep_names *names)
{
	candidate->agent = get_agent(reader, names);
	candidate->pool = names->count - 1;
	names->agents[candidate->pool].pool = get_name(reader);
	candidate->running = get_small(reader);
	candidate->slots = get_small(reader);
	candidate->cpu_permille = get_small(reader);
	candidate->memory_permille = get_small(reader);
	candidate->success_permille = get_small(reader);
	candidate->service_ns = get_signed(reader);
	candidate->warm_ns = get_signed(reader);
	candidate->rivals_ppm = get_signed(reader);
	candidate->price_microcents_hour = get_signed(reader);
	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++)
		candidate->factor_ns[i] = get_signed(reader);
	candidate->composite_ns = get_signed(reader);
}

/* How many follow; none, and failed, when there are more than there may be. */
static uint32_t get_count(struct bytes_reader *reader, uint32_t count_max)
{
	uint32_t count = get_small(reader);

	if (count <= count_max)
		return count;
	reader->failed = true;
	return 0;
}

static enum bal_reason get_reason(struct bytes_reader *reader)
{
	uint32_t reason = get_small(reader);

	if (reason < BAL_REASON_COUNT)
		return (enum bal_reason)reason;
	reader->failed = true;
	return BAL_REASON_NONE;
}

bool whykeep_read(struct span bytes, struct bal_why *why, struct whykeep_names *names)
{
	struct bytes_reader reader;

	*why = (struct bal_why){.kind = BAL_WHY_ROUTED, .limit = BAL_NONE, .pool = BAL_NONE};
	names->count = 0;
	bytes_reader_init(&reader, bytes.at, bytes.size);
	if (bytes_get_u8(&reader) != KEPT_VERSION)
		return false;
	why->reason = get_reason(&reader);
	why->id = bytes_get_varint(&reader);
	why->at_ns = get_signed(&reader);
	why->attempt = get_small(&reader);
	why->capable_count = get_small(&reader);
	why->free_count = get_small(&reader);
	why->other = bytes_get_varint(&reader);
	why->expected_wait_ns = get_signed(&reader);
	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++)
		why->weights_permille[i] = get_small(&reader);
	get_candidate(&reader, &why->winner, names);
	why->losers_count = get_count(&reader, BAL_LOSERS_MAX);
	for (uint32_t i = 0; i < why->losers_count; i++)
		get_candidate(&reader, &why->losers[i], names);
	why->violations_count = get_count(&reader, BAL_VIOLATIONS_MAX);
	for (uint32_t i = 0; i < why->violations_count; i++) {
		why->violations[i].agent = get_agent(&reader, names);
		why->violations[i].reason = get_reason(&reader);
		why->violations[i].composite_ns = get_signed(&reader);
	}
	return !reader.failed && bytes_left(&reader) == 0;
}
