/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: /proc/self/mountinfo says where hierarchies are mounted and which part of each is visible
 * there, /proc/self/cgroup in which group of each we are; mount point plus group, less the
 * invisible part, is the directory. Looking under /sys/fs/cgroup without asking would be wrong in
 * containers and on hybrid systems.
 */
#include "sample/cgroup.h"

#include "sample/file.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE_MAX  (256 * 1024) /* of mountinfo; a host full of containers has 100 KiB */
#define FIELD_SIZE_MAX 512
#define STAT_SIZE_MAX  4096

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

/* Reads PATH/FILE of one part; false when there is no such controller or file. */
static bool read_part(const struct cgroup *group, enum cgroup_part part, const char *file,
	char text[static STAT_SIZE_MAX])
{
	if (group->path[part][0] == '\0')
		return false;
	char path[CGROUP_PATH_SIZE_MAX + 64];
	snprintf(path, sizeof path, "%s/%s", group->path[part], file);
	return file_read(path, text, STAT_SIZE_MAX) > 0;
}

/* Where one value stands. */
struct source {
	uint32_t bit;
	enum cgroup_part part;
	const char *file;
	const char *key; /* NULL: the file is the number */
	int64_t scale;   /* to the unit of struct sample */
	size_t offset;   /* in struct sample */
};

#define VALUE(name) offsetof(struct sample, name)

static const struct source sources_unified[] = {
	{SAMPLE_CPU, CGROUP_UNIFIED, "cpu.stat", "usage_usec", 1000, VALUE(cpu_ns)},
	{SAMPLE_THROTTLED, CGROUP_UNIFIED, "cpu.stat", "throttled_usec", 1000, VALUE(throttled_ns)},
	{SAMPLE_MEMORY, CGROUP_UNIFIED, "memory.current", NULL, 1, VALUE(memory_bytes)},
	{SAMPLE_MEMORY_PEAK, CGROUP_UNIFIED, "memory.peak", NULL, 1, VALUE(memory_peak_bytes)},
	{SAMPLE_OOM_KILLS, CGROUP_UNIFIED, "memory.events", "oom_kill", 1, VALUE(oom_kills)},
	{SAMPLE_PROCESSES, CGROUP_UNIFIED, "pids.current", NULL, 1, VALUE(processes)},
};

static const struct source sources_legacy[] = {
	{SAMPLE_CPU, CGROUP_CPUACCT, "cpuacct.usage", NULL, 1, VALUE(cpu_ns)},
	{SAMPLE_THROTTLED, CGROUP_CPU, "cpu.stat", "throttled_time", 1, VALUE(throttled_ns)},
	{SAMPLE_MEMORY, CGROUP_MEMORY, "memory.usage_in_bytes", NULL, 1, VALUE(memory_bytes)},
	{SAMPLE_MEMORY_PEAK, CGROUP_MEMORY, "memory.max_usage_in_bytes", NULL, 1,
		VALUE(memory_peak_bytes)},
	{SAMPLE_OOM_KILLS, CGROUP_MEMORY, "memory.oom_control", "oom_kill", 1, VALUE(oom_kills)},
	{SAMPLE_PROCESSES, CGROUP_PIDS, "pids.current", NULL, 1, VALUE(processes)},
};

static bool read_value(const struct cgroup *group, const struct source *source, int64_t *value)
{
	char text[STAT_SIZE_MAX];
	const char *at = text;
	if (!read_part(group, source->part, source->file, text))
		return false;
	bool found = source->key == NULL ? file_number_parse(&at, value)
					 : file_number_keyed(text, source->key, value);
	/* What does not fit was never real. */
	return found && !__builtin_mul_overflow(*value, source->scale, value);
}

void cgroup_sample(
	const struct cgroup *group, uint32_t wanted, int64_t now_ns, struct sample *sample)
{
	static_assert(sizeof sources_unified == sizeof sources_legacy, "one row for each value");
	const struct source *sources =
		group->version == CGROUP_V2 ? sources_unified : sources_legacy;
	size_t count = sizeof sources_unified / sizeof sources_unified[0];
	memset(sample, 0, sizeof *sample);
	sample->at_ns = now_ns;
	if (group->version == CGROUP_NONE)
		return;
	for (size_t index = 0; index < count; index++) {
		int64_t value = 0;
		if ((sources[index].bit & wanted) == 0 ||
			!read_value(group, &sources[index], &value))
			continue;
		memcpy((char *)sample + sources[index].offset, &value, sizeof value);
		sample->present |= sources[index].bit;
	}
}
