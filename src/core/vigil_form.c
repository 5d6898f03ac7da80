/* SPDX-License-Identifier: Apache-2.0 */
/* Most of a detector is histograms and rings with little in them, so only what is used is written:
 * buckets with a count, shapes and peaks that are there, rings from their oldest entry on. */
#include "base/bytes.h"
#include "base/num.h"
#include "core/vigil.h"

#include <string.h>

#define FLUSH_EVERY 8 /* things of at most 80 bytes */
#define NUMBER_MAX  (10 * ANOMALY_VALUE_MAX)
#define COUNT_MAX   (UINT64_C(1) << 48)

struct put {
	struct bytes_writer *writer;
	void (*flush)(void *context);
	void *context;
	uint32_t count;
};

static void count_item(struct put *put)
{
	if (++put->count % FLUSH_EVERY == 0 && put->flush != NULL)
		put->flush(put->context);
}

static bool get_number(struct bytes_reader *reader, double *number)
{
	*number = bytes_get_double(reader);
	return num_abs(*number) <= NUMBER_MAX;
}

static bool get_count(struct bytes_reader *reader, uint64_t max, uint64_t *count)
{
	*count = bytes_get_varint(reader);
	return *count <= max;
}

/* ---- the parts of a detector ---- */

static void put_means(struct put *put, const struct habit_mean *means, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		bytes_put_varint(put->writer, means[i].count);
		if (means[i].count > 0)
			bytes_put_double(put->writer, means[i].mean);
		count_item(put);
	}
}

static bool get_means(struct bytes_reader *reader, struct habit_mean *means, uint32_t count)
{
	bool ok = true;

	for (uint32_t i = 0; i < count && ok; i++) {
		uint64_t seen = bytes_get_varint(reader);

		ok = seen <= UINT32_MAX;
		means[i].count = (uint32_t)seen;
		if (seen > 0)
			ok = get_number(reader, &means[i].mean) && ok;
	}
	return ok;
}

static void put_habit(struct put *put, const struct habit *habit)
{
	put_means(put, habit->day, HABIT_DAY_SLOTS);
	put_means(put, habit->week, HABIT_WEEK_SLOTS);
	bytes_put_double(put->writer, habit->day_error);
	bytes_put_double(put->writer, habit->week_error);
	for (uint32_t i = 0; i < HABIT_DAY_SLOTS; i++) {
		if (habit->day[i].count == 0)
			continue;
		bytes_put_double(put->writer, habit->high[i]);
		bytes_put_double(put->writer, habit->low[i]);
		count_item(put);
	}
}

static bool get_habit(struct bytes_reader *reader, struct habit *habit)
{
	bool ok = get_means(reader, habit->day, HABIT_DAY_SLOTS) &&
		  get_means(reader, habit->week, HABIT_WEEK_SLOTS);

	ok = ok && get_number(reader, &habit->day_error) && get_number(reader, &habit->week_error);
	for (uint32_t i = 0; i < HABIT_DAY_SLOTS && ok; i++)
		if (habit->day[i].count > 0)
			ok = get_number(reader, &habit->high[i]) &&
			     get_number(reader, &habit->low[i]);
	return ok;
}

static void put_motifs(struct put *put, const struct motifs *motifs)
{
	bytes_put_varint(put->writer, motifs->meetings);
	bytes_put_varint(put->writer, motifs->count);
	for (uint32_t i = 0; i < motifs->count; i++) {
		for (uint32_t j = 0; j < MOTIF_SIZE; j++)
			bytes_put_double(put->writer, motifs->shapes[i][j]);
		bytes_put_varint(put->writer, motifs->used_at[i]);
		count_item(put);
	}
}

static bool get_motifs(struct bytes_reader *reader, struct motifs *motifs)
{
	uint64_t count;
	bool ok = get_count(reader, COUNT_MAX, &motifs->meetings);

	ok = get_count(reader, MOTIFS_MAX, &count) && ok;
	motifs->count = ok ? (uint32_t)count : 0;
	for (uint32_t i = 0; i < motifs->count && ok; i++) {
		for (uint32_t j = 0; j < MOTIF_SIZE; j++)
			ok = get_number(reader, &motifs->shapes[i][j]) && ok;
		ok = get_count(reader, COUNT_MAX, &motifs->used_at[i]) && ok;
	}
	return ok;
}

static void put_tail(struct put *put, const struct tail *tail)
{
	uint32_t last = 0;

	/* Distances between used buckets, from 1; 0 ends. */
	for (uint32_t i = 0; i <= tail->top; i++) {
		if (tail->counts[i] == 0)
			continue;
		bytes_put_varint(put->writer, i + 1 - last);
		bytes_put_varint(put->writer, tail->counts[i]);
		last = i + 1;
		count_item(put);
	}
	bytes_put_varint(put->writer, 0);
}

static bool get_tail(struct bytes_reader *reader, struct tail *tail)
{
	uint64_t step = bytes_get_varint(reader), bucket = 0, sum = 0;

	while (step != 0) {
		uint64_t count;

		count = bytes_get_varint(reader);
		sum += count;
		if (step > TAIL_BUCKETS || bucket + step > TAIL_BUCKETS || count == 0 ||
			count > INT32_MAX || sum > INT32_MAX)
			return false;
		bucket += step;
		tail->counts[bucket - 1] = (uint32_t)count;
		tail->top = (uint32_t)bucket - 1;
		step = bytes_get_varint(reader);
	}
	tail->count = (uint32_t)sum;
	return true;
}

