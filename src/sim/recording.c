/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of one second of a trace of counts are spread evenly over it; their sizes are not
 * recorded, so they are left to the course to draw. */
#include "sim/recording.h"

#include "base/num.h"
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

/* A recording that grows. */
struct reading {
	struct recording *recording;
	struct recording_costs costs;
	uint32_t capacity, limit;
};

static bool is_full(const struct reading *reading)
{
	return reading->recording->count >= reading->limit;
}

static bool add_arrival(struct reading *reading, int64_t at_ns, int64_t work_ns)
{
	struct recording *recording = reading->recording;

	if (recording->count == reading->capacity) {
		uint32_t wanted = reading->capacity == 0 ? FIRST_COUNT : reading->capacity * 2;
		struct course_arrival *arrivals =
			realloc(recording->arrivals, wanted * sizeof *arrivals);

		if (arrivals == NULL)
			return false;
		recording->arrivals = arrivals;
		reading->capacity = wanted;
	}
	recording->arrivals[recording->count++] =
		(struct course_arrival){.at_ns = at_ns, .work_ns = work_ns};
	return true;
}

static bool add_item(struct reading *reading, const struct trace_item *item)
{
	double work_s = (double)item->context_tokens * reading->costs.context_s +
			(double)item->generated_tokens * reading->costs.generated_s;
	int64_t work_ns = num_to_i64(work_s * (double)NS_PER_S);

	for (uint32_t i = 0; i < item->count && !is_full(reading); i++) {
		int64_t since_ns = num_mul_div(NS_PER_S, i, item->count);

		if (!add_arrival(reading, item->at_ns + since_ns, work_ns))
			return false;
	}
	return true;
}

/* False with a message when the trace is refused or memory ends. */
static bool read_items(struct reading *reading, struct trace_reader *trace, int fd, char *message,
	size_t message_size)
{
	char bytes[READ_SIZE];
	enum trace_event event;
	ssize_t got;

	do {
		struct span input;

		got = read(fd, bytes, sizeof bytes);
		input = (struct span){bytes, got < 0 ? 0 : (size_t)got};
		do {
			event = got > 0 ? trace_next(trace, &input) : trace_end(trace);
			if (event == TRACE_ITEM && !add_item(reading, &trace->item)) {
				snprintf(message, message_size, "no memory");
				return false;
			}
		} while (event == TRACE_ITEM && !is_full(reading));
		if (event == TRACE_REFUSED) {
			snprintf(message, message_size, "line %llu: %s",
				(unsigned long long)trace->line, trace->reason);
			return false;
		}
	} while (got > 0 && !is_full(reading));
	if (got < 0)
		snprintf(message, message_size, "%s", strerror(errno));
	return got >= 0;
}

static bool read_trace(struct reading *reading, int fd, char *message, size_t message_size)
{
	struct trace_reader *trace = calloc(1, sizeof *trace);
	bool went;

	if (trace == NULL) {
		snprintf(message, message_size, "no memory");
		return false;
	}
	trace_init(trace);
	went = read_items(reading, trace, fd, message, message_size);
	trace_release(trace);
	free(trace);
	return went;
}

bool recording_read(struct recording *recording, const char *path,
	const struct recording_costs *costs, uint32_t limit, char *message, size_t message_size)
{
	struct reading reading = {.recording = recording,
		.costs = *costs,
		.limit = limit == 0 || limit > RECORDING_COUNT_MAX ? RECORDING_COUNT_MAX : limit};
	char problem[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool went = false;

	*recording = (struct recording){.count = 0};
	if (fd < 0) {
		snprintf(problem, sizeof problem, "%s", strerror(errno));
	} else {
		went = read_trace(&reading, fd, problem, sizeof problem);
		close(fd);
	}
	if (went && recording->count < 2) {
		snprintf(problem, sizeof problem, "fewer than two tasks");
		went = false;
	}
	if (!went) {
		snprintf(message, message_size, "%s: %s", path, problem);
		recording_release(recording);
	}
	return went;
}

void recording_release(struct recording *recording)
{
	free(recording->arrivals);
	*recording = (struct recording){.count = 0};
}
