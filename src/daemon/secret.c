/* SPDX-License-Identifier: Apache-2.0 */
/* The check is made on the open file, not on its name, so that nobody can change what is checked
 * into something else before it is read. */
#include "daemon/secret.h"

#include "wire/span.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int secret_open(const char *path, char *message, size_t message_size)
{
	/* Not to wait for somebody to write into what may be a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat file;

	if (fd < 0 || fstat(fd, &file) != 0) {
		snprintf(message, message_size, "%s cannot be read: %s", path, strerror(errno));
	} else if (!S_ISREG(file.st_mode)) {
		snprintf(message, message_size, "%s is no file", path);
	} else if ((file.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		snprintf(message, message_size,
			"others may read %s: make it its owner's alone with chmod 600 %s", path,
			path);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

bool secret_read(
	const char *path, char *secret, size_t secret_size, char *message, size_t message_size)
{
	int fd = secret_open(path, message, message_size);
	struct span text = {secret, 0};
	ssize_t got;

	if (fd < 0)
		return false;
	got = read(fd, secret, secret_size - 1);
	close(fd);
	text.size = got > 0 ? (size_t)got : 0;
	while (text.size > 0 && (text.at[text.size - 1] == '\n' || text.at[text.size - 1] == '\r'))
		text.size--;
	for (size_t i = 0; i < text.size; i++)
		if (text.at[i] <= ' ' || text.at[i] >= 0x7f)
			text.size = 0;
	secret[text.size] = '\0';
	if (text.size > 0 && (size_t)got < secret_size - 1)
		return true;
	snprintf(message, message_size, "%s does not hold one line of visible ASCII characters",
		path);
	return false;
}
