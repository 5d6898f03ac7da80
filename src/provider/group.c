/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: the daemon makes the group and writes its limits before anything runs; the launcher's child
 * joins it before exec, so that not one instruction of the command is outside. The launcher itself
 * stays outside: it must survive the memory limit and the KILL of all that is inside.
 *
 * Version 2 lets a group have processes or controlled children, not both. So the daemon moves
 * itself into a leaf when it is alone in its group (a systemd unit with Delegate=yes, a container);
 * among strangers (a login session) only root can help itself, below the root of the hierarchy.
 */
#include "provider/group.h"

#include "sample/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX    (CGROUP_PATH_SIZE_MAX + 64)
#define PROCS_SIZE_MAX   (GROUP_PROCESSES_MAX * 8)
#define CPU_PERIOD_US    100000
#define CPU_QUOTA_MIN_US 1000 /* the kernel's own lower bound */
#define MEMORY_UNBOUNDED (INT64_C(1) << 60)
#define SOFT_PART        32 /* of the limit, by which the soft one is lower */
#define DAEMON_LEAF      "ballast-daemon"

static const char *const unified_controllers[] = {"+cpu", "+memory", "+pids"};

static void make_path(char path[static FILE_SIZE_MAX], const char *directory, const char *file)
{
	snprintf(path, FILE_SIZE_MAX, "%s/%s", directory, file);
}

/* The directory that lists the processes: any part knows all of them. */
static const char *main_path(const struct cgroup *group)
{
	static const enum cgroup_part order[] = {CGROUP_UNIFIED, CGROUP_FREEZER, CGROUP_PIDS,
		CGROUP_MEMORY, CGROUP_CPU, CGROUP_CPUACCT};
	for (size_t index = 0; index < sizeof order / sizeof order[0]; index++) {
		if (group->path[order[index]][0] != '\0')
			return group->path[order[index]];
	}
	return NULL;
}

static size_t list_processes(const char *directory, pid_t *pids, size_t pids_max)
{
	char path[FILE_SIZE_MAX];
	char text[PROCS_SIZE_MAX];
	make_path(path, directory, "cgroup.procs");
	if (file_read(path, text, sizeof text) <= 0)
		return 0;
	size_t count = 0;
	const char *at = text;
	int64_t pid = 0;
	/* 0 is a process that this pid name space cannot see. */
	while (count < pids_max && file_number_parse(&at, &pid) && *at == '\n') {
		if (pid > 0 && pid <= INT32_MAX)
			pids[count++] = (pid_t)pid;
		at++;
	}
	return count;
}

/* Some of them may not be there; a limit that needs a missing one is refused later, by name. */
static void enable_controllers(const char *directory)
{
	char path[FILE_SIZE_MAX];
	make_path(path, directory, "cgroup.subtree_control");
	for (size_t index = 0; index < sizeof unified_controllers / sizeof *unified_controllers;
		index++)
		(void)file_write(path, unified_controllers[index]);
}

/* True when children of the directory can have a memory controller or a process bound. */
static bool has_controllers(const char *directory)
{
	char path[FILE_SIZE_MAX];
	char text[256];
	make_path(path, directory, "cgroup.subtree_control");
	return file_read(path, text, sizeof text) > 1;
}

static bool move_self(const char *directory)
{
	char path[FILE_SIZE_MAX];
	make_path(path, directory, "cgroup.procs");
	return file_write(path, "0");
}

/* Below our own group, after stepping aside into a leaf; false when that is not ours to do. */
static bool claim_own(char directory[static CGROUP_PATH_SIZE_MAX])
{
	char leaf[CGROUP_PATH_SIZE_MAX];
	char *name = strrchr(directory, '/');
	if (name != NULL && strcmp(name + 1, DAEMON_LEAF) == 0)
		*name = '\0'; /* An earlier daemon, or the unit file, put us into the leaf. */
	pid_t pids[2];
	size_t count = list_processes(directory, pids, 2);
	if (count > 1 || (count == 1 && pids[0] != getpid()))
		return false;
	if (count == 1) {
		int size = snprintf(leaf, sizeof leaf, "%s/%s", directory, DAEMON_LEAF);
		if (size < 0 || (size_t)size >= sizeof leaf)
			return false;
		if ((mkdir(leaf, 0755) != 0 && errno != EEXIST) || !move_self(leaf))
			return false;
	}
	enable_controllers(directory);
	return has_controllers(directory);
}

