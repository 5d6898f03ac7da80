/* SPDX-License-Identifier: Apache-2.0 */
/* What a snapshot holds: everything that was learned and nothing else, since the store is the truth
 * about tasks.  Kinds and pools are found again by the hash of their name, because a restart may
 * number them anew; agents by their id, which survives.
 *
 * Form: magic, version, sections with counts, CRC32C of all before it.  The bytes are read twice:
 * first to the end without effect, then applied, so damage never leaves half a state behind. */
#include "ballast.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "base/num.h"
#include "core/knees.h"
#include "core/learn.h"
#include "core/objective.h"
#include "core/record.h"
#include "core/resource.h"
#include "core/series.h"
#include "core/shelf.h"

#define LEARNED_MAGIC   UINT32_C(0x4e52414c)
#define LEARNED_VERSION 7

/* Series may take so many bytes of a snapshot, since it is written once a minute: many rows keep
 * less of their past each, and of very many the last ones keep nothing. */
#define SERIES_BYTES      (UINT32_C(8) << 20)
#define SERIES_HEAD       12288 /* at most: one forecaster without its values */
#define SERIES_OF_STORE   1     /* in place of the hash of a name */
#define SERIES_VALUES_MIN 256
#define SERIES_VALUES_MAX 8192
#define SERIES_ROWS_KEPT  (SERIES_BYTES / (SERIES_PER_ROW * (SERIES_HEAD + 4 * SERIES_VALUES_MIN)))

static void put_mean(struct bytes_writer *writer, const struct mean *mean)
{
	bytes_put_double(writer, mean->value);
	bytes_put_double(writer, mean->weight);
}

static void put_kinds(struct bytes_writer *writer, const struct bal_core *core)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < core->limits.kinds_max; i++)
		count += core->kinds[i].name_hash != 0;
	bytes_put_u32(writer, count);
	for (uint32_t i = 0; i < core->limits.kinds_max; i++) {
		const struct kind *kind = &core->kinds[i];

		if (kind->name_hash == 0)
			continue;
		bytes_put_u64(writer, kind->name_hash);
		bytes_put_u64(writer, kind->finished_count);
		put_mean(writer, &kind->service_s);
		put_mean(writer, &kind->success);
		put_mean(writer, &kind->warm);
		put_mean(writer, &kind->cold);
		put_mean(writer, &kind->beside);
		put_mean(writer, &kind->apart);
		bytes_put_double(writer, kind->success_told);
	}
}

/* Of so many kinds what their objectives count is kept: 15 KiB each at most. */
#define OBJECTIVES_KEPT 128

static bool has_objectives(const struct bal_core *core, uint32_t kind)
{
	return core->kinds[kind].name_hash != 0 && objective_has_counts(core->objectives, kind);
}

static void put_objectives(struct bytes_writer *writer, const struct bal_core *core)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < objective_kinds_high(core->objectives); i++)
		count += has_objectives(core, i);
	if (count > OBJECTIVES_KEPT)
		count = OBJECTIVES_KEPT;
	bytes_put_u32(writer, count);
	for (uint32_t i = 0; count > 0; i++) {
		if (!has_objectives(core, i))
			continue;
		bytes_put_u64(writer, core->kinds[i].name_hash);
		objective_kind_put(core->objectives, i, writer);
		count--;
	}
}

static void put_pools(struct bytes_writer *writer, const struct bal_core *core)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < core->limits.pools_max; i++)
		count += core->pools[i].name_hash != 0;
	bytes_put_u32(writer, count);
	for (uint32_t i = 0; i < core->limits.pools_max; i++) {
		if (core->pools[i].name_hash == 0)
			continue;
		bytes_put_u64(writer, core->pools[i].name_hash);
		put_mean(writer, &core->pools[i].service_s);
		put_mean(writer, &core->pools[i].service_square);
	}
}

/* A pool's agents come and go; what was learned of how many tasks they can have does not. */
static void put_knees(struct bytes_writer *writer, const struct bal_core *core)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < core->limits.pools_max; i++)
		count += core->pools[i].name_hash != 0 && knees_of_pool(core, i) != NULL;
	bytes_put_u32(writer, count);
	for (uint32_t i = 0; i < core->limits.pools_max; i++) {
		if (core->pools[i].name_hash == 0 || knees_of_pool(core, i) == NULL)
			continue;
		bytes_put_u64(writer, core->pools[i].name_hash);
		knee_put(knees_of_pool(core, i), writer);
	}
}

