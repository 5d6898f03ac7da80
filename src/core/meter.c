/* SPDX-License-Identifier: Apache-2.0 */
/* Time is cut at looks, which come once a second: what a pool was like between two of them is what
 * it was at the second, an error of less than a second in windows of minutes. */
#include "core/meter.h"

#include "base/num.h"
#include "base/units.h"

#define PAUSE_MAX_NS NS_PER_MIN
#define SPAN_MIN_NS  NS_PER_MIN

static void add(struct meter *meter, const struct meter_look *look, uint64_t span_us)
{
	meter->span_us += span_us;
	meter->busy_us += look->busy * span_us;
	meter->ready_us += look->ready * span_us;
	meter->coming_us += look->coming * span_us;
	meter->waiting_us += look->waiting * span_us;
	meter->agents_us += look->agents * span_us;
	meter->tardy_waiting_us += look->tardy ? look->waiting * span_us : 0;
}

/* The count of marks goes round so that it tells the place of the next and whether all are full. */
static void mark(struct meter_book *book, int64_t now_ns)
{
	if (book->mark_count > 0 && num_sub_i64(now_ns, book->mark_at_ns) < METER_MARK_NS)
		return;
	book->marks[book->mark_count % METER_MARKS] = book->now;
	book->mark_count++;
	if (book->mark_count == 2 * METER_MARKS)
		book->mark_count = METER_MARKS;
	book->mark_at_ns = now_ns;
}

void meter_see(struct meter_book *book, const struct meter_look *look)
{
	int64_t since_ns = num_sub_i64(look->now_ns, book->looked_at_ns);

	if (book->looked && since_ns > 0 && since_ns <= PAUSE_MAX_NS)
		add(&book->now, look, (uint64_t)(since_ns / NS_PER_US));
	book->now.starts = look->starts;
	book->now.late = look->late;
	book->looked = true;
	book->looked_at_ns = look->now_ns;
	mark(book, look->now_ns);
}

struct meter meter_past(const struct meter_book *book, int64_t span_ns)
{
	uint32_t kept = book->mark_count < METER_MARKS ? book->mark_count : METER_MARKS;
	uint64_t span_us = (uint64_t)num_max_i64(span_ns, SPAN_MIN_NS) / (uint64_t)NS_PER_US;
	struct meter past = book->now;

	for (uint32_t i = 1; i <= kept; i++) {
		const struct meter *mark = &book->marks[(book->mark_count - i) % METER_MARKS];

		if (i > 1 && book->now.span_us - mark->span_us > span_us)
			break;
		past = *mark;
	}
	return past;
}

/* part over whole in thousandths, without overflow for any sums that one process can have. */
static int64_t millis(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return 0;
	return num_to_i64((double)part * (double)PERMILLE / (double)whole);
}

/* Tasks that wait too long now are no less late for not having started: those that did on average
 * count like as many starts. */
static int64_t late_permille(const struct meter *from, const struct meter *to)
{
	double span_us = (double)(to->span_us - from->span_us);
	double waiting = (double)(to->tardy_waiting_us - from->tardy_waiting_us) / span_us;
	double late = (double)(to->late - from->late) + waiting;
	double all = (double)(to->starts - from->starts) + waiting;

	return all > 0 ? num_to_i64(num_min(late / all, 1) * (double)PERMILLE) : 0;
}

struct bal_stretch meter_between(const struct meter *from, const struct meter *to,
	int64_t price_microcents_hour, int64_t service_ns)
{
	uint64_t span_us = to->span_us - from->span_us;
	uint64_t busy_us = to->busy_us - from->busy_us;
	uint64_t waiting_us = to->waiting_us - from->waiting_us;
	uint64_t agents_us = to->agents_us - from->agents_us;
	uint64_t starts = to->starts - from->starts;

	if (span_us == 0)
		return (struct bal_stretch){.span_ns = 0};
	return (struct bal_stretch){.span_ns = (int64_t)span_us * NS_PER_US,
		.utilisation_permille = millis(busy_us, to->ready_us - from->ready_us),
		.load_permille = millis(busy_us + waiting_us, to->coming_us - from->coming_us),
		.agents_millis = millis(agents_us, span_us),
		.busy_millis = millis(busy_us, span_us),
		.waiting_millis = millis(waiting_us, span_us),
		.late_permille = late_permille(from, to),
		.starts_millis = millis(starts * (uint64_t)PPM, span_us),
		.service_ns = service_ns,
		.price_microcents_hour = num_to_i64(
			(double)agents_us / (double)span_us * (double)price_microcents_hour)};
}

bool meter_valid(const struct meter_book *book)
{
	return book->mark_count < 2 * METER_MARKS;
}
