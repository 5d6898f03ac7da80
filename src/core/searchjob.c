/* SPDX-License-Identifier: Apache-2.0 */
/* Both directions trust nothing, for the reasons that core/fitjob.c gives. */
#include "core/searchjob.h"

#include "ballast.h"
#include "base/assert.h"
#include "core/strategy_adaptive.h"

#define INPUT_MAGIC  UINT32_C(0x49534c41)
#define RESULT_MAGIC UINT32_C(0x52534c41)
#define SECONDS_MAX  1e9

struct search_scratch {
	struct diary diary;
	struct portfolio_room room;
};

static void put_input(struct bytes_writer *writer, const struct diary *diary,
	const struct replay_pool *pool, uint32_t present, uint32_t turn)
{
	bytes_put_u32(writer, INPUT_MAGIC);
	bytes_put_u32(writer, present);
	bytes_put_u32(writer, turn);
	bytes_put_u32(writer, pool->slots);
	bytes_put_u32(writer, pool->agents_min);
	bytes_put_u32(writer, pool->agents_max);
	bytes_put_double(writer, pool->boot_s);
	bytes_put_double(writer, pool->wait_s);
	bytes_put_double(writer, pool->late_share);
	diary_put(diary, writer, NULL, NULL);
}

size_t searchjob_input(const struct diary *diary, const struct replay_pool *pool, uint32_t present,
	uint32_t turn, void *to, size_t size)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, NULL, 0);
	put_input(&writer, diary, pool, present, turn);
	bal_assert(writer.used <= BAL_JOB_RESULT_MAX);
	if (to == NULL || size < writer.used)
		return writer.used;
	bytes_writer_init(&writer, to, size);
	put_input(&writer, diary, pool, present, turn);
	return writer.used;
}

bool searchjob_is_input(const void *input, size_t size)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, input, size);
	return bytes_get_u32(&reader) == INPUT_MAGIC;
}

size_t searchjob_scratch_size(void)
{
	return sizeof(struct search_scratch);
}

static bool read_pool(struct replay_pool *pool, struct bytes_reader *reader)
{
	pool->slots = bytes_get_u32(reader);
	pool->agents_min = bytes_get_u32(reader);
	pool->agents_max = bytes_get_u32(reader);
	pool->boot_s = bytes_get_double(reader);
	pool->wait_s = bytes_get_double(reader);
	pool->late_share = bytes_get_double(reader);
	return pool->slots > 0 && pool->slots <= UINT32_MAX / 1024 &&
	       pool->agents_min <= pool->agents_max && pool->agents_max > 0 && pool->boot_s >= 0 &&
	       pool->boot_s <= SECONDS_MAX && pool->wait_s >= 0 && pool->wait_s <= SECONDS_MAX &&
	       pool->late_share > 0 && pool->late_share <= 1;
}

size_t searchjob_run(
	const void *input, size_t input_size, void *output, size_t output_size, void *scratch)
{
	struct search_scratch *work = scratch;
	struct portfolio_verdict verdict;
	struct replay_pool pool;
	struct bytes_reader reader;
	struct bytes_writer writer;
	uint32_t present, turn;

	bytes_reader_init(&reader, input, input_size);
	bytes_get_u32(&reader);
	present = bytes_get_u32(&reader);
	turn = bytes_get_u32(&reader);
	if ((present != PORTFOLIO_NONE && present >= PORTFOLIO_COUNT) ||
		!read_pool(&pool, &reader) || !diary_read(&work->diary, &reader) ||
		bytes_left(&reader) != 0 || !replay_read(&work->room.day, &work->diary))
		return 0;
	portfolio_search(&work->room, &pool, present, turn, &verdict);
	if (!adaptive_verdict_valid(&verdict))
		return 0;
	bytes_writer_init(&writer, output, output_size);
	bytes_put_u32(&writer, RESULT_MAGIC);
	adaptive_verdict_put(&verdict, &writer);
	return writer.overflow ? 0 : writer.used;
}

bool searchjob_result(const void *from, size_t size, struct portfolio_verdict *verdict)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, from, size);
	return bytes_get_u32(&reader) == RESULT_MAGIC && adaptive_verdict_read(verdict, &reader) &&
	       bytes_left(&reader) == 0;
}
