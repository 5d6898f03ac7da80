/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: open a pidfd first and compare the start time afterwards. If the comparison holds, the pidfd
 * is of that process for good, whatever becomes of the pid; the other order would leave a gap. On
 * kernels without pidfds the gap stays: comparison and signal are two system calls apart, while a
 * pid comes round again only after all others were used.
 */
#include "provider/identity.h"

#include "sample/file.h"
#include "sample/proc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

/* Linux 6.9; the older refuse it with EINVAL. */
#define SIGNAL_PROCESS_GROUP 4u
#define STATUS_SIZE_MAX      8192

void identity_boot(char boot[static IDENTITY_BOOT_SIZE])
{
	ssize_t size = file_read("/proc/sys/kernel/random/boot_id", boot, IDENTITY_BOOT_SIZE);
	if (size != IDENTITY_BOOT_SIZE - 1)
		boot[0] = '\0';
}

bool identity_of(pid_t pid, struct identity *identity)
{
	struct proc_stat stat;
	if (pid <= 0 || !proc_stat_read(pid, &stat))
		return false;
	identity->pid = pid;
	identity->start_ticks = stat.start_ticks;
	identity_boot(identity->boot);
	return identity->boot[0] != '\0';
}

bool identity_alive(const struct identity *identity)
{
	struct identity now;
	return identity->boot[0] != '\0' && identity_of(identity->pid, &now) &&
	       now.start_ticks == identity->start_ticks && strcmp(now.boot, identity->boot) == 0;
}

int identity_open(const struct identity *identity)
{
	if (identity->pid <= 0)
		return -1;
	int fd = pidfd_open(identity->pid, 0);
	if (fd < 0 || identity_alive(identity))
		return fd;
	close(fd);
	errno = ESRCH;
	return -1;
}

/* Sends by a pidfd of the verified process, or, without pidfds, by number right after a check. */
static bool send_verified(const struct identity *identity, int number, bool whole_group)
{
	if (identity->pid <= 1)
		return false; /* Never to init, and never to "everybody" (kill of -1). */
	int fd = identity_open(identity);
	if (fd < 0 && (errno != ENOSYS || !identity_alive(identity)))
		return false;
	int rc = -1;
	if (fd >= 0 && !whole_group)
		rc = pidfd_send_signal(fd, number, NULL, 0);
	else if (fd >= 0)
		rc = pidfd_send_signal(fd, number, NULL, SIGNAL_PROCESS_GROUP);
	if (rc != 0 && (fd < 0 || (whole_group && errno == EINVAL)))
		rc = kill(whole_group ? -identity->pid : identity->pid, number);
	if (fd >= 0)
		close(fd);
	return rc == 0;
}

bool identity_signal(const struct identity *identity, int number)
{
	return send_verified(identity, number, false);
}

bool identity_signal_group(const struct identity *identity, int number)
{
	return send_verified(identity, number, true);
}

bool identity_handles(const struct identity *identity, int number)
{
	char path[64];
	char text[STATUS_SIZE_MAX];
	snprintf(path, sizeof path, "/proc/%d/status", (int)identity->pid);
	if (file_read(path, text, sizeof text) <= 0 || !identity_alive(identity))
		return false;
	const char *at = strstr(text, "\nSigCgt:");
	if (at == NULL)
		return false;
	at += strlen("\nSigCgt:");
	unsigned long long caught = strtoull(at, NULL, 16);
	return (caught >> (number - 1) & 1) != 0;
}
