/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of ballast_past.h: which trail, and the bytes of core/pastrow.h. A row is read whole
 * before anything is done with it, so that one that is damaged in its middle has no effect. */
#include "ballast.h"

#include "base/bytes.h"
#include "core/book.h"
#include "core/pastrow.h"

_Static_assert(BAL_PAST_ROW_SIZE_MAX == PASTROW_SIZE_MAX, "the host's room is the row's");

static bool has_rows(enum bal_grain grain)
{
	return grain == BAL_GRAIN_QUARTER || grain == BAL_GRAIN_HOUR;
}

bool bal_past_span(const struct bal_core *core, uint32_t place, enum bal_grain grain,
	int64_t *begin_ns, int64_t *end_ns)
{
	const struct trail *trail = book_trail_at(core, place);

	return trail != NULL && has_rows(grain) &&
	       pastrow_span(trail, (enum trail_grain)grain, begin_ns, end_ns);
}

size_t bal_past_save(const struct bal_core *core, uint32_t place, enum bal_grain grain, int64_t day,
	void *to, size_t size)
{
	const struct trail *trail = book_trail_at(core, place);
	struct bytes_writer writer;

	if (trail == NULL || !has_rows(grain))
		return 0;
	bytes_writer_init(&writer, to, size);
	if (!pastrow_put(trail, (enum trail_grain)grain, day, &writer) || writer.overflow)
		return 0;
	return writer.used;
}

bool bal_past_load(struct bal_core *core, enum bal_subject subject, uint64_t id,
	enum bal_signal signal, enum bal_grain grain, int64_t wall_ns, const void *from,
	size_t size)
{
	struct bytes_reader reader;
	struct pastrow row;
	struct trail *trail;

	bytes_reader_init(&reader, from, size);
	if (!has_rows(grain) || !book_trail_valid(core, subject, id, signal) ||
		!pastrow_read(&row, (enum trail_grain)grain, &reader))
		return false;
	trail = book_trail_for(core, subject, id, signal);
	return trail != NULL && pastrow_take(trail, (enum trail_grain)grain, &row, wall_ns);
}

void bal_past_resume(struct bal_core *core, int64_t wall_ns)
{
	for (uint32_t i = 0; i < bal_past_places(core); i++) {
		struct trail *trail = book_trail_at(core, i);

		if (trail != NULL)
			pastrow_resume(trail, wall_ns);
	}
}
