/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: the kernel lists a disk before its partitions, so a name that continues the last disk's name
 * with a number is one of them. Times in the list are milliseconds summed over operations.
 */
#include "sample/disk.h"

#include "base/units.h"
#include "sample/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define NAME_SIZE_MAX 64
#define SECTOR_BYTES  512 /* of the list, whatever the disk has */
#define BLOCK_BYTES   512 /* of st_blocks */
#define FIELDS        10

/* Fields after the name. */
enum {
	READS,
	READS_MERGED,
	SECTORS_READ,
	READ_MS,
	WRITES,
	WRITES_MERGED,
	SECTORS_WRITTEN,
	WRITE_MS,
	IN_PROGRESS,
	BUSY_MS
};

struct disk_line {
	uint32_t device;
	char name[NAME_SIZE_MAX];
	int64_t fields[FIELDS];
};

static bool parse_line(const char *at, struct disk_line *line)
{
	int64_t major = 0;
	int64_t minor = 0;
	at += strspn(at, " ");
	if (!file_number_parse(&at, &major) || major > 4095)
		return false;
	at += strspn(at, " ");
	if (!file_number_parse(&at, &minor) || minor > 1048575)
		return false;
	at += strspn(at, " ");
	size_t size = strcspn(at, " \n");
	if (size == 0 || size >= sizeof line->name)
		return false;
	memcpy(line->name, at, size);
	line->name[size] = '\0';
	line->device = (uint32_t)(major << 20 | minor);
	at += size;
	for (int field = 0; field < FIELDS; field++) {
		at += strspn(at, " ");
		if (!file_number_parse(&at, &line->fields[field]))
			return false;
	}
	return true;
}

/* sda1 of sda, nvme0n1p1 of nvme0n1 */
static bool is_partition(const char *name, const char *disk)
{
	size_t size = strlen(disk);
	if (size == 0 || strncmp(name, disk, size) != 0)
		return false;
	const char *rest = name + size;
	rest += *rest == 'p';
	return *rest >= '0' && *rest <= '9';
}

static bool is_real(const char *name)
{
	static const char *const others[] = {"loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd"};
	for (size_t index = 0; index < sizeof others / sizeof others[0]; index++) {
		if (strncmp(name, others[index], strlen(others[index])) == 0)
			return false;
	}
	return true;
}

/* The sums over all disks. */
struct disk_sum {
	int64_t fields[FIELDS];
	uint32_t count;
	struct host_disk disks[HOST_DISKS_MAX];
};

static bool add_disk(struct disk_sum *sum, const struct disk_line *line)
{
	for (int field = 0; field < FIELDS; field++) {
		if (__builtin_add_overflow(
			    sum->fields[field], line->fields[field], &sum->fields[field]))
			return false;
	}
	struct host_disk disk = {.device = line->device};
	if (__builtin_mul_overflow(line->fields[BUSY_MS], NS_PER_MS, &disk.busy_ns))
		return false;
	if (sum->count < HOST_DISKS_MAX)
		sum->disks[sum->count++] = disk;
	return true;
}

static bool set_sums(const struct disk_sum *sum, struct host_sample *sample)
{
	static const struct {
		int field;
		enum host_value place;
		int64_t scale;
	} rows[] = {
		{READS, HOST_AT_READS, 1},
		{WRITES, HOST_AT_WRITES, 1},
		{SECTORS_READ, HOST_AT_READ_BYTES, SECTOR_BYTES},
		{SECTORS_WRITTEN, HOST_AT_WRITE_BYTES, SECTOR_BYTES},
		{READ_MS, HOST_AT_READ_TIME, NS_PER_MS},
		{WRITE_MS, HOST_AT_WRITE_TIME, NS_PER_MS},
	};
	struct host_sample made = *sample;
	int64_t merged = 0;
	for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
		int64_t value = sum->fields[rows[index].field];
		if (__builtin_mul_overflow(value, rows[index].scale, &value))
			return false;
		host_set(&made, rows[index].place, value);
	}
	if (__builtin_add_overflow(sum->fields[READS_MERGED], sum->fields[WRITES_MERGED], &merged))
		return false;
	host_set(&made, HOST_AT_MERGED, merged);
	made.disk_count = sum->count;
	memcpy(made.disks, sum->disks, sizeof made.disks);
	*sample = made;
	return true;
}

