/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry is found by a number made of its subject, the subject's number (an agent's place) and
 * the signal. A full book of trails takes no new ones; a full book of strips lets the one go that
 * has been silent for longest, if that is longer than a strip's fine ring, so that many agents do
 * not drive each other out. What finds no room is counted.
 */
#include "core/book.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/record.h"
#include "core/state.h"
#include "core/strip.h"
#include "core/trail.h"

#define SIGNAL_BITS   16
#define SUBJECT_BITS  48
#define STRIP_IDLE_NS (15 * NS_PER_MIN)

_Static_assert(BAL_SIGNAL_COUNT < 1 << SIGNAL_BITS, "a signal fits into its part of a key");

/* What is known of one signal without its past. */
struct head {
	uint64_t key;
	int64_t last;  /* -1: none yet */
	int64_t at_ns; /* of the last accepted sample */
	uint64_t count, clamped, refused;
	uint32_t flags;
};

struct full_entry {
	struct head head;
	struct trail trail;
};

struct short_entry {
	struct head head;
	struct list_node use_node; /* the one that was silent for longest first */
	struct strip strip;
};

struct signal_book {
	uint32_t trails_max, strips_max;
	struct slab trails;
	struct slab strips;
	struct map trails_by_key;
	struct map strips_by_key;
	struct list strip_use;
	uint64_t dropped_count;
};

struct signal_book *book_place(struct arena *arena, uint32_t trails_max, uint32_t strips_max)
{
	struct signal_book measured = {.trails_max = 0};
	struct signal_book *taken = arena_take(arena, 1, sizeof *taken);
	struct signal_book *book = taken == NULL ? &measured : taken;

	book->trails_max = trails_max;
	book->strips_max = strips_max;
	arena_align(arena);
	if (trails_max > 0) {
		slab_init(&book->trails, arena, trails_max, sizeof(struct full_entry));
		map_init(&book->trails_by_key, arena, trails_max);
	}
	if (strips_max > 0) {
		slab_init(&book->strips, arena, strips_max, sizeof(struct short_entry));
		map_init(&book->strips_by_key, arena, strips_max);
	}
	return taken;
}

bool book_is_kept(const struct signal_book *book)
{
	return book->trails_max > 0 || book->strips_max > 0;
}

/* ---- entries ---- */

static uint64_t key_of(enum bal_subject subject, uint64_t number, uint32_t signal)
{
	return (uint64_t)subject << SUBJECT_BITS | (number + 1) << SIGNAL_BITS | signal;
}

static uint32_t signal_of(uint64_t key)
{
	return key & ((1 << SIGNAL_BITS) - 1);
}

static uint32_t number_of(uint64_t key)
{
	return (uint32_t)(key >> SIGNAL_BITS) - 1;
}

static enum bal_subject subject_of(uint64_t key)
{
	return (enum bal_subject)(key >> SUBJECT_BITS);
}

static int64_t wall_ns(const struct bal_core *core)
{
	return time_add_ns(core->now_ns, core->utc_offset_ns);
}

static void head_begin(struct head *head, uint64_t key)
{
	*head = (struct head){.key = key, .last = -1, .at_ns = BAL_NEVER_NS};
}

/* Notes a sample and returns what is kept of it: what cannot be real is cut to what can. */
static int64_t head_note(struct head *head, int64_t now_ns, int64_t value)
{
	int64_t real = book_clamp(signal_of(head->key), value);

	head->last = real;
	head->at_ns = now_ns;
	head->count++;
	head->clamped += real < value;
	head->flags = real < value ? BAL_FLAG_CLAMPED : 0;
	return real;
}

static void strip_drop(struct signal_book *book, struct short_entry *entry)
{
	map_remove(&book->strips_by_key, entry->head.key);
	list_remove(&book->strip_use, &entry->use_node);
	slab_give(&book->strips, entry);
}

/* Makes room where the longest silence allows it. */
static void strip_make_room(struct signal_book *book, int64_t now_ns)
{
	struct short_entry *oldest;

	if (book->strips.count < book->strips_max || book->strip_use.first == NULL)
		return;
	oldest = container_of(book->strip_use.first, struct short_entry, use_node);
	if (oldest->head.at_ns == BAL_NEVER_NS || now_ns - oldest->head.at_ns > STRIP_IDLE_NS)
		strip_drop(book, oldest);
}

static struct short_entry *strip_find(const struct signal_book *book, uint64_t key)
{
	uint32_t place = book->strips_max == 0 ? MAP_NONE : map_get(&book->strips_by_key, key);

	return place == MAP_NONE ? NULL : slab_at(&book->strips, place);
}

