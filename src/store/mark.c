/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mark is 24 bytes, rewritten in place: magic, number, CRC32C. It lies within one sector, so it
 * is not torn in practice; should it be, it is damaged, which costs a warning and nothing else.
 */
#include "store/mark.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MARK_MAGIC UINT64_C(0x314b52414d4c4142) /* "BALMARK1" */
#define MARK_SIZE  24

static uint64_t read_pid(int fd)
{
	char text[32] = "";
	ssize_t size = pread(fd, text, sizeof(text) - 1, 0);

	if (size <= 0)
		return 0;
	return strtoull(text, NULL, 10);
}

int lock_take(const char *path, uint64_t *holder_pid)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char text[32];
	int size;

	*holder_pid = 0;
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int error = errno;

		if (error == EWOULDBLOCK)
			*holder_pid = read_pid(fd);
		close(fd);
		errno = error;
		return error == EWOULDBLOCK ? -2 : -1;
	}
	size = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	/* The pid is a courtesy to the next one: a full disk must not keep us from starting. */
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)size, 0) != size)
		return fd;
	return fd;
}

static enum mark_found read_mark(struct mark *mark)
{
	uint8_t body[MARK_SIZE];
	struct bytes_reader reader;
	ssize_t size = pread(mark->fd, body, sizeof(body), 0);
	uint64_t magic;
	uint64_t commit;

	if (size < 0)
		return MARK_FAILED;
	if (size == 0)
		return MARK_MISSING;
	bytes_reader_init(&reader, body, (size_t)size);
	magic = bytes_get_u64(&reader);
	commit = bytes_get_u64(&reader);
	if (size < MARK_SIZE || magic != MARK_MAGIC ||
		bytes_get_u32(&reader) != checksum_crc32c(0, body, 16))
		return MARK_DAMAGED;
	mark->commit = commit;
	return MARK_FOUND;
}

enum mark_found mark_open(struct mark *mark, const char *path)
{
	enum mark_found found;

	memset(mark, 0, sizeof(*mark));
	mark->synced = true;
	mark->fd = open(path, O_RDWR | O_CLOEXEC);
	if (mark->fd < 0 && errno == ENOENT)
		mark->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (mark->fd < 0)
		return MARK_FAILED;
	found = read_mark(mark);
	if (found == MARK_FAILED)
		mark_close(mark);
	return found;
}

bool mark_write(struct mark *mark, uint64_t commit)
{
	uint8_t body[MARK_SIZE] = {0};
	struct bytes_writer writer;

	bytes_writer_init(&writer, body, sizeof(body));
	bytes_put_u64(&writer, MARK_MAGIC);
	bytes_put_u64(&writer, commit);
	bytes_put_u32(&writer, checksum_crc32c(0, body, 16));
	if (pwrite(mark->fd, body, sizeof(body), 0) != (ssize_t)sizeof(body))
		return false;
	mark->commit = commit;
	mark->synced = false;
	return true;
}

void mark_sync(struct mark *mark, int64_t now_ns)
{
	if (mark->synced || (mark->synced_at_ns != 0 && now_ns - mark->synced_at_ns < NS_PER_S))
		return;
	/* A failure leaves an older number behind, which is no lie; the database reports its own.
	 */
	mark->synced = fdatasync(mark->fd) == 0;
	mark->synced_at_ns = now_ns;
}

void mark_close(struct mark *mark)
{
	if (mark->fd >= 0)
		close(mark->fd);
	mark->fd = -1;
}
