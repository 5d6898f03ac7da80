/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: five small files of /proc, one read each. Every parser leaves the sample alone when the text
 * is not what it knows, so an odd kernel shows as absent values and never as wrong ones.
 */
#include "sample/host.h"

#include "sample/file.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#define TEXT_SIZE_MAX    4096
#define KIB_BYTES        1024
#define CPU_FIELDS_COUNT 8 /* user nice system idle iowait irq softirq steal; guest is in user */
#define CPU_FIELDS_MIN   4
#define CPU_IDLE         3
#define CPU_IOWAIT       4

/* The parsers take sizes, the helpers terminated text. */
static bool copy_text(const char *text, size_t size, char copy[static TEXT_SIZE_MAX])
{
	if (size >= TEXT_SIZE_MAX)
		size = TEXT_SIZE_MAX - 1; /* What we read stands at the beginning of each file. */
	memcpy(copy, text, size);
	copy[size] = '\0';
	return size > 0;
}

bool host_cpu_parse(const char *text, size_t size, struct host_sample *sample)
{
	char copy[TEXT_SIZE_MAX];
	if (!copy_text(text, size, copy) || strncmp(copy, "cpu ", 4) != 0)
		return false;
	int64_t per_second = sysconf(_SC_CLK_TCK);
	if (per_second <= 0)
		return false;
	int64_t busy = 0;
	int64_t idle = 0;
	const char *at = copy + 3;
	int count = 0;
	for (; count < CPU_FIELDS_COUNT; count++) {
		int64_t ticks = 0;
		at += strspn(at, " ");
		if (!file_number_parse(&at, &ticks))
			break;
		int64_t *sum = count == CPU_IDLE || count == CPU_IOWAIT ? &idle : &busy;
		if (__builtin_add_overflow(*sum, ticks, sum))
			return false;
	}
	int64_t tick_ns = 1000000000 / per_second;
	if (count < CPU_FIELDS_MIN || __builtin_mul_overflow(busy, tick_ns, &busy) ||
		__builtin_mul_overflow(idle, tick_ns, &idle))
		return false;
	sample->cpu_busy_ns = busy;
	sample->cpu_idle_ns = idle;
	sample->present |= HOST_CPU;
	return true;
}

static bool read_kib(const char *text, const char *key, int64_t *bytes)
{
	return file_number_keyed(text, key, bytes) &&
	       !__builtin_mul_overflow(*bytes, (int64_t)KIB_BYTES, bytes);
}

bool host_memory_parse(const char *text, size_t size, struct host_sample *sample)
{
	char copy[TEXT_SIZE_MAX];
	struct host_sample read = *sample;
	if (!copy_text(text, size, copy) || !read_kib(copy, "MemTotal:", &read.memory_bytes) ||
		!read_kib(copy, "MemAvailable:", &read.memory_available_bytes) ||
		!read_kib(copy, "SwapTotal:", &read.swap_bytes) ||
		!read_kib(copy, "SwapFree:", &read.swap_free_bytes))
		return false;
	*sample = read;
	sample->present |= HOST_MEMORY;
	return true;
}

/* "0.42" as 420: /proc/loadavg always has two digits after the point. */
static bool read_hundredths(const char **at, int64_t *permille)
{
	int64_t whole = 0;
	if (!file_number_parse(at, &whole) || whole > INT32_MAX)
		return false;
	const char *next = *at;
	if (next[0] != '.' || next[1] < '0' || next[1] > '9' || next[2] < '0' || next[2] > '9')
		return false;
	*permille = whole * 1000 + (next[1] - '0') * 100 + (next[2] - '0') * 10;
	*at = next + 3;
	return true;
}

bool host_load_parse(const char *text, size_t size, struct host_sample *sample)
{
	char copy[TEXT_SIZE_MAX];
	int64_t load[3] = {0};
	if (!copy_text(text, size, copy))
		return false;
	const char *at = copy;
	for (int index = 0; index < 3; index++) {
		if (!read_hundredths(&at, &load[index]) || *at != ' ')
			return false;
		at++;
	}
	memcpy(sample->load_permille, load, sizeof load);
	sample->present |= HOST_LOAD;
	return true;
}

bool host_pressure_parse(const char *text, size_t size, int64_t *some_ns)
{
	char copy[TEXT_SIZE_MAX];
	if (!copy_text(text, size, copy) || strncmp(copy, "some ", 5) != 0)
		return false;
	const char *total = strstr(copy, " total=");
	const char *end = strchr(copy, '\n');
	if (total == NULL || (end != NULL && total > end))
		return false;
	total += strlen(" total=");
	int64_t total_us = 0;
	return file_number_parse(&total, &total_us) &&
	       !__builtin_mul_overflow(total_us, (int64_t)1000, some_ns);
}

static bool read_pressure(const char *path, int64_t *some_ns)
{
	char text[TEXT_SIZE_MAX];
	ssize_t size = file_read(path, text, sizeof text);
	return size > 0 && host_pressure_parse(text, (size_t)size, some_ns);
}

void host_sample_read(int64_t now_ns, struct host_sample *sample)
{
	char text[TEXT_SIZE_MAX];
	*sample = (struct host_sample){.at_ns = now_ns};
	cpu_set_t cores;
	if (sched_getaffinity(0, sizeof cores, &cores) == 0) {
		sample->cores = CPU_COUNT(&cores);
		sample->present |= HOST_CORES;
	}
	ssize_t size = file_read("/proc/stat", text, sizeof text);
	if (size > 0)
		(void)host_cpu_parse(text, (size_t)size, sample);
	size = file_read("/proc/meminfo", text, sizeof text);
	if (size > 0)
		(void)host_memory_parse(text, (size_t)size, sample);
	size = file_read("/proc/loadavg", text, sizeof text);
	if (size > 0)
		(void)host_load_parse(text, (size_t)size, sample);
	bool pressed = read_pressure("/proc/pressure/cpu", &sample->pressure_cpu_ns);
	pressed = read_pressure("/proc/pressure/memory", &sample->pressure_memory_ns) && pressed;
	pressed = read_pressure("/proc/pressure/io", &sample->pressure_io_ns) && pressed;
	sample->present |= pressed ? HOST_PRESSURE : 0;
}
