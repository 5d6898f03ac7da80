/* SPDX-License-Identifier: Apache-2.0 */
/* Months of counts per second are hundreds of millions of arrivals: they are added up while they
 * are read, never kept one by one. */
#include "sim/scaling_counts.h"

#include "base/units.h"
#include "wire/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE   65536
#define FIRST_COUNT 4096

struct counting {
	struct scaling_counts *counts;
	uint32_t capacity, limit;
	bool is_full;
	const char *problem; /* NULL: none so far */
};

static void add_item(struct counting *counting, const struct trace_item *item)
{
	struct scaling_counts *counts = counting->counts;
	int64_t second = item->at_ns / NS_PER_S;

	if (second < 0)
		return;
	if (second >= counting->limit) {
		counting->is_full = true;
		return;
	}
	while (counting->capacity <= second) {
		uint32_t wanted = counting->capacity == 0 ? FIRST_COUNT : counting->capacity * 2;
		double *values = realloc(counts->values, wanted * sizeof *values);

		if (values == NULL) {
			counting->problem = "no memory";
			return;
		}
		memset(values + counting->capacity, 0,
			(wanted - counting->capacity) * sizeof *values);
		counts->values = values;
		counting->capacity = wanted;
	}
	counts->values[second] += (double)item->count;
	if (second >= counts->count)
		counts->count = (uint32_t)second + 1;
}

static bool goes_on(const struct counting *counting)
{
	return !counting->is_full && counting->problem == NULL;
}

static void read_piece(struct counting *counting, struct trace_reader *trace, struct span input)
{
	enum trace_event event;

	do {
		event = input.at != NULL ? trace_next(trace, &input) : trace_end(trace);
		if (event == TRACE_ITEM)
			add_item(counting, &trace->item);
	} while (event == TRACE_ITEM && goes_on(counting));
	if (event == TRACE_REFUSED)
		counting->problem = trace->reason;
}

static void read_file(struct counting *counting, struct trace_reader *trace, int fd)
{
	char bytes[READ_SIZE];
	ssize_t got;

	do {
		got = read(fd, bytes, sizeof bytes);
		if (got < 0)
			counting->problem = strerror(errno);
		else
			read_piece(counting, trace,
				(struct span){got == 0 ? NULL : bytes, (size_t)got});
	} while (got > 0 && goes_on(counting));
}

bool scaling_counts_read(struct scaling_counts *counts, const char *path, uint32_t limit,
	char *message, size_t message_size)
{
	struct counting counting = {.counts = counts,
		.limit = limit == 0 || limit > SCALING_COUNTS_MAX ? SCALING_COUNTS_MAX : limit};
	struct trace_reader *trace = calloc(1, sizeof *trace);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*counts = (struct scaling_counts){.count = 0};
	if (fd < 0 || trace == NULL) {
		counting.problem = fd < 0 ? strerror(errno) : "no memory";
	} else {
		trace_init(trace);
		read_file(&counting, trace, fd);
		trace_release(trace);
	}
	if (fd >= 0)
		close(fd);
	free(trace);
	if (counting.problem == NULL && counts->count == 0)
		counting.problem = "nothing arrives";
	if (counting.problem == NULL)
		return true;
	snprintf(message, message_size, "%s: %s", path, counting.problem);
	scaling_counts_release(counts);
	return false;
}

void scaling_counts_release(struct scaling_counts *counts)
{
	free(counts->values);
	*counts = (struct scaling_counts){.count = 0};
}
