/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_SCRAPE_H
#define BAL_DAEMON_SCRAPE_H

#include "daemon/push.h"

/*
 * What HTTP agents expose of themselves, looked at as their pool's `metrics:` says, and what the
 * data plane saw of each: bytes, connections, failures, every 10 s.
 *
 * An agent is asked one thing at a time, few of them at once; an answer that is late or too large
 * is none. What was not answered is absent, and said once until it is answered again.
 */
#define SCRAPE_SIZE_MAX    (2u << 20) /* bytes of one answer */
#define SCRAPE_TIMEOUT_MS  2000
#define SCRAPE_RUNNING_MAX 16 /* at once: 32 MiB */
#define SCRAPE_WAITS_MAX   6  /* times the usual wait after failures in a row */

struct scrape;

/* NULL without memory. Engine and push have to outlive it. */
struct scrape *scrape_open(struct push *push);
void scrape_close(struct scrape *scrape);

/* The configuration is another one: counters are looked at anew. */
void scrape_configure(struct scrape *scrape);

#endif
