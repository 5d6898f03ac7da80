/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: one pass over /proc reads every /proc/PID/stat, which has parent, CPU and resident memory in
 * one file; sorted by parent, the children of a process are a range found by bisection.
 * Proportional memory (smaps) would be fairer to shared pages and costs a hundred times as much.
 */
#include "sample/proc.h"

#include "sample/detail.h"
#include "sample/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAT_SIZE_MAX     1024
#define CHILDREN_SIZE_MAX 4096

/* Fields of /proc/PID/stat as proc(5) numbers them. */
enum {
	FIELD_PARENT = 4,
	FIELD_GROUP = 5,
	FIELD_SESSION = 6,
	FIELD_FLAGS = 9,
	FIELD_MINOR = 10,
	FIELD_MINOR_CHILDREN = 11,
	FIELD_MAJOR = 12,
	FIELD_MAJOR_CHILDREN = 13,
	FIELD_UTIME = 14,
	FIELD_STIME = 15,
	FIELD_CUTIME = 16,
	FIELD_CSTIME = 17,
	FIELD_THREADS = 20,
	FIELD_START = 22,
	FIELD_RESIDENT = 24,
	FIELD_COUNT
};

/* What the one line of /proc/PID/stat has. */
#define PROC_TABLE_VALUES                                                                          \
	(SAMPLE_CPU | SAMPLE_MEMORY | SAMPLE_PROCESSES | SAMPLE_BIT(THREADS) |                     \
		SAMPLE_BIT(FAULTS_MINOR) | SAMPLE_BIT(FAULTS_MAJOR))

#define FLAG_EXITING 4 /* PF_EXITING of the kernel's linux/sched.h, there since 2.6 */

static bool scale_ticks(int64_t ticks_a, int64_t ticks_b, int64_t *time_ns)
{
	int64_t per_second = sysconf(_SC_CLK_TCK);
	int64_t sum = 0;
	if (per_second <= 0 || __builtin_add_overflow(ticks_a, ticks_b, &sum))
		return false;
	return !__builtin_mul_overflow(sum, (int64_t)1000000000 / per_second, time_ns);
}

/* Fields from FIELD_PARENT on; some of them may be negative, none of those that we keep. */
static bool parse_fields(const char *at, int64_t fields[static FIELD_COUNT])
{
	for (int field = FIELD_PARENT; field < FIELD_COUNT; field++) {
		if (*at != ' ')
			return false;
		at++;
		bool negative = *at == '-';
		at += negative;
		if (!file_number_parse(&at, &fields[field]))
			return false;
		if (negative)
			fields[field] = -fields[field];
	}
	return true;
}

bool proc_stat_parse(const char *text, size_t size, struct proc_stat *stat)
{
	char copy[STAT_SIZE_MAX];
	if (size >= sizeof copy)
		return false;
	memcpy(copy, text, size);
	copy[size] = '\0';
	/* The name is whatever the process calls itself: its end is the last parenthesis. */
	const char *end = strrchr(copy, ')');
	if (end == NULL || end[1] != ' ' || end[2] == '\0')
		return false;
	int64_t fields[FIELD_COUNT] = {0};
	struct proc_stat parsed = {.state = end[2]};
	if (!parse_fields(end + 3, fields))
		return false;
	if (fields[FIELD_PARENT] < 0 || fields[FIELD_PARENT] > INT32_MAX ||
		fields[FIELD_START] < 0 || fields[FIELD_RESIDENT] < 0)
		return false;
	parsed.parent = (pid_t)fields[FIELD_PARENT];
	parsed.group = (pid_t)fields[FIELD_GROUP];
	parsed.session = (pid_t)fields[FIELD_SESSION];
	parsed.exiting = (fields[FIELD_FLAGS] & FLAG_EXITING) != 0;
	parsed.start_ticks = (uint64_t)fields[FIELD_START];
	if (!scale_ticks(fields[FIELD_UTIME], fields[FIELD_STIME], &parsed.cpu_ns) ||
		!scale_ticks(fields[FIELD_CUTIME], fields[FIELD_CSTIME], &parsed.cpu_children_ns))
		return false;
	parsed.threads = fields[FIELD_THREADS];
	if (__builtin_mul_overflow(
		    fields[FIELD_RESIDENT], (int64_t)sysconf(_SC_PAGESIZE), &parsed.memory_bytes) ||
		__builtin_add_overflow(
			fields[FIELD_MINOR], fields[FIELD_MINOR_CHILDREN], &parsed.faults_minor) ||
		__builtin_add_overflow(
			fields[FIELD_MAJOR], fields[FIELD_MAJOR_CHILDREN], &parsed.faults_major))
		return false;
	*stat = parsed;
	return true;
}

