/* SPDX-License-Identifier: Apache-2.0
 *
 * ballast_signals.h - what is measured, as one table.
 *
 * X(NAME, text, unit, form, subject, cadence, aggregate, most, help): enumerator; the word of the
 * API and of rules, its unit last (two that are shares of one and older than the rule have none);
 * BAL_UNIT_; BAL_FORM_; whose signal it is, BAL_SUBJECT_; seconds between two samples (0: one for
 * each thing that happens); what a longer slot tells of its samples, BAL_AGGREGATE_; the largest
 * value that can be real, BAL_MOST_: more is clamped and flagged; what it is, in words.
 *
 * Values are whole numbers and never negative. Hosts take the differences of counters, so the core
 * sees none that could go back:
 *   GAUGE  how it stands, or how long the one thing took
 *   RATE   how much of it per second, over the time since the sample before
 *   COUNT  how much of it since the sample before
 *
 * A signal that nobody reports is absent. The list of a subject grows at its end.
 */
#ifndef BALLAST_SIGNALS_H
#define BALLAST_SIGNALS_H

#include <stdint.h>

/* clang-format off: one row two lines, and columns */
#define BAL_MOST_PERMILLE 1000                /* shares of one whole */
#define BAL_MOST_MANY     65536000            /* thousandths of 65536: of cores, of a promise */
#define BAL_MOST_COUNTED  1000000000000       /* of things, also per second */
#define BAL_MOST_EXBI     1152921504606846976 /* bytes, also per second */
#define BAL_MOST_EXBI_MIB 1099511627776       /* the same in MiB */
#define BAL_MOST_YEAR     31622400000000000   /* nanoseconds of a leap year */
#define BAL_MOST_HOT      1000                /* degrees Celsius */

