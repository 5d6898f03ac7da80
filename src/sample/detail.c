/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: the process's directory is opened once and its files are read from there, which is cheaper
 * than whole paths and cannot end up with another process that got the same number: such a
 * directory goes dead with its process. Threads are asked one by one where there are several, since
 * the files of a process tell switches and delay of its first thread alone.
 */
#include "sample/detail.h"

#include "base/units.h"
#include "sample/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_SIZE_MAX 4096
#define LINK_SIZE_MAX 64

#define SWITCHES       (SAMPLE_BIT(SWITCHES_VOLUNTARY) | SAMPLE_BIT(SWITCHES_FORCED))
#define MEMORY_KINDS   (SAMPLE_BIT(MEMORY_ANONYMOUS) | SAMPLE_BIT(MEMORY_FILE) | SAMPLE_BIT(SWAP))
#define OF_DESCRIPTORS (SAMPLE_BIT(OPEN_FILES) | SAMPLE_SOCKETS)

static void set_kib(
	const char *text, const char *key, struct sample *sample, enum sample_value place)
{
	int64_t value = 0;
	if (file_number_keyed(text, key, &value) && !__builtin_mul_overflow(value, KIB, &value))
		sample_set(sample, place, value);
}

void detail_status_parse(const char *text, struct sample *sample)
{
	/* What has ended and what runs in the kernel has no memory, which is a fact and no gap. */
	bool has_memory = file_line(text, "VmSize:") != NULL;
	if (!has_memory && file_line(text, "Threads:") != NULL) {
		sample_set(sample, SAMPLE_AT_MEMORY_ANONYMOUS, 0);
		sample_set(sample, SAMPLE_AT_MEMORY_FILE, 0);
		sample_set(sample, SAMPLE_AT_SWAP, 0);
		return;
	}
	set_kib(text, "RssAnon:", sample, SAMPLE_AT_MEMORY_ANONYMOUS);
	set_kib(text, "RssFile:", sample, SAMPLE_AT_MEMORY_FILE);
	set_kib(text, "VmSwap:", sample, SAMPLE_AT_SWAP);
}

void detail_switches_parse(const char *text, struct sample *sample)
{
	int64_t value = 0;
	if (file_number_keyed(text, "voluntary_ctxt_switches:", &value))
		sample_set(sample, SAMPLE_AT_SWITCHES_VOLUNTARY, value);
	if (file_number_keyed(text, "nonvoluntary_ctxt_switches:", &value))
		sample_set(sample, SAMPLE_AT_SWITCHES_FORCED, value);
}

void detail_schedstat_parse(const char *text, struct sample *sample)
{
	const char *at = text;
	int64_t ran_ns = 0;
	int64_t waited_ns = 0;
	if (!file_number_parse(&at, &ran_ns) || *at++ != ' ' || !file_number_parse(&at, &waited_ns))
		return;
	sample_set(sample, SAMPLE_AT_CPU_WAIT, waited_ns);
}

void detail_io_parse(const char *text, struct sample *sample)
{
	int64_t value = 0;
	if (file_number_keyed(text, "read_bytes:", &value))
		sample_set(sample, SAMPLE_AT_READ_BYTES, value);
	if (file_number_keyed(text, "write_bytes:", &value))
		sample_set(sample, SAMPLE_AT_WRITE_BYTES, value);
}

bool detail_socket_parse(const char *link, uint64_t *inode)
{
	static const char prefix[] = "socket:[";
	int64_t number = 0;
	if (strncmp(link, prefix, sizeof prefix - 1) != 0)
		return false;
	const char *at = link + sizeof prefix - 1;
	if (!file_number_parse(&at, &number) || at[0] != ']' || at[1] != '\0')
		return false;
	*inode = (uint64_t)number;
	return true;
}

/* False when the process is gone; an empty text when it may not be read. */
static bool read_in(int directory, const char *name, char text[static TEXT_SIZE_MAX])
{
	text[0] = '\0';
	if (file_read_at(directory, name, text, TEXT_SIZE_MAX) >= 0)
		return true;
	text[0] = '\0';
	return errno != ESRCH && errno != ENOENT;
}

