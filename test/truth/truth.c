/* SPDX-License-Identifier: Apache-2.0 */
/*
 * truth WAY [FOLDER]: what the samplers say against loads whose size is known. WAY is proc (process
 * trees) or group (control groups of whatever version there is; skipped where none can be made).
 * FOLDER (default /var/tmp) is where bytes are written; DEVICE in the environment names a block
 * device to write to instead.
 *
 * CPU is known by the load's CPU clock, or since the kernel says after its end what it and its
 * children used; so a machine that is busy with other things does not matter. Bounds: CPU 2 points,
 * memory 2 %, bytes 5 %.
 */
#include "base/units.h"
#include "sample/cgroup.h"
#include "sample/file.h"
#include "sample/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SKIPPED      77
#define SPAN_NS      (4 * NS_PER_S)
#define SETTLE_NS    (NS_PER_S / 2)
#define MEMORY_BYTES (200 * MIB)
#define FILE_BYTES   (96 * MIB)
#define BLOCK_BYTES  MIB
#define CPU_POINTS   2.0
#define MEMORY_PART  2.0
#define BYTES_PART   5.0

static bool use_group;
static struct cgroup parent_group;
static const char *folder = "/var/tmp";
static int failures;

static int64_t clock_ns(clockid_t clock)
{
	struct timespec at;
	clock_gettime(clock, &at);
	return (int64_t)at.tv_sec * NS_PER_S + at.tv_nsec;
}

