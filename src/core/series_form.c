/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One walk writes a forecaster for both kinds of saved state, one reads it; values go oldest first,
 * so that where the ring begins is no part of the state. Reading writes nowhere when there is no
 * forecaster to write to: a snapshot is read once for its faults and once for good.
 */
#include "ballast.h"
#include "base/bytes.h"
#include "base/num.h"
#include "core/record.h"
#include "core/series_state.h"

#include <string.h>

#define VALUE_MAX     1e30
#define BIN_MAX       1e15
#define FINE_PER_HOUR 12
#define FLUSH_EVERY   32 /* things of at most 32 bytes */

struct put {
	struct bytes_writer *writer;
	series_flush *flush;
	void *context;
	uint32_t count;
};

static void flush_put(struct put *put)
{
	if (put->flush != NULL)
		put->flush(put->context);
}

static void count_item(struct put *put)
{
	if (++put->count % FLUSH_EVERY == 0)
		flush_put(put);
}

static void put_float(struct bytes_writer *writer, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof bits);
	bytes_put_u32(writer, bits);
}

/* A value; false when it is too large, or NaN and must not be. */
static bool get_float(struct bytes_reader *reader, bool may_miss, float *value)
{
	uint32_t bits = bytes_get_u32(reader);
	double wide;

	memcpy(value, &bits, sizeof bits);
	wide = (double)*value;
	return wide == wide ? num_abs(wide) <= VALUE_MAX : may_miss;
}

static bool get_number(struct bytes_reader *reader, double *number)
{
	*number = bytes_get_double(reader);
	return num_abs(*number) <= VALUE_MAX * 1e6;
}

/* ---- the record of a forecaster ---- */

static void put_score(struct bytes_writer *writer, const struct track_score *score)
{
	bytes_put_double(writer, score->weight);
	bytes_put_double(writer, score->size);
	bytes_put_double(writer, score->error);
	bytes_put_double(writer, score->bias);
	bytes_put_double(writer, score->error_naive);
	bytes_put_double(writer, score->error_beside);
	bytes_put_double(writer, score->inside80);
	bytes_put_double(writer, score->inside95);
	bytes_put_double(writer, score->right);
}

static bool get_score(struct bytes_reader *reader, struct track_score *score)
{
	bool ok = get_number(reader, &score->weight) && score->weight >= 0;

	ok = get_number(reader, &score->size) && ok;
	ok = get_number(reader, &score->error) && ok;
	ok = get_number(reader, &score->bias) && ok;
	ok = get_number(reader, &score->error_naive) && ok;
	ok = get_number(reader, &score->error_beside) && ok;
	ok = get_number(reader, &score->inside80) && ok;
	ok = get_number(reader, &score->inside95) && ok;
	return get_number(reader, &score->right) && ok;
}

static void put_pending(struct bytes_writer *writer, const struct track_pending *pending)
{
	bytes_put_u8(writer, pending->made);
	if (!pending->made)
		return;
	put_float(writer, pending->mean);
	put_float(writer, pending->low80);
	put_float(writer, pending->high80);
	put_float(writer, pending->low95);
	put_float(writer, pending->high95);
}

static bool get_pending(struct bytes_reader *reader, struct track_pending *pending)
{
	uint8_t made = bytes_get_u8(reader);
	bool ok = made <= 1;

	*pending = (struct track_pending){.made = made != 0};
	if (!pending->made)
		return ok;
	ok = get_float(reader, false, &pending->mean) && ok;
	ok = get_float(reader, false, &pending->low80) && ok;
	ok = get_float(reader, false, &pending->high80) && ok;
	ok = get_float(reader, false, &pending->low95) && ok;
	return get_float(reader, false, &pending->high95) && ok;
}

