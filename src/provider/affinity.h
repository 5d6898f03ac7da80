/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_AFFINITY_H
#define BAL_PROVIDER_AFFINITY_H

#include <sched.h>
#include <stdbool.h>

/* affinity: which processors something may run on, as the kernel writes it: "0-3,8". */

/* Reads it; false when it is no such list, names none, or one beyond what a set holds. */
bool affinity_read(const char *text, cpu_set_t *set);

/* Binds the calling process, and so all that it starts, and reads back what holds: false with errno
 * when that is not the same (a processor of the list is not there or not ours). Only system calls:
 * used between fork and exec. */
bool affinity_bind(const cpu_set_t *set);

#endif
