/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: one process that waits. It claims the run by renaming its spec while it holds a lock on it
 * (an adopting daemon that comes in between renames it first, and nothing starts), forks a child
 * that stands at a gate, records who the child is, opens the gate. The child that finds the gate
 * closed for ever, because the launcher died, executes nothing. So there is never a command that is
 * not on record, and never two.
 *
 * Orphans of the command fall to the launcher (it is their subreaper), so what left the group and
 * the session is still found when the command ends, with or without control groups.
 *
 * All signals but KILL are blocked: the end of a run is asked of the command, never of the
 * launcher. No threads, no heap, no stdio: it waits for hours and should cost little.
 */
#include "provider/launcher.h"

#include "provider/affinity.h"
#include "provider/group.h"
#include "provider/identity.h"
#include "provider/run.h"
#include "provider/runfile.h"
#include "sample/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REPORT_FD      3 /* from the daemon: a byte is written when the command executes */
#define FD_COUNT_MAX   65536
#define FILES_DEFAULT  1024
#define PATH_DEFAULT   "/usr/local/bin:/usr/bin:/bin"
#define PROGRAM_SIZE   4096
#define STATUS_SIZE    2048
#define SWEEP_STEP_NS  (5 * 1000000)
#define SWEEP_STEPS    1000 /* 5 s: what hangs in the kernel longer is left to it */
#define CHILDREN_COUNT 512

enum stage {
	STAGE_NONE,
	STAGE_SPEC,
	STAGE_OUTPUT,
	STAGE_INPUT,
	STAGE_FORK,
	STAGE_RECORD,
	STAGE_GROUP,
	STAGE_AFFINITY,
	STAGE_LIMITS,
	STAGE_USER,
	STAGE_DIRECTORY,
	STAGE_EXECUTE
};

/* What the child reports when it could not execute; nothing at all when it could. */
struct fault {
	int stage; /* enum stage */
	int error;
};

struct launch {
	int directory_fd;
	int claim_fd;
	int output_fd;
	int error_fd;
	int gate[2];   /* parent to child: go */
	int faults[2]; /* child to parent: closed by exec */
	pid_t child;
	struct spec spec;
};

/* Static, so that what is not used is not even touched. */
static char spec_text[SPEC_SIZE_MAX];
static struct launch launch;

static void close_others(int first)
{
	if (close_range((unsigned)first, ~0u, 0) == 0)
		return;
	for (int fd = first; fd < FD_COUNT_MAX; fd++) /* Before Linux 5.9. */
		close(fd);
}

/* Leaves the daemon's session and everything that came with it. */
static void detach(void)
{
	sigset_t all;
	close_others(REPORT_FD + 1);
	(void)fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
	(void)setsid();
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)prctl(PR_SET_NAME, "bal-launch"); /* So that `pkill ballast` does not mean us. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	umask(077);
}

static bool claim_run(struct launch *state)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	state->claim_fd = openat(state->directory_fd, "spec", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return state->claim_fd >= 0 && fcntl(state->claim_fd, F_SETLK, &lock) == 0 &&
	       renameat(state->directory_fd, "spec", state->directory_fd, "claimed") == 0;
}

/* Through the locked descriptor: closing another one of the same file would drop the lock. */
static bool read_spec(struct launch *state)
{
	size_t used = 0;
	ssize_t got = 1;
	while (got > 0 && used < sizeof spec_text) {
		got = read(state->claim_fd, spec_text + used, sizeof spec_text - used);
		used += got > 0 ? (size_t)got : 0;
	}
	return got == 0 && spec_decode(&state->spec, spec_text, used);
}