static void put_track(struct put *put, const struct track *track)
{
	bytes_put_u32(put->writer, track->pushes);
	bytes_put_double(put->writer, track->misses);
	flush_put(put);
	for (uint32_t i = 0; i < track->horizon_count; i++) {
		const struct track_horizon *horizon = &track->horizons[i];

		put_score(put->writer, &horizon->score);
		flush_put(put);
		for (uint32_t j = 0; j < horizon->steps; j++) {
			put_pending(put->writer, &track->pending[horizon->first + j]);
			count_item(put);
		}
	}
}

/* Horizons follow from the step: `track` has been made for it. */
static bool get_track(struct bytes_reader *reader, struct track *track)
{
	bool ok;

	track->pushes = bytes_get_u32(reader);
	ok = get_number(reader, &track->misses);
	for (uint32_t i = 0; i < track->horizon_count && ok; i++) {
		struct track_horizon *horizon = &track->horizons[i];

		ok = get_score(reader, &horizon->score);
		for (uint32_t j = 0; j < horizon->steps && ok; j++)
			ok = get_pending(reader, &track->pending[horizon->first + j]);
	}
	return ok;
}

/* ---- a forecaster ---- */

static float value_back(const struct forecaster *forecaster, uint32_t back)
{
	return forecaster->values[(forecaster->next + HISTORY_MAX - back) % HISTORY_MAX];
}

static void put_forecaster(
	struct put *put, const struct forecaster *forecaster, uint32_t values_max)
{
	struct bytes_writer *writer = put->writer;
	uint32_t count = forecaster->count < values_max ? forecaster->count : values_max;

	bytes_put_u64(writer, forecaster->pushes);
	bytes_put_u64(writer, forecaster->fitted_at);
	bytes_put_u32(writer, forecaster->season);
	bytes_put_u8(writer, forecaster->is_signed);
	bytes_put_double(writer, forecaster->left);
	bytes_put_double(writer, forecaster->widen80);
	bytes_put_double(writer, forecaster->widen95);
	for (uint32_t i = 0; i < BLEND_NEAR_MAX; i++)
		bytes_put_double(writer, forecaster->carry[i]);
	bytes_put_u32(writer, forecaster->path_count);
	flush_put(put);
	for (uint32_t i = 0; i < forecaster->path_count; i++) {
		for (uint32_t j = 0; j < 5; j++)
			put_float(writer, forecaster->path[i][j]);
		count_item(put);
	}
	put_track(put, &forecaster->track);
	bytes_put_u32(writer, count);
	for (uint32_t back = count; back > 0; back--) {
		put_float(writer, value_back(forecaster, back));
		count_item(put);
	}
	flush_put(put);
}

static bool get_head(struct bytes_reader *reader, struct forecaster *forecaster)
{
	uint8_t is_signed;
	bool ok;

	forecaster->pushes = bytes_get_u64(reader);
	forecaster->fitted_at = bytes_get_u64(reader);
	forecaster->season = bytes_get_u32(reader);
	is_signed = bytes_get_u8(reader);
	forecaster->is_signed = is_signed != 0;
	ok = is_signed <= 1 && forecaster->season <= HISTORY_MAX &&
	     forecaster->fitted_at <= forecaster->pushes;
	ok = get_number(reader, &forecaster->left) && ok;
	ok = get_number(reader, &forecaster->widen80) && ok;
	ok = get_number(reader, &forecaster->widen95) && ok;
	for (uint32_t i = 0; i < BLEND_NEAR_MAX; i++)
		ok = get_number(reader, &forecaster->carry[i]) && ok;
	forecaster->path_count = bytes_get_u32(reader);
	return ok && forecaster->path_count <= FORECASTER_PATH_MAX && forecaster->widen80 > 0 &&
	       forecaster->widen95 > 0;
}

/* Reads into a forecaster that was made for the step. */
static bool get_forecaster(struct bytes_reader *reader, struct forecaster *forecaster)
{
	bool ok = get_head(reader, forecaster);

	for (uint32_t i = 0; ok && i < forecaster->path_count; i++)
		for (uint32_t j = 0; j < 5; j++)
			ok = get_float(reader, false, &forecaster->path[i][j]) && ok;
	ok = ok && get_track(reader, &forecaster->track);
	forecaster->count = bytes_get_u32(reader);
	ok = ok && forecaster->count <= HISTORY_MAX && forecaster->count <= forecaster->pushes;
	for (uint32_t i = 0; ok && i < forecaster->count; i++)
		ok = get_float(reader, true, &forecaster->values[i]);
	forecaster->next = ok ? forecaster->count % HISTORY_MAX : 0;
	return ok && !reader->failed;
}

