/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_BOOK_H
#define BAL_CORE_BOOK_H

#include "ballast.h"

struct arena;
struct bytes_reader;
struct bytes_writer;
struct digest;

/*
 * book: the past of all signals, bounded: a trail for each signal of a pool, a kind, the host and
 * the store, a strip for each of an agent. An agent's sample goes into the trail of its pool too.
 * It is a record and nothing more: no decision reads it, and nothing in it happens by itself; slots
 * close when the next sample comes. A core whose limits are 0 keeps none.
 */
struct signal_book;

/* A book of that many entries each; the arena's memory is zero, and is touched as it is used. */
struct signal_book *book_place(struct arena *arena, uint32_t trails_max, uint32_t strips_max);

/* An accepted sample as it came, or one of the core's own: more than can be real is cut to that,
 * counted and flagged. */
void book_record(struct bal_core *core, enum bal_subject subject, uint64_t id, uint32_t signal,
	int64_t value);

/* The value, or the largest that can be real if that is less. */
int64_t book_clamp(uint32_t signal, int64_t value);

/* A sample of a subject that exists was refused. */
void book_refuse(struct bal_core *core, enum bal_subject subject, uint64_t id, uint32_t signal);

/* The agent at this place is gone: its strips are free again. */
void book_agent_gone(struct bal_core *core, uint32_t place);

/* ---- rows: book_row.c ---- */

struct trail;

/* The trail at a place below bal_past_places; NULL when there is none. */
struct trail *book_trail_at(const struct bal_core *core, uint32_t place);

/* True when the signal of this subject may have a trail. */
bool book_trail_valid(
	const struct bal_core *core, enum bal_subject subject, uint64_t id, uint32_t signal);

/* The trail of such a one, made now if there is none; NULL when there is no room. */
struct trail *book_trail_for(
	struct bal_core *core, enum bal_subject subject, uint64_t id, uint32_t signal);

/* ---- saved states ---- */

/* True when there is a past to save. */
bool book_is_kept(const struct signal_book *book);

/* Writes all of it; adds all of it to a digest, which equal pasts leave equal. */
void book_put(const struct signal_book *book, struct bytes_writer *writer);
void book_digest(const struct signal_book *book, struct digest *digest);

/* Reads it into a fresh book of a core whose pools, kinds and agents are there; false when the
 * bytes are none. */
bool book_read(struct bal_core *core, struct bytes_reader *reader);

/* The name of the first invariant that is broken; NULL when all hold. */
const char *book_check(const struct bal_core *core);

#endif
