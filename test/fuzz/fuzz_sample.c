/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the kernel with anything in them: whatever a parser takes is a number that could be
 * real, and a signal within its bounds. The first byte chooses the parser. */
#include "base/assert.h"
#include "sample/cgroup.h"
#include "sample/detail.h"
#include "sample/disk.h"
#include "sample/gpu.h"
#include "sample/host.h"
#include "sample/network.h"
#include "target.h"

#include <stdlib.h>
#include <string.h>

enum { CHECKED_READINGS_MAX = HOST_READINGS_MAX + SAMPLE_READINGS_MAX };

static void check_readings(const struct reading *readings, size_t count)
{
	bal_assert(count <= CHECKED_READINGS_MAX);
	for (size_t i = 0; i < count; i++) {
		bal_assert(readings[i].signal < BAL_SIGNAL_COUNT);
		bal_assert(readings[i].value >= 0);
		bal_assert(readings[i].value <= bal_signal_form(readings[i].signal).most);
	}
}

/* From nothing to what was parsed, and back: the second way all counters go back. */
static void check_host(const struct host_sample *sample)
{
	struct reading readings[CHECKED_READINGS_MAX];
	struct host_sample zero = *sample;
	struct host_sample later = *sample;
	for (unsigned place = 0; place < HOST_VALUES; place++) {
		if ((sample->present & UINT64_C(1) << place) != 0)
			host_set(&zero, (enum host_value)place, 0);
	}
	zero.at_ns = 0;
	later.at_ns = 5000000000;
	check_readings(readings, host_readings(&zero, &later, 0, HOST_FULL_S, readings));
	zero.at_ns = 10000000000;
	check_readings(readings, host_readings(&later, &zero, 0, HOST_FULL_S, readings));
}

static void parse_host(const char *text, size_t size)
{
	struct host_sample sample = {0};
	int64_t time_ns = 0;
	(void)host_cpu_parse(text, size, &sample);
	(void)host_memory_parse(text, size, &sample);
	(void)host_load_parse(text, size, &sample);
	(void)host_swap_parse(text, size, &sample);
	(void)host_pieces_parse(text, size, &sample);
	(void)disk_parse(text, size, &sample);
	(void)network_devices_parse(text, size, &sample);
	(void)network_tcp_parse(text, size, &sample);
	(void)network_tcp_more_parse(text, size, &sample);
	if (host_pressure_parse(text, size, "some", &time_ns))
		host_set(&sample, HOST_AT_PRESSURE_IO, time_ns);
	check_host(&sample);
}

static void parse_process(const char *text, size_t size)
{
	struct reading readings[CHECKED_READINGS_MAX];
	struct sample before = {.at_ns = -1};
	struct sample sample = {.at_ns = 7};
	struct proc_stat stat;
	uint64_t inode = 0;
	int64_t value = 0;
	detail_status_parse(text, &sample);
	detail_switches_parse(text, &sample);
	detail_schedstat_parse(text, &sample);
	detail_io_parse(text, &sample);
	(void)detail_socket_parse(text, &inode);
	if (proc_stat_parse(text, size, &stat))
		bal_assert(stat.parent >= 0 && stat.memory_bytes >= 0);
	if (cgroup_devices_parse(text, "rbytes=", &value))
		sample_set(&sample, SAMPLE_AT_READ_BYTES, value);
	before.present = sample.present;
	check_readings(readings, sample_readings(&before, &sample, SAMPLE_ALL, readings));
	before.at_ns = 8;
	check_readings(readings, sample_readings(&sample, &before, SAMPLE_ALL, readings));
}

static void parse_gpu(const char *text, size_t size)
{
	struct reading readings[CHECKED_READINGS_MAX];
	struct gpu_sample sample;
	int64_t pid = 0;
	int64_t bytes = 0;
	if (gpu_parse(text, size, &sample))
		check_readings(readings, gpu_readings(&sample, readings));
	if (gpu_process_parse(text, &pid, &bytes))
		bal_assert(pid > 0 && bytes >= 0);
}

static void parse_groups(const char *text)
{
	struct cgroup group;
	char path[64];
	const char *half = text + strlen(text) / 2;
	cgroup_parse(&group, text, half, half);
	(void)cgroup_mount(text, path, sizeof path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct socket_entry entry;
	if (size == 0)
		return 0;
	/* Terminated, and no byte longer: what reads beyond is seen. */
	char *text = malloc(size);
	bal_assert(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 5) {
	case 0:
		parse_host(text, size - 1);
		break;
	case 1:
		parse_process(text, size - 1);
		break;
	case 2:
		parse_gpu(text, size - 1);
		break;
	case 3:
		parse_groups(text);
		break;
	default:
		if (socket_line_parse(text, &entry))
			bal_assert(entry.state > 0 && entry.state < SOCKET_STATES);
	}
	free(text);
	return 0;
}
