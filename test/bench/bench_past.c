/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_past [DIRECTORY [SIGNALS [DAYS]]]: what the past of so many signals over so many days takes
 * in the store, through the code that the daemon has, and how long it takes to read it back into a
 * core. Each signal has a sample every five minutes, and every row is renewed at each quarter of an
 * hour. Then what recording costs a sample, and a task. Fails beyond 50 MiB or one second, which
 * are promised for 100 signals and 90 days.
 */
#include "pastworld.h"

#include "base/assert.h"
#include "base/prng.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BEGIN_NS    (INT64_C(20500) * NS_PER_DAY)
#define SAMPLE_NS   (5 * NS_PER_MIN)
#define QUARTER_NS  (15 * NS_PER_MIN)
#define SIZE_MAX_B  (INT64_C(50) << 20)
#define READ_MAX_NS NS_PER_S
#define RUNS        5

static const struct bal_limits LIMITS = {.tasks_max = 4096,
	.agents_max = 64,
	.pools_max = 4,
	.kinds_max = 256,
	.tenants_max = 4,
	.limits_max = 2,
	.lanes_max = 64,
	.histories_max = 64,
	.conversations_max = 2,
	.explanations_max = 64,
	.orders_max = 4,
	.effects_max = 1024,
	.trails_max = 1024};

static struct prng source;

static int64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Durations of a heavy tail: many different codes, so that rows are as large as they get. */
static int64_t draw(void)
{
	int64_t value = (int64_t)prng_below(&source, 1000000);
	int64_t shift = (int64_t)prng_below(&source, 24);

	return 1000000 + (value << shift);
}

static int64_t file_size(const char *directory)
{
	static const char *const names[] = {"store.db", "store.db-wal"};
	char path[512];
	int64_t size = 0;
	struct stat file;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", directory, names[i]);
		if (stat(path, &file) == 0)
			size += file.st_size;
	}
	return size;
}

static void remove_store(const char *directory)
{
	static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm",
		"store.mark", "store.mark.new", "store.lock", "store.reserve"};
	char path[512];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", directory, names[i]);
		unlink(path);
	}
	rmdir(directory);
}

static void fill(struct pastworld *world, uint32_t signals, int64_t end_ns)
{
	char kind[32];

	for (int64_t at_ns = world->wall_ns; at_ns < end_ns; at_ns += SAMPLE_NS) {
		world->wall_ns = at_ns;
		for (uint32_t i = 0; i < signals; i++) {
			snprintf(kind, sizeof kind, "kind-of-task-%u", i / 4);
			pastworld_sample(
				world, kind, (enum bal_signal)(BAL_SIGNAL_HEAP + i % 4), draw());
		}
		if (at_ns % QUARTER_NS == 0)
			pastworld_go(world, at_ns);
	}
}

static bool measure_store(const char *directory, uint32_t signals, uint32_t days)
{
	struct pastworld world = {.limits = LIMITS};
	int64_t end_ns = BEGIN_NS + days * NS_PER_DAY, size, took_ns = INT64_MAX, begun_ns;
	struct past_counts counts = {0, 0};

	if (!pastworld_open(&world, &store_sqlite, directory, BEGIN_NS))
		return false;
	begun_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	fill(&world, signals, end_ns);
	pastworld_close(&world);
	begun_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - begun_ns;
	size = file_size(directory);
	for (int i = 0; i < RUNS; i++) {
		struct pastworld again = {.limits = LIMITS};
		int64_t from_ns = now_ns(CLOCK_MONOTONIC);

		if (!pastworld_open(&again, &store_sqlite, directory, end_ns))
			return false;
		from_ns = now_ns(CLOCK_MONOTONIC) - from_ns;
		took_ns = from_ns < took_ns ? from_ns : took_ns;
		counts = past_count(again.past);
		if (bal_past_places(again.core) != signals)
			return false;
		pastworld_crash(&again);
	}
	printf("%u signals, %u days: %.1f MiB in the store (%llu rows), read back in %.3f s; "
	       "written in %.1f s of processor time\n",
		signals, days, (double)size / (1 << 20), (unsigned long long)counts.read,
		(double)took_ns / NS_PER_S, (double)begun_ns / NS_PER_S);
	return counts.refused == 0 && size <= SIZE_MAX_B && took_ns <= READ_MAX_NS;
}

int main(int argc, char **argv)
{
	const char *where = argc > 1 ? argv[1] : getenv("TMPDIR");
	uint32_t signals = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 100;
	uint32_t days = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 90;
	char directory[400];
	bool good;

	prng_init(&source, 1);
	snprintf(directory, sizeof directory, "%s/bench-past-XXXXXX",
		where != NULL ? where : "/tmp");
	if (mkdtemp(directory) == NULL) {
		perror(directory);
		return 1;
	}
	good = measure_store(directory, signals, days);
	remove_store(directory);
	return good ? 0 : 1;
}