/* One agent: local processes, what its own reports say, and what the data plane saw of it. */
#define BAL_SIGNAL_AGENT_MAP(X)                                                                    \
	/* what decisions are taken by */                                                          \
	X(CPU_PERMILLE, "cpu", PERMILLE, GAUGE, AGENT, 5, MEAN, MANY,                              \
		"processor time, of what the agent was promised")                                  \
	X(MEMORY_PERMILLE, "memory", PERMILLE, GAUGE, AGENT, 5, MAX, MANY,                         \
		"memory, of its limit or else of the host's")                                      \
	X(MEMORY_MIB, "memory_mib", MIB, GAUGE, AGENT, 5, MAX, EXBI_MIB, "memory in MiB")          \
	/* processor */                                                                            \
	X(CPU_MILLIS, "cpu_millis", MILLICORES, GAUGE, AGENT, 5, MEAN, MANY,                       \
		"processor time in thousandths of a core")                                         \
	X(CPU_THROTTLED, "cpu_throttled_permille", PERMILLE, GAUGE, AGENT, 5, MEAN, MANY,          \
		"share of time in which its limit kept it from running")                           \
	X(CPU_THROTTLES, "cpu_throttles", COUNT, COUNT, AGENT, 5, SUM, COUNTED,                    \
		"periods that its limit cut short")                                                \
	X(CPU_WAIT, "cpu_wait_permille", PERMILLE, GAUGE, AGENT, 10, MEAN, MANY,                   \
		"time that its threads together were ready and did not run, of real time")         \
	X(SWITCHES_VOLUNTARY, "switches_voluntary", COUNT, RATE, AGENT, 10, MEAN, COUNTED,         \
		"context switches because a thread had to wait")                                   \
	X(SWITCHES_FORCED, "switches_forced", COUNT, RATE, AGENT, 10, MEAN, COUNTED,               \
		"context switches because a thread's turn was over")                               \
	X(PRESSURE_CPU, "pressure_cpu_permille", PERMILLE, GAUGE, AGENT, 5, MEAN, PERMILLE,        \
		"share of time in which some of it waited for a processor")                        \
	X(PRESSURE_MEMORY, "pressure_memory_permille", PERMILLE, GAUGE, AGENT, 10, MEAN, PERMILLE, \
		"share of time in which some of it waited for memory")                             \
	X(PRESSURE_IO, "pressure_io_permille", PERMILLE, GAUGE, AGENT, 10, MEAN, PERMILLE,         \
		"share of time in which some of it waited for storage")                            \
	X(STALL_MEMORY, "stall_memory_permille", PERMILLE, GAUGE, AGENT, 10, MEAN, PERMILLE,       \
		"share of time in which all of it waited for memory")                              \
	X(STALL_IO, "stall_io_permille", PERMILLE, GAUGE, AGENT, 10, MEAN, PERMILLE,               \
		"share of time in which all of it waited for storage")                             \
	X(PROCESSES, "processes", COUNT, GAUGE, AGENT, 10, MAX, COUNTED, "processes")              \
	X(THREADS, "threads", COUNT, GAUGE, AGENT, 10, MAX, COUNTED, "threads")                    \
	X(OPEN_FILES, "open_files", COUNT, GAUGE, AGENT, 10, MAX, COUNTED, "open descriptors")     \
	/* memory */                                                                               \
	X(MEMORY, "memory_bytes", BYTES, GAUGE, AGENT, 10, MAX, EXBI, "memory")                    \
	X(MEMORY_PEAK, "memory_peak_bytes", BYTES, GAUGE, AGENT, 10, MAX, EXBI,                    \
		"the most memory it ever had")                                                     \
	X(MEMORY_ANONYMOUS, "memory_anonymous_bytes", BYTES, GAUGE, AGENT, 10, MAX, EXBI,          \
		"memory of its own: heaps, stacks")                                                \
	X(MEMORY_FILE, "memory_file_bytes", BYTES, GAUGE, AGENT, 10, MAX, EXBI,                    \
		"memory that holds files: page cache, mapped programs")                            \
	X(MEMORY_KERNEL_STACK, "memory_kernel_stack_bytes", BYTES, GAUGE, AGENT, 10, MAX, EXBI,    \
		"the kernel's stacks of its threads")                                              \
	X(MEMORY_SOCKET, "memory_socket_bytes", BYTES, GAUGE, AGENT, 10, MAX, EXBI,                \
		"buffers of its sockets")                                                          \
	X(SWAP, "swap_bytes", BYTES, GAUGE, AGENT, 10, MAX, EXBI, "memory that was swapped out")   \
	X(FAULTS_MINOR, "faults_minor", COUNT, RATE, AGENT, 10, MEAN, COUNTED,                     \
		"page faults that no disk had to serve")                                           \
	X(FAULTS_MAJOR, "faults_major", COUNT, RATE, AGENT, 10, MEAN, COUNTED,                     \
		"page faults that waited for a disk")                                              \
	X(MEMORY_REFUSALS, "memory_refusals", COUNT, COUNT, AGENT, 10, SUM, COUNTED,               \
		"times that it ran into its memory limit")                                         \
	X(OOM_KILLS, "oom_kills", COUNT, COUNT, AGENT, 10, SUM, COUNTED,                           \
		"processes that the kernel ended for want of memory")                              \
	/* storage */                                                                              \
	X(READ_BYTES, "read_bytes", BYTES, RATE, AGENT, 10, MEAN, EXBI, "bytes read from storage") \
	X(WRITE_BYTES, "write_bytes", BYTES, RATE, AGENT, 10, MEAN, EXBI,                          \
		"bytes written to storage")                                                        \
	X(READS, "reads", COUNT, RATE, AGENT, 10, MEAN, COUNTED, "read operations")                \
	X(WRITES, "writes", COUNT, RATE, AGENT, 10, MEAN, COUNTED, "write operations")             \
	/* connections */                                                                          \
	X(CONNECTIONS, "connections", COUNT, GAUGE, AGENT, 10, MAX, COUNTED,                       \
		"established connections")                                                         \
	X(CONNECTIONS_OPENING, "connections_opening", COUNT, GAUGE, AGENT, 10, MAX, COUNTED,       \
		"connections that are being opened")                                               \
	X(CONNECTIONS_CLOSING, "connections_closing", COUNT, GAUGE, AGENT, 10, MAX, COUNTED,       \
		"connections that are being closed")                                               \
	X(RETRANSMITS, "retransmits", COUNT, GAUGE, AGENT, 10, MAX, COUNTED,                       \
		"segments of its open connections that are being sent again")                      \
	X(SEND_QUEUE, "send_queue_bytes", BYTES, GAUGE, AGENT, 10, MAX, EXBI,                      \
		"bytes sent and not yet acknowledged")                                             \
	X(RECEIVE_QUEUE, "receive_queue_bytes", BYTES, GAUGE, AGENT, 10, MAX, EXBI,                \
		"bytes received and not yet read")                                                 \
	/* accelerators */                                                                         \
	X(GPU_MEMORY, "gpu_memory_bytes", BYTES, GAUGE, AGENT, 10, MAX, EXBI, "memory of GPUs")    \
	/* what it reports of itself */                                                            \
	X(HEAP, "heap_bytes", BYTES, GAUGE, AGENT, 10, MAX, EXBI, "heap in use")                   \
	X(GC_COUNT, "gc_count", COUNT, COUNT, AGENT, 10, SUM, COUNTED, "garbage collections")      \
	X(GC_PAUSE, "gc_pause_ns", NS, COUNT, AGENT, 10, SUM, YEAR,                                \
		"time that garbage collections stopped it")                                        \
	X(CACHE_HIT, "cache_hit_permille", PERMILLE, GAUGE, AGENT, 10, MEAN, PERMILLE,             \
		"share of look-ups that its cache answered")                                       \
	X(POOL_USE, "pool_use_permille", PERMILLE, GAUGE, AGENT, 10, MAX, MANY,                    \
		"share of its connection pool that is in use")                                     \
	X(DATABASE_CALLS, "database_calls", COUNT, COUNT, AGENT, 10, SUM, COUNTED,                 \
		"calls of its database")                                                           \
	X(DATABASE_TIME, "database_time_ns", NS, COUNT, AGENT, 10, SUM, YEAR,                      \
		"time spent in calls of its database")                                             \
	X(CONVERSATION, "conversation_bytes", BYTES, GAUGE, AGENT, 10, MAX, EXBI,                  \
		"size of stored conversations")                                                    \
	X(EXTERNAL_CALLS, "external_calls", COUNT, COUNT, AGENT, 10, SUM, COUNTED,                 \
		"calls of services outside")                                                       \
	X(EXTERNAL_ERRORS, "external_errors", COUNT, COUNT, AGENT, 10, SUM, COUNTED,               \
		"of these failed")                                                                 \
	X(EXTERNAL_TIME, "external_time_ns", NS, COUNT, AGENT, 10, SUM, YEAR,                      \
		"time spent in calls of services outside")                                         \
	X(SATISFACTION, "satisfaction_permille", PERMILLE, GAUGE, AGENT, 0, MEAN, PERMILLE,        \
		"rating of a task")                                                                \
	X(REQUESTS_RUNNING, "requests_running", COUNT, GAUGE, AGENT, 10, MAX, COUNTED,             \
		"requests it works on")                                                            \
	X(REQUESTS_WAITING, "requests_waiting", COUNT, GAUGE, AGENT, 10, MAX, COUNTED,             \
		"requests that wait inside it")                                                    \
	X(REQUESTS_ENDED, "requests_ended", COUNT, COUNT, AGENT, 10, SUM, COUNTED,                 \
		"requests it finished")                                                            \
	X(PREEMPTIONS, "preemptions", COUNT, COUNT, AGENT, 10, SUM, COUNTED,                       \
		"requests it put off for others")                                                  \
	X(KV_CACHE, "kv_cache_permille", PERMILLE, GAUGE, AGENT, 10, MAX, PERMILLE,                \
		"share of its key-value cache that is in use")                                     \
	X(TOKENS_READ, "tokens_read", COUNT, COUNT, AGENT, 10, SUM, COUNTED, "tokens of prompts")  \
	X(TOKENS_GENERATED, "tokens_generated", COUNT, COUNT, AGENT, 10, SUM, COUNTED,             \
		"tokens generated")                                                                \
	X(TOKEN_FIRST, "token_first_ns", NS, GAUGE, AGENT, 10, MEAN, YEAR,                         \
		"mean time to the first token")                                                    \
	X(TOKEN_NEXT, "token_next_ns", NS, GAUGE, AGENT, 10, MEAN, YEAR,                           \
		"mean time between tokens")                                                        \
	/* what the data plane saw */                                                              \
	X(IN_FLIGHT, "in_flight", COUNT, GAUGE, AGENT, 5, MEAN, COUNTED, "tasks at the agent")     \
	X(ANSWERS, "answers", COUNT, COUNT, AGENT, 10, SUM, COUNTED, "attempts that ended")        \
	X(ERRORS, "errors", COUNT, COUNT, AGENT, 10, SUM, COUNTED, "attempts that failed")         \
	X(SERVICE, "service_ns", NS, GAUGE, AGENT, 0, MEAN, YEAR,                                  \
		"time of an attempt that succeeded")                                               \
	X(FIRST_BYTE, "first_byte_ns", NS, GAUGE, AGENT, 0, MEAN, YEAR,                            \
		"time to the first byte of an answer")                                             \
	X(CONNECTS, "connects", COUNT, COUNT, AGENT, 10, SUM, COUNTED, "connections opened to it") \
	X(CONNECTS_SAVED, "connects_saved", COUNT, COUNT, AGENT, 10, SUM, COUNTED,                 \
		"requests on a connection that was open already")                                  \
	X(CONNECT_FAILURES, "connect_failures", COUNT, COUNT, AGENT, 10, SUM, COUNTED,             \
		"connections that could not be opened")                                            \
	X(CONNECT_TIME, "connect_ns", NS, GAUGE, AGENT, 0, MEAN, YEAR,                             \
		"time to open a connection")                                                       \
	X(BYTES_IN, "bytes_in", BYTES, RATE, AGENT, 10, MEAN, EXBI, "bytes of its answers")        \
	X(BYTES_OUT, "bytes_out", BYTES, RATE, AGENT, 10, MEAN, EXBI, "bytes of requests to it")

