/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: differences of counters, refused where they make no sense, so that a new agent under an old
 * name shows as "not known" for one round instead of as an absurd load. All of it is driven by the
 * table in the header: a value that is added there needs nothing here.
 */
#include "sample/sample.h"

#include "base/assert.h"
#include "base/units.h"

#include <string.h>

/* More than this many cores' worth of CPU time in a second is a broken counter. */
#define SAMPLE_CORES_MAX 65536

struct form {
	size_t offset;
	enum sample_measure measure;
	enum bal_signal signal;
};

static const struct form forms[SAMPLE_VALUES] = {
#define X(name, member, what, which)                                                               \
	[SAMPLE_AT_##name] = {.offset = offsetof(struct sample, member),                           \
		.measure = SAMPLE_##what,                                                          \
		.signal = BAL_SIGNAL_##which},
	SAMPLE_MAP(X)
#undef X
};

/* Counters that parents inherit from children they waited for, or that a control group keeps. The
 * others fall whenever a process ends. */
#define LASTING                                                                                    \
	(SAMPLE_CPU | SAMPLE_BIT(FAULTS_MINOR) | SAMPLE_BIT(FAULTS_MAJOR) | SAMPLE_IO |            \
		SAMPLE_THROTTLED | SAMPLE_OOM_KILLS)

int64_t sample_get(const struct sample *sample, enum sample_value place)
{
	bal_assert(place < SAMPLE_VALUES);
	int64_t value = 0;
	memcpy(&value, (const char *)sample + forms[place].offset, sizeof value);
	return value;
}

void sample_set(struct sample *sample, enum sample_value place, int64_t value)
{
	bal_assert(place < SAMPLE_VALUES);
	memcpy((char *)sample + forms[place].offset, &value, sizeof value);
	sample->present |= UINT64_C(1) << place;
}

bool sample_add(struct sample *sample, enum sample_value place, int64_t value)
{
	int64_t sum = 0;
	if (__builtin_add_overflow(sample_get(sample, place), value, &sum))
		return false;
	memcpy((char *)sample + forms[place].offset, &sum, sizeof sum);
	return true;
}

void sample_fill(struct sample *sample, const struct sample *from)
{
	uint64_t lacking = from->present & ~sample->present;
	for (unsigned place = 0; place < SAMPLE_VALUES; place++) {
		if ((lacking & UINT64_C(1) << place) != 0)
			sample_set(sample, place, sample_get(from, place));
	}
}

/* used / elapsed in thousandths. In microseconds: a year of 65536 cores times 1000 would not fit in
 * nanoseconds. */
static bool share_of_time(int64_t used_ns, int64_t elapsed_ns, int64_t *permille)
{
	int64_t elapsed_us = elapsed_ns / NS_PER_US;
	int64_t scaled = 0;
	if (used_ns / SAMPLE_CORES_MAX > elapsed_ns || elapsed_us == 0 ||
		__builtin_mul_overflow(used_ns / NS_PER_US, (int64_t)1000, &scaled))
		return false;
	*permille = scaled / elapsed_us;
	return true;
}

/* Per second, to the nearest whole number. By milliseconds where the amount is too large for
 * nanoseconds, which then is exact enough. */
static bool amount_per_second(int64_t amount, int64_t elapsed_ns, int64_t *rate)
{
	int64_t scaled = 0;
	if (!__builtin_mul_overflow(amount, (int64_t)NS_PER_S, &scaled) &&
		!__builtin_add_overflow(scaled, elapsed_ns / 2, &scaled)) {
		*rate = scaled / elapsed_ns;
		return true;
	}
	int64_t elapsed_ms = elapsed_ns / NS_PER_MS;
	if (elapsed_ms == 0 || __builtin_mul_overflow(amount, (int64_t)1000, &scaled))
		return false;
	*rate = scaled / elapsed_ms;
	return true;
}

bool sample_measure(enum sample_measure measure, enum bal_signal signal, int64_t elapsed_ns,
	int64_t before, int64_t after, int64_t *value)
{
	int64_t most = bal_signal_form(signal).most;
	int64_t amount = 0;
	if (after < 0)
		return false;
	if (measure == SAMPLE_LEVEL) {
		*value = after < most ? after : most;
		return true;
	}
	if (elapsed_ns <= 0 || __builtin_sub_overflow(after, before, &amount) || amount < 0)
		return false;
	int64_t found = amount;
	if (measure == SAMPLE_SHARE && !share_of_time(amount, elapsed_ns, &found))
		return false;
	if (measure == SAMPLE_RATE && !amount_per_second(amount, elapsed_ns, &found))
		return false;
	/* A share may pass its whole by the time between clock and counter; the rest is absurd. */
	if (measure != SAMPLE_SHARE && found > most)
		return false;
	*value = found < most ? found : most;
	return true;
}

size_t sample_readings(const struct sample *before, const struct sample *after, uint64_t wanted,
	struct reading *readings)
{
	int64_t elapsed_ns = 0;
	if (__builtin_sub_overflow(after->at_ns, before->at_ns, &elapsed_ns))
		elapsed_ns = 0;
	size_t count = 0;
	for (unsigned place = 0; place < SAMPLE_VALUES; place++) {
		const struct form *form = &forms[place];
		uint64_t bit = UINT64_C(1) << place;
		bool known = (after->present & wanted & bit) != 0 &&
			     (form->measure == SAMPLE_LEVEL || (before->present & bit) != 0);
		struct reading reading = {.signal = form->signal};
		if (known && sample_measure(form->measure, form->signal, elapsed_ns,
				     sample_get(before, place), sample_get(after, place),
				     &reading.value))
			readings[count++] = reading;
	}
	return count;
}

bool sample_went_back(const struct sample *before, const struct sample *after)
{
	uint64_t both = before->present & after->present & LASTING;
	for (unsigned place = 0; place < SAMPLE_VALUES; place++) {
		if ((both & UINT64_C(1) << place) != 0 &&
			sample_get(after, place) < sample_get(before, place))
			return true;
	}
	return false;
}

bool sample_cpu_permille(const struct sample *before, const struct sample *after, int64_t *permille)
{
	if ((before->present & after->present & SAMPLE_CPU) == 0)
		return false;
	int64_t elapsed_ns = 0;
	if (__builtin_sub_overflow(after->at_ns, before->at_ns, &elapsed_ns))
		return false;
	return sample_measure(SAMPLE_SHARE, BAL_SIGNAL_CPU_MILLIS, elapsed_ns, before->cpu_ns,
		after->cpu_ns, permille);
}
