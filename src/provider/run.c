/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: the state is derived from the directory and from which processes live, never remembered, so
 * a handle made after a restart is as good as the first one. Whether the launcher lives is asked of
 * the lock on `claimed`, which the kernel drops with the process, and the kernel also says who
 * holds it: no pid file, no recycled number. A pidfd then tells of its end without polling.
 *
 * The launcher writes `status` before it sweeps up and exits, and a run counts as ended when the
 * launcher is gone: by then nothing of the command is left that could still write to its output.
 */
#include "provider/run.h"

#include "base/assert.h"
#include "provider/group.h"
#include "provider/runfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPORT_FD       3 /* of the launcher, see launcher.c */
#define RECORD_SIZE     4096
#define CHECK_AGAIN_NS  (50 * (int64_t)1000000)  /* adopted while it was starting */
#define CHECK_BLIND_NS  (250 * (int64_t)1000000) /* no pidfds: look at the lock this often */
#define KILL_AGAIN_NS   (5 * (int64_t)1000000000)
#define NAME_LENGTH_MAX (RUN_NAME_SIZE_MAX - 1)
#define OPEN_DIRECTORY  (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)

/* Everything that can be in a run directory. */
static const char *const file_names[] = {"spec", "spec.new", "claimed", "void", "child",
	"child.new", "status", "status.new", "ending", "stdin", "stdout", "stderr", "checkpoint"};

static const char *const output_names[] = {
	[RUN_STDOUT] = "stdout",
	[RUN_STDERR] = "stderr",
	[RUN_CHECKPOINT] = "checkpoint",
};

static bool check_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t size = strlen(name);
	return size > 0 && size <= NAME_LENGTH_MAX && strspn(name, allowed) == size &&
	       name[0] != '.';
}