static void put_refractory(struct put *put, const struct refractory *refractory)
{
	bytes_put_varint(put->writer, refractory->index);
	bytes_put_varint(put->writer, refractory->count);
	for (uint32_t i = 0; i < refractory->count; i++) {
		uint32_t slot = (refractory->first + i) % (REFRACTORY_POINTS_MAX + 1);

		bytes_put_varint(put->writer, refractory->peaks[slot].index);
		bytes_put_double(put->writer, refractory->peaks[slot].strength);
		count_item(put);
	}
}

static bool get_refractory(struct bytes_reader *reader, struct refractory *refractory)
{
	uint64_t count;
	bool ok = get_count(reader, COUNT_MAX, &refractory->index);

	ok = get_count(reader, REFRACTORY_POINTS_MAX + 1, &count) && ok;
	refractory->count = ok ? (uint32_t)count : 0;
	for (uint32_t i = 0; i < refractory->count && ok; i++) {
		refractory->peaks[i].index = bytes_get_varint(reader);
		ok = get_number(reader, &refractory->peaks[i].strength) &&
		     refractory->peaks[i].index < refractory->index;
	}
	return ok;
}

/* ---- a detector: what it is asked of the newest point is made anew with the next one ---- */

static uint32_t recent_count(const struct anomaly *anomaly)
{
	return anomaly->count < ANOMALY_RECENT ? (uint32_t)anomaly->count : ANOMALY_RECENT;
}

static void put_anomaly(struct put *put, const struct anomaly *anomaly)
{
	bytes_put_varint(put->writer, anomaly->count);
	bytes_put_double(put->writer, anomaly->unrest);
	bytes_put_double(put->writer, anomaly->high);
	bytes_put_double(put->writer, anomaly->low);
	bytes_put_double(put->writer, anomaly->mood);
	for (uint32_t i = 0; i < recent_count(anomaly); i++) {
		bytes_put_double(put->writer, anomaly->recent[i]);
		count_item(put);
	}
	put_habit(put, &anomaly->habit);
	put_motifs(put, &anomaly->motifs);
	put_refractory(put, &anomaly->refractory);
	for (uint32_t i = 0; i < ANOMALY_MEASURED; i++)
		put_tail(put, &anomaly->tails[i]);
	put_tail(put, &anomaly->sums);
}

static bool get_anomaly(struct bytes_reader *reader, struct anomaly *anomaly)
{
	bool ok = get_count(reader, COUNT_MAX, &anomaly->count);

	ok = get_number(reader, &anomaly->unrest) && ok;
	ok = get_number(reader, &anomaly->high) && ok;
	ok = get_number(reader, &anomaly->low) && ok;
	ok = get_number(reader, &anomaly->mood) && ok;
	for (uint32_t i = 0; i < recent_count(anomaly) && ok; i++)
		ok = get_number(reader, &anomaly->recent[i]);
	ok = ok && get_habit(reader, &anomaly->habit) && get_motifs(reader, &anomaly->motifs) &&
	     get_refractory(reader, &anomaly->refractory);
	for (uint32_t i = 0; i < ANOMALY_MEASURED && ok; i++)
		ok = get_tail(reader, &anomaly->tails[i]);
	return ok && get_tail(reader, &anomaly->sums);
}

/* ---- a watch ---- */

static void put_stretch(struct put *put, const struct vigil_stretch *stretch)
{
	bytes_put_i64(put->writer, stretch->first);
	bytes_put_varint(put->writer, stretch->count);
	count_item(put);
}

static bool get_stretch(struct bytes_reader *reader, struct vigil_stretch *stretch)
{
	uint64_t count;

	stretch->first = bytes_get_i64(reader);
	count = bytes_get_varint(reader);
	stretch->count = (uint32_t)(count & 0xffff);
	return count <= VIGIL_ODD_BINS_MAX + 1 && num_abs((double)stretch->first) < 1e15;
}

void vigil_put(const struct vigil *watch, struct bytes_writer *writer, void (*flush)(void *context),
	void *context)
{
	struct put put = {writer, flush, context, 0};

	bytes_put_double(writer, watch->score);
	bytes_put_u8(writer, watch->is_odd);
	bytes_put_varint(writer, watch->calm);
	put_stretch(&put, &watch->open);
	for (uint32_t i = 0; i < VIGIL_STRETCHES; i++)
		put_stretch(&put, &watch->past[(watch->next + i) % VIGIL_STRETCHES]);
	put_anomaly(&put, &watch->anomaly);
	if (flush != NULL)
		flush(context);
}

bool vigil_read(struct vigil *watch, struct bytes_reader *reader)
{
	uint8_t is_odd;
	uint64_t calm;
	bool ok;

	vigil_init(watch);
	ok = get_number(reader, &watch->score);
	is_odd = bytes_get_u8(reader);
	calm = bytes_get_varint(reader);
	ok = ok && is_odd <= 1 && calm < VIGIL_CALM_BINS;
	watch->is_odd = is_odd != 0;
	watch->calm = ok ? (uint32_t)calm : 0;
	ok = ok && get_stretch(reader, &watch->open);
	for (uint32_t i = 0; i < VIGIL_STRETCHES && ok; i++)
		ok = get_stretch(reader, &watch->past[i]);
	return ok && get_anomaly(reader, &watch->anomaly) && vigil_check(watch) == NULL &&
	       !reader->failed;
}
