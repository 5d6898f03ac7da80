/* SPDX-License-Identifier: Apache-2.0 */
/* Limits that change under a running process, against what the process itself gets done: how soon a
 * quota takes effect, that memory can be raised but not taken away from who uses it, and that what
 * is read back is what holds. Needs root and control groups, of version 1 or 2. */
#include "base/units.h"
#include "provider/group.h"
#include "sample/file.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SKIPPED     77
#define LATEST_S    1.0
#define WINDOW_NS   (100 * NS_PER_MS)
#define WINDOWS_MAX 30

/* What the child does and is to do; shared with it. */
struct shared {
	_Atomic long work;   /* steps of pure work so far */
	_Atomic long wanted; /* MiB that it is to have touched */
	_Atomic long touched;
};

static struct shared *shared;
static int wrong;

static void say(bool right, const char *what)
{
	printf("%s %s\n", right ? "ok   " : "WRONG", what);
	wrong += !right;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void pause_ns(int64_t ns)
{
	struct timespec span = {ns / NS_PER_S, ns % NS_PER_S};

	while (nanosleep(&span, &span) != 0 && errno == EINTR)
		;
}

static void touch(long mib)
{
	char *block = mmap(NULL, (size_t)mib << 20, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (long i = 0; block != MAP_FAILED && i < mib << 20; i += 4096)
		block[i] = 1;
	shared->touched += mib;
}

static pid_t start(const struct cgroup *group, bool works)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (!group_join(group))
		_exit(1);
	for (;;) {
		if (shared->wanted > shared->touched)
			touch(shared->wanted - shared->touched);
		for (volatile int i = 0; works && i < 1000; i++)
			;
		if (works)
			shared->work++;
		else
			pause_ns(NS_PER_MS);
	}
}

static void stop(const struct cgroup *group, pid_t pid)
{
	group_kill(group);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 100 && !group_remove(group); i++)
		pause_ns(10 * NS_PER_MS);
}

/* Steps per second over a stretch. */
static double speed(int64_t span_ns)
{
	int64_t begin_ns = now_ns();
	long begin = shared->work;

	pause_ns(span_ns);
	return (double)(shared->work - begin) * 1e9 / (double)(now_ns() - begin_ns);
}

/* Seconds from the change until two windows of a tenth together are on the other side of the middle
 * between both speeds. */
static double delay(double from, double to)
{
	int64_t begin_ns = now_ns();
	double middle = (from + to) / 2;

	for (int i = 0; i < WINDOWS_MAX; i++) {
		double now = (speed(WINDOW_NS) + speed(WINDOW_NS)) / 2;

		if (to > from ? now > middle : now < middle)
			return (double)(now_ns() - begin_ns) / 1e9;
	}
	return 1e9;
}

static void test_processor(const struct cgroup *base)
{
	struct spec_limits limits = {.cpu_millis = 200, .memory_bytes = 64 << 20};
	struct group_size now, size = {.cpu_millis = 400};
	struct cgroup group;
	char message[256];
	double before, after, seconds;
	pid_t pid;

	if (!group_create(&group, base, "limits-cpu", &limits, message, sizeof message)) {
		say(false, message);
		return;
	}
	pid = start(&group, true);
	pause_ns(NS_PER_S);
	before = speed(2 * NS_PER_S);
	say(group_resize(&group, &size, false, &now, message, sizeof message) &&
			now.cpu_millis == 400,
		"a quota of 0.2 cores is raised to 0.4, and read back so");
	say(now.memory_bytes == 64 << 20, "memory stays as it was");
	seconds = delay(before, 2 * before);
	after = speed(2 * NS_PER_S);
	printf("      %.0f steps/s before, %.0f after; within %.2f s\n", before, after, seconds);
	say(seconds <= LATEST_S, "it takes effect within a second");
	say(after > 1.7 * before && after < 2.3 * before, "twice the quota is twice the work");
	size.cpu_millis = 100;
	say(group_resize(&group, &size, false, &now, message, sizeof message) &&
			now.cpu_millis == 100,
		"it is lowered to 0.1");
	seconds = delay(after, after / 4);
	printf("      within %.2f s\n", seconds);
	say(seconds <= LATEST_S, "that takes effect within a second as well");
	stop(&group, pid);
}

static bool wait_touched(long mib)
{
	shared->wanted = mib;
	for (int i = 0; i < 1000 && shared->touched < mib; i++)
		pause_ns(10 * NS_PER_MS);
	return shared->touched >= mib;
}

static int64_t read_high(const struct cgroup *group)
{
	char path[CGROUP_PATH_SIZE_MAX + 32];
	char text[64];
	const char *at = text;
	int64_t value = -1;

	snprintf(path, sizeof path, "%s/memory.high", group->path[CGROUP_UNIFIED]);
	if (file_read(path, text, sizeof text) > 0)
		(void)file_number_parse(&at, &value);
	return value;
}

static void test_memory(const struct cgroup *base)
{
	struct spec_limits limits = {.memory_bytes = 64 << 20};
	struct group_size now, size = {.memory_bytes = 32 << 20};
	struct cgroup group;
	char message[256] = "";
	pid_t pid;

	shared->wanted = shared->touched = 0;
	if (!group_create(&group, base, "limits-memory", &limits, message, sizeof message)) {
		say(false, message);
		return;
	}
	pid = start(&group, false);
	say(wait_touched(48), "48 MiB fit into 64");
	say(!group_resize(&group, &size, true, &now, message, sizeof message),
		"32 MiB are refused");
	printf("      %s\n", message);
	say(now.memory_bytes == 64 << 20, "64 MiB hold on");
	size.memory_bytes = 128 << 20;
	say(group_resize(&group, &size, true, &now, message, sizeof message) &&
			now.memory_bytes == 128 << 20,
		"the limit is raised to 128");
	if (group.version == CGROUP_V2)
		say(read_high(&group) == (128 << 20) - (4 << 20), "the soft one is 4 MiB lower");
	say(wait_touched(100), "100 MiB fit now");
	size.memory_bytes = 112 << 20;
	say(group_resize(&group, &size, true, &now, message, sizeof message) &&
			now.memory_bytes == 112 << 20,
		"it is lowered to 112");
	pause_ns(200 * NS_PER_MS);
	say(waitpid(pid, NULL, WNOHANG) == 0 && group_oom_kills(&group) == 0,
		"nothing was ended for want of memory");
	stop(&group, pid);
}

int main(void)
{
	struct cgroup base;
	char message[256];

	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(
		NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	group_open(&base, "limits", message, sizeof message);
	if (geteuid() != 0 || base.version == CGROUP_NONE) {
		printf("skipped: needs root and control groups (%s)\n", message);
		return SKIPPED;
	}
	printf("control groups of version %d\n", base.version == CGROUP_V2 ? 2 : 1);
	test_processor(&base);
	test_memory(&base);
	group_close(&base);
	printf("limits: %s\n", wrong == 0 ? "all right" : "something is wrong");
	return wrong != 0;
}
