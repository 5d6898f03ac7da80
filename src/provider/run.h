/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_RUN_H
#define BAL_PROVIDER_RUN_H

#include "provider/identity.h"
#include "provider/spec.h"
#include "sample/proc.h"

/*
 * One command, from its start to its end, as seen by the daemon: a handle on one run directory. The
 * directory is the truth; a handle can be made from it at any time, also by another daemon.
 *
 *   spec      what to run; the launcher claims it by renaming it to `claimed` (and holds a lock on
 *             it while it lives), an adopting daemon voids it by renaming it to `void`: one wins
 *   child     who runs: pid, start time, boot; written before the command executes anything
 *   stdout, stderr, stdin (if the owner put one there), checkpoint (named by BALLAST_CHECKPOINT)
 *   ending    somebody asked for the end
 *   status    how it ended; written and fsynced by the launcher
 *
 * Nothing here waits. Time is the caller's, from any monotonic clock, always the same one.
 */

#define RUN_NAME_SIZE_MAX 129 /* [A-Za-z0-9._-]{1,128} and the terminator */
#define RUN_PATH_SIZE_MAX 512
#define RUN_TEXT_SIZE_MAX 256
#define RUN_NEVER_NS      INT64_MAX

enum run_state {
	RUN_STARTING, /* ordered; the command does not execute yet */
	RUN_RUNNING,
	RUN_EXITED, /* it ended: code or signal */
	RUN_FAILED, /* it could not be started: `text` says why and what to do */
	RUN_LOST    /* nobody knows how it ended */
};

struct run_result {
	int code;                  /* exit code, or -1 when a signal ended it */
	int signal;                /* or 0 */
	bool asked;                /* run_end was called before it ended */
	bool oom;                  /* the kernel ended something in its group for want of memory */
	bool never_started;        /* FAILED, LOST: for certain no instruction of it was executed */
	int64_t cpu_ns;            /* of it and its waited-for children; -1 = not known */
	int64_t memory_peak_bytes; /* of its largest process; -1 = not known */
	int64_t ended_at_real_ns;  /* wall clock; 0 = not known */
	char text[RUN_TEXT_SIZE_MAX]; /* one sentence for FAILED and LOST, "" otherwise */
};

struct run {
	char path[RUN_PATH_SIZE_MAX]; /* the run directory */
	enum run_state state;
	struct run_result result; /* filled when state is EXITED, FAILED or LOST */
	struct cgroup group;
	int64_t grace_ns;
	int64_t kill_at_ns;  /* RUN_NEVER_NS unless the end was asked for */
	int64_t check_at_ns; /* when to look again although no descriptor spoke */
	pid_t launcher;
	int launcher_fd;       /* pidfd, or -1 */
	int child_fd;          /* pidfd of a child whose launcher is gone, or -1 */
	int report_fd;         /* pipe: the launcher says that the command executes, or -1 */
	struct identity child; /* pid 0 until the record was read */
	bool launcher_ours;    /* our child, to be waited for */
	bool refused;          /* the launcher reported that the command does not execute */
	bool asked;
	bool signalled; /* TERM went out */
};

/* Makes the directory `parent`/`name`, mode 0700. EEXIST is reported as false with *exists true:
 * the order was given before. The owner may now put `stdin` there. */
bool run_create(struct run *run, const char *parent, const char *name, bool *exists, char *message,
	size_t message_size);

/* Writes the spec and starts the launcher, `program` (usually "/proc/self/exe") with --launch. The
 * group of the spec must exist (group.h). True: state is RUN_STARTING. False, with a sentence:
 * nothing runs, the directory is as before. */
bool run_start(struct run *run, const struct spec *spec, const char *program, char *message,
	size_t message_size);

/* Makes a handle from a directory that an earlier daemon left, whatever the state it is in, and
 * looks (run_check). A run that was ordered but not claimed is void from now on: LOST with
 * never_started. False: not a run directory. */
bool run_adopt(struct run *run, const char *parent, const char *name, int64_t now_ns);

/* Reads the note of the spec into `note` (terminated, cut at note_size). False when unreadable. */
bool run_note(const struct run *run, char *note, size_t note_size);

/* Looks at what happened and brings `state` up to date; sends what is due (TERM, KILL). To be
 * called when run_fd is readable or run_deadline_ns passed. True when the state changed. */
bool run_check(struct run *run, int64_t now_ns);

/* Whether the command executes at this very instant: false as soon as its process has ended, while
 * the launcher still settles things and `state` is RUNNING. */
bool run_alive(const struct run *run);

/* The descriptor that becomes readable when run_check has something to see; -1 when none is needed
 * or the kernel has no pidfd (then the deadline is near). It changes only inside run_start,
 * run_adopt and run_check, and is closed there: the host asks again after each. */
int run_fd(const struct run *run);

/* When run_check wants to be called at the latest; RUN_NEVER_NS = only by the descriptor. */
int64_t run_deadline_ns(const struct run *run);

/* Asks the command to end: TERM to all its processes, KILL after the grace. Again is harmless. */
void run_end(struct run *run, int64_t now_ns);

/* KILL at once. */
void run_kill(struct run *run, int64_t now_ns);

/* SIGUSR1 to those of its processes that handle it (others would die of it). Returns how many were
 * reached; 0 = the command does not know of draining and is simply waited for. */
int run_drain(const struct run *run);

/* What it uses: those values in `wanted` (bits of sample.h) that its control group knows, and of
 * the others what the processes of the group tell; without a group, those of its tree in `table`
 * (NULL: then absent). Connections come by way of `sockets` (likewise). */
void run_sample(const struct run *run, const struct proc_table *table, struct socket_table *sockets,
	uint64_t wanted, int64_t now_ns, struct sample *sample);

enum run_output { RUN_STDOUT, RUN_STDERR, RUN_CHECKPOINT };

/* Bytes written so far; -1 when there is no such file. */
int64_t run_output_size(const struct run *run, enum run_output output);

/* Reads up to `size` bytes at `offset` into data; returns the bytes, 0 at the end, -1 on failure.
 * For `logs -f`: keep the offset and call again. */
int64_t run_output_read(
	const struct run *run, enum run_output output, int64_t offset, void *data, size_t size);

/* Where to begin so that at most `size` bytes follow and a line begins there. */
int64_t run_output_tail(const struct run *run, enum run_output output, int64_t size);

/* Gives the disk blocks before the last `keep` bytes back; offsets stay as they are and the freed
 * part reads as zeros. False where the file system cannot. For agents that log for months. */
bool run_output_trim(const struct run *run, enum run_output output, int64_t keep);

/* Removes directory and group. Only when the state is EXITED, FAILED or LOST, or nothing was
 * started. False: something is still there; try again later. */
bool run_remove(struct run *run);

/* Closes the descriptors; the command goes on. The handle is empty afterwards. */
void run_close(struct run *run);

#endif
