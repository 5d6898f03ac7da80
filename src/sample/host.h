/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_HOST_H
#define BAL_SAMPLE_HOST_H

#include "sample/sample.h"
#include "sample/socket.h"

/* The machine as a whole: what there is to share between pools, and how pressed it is. */

/* X(NAME, member, measure, signal), as SAMPLE_MAP; PART stands for what makes a signal only
 * together with others (host_readings does), or none. */
#define HOST_MAP(X)                                                                                \
	X(CORES, cores, PART, COUNT)              /* that this process may run on */               \
	X(CPU_BUSY, cpu_busy_ns, PART, COUNT)     /* all cores together, since boot */             \
	X(CPU_IDLE, cpu_idle_ns, PART, COUNT)     /* waiting for disks included */                 \
	X(CPU_STOLEN, cpu_stolen_ns, PART, COUNT) /* taken by other guests; part of busy */        \
	X(SWITCHES, switches, RATE, HOST_SWITCHES)                                                 \
	X(RUNNABLE, runnable, LEVEL, HOST_RUNNABLE)                                                \
	X(BLOCKED, blocked, LEVEL, HOST_BLOCKED)                                                   \
	X(LOAD, load_permille, LEVEL, HOST_LOAD) /* mean of one minute */                          \
	X(THROTTLES, throttles, COUNT, HOST_THROTTLES)                                             \
	X(MEMORY, memory_bytes, PART, COUNT)                                                       \
	X(MEMORY_AVAILABLE, memory_available_bytes, LEVEL, HOST_MEMORY_AVAILABLE)                  \
	X(SWAP, swap_bytes, PART, COUNT)                                                           \
	X(SWAP_FREE, swap_free_bytes, PART, COUNT)                                                 \
	X(SWAP_IN, swap_in_bytes, RATE, HOST_SWAP_IN)                                              \
	X(SWAP_OUT, swap_out_bytes, RATE, HOST_SWAP_OUT)                                           \
	X(OOM_KILLS, oom_kills, COUNT, HOST_OOM_KILLS)                                             \
	X(FRAGMENTATION, fragmentation_permille, LEVEL, HOST_FRAGMENTATION)                        \
	X(PRESSURE_CPU, pressure_cpu_ns, SHARE, HOST_PRESSURE_CPU) /* since boot, all of these */  \
	X(PRESSURE_MEMORY, pressure_memory_ns, SHARE, HOST_PRESSURE_MEMORY)                        \
	X(PRESSURE_IO, pressure_io_ns, SHARE, HOST_PRESSURE_IO)                                    \
	X(STALL_MEMORY, stall_memory_ns, SHARE, HOST_STALL_MEMORY)                                 \
	X(STALL_IO, stall_io_ns, SHARE, HOST_STALL_IO)                                             \
	X(READ_BYTES, read_bytes, RATE, HOST_READ_BYTES) /* of disks, not of partitions */         \
	X(WRITE_BYTES, write_bytes, RATE, HOST_WRITE_BYTES)                                        \
	X(READS, reads, RATE, HOST_READS)                                                          \
	X(WRITES, writes, RATE, HOST_WRITES)                                                       \
	X(READ_TIME, read_time_ns, PART, COUNT)                                                    \
	X(WRITE_TIME, write_time_ns, PART, COUNT)                                                  \
	X(MERGED, merged, PART, COUNT)                                                             \
	X(RECEIVED_BYTES, received_bytes, RATE, HOST_RECEIVED_BYTES) /* without loopback */        \
	X(SENT_BYTES, sent_bytes, RATE, HOST_SENT_BYTES)                                           \
	X(NETWORK_ERRORS, network_errors, COUNT, HOST_NETWORK_ERRORS)                              \
	X(NETWORK_DROPS, network_drops, COUNT, HOST_NETWORK_DROPS)                                 \
	X(SEGMENTS, segments, COUNT, HOST_SEGMENTS)                                                \
	X(RETRANSMITS, retransmits, COUNT, HOST_RETRANSMITS)                                       \
	X(TIMEOUTS, timeouts, COUNT, HOST_TIMEOUTS)                                                \
	X(LISTEN_DROPS, listen_drops, COUNT, HOST_LISTEN_DROPS)                                    \
	X(CONNECTS, connects, COUNT, HOST_CONNECTS)                                                \
	X(CONNECT_FAILURES, connect_failures, COUNT, HOST_CONNECT_FAILURES)                        \
	X(RESETS, resets, COUNT, HOST_RESETS)                                                      \
	X(CONNECTIONS, connections, LEVEL, HOST_CONNECTIONS)                                       \
	X(CONNECTIONS_OPENING, connections_opening, LEVEL, HOST_CONNECTIONS_OPENING)               \
	X(CONNECTIONS_CLOSING, connections_closing, LEVEL, HOST_CONNECTIONS_CLOSING)               \
	X(CONNECTIONS_WAITING, connections_waiting, LEVEL, HOST_CONNECTIONS_WAITING)

enum host_value {
#define X(name, member, measure, signal) HOST_AT_##name,
	HOST_MAP(X)
#undef X
		HOST_VALUES
};

#define HOST_BIT(name)    (UINT64_C(1) << HOST_AT_##name)
#define HOST_DISKS_MAX    16 /* whose own business is told apart; of more, the first */
#define HOST_READINGS_MAX (HOST_VALUES + 8)

/* How long a disk had something to do. */
struct host_disk {
	uint32_t device; /* major << 20 | minor */
	int64_t busy_ns; /* since boot */
};

struct host_sample {
	uint64_t present; /* bits as above; a value whose bit is not set means nothing */
	int64_t at_ns;
#define X(name, member, measure, signal) int64_t member;
	HOST_MAP(X)
#undef X
	uint32_t disk_count;
	struct host_disk disks[HOST_DISKS_MAX];
};

/* Reads all of it, about 150 us; what cannot be read stays absent. `sockets` is the list of this
 * round, or NULL. */
void host_sample_read(
	int64_t now_ns, const struct socket_table *sockets, struct host_sample *sample);

/* Cadences of the machine's signals. */
#define HOST_QUICK_S 5
#define HOST_FULL_S  10

/* The signals of two looks whose cadence is above `above_s` and at most `upto_s` seconds, into
 * `readings` (room for HOST_READINGS_MAX); returns how many. What makes no sense is left out. */
size_t host_readings(const struct host_sample *before, const struct host_sample *after,
	uint32_t above_s, uint32_t upto_s, struct reading *readings);

/* Sets a value and makes it present. */
void host_set(struct host_sample *sample, enum host_value place, int64_t value);

/* The parsers, each for one file's text of `size` bytes; false (and nothing changed) when the text
 * is not of the expected form. */
bool host_cpu_parse(const char *text, size_t size, struct host_sample *sample);    /* /proc/stat */
bool host_memory_parse(const char *text, size_t size, struct host_sample *sample); /* meminfo */
bool host_load_parse(const char *text, size_t size, struct host_sample *sample);   /* loadavg */
bool host_swap_parse(const char *text, size_t size, struct host_sample *sample);   /* vmstat */
bool host_pieces_parse(const char *text, size_t size, struct host_sample *sample); /* buddyinfo */
/* pressure/NAME, the line of `who` ("some", "full") */
bool host_pressure_parse(const char *text, size_t size, const char *who, int64_t *time_ns);

#endif
