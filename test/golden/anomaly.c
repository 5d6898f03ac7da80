/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the anomaly detector says of drawn streams, to the last digit: score and evidence of each
 * part where something happens and now and then where nothing does; and its tools one by one. "all"
 * is a digest of everything between.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checksum.h"
#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/anomaly.h"
#include "core/habit.h"
#include "core/motif.h"
#include "core/refractory.h"
#include "core/tail.h"
#include "golden.h"

#define ROWS       2500
#define SCORE_TOLD 0.2

static struct anomaly anomaly;

static const char *const PARTS[] = {
#define X(name, word, weight, help) word,
	ANOMALY_PARTS(X)
#undef X
};

/* ---- streams --------------------------------------------------------------------------------- */

/* X(NAME, step in seconds) */
#define STREAMS(X)                                                                                 \
	X(PERIODIC, 900)    /* days, with noise; a spike, a late day, a quiet day */               \
	X(WEEKLY, 3600)     /* quiet weekends, and one that is not */                              \
	X(SHIFT, 300)       /* another level, twice */                                             \
	X(NOISE, 300)       /* the noise grows, then is gone */                                    \
	X(SILENCE, 300)     /* nothing for a while, then no values at all */                       \
	X(SAWTOOTH, 60)     /* one tooth is missing */                                             \
	X(STEADY, 60)       /* always the same, but for one value */                               \
	X(ZEROS, 60)        /* nothing, then something */                                          \
	X(WILD, 600)        /* heavy tails: everything is odd */                                   \
	X(HUGE, 300)        /* beyond what is told apart, and no numbers */                        \
	X(BACKWARDS, -1700) /* time goes back, and is before 1970 */

enum stream_kind {
#define X(name, step_s) STREAM_##name,
	STREAMS(X)
#undef X
		STREAM_COUNT
};

static const struct {
	const char *name;
	int64_t step_s;
} STREAM_KINDS[] = {
#define X(name, step_s) {#name, step_s},
	STREAMS(X)
#undef X
};

static double hump(int64_t second)
{
	double phase = (double)(second % 86400) / 86400;

	return 10 + 80 * phase * (1 - phase);
}

static double draw_periodic(uint32_t row, int64_t second, double noise)
{
	if (row == 1500)
		return 90;
	if (row >= 1800 && row < 1896)
		return hump(second - 4 * 3600) + 0.3 * noise;
	return (row >= 2200 && row < 2260 ? 15 : hump(second)) + 0.3 * noise;
}

static double draw_silence(uint32_t row, int64_t second, double noise)
{
	if (row >= 1000 && row < 1080)
		return 0;
	if (row >= 1800 && row < 1850)
		return __builtin_nan("");
	return hump(second) * (1 + 0.1 * noise);
}

static double draw_row(struct prng *prng, enum stream_kind kind, uint32_t row, int64_t second)
{
	double noise = prng_normal(prng);
	bool is_rest = second / 86400 % 7 >= 5;

	switch (kind) {
	case STREAM_PERIODIC:
		return draw_periodic(row, second, noise);
	case STREAM_WEEKLY:
		return (is_rest && row / 168 != 11 ? 0.3 : 1) * hump(second) * (1 + 0.05 * noise);
	case STREAM_SHIFT:
		return (row < 1200 ? 50 : row < 1900 ? 65 : 20) + noise;
	case STREAM_NOISE:
		return 50 + (row < 1000 ? 1 : row < 1700 ? 6 : 0.05) * noise;
	case STREAM_SILENCE:
		return draw_silence(row, second, noise);
	case STREAM_SAWTOOTH:
		return row / 20 == 70 ? 5 : row % 20 + 0.1 * noise;
	case STREAM_STEADY:
		return row == 900 ? 8 : 7;
	case STREAM_ZEROS:
		return row >= 800 && row % 100 == 0 ? 1 + row / 100 : 0;
	case STREAM_WILD:
		return noise < 0 ? -prng_pareto(prng, 1.1, 5) : prng_pareto(prng, 1.1, 5);
	case STREAM_HUGE:
		return row % 500 == 3 ? 1e300 : row % 77 == 5 ? -__builtin_inf() : 1e99 * noise;
	default:
		return hump(1000000000 + second) + noise;
	}
}

