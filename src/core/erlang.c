/* SPDX-License-Identifier: Apache-2.0 */
/*
 * B follows from the recursion B(n) = a B(n-1) / (n + a B(n-1)), whose terms all lie in (0, 1]: no
 * power and no factorial, so a hundred thousand servers neither overflow nor lose digits. It costs
 * one division per server; whoever looks for a number of servers takes the same walk once and stops
 * at the first one that will do.
 *
 * Allen and Cunneen (Probability, Statistics, and Queueing Theory, 1990) multiply the mean wait by
 * the mean of both squared coefficients of variation. The share that waits at all is left as it is,
 * so it is the tail's rate that is divided by that factor.
 */
#include "core/erlang.h"

#include "base/assert.h"
#include "base/num.h"

#define FACTOR_MIN 1e-6 /* arrivals and services like clockwork: a tail still has a rate */

static double next_b(double b, uint32_t servers, double load)
{
	double served = load * b;

	return served / ((double)servers + served);
}

static double c_of_b(double b, uint32_t servers, double load)
{
	double all = (double)servers;

	if (load >= all)
		return 1;
	return all * b / (all - load * (1 - b));
}

double erlang_b(uint32_t servers, double load)
{
	double b = 1;

	bal_assert(load >= 0);
	for (uint32_t i = 1; i <= servers; i++)
		b = next_b(b, i, load);
	return b;
}

double erlang_c(uint32_t servers, double load)
{
	return c_of_b(erlang_b(servers, load), servers, load);
}

static double factor_of(const struct erlang_queue *queue)
{
	return num_max((queue->arrivals_cv2 + queue->service_cv2) / 2, FACTOR_MIN);
}

static double wait_over(
	const struct erlang_queue *queue, double waits, uint32_t servers, double wait_s)
{
	double spare = (double)servers - queue->load;

	if (spare <= 0)
		return 1;
	return waits * num_exp(-spare * wait_s / (queue->service_s * factor_of(queue)));
}

static void check_queue(const struct erlang_queue *queue)
{
	bal_assert(queue->load >= 0);
	bal_assert(queue->service_s > 0);
	bal_assert(queue->arrivals_cv2 >= 0);
	bal_assert(queue->service_cv2 >= 0);
}

double erlang_wait_over(const struct erlang_queue *queue, uint32_t servers, double wait_s)
{
	check_queue(queue);
	bal_assert(wait_s >= 0);
	return wait_over(queue, erlang_c(servers, queue->load), servers, wait_s);
}

double erlang_wait_mean(const struct erlang_queue *queue, uint32_t servers)
{
	double spare = (double)servers - queue->load;

	check_queue(queue);
	if (spare <= 0)
		return 1 / 0.0;
	return erlang_c(servers, queue->load) * queue->service_s * factor_of(queue) / spare;
}

uint32_t erlang_servers(const struct erlang_queue *queue, double wait_s, double share)
{
	double b = 1;

	check_queue(queue);
	bal_assert(wait_s >= 0);
	bal_assert(share > 0);
	for (uint32_t servers = 1; servers < ERLANG_SERVERS_MAX; servers++) {
		b = next_b(b, servers, queue->load);
		if ((double)servers > queue->load &&
			wait_over(queue, c_of_b(b, servers, queue->load), servers, wait_s) <= share)
			return servers;
	}
	return ERLANG_SERVERS_MAX;
}
