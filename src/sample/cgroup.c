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

static bool read_number(
	const struct cgroup *group, enum cgroup_part part, const char *file, int64_t *value)
{
	char text[STAT_SIZE_MAX];
	const char *at = text;
	return read_part(group, part, file, text) && file_number_parse(&at, value);
}

static bool read_keyed(const struct cgroup *group, enum cgroup_part part, const char *file,
	const char *key, int64_t *value)
{
	char text[STAT_SIZE_MAX];
	return read_part(group, part, file, text) && file_number_keyed(text, key, value);
}

static void mark_present(struct sample *sample, uint32_t bit, bool present)
{
	sample->present |= present ? bit : 0;
}

/* Microseconds to nanoseconds; what does not fit was never real. */
static bool scale_time(bool present, int64_t *value)
{
	return present && !__builtin_mul_overflow(*value, (int64_t)1000, value);
}

static void sample_unified(const struct cgroup *group, struct sample *sample)
{
	const enum cgroup_part part = CGROUP_UNIFIED;
	char text[STAT_SIZE_MAX];
	if (read_part(group, part, "cpu.stat", text)) {
		bool used = file_number_keyed(text, "usage_usec", &sample->cpu_ns);
		mark_present(sample, SAMPLE_CPU, scale_time(used, &sample->cpu_ns));
		bool held = file_number_keyed(text, "throttled_usec", &sample->throttled_ns);
		mark_present(sample, SAMPLE_THROTTLED, scale_time(held, &sample->throttled_ns));
	}
	mark_present(sample, SAMPLE_MEMORY,
		read_number(group, part, "memory.current", &sample->memory_bytes));
	mark_present(sample, SAMPLE_MEMORY_PEAK,
		read_number(group, part, "memory.peak", &sample->memory_peak_bytes));
	mark_present(sample, SAMPLE_OOM_KILLS,
		read_keyed(group, part, "memory.events", "oom_kill", &sample->oom_kills));
	mark_present(sample, SAMPLE_PROCESSES,
		read_number(group, part, "pids.current", &sample->processes));
}

static void sample_legacy(const struct cgroup *group, struct sample *sample)
{
	mark_present(sample, SAMPLE_CPU,
		read_number(group, CGROUP_CPUACCT, "cpuacct.usage", &sample->cpu_ns));
	mark_present(sample, SAMPLE_THROTTLED,
		read_keyed(group, CGROUP_CPU, "cpu.stat", "throttled_time", &sample->throttled_ns));
	mark_present(sample, SAMPLE_MEMORY,
		read_number(group, CGROUP_MEMORY, "memory.usage_in_bytes", &sample->memory_bytes));
	mark_present(sample, SAMPLE_MEMORY_PEAK,
		read_number(group, CGROUP_MEMORY, "memory.max_usage_in_bytes",
			&sample->memory_peak_bytes));
	mark_present(sample, SAMPLE_OOM_KILLS,
		read_keyed(group, CGROUP_MEMORY, "memory.oom_control", "oom_kill",
			&sample->oom_kills));
	mark_present(sample, SAMPLE_PROCESSES,
		read_number(group, CGROUP_PIDS, "pids.current", &sample->processes));
}

void cgroup_sample(const struct cgroup *group, int64_t now_ns, struct sample *sample)
{
	memset(sample, 0, sizeof *sample);
	sample->at_ns = now_ns;
	if (group->version == CGROUP_V2)
		sample_unified(group, sample);
	else if (group->version == CGROUP_V1)
		sample_legacy(group, sample);
}
