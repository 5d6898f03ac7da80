/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_FITJOB_H
#define BAL_CORE_FITJOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct forecaster;
struct forecaster_fit;

/* fitjob: the fit of a forecaster as bytes in, bytes out, so that it may run on another thread, or
 * be read from a journal. bal_job_run is here too. */

/* Says of the value `back` places ago, from 1 on, that a fit must not see it. */
typedef bool fitjob_filter(const void *context, uint32_t back);

/* Writes what a fit looks at, without what `leaves_out` names; returns the bytes it takes (nothing
 * is written when size is less). */
size_t fitjob_input(const struct forecaster *forecaster, fitjob_filter *leaves_out,
	const void *context, void *to, size_t size);

/* Reads what bal_job_run wrote; false when the bytes are no such result. */
bool fitjob_result(const void *from, size_t size, struct forecaster_fit *fit);

#endif
