/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bins have their place by their number, so that a pause moves nothing: its bins are said to be
 * missing. A clock that is set back begins a new diary, since what it said lies ahead then.
 */
#include "core/diary.h"

#include "base/num.h"
#include "base/units.h"

#define BIN_NS        (DIARY_BIN_S * NS_PER_S)
#define SERVICE_BINS  (DIARY_BINS / DIARY_SERVICES)
#define MISSING       UINT32_MAX
#define ODD           (UINT32_C(1) << 31)
#define ARRIVALS_MAX  (ODD - 2)
#define MISSING_PART  10 /* one in so many bins may be missing */
#define BIN_MAX       (INT64_C(1) << 40)
#define SERVICE_S_MAX 1e9f
#define LOOKS_MIN     8
#define CLUMP_MAX     1000.0
#define FORGET        (1 - 1.0 / DIARY_BINS)
#define SUM_MAX       1e18
#define PIECE         100

static uint32_t place_of(int64_t bin)
{
	return (uint32_t)((uint64_t)bin % DIARY_BINS);
}

static void note_clumps(struct diary *diary)
{
	double mean = diary->open / diary->looks;
	double variance = (diary->open_squares - mean * diary->open) / (diary->looks - 1);

	diary->variance_sum = diary->variance_sum * FORGET + num_max(variance, 0);
	diary->mean_sum = diary->mean_sum * FORGET + mean;
}

static void forget_open(struct diary *diary)
{
	diary->open = 0;
	diary->open_squares = 0;
	diary->looks = 0;
	diary->odd = false;
}

static void close_bin(struct diary *diary, double service_s)
{
	uint32_t place = place_of(diary->bin);
	uint32_t arrivals = (uint32_t)num_clamp(diary->open + 0.5, 0, ARRIVALS_MAX);

	diary->bins[place] = diary->broken ? MISSING : arrivals | (diary->odd ? ODD : 0);
	diary->service_s[place / SERVICE_BINS] =
		(float)num_clamp(service_s, 0, (double)SERVICE_S_MAX);
	if (!diary->broken && !diary->odd && diary->looks >= LOOKS_MIN)
		note_clumps(diary);
	diary->bin++;
	diary->count += diary->count < DIARY_BINS;
	diary->broken = false;
	forget_open(diary);
}

static void begin(struct diary *diary, int64_t bin)
{
	diary->begun = true;
	diary->bin = bin;
	diary->count = 0;
	forget_open(diary);
}

void diary_see(struct diary *diary, const struct diary_look *look)
{
	int64_t bin = look->now_ns / BIN_NS;

	if (!diary->begun || bin < diary->bin || bin - diary->bin > DIARY_BINS)
		begin(diary, bin);
	if (!look->follows)
		diary->broken = true;
	while (diary->bin < bin) {
		close_bin(diary, look->service_s);
		diary->broken = !look->follows;
	}
	if (look->follows) {
		diary->open += look->arrivals;
		diary->open_squares += look->arrivals * look->arrivals;
		diary->looks++;
	}
	diary->odd = diary->odd || look->odd;
}

bool diary_bin(const struct diary *diary, uint32_t back, uint32_t *arrivals, bool *odd)
{
	uint32_t value;

	if (back == 0 || back > diary->count)
		return false;
	value = diary->bins[place_of(diary->bin - (int64_t)back)];
	*arrivals = value & ~ODD;
	*odd = (value & ODD) != 0;
	return value != MISSING;
}

double diary_service_s(const struct diary *diary, uint32_t back)
{
	return (double)diary->service_s[place_of(diary->bin - (int64_t)back) / SERVICE_BINS];
}

double diary_clump(const struct diary *diary)
{
	if (diary->mean_sum <= 0)
		return 1;
	return num_clamp(diary->variance_sum / diary->mean_sum, 1, CLUMP_MAX);
}

bool diary_is_whole(const struct diary *diary)
{
	uint32_t missing = 0;

	for (uint32_t i = 0; i < diary->count; i++)
		missing += diary->bins[i] == MISSING;
	return diary->count == DIARY_BINS && missing <= DIARY_BINS / MISSING_PART;
}

/* ---- form ---- */

static void put_bin(const struct diary *diary, uint32_t back, struct bytes_writer *writer)
{
	uint32_t value = diary->bins[place_of(diary->bin - (int64_t)back)];

	bytes_put_varint(writer, value == MISSING ? 0 : (uint64_t)value + 1);
}

void diary_put(const struct diary *diary, struct bytes_writer *writer, void (*slide)(void *),
	void *context)
{
	bytes_put_u8(writer, diary->begun);
	if (!diary->begun)
		return;
	bytes_put_i64(writer, diary->bin);
	bytes_put_u32(writer, diary->count);
	bytes_put_u8(writer, diary->broken);
	bytes_put_u8(writer, diary->odd);
	bytes_put_double(writer, diary->open);
	bytes_put_double(writer, diary->open_squares);
	bytes_put_u32(writer, diary->looks);
	bytes_put_double(writer, diary->variance_sum);
	bytes_put_double(writer, diary->mean_sum);
	for (uint32_t back = diary->count; back > 0; back--) {
		put_bin(diary, back, writer);
		if (slide != NULL && back % PIECE == 0)
			slide(context);
	}
	for (uint32_t i = 0; i < DIARY_SERVICES; i++) {
		bytes_put_double(writer, (double)diary->service_s[i]);
		if (slide != NULL && i % PIECE == 0)
			slide(context);
	}
}

static bool read_bool(struct bytes_reader *reader, bool *value)
{
	uint8_t byte = bytes_get_u8(reader);

	*value = byte != 0;
	return !reader->failed && byte <= 1;
}

static bool read_sum(struct bytes_reader *reader, double *value)
{
	*value = bytes_get_double(reader);
	return *value >= 0 && *value <= SUM_MAX;
}

static bool read_head(struct diary *diary, struct bytes_reader *reader)
{
	bool ok;

	diary->bin = bytes_get_i64(reader);
	diary->count = bytes_get_u32(reader);
	ok = read_bool(reader, &diary->broken);
	ok = read_bool(reader, &diary->odd) && ok;
	ok = read_sum(reader, &diary->open) && ok;
	ok = read_sum(reader, &diary->open_squares) && ok;
	diary->looks = bytes_get_u32(reader);
	ok = read_sum(reader, &diary->variance_sum) && ok;
	ok = read_sum(reader, &diary->mean_sum) && ok;
	return ok && !reader->failed && diary->bin >= 0 && diary->bin <= BIN_MAX &&
	       diary->count <= DIARY_BINS;
}

static bool read_bins(struct diary *diary, struct bytes_reader *reader)
{
	bool ok = true;

	for (uint32_t back = diary->count; back > 0; back--) {
		uint64_t value = bytes_get_varint(reader);

		ok = value <= UINT32_MAX && ok;
		diary->bins[place_of(diary->bin - (int64_t)back)] =
			value == 0 ? MISSING : (uint32_t)value - 1;
	}
	for (uint32_t i = 0; i < DIARY_SERVICES; i++) {
		double value = bytes_get_double(reader);

		ok = value >= 0 && value <= (double)SERVICE_S_MAX && ok;
		diary->service_s[i] = ok ? (float)value : 0;
	}
	return ok && !reader->failed;
}

bool diary_read(struct diary *diary, struct bytes_reader *reader)
{
	*diary = (struct diary){.begun = false};
	if (!read_bool(reader, &diary->begun))
		return false;
	if (!diary->begun || (read_head(diary, reader) && read_bins(diary, reader)))
		return true;
	*diary = (struct diary){.begun = false};
	return false;
}