/* The part of an own group's path that is the mount point: its directory without cgroup.type. */
static bool claim_root(char directory[static CGROUP_PATH_SIZE_MAX])
{
	char path[FILE_SIZE_MAX];
	char upper[CGROUP_PATH_SIZE_MAX];
	memcpy(upper, directory, sizeof upper);
	for (char *end = upper + strlen(upper); end > upper; end--) {
		if (*end != '\0' && *end != '/')
			continue;
		*end = '\0';
		make_path(path, upper, "cgroup.controllers");
		if (access(path, F_OK) != 0)
			break;
		memcpy(directory, upper, sizeof upper);
	}
	enable_controllers(directory);
	return has_controllers(directory);
}

void group_open(struct cgroup *base, const char *instance, char *message, size_t message_size)
{
	struct cgroup own;
	char name[96];
	char upper[CGROUP_PATH_SIZE_MAX];
	memset(base, 0, sizeof *base);
	message[0] = '\0';
	cgroup_own(&own);
	snprintf(name, sizeof name, "ballast-%s", instance);
	if (own.version == CGROUP_V2) {
		memcpy(upper, own.path[CGROUP_UNIFIED], sizeof upper);
		if (claim_own(upper) || (geteuid() == 0 && claim_root(upper)))
			memcpy(own.path[CGROUP_UNIFIED], upper, sizeof upper);
		else
			own.version = CGROUP_NONE;
	}
	const struct spec_limits none = {0};
	char reason[128] = "no control groups are mounted";
	if (own.version == CGROUP_NONE ||
		!group_create(base, &own, name, &none, reason, sizeof reason)) {
		memset(base, 0, sizeof *base);
		snprintf(message, message_size,
			"agents run without resource limits (%s): start ballast by systemd with "
			"Delegate=yes, or as root",
			own.version == CGROUP_NONE ? "no control group is ours to divide" : reason);
		return;
	}
	if (base->version == CGROUP_V2)
		enable_controllers(base->path[CGROUP_UNIFIED]);
}

void group_close(const struct cgroup *base)
{
	(void)group_remove(base);
}

static bool make_directories(
	const struct cgroup *group, char *message, size_t message_size, bool *made)
{
	*made = false;
	for (int part = 0; part < CGROUP_PART_COUNT; part++) {
		if (group->path[part][0] == '\0')
			continue;
		if (mkdir(group->path[part], 0755) != 0 && errno != EEXIST) {
			snprintf(message, message_size, "cannot make %s: %s", group->path[part],
				strerror(errno));
			return false;
		}
		*made = true;
	}
	return true;
}

bool group_create(struct cgroup *group, const struct cgroup *base, const char *name,
	const struct spec_limits *limits, char *message, size_t message_size)
{
	bool made = false;
	if (!cgroup_child(group, base, name)) {
		snprintf(message, message_size, "the path of the control group %s is too long",
			name);
		return false;
	}
	if (base->version == CGROUP_NONE)
		return true;
	if (make_directories(group, message, message_size, &made) &&
		group_limit(group, limits, message, message_size))
		return true;
	if (made)
		(void)group_remove(group);
	return false;
}

/* Writes one limit. Without the file, "not bounded" is what is the case anyway. */
static bool write_limit(const struct cgroup *group, enum cgroup_part part, const char *file,
	const char *text, bool bounded, char *message, size_t message_size)
{
	char path[FILE_SIZE_MAX];
	make_path(path, group->path[part], file);
	if (group->path[part][0] != '\0' && file_write(path, text))
		return true;
	int error = group->path[part][0] == '\0' ? ENOENT : errno;
	if (!bounded)
		return true;
	snprintf(message, message_size, "the kernel refuses %s = %s for %s: %s", file, text,
		group->path[part][0] == '\0' ? "a group without that controller"
					     : group->path[part],
		strerror(error));
	return false;
}

bool group_limit(const struct cgroup *group, const struct spec_limits *limits, char *message,
	size_t message_size)
{
	bool unified = group->version == CGROUP_V2;
	const char *unbounded = unified ? "max" : "-1";
	char cpu[64];
	char memory[32];
	char pids[32];
	if (group->version == CGROUP_NONE)
		return true;
	int64_t quota_us = limits->cpu_millis * (CPU_PERIOD_US / 1000);
	if (quota_us > 0 && quota_us < CPU_QUOTA_MIN_US)
		quota_us = CPU_QUOTA_MIN_US;
	if (quota_us == 0)
		snprintf(cpu, sizeof cpu, "%s", unbounded);
	else
		snprintf(cpu, sizeof cpu, "%lld", (long long)quota_us);
	if (unified)
		snprintf(cpu + strlen(cpu), sizeof cpu - strlen(cpu), " %d", CPU_PERIOD_US);
	snprintf(memory, sizeof memory, "%lld", (long long)limits->memory_bytes);
	snprintf(pids, sizeof pids, "%lld", (long long)limits->pids);
	return write_limit(group, unified ? CGROUP_UNIFIED : CGROUP_CPU,
		       unified ? "cpu.max" : "cpu.cfs_quota_us", cpu, quota_us > 0, message,
		       message_size) &&
	       write_limit(group, unified ? CGROUP_UNIFIED : CGROUP_MEMORY,
		       unified ? "memory.max" : "memory.limit_in_bytes",
		       limits->memory_bytes > 0 ? memory : unbounded, limits->memory_bytes > 0,
		       message, message_size) &&
	       write_limit(group, unified ? CGROUP_UNIFIED : CGROUP_PIDS, "pids.max",
		       limits->pids > 0 ? pids : "max", limits->pids > 0, message, message_size);
}