static void write_row(FILE *to, uint32_t row, double value, double score)
{
	fprintf(to, "  %4u %.9g: %.9g, mood %.9g", row, value, score, anomaly.mood);
	for (uint32_t part = 0; part < ANOMALY_PART_COUNT; part++)
		if (anomaly.evidence[part] != 0)
			fprintf(to, "; %s %.9g", PARTS[part], anomaly.evidence[part]);
	fprintf(to, "\n");
}

/* Plays a stream; without a file nothing but the digest and the number of alarms comes of it. */
static uint64_t play_stream(FILE *to, enum stream_kind kind, uint32_t parts, uint32_t *alarms)
{
	struct digest digest;
	struct prng prng;

	digest_init(&digest, 0);
	prng_init(&prng, 20240608 + kind);
	anomaly_init(&anomaly, parts);
	*alarms = 0;
	for (uint32_t row = 0; row < ROWS; row++) {
		int64_t second = row * STREAM_KINDS[kind].step_s;
		double value = draw_row(&prng, kind, row, second);
		double score = anomaly_update(&anomaly, second * NS_PER_S, value);

		*alarms += score > 0.5;
		digest_double(&digest, score);
		digest_double(&digest, anomaly.mood);
		for (uint32_t part = 0; part < ANOMALY_PART_COUNT; part++)
			digest_double(&digest, anomaly.evidence[part]);
		if (to != NULL && (score > SCORE_TOLD || row % 131 == 130 || row == 189))
			write_row(to, row, value, score);
	}
	return digest_value(&digest);
}

static void write_streams(FILE *to)
{
	for (uint32_t kind = 0; kind < STREAM_COUNT; kind++) {
		uint32_t alarms;

		fprintf(to, "%s\n", STREAM_KINDS[kind].name);
		uint64_t digest = play_stream(to, kind, ANOMALY_ALL, &alarms);
		fprintf(to, "  %u alarms, all %016" PRIx64 "\n", alarms, digest);
	}
}

static void write_without(FILE *to)
{
	for (uint32_t part = 0; part < ANOMALY_PART_COUNT; part++) {
		uint32_t alarms;
		uint64_t digest =
			play_stream(NULL, STREAM_SILENCE, ANOMALY_ALL & ~(1u << part), &alarms);

		fprintf(to, "without %s: %u alarms, all %016" PRIx64 "\n", PARTS[part], alarms,
			digest);
	}
}

/* ---- tools ----------------------------------------------------------------------------------- */

static void write_rarities(FILE *to, const struct tail *tail)
{
	static const double values[] = {0, 1e-300, 1e-39, 0.01, 0.5, 0.9, 1, 1.1, 1.5, 2, 3, 5, 8,
		20, 100, 1e4, 1e38, 1e300};

	fprintf(to, "%u values, top %u:", tail->count, tail->top);
	for (uint32_t i = 0; i < sizeof values / sizeof *values; i++)
		fprintf(to, " %.9g", tail_rarity(tail, values[i]));
	fprintf(to, "\n");
}

static void write_tails(FILE *to)
{
	static struct tail tail;
	struct prng prng;

	prng_init(&prng, 3);
	memset(&tail, 0, sizeof tail);
	write_rarities(to, &tail);
	for (uint32_t i = 1; i <= 5000; i++) {
		tail_add(&tail, prng_lognormal(&prng, 1, 1));
		if (i == 1 || i == 2 || i == 49 || i == 50 || i == 51 || i == 400 || i == 5000)
			write_rarities(to, &tail);
	}
	tail_add(&tail, 1e300);
	tail_add(&tail, 0);
	write_rarities(to, &tail);
	/* Half of everything is forgotten before the count overflows; what was there once is gone.
	 */
	tail.counts[TAIL_BUCKETS / 2] += (UINT32_C(1) << 31) - 1 - tail.count;
	tail.count = (UINT32_C(1) << 31) - 1;
	tail_add(&tail, 1);
	write_rarities(to, &tail);
	tail_add(&tail, 2);
	write_rarities(to, &tail);
	memset(&tail, 0, sizeof tail);
	tail_add(&tail, 0);
	tail.count = UINT32_C(1) << 31;
	tail_add(&tail, 0);
	write_rarities(to, &tail);
}

