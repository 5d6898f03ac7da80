/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net/tcp names the socket by its inode, /proc/PID/fd says whose it is.  Only asked when the
 * daemon cannot start, so that it may read all of /proc. */
#include "daemon/portholder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE    512
#define LINES_MAX    100000
#define STATE_LISTEN 0x0a

/* The inode in one line of /proc/net/tcp when it listens on the port; 0. */
static unsigned long inode_in(const char *line, uint16_t port)
{
	unsigned local_port, state;
	unsigned long inode;

	/* sl local rem st tx:rx tr:when retrnsmt uid timeout inode */
	if (sscanf(line, "%*d: %*[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*x %2x %*s %*s %*s %*d %*d %lu",
		    &local_port, &state, &inode) != 3)
		return 0;
	return local_port == port && state == STATE_LISTEN ? inode : 0;
}

static unsigned long find_inode(const char *table, uint16_t port)
{
	FILE *file = fopen(table, "re");
	char line[LINE_SIZE];
	unsigned long inode = 0;

	if (file == NULL)
		return 0;
	for (uint32_t i = 0; i < LINES_MAX && inode == 0; i++) {
		if (fgets(line, sizeof line, file) == NULL)
			break;
		inode = inode_in(line, port);
	}
	fclose(file);
	return inode;
}

static bool has_socket(const char *pid, unsigned long inode)
{
	char path[300], wanted[64], link[64];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
	folder = opendir(path);
	if (folder == NULL)
		return false;
	while (!found && (entry = readdir(folder)) != NULL) {
		ssize_t size = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);

		if (size <= 0)
			continue;
		link[size] = '\0';
		found = strcmp(link, wanted) == 0;
	}
	closedir(folder);
	return found;
}

static void name_process(const char *pid, char *text, size_t text_size)
{
	char path[300], name[32] = "a process";
	FILE *file;

	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (file != NULL) {
		if (fgets(name, sizeof name, file) != NULL)
			name[strcspn(name, "\n")] = '\0';
		fclose(file);
	}
	for (char *byte = name; *byte != '\0'; byte++)
		if (*byte < ' ' || *byte > '~')
			*byte = '?';
	snprintf(text, text_size, "%s (process %s)", name, pid);
}

bool portholder_find(uint16_t port, char *text, size_t text_size)
{
	unsigned long inode = find_inode("/proc/net/tcp", port);
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	if (inode == 0)
		inode = find_inode("/proc/net/tcp6", port);
	folder = inode == 0 ? NULL : opendir("/proc");
	if (folder == NULL)
		return false;
	while (!found && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		found = has_socket(entry->d_name, inode);
		if (found)
			name_process(entry->d_name, text, text_size);
	}
	closedir(folder);
	return found;
}