/* ---- the whole book ---- */

static void put_row(struct put *put, const struct series_book *book, uint32_t number)
{
	const struct series_row *row = &book->rows[number];

	bytes_put_u8(put->writer, row->news);
	bytes_put_u8(put->writer, row->fine_broken);
	bytes_put_u8(put->writer, row->hour_broken);
	for (uint32_t i = 0; i < SERIES_PER_SUBJECT; i++) {
		bytes_put_double(put->writer, row->fine[i]);
		bytes_put_double(put->writer, row->hour[i]);
		bytes_put_u8(put->writer, row->told[i]);
		bytes_put_u8(put->writer, row->told_hour[i]);
	}
	for (uint32_t i = 0; i < SERIES_PER_ROW; i++)
		put_forecaster(
			put, &book->forecasters[series_index(number, 0, 0) + i], HISTORY_MAX);
	bytes_put_u8(put->writer, row->watch != 0);
	for (uint32_t what = 0; what < SERIES_PER_SUBJECT && row->watch != 0; what++)
		vigil_put(series_watch(book, number, what), put->writer, put->flush, put->context);
}

/* Windows are written as the events that declared them, in the order of their places. */
static void put_peaks(struct put *put, const struct peak_table *table)
{
	const struct record *record = record_of_event(BAL_EVENT_PEAK);

	for (uint32_t i = 0; i < table->high; i++) {
		if (table->items[i].duration_ns == 0)
			continue;
		bytes_put_u8(put->writer, 1);
		for (uint32_t j = 0; j < record->count; j++)
			record_put(put->writer, &record->fields[j], &table->items[i]);
		flush_put(put);
	}
	bytes_put_u8(put->writer, 0);
}

static bool read_peaks(struct series_book *book, struct bytes_reader *reader)
{
	const struct record *record = record_of_event(BAL_EVENT_PEAK);

	while (bytes_get_u8(reader) != 0) {
		struct bal_event_peak peak = {0};
		bool ok = true;

		for (uint32_t j = 0; j < record->count && ok; j++)
			ok = record_read(reader, &record->fields[j], &peak);
		if (!ok || reader->failed || peak.duration_ns == 0 ||
			peak.place < book->peaks.high || !series_peak_set(book, &peak))
			return false;
	}
	return !reader->failed;
}

void series_put(const struct series_book *book, struct bytes_writer *writer, series_flush *flush,
	void *context)
{
	struct put put = {writer, flush, context, 0};

	bytes_put_u8(writer, book->open);
	bytes_put_u8(writer, book->look);
	bytes_put_i64(writer, book->bin);
	bytes_put_i64(writer, book->next_ns);
	bytes_put_u64(writer, book->job.id);
	bytes_put_u32(writer, book->job.generation);
	bytes_put_u32(writer, book->generation);
	bytes_put_u32(writer, book->turn);
	bytes_put_i64(writer, book->job_at_ns);
	put_peaks(&put, &book->peaks);
	for (uint32_t i = 0; i < book->rows_high; i++) {
		if (!book->rows[i].used)
			continue;
		bytes_put_u32(writer, i + 1);
		put_row(&put, book, i);
	}
	bytes_put_u32(writer, 0);
}

static bool read_watches(struct series_book *book, uint32_t number, struct bytes_reader *reader)
{
	uint8_t watched = bytes_get_u8(reader);
	bool ok = watched <= 1;

	if (watched == 0)
		return ok;
	series_watch_begin(book, number);
	if (book->rows[number].watch == 0)
		return false;
	for (uint32_t what = 0; what < SERIES_PER_SUBJECT && ok; what++)
		ok = vigil_read(series_watch(book, number, what), reader);
	return ok;
}