/* One pool: its queue and its capacity. */
#define BAL_SIGNAL_POOL_MAP(X)                                                                     \
	X(QUEUE_DEPTH, "queue_depth", COUNT, GAUGE, POOL, 5, MEAN, COUNTED, "tasks that wait")     \
	X(AGENTS_READY, "agents_ready", COUNT, GAUGE, POOL, 10, MEAN, COUNTED,                     \
		"agents that are ready")                                                           \
	X(SLOTS_READY, "slots_ready", COUNT, GAUGE, POOL, 10, MEAN, COUNTED,                       \
		"slots of agents that are ready")                                                  \
	X(SLOTS_BUSY, "slots_busy", COUNT, GAUGE, POOL, 5, MEAN, COUNTED, "slots that are taken")  \
	X(LOAD, "load_permille", PERMILLE, GAUGE, POOL, 5, MEAN, MANY,                             \
		"running and waiting tasks, of its slots")

/* One kind of task. */
#define BAL_SIGNAL_KIND_MAP(X)                                                                     \
	X(ARRIVALS, "arrivals", COUNT, COUNT, KIND, 10, SUM, COUNTED, "tasks that came")           \
	X(REFUSALS, "refusals", COUNT, COUNT, KIND, 10, SUM, COUNTED,                              \
		"tasks that were refused at the door")                                             \
	X(COMPLETIONS, "completions", COUNT, COUNT, KIND, 10, SUM, COUNTED,                        \
		"tasks that succeeded")                                                            \
	X(FAILURES, "failures", COUNT, COUNT, KIND, 10, SUM, COUNTED,                              \
		"tasks that ended without success")                                                \
	X(RETRIES, "retries", COUNT, COUNT, KIND, 10, SUM, COUNTED, "attempts after the first")    \
	X(WAIT, "wait_ns", NS, GAUGE, KIND, 0, MEAN, YEAR,                                         \
		"time a task waited until it was dispatched")                                      \
	X(TASK_SERVICE, "task_service_ns", NS, GAUGE, KIND, 0, MEAN, YEAR,                         \
		"time of the attempt that succeeded")                                              \
	X(TASK_FIRST_BYTE, "task_first_byte_ns", NS, GAUGE, KIND, 0, MEAN, YEAR,                   \
		"time from submission to the first byte of the answer")                            \
	X(SLOWDOWN, "slowdown_permille", PERMILLE, GAUGE, KIND, 0, MEAN, COUNTED,                  \
		"wait and service, of service alone")                                              \
	X(TASK_SATISFACTION, "task_satisfaction_permille", PERMILLE, GAUGE, KIND, 0, MEAN,         \
		PERMILLE, "rating of a task")

