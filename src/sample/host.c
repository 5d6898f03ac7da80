/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: small files of /proc, one read each. Every parser leaves the sample alone when the text is
 * not what it knows, so an odd kernel shows as absent values and never as wrong ones.
 */
#include "sample/host.h"

#include "base/assert.h"
#include "base/units.h"
#include "sample/disk.h"
#include "sample/file.h"
#include "sample/network.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_SIZE_MAX    16384
#define PART             (-1)
#define CPU_FIELDS_COUNT 8 /* user nice system idle iowait irq softirq steal; guest is in user */
#define CPU_FIELDS_MIN   4
#define CPU_IDLE         3
#define CPU_IOWAIT       4
#define CPU_STEAL        7
#define CORES_MAX        1024 /* that are asked whether they were too hot */
#define ORDER_LARGE      9    /* 2^9 pages of 4 KiB: a huge page */

struct form {
	size_t offset;
	int measure; /* enum sample_measure or PART */
	enum bal_signal signal;
};

static const struct form forms[HOST_VALUES] = {
#define MEASURE_PART  PART
#define MEASURE_LEVEL SAMPLE_LEVEL
#define MEASURE_SHARE SAMPLE_SHARE
#define MEASURE_RATE  SAMPLE_RATE
#define MEASURE_COUNT SAMPLE_COUNT
#define X(name, member, what, which)                                                               \
	[HOST_AT_##name] = {.offset = offsetof(struct host_sample, member),                        \
		.measure = MEASURE_##what,                                                         \
		.signal = BAL_SIGNAL_##which},
	HOST_MAP(X)
#undef X
};

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
	int64_t stolen = 0;
	const char *at = copy + 3;
	int count = 0;
	for (; count < CPU_FIELDS_COUNT; count++) {
		int64_t ticks = 0;
		at += strspn(at, " ");
		if (!file_number_parse(&at, &ticks))
			break;
		stolen = count == CPU_STEAL ? ticks : stolen;
		int64_t *sum = count == CPU_IDLE || count == CPU_IOWAIT ? &idle : &busy;
		if (__builtin_add_overflow(*sum, ticks, sum))
			return false;
	}
	int64_t tick_ns = 1000000000 / per_second;
	if (count < CPU_FIELDS_MIN || __builtin_mul_overflow(busy, tick_ns, &busy) ||
		__builtin_mul_overflow(idle, tick_ns, &idle) ||
		__builtin_mul_overflow(stolen, tick_ns, &stolen))
		return false;
	host_set(sample, HOST_AT_CPU_BUSY, busy);
	host_set(sample, HOST_AT_CPU_IDLE, idle);
	if (count > CPU_STEAL)
		host_set(sample, HOST_AT_CPU_STOLEN, stolen);
	return true;
}

static bool read_kib(const char *text, const char *key, int64_t *bytes)
{
	return file_number_keyed(text, key, bytes) && !__builtin_mul_overflow(*bytes, KIB, bytes);
}

bool host_memory_parse(const char *text, size_t size, struct host_sample *sample)
{
	char copy[TEXT_SIZE_MAX];
	int64_t memory = 0;
	int64_t available = 0;
	int64_t swap = 0;
	int64_t swap_free = 0;
	if (!copy_text(text, size, copy) || !read_kib(copy, "MemTotal:", &memory) ||
		!read_kib(copy, "MemAvailable:", &available) ||
		!read_kib(copy, "SwapTotal:", &swap) || !read_kib(copy, "SwapFree:", &swap_free))
		return false;
	host_set(sample, HOST_AT_MEMORY, memory);
	host_set(sample, HOST_AT_MEMORY_AVAILABLE, available);
	host_set(sample, HOST_AT_SWAP, swap);
	host_set(sample, HOST_AT_SWAP_FREE, swap_free);
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
	host_set(sample, HOST_AT_LOAD, load[0]);
	return true;
}

bool host_swap_parse(const char *text, size_t size, struct host_sample *sample)
{
	char copy[TEXT_SIZE_MAX];
	int64_t page = sysconf(_SC_PAGESIZE);
	int64_t in = 0;
	int64_t out = 0;
	int64_t kills = 0;
	if (!copy_text(text, size, copy) || !file_number_keyed(copy, "pswpin", &in) ||
		!file_number_keyed(copy, "pswpout", &out) ||
		__builtin_mul_overflow(in, page, &in) || __builtin_mul_overflow(out, page, &out))
		return false;
	host_set(sample, HOST_AT_SWAP_IN, in);
	host_set(sample, HOST_AT_SWAP_OUT, out);
	if (file_number_keyed(copy, "oom_kill", &kills)) /* Linux 4.13 and up */
		host_set(sample, HOST_AT_OOM_KILLS, kills);
	return true;
}

