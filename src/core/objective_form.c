/* SPDX-License-Identifier: Apache-2.0 */
/* Bins in which nothing was counted are most of them: a list of places and counts. The sums of the
 * windows follow from the bins and are made again; so does what the bins of a later window lost. */
#include "core/objective.h"

#include "base/bytes.h"
#include "core/form.h"
#include "core/objective_state.h"
#include "core/record.h"

#include <string.h>

#define FLUSH_EVERY 8 /* bins of at most 100 bytes */
#define BIN_MAX     (INT64_MAX / 1000000000 / 60)

static bool is_blank(const struct objective_bin *bin)
{
	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++)
		if (bin->good[i] != 0 || bin->total[i] != 0)
			return false;
	return bin->response_us == 0;
}

static void put_bin(struct bytes_writer *writer, uint32_t place, const struct objective_bin *bin)
{
	bytes_put_varint(writer, (uint64_t)place + 1);
	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++) {
		bytes_put_varint(writer, bin->good[i]);
		bytes_put_varint(writer, bin->total[i]);
	}
	bytes_put_varint(writer, bin->response_us);
}

static void put_bins(const struct objective_bin *bins, uint32_t count, struct bytes_writer *writer,
	objective_flush *flush, void *context)
{
	uint32_t written = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (is_blank(&bins[i]))
			continue;
		put_bin(writer, i, &bins[i]);
		if (flush != NULL && ++written % FLUSH_EVERY == 0)
			flush(context);
	}
	bytes_put_varint(writer, 0);
	if (flush != NULL)
		flush(context);
}

/* What was counted. */
static void put_counts(const struct objective_kind *kind, struct bytes_writer *writer,
	objective_flush *flush, void *context)
{
	bytes_put_u32(writer, kind->short_count);
	bytes_put_u32(writer, kind->long_count);
	bytes_put_i64(writer, kind->bin);
	bytes_put_i64(writer, kind->bin_budget);
	put_bins(kind->bins, OBJECTIVE_BINS, writer, flush, context);
	put_bins(kind->budget_bins, OBJECTIVE_BUDGET, writer, flush, context);
}

static void put_kind(const struct objective_kind *kind, struct bytes_writer *writer,
	objective_flush *flush, void *context)
{
	bytes_put_u8(writer, kind->own);
	bytes_put_u32(writer, kind->lane);
	form_put(&FORM_OBJECTIVE, &kind->conf, writer);
	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++) {
		bytes_put_u8(writer, kind->states[i]);
		bytes_put_i64(writer, kind->since_ns[i]);
	}
	put_counts(kind, writer, flush, context);
}

void objective_put(const struct objective_book *book, struct bytes_writer *writer,
	objective_flush *flush, void *context)
{
	bytes_put_i64(writer, book->counted_at_ns);
	form_put(&FORM_OBJECTIVE, &book->standard, writer);
	for (uint32_t i = 0; i < book->kinds_high; i++) {
		if (!book->kinds[i].used)
			continue;
		bytes_put_varint(writer, (uint64_t)i + 1);
		put_kind(&book->kinds[i], writer, flush, context);
	}
	bytes_put_varint(writer, 0);
}

/* A count that a bin can hold. */
static uint32_t get_count(struct bytes_reader *reader, bool *ok)
{
	uint64_t count = bytes_get_varint(reader);

	*ok = *ok && count <= UINT32_MAX;
	return (uint32_t)count;
}

static bool read_bins(struct objective_bin *bins, uint32_t count, struct bytes_reader *reader)
{
	uint64_t number;
	bool ok = true;

	while (ok && (number = bytes_get_varint(reader)) != 0) {
		if (reader->failed || number > count || !is_blank(&bins[number - 1]))
			return false;
		for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++) {
			bins[number - 1].good[i] = get_count(reader, &ok);
			bins[number - 1].total[i] = get_count(reader, &ok);
		}
		bins[number - 1].response_us = bytes_get_varint(reader);
		ok = ok && bins[number - 1].response_us <= UINT64_MAX / OBJECTIVE_BINS / 2;
	}
	return ok && !reader->failed;
}

/* The bin whose number is `number`, whatever its sign. */
static const struct objective_bin *bin_of(
	const struct objective_bin *bins, uint32_t count, int64_t number)
{
	int64_t place = number % count;

	return &bins[place < 0 ? place + count : place];
}

static void sum_window(
	const struct objective_kind *kind, uint32_t window, struct objective_sum *sum)
{
	*sum = (struct objective_sum){.response_us = 0};
	for (uint32_t i = 0; i < objective_window_bins[window]; i++)
		objective_sum_add(sum, bin_of(kind->bins, OBJECTIVE_BINS, kind->bin - i));
}

static void sum_budget(const struct objective_kind *kind, struct objective_sum *sum)
{
	*sum = (struct objective_sum){.response_us = 0};
	for (uint32_t i = 0; i < OBJECTIVE_BUDGET; i++)
		objective_sum_add(sum, &kind->budget_bins[i]);
}