/* The machine that ballast runs on. */
#define BAL_SIGNAL_HOST_MAP(X)                                                                     \
	X(HOST_CPU, "host_cpu_permille", PERMILLE, GAUGE, HOST, 5, MEAN, PERMILLE,                 \
		"processor time, of all cores")                                                    \
	X(HOST_STOLEN, "host_stolen_permille", PERMILLE, GAUGE, HOST, 5, MEAN, PERMILLE,           \
		"processor time that other guests of the machine took")                            \
	X(HOST_LOAD, "host_load_permille", PERMILLE, GAUGE, HOST, 10, MEAN, COUNTED,               \
		"load average of a minute, in thousandths")                                        \
	X(HOST_RUNNABLE, "host_runnable", COUNT, GAUGE, HOST, 10, MEAN, COUNTED,                   \
		"threads that run or want to")                                                     \
	X(HOST_BLOCKED, "host_blocked", COUNT, GAUGE, HOST, 10, MEAN, COUNTED,                     \
		"threads that wait for disks")                                                     \
	X(HOST_SWITCHES, "host_switches", COUNT, RATE, HOST, 10, MEAN, COUNTED,                    \
		"context switches")                                                                \
	X(HOST_THROTTLES, "host_thermal_throttles", COUNT, COUNT, HOST, 10, SUM, COUNTED,          \
		"times that cores or packages slowed down for heat")                               \
	X(HOST_PRESSURE_CPU, "host_pressure_cpu_permille", PERMILLE, GAUGE, HOST, 5, MEAN,         \
		PERMILLE, "share of time in which something waited for a processor")               \
	X(HOST_PRESSURE_MEMORY, "host_pressure_memory_permille", PERMILLE, GAUGE, HOST, 10, MEAN,  \
		PERMILLE, "share of time in which something waited for memory")                    \
	X(HOST_PRESSURE_IO, "host_pressure_io_permille", PERMILLE, GAUGE, HOST, 10, MEAN,          \
		PERMILLE, "share of time in which something waited for storage")                   \
	X(HOST_STALL_MEMORY, "host_stall_memory_permille", PERMILLE, GAUGE, HOST, 10, MEAN,        \
		PERMILLE, "share of time in which everything waited for memory")                   \
	X(HOST_STALL_IO, "host_stall_io_permille", PERMILLE, GAUGE, HOST, 10, MEAN, PERMILLE,      \
		"share of time in which everything waited for storage")                            \
	X(HOST_MEMORY, "host_memory_permille", PERMILLE, GAUGE, HOST, 10, MAX, PERMILLE,           \
		"memory in use, without what can be freed at once")                                \
	X(HOST_MEMORY_AVAILABLE, "host_memory_available_bytes", BYTES, GAUGE, HOST, 10, MEAN,      \
		EXBI, "memory that can be had without swapping")                                   \
	X(HOST_SWAP, "host_swap_bytes", BYTES, GAUGE, HOST, 10, MAX, EXBI, "swap space in use")    \
	X(HOST_SWAP_IN, "host_swap_in_bytes", BYTES, RATE, HOST, 10, MEAN, EXBI,                   \
		"bytes swapped in")                                                                \
	X(HOST_SWAP_OUT, "host_swap_out_bytes", BYTES, RATE, HOST, 10, MEAN, EXBI,                 \
		"bytes swapped out")                                                               \
	X(HOST_OOM_KILLS, "host_oom_kills", COUNT, COUNT, HOST, 10, SUM, COUNTED,                  \
		"processes that the kernel ended for want of memory")                              \
	X(HOST_FRAGMENTATION, "host_fragmentation_permille", PERMILLE, GAUGE, HOST, 10, MEAN,      \
		PERMILLE, "free memory that lies in pieces below 2 MiB")                           \
	X(HOST_READ_BYTES, "host_read_bytes", BYTES, RATE, HOST, 10, MEAN, EXBI,                   \
		"bytes read from disks")                                                           \
	X(HOST_WRITE_BYTES, "host_write_bytes", BYTES, RATE, HOST, 10, MEAN, EXBI,                 \
		"bytes written to disks")                                                          \
	X(HOST_READS, "host_reads", COUNT, RATE, HOST, 10, MEAN, COUNTED,                          \
		"read operations of disks")                                                        \
	X(HOST_WRITES, "host_writes", COUNT, RATE, HOST, 10, MEAN, COUNTED,                        \
		"write operations of disks")                                                       \
	X(HOST_MERGED, "host_merged_permille", PERMILLE, GAUGE, HOST, 10, MEAN, PERMILLE,          \
		"operations that continued the one before")                                        \
	X(HOST_READ_LATENCY, "host_read_latency_ns", NS, GAUGE, HOST, 10, MEAN, YEAR,              \
		"mean time of a read operation")                                                   \
	X(HOST_WRITE_LATENCY, "host_write_latency_ns", NS, GAUGE, HOST, 10, MEAN, YEAR,            \
		"mean time of a write operation")                                                  \
	X(HOST_DISK_BUSY, "host_disk_busy_permille", PERMILLE, GAUGE, HOST, 10, MAX, PERMILLE,     \
		"share of time in which the busiest disk worked")                                  \
	X(HOST_RECEIVED_BYTES, "host_received_bytes", BYTES, RATE, HOST, 10, MEAN, EXBI,           \
		"bytes received, without loopback")                                                \
	X(HOST_SENT_BYTES, "host_sent_bytes", BYTES, RATE, HOST, 10, MEAN, EXBI,                   \
		"bytes sent, without loopback")                                                    \
	X(HOST_NETWORK_ERRORS, "host_network_errors", COUNT, COUNT, HOST, 10, SUM, COUNTED,        \
		"packets with errors")                                                             \
	X(HOST_NETWORK_DROPS, "host_network_drops", COUNT, COUNT, HOST, 10, SUM, COUNTED,          \
		"packets dropped")                                                                 \
	X(HOST_SEGMENTS, "host_segments_sent", COUNT, COUNT, HOST, 10, SUM, COUNTED,               \
		"TCP segments sent")                                                               \
	X(HOST_RETRANSMITS, "host_retransmits", COUNT, COUNT, HOST, 10, SUM, COUNTED,              \
		"TCP segments sent again")                                                         \
	X(HOST_TIMEOUTS, "host_tcp_timeouts", COUNT, COUNT, HOST, 10, SUM, COUNTED,                \
		"times that TCP waited in vain for an acknowledgement")                            \
	X(HOST_LISTEN_DROPS, "host_listen_drops", COUNT, COUNT, HOST, 10, SUM, COUNTED,            \
		"connections that a listener had no room for")                                     \
	X(HOST_CONNECTS, "host_connects", COUNT, COUNT, HOST, 10, SUM, COUNTED,                    \
		"connections opened from here")                                                    \
	X(HOST_CONNECT_FAILURES, "host_connect_failures", COUNT, COUNT, HOST, 10, SUM, COUNTED,    \
		"connections that could not be opened")                                            \
	X(HOST_RESETS, "host_resets", COUNT, COUNT, HOST, 10, SUM, COUNTED,                        \
		"established connections that were cut off")                                       \
	X(HOST_CONNECTIONS, "host_connections", COUNT, GAUGE, HOST, 10, MAX, COUNTED,              \
		"established connections")                                                         \
	X(HOST_CONNECTIONS_OPENING, "host_connections_opening", COUNT, GAUGE, HOST, 10, MAX,       \
		COUNTED, "connections that are being opened")                                      \
	X(HOST_CONNECTIONS_CLOSING, "host_connections_closing", COUNT, GAUGE, HOST, 10, MAX,       \
		COUNTED, "connections that are being closed")                                      \
	X(HOST_CONNECTIONS_WAITING, "host_connections_waiting", COUNT, GAUGE, HOST, 10, MAX,       \
		COUNTED, "closed connections whose port is kept (TIME_WAIT)")                      \
	X(HOST_GPU, "host_gpu_permille", PERMILLE, GAUGE, HOST, 10, MEAN, PERMILLE,                \
		"mean use of the GPUs")                                                            \
	X(HOST_GPU_MEMORY, "host_gpu_memory_permille", PERMILLE, GAUGE, HOST, 10, MAX, PERMILLE,   \
		"memory in use of the fullest GPU")                                                \
	X(HOST_GPU_TEMPERATURE, "host_gpu_celsius", CELSIUS, GAUGE, HOST, 10, MAX, HOT,            \
		"temperature of the hottest GPU")                                                  \
	X(HOST_GPU_POWER, "host_gpu_milliwatts", MILLIWATTS, GAUGE, HOST, 10, MEAN, COUNTED,       \
		"power that the GPUs draw together")

