/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_METER_H
#define BAL_CORE_METER_H

#include "ballast.h"

/*
 * meter: what a pool has done since it is looked at, as sums that only grow. The difference of two
 * readings is what it was like between them (struct bal_stretch); a few readings of the last
 * minutes are kept, so that an order knows what went before it.
 */
#define METER_MARKS   11
#define METER_MARK_NS (30 * INT64_C(1000000000)) /* between two of them */

/* Sums over time are in microseconds times whatever they are of; they may wrap, since only
 * differences are taken. */
struct meter {
	uint64_t span_us;
	uint64_t busy_us;          /* slots busy */
	uint64_t ready_us;         /* slots ready */
	uint64_t coming_us;        /* slots of agents there or coming */
	uint64_t waiting_us;       /* tasks waiting, batch excepted */
	uint64_t tardy_waiting_us; /* likewise, while the first waits longer than is good */
	uint64_t agents_us;        /* agents that cost: there, coming, draining */
	uint64_t starts;
	uint64_t late; /* starts that waited longer than is good */
};

struct meter_book {
	int64_t looked_at_ns;
	bool looked; /* ever */
	struct meter now;
	struct meter marks[METER_MARKS]; /* a ring */
	uint32_t mark_count;             /* made ever, less what has gone round */
	int64_t mark_at_ns;              /* when the last one was made */
};

/* A pool at a look. */
struct meter_look {
	int64_t now_ns;
	uint64_t busy, ready, coming, waiting, agents;
	uint64_t starts, late; /* ever */
	bool tardy;
};

/* One look: the time since the last one counts as it is now. A pause of more than a minute does not
 * count, since nobody knows what happened in it. */
void meter_see(struct meter_book *book, const struct meter_look *look);

/* The oldest reading that is no older than so long, a minute at least, by the time that was
 * counted; five minutes are kept. The last one when there is none. */
struct meter meter_past(const struct meter_book *book, int64_t span_ns);

/* What a pool was like between two readings; price of one agent, and mean service. */
struct bal_stretch meter_between(const struct meter *from, const struct meter *to,
	int64_t price_microcents_hour, int64_t service_ns);

/* False when bytes made a book that cannot be gone on with. */
bool meter_valid(const struct meter_book *book);

#endif
