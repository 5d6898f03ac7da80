/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading works on bytes in memory, so that it can be fuzzed and replay needs no file. A record
 * that does not fit its CRC ends the segment: what follows could be anything, and a replay with a
 * hole in it would prove nothing.
 */
#include "store/journal.h"

#include "base/bytes.h"
#include "base/checksum.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX (INT64_C(4) << 30)

enum journal_found journal_reader_init(
	struct journal_reader *reader, const void *bytes, size_t size)
{
	struct bytes_reader header;
	uint32_t snapshot_seal;
	uint64_t snapshot_size;
	uint32_t version;

	memset(reader, 0, sizeof(*reader));
	reader->bytes = bytes;
	reader->size = size;
	bytes_reader_init(&header, bytes, size < JOURNAL_HEADER_SIZE ? size : JOURNAL_HEADER_SIZE);
	if (bytes_get_u64(&header) != JOURNAL_MAGIC)
		return JOURNAL_FOREIGN;
	version = bytes_get_u32(&header);
	bytes_get_u32(&header);
	reader->number = bytes_get_u64(&header);
	reader->created_at_ns = bytes_get_i64(&header);
	snapshot_size = bytes_get_u64(&header);
	snapshot_seal = bytes_get_u32(&header);
	if (bytes_get_u32(&header) != checksum_crc32c(0, bytes, JOURNAL_HEADER_SIZE - 4) ||
		header.failed)
		return JOURNAL_DAMAGED;
	if (version != JOURNAL_VERSION)
		return JOURNAL_NEWER;
	if (snapshot_size > size - JOURNAL_HEADER_SIZE)
		return JOURNAL_DAMAGED;
	reader->snapshot = reader->bytes + JOURNAL_HEADER_SIZE;
	reader->snapshot_size = (size_t)snapshot_size;
	if (checksum_crc32c(0, reader->snapshot, reader->snapshot_size) != snapshot_seal)
		return JOURNAL_DAMAGED;
	reader->used = JOURNAL_HEADER_SIZE + reader->snapshot_size;
	return JOURNAL_READ;
}

bool journal_read(struct journal_reader *reader, struct journal_record *record)
{
	const uint8_t *at = reader->bytes + reader->used;
	size_t left = reader->size - reader->used;
	struct bytes_reader header;
	uint32_t seal;

	reader->dropped = left;
	if (left < JOURNAL_RECORD_HEADER_SIZE)
		return false;
	bytes_reader_init(&header, at, JOURNAL_RECORD_HEADER_SIZE);
	record->size = bytes_get_u32(&header);
	record->version = bytes_get_u32(&header);
	record->digest = bytes_get_u64(&header);
	seal = bytes_get_u32(&header);
	record->data = at + JOURNAL_RECORD_HEADER_SIZE;
	if (record->size > JOURNAL_RECORD_SIZE_MAX ||
		record->size > left - JOURNAL_RECORD_HEADER_SIZE)
		return false;
	if (checksum_crc32c(checksum_crc32c(0, at, 16), record->data, record->size) != seal)
		return false;
	reader->used += JOURNAL_RECORD_HEADER_SIZE + record->size;
	reader->dropped = 0;
	return true;
}

static bool read_all(int fd, uint8_t *to, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t count = read(fd, to + used, size - used);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			errno = count == 0 ? EIO : errno;
			return false;
		}
		used += (size_t)count;
	}
	return true;
}

void *journal_load(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *bytes = NULL;
	struct stat file;
	int error;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &file) == 0) {
		if (!S_ISREG(file.st_mode) || file.st_size > FILE_SIZE_MAX)
			errno = S_ISREG(file.st_mode) ? EFBIG : EINVAL;
		else
			bytes = malloc((size_t)file.st_size + 1);
	}
	if (bytes != NULL && !read_all(fd, bytes, (size_t)file.st_size)) {
		error = errno;
		free(bytes);
		bytes = NULL;
		errno = error;
	}
	error = errno;
	close(fd);
	errno = error;
	if (bytes != NULL)
		*size = (size_t)file.st_size;
	return bytes;
}

bool journal_path(const char *directory, uint64_t number, char *path)
{
	int size = snprintf(path, JOURNAL_PATH_SIZE_MAX, "%s/journal-%016llx", directory,
		(unsigned long long)number);

	return size > 0 && size < JOURNAL_PATH_SIZE_MAX;
}

static bool parse_name(const char *name, uint64_t *number)
{
	static const char prefix[] = "journal-";
	char *end;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0 ||
		strlen(name) != sizeof(prefix) - 1 + 16)
		return false;
	*number = strtoull(name + sizeof(prefix) - 1, &end, 16);
	return *end == '\0';
}

/* Keeps `numbers` sorted; when it is full the smallest goes. */
static uint32_t insert_number(uint64_t *numbers, uint32_t count, uint32_t capacity, uint64_t number)
{
	uint32_t at = count;

	if (count == capacity) {
		if (number < numbers[0])
			return count;
		memmove(numbers, numbers + 1, (count - 1) * sizeof(*numbers));
		at = --count;
	}
	while (at > 0 && numbers[at - 1] > number) {
		numbers[at] = numbers[at - 1];
		at--;
	}
	numbers[at] = number;
	return count + 1;
}

uint32_t journal_list(const char *directory, uint64_t *numbers, uint32_t capacity)
{
	DIR *folder = opendir(directory);
	uint32_t count = 0;
	struct dirent *entry;
	uint64_t number;

	if (folder == NULL)
		return 0;
	while (capacity > 0 && (entry = readdir(folder)) != NULL)
		if (parse_name(entry->d_name, &number))
			count = insert_number(numbers, count, capacity, number);
	closedir(folder);
	return count;
}