/* ---- while it runs ---- */

/* "max", -1 and what is beyond all memory are not bounded. */
static bool read_bytes(
	const struct cgroup *group, enum cgroup_part part, const char *file, int64_t *bytes)
{
	char path[FILE_SIZE_MAX];
	char text[64];
	const char *at = text;

	make_path(path, group->path[part], file);
	if (group->path[part][0] == '\0' || file_read(path, text, sizeof text) <= 0)
		return false;
	if (!file_number_parse(&at, bytes) || *bytes >= MEMORY_UNBOUNDED)
		*bytes = 0;
	return true;
}

static bool read_cpu(const struct cgroup *group, int64_t *millis)
{
	bool unified = group->version == CGROUP_V2;
	enum cgroup_part part = unified ? CGROUP_UNIFIED : CGROUP_CPU;
	char path[FILE_SIZE_MAX];
	char text[64];
	const char *at = text;
	int64_t quota_us = 0, period_us = CPU_PERIOD_US;

	make_path(path, group->path[part], unified ? "cpu.max" : "cpu.cfs_quota_us");
	if (group->path[part][0] == '\0' || file_read(path, text, sizeof text) <= 0)
		return false;
	*millis = 0;
	if (!file_number_parse(&at, &quota_us))
		return true;
	if (unified) {
		at += *at == ' ';
		(void)file_number_parse(&at, &period_us);
	} else {
		(void)read_bytes(group, part, "cpu.cfs_period_us", &period_us);
	}
	*millis = period_us > 0 ? (quota_us * 1000 + period_us / 2) / period_us : 0;
	return true;
}

bool group_read(const struct cgroup *group, struct group_size *size)
{
	bool unified = group->version == CGROUP_V2;

	if (group->version == CGROUP_NONE)
		return false;
	return read_cpu(group, &size->cpu_millis) &&
	       read_bytes(group, unified ? CGROUP_UNIFIED : CGROUP_MEMORY,
		       unified ? "memory.max" : "memory.limit_in_bytes", &size->memory_bytes);
}

static bool write_cpu(
	const struct cgroup *group, int64_t millis, char *message, size_t message_size)
{
	bool unified = group->version == CGROUP_V2;
	int64_t quota_us = millis * (CPU_PERIOD_US / 1000);
	char text[64];

	if (quota_us < CPU_QUOTA_MIN_US)
		quota_us = CPU_QUOTA_MIN_US;
	if (unified)
		snprintf(text, sizeof text, "%lld %d", (long long)quota_us, CPU_PERIOD_US);
	else
		snprintf(text, sizeof text, "%lld", (long long)quota_us);
	return write_limit(group, unified ? CGROUP_UNIFIED : CGROUP_CPU,
		unified ? "cpu.max" : "cpu.cfs_quota_us", text, true, message, message_size);
}

/* What would have to go: the kernel of version 2 would end processes for it. */
static bool is_free_of(const struct cgroup *group, int64_t bytes, char *message, size_t size)
{
	struct sample sample = {0};
	int64_t used;

	cgroup_sample(group, SAMPLE_MEMORY | SAMPLE_BIT(MEMORY_FILE), 0, &sample);
	if ((sample.present & SAMPLE_MEMORY) == 0)
		return true;
	used = sample.memory_bytes - sample.memory_file_bytes;
	if (used <= bytes)
		return true;
	snprintf(message, size, "a memory limit of %lld MiB is below the %lld MiB in use",
		(long long)(bytes >> 20), (long long)(used >> 20));
	return false;
}

/* The soft limit stays below the hard one at every instant: up goes the hard one first, down the
 * soft one. */
