/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys begin with the day, so that the oldest rows of a space come first: what is too old is found
 * without looking at what is not, and rows are read in the order in which the core takes them.
 *
 * A thousand signals close a quarter at the same instant; PLACES_PER_TICK of them are written in
 * each second, lazily, with whatever is committed then. One that the store does not take now is
 * written in the next round.
 */
#include "daemon/past.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/num.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PLACES_PER_TICK 64
#define SWEEP_EVERY     60 /* ticks */
#define SWEEP_MAX       64 /* rows in one of them */
#define VALUE_SIZE_MAX  (BAL_PAST_ROW_SIZE_MAX + 3 * STORE_NAME_SIZE_MAX)
#define WAIT_MS_MAX     10000
#define PAUSE_NS        1000000

static const struct {
	enum bal_grain grain;
	enum store_space space;
	int64_t days; /* that may have a slot within the ring */
} GRAINS[] = {
	{BAL_GRAIN_QUARTER, STORE_SPACE_QUARTERS, 15}, {BAL_GRAIN_HOUR, STORE_SPACE_HOURS, 91}};
#define GRAIN_COUNT (sizeof GRAINS / sizeof GRAINS[0])

struct past {
	struct past_host host;
	const struct store_ops *ops;
	int64_t *written_ns; /* by place: the end of the last quarter that was written */
	uint32_t next;       /* place */
	uint32_t ticks;
	int64_t wall_ns; /* as it was told last */
	enum bal_grain grain;
	struct past_counts counts;
	uint8_t value[VALUE_SIZE_MAX];
};

/* ---- names ---- */

static struct span span_of_bytes(struct store_bytes bytes)
{
	return (struct span){bytes.data, bytes.size};
}

static bool has_name(enum bal_subject subject, enum bal_symbol_space *space)
{
	*space = subject == BAL_SUBJECT_KIND ? BAL_SYMBOL_KIND : BAL_SYMBOL_POOL;
	return subject == BAL_SUBJECT_KIND || subject == BAL_SUBJECT_POOL;
}

static struct span name_of(const struct past *past, const struct bal_signal_view *view)
{
	enum bal_symbol_space space;

	if (has_name((enum bal_subject)view->subject, &space))
		return past->host.name(past->host.self, space, (uint32_t)view->id);
	return SPAN("");
}

static bool find_subject(struct span text, enum bal_subject *subject)
{
	for (uint32_t i = 0; i < BAL_SUBJECT_COUNT; i++)
		if (span_equal(text, span_of(bal_subject_name((enum bal_subject)i)))) {
			*subject = (enum bal_subject)i;
			return true;
		}
	return false;
}

static bool find_signal(struct span text, enum bal_signal *signal)
{
	for (uint32_t i = 0; i < BAL_SIGNAL_COUNT; i++)
		if (span_equal(text, span_of(bal_signal_name((enum bal_signal)i)))) {
			*signal = (enum bal_signal)i;
			return true;
		}
	return false;
}

/* ---- rows out ---- */

/* "DAY/SUBJECT/SIGNAL/NAME"; of a name that is too long for that the hash, the row has it whole. */
static struct store_bytes write_key(const struct bal_signal_view *view, struct span name,
	int64_t day, char key[STORE_NAME_SIZE_MAX + 1])
{
	int size = snprintf(key, STORE_NAME_SIZE_MAX + 1, "%05lld/%s/%s/", (long long)day,
		bal_subject_name((enum bal_subject)view->subject),
		bal_signal_name((enum bal_signal)view->signal));

	if ((size_t)size + name.size <= STORE_NAME_SIZE_MAX)
		memcpy(key + size, name.at, name.size);
	else
		name.size = (size_t)snprintf(key + size, STORE_NAME_SIZE_MAX + 1 - (size_t)size,
			"~%016llx", (unsigned long long)checksum_hash64(1, name.at, name.size));
	return (struct store_bytes){key, (uint32_t)size + (uint32_t)name.size};
}

static void put_text(struct bytes_writer *writer, struct span text)
{
	bytes_put_blob(writer, text.at, text.size);
}

