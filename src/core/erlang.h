/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_ERLANG_H
#define BAL_CORE_ERLANG_H

#include <stdint.h>

/*
 * erlang: how long tasks wait for one of many equal slots that share a queue. Load is in Erlangs:
 * tasks per second times seconds of service, which is the number of slots that are busy on average.
 */
#define ERLANG_SERVERS_MAX 1000000

/* A queue as the formulas see it. */
struct erlang_queue {
	double load;                      /* Erlangs, >= 0 */
	double service_s;                 /* mean, > 0 */
	double arrivals_cv2, service_cv2; /* variance over squared mean; 1 = Poisson, exponential */
};

/* Erlang B: the share of tasks that are lost when none may wait. */
double erlang_b(uint32_t servers, double load);

/* Erlang C: the share of tasks that wait at all; 1 when the load is too much for the servers. */
double erlang_c(uint32_t servers, double load);

/* The share of tasks that wait longer than wait_s >= 0, by Erlang C, with the tail stretched by the
 * correction of Allen and Cunneen where arrivals or services are not exponential. */
double erlang_wait_over(const struct erlang_queue *queue, uint32_t servers, double wait_s);

/* The mean wait in seconds, likewise; infinity when the load is too much. */
double erlang_wait_mean(const struct erlang_queue *queue, uint32_t servers);

/* The fewest servers with which at most `share` (> 0) of the tasks wait longer than wait_s; at
 * least one, ERLANG_SERVERS_MAX when more would be needed. */
uint32_t erlang_servers(const struct erlang_queue *queue, double wait_s, double share);

#endif
