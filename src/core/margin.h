/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_MARGIN_H
#define BAL_CORE_MARGIN_H

#include <stdbool.h>
#include <stdint.h>

struct bytes_reader;
struct bytes_writer;

/*
 * margin: what was used over a window that moves on, as the 95th percentile of its slots. A slot
 * holds the largest of its samples, so that a short peak is not averaged away.
 *
 * A window says nothing until it is full, and nothing while more than a quarter of its slots are
 * empty: who was silent may have used anything.
 */
#define MARGIN_SLOTS 20

struct margin {
	int64_t slot_ns;             /* length of a slot; 0: nothing was added yet */
	int64_t begin_ns;            /* of the open slot */
	uint32_t filled;             /* slots that are behind us, at most MARGIN_SLOTS */
	uint32_t open;               /* the place of the open one */
	int64_t slots[MARGIN_SLOTS]; /* largest value; below 0: none came */
};

/* Nothing is known. */
void margin_init(struct margin *margin);

/* A value of now, >= 0. Another length of the window than before begins anew. */
void margin_add(struct margin *margin, int64_t window_ns, int64_t now_ns, int64_t value);

/* The 95th percentile of the window, or its maximum; false while it is not known. */
bool margin_p95(const struct margin *margin, int64_t *value);
bool margin_max(const struct margin *margin, int64_t *value);

/* Saved states: writes it; reads it, false when the bytes are none. */
void margin_put(const struct margin *margin, struct bytes_writer *writer);
bool margin_read(struct margin *margin, struct bytes_reader *reader);

#endif