static void put_histories(struct bytes_writer *writer, const struct bal_core *core)
{
	bytes_put_u32(writer, core->history_use.count);
	for (const struct list_node *node = core->history_use.first; node != NULL;
		node = list_next(node)) {
		const struct history *history = container_of(node, struct history, use_node);

		bytes_put_u64(writer, history->who);
		bytes_put_u64(writer, history->kind_hash);
		bytes_put_i64(writer, core->now_ns - history->slow_at_ns);
		put_mean(writer, &history->fast);
		put_mean(writer, &history->slow);
		put_mean(writer, &history->success);
		bytes_put_double(writer, history->told);
	}
}

static void put_contexts(struct bytes_writer *writer, const struct bal_core *core)
{
	bytes_put_u32(writer, core->context_use.count);
	for (const struct list_node *node = core->context_use.first; node != NULL;
		node = list_next(node)) {
		const struct context *context = container_of(node, struct context, use_node);

		bytes_put_u64(writer, context->conversation);
		bytes_put_u64(writer, context->agent);
	}
}

/* What ties a row to its kind or pool across restarts: a hash of its name; 0 for none. */
static uint64_t row_hash(const struct bal_core *core, uint32_t row)
{
	uint32_t number;

	switch (series_row_subject(core->series, row, &number)) {
	case SERIES_KIND:
		return core->kinds[number].name_hash;
	case SERIES_POOL:
		return core->pools[number].name_hash;
	default:
		return SERIES_OF_STORE;
	}
}

static bool has_series(const struct bal_core *core, uint32_t row)
{
	return series_row_used(core->series, row) && row_hash(core, row) != 0;
}

static void put_series(struct bytes_writer *writer, const struct bal_core *core)
{
	uint32_t count = 0, values_max, number;

	for (uint32_t i = 0; i < series_rows_high(core->series); i++)
		count += has_series(core, i);
	if (count > SERIES_ROWS_KEPT)
		count = SERIES_ROWS_KEPT;
	bytes_put_u32(writer, count);
	if (count == 0)
		return;
	values_max = (SERIES_BYTES / count / SERIES_PER_ROW - SERIES_HEAD) / 4;
	if (values_max > SERIES_VALUES_MAX)
		values_max = SERIES_VALUES_MAX;
	for (uint32_t i = 0; count > 0; i++) {
		if (!has_series(core, i))
			continue;
		bytes_put_u8(writer, (uint8_t)series_row_subject(core->series, i, &number));
		bytes_put_u64(writer, row_hash(core, i));
		series_row_put(core->series, i, values_max, writer);
		count--;
	}
}

static void put_shifts(struct bytes_writer *writer, const struct bal_core *core)
{
	const struct shifts *shifts = &core->shifts;
	uint32_t count = 0;

	for (uint32_t i = 0; i < shifts->count; i++)
		count += core->kinds[shifts->kinds[i]].name_hash != 0;
	bytes_put_u32(writer, count);
	for (uint32_t i = 0; i < shifts->count; i++) {
		uint64_t hash = core->kinds[shifts->kinds[i]].name_hash;

		if (hash == 0)
			continue;
		bytes_put_u64(writer, hash);
		shift_put(&shifts->items[i], writer);
	}
}

static void put_all(struct bytes_writer *writer, const struct bal_core *core)
{
	bytes_put_u32(writer, LEARNED_MAGIC);
	bytes_put_u32(writer, LEARNED_VERSION);
	put_kinds(writer, core);
	put_pools(writer, core);
	put_histories(writer, core);
	put_contexts(writer, core);
	put_series(writer, core);
	put_objectives(writer, core);
	put_knees(writer, core);
	put_shifts(writer, core);
	resource_trends_put(core, writer);
}

size_t bal_learned_save(const struct bal_core *core, void *to, size_t size)
{
	struct bytes_writer writer;

	/* Measured first: bytes that do not fit are not written at all. */
	bytes_writer_init(&writer, NULL, 0);
	put_all(&writer, core);
	bytes_put_u32(&writer, 0);
	if (to == NULL || size < writer.used)
		return writer.used;
	bytes_writer_init(&writer, to, size);
	put_all(&writer, core);
	bytes_put_u32(&writer, checksum_crc32c(0, to, writer.used));
	return writer.used;
}