/* Ballast's own store and the filesystem it lies on. */
#define BAL_SIGNAL_STORE_MAP(X)                                                                    \
	X(STORE_BYTES, "store_bytes", BYTES, GAUGE, STORE, 10, MAX, EXBI,                          \
		"size of the data directory")                                                      \
	X(STORE_FILL, "store_fill_permille", PERMILLE, GAUGE, STORE, 10, MAX, PERMILLE,            \
		"share of its filesystem that is in use")                                          \
	X(STORE_FREE, "store_free_bytes", BYTES, GAUGE, STORE, 10, MEAN, EXBI,                     \
		"bytes that are free on its filesystem")                                           \
	X(STORE_INODES, "store_inodes_permille", PERMILLE, GAUGE, STORE, 10, MAX, PERMILLE,        \
		"share of its filesystem's inodes that is in use")                                 \
	X(STORE_COMMIT, "store_commit_ns", NS, GAUGE, STORE, 0, MEAN, YEAR, "time of a commit")    \
	X(STORE_FSYNC, "store_fsync_ns", NS, GAUGE, STORE, 0, MEAN, YEAR,                          \
		"time of a flush to disk")                                                         \
	X(STORE_QUERY, "store_query_ns", NS, GAUGE, STORE, 0, MEAN, YEAR, "time of a read")        \
	X(STORE_SIZE, "store_size_bytes", BYTES, GAUGE, STORE, 10, MAX, EXBI,                      \
		"size of its filesystem, without what is reserved for root")