static bool init_run(struct run *run, const char *parent, const char *name)
{
	memset(run, 0, sizeof *run);
	run->kill_at_ns = RUN_NEVER_NS;
	run->check_at_ns = RUN_NEVER_NS;
	run->launcher_fd = -1;
	run->child_fd = -1;
	run->report_fd = -1;
	int size = snprintf(run->path, sizeof run->path, "%s/%s", parent, name);
	return check_name(name) && size > 0 && (size_t)size < sizeof run->path;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

bool run_create(struct run *run, const char *parent, const char *name, bool *exists, char *message,
	size_t message_size)
{
	*exists = false;
	if (!init_run(run, parent, name)) {
		snprintf(message, message_size, "%.140s/%.80s cannot be a run directory", parent,
			name);
		return false;
	}
	if (mkdir(run->path, 0700) == 0)
		return true;
	*exists = errno == EEXIST;
	snprintf(message, message_size, "cannot make the run directory %.160s: %s", run->path,
		strerror(errno));
	return false;
}

static bool save_spec(const struct run *run, const struct spec *spec)
{
	char *data = malloc(SPEC_SIZE_MAX);
	int directory_fd = open(run->path, OPEN_DIRECTORY);
	size_t size = data == NULL ? 0 : spec_encode(spec, data, SPEC_SIZE_MAX);
	if (size == 0)
		errno = E2BIG;
	bool saved = size > 0 && directory_fd >= 0 &&
		     runfile_save(directory_fd, "spec", data, size, false);
	int error = errno;
	close_fd(&directory_fd);
	free(data);
	errno = error;
	return saved;
}

/* A clean slate for the launcher: no signal ignored or blocked, nothing on 0 to 2, the report on 3.
 * Everything else is closed by itself, first thing. Empty environment: it is not the command's. */
static int spawn_launcher(const char *program, const char *path, int report_fd, pid_t *pid)
{
	char *const arguments[] = {(char *)(uintptr_t) "ballast", (char *)(uintptr_t) "--launch",
		(char *)(uintptr_t)path, NULL};
	char *const environment[] = {NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t signals;
	int rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attributes);
	if (rc != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return rc;
	}
	for (int fd = 0; fd < REPORT_FD && rc == 0; fd++)
		rc = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, report_fd, REPORT_FD);
	sigfillset(&signals);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(&attributes, &signals);
	sigemptyset(&signals);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(&attributes, &signals);
	if (rc == 0)
		rc = posix_spawnattr_setflags(&attributes,
			POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
	if (rc == 0)
		rc = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* The write end must not be below 4: it would be overwritten by the file actions before. */
static bool open_report(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	int high = fcntl(ends[1], F_DUPFD_CLOEXEC, REPORT_FD + 1);
	close(ends[1]);
	ends[1] = high;
	if (high >= 0)
		return true;
	close(ends[0]);
	return false;
}

bool run_start(struct run *run, const struct spec *spec, const char *program, char *message,
	size_t message_size)
{
	struct spec stamped = *spec;
	char boot[IDENTITY_BOOT_SIZE];
	int report[2];
	bal_assert(run->path[0] != '\0');
	bal_assert(run->launcher == 0);
	if (!spec_check(spec, message, message_size))
		return false;
	identity_boot(boot);
	stamped.boot = boot;
	if (!save_spec(run, &stamped)) {
		snprintf(message, message_size, "cannot write the spec into %.160s: %s", run->path,
			strerror(errno));
		return false;
	}
	int rc = open_report(report) ? 0 : errno;
	if (rc == 0) {
		rc = spawn_launcher(program, run->path, report[1], &run->launcher);
		close(report[1]);
		if (rc != 0)
			close(report[0]);
	}
	if (rc != 0) {
		char path[RUN_PATH_SIZE_MAX + 8];
		snprintf(path, sizeof path, "%s/spec", run->path);
		(void)unlink(path);
		snprintf(message, message_size, "cannot start the launcher %.100s: %s", program,
			strerror(rc));
		return false;
	}
	run->launcher_ours = true;
	run->launcher_fd = pidfd_open(run->launcher, 0);
	run->report_fd = report[0];
	run->group = spec->group;
	run->grace_ns = spec->grace_ns;
	run->state = RUN_STARTING;
	return true;
}

/* The process that holds the lock on `claimed`; 0 = none. */
static pid_t find_launcher(int directory_fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = openat(directory_fd, "claimed", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	int rc = fcntl(fd, F_GETLK, &lock);
	close(fd);
	return rc == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0 ? lock.l_pid : 0;
}

static bool load_child(int directory_fd, struct identity *child)
{
	char data[RECORD_SIZE];
	struct runfile_reader reader;
	struct runfile_field field;
	struct identity read = {0};
	int64_t number = 0;
	ssize_t size = runfile_load(directory_fd, "child", data, sizeof data);
	if (size < 0)
		return false;
	runfile_reader_init(&reader, data, (size_t)size);
	while (runfile_next(&reader, &field)) {
		if (strcmp(field.key, "boot") == 0 && field.size == IDENTITY_BOOT_SIZE - 1 &&
			runfile_text(&field))
			memcpy(read.boot, field.value, IDENTITY_BOOT_SIZE);
		else if (!runfile_number(&field, &number) || number < 0)
			return false;
		else if (strcmp(field.key, "pid") == 0 && number > 1 && number <= INT32_MAX)
			read.pid = (pid_t)number;
		else if (strcmp(field.key, "start_ticks") == 0)
			read.start_ticks = (uint64_t)number;
		else
			return false;
	}
	if (!reader.ended || read.pid == 0 || read.boot[0] == '\0')
		return false;
	*child = read;
	return true;
}

static bool apply_status_field(struct run *run, const struct runfile_field *field)
{
	struct run_result *result = &run->result;
	int64_t number = 0;
	if (strcmp(field->key, "state") == 0) {
		run->state = strcmp(field->value, "exited") == 0 ? RUN_EXITED : RUN_FAILED;
		return true;
	}
	if (strcmp(field->key, "text") == 0) {
		snprintf(result->text, sizeof result->text, "%s", field->value);
		return true;
	}
	if (!runfile_number(field, &number))
		return false;
	if (strcmp(field->key, "code") == 0)
		result->code = number >= 0 && number <= 255 ? (int)number : -1;
	else if (strcmp(field->key, "signal") == 0)
		result->signal = number > 0 && number < NSIG ? (int)number : 0;
	else if (strcmp(field->key, "oom") == 0)
		result->oom = number != 0;
	else if (strcmp(field->key, "cpu_ns") == 0)
		result->cpu_ns = number;
	else if (strcmp(field->key, "memory_peak_bytes") == 0)
		result->memory_peak_bytes = number;
	else if (strcmp(field->key, "ended_at_real_ns") == 0)
		result->ended_at_real_ns = number;
	return true;
}

static void reset_result(struct run *run)
{
	run->result = (struct run_result){
		.code = -1, .cpu_ns = -1, .memory_peak_bytes = -1, .asked = run->asked};
}

/* Reads the status into state and result; false when there is none or it is damaged. */
static bool load_status(struct run *run, int directory_fd)
{
	char data[RECORD_SIZE];
	struct runfile_reader reader;
	struct runfile_field field;
	enum run_state before = run->state;
	ssize_t size = runfile_load(directory_fd, "status", data, sizeof data);
	reset_result(run);
	if (size < 0)
		return false;
	runfile_reader_init(&reader, data, (size_t)size);
	bool sound = true;
	while (sound && runfile_next(&reader, &field))
		sound = runfile_text(&field) && apply_status_field(run, &field);
	if (sound && reader.ended && run->state != before) {
		run->result.never_started = run->state == RUN_FAILED;
		return true;
	}
	run->state = before;
	reset_result(run);
	return false;
}

static void lose(struct run *run, bool never_started, const char *text)
{
	reset_result(run);
	run->state = RUN_LOST;
	run->result.never_started = never_started;
	snprintf(run->result.text, sizeof run->result.text, "%s", text);
}

static void release(struct run *run)
{
	if (run->launcher_ours)
		(void)waitpid(run->launcher, NULL, WNOHANG);
	run->launcher_ours = false;
	run->kill_at_ns = RUN_NEVER_NS;
	run->check_at_ns = RUN_NEVER_NS;
	close_fd(&run->launcher_fd);
	close_fd(&run->child_fd);
	close_fd(&run->report_fd);
}

/* One that is exiting has closed its files, or is about to; a zombie has ended, and its parent, the
 * launcher or init, has only not heard of it yet. */
bool run_alive(const struct run *run)
{
	struct proc_stat stat;
	return run->child.pid != 0 && identity_alive(&run->child) &&
	       proc_stat_read(run->child.pid, &stat) && !stat.exiting && stat.state != 'Z' &&
	       stat.state != 'X';
}

/* The launcher is gone: what is left to know is in the directory, or alive without it. */
static void settle(struct run *run)
{
	int directory_fd = open(run->path, OPEN_DIRECTORY);
	if (directory_fd < 0) {
		release(run);
		lose(run, false, "its run directory was removed or cannot be opened");
		return;
	}
	bool known = load_status(run, directory_fd);
	/* A record that cannot be read is one all the same: the gate was perhaps opened. */
	bool recorded = run->child.pid != 0 || load_child(directory_fd, &run->child) ||
			faccessat(directory_fd, "child", F_OK, 0) == 0;
	bool claimed = faccessat(directory_fd, "claimed", F_OK, 0) == 0;
	/* A launcher that never got as far as claiming must not do so later, after we gave up. */
	if (!known && !claimed)
		claimed = renameat(directory_fd, "spec", directory_fd, "void") != 0 &&
			  faccessat(directory_fd, "claimed", F_OK, 0) == 0;
	close(directory_fd);
	if (!known && run_alive(run)) {
		close_fd(&run->report_fd);
		if (run->launcher_ours)
			(void)waitpid(run->launcher, NULL, WNOHANG);
		run->launcher_ours = false;
		run->launcher = 0;
		close_fd(&run->launcher_fd);
		run->child_fd = identity_open(&run->child);
		run->state = RUN_RUNNING;
		return;
	}
	release(run);
	if (known)
		return;
	if (!claimed || !recorded)
		lose(run, true, "its launcher was killed before the command began");
	else
		lose(run, false, "its launcher was killed, so nobody saw how the command ended");
}

static bool is_readable(int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	return poll(&poller, 1, 0) > 0 && poller.revents != 0;
}

static bool launcher_gone(const struct run *run)
{
	if (run->launcher == 0)
		return true;
	if (run->launcher_fd >= 0)
		return is_readable(run->launcher_fd);
	if (run->launcher_ours) {
		siginfo_t info = {0};
		return waitid(P_PID, (id_t)run->launcher, &info, WEXITED | WNOHANG | WNOWAIT) !=
			       0 ||
		       info.si_pid != 0;
	}
	int directory_fd = open(run->path, OPEN_DIRECTORY);
	pid_t holder = directory_fd < 0 ? 0 : find_launcher(directory_fd);
	close_fd(&directory_fd);
	return holder != run->launcher;
}

/* Reads the launcher's report, or, adopted, looks for the record of the child. */
static void check_start(struct run *run)
{
	char byte = 0;
	bool executes = run->report_fd < 0;
	if (!executes) {
		ssize_t got = read(run->report_fd, &byte, 1);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		executes = got == 1;
		/* End of file: nothing executes, the launcher writes why and is gone soon. */
		run->refused = !executes;
		close_fd(&run->report_fd);
	}
	int directory_fd = open(run->path, OPEN_DIRECTORY);
	if (directory_fd < 0)
		return;
	if (executes && !run->refused && load_child(directory_fd, &run->child))
		run->state = RUN_RUNNING;
	close(directory_fd);
}

/* TERM also to those who left the process group but not the control group. */
static void send_term(struct run *run)
{
	pid_t pids[GROUP_PROCESSES_MAX];
	struct identity member;
	run->signalled = true;
	(void)identity_signal_group(&run->child, SIGTERM);
	size_t count = group_processes(&run->group, pids, GROUP_PROCESSES_MAX);
	for (size_t index = 0; index < count; index++) {
		if (getpgid(pids[index]) != run->child.pid && identity_of(pids[index], &member) &&
			group_has(&run->group, member.pid))
			(void)identity_signal(&member, SIGTERM);
	}
}

static void send_kill(struct run *run, int64_t now_ns)
{
	run->kill_at_ns = now_ns + KILL_AGAIN_NS;
	if (run->state == RUN_RUNNING) {
		group_kill(&run->group);
		(void)identity_signal_group(&run->child, SIGKILL);
	} else if (run->launcher_fd >= 0) {
		(void)pidfd_send_signal(run->launcher_fd, SIGKILL, NULL, 0);
	}
}

bool run_adopt(struct run *run, const char *parent, const char *name, int64_t now_ns)
{
	char boot[IDENTITY_BOOT_SIZE];
	struct spec spec;
	if (!init_run(run, parent, name))
		return false;
	int directory_fd = open(run->path, OPEN_DIRECTORY);
	char *data = malloc(SPEC_SIZE_MAX);
	if (directory_fd < 0 || data == NULL) {
		close_fd(&directory_fd);
		free(data);
		return false;
	}
	bool voided = renameat(directory_fd, "spec", directory_fd, "void") == 0;
	ssize_t size = runfile_load(directory_fd, voided ? "void" : "claimed", data, SPEC_SIZE_MAX);
	if (size < 0)
		size = runfile_load(directory_fd, "void", data, SPEC_SIZE_MAX);
	bool sound = size > 0 && spec_decode(&spec, data, (size_t)size);
	if (sound) {
		run->group = spec.group;
		run->grace_ns = spec.grace_ns;
	}
	identity_boot(boot);
	bool same_boot = sound && spec.boot != NULL && strcmp(spec.boot, boot) == 0;
	free(data);
	run->asked = faccessat(directory_fd, "ending", F_OK, 0) == 0;
	run->launcher = find_launcher(directory_fd);
	run->launcher_fd = run->launcher == 0 ? -1 : pidfd_open(run->launcher, 0);
	/* Held still, by the same number: then the pidfd is of the holder. */
	if (run->launcher != find_launcher(directory_fd)) {
		close_fd(&run->launcher_fd);
		run->launcher = 0;
	}
	(void)load_child(directory_fd, &run->child);
	close(directory_fd);
	run->state = run->child.pid != 0 ? RUN_RUNNING : RUN_STARTING;
	if (run->asked && __builtin_add_overflow(now_ns, run->grace_ns, &run->kill_at_ns))
		run->kill_at_ns = RUN_NEVER_NS;
	if (run->launcher == 0)
		settle(run);
	(void)run_check(run, now_ns);
	if (run->state == RUN_LOST && sound && !same_boot)
		lose(run, false, "the machine was restarted while it ran");
	return sound || run->state != RUN_LOST;
}

bool run_note(const struct run *run, char *note, size_t note_size)
{
	static const char *const names[] = {"claimed", "spec", "void"};
	struct spec spec;
	int directory_fd = open(run->path, OPEN_DIRECTORY);
	char *data = malloc(SPEC_SIZE_MAX);
	ssize_t size = -1;
	for (size_t index = 0; index < 3 && size < 0 && directory_fd >= 0 && data != NULL; index++)
		size = runfile_load(directory_fd, names[index], data, SPEC_SIZE_MAX);
	bool sound = size > 0 && spec_decode(&spec, data, (size_t)size);
	if (sound)
		snprintf(note, note_size, "%s", spec.note);
	close_fd(&directory_fd);
	free(data);
	return sound;
}

bool run_check(struct run *run, int64_t now_ns)
{
	enum run_state before = run->state;
	if (before != RUN_STARTING && before != RUN_RUNNING)
		return false;
	if (now_ns >= run->check_at_ns)
		run->check_at_ns = RUN_NEVER_NS;
	if (run->state == RUN_STARTING)
		check_start(run);
	if (run->launcher != 0 ? launcher_gone(run) : !run_alive(run))
		settle(run);
	if (run->state != RUN_STARTING && run->state != RUN_RUNNING)
		return true;
	if (run->state == RUN_RUNNING && run->asked && !run->signalled)
		send_term(run);
	if (now_ns >= run->kill_at_ns)
		send_kill(run, now_ns);
	if (run->state == RUN_STARTING && run->report_fd < 0 &&
		run->check_at_ns > now_ns + CHECK_AGAIN_NS)
		run->check_at_ns = now_ns + CHECK_AGAIN_NS;
	bool blind = run->launcher_fd < 0 && run->child_fd < 0;
	if (blind && run->check_at_ns > now_ns + CHECK_BLIND_NS)
		run->check_at_ns = now_ns + CHECK_BLIND_NS;
	return run->state != before;
}

int run_fd(const struct run *run)
{
	if (run->report_fd >= 0)
		return run->report_fd;
	return run->launcher_fd >= 0 ? run->launcher_fd : run->child_fd;
}

int64_t run_deadline_ns(const struct run *run)
{
	return run->kill_at_ns < run->check_at_ns ? run->kill_at_ns : run->check_at_ns;
}

void run_end(struct run *run, int64_t now_ns)
{
	if (run->asked || (run->state != RUN_STARTING && run->state != RUN_RUNNING))
		return;
	run->asked = true;
	/* So that a daemon that takes over knows, and asks again. */
	int directory_fd = open(run->path, OPEN_DIRECTORY);
	if (directory_fd >= 0) {
		int fd = openat(
			directory_fd, "ending", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		close_fd(&fd);
		close(directory_fd);
	}
	if (__builtin_add_overflow(now_ns, run->grace_ns, &run->kill_at_ns))
		run->kill_at_ns = RUN_NEVER_NS;
	if (run->state == RUN_RUNNING)
		send_term(run);
}

void run_kill(struct run *run, int64_t now_ns)
{
	run_end(run, now_ns);
	if (run->state == RUN_STARTING || run->state == RUN_RUNNING)
		send_kill(run, now_ns);
}

static bool drain_process(const struct run *run, pid_t pid)
{
	struct identity member;
	if (!identity_of(pid, &member) || !identity_handles(&member, SIGUSR1))
		return false;
	/* Still one of ours, now that we know exactly whom we mean? */
	bool ours = run->group.version != CGROUP_NONE ? group_has(&run->group, pid)
						      : getsid(pid) == run->child.pid;
	return ours && identity_signal(&member, SIGUSR1);
}

int run_drain(const struct run *run)
{
	pid_t pids[PROC_TREE_MAX];
	int reached = 0;
	if (run->state != RUN_RUNNING || !identity_alive(&run->child))
		return 0;
	size_t count = group_processes(&run->group, pids, PROC_TREE_MAX);
	if (count == 0) {
		struct proc_table table = {0};
		if (proc_table_scan(&table))
			count = proc_table_tree(&table, run->child.pid, pids, PROC_TREE_MAX - 1);
		proc_table_free(&table);
		pids[count++] = run->child.pid;
	}
	for (size_t index = 0; index < count; index++)
		reached += drain_process(run, pids[index]);
	return reached;
}

/* Of a group's own processes. One that made groups below has more of them than it lists: what they
 * tell would be too small, and is left out. */
static void sample_members(const struct run *run, struct socket_table *sockets, uint64_t wanted,
	int64_t now_ns, struct sample *sample)
{
	pid_t pids[PROC_TREE_MAX];
	struct sample rest = {0};
	size_t count = group_processes(&run->group, pids, PROC_TREE_MAX);
	proc_members_sample(pids, count, wanted | SAMPLE_BIT(THREADS), sockets, now_ns, &rest);
	bool counted = (sample->present & rest.present & SAMPLE_BIT(THREADS)) != 0;
	if (counted && rest.threads + rest.threads / 8 + 1 < sample->threads)
		return;
	sample_fill(sample, &rest);
}

void run_sample(const struct run *run, const struct proc_table *table, struct socket_table *sockets,
	uint64_t wanted, int64_t now_ns, struct sample *sample)
{
	struct sample rest = {0};
	*sample = (struct sample){.at_ns = now_ns};
	if (run->state != RUN_RUNNING && run->state != RUN_STARTING)
		return;
	cgroup_sample(&run->group, wanted, now_ns, sample);
	wanted &= PROC_VALUES & ~sample->present;
	if (wanted == 0)
		return;
	if (run->group.version != CGROUP_NONE)
		sample_members(run, sockets, wanted, now_ns, sample);
	else if (table != NULL && run->launcher != 0)
		proc_table_sample(table, run->launcher, false, wanted, sockets, now_ns, &rest);
	else if (table != NULL && identity_alive(&run->child))
		proc_table_sample(table, run->child.pid, true, wanted, sockets, now_ns, &rest);
	sample_fill(sample, &rest);
}

/* -1 when it is not there, or not a plain file: the command can put other things in its place. */
static int open_output(const struct run *run, enum run_output output, int flags, off_t *size)
{
	char path[RUN_PATH_SIZE_MAX + 16];
	struct stat stat;
	snprintf(path, sizeof path, "%s/%s", run->path, output_names[output]);
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)))
		close_fd(&fd);
	if (fd >= 0)
		*size = stat.st_size;
	return fd;
}

int64_t run_output_size(const struct run *run, enum run_output output)
{
	off_t size = -1;
	int fd = open_output(run, output, O_RDONLY, &size);
	close_fd(&fd);
	return size;
}

int64_t run_output_read(
	const struct run *run, enum run_output output, int64_t offset, void *data, size_t size)
{
	off_t total = 0;
	int fd = open_output(run, output, O_RDONLY, &total);
	if (fd < 0)
		return -1;
	ssize_t got = pread(fd, data, size, offset);
	close(fd);
	return got;
}

int64_t run_output_tail(const struct run *run, enum run_output output, int64_t size)
{
	char data[RECORD_SIZE];
	int64_t total = run_output_size(run, output);
	if (total <= size)
		return 0;
	/* From the byte before, so that a line that begins exactly there counts. */
	int64_t start = total - size;
	int64_t got = run_output_read(run, output, start - 1, data, sizeof data);
	const char *end = got <= 0 ? NULL : memchr(data, '\n', (size_t)got);
	return end == NULL ? start : start + (end - data);
}

bool run_output_trim(const struct run *run, enum run_output output, int64_t keep)
{
	off_t total = 0;
	int fd = open_output(run, output, O_WRONLY, &total);
	if (fd < 0)
		return false;
	int rc = total <= keep ? 0
			       : fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
					 total - keep);
	close(fd);
	return rc == 0;
}

bool run_remove(struct run *run)
{
	run_close(run);
	int directory_fd = open(run->path, OPEN_DIRECTORY);
	if (directory_fd >= 0) {
		for (size_t index = 0; index < sizeof file_names / sizeof *file_names; index++)
			(void)unlinkat(directory_fd, file_names[index], 0);
		close(directory_fd);
	}
	bool removed = rmdir(run->path) == 0 || errno == ENOENT;
	return group_remove(&run->group) && removed;
}

void run_close(struct run *run)
{
	release(run);
}
