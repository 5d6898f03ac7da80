/* SPDX-License-Identifier: Apache-2.0 */
/* Renaming is atomic and quick, so the name is free for a new directory at once, however long the
 * removal takes, and a crash in between leaves something that is known to be rubbish. */
#include "daemon/workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PREPARED     ".prepared"
#define GONE         ".gone."
#define REMOVE_DEPTH 16 /* descriptors that one removal may hold */

struct removal {
	uv_work_t work;
	char path[PATH_MAX];
};

/* Package caches write-protect their directories, and then nothing in them can be removed. */
static int open_directory(const char *path, const struct stat *info, int type, struct FTW *place)
{
	(void)info;
	(void)place;
	if (type == FTW_D || type == FTW_DNR)
		(void)chmod(path, 0700);
	return 0;
}

/* What cannot be removed stays, and the rest goes on. */
static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
	(void)info;
	(void)type;
	(void)place;
	(void)remove(path);
	return 0;
}

static void remove_tree(uv_work_t *work)
{
	struct removal *removal = work->data;

	nftw(removal->path, open_directory, REMOVE_DEPTH, FTW_PHYS);
	nftw(removal->path, remove_entry, REMOVE_DEPTH, FTW_DEPTH | FTW_PHYS);
}

static void on_removed(uv_work_t *work, int status)
{
	(void)status;
	free(work->data);
}

static void remove_later(uv_loop_t *loop, const char *path)
{
	struct removal *removal = calloc(1, sizeof *removal);

	if (removal == NULL)
		return;
	snprintf(removal->path, sizeof removal->path, "%s", path);
	removal->work.data = removal;
	if (uv_queue_work(loop, &removal->work, remove_tree, on_removed) != 0)
		free(removal);
}

bool workdir_open(uv_loop_t *loop, const char *data)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof path, "%s/work", data);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return false;
	directory = opendir(path);
	if (directory == NULL)
		return false;
	while ((entry = readdir(directory)) != NULL) {
		char gone[PATH_MAX];
		int size = snprintf(gone, sizeof gone, "%s/%s", path, entry->d_name);

		if (strstr(entry->d_name, GONE) != NULL && size > 0 && (size_t)size < sizeof gone)
			remove_later(loop, gone);
	}
	closedir(directory);
	return true;
}

void workdir_path(const char *data, uint64_t task, char *path, size_t path_size)
{
	snprintf(path, path_size, "%s/work/%" PRIu64, data, task);
}

bool workdir_make(const char *path)
{
	return mkdir(path, 0700) == 0 || (errno == EEXIST && workdir_exists(path));
}

bool workdir_exists(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool workdir_is_prepared(const char *path)
{
	char mark[PATH_MAX + sizeof PREPARED];

	snprintf(mark, sizeof mark, "%s" PREPARED, path);
	return access(mark, F_OK) == 0 && workdir_exists(path);
}

void workdir_set_prepared(const char *path)
{
	char mark[PATH_MAX + sizeof PREPARED];
	int fd;

	snprintf(mark, sizeof mark, "%s" PREPARED, path);
	fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		close(fd);
}

void workdir_remove(uv_loop_t *loop, const char *path)
{
	char aside[PATH_MAX];
	char mark[PATH_MAX + sizeof PREPARED];
	struct timespec now;
	int size;

	snprintf(mark, sizeof mark, "%s" PREPARED, path);
	(void)unlink(mark);
	clock_gettime(CLOCK_REALTIME, &now);
	size = snprintf(aside, sizeof aside, "%s" GONE "%lld%09ld", path, (long long)now.tv_sec,
		now.tv_nsec);
	if (size > 0 && (size_t)size < sizeof aside && rename(path, aside) == 0)
		remove_later(loop, aside);
}
