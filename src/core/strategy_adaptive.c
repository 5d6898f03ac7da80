/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The level of the load outlives a change between settings of follow: it is the load's, not the
 * setting's. The others begin afresh when they have not been asked for a while, as they always do.
 */
#include "core/strategy_adaptive.h"

#include "base/num.h"
#include "base/units.h"

#define SEEN_NS_MAX (INT64_C(1) << 61)
#define LOAD_MAX    1e15

struct strategy_wish adaptive_look(struct adaptive_memory *memory,
	const struct adaptive_peers *peers, const struct strategy_view *view)
{
	struct replay_choice choice = portfolio_choice(memory->verdict.number);

	switch (choice.strategy) {
	case BAL_STRATEGY_HPA:
		return hpa_look(&choice.hpa, peers->hpa, view);
	case BAL_STRATEGY_KPA:
		return kpa_look(&choice.kpa, peers->kpa, view);
	case BAL_STRATEGY_PREDICTIVE:
		return predictive_look(&choice.predictive, peers->predictive, view);
	default:
		return follow_look(&choice.follow, &memory->follow, view);
	}
}

bool adaptive_take(
	struct adaptive_memory *memory, int64_t now_ns, const struct portfolio_verdict *verdict)
{
	bool changes = !memory->chosen || verdict->number != memory->verdict.number;

	memory->chosen = true;
	memory->verdict = *verdict;
	if (changes)
		memory->since_ns = now_ns;
	return changes;
}

bool adaptive_is_due(const struct adaptive_memory *memory, int64_t now_ns)
{
	return now_ns >= memory->search_at_ns && memory->diary.count == DIARY_BINS &&
	       diary_is_whole(&memory->diary);
}

/* ---- form ---- */

static bool is_share(double value)
{
	return value >= 0 && value <= 1;
}

bool adaptive_verdict_valid(const struct portfolio_verdict *verdict)
{
	return verdict->number < PORTFOLIO_COUNT &&
	       (verdict->over == PORTFOLIO_NONE || verdict->over < PORTFOLIO_COUNT) &&
	       verdict->agents >= 0 && verdict->agents <= LOAD_MAX && verdict->over_agents >= 0 &&
	       verdict->over_agents <= LOAD_MAX && is_share(verdict->late) &&
	       is_share(verdict->over_late) && is_share(verdict->confidence);
}

void adaptive_verdict_put(const struct portfolio_verdict *verdict, struct bytes_writer *writer)
{
	bytes_put_u32(writer, verdict->number);
	bytes_put_u32(writer, verdict->over);
	bytes_put_double(writer, verdict->agents);
	bytes_put_double(writer, verdict->over_agents);
	bytes_put_double(writer, verdict->late);
	bytes_put_double(writer, verdict->over_late);
	bytes_put_double(writer, verdict->confidence);
}

bool adaptive_verdict_read(struct portfolio_verdict *verdict, struct bytes_reader *reader)
{
	verdict->number = bytes_get_u32(reader);
	verdict->over = bytes_get_u32(reader);
	verdict->agents = bytes_get_double(reader);
	verdict->over_agents = bytes_get_double(reader);
	verdict->late = bytes_get_double(reader);
	verdict->over_late = bytes_get_double(reader);
	verdict->confidence = bytes_get_double(reader);
	return !reader->failed && adaptive_verdict_valid(verdict);
}

static void put_follow(const struct follow_memory *follow, struct bytes_writer *writer)
{
	bytes_put_i64(writer, follow->looked_at_ns);
	bytes_put_double(writer, follow->level);
	bytes_put_double(writer, follow->fast);
	bytes_put_double(writer, follow->known_s);
	bytes_put_i64(writer, follow->up_at_ns);
	bytes_put_i64(writer, follow->bin);
	for (uint32_t i = 0; i < FOLLOW_BINS; i++)
		bytes_put_u32(writer, follow->wishes[i]);
}

static bool is_instant(int64_t at_ns)
{
	return at_ns >= -SEEN_NS_MAX && at_ns <= SEEN_NS_MAX;
}

static bool read_follow(struct follow_memory *follow, struct bytes_reader *reader)
{
	follow->looked_at_ns = bytes_get_i64(reader);
	follow->level = bytes_get_double(reader);
	follow->fast = bytes_get_double(reader);
	follow->known_s = bytes_get_double(reader);
	follow->up_at_ns = bytes_get_i64(reader);
	follow->bin = bytes_get_i64(reader);
	for (uint32_t i = 0; i < FOLLOW_BINS; i++)
		follow->wishes[i] = bytes_get_u32(reader);
	return is_instant(follow->looked_at_ns) && follow->level >= 0 &&
	       follow->level <= LOAD_MAX && follow->fast >= 0 && follow->fast <= LOAD_MAX &&
	       follow->known_s >= 0 && follow->known_s <= LOAD_MAX &&
	       is_instant(follow->up_at_ns) && is_instant(follow->bin);
}

void adaptive_put(const struct adaptive_memory *memory, struct bytes_writer *writer,
	void (*slide)(void *), void *context)
{
	diary_put(&memory->diary, writer, slide, context);
	bytes_put_u8(writer, memory->chosen);
	bytes_put_i64(writer, memory->search_at_ns);
	bytes_put_u32(writer, memory->searches);
	if (!memory->chosen)
		return;
	adaptive_verdict_put(&memory->verdict, writer);
	bytes_put_i64(writer, memory->since_ns);
	put_follow(&memory->follow, writer);
}

static bool read_all(struct adaptive_memory *memory, struct bytes_reader *reader)
{
	uint8_t chosen;

	if (!diary_read(&memory->diary, reader))
		return false;
	chosen = bytes_get_u8(reader);
	memory->search_at_ns = bytes_get_i64(reader);
	memory->searches = bytes_get_u32(reader);
	memory->chosen = chosen == 1;
	if (chosen > 1 || reader->failed || !is_instant(memory->search_at_ns))
		return false;
	if (!memory->chosen)
		return true;
	if (!adaptive_verdict_read(&memory->verdict, reader))
		return false;
	memory->since_ns = bytes_get_i64(reader);
	return is_instant(memory->since_ns) && read_follow(&memory->follow, reader) &&
	       !reader->failed;
}

bool adaptive_read(struct adaptive_memory *memory, struct bytes_reader *reader)
{
	*memory = (struct adaptive_memory){.chosen = false};
	if (read_all(memory, reader))
		return true;
	*memory = (struct adaptive_memory){.chosen = false};
	return false;
}