bool disk_parse(const char *text, size_t size, struct host_sample *sample)
{
	struct disk_sum sum = {0};
	char disk[NAME_SIZE_MAX] = "";
	bool found = false;
	const char *end = text + size;
	while (text < end) {
		char copy[512];
		struct disk_line line;
		const char *next = memchr(text, '\n', (size_t)(end - text));
		if (next == NULL)
			break; /* A line that is cut says nothing. */
		size_t length = (size_t)(next - text);
		length = length < sizeof copy ? length : sizeof copy - 1;
		memcpy(copy, text, length);
		copy[length] = '\0';
		text = next + 1;
		if (!parse_line(copy, &line) || is_partition(line.name, disk) ||
			!is_real(line.name))
			continue;
		memcpy(disk, line.name, sizeof disk);
		if (!add_disk(&sum, &line))
			return false;
		found = true;
	}
	return found && set_sums(&sum, sample);
}

bool disk_busiest_ns(
	const struct host_sample *before, const struct host_sample *after, int64_t *busy_ns)
{
	bool found = false;
	for (uint32_t i = 0; i < after->disk_count; i++) {
		for (uint32_t k = 0; k < before->disk_count; k++) {
			int64_t busy = after->disks[i].busy_ns - before->disks[k].busy_ns;
			if (after->disks[i].device != before->disks[k].device || busy < 0)
				continue;
			*busy_ns = found && *busy_ns > busy ? *busy_ns : busy;
			found = true;
		}
	}
	return found;
}

/* Adds up the files below the directory, which it closes. False with too many. */
static bool add_files(int directory, dev_t device, int depth, int *files, int64_t *bytes)
{
	DIR *entries = fdopendir(directory);
	const struct dirent *entry;
	bool sound = entries != NULL;
	if (entries == NULL)
		close(directory);
	while (sound && (entry = readdir(entries)) != NULL) {
		struct stat stat;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		/* It may be gone by now, which is no error. */
		if (fstatat(directory, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0 ||
			stat.st_dev != device)
			continue;
		*bytes += (int64_t)stat.st_blocks * BLOCK_BYTES;
		sound = ++*files <= DISK_FILES_MAX;
		if (!sound || !S_ISDIR(stat.st_mode))
			continue;
		int below = openat(
			directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below < 0)
			continue;
		if (depth < DISK_DEPTH_MAX)
			sound = add_files(below, device, depth + 1, files, bytes);
		else
			close(below);
	}
	if (entries != NULL)
		closedir(entries);
	return sound;
}

void disk_room_read(const char *path, struct disk_room *room)
{
	struct statvfs system;
	struct stat stat;
	int files = 0;
	*room = (struct disk_room){0};
	if (statvfs(path, &system) == 0 && system.f_blocks > 0) {
		int64_t unit = (int64_t)system.f_frsize;
		int64_t reserved = (int64_t)(system.f_bfree - system.f_bavail);
		room->room_present =
			!__builtin_mul_overflow(
				(int64_t)system.f_blocks - reserved, unit, &room->bytes) &&
			!__builtin_mul_overflow((int64_t)system.f_bavail, unit, &room->free_bytes);
		room->inodes = (int64_t)system.f_files;
		room->inodes_free = (int64_t)system.f_ffree;
	}
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory >= 0 && fstat(directory, &stat) == 0)
		room->used_present =
			add_files(directory, stat.st_dev, 0, &files, &room->used_bytes);
	else if (directory >= 0)
		close(directory);
}

/* part of whole in permille, to 0 where the whole is nothing */
static bool share_of(int64_t part, int64_t whole, int64_t *permille)
{
	if (whole <= 0 || part < 0 || part > whole)
		return false;
	/* Rounded up: a filesystem without a free byte is full, and one with one used is not empty.
	 */
	int64_t unit = whole / PPM + 1;
	*permille = (part / unit * PERMILLE + whole / unit - 1) / (whole / unit);
	*permille = *permille < PERMILLE ? *permille : PERMILLE;
	return true;
}

size_t disk_room_readings(const struct disk_room *room, struct reading *readings)
{
	size_t count = 0;
	int64_t permille = 0;
	if (room->used_present)
		readings[count++] = (struct reading){BAL_SIGNAL_STORE_BYTES, room->used_bytes};
	if (!room->room_present)
		return count;
	readings[count++] = (struct reading){BAL_SIGNAL_STORE_SIZE, room->bytes};
	readings[count++] = (struct reading){BAL_SIGNAL_STORE_FREE, room->free_bytes};
	if (share_of(room->bytes - room->free_bytes, room->bytes, &permille))
		readings[count++] = (struct reading){BAL_SIGNAL_STORE_FILL, permille};
	if (share_of(room->inodes - room->inodes_free, room->inodes, &permille))
		readings[count++] = (struct reading){BAL_SIGNAL_STORE_INODES, permille};
	return count;
}