static bool read_row(struct series_book *book, uint32_t number, struct bytes_reader *reader)
{
	struct series_row *row = &book->rows[number];
	bool ok = true;

	series_row_begin(book, number);
	row->news = bytes_get_u8(reader) != 0;
	book->news = book->news || row->news;
	row->fine_broken = bytes_get_u8(reader) != 0;
	row->hour_broken = bytes_get_u8(reader) != 0;
	for (uint32_t i = 0; i < SERIES_PER_SUBJECT; i++) {
		ok = get_number(reader, &row->fine[i]) && ok;
		ok = get_number(reader, &row->hour[i]) && ok;
		row->told[i] = bytes_get_u8(reader) != 0;
		row->told_hour[i] = bytes_get_u8(reader);
		ok = row->told_hour[i] <= FINE_PER_HOUR && ok;
	}
	for (uint32_t i = 0; i < SERIES_PER_ROW && ok; i++)
		ok = get_forecaster(reader, &book->forecasters[series_index(number, 0, 0) + i]);
	return ok && read_watches(book, number, reader) && !reader->failed;
}

bool series_read(struct series_book *book, struct bytes_reader *reader)
{
	uint32_t next;

	book->open = bytes_get_u8(reader) != 0;
	book->look = bytes_get_u8(reader) != 0;
	book->bin = bytes_get_i64(reader);
	book->next_ns = bytes_get_i64(reader);
	book->job.id = bytes_get_u64(reader);
	book->job.generation = bytes_get_u32(reader);
	book->generation = bytes_get_u32(reader);
	book->turn = bytes_get_u32(reader);
	book->job_at_ns = bytes_get_i64(reader);
	if (!read_peaks(book, reader))
		return false;
	next = bytes_get_u32(reader);
	while (next != 0) {
		/* In their order, so that equal states have one form. */
		if (next > series_rows_max(book) || next <= book->rows_high ||
			!read_row(book, next - 1, reader))
			return false;
		next = bytes_get_u32(reader);
	}
	return !reader->failed && num_abs((double)book->bin) < BIN_MAX;
}

/* ---- one row ---- */

void series_row_put(const struct series_book *book, uint32_t row, uint32_t values_max,
	struct bytes_writer *writer)
{
	struct put put = {writer, NULL, NULL, 0};

	bytes_put_i64(writer, book->bin);
	for (uint32_t i = 0; i < SERIES_PER_ROW; i++)
		put_forecaster(&put, &book->forecasters[series_index(row, 0, 0) + i], values_max);
}

/* What is read for its faults only goes to the spare place. */
static struct forecaster *place_for(struct series_book *book, uint32_t row, uint32_t i)
{
	struct forecaster *spare = &book->forecasters[series_index(series_rows_max(book), 0, 0)];

	if (row != BAL_NONE)
		return &book->forecasters[series_index(row, 0, 0) + i];
	forecaster_init(spare, series_step_ns(i % SERIES_GRAIN_COUNT));
	return spare;
}

bool series_row_read(struct series_book *book, uint32_t row, struct bytes_reader *reader)
{
	int64_t bin = bytes_get_i64(reader);
	bool ok = num_abs((double)bin) < BIN_MAX;

	if (row != BAL_NONE && (row >= series_rows_max(book) || book->rows[row].used))
		row = BAL_NONE;
	if (ok && row != BAL_NONE) {
		series_row_begin(book, row);
		/* The wall clock is not known yet: the first step closes what was missed. */
		if (!book->open) {
			book->bin = bin;
			book->next_ns = INT64_MIN / 2;
		}
		book->open = true;
	}
	for (uint32_t i = 0; i < SERIES_PER_ROW && ok; i++)
		ok = get_forecaster(reader, place_for(book, row, i));
	if (ok && row != BAL_NONE) {
		series_watch_begin(book, row);
		series_watch_again(book, row, bin);
	}
	return ok;
}