/* clang-format on */

#define BAL_SIGNAL_MAP(X)                                                                          \
	BAL_SIGNAL_AGENT_MAP(X)                                                                    \
	BAL_SIGNAL_POOL_MAP(X)                                                                     \
	BAL_SIGNAL_KIND_MAP(X)                                                                     \
	BAL_SIGNAL_HOST_MAP(X)                                                                     \
	BAL_SIGNAL_STORE_MAP(X)

#define BAL_UNIT_MAP(X)                                                                            \
	X(PERMILLE, "permille")                                                                    \
	X(MILLICORES, "millicores")                                                                \
	X(MIB, "mib")                                                                              \
	X(BYTES, "bytes")                                                                          \
	X(NS, "ns")                                                                                \
	X(COUNT, "count")                                                                          \
	X(CELSIUS, "celsius")                                                                      \
	X(MILLIWATTS, "milliwatts")

#define BAL_FORM_MAP(X)                                                                            \
	X(GAUGE, "gauge")                                                                          \
	X(RATE, "rate")                                                                            \
	X(COUNT, "count")

#define BAL_AGGREGATE_MAP(X)                                                                       \
	X(MEAN, "mean")                                                                            \
	X(MAX, "max")                                                                              \
	X(SUM, "sum")

/* What a measured value is about; the id says which one. */
#define BAL_SUBJECT_MAP(X)                                                                         \
	X(AGENT, "agent") /* by its id */                                                          \
	X(POOL, "pool")   /* by its number */                                                      \
	X(KIND, "kind")   /* likewise */                                                           \
	X(HOST, "host")   /* this machine: 0 */                                                    \
	X(STORE, "store") /* ballast's own: 0 */

