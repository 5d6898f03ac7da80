/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of slots; the percentile is by nearest rank over those that hold something. Twenty slots
 * make the 95th percentile the second largest of a window without gaps: one odd slot does not
 * count, two do. */
#include "core/margin.h"

#include "base/bytes.h"
#include "base/num.h"
#include "core/record.h"

#define KNOWN_MIN  (MARGIN_SLOTS * 3 / 4)
#define PERCENTILE 95
#define NO_VALUE   INT64_C(-1)

void margin_init(struct margin *margin)
{
	*margin = (struct margin){0};
	for (uint32_t i = 0; i < MARGIN_SLOTS; i++)
		margin->slots[i] = NO_VALUE;
}

/* Closes slots until the open one holds now; after a long silence the window is empty. */
static void advance(struct margin *margin, int64_t now_ns)
{
	for (uint32_t i = 0; i <= MARGIN_SLOTS && now_ns - margin->begin_ns >= margin->slot_ns;
		i++) {
		margin->begin_ns += margin->slot_ns;
		margin->open = (margin->open + 1) % MARGIN_SLOTS;
		margin->slots[margin->open] = NO_VALUE;
		margin->filled += margin->filled < MARGIN_SLOTS;
	}
	if (now_ns - margin->begin_ns >= margin->slot_ns)
		margin->begin_ns = now_ns;
}

void margin_add(struct margin *margin, int64_t window_ns, int64_t now_ns, int64_t value)
{
	int64_t slot_ns = num_max_i64(window_ns / MARGIN_SLOTS, 1);

	if (margin->slot_ns != slot_ns) {
		margin_init(margin);
		margin->slot_ns = slot_ns;
		margin->begin_ns = now_ns;
	}
	advance(margin, now_ns);
	margin->slots[margin->open] = num_max_i64(margin->slots[margin->open], value);
}

/* Sorts what is known into `known`; returns how many. */
static uint32_t sort_known(const struct margin *margin, int64_t known[static MARGIN_SLOTS])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < MARGIN_SLOTS; i++) {
		uint32_t at = count;

		if (margin->slots[i] < 0)
			continue;
		for (; at > 0 && known[at - 1] > margin->slots[i]; at--)
			known[at] = known[at - 1];
		known[at] = margin->slots[i];
		count++;
	}
	return count;
}

static bool quantile(const struct margin *margin, uint32_t percent, int64_t *value)
{
	int64_t known[MARGIN_SLOTS];
	uint32_t count = sort_known(margin, known);

	if (margin->filled < MARGIN_SLOTS || count < KNOWN_MIN)
		return false;
	*value = known[(count * percent + 99) / 100 - 1];
	return true;
}

bool margin_p95(const struct margin *margin, int64_t *value)
{
	return quantile(margin, PERCENTILE, value);
}

bool margin_max(const struct margin *margin, int64_t *value)
{
	return quantile(margin, 100, value);
}

void margin_put(const struct margin *margin, struct bytes_writer *writer)
{
	bytes_put_i64(writer, margin->slot_ns);
	bytes_put_i64(writer, margin->begin_ns);
	bytes_put_u32(writer, margin->filled);
	bytes_put_u32(writer, margin->open);
	for (uint32_t i = 0; i < MARGIN_SLOTS; i++)
		bytes_put_i64(writer, margin->slots[i]);
}

bool margin_read(struct margin *margin, struct bytes_reader *reader)
{
	margin->slot_ns = bytes_get_i64(reader);
	margin->begin_ns = bytes_get_i64(reader);
	margin->filled = bytes_get_u32(reader);
	margin->open = bytes_get_u32(reader);
	for (uint32_t i = 0; i < MARGIN_SLOTS; i++)
		margin->slots[i] = bytes_get_i64(reader);
	return !reader->failed && margin->slot_ns >= 0 && margin->begin_ns >= RECORD_PAST_MIN_NS &&
	       margin->begin_ns <= RECORD_PAST_MAX_NS && margin->filled <= MARGIN_SLOTS &&
	       margin->open < MARGIN_SLOTS;
}