/* A mean from outside: finite, with a weight that is one. */
static bool get_mean(struct bytes_reader *reader, struct mean *mean)
{
	mean->value = bytes_get_double(reader);
	mean->weight = bytes_get_double(reader);
	return num_is_finite(mean->value) && num_is_finite(mean->weight) && mean->weight >= 0.0;
}

/* A belief: 0 for none, or a positive number. */
static bool get_told(struct bytes_reader *reader, double *told)
{
	*told = bytes_get_double(reader);
	return num_is_finite(*told) && *told >= 0.0;
}

static uint32_t kind_of_hash(const struct bal_core *core, uint64_t hash)
{
	for (uint32_t i = 0; i < core->limits.kinds_max; i++)
		if (core->kinds[i].name_hash == hash)
			return i;
	return BAL_NONE;
}

static uint32_t pool_of_hash(const struct bal_core *core, uint64_t hash)
{
	for (uint32_t i = 0; i < core->limits.pools_max; i++)
		if (core->pools[i].name_hash == hash)
			return i;
	return BAL_NONE;
}

static bool get_kinds(struct bytes_reader *reader, struct bal_core *core, bool apply)
{
	uint32_t count = bytes_get_u32(reader);
	bool ok = true;

	for (uint32_t i = 0; i < count && ok && !reader->failed; i++) {
		uint64_t hash = bytes_get_u64(reader);
		uint32_t place = apply ? kind_of_hash(core, hash) : BAL_NONE;
		struct kind kind = {.name_hash = hash,
			.running = place == BAL_NONE ? 0 : core->kinds[place].running};

		kind.finished_count = bytes_get_u64(reader);
		ok = get_mean(reader, &kind.service_s);
		ok = get_mean(reader, &kind.success) && ok;
		ok = get_mean(reader, &kind.warm) && ok;
		ok = get_mean(reader, &kind.cold) && ok;
		ok = get_mean(reader, &kind.beside) && ok;
		ok = get_mean(reader, &kind.apart) && ok;
		ok = get_told(reader, &kind.success_told) && ok;
		if (place != BAL_NONE)
			core->kinds[place] = kind;
	}
	return ok;
}

static bool get_pools(struct bytes_reader *reader, struct bal_core *core, bool apply)
{
	uint32_t count = bytes_get_u32(reader);
	bool ok = true;

	for (uint32_t i = 0; i < count && ok && !reader->failed; i++) {
		uint64_t hash = bytes_get_u64(reader);
		struct mean mean, square;

		ok = get_mean(reader, &mean);
		ok = get_mean(reader, &square) && ok;
		for (uint32_t j = 0; apply && j < core->limits.pools_max; j++) {
			if (core->pools[j].name_hash != hash)
				continue;
			core->pools[j].service_s = mean;
			core->pools[j].service_square = square;
		}
	}
	return ok;
}

static bool get_histories(struct bytes_reader *reader, struct bal_core *core, bool apply)
{
	uint32_t count = bytes_get_u32(reader);
	bool ok = true;

	for (uint32_t i = 0; i < count && ok && !reader->failed; i++) {
		uint64_t who = bytes_get_u64(reader);
		uint64_t hash = bytes_get_u64(reader);
		int64_t age_ns = bytes_get_i64(reader);
		struct history from = {.who = who};

		ok = get_mean(reader, &from.fast);
		ok = get_mean(reader, &from.slow) && ok;
		ok = get_mean(reader, &from.success) && ok;
		ok = get_told(reader, &from.told) && ok;
		if (apply && kind_of_hash(core, hash) != BAL_NONE) {
			struct history *history = learn_history(core, who, hash);

			history->fast = from.fast;
			history->slow = from.slow;
			history->success = from.success;
			history->told = from.told;
			history->slow_at_ns = num_clamp_i64(num_sub_i64(core->now_ns, age_ns),
				RECORD_PAST_MIN_NS, core->now_ns);
		}
	}
	return ok;
}