static int64_t real_now_ns(void)
{
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool save_status(const struct launch *state, struct runfile_writer *writer)
{
	size_t size = runfile_finish(writer);
	return size > 0 && runfile_save(state->directory_fd, "status", writer->data, size, true);
}

static const char *find_variable(const struct spec *spec, const char *name)
{
	size_t size = strlen(name);
	for (size_t index = 0; spec->environment[index] != NULL; index++) {
		const char *variable = spec->environment[index];
		if (strncmp(variable, name, size) == 0 && variable[size] == '=')
			return variable + size + 1;
	}
	return NULL;
}

static const char *search_path(const struct spec *spec)
{
	const char *path = find_variable(spec, "PATH");
	return path == NULL || *path == '\0' ? PATH_DEFAULT : path;
}

static void explain_execute(const struct spec *spec, int error, char *text, size_t size)
{
	const char *program = spec->arguments[0];
	bool searched = strchr(program, '/') == NULL;
	if (error == ENOENT && searched)
		snprintf(text, size,
			"command not found: %.80s is not in PATH (%.100s); install it or give its "
			"full path",
			program, search_path(spec));
	else if (error == ENOENT && access(program, F_OK) == 0)
		snprintf(text, size,
			"cannot execute %.150s: the interpreter in its #! line does not exist",
			program);
	else if (error == ENOENT)
		snprintf(text, size, "command not found: %.150s does not exist", program);
	else if (error == EACCES)
		snprintf(text, size,
			"cannot execute %.150s: it is not executable for this user (chmod +x)",
			program);
	else if (error == ENOEXEC)
		snprintf(text, size,
			"cannot execute %.120s: neither a program nor a script with a #! line",
			program);
	else
		snprintf(text, size, "cannot execute %.150s: %s", program, strerror(error));
}

static void explain_fault(const struct launch *state, struct fault fault, char *text, size_t size)
{
	static const char *const words[] = {
		[STAGE_NONE] = "nothing failed",
		[STAGE_SPEC] = "the spec in the run directory is damaged",
		[STAGE_OUTPUT] = "cannot make the output files in the run directory",
		[STAGE_INPUT] = "cannot open the file for standard input",
		[STAGE_FORK] = "cannot make a process (limit of processes or memory?)",
		[STAGE_RECORD] = "cannot record the process in the run directory",
		[STAGE_GROUP] = "cannot join the control group",
		[STAGE_AFFINITY] = "cannot bind it to the processors of its affinity",
		[STAGE_LIMITS] = "cannot set the limit of open files",
		[STAGE_USER] = "cannot change to the user and group of the pool",
		[STAGE_DIRECTORY] = "cannot enter the working directory",
		[STAGE_EXECUTE] = "cannot execute",
	};
	if (fault.stage == STAGE_EXECUTE)
		explain_execute(&state->spec, fault.error, text, size);
	else if (fault.stage == STAGE_DIRECTORY)
		snprintf(text, size, "cannot enter the working directory %.150s: %s",
			state->spec.directory, strerror(fault.error));
	else
		snprintf(text, size, "%s: %s", words[fault.stage], strerror(fault.error));
}

static int save_failure(const struct launch *state, struct fault fault)
{
	char data[STATUS_SIZE];
	char text[RUN_TEXT_SIZE_MAX];
	struct runfile_writer writer;
	explain_fault(state, fault, text, sizeof text);
	runfile_writer_init(&writer, data, sizeof data);
	runfile_put_text(&writer, "state", "failed");
	runfile_put_text(&writer, "text", text);
	runfile_put_number(&writer, "ended_at_real_ns", real_now_ns());
	return save_status(state, &writer) ? 0 : 1;
}

static bool open_outputs(struct launch *state)
{
	const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
	state->output_fd = openat(state->directory_fd, "stdout", flags, 0600);
	state->error_fd = openat(state->directory_fd, "stderr", flags, 0600);
	return state->output_fd >= 0 && state->error_fd >= 0;
}

static int open_input(const struct launch *state)
{
	if (state->spec.input_path != NULL)
		return open(state->spec.input_path, O_RDONLY | O_CLOEXEC);
	int fd = openat(state->directory_fd, "stdin", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd;
}

/* No core files of agents in the working directory; open files as the spec says, and otherwise the
 * customary 1024 of which select() is safe, whatever the daemon raised its own limit to. */
static bool set_affinity(const char *text)
{
	cpu_set_t processors;

	if (text == NULL)
		return true;
	return affinity_read(text, &processors) && affinity_bind(&processors);
}

static bool set_limits(const struct spec_limits *limits)
{
	struct rlimit none = {0, 0};
	struct rlimit files;
	if (setrlimit(RLIMIT_CORE, &none) != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0)
		return false;
	rlim_t wanted = limits->files > 0 ? (rlim_t)limits->files : FILES_DEFAULT;
	if (wanted > files.rlim_max)
		wanted = files.rlim_max;
	files.rlim_cur = wanted;
	if (limits->files > 0)
		files.rlim_max = wanted;
	return setrlimit(RLIMIT_NOFILE, &files) == 0;
}

static bool change_user(const struct spec *spec)
{
	if (spec->gid >= 0 && (setgroups(0, NULL) != 0 || setgid((gid_t)spec->gid) != 0))
		return false;
	if (spec->uid >= 0 && setuid((uid_t)spec->uid) != 0)
		return false;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* Like execvpe, but without its fallback to a shell, and with the PATH of the command. Returns only
 * on failure, with errno of the most telling attempt. */
static void execute(const struct spec *spec)
{
	char *const *arguments = (char *const *)(uintptr_t)spec->arguments;
	char *const *environment = (char *const *)(uintptr_t)spec->environment;
	const char *program = spec->arguments[0];
	int error = ENOENT;
	if (strchr(program, '/') != NULL) {
		execve(program, arguments, environment);
		return;
	}
	const char *at = search_path(spec);
	while (true) {
		char candidate[PROGRAM_SIZE];
		size_t size = strcspn(at, ":");
		int length =
			snprintf(candidate, sizeof candidate, "%.*s/%s", (int)size, at, program);
		if (size > 0 && length > 0 && (size_t)length < sizeof candidate) {
			execve(candidate, arguments, environment);
			error = errno == ENOENT || errno == ENOTDIR ? error : errno;
		}
		if (at[size] == '\0')
			break;
		at += size + 1;
	}
	errno = error;
}

static enum stage prepare_child(struct launch *state)
{
	int input_fd = open_input(state);
	if (input_fd < 0 || dup2(input_fd, STDIN_FILENO) < 0)
		return STAGE_INPUT;
	if (dup2(state->output_fd, STDOUT_FILENO) < 0 || dup2(state->error_fd, STDERR_FILENO) < 0)
		return STAGE_OUTPUT;
	if (!group_join(&state->spec.group))
		return STAGE_GROUP;
	if (!set_affinity(state->spec.affinity))
		return STAGE_AFFINITY;
	if (!set_limits(&state->spec.limits))
		return STAGE_LIMITS;
	if (!change_user(&state->spec))
		return STAGE_USER;
	/* After the change of user: a directory that only the daemon may enter is none for it. */
	if (chdir(state->spec.directory) != 0)
		return STAGE_DIRECTORY;
	umask(022);
	sigset_t none;
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execute(&state->spec);
	return STAGE_EXECUTE;
}

static _Noreturn void run_child(struct launch *state)
{
	char go = 0;
	close(state->gate[1]);
	if (read(state->gate[0], &go, 1) != 1)
		_exit(127); /* The launcher died: nobody knows of us, so we do nothing. */
	struct fault fault = {.stage = (int)prepare_child(state), .error = errno};
	if (write(state->faults[1], &fault, sizeof fault) != (ssize_t)sizeof fault)
		_exit(126);
	_exit(127);
}

static bool save_child(const struct launch *state)
{
	char data[STATUS_SIZE];
	struct identity child;
	struct runfile_writer writer;
	if (!identity_of(state->child, &child))
		return false;
	runfile_writer_init(&writer, data, sizeof data);
	runfile_put_number(&writer, "pid", child.pid);
	runfile_put_number(&writer, "start_ticks", (int64_t)child.start_ticks);
	runfile_put_text(&writer, "boot", child.boot);
	size_t size = runfile_finish(&writer);
	/* Not durable on purpose: it is worth nothing after this boot. */
	return size > 0 && runfile_save(state->directory_fd, "child", data, size, false);
}

/* Reads the child's report; stage NONE = it executes the command. */
static struct fault read_fault(const struct launch *state)
{
	struct fault fault = {.stage = STAGE_NONE};
	ssize_t got = 0;
	do {
		got = read(state->faults[0], &fault, sizeof fault);
	} while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof fault)
		return (struct fault){.stage = STAGE_NONE};
	if (fault.stage <= STAGE_NONE || fault.stage > STAGE_EXECUTE)
		fault.stage = STAGE_EXECUTE;
	return fault;
}

/* Starts the command. Stage NONE: it runs. Otherwise nothing is left of it. */
static struct fault start_command(struct launch *state)
{
	if (!open_outputs(state))
		return (struct fault){.stage = STAGE_OUTPUT, .error = errno};
	if (pipe2(state->gate, O_CLOEXEC) != 0 || pipe2(state->faults, O_CLOEXEC) != 0)
		return (struct fault){.stage = STAGE_FORK, .error = errno};
	state->child = fork();
	if (state->child == 0) {
		(void)setsid();
		run_child(state);
	}
	if (state->child < 0)
		return (struct fault){.stage = STAGE_FORK, .error = errno};
	close(state->gate[0]);
	close(state->faults[1]);
	struct fault fault = {.stage = STAGE_NONE};
	if (!save_child(state))
		fault = (struct fault){.stage = STAGE_RECORD, .error = errno};
	else if (write(state->gate[1], "g", 1) == 1)
		fault = read_fault(state);
	close(state->gate[1]);
	close(state->faults[0]);
	if (fault.stage != STAGE_NONE)
		(void)waitpid(state->child, NULL, 0);
	return fault;
}

/* Waits for the command and leaves it a zombie: its number, and the number of its group, stay taken
 * until everything is settled. Orphans that end earlier are reaped. */
static bool wait_command(const struct launch *state, siginfo_t *info, struct rusage *usage)
{
	while (true) {
		memset(info, 0, sizeof *info);
		if (waitid(P_ALL, 0, info, WEXITED | WNOWAIT) != 0) {
			if (errno == EINTR)
				continue;
			return false;
		}
		if (info->si_pid == state->child)
			break;
		(void)waitpid(info->si_pid, NULL, 0);
	}
	/* The C library hides the fifth argument, the resources used. */
	memset(usage, 0, sizeof *usage);
	return syscall(SYS_waitid, P_PID, state->child, info, WEXITED | WNOWAIT, usage) == 0;
}

static int save_end(const struct launch *state, const siginfo_t *info, const struct rusage *usage)
{
	char data[STATUS_SIZE];
	struct runfile_writer writer;
	bool exited = info->si_code == CLD_EXITED;
	int64_t cpu_us = ((int64_t)usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 +
			 usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
	runfile_writer_init(&writer, data, sizeof data);
	runfile_put_text(&writer, "state", "exited");
	runfile_put_number(&writer, "code", exited ? info->si_status : -1);
	runfile_put_number(&writer, "signal", exited ? 0 : info->si_status);
	runfile_put_number(&writer, "oom", group_oom_kills(&state->spec.group) > 0);
	runfile_put_number(&writer, "cpu_ns", cpu_us * 1000);
	runfile_put_number(&writer, "memory_peak_bytes", (int64_t)usage->ru_maxrss * 1024);
	runfile_put_number(&writer, "ended_at_real_ns", real_now_ns());
	/* A status on disk vouches for the output that goes with it. */
	if (fdatasync(state->output_fd) != 0)
		return 1;
	return save_status(state, &writer) ? 0 : 1;
}

/* Ends what the command left behind: its group, its control group, and its orphans, who are our
 * children by now and whose numbers therefore stay theirs until we reap them. */
static void sweep(const struct launch *state)
{
	const struct timespec pause = {.tv_nsec = SWEEP_STEP_NS};
	pid_t pids[CHILDREN_COUNT];
	pid_t inside[1];
	(void)kill(-state->child, SIGKILL);
	for (int step = 0; step < SWEEP_STEPS; step++) {
		if (group_processes(&state->spec.group, inside, 1) > 0)
			group_kill(&state->spec.group);
		size_t count = proc_own_children(pids, CHILDREN_COUNT);
		for (size_t index = 0; index < count; index++)
			(void)kill(pids[index], SIGKILL);
		pid_t reaped = 1;
		while (reaped > 0)
			reaped = waitpid(-1, NULL, WNOHANG);
		if (reaped < 0 && group_processes(&state->spec.group, inside, 1) == 0)
			break;
		(void)nanosleep(&pause, NULL);
	}
	(void)group_remove(&state->spec.group);
}

int launcher_main(int argument_count, char **arguments)
{
	struct launch *state = &launch;
	if (argument_count != 3)
		return 2;
	detach();
	state->directory_fd = open(arguments[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state->directory_fd < 0 || chdir("/") != 0 || !claim_run(state))
		return 2;
	if (!read_spec(state))
		return save_failure(state, (struct fault){.stage = STAGE_SPEC, .error = EINVAL});
	struct fault fault = start_command(state);
	if (fault.stage != STAGE_NONE) {
		int rc = save_failure(state, fault);
		(void)group_remove(&state->spec.group);
		return rc;
	}
	(void)!write(REPORT_FD, "s", 1); /* Nobody listens when the daemon is gone; that is fine. */
	close(REPORT_FD);
	siginfo_t info;
	struct rusage usage;
	if (!wait_command(state, &info, &usage))
		return 1;
	int rc = save_end(state, &info, &usage);
	if (!state->spec.leaves || faccessat(state->directory_fd, "ending", F_OK, 0) == 0)
		sweep(state);
	return rc;
}
