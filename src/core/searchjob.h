/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SEARCHJOB_H
#define BAL_CORE_SEARCHJOB_H

#include "core/portfolio.h"

#include <stdbool.h>
#include <stddef.h>

/* searchjob: the search of a pool's best strategy as bytes in, bytes out, like core/fitjob.h. */

/* Writes what a search looks at; returns the bytes it takes (nothing is written when size is less).
 * present and turn as of portfolio_search. */
size_t searchjob_input(const struct diary *diary, const struct replay_pool *pool, uint32_t present,
	uint32_t turn, void *to, size_t size);

/* True when the bytes begin as such an input. */
bool searchjob_is_input(const void *input, size_t size);

/* Memory that a search needs. */
size_t searchjob_scratch_size(void);

/* Searches; returns the bytes of the result, 0 when there is none. */
size_t searchjob_run(
	const void *input, size_t input_size, void *output, size_t output_size, void *scratch);

/* Reads a result; false when the bytes are none. */
bool searchjob_result(const void *from, size_t size, struct portfolio_verdict *verdict);

#endif
