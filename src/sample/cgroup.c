/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: /proc/self/mountinfo says where hierarchies are mounted and which part of each is visible
 * there, /proc/self/cgroup in which group of each we are; mount point plus group, less the
 * invisible part, is the directory. Looking under /sys/fs/cgroup without asking would be wrong in
 * containers and on hybrid systems.
 */
#include "sample/cgroup.h"

#include "sample/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE_MAX  (256 * 1024) /* of mountinfo; a host full of containers has 100 KiB */
#define FIELD_SIZE_MAX 512
#define STAT_SIZE_MAX  8192 /* memory.stat of version 2 has 1.5 KiB, io.stat a line a device */

static const char *const controllers_v1[CGROUP_PART_COUNT] = {
	[CGROUP_UNIFIED] = NULL,
	[CGROUP_CPU] = "cpu",
	[CGROUP_CPUACCT] = "cpuacct",
	[CGROUP_MEMORY] = "memory",
	[CGROUP_PIDS] = "pids",
	[CGROUP_FREEZER] = "freezer",
};

/* True when `list`, of words parted by `separator` and ended by a line end or NUL, has `word`. */
static bool has_word(const char *list, char separator, const char *word)
{
	size_t size = strlen(word);
	const char *at = list;
	while (*at != '\0' && *at != '\n') {
		size_t length = 0;
		while (at[length] != separator && at[length] != '\n' && at[length] != '\0')
			length++;
		if (length == size && memcmp(at, word, size) == 0)
			return true;
		at += length;
		at += *at == separator;
	}
	return false;
}

/* Copies field `index` (from 0, parted by single blanks) of a line; false when absent or too long.
 */
static bool copy_field(const char *line, int index, char field[static FIELD_SIZE_MAX])
{
	for (int skipped = 0; skipped < index; skipped++) {
		line += strcspn(line, " \n");
		if (*line != ' ')
			return false;
		line++;
	}
	size_t size = strcspn(line, " \n");
	if (size == 0 || size >= FIELD_SIZE_MAX)
		return false;
	memcpy(field, line, size);
	field[size] = '\0';
	return true;
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');
	return end == NULL ? line + strlen(line) : end + 1;
}

/* The part of the line after the optional fields: "cgroup2 cgroup2 rw"; NULL when malformed. */
static const char *find_type(const char *line)
{
	const char *end = strchr(line, '\n');
	const char *dash = strstr(line, " - ");
	return dash == NULL || (end != NULL && dash > end) ? NULL : dash + 3;
}

/* Finds the mount of version 2 (controller NULL) or of a version 1 controller. */
static bool find_mount(const char *mountinfo, const char *controller,
	char root[static FIELD_SIZE_MAX], char point[static FIELD_SIZE_MAX])
{
	for (const char *line = mountinfo; *line != '\0'; line = next_line(line)) {
		const char *type = find_type(line);
		char options[FIELD_SIZE_MAX];
		if (type == NULL || !copy_field(type, 2, options))
			continue;
		bool unified = strncmp(type, "cgroup2 ", 8) == 0;
		bool legacy = strncmp(type, "cgroup ", 7) == 0;
		if (controller == NULL ? !unified : !legacy || !has_word(options, ',', controller))
			continue;
		/* A backslash is an escaped blank: nobody mounts control groups there. */
		if (copy_field(line, 3, root) && copy_field(line, 4, point) && point[0] == '/' &&
			strchr(point, '\\') == NULL)
			return true;
	}
	return false;
}

/* The group's path within its hierarchy, from "ID:CONTROLLERS:PATH". */
static bool find_membership(
	const char *membership, const char *controller, char path[static FIELD_SIZE_MAX])
{
	for (const char *line = membership; *line != '\0'; line = next_line(line)) {
		const char *list = strchr(line, ':');
		const char *at = list == NULL ? NULL : strchr(list + 1, ':');
		if (at == NULL)
			return false;
		char words[FIELD_SIZE_MAX];
		size_t size = (size_t)(at - list - 1);
		if (size >= sizeof words)
			continue;
		memcpy(words, list + 1, size);
		words[size] = '\0';
		if (controller == NULL ? size != 0 : !has_word(words, ',', controller))
			continue;
		size = strcspn(at + 1, "\n");
		if (size == 0 || size >= FIELD_SIZE_MAX)
			return false;
		memcpy(path, at + 1, size);
		path[size] = '\0';
		return true;
	}
	return false;
}

static bool find_group(const char *mountinfo, const char *membership, const char *controller,
	char path[static CGROUP_PATH_SIZE_MAX])
{
	char root[FIELD_SIZE_MAX];
	char point[FIELD_SIZE_MAX];
	char group[FIELD_SIZE_MAX];
	if (!find_mount(mountinfo, controller, root, point) ||
		!find_membership(membership, controller, group))
		return false;
	const char *visible = group;
	size_t hidden = strlen(root);
	if (strcmp(root, "/") != 0 && strncmp(group, root, hidden) == 0)
		visible = group + hidden;
	if (strcmp(visible, "/") == 0)
		visible = "";
	int size = snprintf(path, CGROUP_PATH_SIZE_MAX, "%s%s", point, visible);
	if (size > 0 && size < CGROUP_PATH_SIZE_MAX)
		return true;
	path[0] = '\0';
	return false;
}