/* False when the store does not take it now. */
static bool write_row(struct past *past, uint32_t place, const struct bal_signal_view *view,
	size_t i, int64_t day)
{
	struct store_op op = {.type = STORE_PUT_RECORD, .lazy = true};
	struct span name = name_of(past, view);
	char key[STORE_NAME_SIZE_MAX + 1];
	struct bytes_writer writer;
	size_t size;

	bytes_writer_init(&writer, past->value, sizeof past->value);
	put_text(&writer, span_of(bal_subject_name((enum bal_subject)view->subject)));
	put_text(&writer, span_of(bal_signal_name((enum bal_signal)view->signal)));
	put_text(&writer, name);
	if (writer.overflow)
		return true;
	size = bal_past_save(past->host.core, place, GRAINS[i].grain, day,
		past->value + writer.used, sizeof past->value - writer.used);
	if (size == 0)
		return true;
	op.record.space = GRAINS[i].space;
	op.record.key = write_key(view, name, day, key);
	op.record.value = (struct store_bytes){past->value, (uint32_t)(writer.used + size)};
	return past->ops->submit(past->host.store, &op, NULL) == STORE_OK;
}

/* The rows of a grain from the day on in which it was written last. */
static bool write_grain(
	struct past *past, uint32_t place, const struct bal_signal_view *view, size_t i)
{
	int64_t begin_ns, end_ns;
	bool taken = true;

	if (!bal_past_span(past->host.core, place, GRAINS[i].grain, &begin_ns, &end_ns))
		return true;
	begin_ns = num_max_i64(begin_ns, past->written_ns[place]);
	begin_ns = num_max_i64(begin_ns, past->wall_ns - GRAINS[i].days * NS_PER_DAY);
	for (int64_t day = begin_ns / NS_PER_DAY; taken && day <= end_ns / NS_PER_DAY; day++)
		taken = write_row(past, place, view, i, day);
	return taken;
}

static bool write_place(struct past *past, uint32_t place)
{
	struct bal_signal_view view;
	bool taken = true;

	if (!bal_signal_at(past->host.core, place, &view))
		return true;
	for (size_t i = 0; taken && i < GRAIN_COUNT; i++)
		taken = write_grain(past, place, &view, i);
	return taken;
}

/* Writes a place if a quarter has closed since. */
static void look_at(struct past *past, uint32_t place)
{
	int64_t begin_ns, end_ns;

	if (!bal_past_span(past->host.core, place, BAL_GRAIN_QUARTER, &begin_ns, &end_ns) ||
		end_ns == past->written_ns[place])
		return;
	/* A clock that was set back has moved the past with it. */
	past->written_ns[place] = num_min_i64(past->written_ns[place], end_ns);
	if (begin_ns == end_ns || write_place(past, place))
		past->written_ns[place] = end_ns;
}

/* Places are never more than the room for them, but the core is not asked to keep to that. */
static uint32_t count_places(const struct past *past)
{
	uint32_t places = bal_past_places(past->host.core);

	return places < past->host.trails_max ? places : past->host.trails_max;
}

/* ---- what is too old ---- */

struct sweep {
	int64_t before; /* day */
	uint32_t count;
	uint32_t sizes[SWEEP_MAX];
	char keys[SWEEP_MAX][STORE_NAME_SIZE_MAX];
};

static bool collect(void *context, const struct store_record *record)
{
	struct sweep *sweep = context;
	struct span key = span_of_bytes(record->key);
	uint64_t day = 0;
	size_t digits = 0;

	while (digits < key.size && key.at[digits] >= '0' && key.at[digits] <= '9' && day < 1000000)
		day = day * 10 + (uint64_t)(key.at[digits++] - '0');
	if ((int64_t)day >= sweep->before || key.size > STORE_NAME_SIZE_MAX)
		return false;
	memcpy(sweep->keys[sweep->count], key.at, key.size);
	sweep->sizes[sweep->count++] = (uint32_t)key.size;
	return sweep->count < SWEEP_MAX;
}

static void sweep_grain(struct past *past, size_t i)
{
	struct sweep sweep = {.before = past->wall_ns / NS_PER_DAY - GRAINS[i].days, .count = 0};
	struct store_op op = {.type = STORE_DELETE_RECORD, .lazy = true};

	past->ops->scan_records(past->host.store, GRAINS[i].space, collect, &sweep);
	op.record.space = GRAINS[i].space;
	for (uint32_t j = 0; j < sweep.count; j++) {
		op.record.key = (struct store_bytes){sweep.keys[j], sweep.sizes[j]};
		past->ops->submit(past->host.store, &op, NULL);
	}
}

