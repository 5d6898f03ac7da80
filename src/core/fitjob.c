/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both directions trust nothing: a result comes back through a journal or another process's hands,
 * and numbers that are none would stay in the forecaster for an hour.
 */
#include "core/fitjob.h"

#include "ballast.h"
#include "base/assert.h"
#include "base/bytes.h"
#include "base/num.h"
#include "core/forecaster.h"
#include "core/searchjob.h"

#include <string.h>

#define INPUT_MAGIC  UINT32_C(0x4946414c)
#define RESULT_MAGIC UINT32_C(0x5246414c)
#define VALUE_MAX    1e30

/* What a fit needs besides its input. */
struct fit_room {
	struct forecaster copy;
	struct forecaster_room room;
	struct forecaster_fit fit;
};

static void put_float(struct bytes_writer *writer, double value)
{
	float narrow = (float)value;
	uint32_t bits;

	memcpy(&bits, &narrow, sizeof bits);
	bytes_put_u32(writer, bits);
}

static double get_float(struct bytes_reader *reader)
{
	uint32_t bits = bytes_get_u32(reader);
	float narrow;

	memcpy(&narrow, &bits, sizeof narrow);
	return (double)narrow;
}

/* ---- the input ---- */

static void put_input(struct bytes_writer *writer, const struct forecaster *forecaster,
	fitjob_filter *leaves_out, const void *context)
{
	bytes_put_u32(writer, INPUT_MAGIC);
	bytes_put_i64(writer, forecaster->step_ns);
	bytes_put_u64(writer, forecaster->pushes);
	bytes_put_u32(writer, forecaster->count);
	for (uint32_t i = 0; i < forecaster->count; i++) {
		uint32_t back = forecaster->count - i;

		uint32_t place = (forecaster->next + HISTORY_MAX - back) % HISTORY_MAX;

		put_float(writer, leaves_out(context, back) ? __builtin_nan("")
							    : (double)forecaster->values[place]);
	}
}

size_t fitjob_input(const struct forecaster *forecaster, fitjob_filter *leaves_out,
	const void *context, void *to, size_t size)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, NULL, 0);
	put_input(&writer, forecaster, leaves_out, context);
	bal_assert(writer.used <= BAL_JOB_RESULT_MAX);
	if (to == NULL || size < writer.used)
		return writer.used;
	bytes_writer_init(&writer, to, size);
	put_input(&writer, forecaster, leaves_out, context);
	return writer.used;
}

static bool read_input(struct forecaster *copy, const void *from, size_t size)
{
	struct bytes_reader reader;
	uint32_t magic;

	bytes_reader_init(&reader, from, size);
	magic = bytes_get_u32(&reader);
	copy->step_ns = bytes_get_i64(&reader);
	copy->pushes = bytes_get_u64(&reader);
	copy->count = bytes_get_u32(&reader);
	if (magic != INPUT_MAGIC || copy->step_ns <= 0 || copy->count > HISTORY_MAX)
		return false;
	copy->next = copy->count % HISTORY_MAX;
	for (uint32_t i = 0; i < copy->count; i++) {
		double value = get_float(&reader);

		if (value == value && num_abs(value) > VALUE_MAX)
			return false;
		copy->values[i] = (float)value;
	}
	return !reader.failed && bytes_left(&reader) == 0;
}

/* ---- the result ---- */

static size_t put_result(const struct forecaster_fit *fit, void *to, size_t size)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, to, size);
	bytes_put_u32(&writer, RESULT_MAGIC);
	bytes_put_u64(&writer, fit->pushes);
	bytes_put_u32(&writer, fit->season);
	bytes_put_u8(&writer, fit->is_signed);
	for (uint32_t i = 0; i < BLEND_NEAR_MAX; i++)
		bytes_put_double(&writer, fit->carry[i]);
	bytes_put_u32(&writer, fit->path_count);
	for (uint32_t i = 0; i < fit->path_count; i++) {
		put_float(&writer, fit->path[i].mean);
		put_float(&writer, fit->path[i].low80);
		put_float(&writer, fit->path[i].high80);
		put_float(&writer, fit->path[i].low95);
		put_float(&writer, fit->path[i].high95);
	}
	return writer.overflow ? 0 : writer.used;
}

/* Finite, and in their order; floats of equal doubles are equal. */
static bool get_band(struct bytes_reader *reader, struct forecast_band *band)
{
	band->mean = get_float(reader);
	band->low80 = get_float(reader);
	band->high80 = get_float(reader);
	band->low95 = get_float(reader);
	band->high95 = get_float(reader);
	return num_abs(band->low95) <= VALUE_MAX && num_abs(band->high95) <= VALUE_MAX &&
	       band->low95 <= band->low80 && band->low80 <= band->mean &&
	       band->mean <= band->high80 && band->high80 <= band->high95;
}

bool fitjob_result(const void *from, size_t size, struct forecaster_fit *fit)
{
	struct bytes_reader reader;
	uint32_t magic;
	uint8_t is_signed;
	bool ok = true;

	bytes_reader_init(&reader, from, size);
	magic = bytes_get_u32(&reader);
	fit->pushes = bytes_get_u64(&reader);
	fit->season = bytes_get_u32(&reader);
	is_signed = bytes_get_u8(&reader);
	fit->is_signed = is_signed != 0;
	for (uint32_t i = 0; i < BLEND_NEAR_MAX; i++) {
		fit->carry[i] = bytes_get_double(&reader);
		ok = num_abs(fit->carry[i]) <= VALUE_MAX && ok;
	}
	fit->path_count = bytes_get_u32(&reader);
	if (!ok || magic != RESULT_MAGIC || is_signed > 1 || fit->season > HISTORY_MAX ||
		fit->path_count == 0 || fit->path_count > FORECASTER_PATH_MAX)
		return false;
	for (uint32_t i = 0; i < fit->path_count && ok; i++)
		ok = get_band(&reader, &fit->path[i]);
	return ok && !reader.failed && bytes_left(&reader) == 0;
}

/* ---- the job ---- */

size_t bal_job_scratch_size(void)
{
	size_t search = searchjob_scratch_size();

	return search > sizeof(struct fit_room) ? search : sizeof(struct fit_room);
}

size_t bal_job_run(
	const void *input, size_t input_size, void *output, size_t output_size, void *scratch)
{
	struct fit_room *room = scratch;

	if (input != NULL && output != NULL && searchjob_is_input(input, input_size))
		return searchjob_run(input, input_size, output, output_size, scratch);
	if (input == NULL || output == NULL || !read_input(&room->copy, input, input_size) ||
		!forecaster_fit(&room->copy, &room->room, &room->fit))
		return 0;
	return put_result(&room->fit, output, output_size);
}