static struct full_entry *trail_find(const struct signal_book *book, uint64_t key)
{
	uint32_t place = book->trails_max == 0 ? MAP_NONE : map_get(&book->trails_by_key, key);

	return place == MAP_NONE ? NULL : slab_at(&book->trails, place);
}

/* The entry of this key, made now if there is room; NULL otherwise. */
static struct short_entry *strip_of(struct bal_core *core, uint64_t key)
{
	struct signal_book *book = core->book;
	struct short_entry *entry = strip_find(book, key);

	if (entry != NULL || book->strips_max == 0)
		return entry;
	strip_make_room(book, core->now_ns);
	entry = slab_take(&book->strips);
	if (entry == NULL) {
		book->dropped_count++;
		return NULL;
	}
	head_begin(&entry->head, key);
	bal_assert(map_put(&book->strips_by_key, key, slab_index(&book->strips, entry)));
	list_append(&book->strip_use, &entry->use_node);
	return entry;
}

static struct full_entry *trail_of(struct bal_core *core, uint64_t key)
{
	struct signal_book *book = core->book;
	struct full_entry *entry = trail_find(book, key);

	if (entry != NULL || book->trails_max == 0)
		return entry;
	entry = slab_take(&book->trails);
	if (entry == NULL) {
		book->dropped_count++;
		return NULL;
	}
	head_begin(&entry->head, key);
	bal_assert(map_put(&book->trails_by_key, key, slab_index(&book->trails, entry)));
	return entry;
}

/* The entry that tells of a subject itself; NULL when there is no room or no such agent. */
static struct head *head_of(
	struct bal_core *core, enum bal_subject subject, uint64_t id, uint32_t signal)
{
	struct short_entry *strip;
	struct full_entry *trail;
	uint32_t place;

	if (subject != BAL_SUBJECT_AGENT) {
		trail = trail_of(core, key_of(subject, id, signal));
		return trail == NULL ? NULL : &trail->head;
	}
	place = map_get(&core->agents_by_id, id);
	strip = place == MAP_NONE ? NULL : strip_of(core, key_of(subject, place, signal));
	return strip == NULL ? NULL : &strip->head;
}

/* ---- samples ---- */

static void record_full(struct bal_core *core, uint64_t key, int64_t value)
{
	struct full_entry *entry = trail_of(core, key);

	if (entry == NULL)
		return;
	value = head_note(&entry->head, core->now_ns, value);
	trail_record(&entry->trail, wall_ns(core), value);
}

void book_record(struct bal_core *core, enum bal_subject subject, uint64_t id, uint32_t signal,
	int64_t value)
{
	struct short_entry *entry;
	uint32_t place;

	if (!book_is_kept(core->book) || signal >= BAL_SIGNAL_COUNT ||
		(subject == BAL_SUBJECT_KIND && id >= core->limits.kinds_max))
		return;
	if (subject != BAL_SUBJECT_AGENT) {
		record_full(core, key_of(subject, id, signal), value);
		return;
	}
	place = map_get(&core->agents_by_id, id);
	if (place == MAP_NONE)
		return;
	record_full(core, key_of(BAL_SUBJECT_POOL, agent_at(core, place)->pool, signal), value);
	entry = strip_of(core, key_of(BAL_SUBJECT_AGENT, place, signal));
	if (entry == NULL)
		return;
	value = head_note(&entry->head, core->now_ns, value);
	strip_record(&entry->strip, wall_ns(core), value);
	list_remove(&core->book->strip_use, &entry->use_node);
	list_append(&core->book->strip_use, &entry->use_node);
}

int64_t book_clamp(uint32_t signal, int64_t value)
{
	return num_min_i64(value, bal_signal_form((enum bal_signal)signal).most);
}

void book_refuse(struct bal_core *core, enum bal_subject subject, uint64_t id, uint32_t signal)
{
	struct head *head;

	if (signal >= BAL_SIGNAL_COUNT ||
		(subject == BAL_SUBJECT_AGENT && signal >= BAL_SIGNAL_AGENT_COUNT))
		return;
	head = head_of(core, subject, id, signal);
	if (head == NULL)
		return;
	head->refused++;
	head->flags |= BAL_FLAG_REFUSED;
}

void book_agent_gone(struct bal_core *core, uint32_t place)
{
	struct signal_book *book = core->book;

	for (uint32_t i = 0; i < BAL_SIGNAL_AGENT_COUNT && book->strips.count > 0; i++) {
		struct short_entry *entry = strip_find(book, key_of(BAL_SUBJECT_AGENT, place, i));

		if (entry != NULL)
			strip_drop(book, entry);
	}
}