static bool read_counts(struct objective_kind *kind, struct bytes_reader *reader)
{
	kind->short_count = bytes_get_u32(reader);
	kind->long_count = bytes_get_u32(reader);
	kind->bin = bytes_get_i64(reader);
	kind->bin_budget = bytes_get_i64(reader);
	if (kind->bin < -BIN_MAX || kind->bin > BIN_MAX || kind->bin_budget < -BIN_MAX ||
		kind->bin_budget > BIN_MAX || kind->short_count > UINT16_MAX ||
		kind->long_count > UINT16_MAX || !read_bins(kind->bins, OBJECTIVE_BINS, reader) ||
		!read_bins(kind->budget_bins, OBJECTIVE_BUDGET, reader))
		return false;
	for (uint32_t i = 0; i < OBJECTIVE_WINDOW_COUNT; i++)
		sum_window(kind, i, &kind->windows[i]);
	sum_budget(kind, &kind->budget);
	return true;
}

static bool read_kind(struct objective_kind *kind, struct bytes_reader *reader)
{
	uint8_t own = bytes_get_u8(reader);
	bool ok = own <= 1 && !kind->used;

	kind->used = true;
	kind->own = own != 0;
	kind->lane = bytes_get_u32(reader);
	if (!ok || !form_read(&FORM_OBJECTIVE, &kind->conf, reader))
		return false;
	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++) {
		kind->states[i] = bytes_get_u8(reader);
		kind->since_ns[i] = bytes_get_i64(reader);
		ok = ok && kind->states[i] < BAL_OBJECTIVE_STATE_COUNT &&
		     kind->since_ns[i] >= RECORD_PAST_MIN_NS &&
		     kind->since_ns[i] <= RECORD_PAST_MAX_NS;
	}
	return ok && read_counts(kind, reader);
}

/* What makes no objective would divide by nothing later. */
static bool conf_valid(const struct bal_event_objective *conf)
{
	bool ok = conf->measure < BAL_MEASURE_COUNT && conf->response_ns > 0;

	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++)
		ok = ok && conf->target_permille[i] < 1000;
	return ok;
}

bool objective_read(struct objective_book *book, struct bytes_reader *reader)
{
	uint64_t number;

	book->counted_at_ns = bytes_get_i64(reader);
	if (book->counted_at_ns < RECORD_PAST_MIN_NS || book->counted_at_ns > RECORD_PAST_MAX_NS ||
		!form_read(&FORM_OBJECTIVE, &book->standard, reader) ||
		!conf_valid(&book->standard))
		return false;
	while ((number = bytes_get_varint(reader)) != 0) {
		struct objective_kind *kind;

		if (reader->failed || number > book->kinds_max)
			return false;
		kind = &book->kinds[number - 1];
		if (!read_kind(kind, reader) || (kind->own && !conf_valid(&kind->conf)))
			return false;
		book->kinds_high =
			(uint32_t)number > book->kinds_high ? (uint32_t)number : book->kinds_high;
	}
	return !reader->failed;
}

bool objective_has_counts(const struct objective_book *book, uint32_t kind)
{
	const struct objective_kind *from = &book->kinds[kind];

	return kind < book->kinds_high && from->used &&
	       from->budget.total[BAL_OBJECTIVE_THROUGHPUT] > 0;
}

void objective_kind_put(
	const struct objective_book *book, uint32_t kind, struct bytes_writer *writer)
{
	put_counts(&book->kinds[kind], writer, NULL, NULL);
}

bool objective_kind_read(struct bal_core *core, uint32_t kind, struct bytes_reader *reader)
{
	struct objective_book *book = core->objectives;
	struct objective_kind *from = &book->kinds[book->kinds_max];
	struct objective_kind *to;

	*from = (struct objective_kind){.lane = BAL_NONE};
	if (!read_counts(from, reader))
		return false;
	if (kind >= book->kinds_max || objective_has_counts(book, kind))
		return true;
	objective_use(core, kind);
	to = &book->kinds[kind];
	/* A snapshot from the future is of another clock: its bins would be counted as new. */
	if (from->bin > to->bin || from->bin_budget > to->bin_budget)
		return true;
	to->short_count = from->short_count;
	to->long_count = from->long_count;
	to->bin = from->bin;
	to->bin_budget = from->bin_budget;
	to->budget = from->budget;
	memcpy(to->windows, from->windows, sizeof to->windows);
	memcpy(to->bins, from->bins, sizeof to->bins);
	memcpy(to->budget_bins, from->budget_bins, sizeof to->budget_bins);
	return true;
}

static bool sums_equal(const struct objective_sum *a, const struct objective_sum *b)
{
	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++)
		if (a->good[i] != b->good[i] || a->total[i] != b->total[i])
			return false;
	return a->response_us == b->response_us;
}

const char *objective_check(const struct objective_book *book)
{
	struct objective_sum sum;

	for (uint32_t i = 0; i < book->kinds_high; i++) {
		const struct objective_kind *kind = &book->kinds[i];

		for (uint32_t j = 0; j < OBJECTIVE_WINDOW_COUNT && kind->used; j++) {
			sum_window(kind, j, &sum);
			if (!sums_equal(&sum, &kind->windows[j]))
				return "a window is the sum of its bins";
		}
		sum_budget(kind, &sum);
		if (kind->used && !sums_equal(&sum, &kind->budget))
			return "the budget is the sum of its bins";
	}
	return NULL;
}
