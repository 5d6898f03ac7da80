/* SPDX-License-Identifier: Apache-2.0 */
/* Field by field, as they stand in the structure. What arithmetic would rely on is checked when it
 * is read. */
#include "core/vertical.h"

#include "base/bytes.h"
#include "base/num.h"
#include "core/record.h"

#define PACE_MAX 1e9

void vertical_put(const struct vertical *vertical, struct bytes_writer *writer)
{
	bytes_put_u32(writer, vertical->cpu_millis);
	bytes_put_u32(writer, vertical->memory_mib);
	for (uint32_t i = 0; i < VERTICAL_GAUGES; i++) {
		bytes_put_i64(writer, vertical->values[i]);
		bytes_put_i64(writer, vertical->told_at_ns[i]);
	}
	for (uint32_t i = 0; i < VERTICAL_TRIGGERS; i++)
		bytes_put_i64(writer, vertical->since_ns[i]);
	bytes_put_i64(writer, vertical->cpu_changed_at_ns);
	bytes_put_i64(writer, vertical->memory_changed_at_ns);
	bytes_put_i64(writer, vertical->rise_mib_hour);
	bytes_put_i64(writer, vertical->raised_at_ns[0]);
	bytes_put_i64(writer, vertical->raised_at_ns[1]);
	bytes_put_double(writer, vertical->pace_now);
	bytes_put_double(writer, vertical->pace_usual);
	bytes_put_u32(writer, vertical->pace_count);
	margin_put(&vertical->cpu, writer);
	margin_put(&vertical->memory, writer);
}

static bool get_instant(struct bytes_reader *reader, int64_t *at_ns)
{
	*at_ns = bytes_get_i64(reader);
	return *at_ns == BAL_NEVER_NS ||
	       (*at_ns >= RECORD_PAST_MIN_NS && *at_ns <= RECORD_PAST_MAX_NS);
}

static bool get_pace(struct bytes_reader *reader, double *pace)
{
	*pace = bytes_get_double(reader);
	return *pace >= 0 && *pace <= PACE_MAX;
}

bool vertical_read(struct vertical *vertical, struct bytes_reader *reader)
{
	bool ok = true;

	vertical->cpu_millis = bytes_get_u32(reader);
	vertical->memory_mib = bytes_get_u32(reader);
	for (uint32_t i = 0; i < VERTICAL_GAUGES; i++) {
		vertical->values[i] = bytes_get_i64(reader);
		ok = get_instant(reader, &vertical->told_at_ns[i]) && ok;
	}
	for (uint32_t i = 0; i < VERTICAL_TRIGGERS; i++)
		ok = get_instant(reader, &vertical->since_ns[i]) && ok;
	ok = get_instant(reader, &vertical->cpu_changed_at_ns) && ok;
	ok = get_instant(reader, &vertical->memory_changed_at_ns) && ok;
	vertical->rise_mib_hour = bytes_get_i64(reader);
	ok = get_instant(reader, &vertical->raised_at_ns[0]) && ok;
	ok = get_instant(reader, &vertical->raised_at_ns[1]) && ok;
	ok = get_pace(reader, &vertical->pace_now) && ok;
	ok = get_pace(reader, &vertical->pace_usual) && ok;
	vertical->pace_count = bytes_get_u32(reader);
	return margin_read(&vertical->cpu, reader) && margin_read(&vertical->memory, reader) &&
	       ok && !reader->failed;
}
