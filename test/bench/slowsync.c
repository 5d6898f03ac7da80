/* SPDX-License-Identifier: Apache-2.0 */
/* slowsync: preloaded into the daemon, it makes every flush to disk take SLOWSYNC_US microseconds
 * (default 200) and nothing else.  With the data directory on tmpfs that is a disk which is equally
 * fast on every machine and at every hour; figures without it measure the neighbours. */
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static long delay_us = -1;

static int wait_for_disk(void)
{
	struct timespec delay;

	if (delay_us < 0) {
		const char *text = getenv("SLOWSYNC_US");

		delay_us = text == NULL ? 200 : strtol(text, NULL, 10);
	}
	/* The kernel may round a sleep up by 50 us otherwise, a quarter of what is meant. */
	prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
	delay = (struct timespec){delay_us / 1000000, delay_us % 1000000 * 1000};
	nanosleep(&delay, NULL);
	return 0;
}

int fsync(int fd)
{
	(void)fd;
	return wait_for_disk();
}

int fdatasync(int fd)
{
	(void)fd;
	return wait_for_disk();
}