/* ---- rows in ---- */

static bool read_row(struct past *past, const struct store_record *record)
{
	struct bytes_reader reader;
	struct span texts[3]; /* subject, signal, name */
	enum bal_symbol_space space;
	enum bal_subject subject;
	enum bal_signal signal;
	uint64_t id = 0;

	bytes_reader_init(&reader, record->value.data, record->value.size);
	for (int i = 0; i < 3; i++)
		texts[i].at = (const char *)bytes_get_blob(&reader, &texts[i].size);
	if (reader.failed || !find_subject(texts[0], &subject) || !find_signal(texts[1], &signal))
		return false;
	if (has_name(subject, &space)) {
		uint32_t number = texts[2].size == 0
					  ? BAL_NONE
					  : past->host.intern(past->host.self, space, texts[2]);

		if (number == BAL_NONE)
			return false;
		id = number;
	}
	return bal_past_load(past->host.core, subject, id, signal, past->grain, past->wall_ns,
		reader.data + reader.used, bytes_left(&reader));
}

static bool visit(void *context, const struct store_record *record)
{
	struct past *past = context;

	past->counts.read++;
	past->counts.refused += !read_row(past, record);
	return true;
}

static void say_refused(struct past *past)
{
	char line[160];

	snprintf(line, sizeof line,
		"%llu of %llu rows of the past of signals are left out: damaged, or of more "
		"signals "
		"than there is room for",
		(unsigned long long)past->counts.refused, (unsigned long long)past->counts.read);
	past->host.say(past->host.self, STORE_SAY_WARNING, line);
}

/* ---- public ---- */

struct past *past_open(const struct past_host *host)
{
	struct past *past = calloc(1, sizeof *past);

	if (past == NULL)
		return NULL;
	past->host = *host;
	past->ops = host->store->ops;
	past->written_ns = calloc(host->trails_max + 1u, sizeof *past->written_ns);
	if (past->written_ns != NULL)
		return past;
	free(past);
	return NULL;
}

void past_close(struct past *past)
{
	if (past == NULL)
		return;
	free(past->written_ns);
	free(past);
}

void past_load(struct past *past, int64_t wall_ns)
{
	int64_t begin_ns;

	past->wall_ns = wall_ns;
	for (size_t i = 0; i < GRAIN_COUNT; i++) {
		past->grain = GRAINS[i].grain;
		past->ops->scan_records(past->host.store, GRAINS[i].space, visit, past);
	}
	for (uint32_t i = 0; i < count_places(past); i++)
		if (!bal_past_span(
			    past->host.core, i, BAL_GRAIN_QUARTER, &begin_ns, &past->written_ns[i]))
			past->written_ns[i] = 0;
	bal_past_resume(past->host.core, wall_ns);
	if (past->counts.refused > 0)
		say_refused(past);
}

void past_tick(struct past *past, int64_t wall_ns)
{
	uint32_t places = count_places(past);

	past->wall_ns = wall_ns;
	for (uint32_t i = 0; i < PLACES_PER_TICK && i < places; i++) {
		past->next = past->next + 1 < places ? past->next + 1 : 0;
		look_at(past, past->next);
	}
	if (past->ticks++ % SWEEP_EVERY == 0)
		for (size_t i = 0; i < GRAIN_COUNT; i++)
			sweep_grain(past, i);
}

/* Nobody waits for completions any more: they only make room. */
static void make_room(struct past *past)
{
	const struct timespec pause = {0, PAUSE_NS};
	struct store_completion done;

	while (past->ops->drain(past->host.store, &done, 1) == 1)
		continue;
	nanosleep(&pause, NULL);
}

void past_save(struct past *past)
{
	uint32_t waits = 0;

	for (uint32_t i = 0; i < count_places(past) && waits < WAIT_MS_MAX; i++)
		while (!write_place(past, i) && ++waits < WAIT_MS_MAX)
			make_room(past);
}

struct past_counts past_count(const struct past *past)
{
	return past->counts;
}
