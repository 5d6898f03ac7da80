/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_IDENTITY_H
#define BAL_PROVIDER_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Which process exactly. A pid alone is used again by the kernel; pid, start time and boot id
 * together are not. Signals go through here, so that none ever reaches a stranger.
 */

#define IDENTITY_BOOT_SIZE 37 /* of a boot id with its terminator */

struct identity {
	pid_t pid;
	uint64_t start_ticks; /* field 22 of /proc/PID/stat */
	char boot[IDENTITY_BOOT_SIZE];
};

/* The boot id of the running kernel; "" when unreadable (then nothing matches). */
void identity_boot(char boot[static IDENTITY_BOOT_SIZE]);

/* Who `pid` is now. False when there is no such process. */
bool identity_of(pid_t pid, struct identity *identity);

/* True when that very process exists (also as a zombie). */
bool identity_alive(const struct identity *identity);

/* A pidfd of that very process, or -1: gone, replaced, or a kernel without pidfds (errno ENOSYS).
 */
int identity_open(const struct identity *identity);

/* Sends to the process; false when it is not there any more. */
bool identity_signal(const struct identity *identity, int signal);

/* Sends to the process group that it leads; false when the leader is not there any more. */
bool identity_signal_group(const struct identity *identity, int signal);

/* True when it has a handler of its own for the signal. */
bool identity_handles(const struct identity *identity, int signal);

#endif
