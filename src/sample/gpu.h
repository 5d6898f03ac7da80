/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_GPU_H
#define BAL_SAMPLE_GPU_H

#include "sample/sample.h"

/*
 * What nvidia-smi prints. Running it is the daemon's business; these are its words. It answers
 * "[N/A]" or "[Not Supported]" for what a card does not measure: that is absent.
 */

#define GPU_QUERY                                                                                  \
	"--query-gpu=utilization.gpu,memory.used,memory.total,"                                    \
	"temperature.gpu,power.draw"
#define GPU_QUERY_PROCESSES "--query-compute-apps=pid,used_gpu_memory"
#define GPU_FORMAT          "--format=csv,noheader,nounits"
#define GPU_CARDS_MAX       64
#define GPU_READINGS_MAX    4

/* All cards together. */
struct gpu_sample {
	int64_t cards;
	int64_t busy_cards; /* that told their use */
	int64_t busy_permille_sum;
	int64_t memory_cards;
	int64_t memory_permille_max;
	int64_t temperature_cards;
	int64_t celsius_max;
	int64_t power_cards;
	int64_t milliwatts_sum;
};

/* Parses the answer to GPU_QUERY; false when no line of it is a card. */
bool gpu_parse(const char *text, size_t size, struct gpu_sample *sample);

/* Its signals, into `readings`; returns how many. */
size_t gpu_readings(const struct gpu_sample *sample, struct reading *readings);

/* Parses one line of the answer to GPU_QUERY_PROCESSES, "4242, 1024": zero-terminated. */
bool gpu_process_parse(const char *line, int64_t *pid, int64_t *memory_bytes);

#endif
