/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn load: a Poisson process whose rate follows PHASES, so that it calls for scaling up twice
 * and ends calm enough for scaling in while there is still work. */
#include "cli/parade.h"

#include "wire/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE   65536
#define SEED_KINDS  UINT64_C(17)
#define TOKENS_MEAN 210.0 /* of the Azure traces of conversations, 2023 */
#define TOKENS_CV   0.9
#define PROMPT_MEAN 1150.0
#define PROMPT_CV   1.0

/* The same tasks go to the same pools in every run: half, 3 of 10, 2 of 10. */
static uint32_t draw_pool(struct prng *prng)
{
	uint64_t ten = prng_below(prng, 10);

	return ten < 5 ? 0 : ten < 8 ? 1 : 2;
}

static bool grow(struct parade *parade, uint32_t *capacity)
{
	uint32_t wanted = *capacity == 0 ? 4096 : *capacity * 2;
	struct parade_task *tasks = realloc(parade->tasks, wanted * sizeof *tasks);

	if (tasks == NULL)
		return false;
	parade->tasks = tasks;
	*capacity = wanted;
	return true;
}

static int64_t work_of(int64_t prompt_tokens, int64_t tokens)
{
	return prompt_tokens * PARADE_PROMPT_NS + tokens * PARADE_TOKEN_NS;
}

struct reading {
	struct parade *parade;
	struct prng prng;
	uint32_t capacity;
	uint32_t limit;
	int64_t last_ns; /* of the trace */
	int64_t cut_ns;  /* silence left out */
};

/* Adds the item's requests; false when there is no memory. */
static bool add_item(struct reading *reading, const struct trace_item *item)
{
	struct parade *parade = reading->parade;

	if (item->at_ns - reading->last_ns > PARADE_GAP_NS)
		reading->cut_ns += item->at_ns - reading->last_ns - PARADE_GAP_NS;
	reading->last_ns = item->at_ns;
	for (uint32_t i = 0; i < item->count && parade->count < reading->limit; i++) {
		uint32_t tokens = item->generated_tokens == 0 ? 1 : item->generated_tokens;

		if (parade->count == reading->capacity && !grow(parade, &reading->capacity))
			return false;
		parade->tasks[parade->count++] =
			(struct parade_task){.at_ns = item->at_ns - reading->cut_ns,
				.work_ns = work_of(item->context_tokens, tokens),
				.tokens = tokens,
				.pool = draw_pool(&reading->prng)};
	}
	return true;
}

static bool read_items(struct reading *reading, struct trace_reader *trace, int fd, char *message,
	size_t message_size)
{
	char bytes[READ_SIZE];
	enum trace_event event = TRACE_MORE;
	ssize_t got = 1;

	while (got > 0 && reading->parade->count < reading->limit) {
		struct span input;

		got = read(fd, bytes, sizeof bytes);
		input = (struct span){bytes, got < 0 ? 0 : (size_t)got};
		do {
			event = got > 0 ? trace_next(trace, &input) : trace_end(trace);
			if (event == TRACE_ITEM && !add_item(reading, &trace->item))
				return false;
		} while (event == TRACE_ITEM);
		if (event == TRACE_REFUSED) {
			snprintf(message, message_size, "line %llu: %s",
				(unsigned long long)trace->line, trace->reason);
			return false;
		}
	}
	return got >= 0;
}

bool parade_read(
	struct parade *parade, const char *path, uint32_t limit, char *message, size_t message_size)
{
	struct reading reading = {.parade = parade,
		.limit = limit == 0 || limit > PARADE_COUNT_MAX ? PARADE_COUNT_MAX : limit};
	struct trace_reader *trace = calloc(1, sizeof *trace);
	char problem[256] = "no memory";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok = false;

	*parade = (struct parade){.tasks = NULL};
	prng_init(&reading.prng, SEED_KINDS);
	if (fd < 0) {
		snprintf(problem, sizeof problem, "%s", strerror(errno));
	} else if (trace != NULL) {
		trace_init(trace);
		ok = read_items(&reading, trace, fd, problem, sizeof problem);
		trace_release(trace);
	}
	if (fd >= 0)
		close(fd);
	free(trace);
	if (ok && parade->count == 0) {
		ok = false;
		snprintf(problem, sizeof problem, "there is no request in it");
	}
	if (!ok) {
		snprintf(message, message_size, "%s: %s", path, problem);
		parade_release(parade);
		return false;
	}
	parade->length_ns = parade->tasks[parade->count - 1].at_ns;
	return true;
}

/* Rate of arrivals in the parts of the drawn load, relative to each other. */
static const double PHASES[] = {0.6, 0.8, 3.2, 1.0, 0.7, 2.6, 0.9, 0.5, 0.35, 0.25};

#define PHASE_COUNT (sizeof PHASES / sizeof PHASES[0])

bool parade_draw(struct parade *parade, uint32_t count, uint64_t seed)
{
	struct prng times, sizes, kinds;
	double sum = 0.0, at = 0.0, unit, length_ns;

	if (count == 0)
		count = PARADE_DRAWN_COUNT;
	length_ns = (double)PARADE_DRAWN_NS * (double)count;
	*parade = (struct parade){.tasks = calloc(count, sizeof *parade->tasks)};
	if (parade->tasks == NULL)
		return false;
	prng_init(&times, seed);
	prng_init(&sizes, seed + 1);
	prng_init(&kinds, SEED_KINDS);
	for (size_t i = 0; i < PHASE_COUNT; i++)
		sum += PHASES[i];
	/* `at` runs through the phases, each of length 1; `unit` is the mean gap at rate 1. */
	unit = sum / (double)count;
	while (parade->count < count) {
		size_t phase = at < (double)PHASE_COUNT ? (size_t)at : PHASE_COUNT - 1;
		double tokens, prompt;

		at += prng_exponential(&times, unit / PHASES[phase]);
		tokens = prng_lognormal(&sizes, TOKENS_MEAN, TOKENS_CV);
		prompt = prng_lognormal(&sizes, PROMPT_MEAN, PROMPT_CV);
		parade->tasks[parade->count++] = (struct parade_task){
			.at_ns = (int64_t)(at / (double)PHASE_COUNT * length_ns),
			.work_ns = work_of((int64_t)prompt, (int64_t)tokens + 1),
			.tokens = (uint32_t)tokens + 1,
			.pool = draw_pool(&kinds)};
	}
	parade->length_ns = parade->tasks[parade->count - 1].at_ns;
	return true;
}

void parade_release(struct parade *parade)
{
	free(parade->tasks);
	*parade = (struct parade){.tasks = NULL};
}