/* ---- views ---- */

/* Something whose samples come at a cadence is silent when three of them did not. */
static bool is_silent(const struct head *head, int64_t now_ns)
{
	int64_t cadence_ns =
		bal_signal_form((enum bal_signal)signal_of(head->key)).cadence_s * NS_PER_S;

	return cadence_ns > 0 && head->at_ns != BAL_NEVER_NS &&
	       now_ns - head->at_ns > 3 * cadence_ns;
}

static void view_head(
	const struct bal_core *core, const struct head *head, struct bal_signal_view *view)
{
	uint32_t number = number_of(head->key);

	*view = (struct bal_signal_view){.id = number,
		.subject = subject_of(head->key),
		.signal = signal_of(head->key),
		.flags = head->flags,
		.last = head->last,
		.at_ns = head->at_ns,
		.count = head->count,
		.clamped = head->clamped,
		.refused = head->refused};
	if (view->subject == BAL_SUBJECT_AGENT)
		view->id = agent_at(core, number)->id;
	if (is_silent(head, core->now_ns))
		view->flags |= BAL_FLAG_SILENT;
}

uint32_t bal_signal_places(const struct bal_core *core)
{
	return core->book->trails.high + core->book->strips.high;
}

bool bal_signal_at(const struct bal_core *core, uint32_t place, struct bal_signal_view *view)
{
	const struct signal_book *book = core->book;
	const struct full_entry *trail;
	const struct short_entry *strip;

	if (place < book->trails.high) {
		if (!slab_holds(&book->trails, place))
			return false;
		trail = slab_at(&book->trails, place);
		view_head(core, &trail->head, view);
		return true;
	}
	place -= book->trails.high;
	if (place >= book->strips.high || !slab_holds(&book->strips, place))
		return false;
	strip = slab_at(&book->strips, place);
	view_head(core, &strip->head, view);
	return true;
}

/* The key of a signal that may be in the book; 0 when it cannot be. */
static uint64_t key_asked(
	const struct bal_core *core, uint32_t subject, uint64_t id, uint32_t signal)
{
	if (subject >= BAL_SUBJECT_COUNT || signal >= BAL_SIGNAL_COUNT)
		return 0;
	if (subject == BAL_SUBJECT_AGENT) {
		id = map_get(&core->agents_by_id, id);
		if (id == MAP_NONE)
			return 0;
	}
	return id < BAL_NONE ? key_of((enum bal_subject)subject, id, signal) : 0;
}

bool bal_signal_find(const struct bal_core *core, enum bal_subject subject, uint64_t id,
	enum bal_signal signal, struct bal_signal_view *view)
{
	uint64_t key = key_asked(core, subject, id, signal);
	const struct full_entry *trail = trail_find(core->book, key);
	const struct short_entry *strip = strip_find(core->book, key);

	if (trail != NULL)
		view_head(core, &trail->head, view);
	else if (strip != NULL)
		view_head(core, &strip->head, view);
	return trail != NULL || strip != NULL;
}

static bool full_slot(const struct full_entry *entry, enum bal_grain grain, uint32_t back,
	struct bal_signal_slot *slot)
{
	struct trail_view past;

	if (!trail_past(&entry->trail, (enum trail_grain)grain, back, &past))
		return false;
	slot->begin_ns = trail_end_ns(&entry->trail, (enum trail_grain)grain) -
			 (int64_t)back * bal_grain_ns(grain);
	if (past.count == 0)
		return true;
	slot->count = past.count;
	slot->min = past.min;
	slot->mean = past.mean;
	slot->max = past.max;
	slot->p50 = past.p50;
	slot->p90 = past.p90;
	slot->p95 = past.p95;
	slot->p99 = past.p99;
	return true;
}

static bool short_slot(const struct short_entry *entry, enum bal_grain grain, uint32_t back,
	struct bal_signal_slot *slot)
{
	if (grain > BAL_GRAIN_MINUTE ||
		!strip_past(&entry->strip, (enum strip_grain)grain, back, &slot->mean, &slot->max))
		return false;
	slot->begin_ns = strip_end_ns(&entry->strip, (enum strip_grain)grain) -
			 (int64_t)back * bal_grain_ns(grain);
	slot->count = slot->mean < 0 ? 0 : -1;
	return true;
}

bool bal_signal_slot(const struct bal_core *core, const struct bal_signal_view *view,
	enum bal_grain grain, uint32_t back, struct bal_signal_slot *slot)
{
	uint64_t key = key_asked(core, view->subject, view->id, view->signal);
	const struct full_entry *trail = trail_find(core->book, key);
	const struct short_entry *strip = strip_find(core->book, key);