bool proc_stat_read(pid_t pid, struct proc_stat *stat)
{
	char path[64];
	char text[STAT_SIZE_MAX];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	ssize_t size = file_read(path, text, sizeof text);
	return size > 0 && proc_stat_parse(text, (size_t)size, stat);
}

size_t proc_own_children(pid_t *pids, size_t pids_max)
{
	char text[CHILDREN_SIZE_MAX];
	if (file_read("/proc/thread-self/children", text, sizeof text) <= 0)
		return 0;
	size_t count = 0;
	const char *at = text;
	int64_t pid = 0;
	while (count < pids_max && file_number_parse(&at, &pid)) {
		/* A number that touches the end of the buffer may be cut. */
		if (*at != ' ' || pid <= 0 || pid > INT32_MAX)
			break;
		pids[count++] = (pid_t)pid;
		at++;
	}
	return count;
}

static int compare_entries(const void *left, const void *right)
{
	const struct proc_entry *a = left;
	const struct proc_entry *b = right;
	if (a->stat.parent != b->stat.parent)
		return a->stat.parent < b->stat.parent ? -1 : 1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

static int compare_keys(const void *left, const void *right)
{
	const uint64_t *a = left;
	const uint64_t *b = right;
	return (*a > *b) - (*a < *b);
}

static bool grow_table(struct proc_table *table)
{
	if (table->count < table->capacity)
		return true;
	size_t capacity = table->capacity == 0 ? 256 : table->capacity * 2;
	if (capacity > PROC_TABLE_MAX)
		return false;
	struct proc_entry *entries = realloc(table->entries, capacity * sizeof *entries);
	if (entries == NULL)
		return false;
	table->entries = entries;
	uint32_t *by_pid = realloc(table->by_pid, capacity * sizeof *by_pid);
	if (by_pid == NULL)
		return false;
	table->by_pid = by_pid;
	table->capacity = capacity;
	return true;
}

/* Places of the entries in the order of their pids. qsort has no room for the table that places
 * refer to, so pid and place are sorted together, in one number each. */
static bool index_by_pid(struct proc_table *table)
{
	uint64_t *keys = malloc((table->count + 1) * sizeof *keys);
	if (keys == NULL)
		return false;
	for (size_t place = 0; place < table->count; place++)
		keys[place] = (uint64_t)table->entries[place].pid << 32 | place;
	qsort(keys, table->count, sizeof *keys, compare_keys);
	for (size_t place = 0; place < table->count; place++)
		table->by_pid[place] = (uint32_t)keys[place];
	free(keys);
	return true;
}

bool proc_table_scan(struct proc_table *table)
{
	table->count = 0;
	DIR *directory = opendir("/proc");
	if (directory == NULL)
		return false;
	bool complete = true;
	const struct dirent *entry;
	while (complete && (entry = readdir(directory)) != NULL) {
		const char *at = entry->d_name;
		int64_t pid = 0;
		if (!file_number_parse(&at, &pid) || *at != '\0' || pid > INT32_MAX)
			continue;
		struct proc_entry found = {.pid = (pid_t)pid};
		if (!proc_stat_read(found.pid, &found.stat))
			continue; /* It ended in the meantime. */
		complete = grow_table(table);
		if (complete)
			table->entries[table->count++] = found;
	}
	closedir(directory);
	if (complete && table->count > 0) {
		qsort(table->entries, table->count, sizeof *table->entries, compare_entries);
		complete = index_by_pid(table);
	}
	if (!complete)
		table->count = 0;
	return complete;
}

void proc_table_free(struct proc_table *table)
{
	free(table->entries);
	free(table->by_pid);
	*table = (struct proc_table){0};
}

/* The first entry whose parent is not below `parent`. */
static size_t find_parent(const struct proc_table *table, pid_t parent)
{
	size_t low = 0;
	size_t high = table->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (table->entries[middle].stat.parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct proc_entry *find_process(const struct proc_table *table, pid_t pid)
{
	size_t low = 0;
	size_t high = table->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct proc_entry *entry = &table->entries[table->by_pid[middle]];
		if (entry->pid == pid)
			return entry;
		if (entry->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Descendants as indices of entries, in breadth first order: each found process is in turn a place
 * to look from. The bound of the output bounds the walk too, whatever /proc said. */
static size_t walk_tree(const struct proc_table *table, pid_t root, size_t *found, size_t found_max)
{
	size_t count = 0;
	pid_t parent = root;
	for (size_t next = 0; next <= count; next++) {
		size_t index = find_parent(table, parent);
		for (; index < table->count && table->entries[index].stat.parent == parent;
			index++) {
			if (count == found_max)
				return count;
			found[count++] = index;
		}
		if (next < count)
			parent = table->entries[found[next]].pid;
	}
	return count;
}

size_t proc_table_tree(const struct proc_table *table, pid_t root, pid_t *pids, size_t pids_max)
{
	size_t found[PROC_TREE_MAX];
	size_t limit = pids_max < PROC_TREE_MAX ? pids_max : PROC_TREE_MAX;
	size_t count = walk_tree(table, root, found, limit);
	for (size_t index = 0; index < count; index++)
		pids[index] = table->entries[found[index]].pid;
	return count;
}

/* The root that does not count is the launcher: what it inherited from its children does. */
static bool add_stat(struct sample *sample, const struct proc_stat *stat, bool whole)
{
	if (!sample_add(sample, SAMPLE_AT_CPU, stat->cpu_children_ns))
		return false;
	if (!whole)
		return true;
	sample->processes++;
	return sample_add(sample, SAMPLE_AT_CPU, stat->cpu_ns) &&
	       sample_add(sample, SAMPLE_AT_MEMORY, stat->memory_bytes) &&
	       sample_add(sample, SAMPLE_AT_THREADS, stat->threads) &&
	       sample_add(sample, SAMPLE_AT_FAULTS_MINOR, stat->faults_minor) &&
	       sample_add(sample, SAMPLE_AT_FAULTS_MAJOR, stat->faults_major);
}

/* Adds what one process says of itself; returns the values that are whole afterwards. */
static uint64_t add_detail(struct sample *sample, const struct proc_entry *entry, uint64_t wanted,
	struct socket_table *sockets)
{
	struct sample one = {0};
	if (!detail_read(entry->pid, &entry->stat, wanted, sockets, &one))
		return wanted; /* It ended in the meantime. */
	wanted &= one.present;
	for (unsigned place = 0; place < SAMPLE_VALUES; place++) {
		uint64_t bit = UINT64_C(1) << place;
		if ((wanted & bit) != 0 && !sample_add(sample, place, sample_get(&one, place)))
			wanted &= ~bit;
	}
	return wanted;
}

static uint64_t add_details(const struct proc_table *table, const size_t *found, size_t count,
	uint64_t wanted, struct socket_table *sockets, struct sample *sample)
{
	for (size_t index = 0; index < count && wanted != 0; index++)
		wanted = add_detail(sample, &table->entries[found[index]], wanted, sockets);
	return wanted;
}

/* Values that are not to be had are zero, not what was added before that was known. */
static void keep_values(struct sample *sample, uint64_t present)
{
	struct sample kept = {.at_ns = sample->at_ns};
	sample->present = present;
	sample_fill(&kept, sample);
	*sample = kept;
}

void proc_table_sample(const struct proc_table *table, pid_t root, bool root_counts,
	uint64_t wanted, struct socket_table *sockets, int64_t now_ns, struct sample *sample)
{
	*sample = (struct sample){.at_ns = now_ns};
	const struct proc_entry *top = find_process(table, root);
	if (top == NULL)
		return;
	size_t found[PROC_TREE_MAX];
	size_t count = walk_tree(table, root, found, PROC_TREE_MAX);
	bool sound = add_stat(sample, &top->stat, root_counts);
	for (size_t index = 0; index < count && sound; index++)
		sound = add_stat(sample, &table->entries[found[index]].stat, true);
	if (!sound) {
		*sample = (struct sample){.at_ns = now_ns};
		return;
	}
	if (sockets != NULL)
		socket_begin(sockets);
	uint64_t details = wanted & (SAMPLE_DETAILS | SAMPLE_SOCKETS | SAMPLE_BIT(OPEN_FILES));
	if (details != 0 && root_counts)
		details = add_detail(sample, top, details, sockets);
	else if ((details & SAMPLE_IO) != 0)
		details = add_detail(sample, top, details & SAMPLE_IO, sockets) |
			  (details & ~SAMPLE_IO);
	details = add_details(table, found, count, details, sockets, sample);
	keep_values(sample, (wanted & PROC_TABLE_VALUES) | details);
}

void proc_members_sample(const pid_t *pids, size_t count, uint64_t wanted,
	struct socket_table *sockets, int64_t now_ns, struct sample *sample)
{
	uint64_t details = wanted & (SAMPLE_DETAILS | SAMPLE_SOCKETS | SAMPLE_BIT(OPEN_FILES));
	bool sound = true;
	*sample = (struct sample){.at_ns = now_ns};
	if (sockets != NULL)
		socket_begin(sockets);
	for (size_t index = 0; index < count && sound; index++) {
		struct proc_entry entry = {.pid = pids[index]};
		if (!proc_stat_read(entry.pid, &entry.stat))
			continue;
		sound = add_stat(sample, &entry.stat, true);
		details = add_detail(sample, &entry, details, sockets);
	}
	keep_values(sample, sound ? (wanted & PROC_TABLE_VALUES) | details : 0);
}
