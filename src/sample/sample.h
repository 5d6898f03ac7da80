/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_SAMPLE_H
#define BAL_SAMPLE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballast.h"

/*
 * What one look at an agent found, and the signals that two looks make. Who takes it:
 * sample/cgroup.h (exact, by the kernel) and sample/proc.h (a walk over /proc, for what groups do
 * not know, or where there are none). The host passes the time, so that one reading of the clock
 * serves a whole round.
 */

/* X(NAME, member, form of the measure, signal). The measures: LEVEL is the signal as it is; of the
 * others, which are counted since the agent began, two looks make a share of time (SHARE, counted
 * in nanoseconds), an amount per second (RATE) or the difference (COUNT). */
#define SAMPLE_MAP(X)                                                                              \
	X(CPU, cpu_ns, SHARE, CPU_MILLIS)                                                          \
	X(MEMORY, memory_bytes, LEVEL, MEMORY) /* group: with page cache; /proc: sum of RSS */     \
	X(MEMORY_PEAK, memory_peak_bytes, LEVEL, MEMORY_PEAK)                                      \
	X(THROTTLED, throttled_ns, SHARE, CPU_THROTTLED)                                           \
	X(OOM_KILLS, oom_kills, COUNT, OOM_KILLS)                                                  \
	X(PROCESSES, processes, LEVEL, PROCESSES)                                                  \
	X(THROTTLES, throttles, COUNT, CPU_THROTTLES)                                              \
	X(CPU_WAIT, cpu_wait_ns, SHARE, CPU_WAIT)                                                  \
	X(SWITCHES_VOLUNTARY, switches_voluntary, RATE, SWITCHES_VOLUNTARY)                        \
	X(SWITCHES_FORCED, switches_forced, RATE, SWITCHES_FORCED)                                 \
	X(PRESSURE_CPU, pressure_cpu_ns, SHARE, PRESSURE_CPU)                                      \
	X(PRESSURE_MEMORY, pressure_memory_ns, SHARE, PRESSURE_MEMORY)                             \
	X(PRESSURE_IO, pressure_io_ns, SHARE, PRESSURE_IO)                                         \
	X(STALL_MEMORY, stall_memory_ns, SHARE, STALL_MEMORY)                                      \
	X(STALL_IO, stall_io_ns, SHARE, STALL_IO)                                                  \
	X(THREADS, threads, LEVEL, THREADS)                                                        \
	X(OPEN_FILES, open_files, LEVEL, OPEN_FILES)                                               \
	X(MEMORY_ANONYMOUS, memory_anonymous_bytes, LEVEL, MEMORY_ANONYMOUS)                       \
	X(MEMORY_FILE, memory_file_bytes, LEVEL, MEMORY_FILE)                                      \
	X(MEMORY_KERNEL_STACK, memory_kernel_stack_bytes, LEVEL, MEMORY_KERNEL_STACK)              \
	X(MEMORY_SOCKET, memory_socket_bytes, LEVEL, MEMORY_SOCKET)                                \
	X(SWAP, swap_bytes, LEVEL, SWAP)                                                           \
	X(FAULTS_MINOR, faults_minor, RATE, FAULTS_MINOR)                                          \
	X(FAULTS_MAJOR, faults_major, RATE, FAULTS_MAJOR)                                          \
	X(MEMORY_REFUSALS, memory_refusals, COUNT, MEMORY_REFUSALS)                                \
	X(READ_BYTES, read_bytes, RATE, READ_BYTES)                                                \
	X(WRITE_BYTES, write_bytes, RATE, WRITE_BYTES)                                             \
	X(READS, reads, RATE, READS)                                                               \
	X(WRITES, writes, RATE, WRITES)                                                            \
	X(CONNECTIONS, connections, LEVEL, CONNECTIONS)                                            \
	X(CONNECTIONS_OPENING, connections_opening, LEVEL, CONNECTIONS_OPENING)                    \
	X(CONNECTIONS_CLOSING, connections_closing, LEVEL, CONNECTIONS_CLOSING)                    \
	X(RETRANSMITS, retransmits, LEVEL, RETRANSMITS)                                            \
	X(SEND_QUEUE, send_queue_bytes, LEVEL, SEND_QUEUE)                                         \
	X(RECEIVE_QUEUE, receive_queue_bytes, LEVEL, RECEIVE_QUEUE)

