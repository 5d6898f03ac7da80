/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_GPUS_H
#define BAL_DAEMON_GPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* gpus: GPUs of this machine as a set, a bit for each of the first 64, and which of them one agent
 * gets. */

#define GPUS_MAX       64
#define GPUS_TEXT_SIZE 192 /* "0,1,...,63" */

/* `wanted` of the first `total` that are not taken: the lowest, or to spread those farthest from
 * what is taken and from each other.  0 when there are not so many. */
uint64_t gpus_choose(uint64_t taken, uint32_t total, uint32_t wanted, bool spread);

/* How many there are in the set. */
uint32_t gpus_count(uint64_t gpus);

/* The set as text, "0,3", and back; what is no such text is the empty set. */
void gpus_write(uint64_t gpus, char text[static GPUS_TEXT_SIZE]);
uint64_t gpus_read(const char *text);

/* How many this machine has, by what the driver says below `directory`
 * ("/proc/driver/nvidia/gpus"). */
uint32_t gpus_of_machine(const char *directory);

#endif