	*slot = (struct bal_signal_slot){
		.min = -1, .mean = -1, .max = -1, .p50 = -1, .p90 = -1, .p95 = -1, .p99 = -1};
	if (grain >= BAL_GRAIN_COUNT)
		return false;
	if (trail != NULL)
		return full_slot(trail, grain, back, slot);
	return strip != NULL && short_slot(strip, grain, back, slot);
}

uint64_t bal_signals_dropped(const struct bal_core *core)
{
	return core->book->dropped_count;
}

const char *bal_grain_name(enum bal_grain grain)
{
#define X(name, text, seconds) text,
	static const char *const names[] = {BAL_GRAIN_MAP(X)};
#undef X
	return grain < BAL_GRAIN_COUNT ? names[grain] : "?";
}

int64_t bal_grain_ns(enum bal_grain grain)
{
#define X(name, text, seconds) seconds *NS_PER_S,
	static const int64_t steps_ns[] = {BAL_GRAIN_MAP(X)};
#undef X
	return grain < BAL_GRAIN_COUNT ? steps_ns[grain] : 0;
}

/* Its key is of something that exists; what a host may have given was checked by the core. */
static bool key_valid(const struct bal_core *core, uint64_t key)
{
	uint32_t subject = (uint32_t)(key >> SUBJECT_BITS);
	uint64_t number = (key >> SIGNAL_BITS & UINT32_MAX);

	if (subject >= BAL_SUBJECT_COUNT || signal_of(key) >= BAL_SIGNAL_COUNT || number == 0)
		return false;
	switch ((enum bal_subject)subject) {
	case BAL_SUBJECT_AGENT:
		return signal_of(key) < BAL_SIGNAL_AGENT_COUNT &&
		       number <= core->limits.agents_max &&
		       slab_holds(&core->agents, number_of(key));
	case BAL_SUBJECT_POOL:
		return number <= core->limits.pools_max;
	case BAL_SUBJECT_KIND:
		return number <= core->limits.kinds_max;
	default:
		return number == 1;
	}
}

/* ---- rows ---- */

uint32_t bal_past_places(const struct bal_core *core)
{
	return core->book->trails.high;
}

struct trail *book_trail_at(const struct bal_core *core, uint32_t place)
{
	const struct signal_book *book = core->book;
	struct full_entry *entry;

	if (place >= book->trails.high || !slab_holds(&book->trails, place))
		return NULL;
	entry = slab_at(&book->trails, place);
	return &entry->trail;
}

bool book_trail_valid(
	const struct bal_core *core, enum bal_subject subject, uint64_t id, uint32_t signal)
{
	return subject < BAL_SUBJECT_COUNT && subject != BAL_SUBJECT_AGENT && id < BAL_NONE &&
	       signal < BAL_SIGNAL_COUNT && key_valid(core, key_of(subject, id, signal));
}

struct trail *book_trail_for(
	struct bal_core *core, enum bal_subject subject, uint64_t id, uint32_t signal)
{
	struct full_entry *entry = trail_of(core, key_of(subject, id, signal));

	return entry == NULL ? NULL : &entry->trail;
}

/* ---- saved states ---- */

static void put_head(const struct head *head, struct bytes_writer *writer)
{
	bytes_put_u64(writer, head->key);
	bytes_put_i64(writer, head->last);
	bytes_put_i64(writer, head->at_ns);
	bytes_put_u64(writer, head->count);
	bytes_put_u64(writer, head->clamped);
	bytes_put_u64(writer, head->refused);
	bytes_put_u32(writer, head->flags);
}

void book_put(const struct signal_book *book, struct bytes_writer *writer)
{
	bytes_put_u64(writer, book->dropped_count);
	for (uint32_t i = slab_next(&book->trails, 0); i != SLAB_NONE;
		i = slab_next(&book->trails, i + 1)) {
		const struct full_entry *entry = slab_at(&book->trails, i);

		bytes_put_varint(writer, (uint64_t)i + 1);
		put_head(&entry->head, writer);
		trail_put(&entry->trail, writer);
	}
	bytes_put_varint(writer, 0);
	for (const struct list_node *node = book->strip_use.first; node != NULL;
		node = list_next(node)) {
		const struct short_entry *entry = container_of(node, struct short_entry, use_node);

		bytes_put_varint(writer, (uint64_t)slab_index(&book->strips, entry) + 1);
		put_head(&entry->head, writer);
		strip_put(&entry->strip, writer);
	}
	bytes_put_varint(writer, 0);
}