enum sample_value {
#define X(name, member, measure, signal) SAMPLE_AT_##name,
	SAMPLE_MAP(X)
#undef X
		SAMPLE_VALUES
};

/* A value whose bit is not set in `present` was not measured; it is 0 and means nothing. */
#define SAMPLE_BIT(name)   (UINT64_C(1) << SAMPLE_AT_##name)
#define SAMPLE_CPU         SAMPLE_BIT(CPU)
#define SAMPLE_MEMORY      SAMPLE_BIT(MEMORY)
#define SAMPLE_MEMORY_PEAK SAMPLE_BIT(MEMORY_PEAK)
#define SAMPLE_THROTTLED   SAMPLE_BIT(THROTTLED)
#define SAMPLE_OOM_KILLS   SAMPLE_BIT(OOM_KILLS)
#define SAMPLE_PROCESSES   SAMPLE_BIT(PROCESSES)
#define SAMPLE_ALL         ((UINT64_C(1) << SAMPLE_VALUES) - 1)

/* What /proc says of each process beside its one line of counters, and so costs most. */
#define SAMPLE_DETAILS                                                                             \
	(SAMPLE_BIT(CPU_WAIT) | SAMPLE_BIT(SWITCHES_VOLUNTARY) | SAMPLE_BIT(SWITCHES_FORCED) |     \
		SAMPLE_BIT(MEMORY_ANONYMOUS) | SAMPLE_BIT(MEMORY_FILE) | SAMPLE_BIT(SWAP) |        \
		SAMPLE_IO)
#define SAMPLE_IO                                                                                  \
	(SAMPLE_BIT(READ_BYTES) | SAMPLE_BIT(WRITE_BYTES) | SAMPLE_BIT(READS) | SAMPLE_BIT(WRITES))
#define SAMPLE_SOCKETS                                                                             \
	(SAMPLE_BIT(CONNECTIONS) | SAMPLE_BIT(CONNECTIONS_OPENING) |                               \
		SAMPLE_BIT(CONNECTIONS_CLOSING) | SAMPLE_BIT(RETRANSMITS) |                        \
		SAMPLE_BIT(SEND_QUEUE) | SAMPLE_BIT(RECEIVE_QUEUE))

struct sample {
	uint64_t present; /* bits above */
	int64_t at_ns;    /* as the caller passed it */
#define X(name, member, measure, signal) int64_t member;
	SAMPLE_MAP(X)
#undef X
};

/* A value of a signal. */
struct reading {
	enum bal_signal signal;
	int64_t value;
};

#define SAMPLE_READINGS_MAX SAMPLE_VALUES

/* Reads and writes a value by its place, which has to be below SAMPLE_VALUES. Setting one makes it
 * present; adding does not, and is false (and nothing changed) when the sum does not fit. */
int64_t sample_get(const struct sample *sample, enum sample_value place);
void sample_set(struct sample *sample, enum sample_value place, int64_t value);
bool sample_add(struct sample *sample, enum sample_value place, int64_t value);

/* Takes over from `from` what `sample` lacks. */
void sample_fill(struct sample *sample, const struct sample *from);

/* What two looks at one agent say, of those values that are in `wanted`: into `readings` (room for
 * SAMPLE_READINGS_MAX), and returns how many. A counter that went back, or that went on faster than
 * anything real, says nothing; a level is clamped to what can be real. `before` may be all zero:
 * then levels alone come out. */
size_t sample_readings(const struct sample *before, const struct sample *after, uint64_t wanted,
	struct reading *readings);

/* True when a counter went back that never does while an agent lives: a process ended between the
 * look at its parent and the look at itself. The next look is right again, so this one is better
 * left out than believed; if it is not, that counter does go back, and is believed. */
bool sample_went_back(const struct sample *before, const struct sample *after);

/* CPU used between two samples in thousandths of one core, in *permille. False when either lacks
 * it, no time passed, or the counter went back (another agent under the same name). */
bool sample_cpu_permille(
	const struct sample *before, const struct sample *after, int64_t *permille);

enum sample_measure { SAMPLE_LEVEL, SAMPLE_SHARE, SAMPLE_RATE, SAMPLE_COUNT };

/* The difference of a counter between two looks, put as `measure` says, and clamped or refused as
 * sample_readings does. For counters of others than agents, too. */
bool sample_measure(enum sample_measure measure, enum bal_signal signal, int64_t elapsed_ns,
	int64_t before, int64_t after, int64_t *value);

#endif