static void sleep_ns(int64_t time_ns)
{
	struct timespec left = {.tv_sec = time_ns / NS_PER_S, .tv_nsec = time_ns % NS_PER_S};
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static void die(const char *what)
{
	fprintf(stderr, "truth: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- a load, in a group of its own or not ---- */

struct load {
	pid_t pid;
	int ready; /* readable when it has done what is measured; -1 */
	struct cgroup group;
};

static void make_group(struct cgroup *group)
{
	char name[32];
	snprintf(name, sizeof name, "ballast-truth-%d", (int)getpid());
	if (!cgroup_child(group, &parent_group, name))
		die("group");
	for (int part = 0; part < CGROUP_PART_COUNT; part++) {
		if (group->path[part][0] != '\0' && mkdir(group->path[part], 0755) != 0 &&
			errno != EEXIST)
			group->version = CGROUP_NONE;
	}
}

static void remove_group(const struct cgroup *group)
{
	for (int part = 0; part < CGROUP_PART_COUNT; part++) {
		for (int try = 0; group->path[part][0] != '\0' && try < 100; try++) {
			if (rmdir(group->path[part]) == 0 || errno == ENOENT)
				break;
			sleep_ns(20 * NS_PER_MS);
		}
	}
}

static void join_group(const struct cgroup *group)
{
	for (int part = 0; part < CGROUP_PART_COUNT; part++) {
		char path[CGROUP_PATH_SIZE_MAX + 16];
		snprintf(path, sizeof path, "%s/cgroup.procs", group->path[part]);
		if (group->path[part][0] != '\0' && !file_write(path, "0"))
			die(path);
	}
}

/* Runs `work` in a process of its own, which tells by a byte when it has done its part. */
static void start(struct load *load, void (*work)(int report, int64_t size), int64_t size)
{
	int pipes[2];
	*load = (struct load){0};
	if (use_group)
		make_group(&load->group);
	if (pipe(pipes) != 0)
		die("pipe");
	fflush(stdout);
	load->pid = fork();
	if (load->pid == 0) {
		close(pipes[0]);
		if (use_group)
			join_group(&load->group);
		work(pipes[1], size);
		_exit(0);
	}
	close(pipes[1]);
	load->ready = pipes[0];
}

static void await(const struct load *load)
{
	char byte;
	if (read(load->ready, &byte, 1) != 1)
		die("the load ended early");
}

/* Ends it, and gives the CPU time that it and all its children used. */
static int64_t finish(const struct load *load, int number)
{
	struct rusage usage;
	kill(load->pid, number);
	if (wait4(load->pid, NULL, 0, &usage) != load->pid)
		die("wait");
	close(load->ready);
	if (use_group)
		remove_group(&load->group);
	return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
	       ((int64_t)usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * NS_PER_US;
}

static void look(const struct load *load, struct sample *sample)
{
	struct proc_table table = {0};
	struct sample rest;
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	*sample = (struct sample){.at_ns = now_ns};
	if (use_group)
		cgroup_sample(&load->group, SAMPLE_ALL, now_ns, sample);
	if (!proc_table_scan(&table))
		die("/proc");
	proc_table_sample(&table, load->pid, true, PROC_VALUES, NULL, now_ns, &rest);
	sample_fill(sample, &rest);
	proc_table_free(&table);
}

static void judge(
	const char *what, double found, double known, double off, double bound, const char *unit)
{
	bool good = off <= bound;
	printf("%-34s %10.1f %10.1f %8.2f of %.0f %-7s %s\n", what, found, known, off, bound, unit,
		good ? "ok" : "WRONG");
	failures += !good;
}

static void judge_bytes(const char *what, const struct sample *before, const struct sample *after,
	enum sample_value place, int64_t known, double bound)
{
	int64_t found = sample_get(after, place) - sample_get(before, place);
	if ((after->present & before->present & UINT64_C(1) << place) == 0) {
		printf("%-34s absent\n", what);
		failures++;
		return;
	}
	judge(what, (double)found / (double)MIB, (double)known / (double)MIB,
		fabs((double)(found - known)) * 100 / (double)known, bound, "% (MiB)");
}

/* ---- loads ---- */

static void say(int report)
{
	if (write(report, "x", 1) != 1)
		_exit(3);
}

/* Uses `percent` of a core, by its own CPU clock. */
static void spin_share(int report, int64_t percent)
{
	int64_t from_ns = clock_ns(CLOCK_MONOTONIC);
	int64_t used_before_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	say(report);
	for (;;) {
		int64_t used_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - used_before_ns;
		int64_t due_ns = (clock_ns(CLOCK_MONOTONIC) - from_ns) / 100 * percent;
		if (used_ns > due_ns)
			sleep_ns(NS_PER_MS);
	}
}

static void spin_for(int64_t time_ns)
{
	int64_t until_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + time_ns;
	while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < until_ns)
		;
}

static volatile sig_atomic_t ended;

static void on_end(int number)
{
	(void)number;
	ended = 1;
}

/* Children one after the other, each of which works a little and ends; with `depth`, below further
 * processes. It ends when asked, after its last child. */
static void fork_on(int report, int64_t depth)
{
	signal(SIGTERM, on_end);
	for (pid_t below = 0; depth > 0; depth--) {
		below = fork();
		if (below == 0)
			continue;
		while (!ended)
			pause();
		kill(below, SIGTERM);
		waitpid(below, NULL, 0);
		_exit(0);
	}
	say(report);
	while (!ended) {
		pid_t pid = fork();
		if (pid == 0) {
			spin_for(15 * NS_PER_MS);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		sleep_ns(10 * NS_PER_MS);
	}
	_exit(0);
}

static void hold_memory(int report, int64_t size)
{
	sleep_ns(SETTLE_NS);
	say(report);
	sleep_ns(SETTLE_NS);
	char *memory = mmap(
		NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		_exit(3);
	memset(memory, 7, (size_t)size);
	say(report);
	for (;;)
		pause();
}

static int open_target(bool write)
{
	const char *device = getenv("DEVICE");
	char path[4096];
	if (device != NULL)
		return open(device, (write ? O_WRONLY : O_RDONLY) | O_DIRECT);
	snprintf(path, sizeof path, "%s/ballast-truth-%d", folder, (int)getppid());
	return open(path, write ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0600);
}

static void move_bytes(int fd, int64_t size, bool writing)
{
	char *block =
		mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED)
		_exit(3);
	memset(block, 5, BLOCK_BYTES);
	for (int64_t done = 0; done < size; done += BLOCK_BYTES) {
		ssize_t moved =
			writing ? write(fd, block, BLOCK_BYTES) : read(fd, block, BLOCK_BYTES);
		if (moved != BLOCK_BYTES)
			_exit(3);
	}
}

/* Writes, and reads what was written from the disk again. */
static void use_storage(int report, int64_t size)
{
	sleep_ns(SETTLE_NS);
	say(report);
	sleep_ns(SETTLE_NS);
	int fd = open_target(true);
	if (fd < 0)
		_exit(3);
	move_bytes(fd, size, true);
	if (fsync(fd) != 0)
		_exit(3);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	say(report);
	sleep_ns(2 * SETTLE_NS);
	fd = open_target(false);
	if (fd < 0)
		_exit(3);
	move_bytes(fd, size, false);
	say(report);
	for (;;)
		pause();
}

static void run_stress(int report, int64_t percent)
{
	char share[32];
	snprintf(share, sizeof share, "%" PRId64, percent);
	say(report);
	int quiet = open("/dev/null", O_WRONLY);
	dup2(quiet, 1);
	dup2(quiet, 2);
	execlp("stress-ng", "stress-ng", "--cpu", "1", "--cpu-load", share, "--cpu-method", "int64",
		"--timeout", "60", (char *)NULL);
	_exit(3);
}

/* ---- checks ---- */

static double share_between(const struct sample *before, const struct sample *after)
{
	int64_t permille = -10;
	if (!sample_cpu_permille(before, after, &permille))
		printf("absent: CPU\n");
	return (double)permille / 10;
}

/* The CPU clock of another process, which no sampler reads. */
static int64_t clock_of_ns(pid_t pid)
{
	clockid_t clock;
	if (clock_getcpuclockid(pid, &clock) != 0)
		die("CPU clock");
	return clock_ns(clock);
}

/* On a machine that has no such share to give, what it did get is the truth. */
static void check_share(int64_t percent)
{
	struct load load;
	struct sample before;
	struct sample after;
	char what[64];
	start(&load, spin_share, percent);
	await(&load);
	sleep_ns(SETTLE_NS);
	int64_t used_ns = clock_of_ns(load.pid);
	look(&load, &before);
	sleep_ns(SPAN_NS);
	used_ns = clock_of_ns(load.pid) - used_ns;
	look(&load, &after);
	finish(&load, SIGKILL);
	double found = share_between(&before, &after);
	double known = (double)used_ns * 100 / (double)(after.at_ns - before.at_ns);
	snprintf(what, sizeof what, "CPU of a share of %" PRId64 " %%", percent);
	judge(what, found, known, fabs(found - known), CPU_POINTS, "points");
}

/* From its beginning to its end: the kernel's sum for parents that wait is the truth. */
static void check_whole(
	const char *what, void (*work)(int report, int64_t size), int64_t size, int end)
{
	struct load load;
	struct sample sample;
	int64_t from_ns = clock_ns(CLOCK_MONOTONIC);
	start(&load, work, size);
	await(&load);
	sleep_ns(SPAN_NS);
	look(&load, &sample);
	double elapsed_ns = (double)(clock_ns(CLOCK_MONOTONIC) - from_ns);
	double known = (double)finish(&load, end) * 100 / elapsed_ns;
	double found = (double)sample.cpu_ns * 100 / elapsed_ns;
	judge(what, found, known, fabs(found - known), CPU_POINTS, "points");
}

static void check_stress(void)
{
	static const int64_t shares[] = {10, 30, 60, 90};
	if (system("stress-ng --version >/dev/null 2>&1") != 0) {
		printf("stress-ng: skipped, it is not installed (apt-get install stress-ng)\n");
		return;
	}
	for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
		char what[64];
		snprintf(what, sizeof what, "CPU of stress-ng at %" PRId64 " %%", shares[i]);
		check_whole(what, run_stress, shares[i], SIGTERM);
	}
}

static void check_memory(void)
{
	struct load load;
	struct sample before;
	struct sample after;
	start(&load, hold_memory, MEMORY_BYTES);
	await(&load);
	look(&load, &before);
	await(&load);
	look(&load, &after);
	finish(&load, SIGKILL);
	judge_bytes(
		"memory allocated", &before, &after, SAMPLE_AT_MEMORY, MEMORY_BYTES, MEMORY_PART);
	judge_bytes("of these anonymous", &before, &after, SAMPLE_AT_MEMORY_ANONYMOUS, MEMORY_BYTES,
		MEMORY_PART);
}

static void check_storage(void)
{
	struct load load;
	struct sample before;
	struct sample written;
	struct sample after;
	char path[4096];
	start(&load, use_storage, FILE_BYTES);
	await(&load);
	look(&load, &before);
	await(&load);
	look(&load, &written);
	await(&load);
	look(&load, &after);
	finish(&load, SIGKILL);
	snprintf(path, sizeof path, "%s/ballast-truth-%d", folder, (int)getpid());
	unlink(path);
	judge_bytes(
		"bytes written", &before, &written, SAMPLE_AT_WRITE_BYTES, FILE_BYTES, BYTES_PART);
	judge_bytes("bytes read", &written, &after, SAMPLE_AT_READ_BYTES, FILE_BYTES, BYTES_PART);
}

int main(int count, char **arguments)
{
	static const int64_t shares[] = {10, 30, 60, 90};
	if (count < 2 ||
		(strcmp(arguments[1], "proc") != 0 && strcmp(arguments[1], "group") != 0)) {
		fprintf(stderr, "usage: truth proc|group [FOLDER]\n");
		return 2;
	}
	folder = count > 2 ? arguments[2] : folder;
	use_group = strcmp(arguments[1], "group") == 0;
	if (use_group) {
		struct cgroup probe;
		cgroup_own(&parent_group);
		make_group(&probe);
		remove_group(&probe);
		if (probe.version == CGROUP_NONE) {
			printf("skipped: no control group can be made here\n");
			return SKIPPED;
		}
		printf("control groups, version %d\n", probe.version == CGROUP_V1 ? 1 : 2);
	}
	printf("%-34s %10s %10s %s\n", "load", "found", "known", "off by");
	for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
		check_share(shares[i]);
	check_stress();
	check_whole("CPU of a process that forks", fork_on, 0, SIGTERM);
	check_whole("CPU of one in a nested tree", fork_on, 3, SIGTERM);
	check_memory();
	check_storage();
	return failures == 0 ? 0 : 1;
}
