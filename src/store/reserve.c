/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is allocated, not written: taking the room costs no I/O. It is cut to nothing and not
 * deleted when given up, since a directory that cannot grow may not take a new name later.
 */
#include "store/reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

bool reserve_take(struct reserve *reserve, int64_t now_ns)
{
	int fd;

	if (reserve->held)
		return true;
	if (now_ns < reserve->retry_at_ns)
		return false;
	reserve->retry_at_ns = now_ns + RESERVE_RETRY_NS;
	fd = open(reserve->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	reserve->held = posix_fallocate(fd, 0, RESERVE_SIZE) == 0;
	/* What was allocated before the disk was full must not keep it so. */
	if (!reserve->held && ftruncate(fd, 0) != 0)
		unlink(reserve->path);
	close(fd);
	return reserve->held;
}

bool reserve_release(struct reserve *reserve, int64_t now_ns)
{
	struct stat file;

	reserve->held = false;
	reserve->retry_at_ns = now_ns + RESERVE_RETRY_NS;
	return stat(reserve->path, &file) == 0 && file.st_size > 0 &&
	       truncate(reserve->path, 0) == 0;
}
