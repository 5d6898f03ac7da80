/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_HOST_H
#define BAL_SAMPLE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The machine as a whole: what there is to share between pools, and how pressed it is. */

#define HOST_CORES    1u
#define HOST_CPU      2u
#define HOST_MEMORY   4u
#define HOST_LOAD     8u
#define HOST_PRESSURE 16u /* pressure stall information, Linux 4.20 and up, where enabled */

struct host_sample {
	uint32_t present; /* bits above */
	int64_t at_ns;
	int64_t cores;       /* that this process may run on */
	int64_t cpu_busy_ns; /* all cores together, since boot */
	int64_t cpu_idle_ns; /* waiting for disks included */
	int64_t memory_bytes;
	int64_t memory_available_bytes;
	int64_t swap_bytes;
	int64_t swap_free_bytes;
	int64_t load_permille[3]; /* processes wanting to run, means of 1, 5 and 15 minutes */
	/* Time in which some process waited for the resource, since boot. */
	int64_t pressure_cpu_ns;
	int64_t pressure_memory_ns;
	int64_t pressure_io_ns;
};

/* Reads all of it; what cannot be read stays absent. */
void host_sample_read(int64_t now_ns, struct host_sample *sample);

/* The parsers, each for one file's text of `size` bytes; false (and nothing changed) when the text
 * is not of the expected form. */
bool host_cpu_parse(const char *text, size_t size, struct host_sample *sample);    /* /proc/stat */
bool host_memory_parse(const char *text, size_t size, struct host_sample *sample); /* meminfo */
bool host_load_parse(const char *text, size_t size, struct host_sample *sample);   /* loadavg */
bool host_pressure_parse(const char *text, size_t size, int64_t *some_ns); /* pressure/NAME */

#endif
