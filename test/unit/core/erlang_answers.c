/* SPDX-License-Identifier: Apache-2.0 */
/* Reads lines "servers load service cv2 wait", answers each with Erlang C, the share that waits
 * longer and the mean wait, as numbers in base 16, which lose nothing. */
#include "core/erlang.h"

#include <stdio.h>

int main(void)
{
	struct erlang_queue queue = {.arrivals_cv2 = 1};
	uint32_t servers;
	double wait_s;

	while (scanf("%u %lf %lf %lf %lf", &servers, &queue.load, &queue.service_s,
		       &queue.service_cv2, &wait_s) == 5)
		printf("%a %a %a\n", erlang_c(servers, queue.load),
			erlang_wait_over(&queue, servers, wait_s),
			erlang_wait_mean(&queue, servers));
	return 0;
}
