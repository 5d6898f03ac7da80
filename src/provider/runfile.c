/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: sizes stand before the bytes, so nothing is escaped and nothing is searched for; the reader
 * puts its terminators over the blank after the key and the line end after the value. JSON was not
 * taken because argv and environment are bytes, not text, and the launcher should allocate nothing.
 */
#include "provider/runfile.h"

#include "sample/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEY_SIZE_MAX  32
#define NAME_SIZE_MAX 64

void runfile_writer_init(struct runfile_writer *writer, char *data, size_t size)
{
	*writer = (struct runfile_writer){.data = data, .size = size};
}

void runfile_put(struct runfile_writer *writer, const char *key, const char *value, size_t size)
{
	char head[KEY_SIZE_MAX + 32];
	int length = snprintf(head, sizeof head, "%s %zu:", key, size);
	size_t left = writer->size - writer->used;
	if (writer->overflow || length < 0 || (size_t)length >= sizeof head || size >= left ||
		(size_t)length + 1 > left - size) {
		writer->overflow = true;
		return;
	}
	char *at = writer->data + writer->used;
	memcpy(at, head, (size_t)length);
	if (size > 0)
		memcpy(at + length, value, size);
	at[(size_t)length + size] = '\n';
	writer->used += (size_t)length + size + 1;
}

void runfile_put_text(struct runfile_writer *writer, const char *key, const char *value)
{
	runfile_put(writer, key, value, strlen(value));
}

void runfile_put_number(struct runfile_writer *writer, const char *key, int64_t value)
{
	char text[32];
	int size = snprintf(text, sizeof text, "%lld", (long long)value);
	runfile_put(writer, key, text, (size_t)size);
}

size_t runfile_finish(struct runfile_writer *writer)
{
	runfile_put(writer, "end", "", 0);
	return writer->overflow ? 0 : writer->used;
}

void runfile_reader_init(struct runfile_reader *reader, char *data, size_t size)
{
	*reader = (struct runfile_reader){.data = data, .size = size};
}

/* Reads "SIZE:" at *at, before end; false when malformed. */
static bool read_size(char **at, const char *end, size_t *size)
{
	size_t sum = 0;
	char *next = *at;
	for (; next < end && *next >= '0' && *next <= '9'; next++) {
		if (sum > (SIZE_MAX - 9) / 10)
			return false;
		sum = sum * 10 + (size_t)(*next - '0');
	}
	if (next == *at || next == end || *next != ':')
		return false;
	*at = next + 1;
	*size = sum;
	return true;
}

bool runfile_next(struct runfile_reader *reader, struct runfile_field *field)
{
	char *at = reader->data + reader->used;
	const char *end = reader->data + reader->size;
	char *blank = reader->used < reader->size ? memchr(at, ' ', (size_t)(end - at)) : NULL;
	if (reader->ended || blank == NULL || blank == at || blank - at >= KEY_SIZE_MAX)
		return false;
	char *value = blank + 1;
	size_t size = 0;
	if (!read_size(&value, end, &size))
		return false;
	size_t left = (size_t)(end - value);
	if (size >= left || value[size] != '\n')
		return false;
	*blank = '\0';
	value[size] = '\0';
	reader->used = (size_t)(value + size + 1 - reader->data);
	if (strcmp(at, "end") == 0) {
		reader->ended = size == 0 && reader->used == reader->size;
		return false;
	}
	*field = (struct runfile_field){.key = at, .value = value, .size = size};
	return true;
}

bool runfile_text(const struct runfile_field *field)
{
	return strlen(field->value) == field->size;
}

bool runfile_number(const struct runfile_field *field, int64_t *value)
{
	const char *at = field->value;
	bool negative = *at == '-';
	at += negative;
	int64_t number = 0;
	if (!file_number_parse(&at, &number) || *at != '\0' || at != field->value + field->size)
		return false;
	*value = negative ? -number : number;
	return true;
}

static bool write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t put = write(fd, data, size);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		data += put;
		size -= (size_t)put;
	}
	return true;
}

bool runfile_save(int directory_fd, const char *name, const char *data, size_t size, bool durable)
{
	char temporary[NAME_SIZE_MAX];
	int length = snprintf(temporary, sizeof temporary, "%s.new", name);
	if (length < 0 || (size_t)length >= sizeof temporary)
		return false;
	int fd = openat(directory_fd, temporary,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	bool saved = write_all(fd, data, size) && (!durable || fsync(fd) == 0);
	saved = close(fd) == 0 && saved;
	saved = saved && renameat(directory_fd, temporary, directory_fd, name) == 0;
	if (saved && durable)
		saved = fsync(directory_fd) == 0;
	return saved;
}

ssize_t runfile_load(int directory_fd, const char *name, char *data, size_t size)
{
	int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	size_t used = 0;
	ssize_t got = 1;
	while (got > 0 && used < size) {
		got = read(fd, data + used, size - used);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			used += (size_t)got;
	}
	close(fd);
	return got != 0 ? -1 : (ssize_t)used;
}