static bool add_thread(int tasks, const char *name, uint64_t wanted, struct sample *sum)
{
	char path[300];
	char text[TEXT_SIZE_MAX];
	struct sample one = {0};
	snprintf(path, sizeof path, "%s/status", name);
	if (!read_in(tasks, path, text))
		return true; /* The thread has ended. */
	detail_switches_parse(text, &one);
	if ((wanted & SAMPLE_BIT(CPU_WAIT)) != 0) {
		snprintf(path, sizeof path, "%s/schedstat", name);
		(void)read_in(tasks, path, text);
		detail_schedstat_parse(text, &one);
	}
	bool sound = (one.present & wanted) == wanted;
	for (unsigned place = 0; place < SAMPLE_VALUES && sound; place++) {
		if ((wanted & UINT64_C(1) << place) != 0)
			sound = sample_add(sum, place, sample_get(&one, place));
	}
	return sound;
}

static bool is_number(const char *name)
{
	return name[0] >= '0' && name[0] <= '9';
}

/* Switches and delay of all threads. */
static void read_threads(int directory, uint64_t wanted, struct sample *sample)
{
	int fd = openat(directory, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *tasks = fd < 0 ? NULL : fdopendir(fd);
	struct sample sum = {0};
	bool sound = tasks != NULL;
	const struct dirent *entry;
	while (sound && (entry = readdir(tasks)) != NULL) {
		if (is_number(entry->d_name))
			sound = add_thread(fd, entry->d_name, wanted, &sum);
	}
	if (tasks != NULL)
		closedir(tasks);
	sum.present = sound ? wanted : 0;
	sample_fill(sample, &sum);
}

/* Descriptors, and which of them are connections. */
static void read_descriptors(
	int directory, bool links_wanted, struct socket_table *sockets, struct sample *sample)
{
	int fd = openat(directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *files = fd < 0 ? NULL : fdopendir(fd);
	if (files == NULL)
		return;
	struct sample sum = {.present = SAMPLE_BIT(OPEN_FILES)};
	const struct dirent *entry;
	while ((entry = readdir(files)) != NULL && sum.open_files < DETAIL_FILES_MAX) {
		char link[LINK_SIZE_MAX];
		uint64_t inode = 0;
		if (!is_number(entry->d_name))
			continue;
		sum.open_files++;
		if (!links_wanted || sum.open_files > DETAIL_LINKS_MAX)
			continue;
		ssize_t size = readlinkat(fd, entry->d_name, link, sizeof link - 1);
		link[size > 0 ? size : 0] = '\0';
		if (detail_socket_parse(link, &inode))
			socket_count(sockets, inode, &sum);
	}
	closedir(files);
	if (links_wanted && sum.open_files <= DETAIL_LINKS_MAX)
		sum.present |= SAMPLE_SOCKETS;
	sample_fill(sample, &sum);
}

bool detail_read(pid_t pid, const struct proc_stat *stat, uint64_t wanted,
	struct socket_table *sockets, struct sample *sample)
{
	char text[TEXT_SIZE_MAX];
	const uint64_t of_threads = wanted & (SWITCHES | SAMPLE_BIT(CPU_WAIT));
	snprintf(text, sizeof text, "/proc/%d", (int)pid);
	int directory = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return false;
	bool there = true;
	if ((wanted & (MEMORY_KINDS | SWITCHES)) != 0) {
		there = read_in(directory, "status", text);
		detail_status_parse(text, sample);
		if (stat->threads <= 1)
			detail_switches_parse(text, sample);
	}
	if (there && (wanted & SAMPLE_IO) != 0) {
		there = read_in(directory, "io", text);
		detail_io_parse(text, sample);
	}
	if (there && stat->threads <= 1 && (wanted & SAMPLE_BIT(CPU_WAIT)) != 0) {
		/* Not every kernel counts it: its absence is no sign of a process that is gone. */
		(void)read_in(directory, "schedstat", text);
		detail_schedstat_parse(text, sample);
	}
	if (there && of_threads != 0 && stat->threads > 1 && stat->threads <= DETAIL_THREADS_MAX)
		read_threads(directory, of_threads, sample);
	bool sockets_wanted =
		sockets != NULL && sockets->complete && (wanted & SAMPLE_SOCKETS) != 0;
	if (there && (wanted & OF_DESCRIPTORS) != 0)
		read_descriptors(directory, sockets_wanted, sockets, sample);
	close(directory);
	return there;
}