/* "Node 0, zone Normal 7690 6792 ...": free pieces of 2^0, 2^1, ... pages. Adds them to the sums.
 */
static bool add_pieces(const char *line, int64_t *small, int64_t *all)
{
	const char *at = strstr(line, "zone ");
	const char *end = strchr(line, '\n');
	if (at == NULL || (end != NULL && at > end))
		return false;
	at += strlen("zone ");
	at += strspn(at, " ");
	at += strcspn(at, " \n");
	for (int order = 0; order < 32; order++) {
		int64_t pages = 0;
		at += strspn(at, " ");
		if (!file_number_parse(&at, &pages))
			return order > 0;
		if (__builtin_mul_overflow(pages, INT64_C(1) << order, &pages) ||
			__builtin_add_overflow(*all, pages, all))
			return false;
		*small += order < ORDER_LARGE ? pages : 0;
	}
	return false;
}

bool host_pieces_parse(const char *text, size_t size, struct host_sample *sample)
{
	char copy[TEXT_SIZE_MAX];
	int64_t small = 0;
	int64_t all = 0;
	if (!copy_text(text, size, copy))
		return false;
	for (const char *line = copy; line != NULL && *line != '\0';) {
		if (!add_pieces(line, &small, &all))
			return false;
		line = strchr(line, '\n');
		line = line == NULL ? NULL : line + 1;
	}
	int64_t scaled = 0;
	if (all == 0 || __builtin_mul_overflow(small, PERMILLE, &scaled))
		return false;
	host_set(sample, HOST_AT_FRAGMENTATION, scaled / all);
	return true;
}

bool host_pressure_parse(const char *text, size_t size, const char *who, int64_t *time_ns)
{
	char copy[TEXT_SIZE_MAX];
	int64_t total_us = 0;
	if (!copy_text(text, size, copy))
		return false;
	const char *line = file_line(copy, who);
	return line != NULL && file_number_marked(line, " total=", &total_us) &&
	       !__builtin_mul_overflow(total_us, NS_PER_US, time_ns);
}

void host_set(struct host_sample *sample, enum host_value place, int64_t value)
{
	bal_assert(place < HOST_VALUES);
	memcpy((char *)sample + forms[place].offset, &value, sizeof value);
	sample->present |= UINT64_C(1) << place;
}

static int64_t host_get(const struct host_sample *sample, unsigned place)
{
	int64_t value = 0;
	memcpy(&value, (const char *)sample + forms[place].offset, sizeof value);
	return value;
}

/* `full` = HOST_VALUES where all never wait at once (processors) */
static void read_pressure(
	const char *path, enum host_value some, enum host_value full, struct host_sample *sample)
{
	char text[TEXT_SIZE_MAX];
	int64_t time_ns = 0;
	ssize_t size = file_read(path, text, sizeof text);
	if (size <= 0)
		return;
	if (host_pressure_parse(text, (size_t)size, "some", &time_ns))
		host_set(sample, some, time_ns);
	if (full != HOST_VALUES && host_pressure_parse(text, (size_t)size, "full", &time_ns))
		host_set(sample, full, time_ns);
}

/* Cores and packages count when they slowed down for heat; a package is counted once for each core,
 * as the kernel shows it. */
static void read_throttles(struct host_sample *sample)
{
	int64_t sum = 0;
	bool found = false;
	for (int core = 0; core < CORES_MAX; core++) {
		char path[96];
		int64_t count = 0;
		snprintf(path, sizeof path,
			"/sys/devices/system/cpu/cpu%d/thermal_throttle/core_throttle_count", core);
		if (!file_number(path, &count) || __builtin_add_overflow(sum, count, &sum))
			break;
		found = true;
	}
	if (found)
		host_set(sample, HOST_AT_THROTTLES, sum);
}

static void set_keyed(
	const char *text, const char *key, struct host_sample *sample, enum host_value place)
{
	int64_t value = 0;
	if (file_number_keyed(text, key, &value))
		host_set(sample, place, value);
}