void cgroup_parse(
	struct cgroup *own, const char *mountinfo, const char *membership, const char *controllers)
{
	memset(own, 0, sizeof *own);
	bool unified = has_word(controllers, ' ', "cpu") || has_word(controllers, ' ', "memory") ||
		       has_word(controllers, ' ', "pids");
	if (unified && find_group(mountinfo, membership, NULL, own->path[CGROUP_UNIFIED])) {
		own->version = CGROUP_V2;
		return;
	}
	for (int part = CGROUP_CPU; part < CGROUP_PART_COUNT; part++) {
		if (find_group(mountinfo, membership, controllers_v1[part], own->path[part]))
			own->version = CGROUP_V1;
	}
}

bool cgroup_mount(const char *mountinfo, char *path, size_t path_size)
{
	char root[FIELD_SIZE_MAX];
	char point[FIELD_SIZE_MAX];
	path[0] = '\0';
	if (!find_mount(mountinfo, NULL, root, point) || strlen(point) >= path_size)
		return false;
	memcpy(path, point, strlen(point) + 1);
	return true;
}

void cgroup_own(struct cgroup *own)
{
	memset(own, 0, sizeof *own);
	char *mountinfo = malloc(TEXT_SIZE_MAX);
	if (mountinfo == NULL)
		return;
	char membership[STAT_SIZE_MAX];
	char controllers[FIELD_SIZE_MAX] = "";
	char path[FIELD_SIZE_MAX];
	char file[FIELD_SIZE_MAX + 32];
	if (file_read("/proc/self/mountinfo", mountinfo, TEXT_SIZE_MAX) > 0 &&
		file_read("/proc/self/cgroup", membership, sizeof membership) > 0) {
		if (cgroup_mount(mountinfo, path, sizeof path)) {
			snprintf(file, sizeof file, "%s/cgroup.controllers", path);
			if (file_read(file, controllers, sizeof controllers) < 0)
				controllers[0] = '\0';
		}
		cgroup_parse(own, mountinfo, membership, controllers);
	}
	free(mountinfo);
}

bool cgroup_child(struct cgroup *child, const struct cgroup *parent, const char *name)
{
	struct cgroup made = {.version = parent->version};
	for (int part = 0; part < CGROUP_PART_COUNT; part++) {
		if (parent->path[part][0] == '\0')
			continue;
		int size = snprintf(
			made.path[part], CGROUP_PATH_SIZE_MAX, "%s/%s", parent->path[part], name);
		if (size < 0 || size >= CGROUP_PATH_SIZE_MAX)
			return false;
	}
	*child = made;
	return true;
}

/* How a value stands in its file. */
enum source_how {
	SOURCE_NUMBER,   /* the file is the number */
	SOURCE_KEYED,    /* after its key, which begins a line */
	SOURCE_PRESSURE, /* after " total=" in the line that the key begins */
	SOURCE_DEVICES   /* after its key, one in each line, a device a line */
};

struct source {
	enum sample_value place;
	enum cgroup_part part;
	const char *file; /* rows of one file stand together: it is read once */
	enum source_how how;
	const char *key;
	int64_t scale; /* to the unit of struct sample */
};

#define ROW(name, part, file, how, key, scale)                                                     \
	{                                                                                          \
		SAMPLE_AT_##name, CGROUP_##part, file, SOURCE_##how, key, scale                    \
	}

static const struct source sources_unified[] = {
	ROW(CPU, UNIFIED, "cpu.stat", KEYED, "usage_usec", 1000),
	ROW(THROTTLED, UNIFIED, "cpu.stat", KEYED, "throttled_usec", 1000),
	ROW(THROTTLES, UNIFIED, "cpu.stat", KEYED, "nr_throttled", 1),
	ROW(PRESSURE_CPU, UNIFIED, "cpu.pressure", PRESSURE, "some", 1000),
	ROW(PRESSURE_MEMORY, UNIFIED, "memory.pressure", PRESSURE, "some", 1000),
	ROW(STALL_MEMORY, UNIFIED, "memory.pressure", PRESSURE, "full", 1000),
	ROW(PRESSURE_IO, UNIFIED, "io.pressure", PRESSURE, "some", 1000),
	ROW(STALL_IO, UNIFIED, "io.pressure", PRESSURE, "full", 1000),
	ROW(MEMORY, UNIFIED, "memory.current", NUMBER, NULL, 1),
	ROW(MEMORY_PEAK, UNIFIED, "memory.peak", NUMBER, NULL, 1),
	ROW(SWAP, UNIFIED, "memory.swap.current", NUMBER, NULL, 1),
	ROW(OOM_KILLS, UNIFIED, "memory.events", KEYED, "oom_kill", 1),
	ROW(MEMORY_REFUSALS, UNIFIED, "memory.events", KEYED, "max", 1),
	ROW(MEMORY_ANONYMOUS, UNIFIED, "memory.stat", KEYED, "anon", 1),
	ROW(MEMORY_FILE, UNIFIED, "memory.stat", KEYED, "file", 1),
	ROW(MEMORY_KERNEL_STACK, UNIFIED, "memory.stat", KEYED, "kernel_stack", 1),
	ROW(MEMORY_SOCKET, UNIFIED, "memory.stat", KEYED, "sock", 1),
	ROW(FAULTS_MINOR, UNIFIED, "memory.stat", KEYED, "pgfault", 1),
	ROW(FAULTS_MAJOR, UNIFIED, "memory.stat", KEYED, "pgmajfault", 1),
	ROW(THREADS, UNIFIED, "pids.current", NUMBER, NULL, 1),
	ROW(READ_BYTES, UNIFIED, "io.stat", DEVICES, "rbytes=", 1),
	ROW(WRITE_BYTES, UNIFIED, "io.stat", DEVICES, "wbytes=", 1),
	ROW(READS, UNIFIED, "io.stat", DEVICES, "rios=", 1),
	ROW(WRITES, UNIFIED, "io.stat", DEVICES, "wios=", 1),
};