static void get_contexts(struct bytes_reader *reader, struct bal_core *core, bool apply)
{
	uint32_t count = bytes_get_u32(reader);

	for (uint32_t i = 0; i < count && !reader->failed; i++) {
		uint64_t conversation = bytes_get_u64(reader);
		uint64_t agent = bytes_get_u64(reader);

		if (apply)
			context_note(core, conversation, agent);
	}
}

static uint32_t row_of_hash(const struct bal_core *core, enum series_subject subject, uint64_t hash)
{
	uint32_t number = 0;

	if (subject == SERIES_KIND)
		number = kind_of_hash(core, hash);
	if (subject == SERIES_POOL)
		number = pool_of_hash(core, hash);
	return number == BAL_NONE ? BAL_NONE : series_row(core->series, subject, number);
}

static bool get_series(struct bytes_reader *reader, struct bal_core *core, bool apply)
{
	uint32_t count = bytes_get_u32(reader);
	bool ok = true;

	for (uint32_t i = 0; i < count && ok && !reader->failed; i++) {
		uint8_t subject = bytes_get_u8(reader);
		uint64_t hash = bytes_get_u64(reader);
		uint32_t row = BAL_NONE;

		ok = subject < SERIES_SUBJECT_COUNT;
		if (ok && apply)
			row = row_of_hash(core, (enum series_subject)subject, hash);
		ok = ok && series_row_read(core->series, row, reader);
	}
	return ok;
}

static bool get_objectives(struct bytes_reader *reader, struct bal_core *core, bool apply)
{
	uint32_t count = bytes_get_u32(reader);
	bool ok = true;

	for (uint32_t i = 0; i < count && ok && !reader->failed; i++) {
		uint64_t hash = bytes_get_u64(reader);
		uint32_t kind = apply ? kind_of_hash(core, hash) : BAL_NONE;

		ok = objective_kind_read(core, kind, reader);
	}
	return ok;
}

static bool get_knees(struct bytes_reader *reader, struct bal_core *core, bool apply)
{
	uint32_t count = bytes_get_u32(reader);
	bool ok = true;

	for (uint32_t i = 0; i < count && ok && !reader->failed; i++) {
		uint64_t hash = bytes_get_u64(reader);
		uint32_t pool = apply ? pool_of_hash(core, hash) : BAL_NONE;
		struct knee knee;

		ok = knee_read(&knee, reader);
		if (ok && pool != BAL_NONE)
			*knees_room(core, pool) = knee;
	}
	return ok;
}

static bool get_shifts(struct bytes_reader *reader, struct bal_core *core, bool apply)
{
	uint32_t count = bytes_get_u32(reader);
	bool ok = true;

	for (uint32_t i = 0; i < count && ok && !reader->failed; i++) {
		uint64_t hash = bytes_get_u64(reader);

		ok = shifts_kind_read(
			&core->shifts, apply ? kind_of_hash(core, hash) : BAL_NONE, reader);
	}
	return ok;
}

static bool read_learned(struct bal_core *core, const void *from, size_t size, bool apply)
{
	struct bytes_reader reader;
	bool ok;

	bytes_reader_init(&reader, from, size);
	ok = bytes_get_u32(&reader) == LEARNED_MAGIC;
	ok = bytes_get_u32(&reader) == LEARNED_VERSION && ok;
	ok = ok && get_kinds(&reader, core, apply) && get_pools(&reader, core, apply) &&
	     get_histories(&reader, core, apply);
	if (ok)
		get_contexts(&reader, core, apply);
	ok = ok && get_series(&reader, core, apply) && get_objectives(&reader, core, apply) &&
	     get_knees(&reader, core, apply) && get_shifts(&reader, core, apply) &&
	     resource_trends_read(core, apply, &reader);
	return ok && !reader.failed && bytes_left(&reader) == 0;
}

enum bal_status bal_learned_load(struct bal_core *core, const void *from, size_t size)
{
	struct bytes_reader tail;

	if (size < sizeof(uint32_t))
		return BAL_BROKEN;
	size -= sizeof(uint32_t);
	bytes_reader_init(&tail, (const uint8_t *)from + size, sizeof(uint32_t));
	if (bytes_get_u32(&tail) != checksum_crc32c(0, from, size) ||
		!read_learned(core, from, size, false))
		return BAL_BROKEN;
	bal_assert(read_learned(core, from, size, true));
	shelf_priced(core, BAL_NONE);
	return BAL_OK;
}