static void set_connections(const struct socket_table *sockets, struct host_sample *sample)
{
	const int64_t *states = sockets->states;
	host_set(sample, HOST_AT_CONNECTIONS, states[SOCKET_ESTABLISHED]);
	host_set(sample, HOST_AT_CONNECTIONS_OPENING,
		states[SOCKET_SYN_SENT] + states[SOCKET_SYN_RECEIVED] +
			states[SOCKET_SYN_RECEIVED_NEW]);
	host_set(sample, HOST_AT_CONNECTIONS_CLOSING,
		states[SOCKET_FIN_WAIT_1] + states[SOCKET_FIN_WAIT_2] + states[SOCKET_CLOSE_WAIT] +
			states[SOCKET_LAST_ACK] + states[SOCKET_CLOSING]);
	host_set(sample, HOST_AT_CONNECTIONS_WAITING, states[SOCKET_TIME_WAIT]);
}

/* Files with a parser of their own. */
static const struct {
	const char *path;
	bool (*parse)(const char *text, size_t size, struct host_sample *sample);
} files[] = {
	{"/proc/meminfo", host_memory_parse},
	{"/proc/loadavg", host_load_parse},
	{"/proc/vmstat", host_swap_parse},
	{"/proc/buddyinfo", host_pieces_parse},
	{"/proc/diskstats", disk_parse},
	{"/proc/net/dev", network_devices_parse},
	{"/proc/net/snmp", network_tcp_parse},
	{"/proc/net/netstat", network_tcp_more_parse},
};

/* The processors' lines come first and are long: a text that is cut has no switches. */
static void read_processors(struct host_sample *sample)
{
	char text[TEXT_SIZE_MAX];
	cpu_set_t cores;
	if (sched_getaffinity(0, sizeof cores, &cores) == 0)
		host_set(sample, HOST_AT_CORES, CPU_COUNT(&cores));
	ssize_t size = file_read("/proc/stat", text, sizeof text);
	if (size <= 0 || !host_cpu_parse(text, (size_t)size, sample))
		return;
	set_keyed(text, "ctxt", sample, HOST_AT_SWITCHES);
	set_keyed(text, "procs_running", sample, HOST_AT_RUNNABLE);
	set_keyed(text, "procs_blocked", sample, HOST_AT_BLOCKED);
}

void host_sample_read(
	int64_t now_ns, const struct socket_table *sockets, struct host_sample *sample)
{
	char text[TEXT_SIZE_MAX];
	*sample = (struct host_sample){.at_ns = now_ns};
	read_processors(sample);
	for (size_t index = 0; index < sizeof files / sizeof files[0]; index++) {
		ssize_t size = file_read(files[index].path, text, sizeof text);
		if (size > 0)
			(void)files[index].parse(text, (size_t)size, sample);
	}
	read_pressure("/proc/pressure/cpu", HOST_AT_PRESSURE_CPU, HOST_VALUES, sample);
	read_pressure(
		"/proc/pressure/memory", HOST_AT_PRESSURE_MEMORY, HOST_AT_STALL_MEMORY, sample);
	read_pressure("/proc/pressure/io", HOST_AT_PRESSURE_IO, HOST_AT_STALL_IO, sample);
	read_throttles(sample);
	if (sockets != NULL && sockets->complete)
		set_connections(sockets, sample);
}

/* What was added to a counter; false when it is absent or went back. */
static bool grown(const struct host_sample *before, const struct host_sample *after,
	enum host_value place, int64_t *amount)
{
	uint64_t bit = UINT64_C(1) << place;
	return (before->present & after->present & bit) != 0 &&
	       !__builtin_sub_overflow(host_get(after, place), host_get(before, place), amount) &&
	       *amount >= 0;
}

static void put_reading(struct reading *readings, size_t *count, enum bal_signal signal,
	int64_t part, int64_t whole, int64_t scale)
{
	int64_t scaled = 0;
	int64_t most = bal_signal_form(signal).most;
	if (whole <= 0 || part < 0 || __builtin_mul_overflow(part, scale, &scaled))
		return;
	scaled /= whole;
	readings[(*count)++] =
		(struct reading){.signal = signal, .value = scaled < most ? scaled : most};
}