static void digest_head(const struct head *head, struct digest *digest)
{
	uint8_t bytes[64];
	struct bytes_writer writer;

	bytes_writer_init(&writer, bytes, sizeof bytes);
	put_head(head, &writer);
	bal_assert(!writer.overflow);
	digest_bytes(digest, bytes, writer.used);
}

void book_digest(const struct signal_book *book, struct digest *digest)
{
	for (uint32_t i = slab_next(&book->trails, 0); i != SLAB_NONE;
		i = slab_next(&book->trails, i + 1)) {
		const struct full_entry *entry = slab_at(&book->trails, i);

		digest_head(&entry->head, digest);
		trail_digest(&entry->trail, digest);
	}
	for (const struct list_node *node = book->strip_use.first; node != NULL;
		node = list_next(node)) {
		const struct short_entry *entry = container_of(node, struct short_entry, use_node);

		digest_head(&entry->head, digest);
		strip_digest(&entry->strip, digest);
	}
	digest_bytes(digest, &book->dropped_count, sizeof book->dropped_count);
}

static bool read_head(const struct bal_core *core, struct head *head, struct bytes_reader *reader)
{
	head->key = bytes_get_u64(reader);
	head->last = bytes_get_i64(reader);
	head->at_ns = bytes_get_i64(reader);
	head->count = bytes_get_u64(reader);
	head->clamped = bytes_get_u64(reader);
	head->refused = bytes_get_u64(reader);
	head->flags = bytes_get_u32(reader);
	return !reader->failed && key_valid(core, head->key) && head->last >= -1 &&
	       (head->last == -1) == (head->at_ns == BAL_NEVER_NS) &&
	       (head->at_ns == BAL_NEVER_NS ||
		       (head->at_ns >= RECORD_PAST_MIN_NS && head->at_ns <= RECORD_PAST_MAX_NS));
}

static bool read_trail(struct bal_core *core, uint64_t number, struct bytes_reader *reader)
{
	struct signal_book *book = core->book;
	struct full_entry *entry = number > book->trails_max
					   ? NULL
					   : slab_take_at(&book->trails, (uint32_t)number - 1);

	return entry != NULL && read_head(core, &entry->head, reader) &&
	       subject_of(entry->head.key) != BAL_SUBJECT_AGENT &&
	       trail_find(book, entry->head.key) == NULL &&
	       map_put(&book->trails_by_key, entry->head.key, (uint32_t)number - 1) &&
	       trail_read(&entry->trail, reader);
}

static bool read_strip(struct bal_core *core, uint64_t number, struct bytes_reader *reader)
{
	struct signal_book *book = core->book;
	struct short_entry *entry = number > book->strips_max
					    ? NULL
					    : slab_take_at(&book->strips, (uint32_t)number - 1);

	if (entry == NULL || !read_head(core, &entry->head, reader) ||
		subject_of(entry->head.key) != BAL_SUBJECT_AGENT ||
		strip_find(book, entry->head.key) != NULL ||
		!map_put(&book->strips_by_key, entry->head.key, (uint32_t)number - 1))
		return false;
	list_append(&book->strip_use, &entry->use_node);
	return strip_read(&entry->strip, reader);
}

bool book_read(struct bal_core *core, struct bytes_reader *reader)
{
	uint64_t number;

	core->book->dropped_count = bytes_get_u64(reader);
	while ((number = bytes_get_varint(reader)) != 0)
		if (!read_trail(core, number, reader))
			return false;
	while ((number = bytes_get_varint(reader)) != 0)
		if (!read_strip(core, number, reader))
			return false;
	return !reader->failed;
}

const char *book_check(const struct bal_core *core)
{
	const struct signal_book *book = core->book;
	const char *fault = NULL;
	uint32_t used = 0;

	for (uint32_t i = slab_next(&book->trails, 0); i != SLAB_NONE && fault == NULL;
		i = slab_next(&book->trails, i + 1)) {
		const struct full_entry *entry = slab_at(&book->trails, i);

		if (trail_find(book, entry->head.key) != entry)
			return "book: a trail is found by its key";
		fault = trail_check(&entry->trail);
	}
	for (const struct list_node *node = book->strip_use.first; node != NULL && fault == NULL;
		node = list_next(node)) {
		const struct short_entry *entry = container_of(node, struct short_entry, use_node);

		if (strip_find(book, entry->head.key) != entry)
			return "book: a strip is found by its key";
		if (!slab_holds(&core->agents, number_of(entry->head.key)))
			return "book: a strip is of an agent";
		fault = strip_check(&entry->strip);
		used++;
	}
	if (fault == NULL && used != book->strips.count)
		return "book: all strips are in the order of their use";
	return fault;
}
