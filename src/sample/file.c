/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: the kernel makes the content of such a file when it is read from offset 0, and gives it
 * whole when the buffer is large enough; so one read is a consistent look. A file longer than the
 * buffer comes cut, which the parsers above treat as what it is: text without the later keys.
 */
#include "sample/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

ssize_t file_read_at(int directory, const char *name, char *data, size_t data_size)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	size_t used = 0;
	while (used < data_size - 1) {
		ssize_t got = read(fd, data + used, data_size - 1 - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int error = errno;
			close(fd);
			errno = error;
			return -1;
		}
		if (got == 0)
			break;
		used += (size_t)got;
	}
	close(fd);
	data[used] = '\0';
	return (ssize_t)used;
}

ssize_t file_read(const char *path, char *data, size_t data_size)
{
	return file_read_at(AT_FDCWD, path, data, data_size);
}

bool file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size_t size = strlen(text);
	ssize_t put = write(fd, text, size);
	int error = errno;
	close(fd);
	errno = put < 0 ? error : EIO;
	return put == (ssize_t)size;
}

bool file_number_parse(const char **at, int64_t *value)
{
	const char *next = *at;
	int64_t sum = 0;
	for (; *next >= '0' && *next <= '9'; next++) {
		int digit = *next - '0';
		if (sum > (INT64_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	if (next == *at)
		return false;
	*at = next;
	*value = sum;
	return true;
}

bool file_number(const char *path, int64_t *value)
{
	char text[32];
	if (file_read(path, text, sizeof text) <= 0)
		return false;
	const char *at = text;
	int64_t number = 0;
	if (!file_number_parse(&at, &number) || (*at != '\n' && *at != '\0'))
		return false;
	*value = number;
	return true;
}

const char *file_line(const char *text, const char *key)
{
	size_t size = strlen(key);
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, size) == 0 && (line[size] == ' ' || line[size] == '\t'))
			return line;
	}
	return NULL;
}

bool file_number_keyed(const char *text, const char *key, int64_t *value)
{
	const char *at = file_line(text, key);
	if (at == NULL)
		return false;
	at += strlen(key);
	at += strspn(at, " \t");
	return file_number_parse(&at, value);
}

bool file_number_marked(const char *line, const char *mark, int64_t *value)
{
	const char *at = strstr(line, mark);
	const char *end = strchr(line, '\n');
	if (at == NULL || (end != NULL && at > end))
		return false;
	at += strlen(mark);
	return file_number_parse(&at, value);
}