static bool write_memory(const struct cgroup *group, int64_t before, int64_t bytes, bool soft,
	char *message, size_t message_size)
{
	bool unified = group->version == CGROUP_V2;
	enum cgroup_part part = unified ? CGROUP_UNIFIED : CGROUP_MEMORY;
	char hard[32];
	char high[32] = "max";

	snprintf(hard, sizeof hard, "%lld", (long long)bytes);
	if (soft)
		snprintf(high, sizeof high, "%lld", (long long)(bytes - bytes / SOFT_PART));
	if (unified && bytes < before &&
		!write_limit(group, part, "memory.high", high, soft, message, message_size))
		return false;
	if (!write_limit(group, part, unified ? "memory.max" : "memory.limit_in_bytes", hard, true,
		    message, message_size))
		return false;
	return !unified || bytes < before ||
	       write_limit(group, part, "memory.high", high, soft, message, message_size);
}

bool group_resize(const struct cgroup *group, const struct group_size *size, bool soft,
	struct group_size *now, char *message, size_t message_size)
{
	bool done = true;

	if (!group_read(group, now)) {
		snprintf(message, message_size, "it has no control group whose limits can be set");
		return false;
	}
	if (size->memory_bytes > 0 && (size->memory_bytes != now->memory_bytes || soft))
		done = (size->memory_bytes >= now->memory_bytes ||
			       is_free_of(group, size->memory_bytes, message, message_size)) &&
		       write_memory(group, now->memory_bytes, size->memory_bytes, soft, message,
			       message_size);
	if (done && size->cpu_millis > 0 && size->cpu_millis != now->cpu_millis)
		done = write_cpu(group, size->cpu_millis, message, message_size);
	return group_read(group, now) && done;
}

bool group_join(const struct cgroup *group)
{
	for (int part = 0; part < CGROUP_PART_COUNT; part++) {
		if (group->path[part][0] != '\0' && !move_self(group->path[part]))
			return false;
	}
	return true;
}

size_t group_processes(const struct cgroup *group, pid_t *pids, size_t pids_max)
{
	const char *directory = group->version == CGROUP_NONE ? NULL : main_path(group);
	return directory == NULL ? 0 : list_processes(directory, pids, pids_max);
}

bool group_has(const struct cgroup *group, pid_t pid)
{
	pid_t pids[GROUP_PROCESSES_MAX];
	size_t count = group_processes(group, pids, GROUP_PROCESSES_MAX);
	for (size_t index = 0; index < count; index++) {
		if (pids[index] == pid)
			return true;
	}
	return false;
}

/* Where there is no kill for groups: stop everybody first, so that nobody forks away and no number
 * is given to a stranger between the list and the signal; KILL takes effect as they thaw. */
static void kill_frozen(const struct cgroup *group)
{
	bool unified = group->version == CGROUP_V2;
	enum cgroup_part part = unified ? CGROUP_UNIFIED : CGROUP_FREEZER;
	char path[FILE_SIZE_MAX];
	pid_t pids[GROUP_PROCESSES_MAX];
	make_path(path, group->path[part], unified ? "cgroup.freeze" : "freezer.state");
	bool freezable = group->path[part][0] != '\0';
	if (freezable)
		(void)file_write(path, unified ? "1" : "FROZEN");
	size_t count = group_processes(group, pids, GROUP_PROCESSES_MAX);
	for (size_t index = 0; index < count; index++)
		(void)kill(pids[index], SIGKILL);
	if (freezable)
		(void)file_write(path, unified ? "0" : "THAWED");
}

void group_kill(const struct cgroup *group)
{
	char path[FILE_SIZE_MAX];
	if (group->version == CGROUP_NONE)
		return;
	make_path(path, group->path[CGROUP_UNIFIED], "cgroup.kill");
	/* cgroup.kill exists since Linux 5.14. */
	if (group->version == CGROUP_V2 && file_write(path, "1"))
		return;
	kill_frozen(group);
}

int64_t group_oom_kills(const struct cgroup *group)
{
	char path[FILE_SIZE_MAX];
	char text[2048];
	int64_t count = 0;
	bool unified = group->version == CGROUP_V2;
	enum cgroup_part part = unified ? CGROUP_UNIFIED : CGROUP_MEMORY;
	if (group->version == CGROUP_NONE || group->path[part][0] == '\0')
		return 0;
	make_path(path, group->path[part], unified ? "memory.events" : "memory.oom_control");
	if (file_read(path, text, sizeof text) <= 0 || !file_number_keyed(text, "oom_kill", &count))
		return 0;
	return count;
}

bool group_remove(const struct cgroup *group)
{
	bool removed = true;
	for (int part = 0; part < CGROUP_PART_COUNT; part++) {
		if (group->version == CGROUP_NONE || group->path[part][0] == '\0')
			continue;
		if (rmdir(group->path[part]) != 0 && errno != ENOENT)
			removed = false;
	}
	return removed;
}