/* Storage is not asked of version 1: its groups do not see what the page cache writes for them. Nor
 * are sockets: it counts those only of groups with a limit of their own for them. */
static const struct source sources_legacy[] = {
	ROW(CPU, CPUACCT, "cpuacct.usage", NUMBER, NULL, 1),
	ROW(THROTTLED, CPU, "cpu.stat", KEYED, "throttled_time", 1),
	ROW(THROTTLES, CPU, "cpu.stat", KEYED, "nr_throttled", 1),
	ROW(MEMORY, MEMORY, "memory.usage_in_bytes", NUMBER, NULL, 1),
	ROW(MEMORY_PEAK, MEMORY, "memory.max_usage_in_bytes", NUMBER, NULL, 1),
	ROW(OOM_KILLS, MEMORY, "memory.oom_control", KEYED, "oom_kill", 1),
	ROW(MEMORY_REFUSALS, MEMORY, "memory.failcnt", NUMBER, NULL, 1),
	ROW(MEMORY_ANONYMOUS, MEMORY, "memory.stat", KEYED, "total_rss", 1),
	ROW(MEMORY_FILE, MEMORY, "memory.stat", KEYED, "total_cache", 1),
	ROW(SWAP, MEMORY, "memory.stat", KEYED, "total_swap", 1),
	ROW(FAULTS_MINOR, MEMORY, "memory.stat", KEYED, "total_pgfault", 1),
	ROW(FAULTS_MAJOR, MEMORY, "memory.stat", KEYED, "total_pgmajfault", 1),
	ROW(THREADS, PIDS, "pids.current", NUMBER, NULL, 1),
};

static bool read_part(
	const struct cgroup *group, const struct source *source, char text[static STAT_SIZE_MAX])
{
	char path[CGROUP_PATH_SIZE_MAX + 64];
	snprintf(path, sizeof path, "%s/%s", group->path[source->part], source->file);
	return group->path[source->part][0] != '\0' && file_read(path, text, STAT_SIZE_MAX) > 0;
}

bool cgroup_devices_parse(const char *text, const char *key, int64_t *value)
{
	int64_t sum = 0;
	bool found = false;
	for (const char *line = text; *line != '\0'; line = next_line(line)) {
		int64_t one = 0;
		if (!file_number_marked(line, key, &one))
			continue;
		if (__builtin_add_overflow(sum, one, &sum))
			return false;
		found = true;
	}
	if (found)
		*value = sum;
	return found;
}

static bool parse_value(const char *text, const struct source *source, int64_t *value)
{
	const char *at = text;
	switch (source->how) {
	case SOURCE_NUMBER:
		return file_number_parse(&at, value);
	case SOURCE_KEYED:
		return file_number_keyed(text, source->key, value);
	case SOURCE_PRESSURE:
		at = file_line(text, source->key);
		return at != NULL && file_number_marked(at, " total=", value);
	case SOURCE_DEVICES:
		return cgroup_devices_parse(text, source->key, value);
	}
	return false;
}

void cgroup_sample(
	const struct cgroup *group, uint64_t wanted, int64_t now_ns, struct sample *sample)
{
	bool unified = group->version == CGROUP_V2;
	const struct source *source = unified ? sources_unified : sources_legacy;
	size_t count = unified ? sizeof sources_unified / sizeof sources_unified[0]
			       : sizeof sources_legacy / sizeof sources_legacy[0];
	char text[STAT_SIZE_MAX];
	const char *loaded = NULL; /* the file that was read last */
	bool readable = false;
	*sample = (struct sample){.at_ns = now_ns};
	if (group->version == CGROUP_NONE)
		return;
	for (const struct source *end = source + count; source < end; source++) {
		int64_t value = 0;
		if ((wanted & UINT64_C(1) << source->place) == 0)
			continue;
		if (loaded == NULL || strcmp(loaded, source->file) != 0)
			readable = read_part(group, source, text);
		loaded = source->file;
		/* What does not fit was never real. */
		if (readable && parse_value(text, source, &value) &&
			!__builtin_mul_overflow(value, source->scale, &value))
			sample_set(sample, source->place, value);
	}
}