/* Signals of agents come first, and of these those that decisions look at. */
enum bal_signal {
#define X(name, text, unit, form, subject, cadence, aggregate, most, help) BAL_SIGNAL_##name,
	BAL_SIGNAL_MAP(X)
#undef X
		BAL_SIGNAL_COUNT,
	BAL_SIGNAL_DECISION_COUNT = BAL_SIGNAL_CPU_MILLIS,
	BAL_SIGNAL_AGENT_COUNT = BAL_SIGNAL_QUEUE_DEPTH
};

enum bal_subject {
#define X(name, text) BAL_SUBJECT_##name,
	BAL_SUBJECT_MAP(X)
#undef X
		BAL_SUBJECT_COUNT
};

enum bal_unit {
#define X(name, text) BAL_UNIT_##name,
	BAL_UNIT_MAP(X)
#undef X
		BAL_UNIT_TYPES
};

enum bal_form {
#define X(name, text) BAL_FORM_##name,
	BAL_FORM_MAP(X)
#undef X
		BAL_FORM_TYPES
};

enum bal_aggregate {
#define X(name, text) BAL_AGGREGATE_##name,
	BAL_AGGREGATE_MAP(X)
#undef X
		BAL_AGGREGATE_TYPES
};

/* A row of the table; of a signal that is none all is zero and texts are "?". */
struct bal_signal_form {
	const char *text;
	const char *help;
	enum bal_unit unit;
	enum bal_form form;
	enum bal_subject subject;
	enum bal_aggregate aggregate;
	uint32_t cadence_s; /* 0: one sample for each thing that happens */
	int64_t most;       /* the largest value that can be real */
};

/* The row of a signal; texts are static. */
struct bal_signal_form bal_signal_form(enum bal_signal signal);

/* Texts of the tables above; "?" outside their range. */
const char *bal_signal_name(enum bal_signal signal);
const char *bal_subject_name(enum bal_subject subject);
const char *bal_unit_name(enum bal_unit unit);
const char *bal_form_name(enum bal_form form);
const char *bal_aggregate_name(enum bal_aggregate aggregate);

#endif