/* Shares and means of several counters. */
static size_t put_shares(
	const struct host_sample *before, const struct host_sample *after, struct reading *readings)
{
	int64_t busy = 0;
	int64_t idle = 0;
	int64_t stolen = 0;
	size_t count = 0;
	/* In milliseconds: a week of a thousand cores in thousandths would not fit otherwise. */
	if (!grown(before, after, HOST_AT_CPU_BUSY, &busy) ||
		!grown(before, after, HOST_AT_CPU_IDLE, &idle))
		return 0;
	int64_t all_ms = busy / NS_PER_MS + idle / NS_PER_MS;
	put_reading(readings, &count, BAL_SIGNAL_HOST_CPU, busy / NS_PER_MS, all_ms, PERMILLE);
	if (grown(before, after, HOST_AT_CPU_STOLEN, &stolen))
		put_reading(readings, &count, BAL_SIGNAL_HOST_STOLEN, stolen / NS_PER_MS, all_ms,
			PERMILLE);
	return count;
}

static size_t put_memory(const struct host_sample *after, struct reading *readings)
{
	size_t count = 0;
	if ((after->present & HOST_BIT(MEMORY)) == 0)
		return 0;
	put_reading(readings, &count, BAL_SIGNAL_HOST_MEMORY,
		(after->memory_bytes - after->memory_available_bytes) / KIB,
		after->memory_bytes / KIB, PERMILLE);
	put_reading(readings, &count, BAL_SIGNAL_HOST_SWAP,
		after->swap_bytes - after->swap_free_bytes, 1, 1);
	return count;
}

static size_t put_disks(
	const struct host_sample *before, const struct host_sample *after, struct reading *readings)
{
	int64_t reads = 0;
	int64_t writes = 0;
	int64_t time_ns = 0;
	int64_t merged = 0;
	int64_t all = 0;
	int64_t busy_ns = 0;
	size_t count = 0;
	if (!grown(before, after, HOST_AT_READS, &reads) ||
		!grown(before, after, HOST_AT_WRITES, &writes))
		return 0;
	if (grown(before, after, HOST_AT_READ_TIME, &time_ns))
		put_reading(readings, &count, BAL_SIGNAL_HOST_READ_LATENCY, time_ns, reads, 1);
	if (grown(before, after, HOST_AT_WRITE_TIME, &time_ns))
		put_reading(readings, &count, BAL_SIGNAL_HOST_WRITE_LATENCY, time_ns, writes, 1);
	if (grown(before, after, HOST_AT_MERGED, &merged) &&
		!__builtin_add_overflow(reads, writes, &all) &&
		!__builtin_add_overflow(all, merged, &all))
		put_reading(readings, &count, BAL_SIGNAL_HOST_MERGED, merged, all, PERMILLE);
	if (disk_busiest_ns(before, after, &busy_ns))
		put_reading(readings, &count, BAL_SIGNAL_HOST_DISK_BUSY, busy_ns / NS_PER_US,
			(after->at_ns - before->at_ns) / NS_PER_US, PERMILLE);
	return count;
}

static bool is_due(enum bal_signal signal, uint32_t above_s, uint32_t upto_s)
{
	uint32_t cadence_s = bal_signal_form(signal).cadence_s;
	return cadence_s > above_s && cadence_s <= upto_s;
}

size_t host_readings(const struct host_sample *before, const struct host_sample *after,
	uint32_t above_s, uint32_t upto_s, struct reading *readings)
{
	int64_t elapsed_ns = 0;
	size_t count = 0;
	if (__builtin_sub_overflow(after->at_ns, before->at_ns, &elapsed_ns))
		return 0;
	if (is_due(BAL_SIGNAL_HOST_CPU, above_s, upto_s))
		count += put_shares(before, after, readings);
	for (unsigned place = 0; place < HOST_VALUES; place++) {
		const struct form *form = &forms[place];
		uint64_t bit = UINT64_C(1) << place;
		bool known = form->measure != PART && (after->present & bit) != 0 &&
			     (form->measure == SAMPLE_LEVEL || (before->present & bit) != 0) &&
			     is_due(form->signal, above_s, upto_s);
		struct reading reading = {.signal = form->signal};
		if (known &&
			sample_measure((enum sample_measure)form->measure, form->signal, elapsed_ns,
				host_get(before, place), host_get(after, place), &reading.value))
			readings[count++] = reading;
	}
	if (!is_due(BAL_SIGNAL_HOST_MEMORY, above_s, upto_s))
		return count;
	count += put_memory(after, readings + count);
	return count + put_disks(before, after, readings + count);
}