static void write_habit(FILE *to, int64_t step_ns, int64_t begin_ns, uint32_t rows)
{
	static struct habit habit;
	struct prng prng;

	prng_init(&prng, 9);
	memset(&habit, 0, sizeof habit);
	fprintf(to, "one in %" PRId64 " s from %" PRId64 " s\n", step_ns / NS_PER_S,
		begin_ns / NS_PER_S);
	for (uint32_t row = 0; row < rows; row++) {
		double value = 5 + (row / 24 % 7 >= 5 ? 3 : 0) + prng_normal(&prng);
		struct habit_departure departure =
			habit_meet(&habit, begin_ns + row * step_ns, value);

		if (row > 40 && row % 53 != 0)
			continue;
		fprintf(to, "  %3u %.9g:%s deviation %.9g, outside %.9g, errors %.9g %.9g\n", row,
			value, departure.is_known ? "" : " new,", departure.deviation,
			departure.outside, habit.day_error, habit.week_error);
	}
}

static void write_habits(FILE *to)
{
	write_habit(to, NS_PER_HOUR, 0, 1000);
	write_habit(to, 840 * NS_PER_S, -3 * NS_PER_DAY - 1, 900);
	write_habit(to, 0, INT64_MIN, 20);
	write_habit(to, 8 * NS_PER_HOUR + 1, INT64_C(1700000000) * NS_PER_S, 300);
}

static void write_motifs(FILE *to)
{
	static struct motifs motifs;
	struct prng prng;

	prng_init(&prng, 12);
	memset(&motifs, 0, sizeof motifs);
	for (uint32_t row = 0; row < 500; row++) {
		double values[MOTIF_SIZE];

		for (uint32_t i = 0; i < MOTIF_SIZE; i++)
			values[i] = prng_normal(&prng);
		struct motif_match match = motif_find(&motifs, values);
		if (match.nearest == MOTIF_NONE || match.distance > 0.9)
			motif_keep(&motifs, values);
		else
			motif_use(&motifs, match.nearest);
		if (row % 20 == 0)
			fprintf(to, "%u: %u kept, nearest %u, distance %.9g\n", row, motifs.count,
				match.nearest, match.distance);
	}
}

static void write_refractory(FILE *to)
{
	static struct refractory refractory;
	struct digest digest;
	struct prng prng;
	uint32_t passed = 0;

	prng_init(&prng, 15);
	memset(&refractory, 0, sizeof refractory);
	digest_init(&digest, 0);
	for (uint32_t row = 0; row < 12000; row++) {
		double strength = prng_exponential(&prng, 1);

		if (row % 3000 > 2000)
			strength = 4.0 - row % 3000 / 1000.0; /* every one a peak of the queue */
		bool passes = refractory_pass(&refractory, strength);
		passed += passes;
		digest_u64(&digest, passes);
		digest_u64(&digest, refractory.count);
		if ((passes && row > 60) || row % 1000 == 999)
			fprintf(to, "%u: %.9g%s, %u peaks, %u passed\n", row, strength,
				passes ? " passes" : "", refractory.count, passed);
	}
	fprintf(to, "all %016" PRIx64 "\n", digest_value(&digest));
	/* The margin, and when an alarm is forgotten. */
	memset(&refractory, 0, sizeof refractory);
	for (uint32_t row = 0; row < 130; row++) {
		double strength = row == 5 ? 0.15 : row == 6 ? 0.1500001 : row == 7 ? 0.3 : 0;

		strength = row == 67 ? 0.45 : row == 68 ? 0.4 : strength;
		if (refractory_pass(&refractory, strength))
			fprintf(to, "%u passes\n", row);
	}
	fprintf(to, "%u peaks of equal ones\n", refractory.count);
}

int main(int argc, char **argv)
{
	static const struct golden_part parts[] = {
		{"streams", write_streams},
		{"parts left out", write_without},
		{"tails", write_tails},
		{"habits", write_habits},
		{"motifs", write_motifs},
		{"refractory", write_refractory},
	};

	return golden_main(argc, argv, parts, sizeof parts / sizeof *parts);
}
