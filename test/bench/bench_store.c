/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_store [DIRECTORY [SECONDS [LIVE]]]: how many tasks per second the SQLite store takes
 * through submission and result with 64 in flight, and how long it takes to open with LIVE
 * unfinished tasks. Prints one line for each. DIRECTORY is where a folder for the run is made; on
 * tmpfs, with a preloaded library that lets each fsync take a fixed time, runs can be compared.
 */
#include "store/store.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define IN_FLIGHT    64
#define PAYLOAD_SIZE 256
#define LIVE_SIZE    1024

struct bench {
	struct store *store;
	const struct store_ops *ops;
	sem_t news;
	uint64_t next_id;
	uint64_t pairs;
	uint64_t failed;
};

static char payload[LIVE_SIZE];

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static long resident_kib(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file == NULL)
		return 0;
	if (fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void notify(void *context)
{
	sem_post(&((struct bench *)context)->news);
}

static void say(void *context, enum store_severity severity, const char *line)
{
	(void)context;
	(void)severity;
	fprintf(stderr, "%s\n", line);
}

static void put_task(struct bench *bench, uint32_t size)
{
	struct store_op op = {.type = STORE_PUT_TASK,
		.token = ++bench->next_id,
		.task = {.id = bench->next_id,
			.submitted_at_ns = (int64_t)bench->next_id,
			.attempts_max = 5,
			.priority = 2,
			.kind = {"coder", 5},
			.tenant = {"default", 7},
			.payload = {payload, size}}};

	while (bench->ops->submit(bench->store, &op, NULL) == STORE_QUEUE_FULL)
		sem_wait(&bench->news);
}

static void put_result(struct bench *bench, uint64_t id)
{
	struct store_op op = {.type = STORE_PUT_RESULT,
		.token = id,
		.result = {.id = id,
			.state = STORE_TASK_SUCCEEDED,
			.attempt = 1,
			.submitted_at_ns = (int64_t)id,
			.finished_at_ns = (int64_t)id + 1,
			.content_size = PAYLOAD_SIZE,
			.pool = {"coder", 5},
			.agent = {"coder-1", 7},
			.content_type = {"application/json", 16},
			.why = {payload, 200},
			.content = {payload, PAYLOAD_SIZE}}};

	bench->ops->submit(bench->store, &op, NULL);
}

static void handle(struct bench *bench, const struct store_completion *completion, bool go_on)
{
	if (completion->status != STORE_OK)
		bench->failed++;
	if (completion->type == STORE_PUT_TASK) {
		put_result(bench, completion->id);
		return;
	}
	bench->pairs++;
	if (go_on)
		put_task(bench, PAYLOAD_SIZE);
}

static void measure_pairs(struct bench *bench, int64_t seconds)
{
	struct store_completion completions[IN_FLIGHT];
	int64_t begin_ns = now_ns();
	int64_t end_ns = begin_ns + seconds * 1000000000;
	int64_t begin_cpu_us = cpu_us();
	uint64_t started = IN_FLIGHT;
	double elapsed_s;

	for (int i = 0; i < IN_FLIGHT; i++)
		put_task(bench, PAYLOAD_SIZE);
	while (bench->pairs < started) {
		bool go_on = now_ns() < end_ns;
		uint64_t before = bench->pairs;
		uint32_t count = bench->ops->drain(bench->store, completions, IN_FLIGHT);

		for (uint32_t i = 0; i < count; i++)
			handle(bench, &completions[i], go_on);
		if (go_on)
			started += bench->pairs - before;
		if (count == 0)
			sem_wait(&bench->news);
	}
	elapsed_s = (double)(now_ns() - begin_ns) / 1e9;
	printf("store: pairs/s=%.0f cpu_us/pair=%.2f in_flight=%d failed=%llu rss_kib=%ld\n",
		(double)bench->pairs / elapsed_s,
		(double)(cpu_us() - begin_cpu_us) / (double)bench->pairs, IN_FLIGHT,
		(unsigned long long)bench->failed, resident_kib());
}

static bool count_view(void *context, const struct store_view *view)
{
	(void)view;
	++*(uint64_t *)context;
	return true;
}

static void fill(struct bench *bench, uint64_t count)
{
	struct store_completion completions[IN_FLIGHT];
	uint64_t done = 0;
	uint64_t begun = 0;

	while (done < count) {
		uint32_t found;

		while (begun < count && begun - done < 2048) {
			put_task(bench, LIVE_SIZE);
			begun++;
		}
		found = bench->ops->drain(bench->store, completions, IN_FLIGHT);
		done += found;
		if (found == 0)
			sem_wait(&bench->news);
	}
}

static int measure_open(struct bench *bench, const struct store_options *options)
{
	struct store_report report;
	uint64_t count = 0;
	int64_t begin_ns = now_ns();
	int64_t opened_ns;
	long before_kib = resident_kib();

	if (bench->ops->open(&bench->store, options, &report) != STORE_OK) {
		fprintf(stderr, "bench_store: %s\n", report.text);
		return 1;
	}
	opened_ns = now_ns();
	bench->ops->scan(bench->store, 0, count_view, &count);
	printf("store: live=%llu open_ms=%.0f scan_ms=%.0f rss_kib=%ld (+%ld)\n",
		(unsigned long long)count, (double)(opened_ns - begin_ns) / 1e6,
		(double)(now_ns() - opened_ns) / 1e6, resident_kib(), resident_kib() - before_kib);
	return 0;
}

int main(int count, char **arguments)
{
	const char *base = count > 1 ? arguments[1] : "/dev/shm";
	int64_t seconds = count > 2 ? (int64_t)strtoul(arguments[2], NULL, 10) : 5;
	uint64_t live = count > 3 ? strtoull(arguments[3], NULL, 10) : 100000;
	char directory[512];
	char command[600];
	struct bench bench = {.ops = &store_sqlite};
	struct store_options options = {
		.directory = directory, .notify = notify, .say = say, .context = &bench};
	struct store_report report;
	int failed;

	memset(payload, 'x', sizeof(payload));
	sem_init(&bench.news, 0, 0);
	snprintf(directory, sizeof(directory), "%s/ballast-bench-XXXXXX", base);
	if (mkdtemp(directory) == NULL ||
		bench.ops->open(&bench.store, &options, &report) != STORE_OK) {
		fprintf(stderr, "bench_store: cannot make a store below %s\n", base);
		return 1;
	}
	measure_pairs(&bench, seconds);
	fill(&bench, live);
	bench.ops->close(bench.store);
	failed = measure_open(&bench, &options);
	if (failed == 0)
		bench.ops->close(bench.store);
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	return system(command) != 0 || failed != 0;
}
