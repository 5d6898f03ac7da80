/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: one epoll descriptor holds the descriptor of every run (report pipe, then pidfd), so a host
 * watches one thing however many runs there are. What a check finds is noted on the run's entry as
 * flags and the entry is put into a queue once; events are made when the host takes them, so none
 * is lost and none needs memory of its own.
 */
#include "provider/runner.h"

#include "base/assert.h"
#include "provider/group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#define READY_MAX     64
#define SCAN_AGAIN_NS (500 * (int64_t)1000000)
/* The kernel walks all of its table of connections for a list of them, which is a millisecond or
 * two however few there are: once for both turns of full looks. */
#define LIST_AGAIN_NS   (7500 * (int64_t)1000000)
#define REMOVE_AGAIN_NS ((int64_t)1000000000)

struct entry {
	struct run run; /* first: a run's address is its entry's */
	char name[RUN_NAME_SIZE_MAX];
	void *owner;
	struct entry *next;       /* all entries */
	struct entry *queue_next; /* those with events */
	bool queued;
	bool adopted;  /* event to be told */
	bool started;  /* event to be told */
	bool ended;    /* event to be told */
	bool removing; /* forgotten by the host; its group is still busy */
	int64_t remove_at_ns;
};

struct runner {
	char directory[RUN_PATH_SIZE_MAX];
	char program[RUN_PATH_SIZE_MAX];
	struct cgroup base;
	struct proc_table table;
	int64_t table_at_ns; /* when it was filled */
	struct socket_table sockets;
	int64_t sockets_at_ns;
	int epoll_fd;
	struct entry *entries;
	struct entry *queue_first;
	struct entry *queue_last;
	size_t count;
	int64_t deadline_ns; /* the earliest of all entries, or earlier */
};

static struct entry *entry_of(struct run *run)
{
	return (struct entry *)(void *)run;
}

static void queue_entry(struct runner *runner, struct entry *entry)
{
	if (entry->queued)
		return;
	entry->queued = true;
	entry->queue_next = NULL;
	if (runner->queue_last == NULL)
		runner->queue_first = entry;
	else
		runner->queue_last->queue_next = entry;
	runner->queue_last = entry;
}

static void unqueue_entry(struct runner *runner, struct entry *entry)
{
	struct entry *before = NULL;
	if (!entry->queued)
		return;
	for (struct entry *at = runner->queue_first; at != entry; at = at->queue_next)
		before = at;
	if (before == NULL)
		runner->queue_first = entry->queue_next;
	else
		before->queue_next = entry->queue_next;
	if (runner->queue_last == entry)
		runner->queue_last = before;
	entry->queued = false;
}

static void note_deadline(struct runner *runner, int64_t deadline_ns)
{
	if (deadline_ns < runner->deadline_ns)
		runner->deadline_ns = deadline_ns;
}

/* Keeps epoll and deadline right after anything that may have changed the run. A closed descriptor
 * leaves epoll by itself, and its number may come back as another one: so MOD first, then ADD. */
static void watch_entry(struct runner *runner, struct entry *entry)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = entry};
	int fd = run_fd(&entry->run);
	if (fd >= 0 && epoll_ctl(runner->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0)
		(void)epoll_ctl(runner->epoll_fd, EPOLL_CTL_ADD, fd, &event);
	note_deadline(runner, run_deadline_ns(&entry->run));
}

static bool has_ended(const struct run *run)
{
	return run->state != RUN_STARTING && run->state != RUN_RUNNING;
}

static void check_entry(struct runner *runner, struct entry *entry, int64_t now_ns)
{
	bool was_starting = entry->run.state == RUN_STARTING;
	if (run_check(&entry->run, now_ns)) {
		entry->started =
			entry->started || (was_starting && entry->run.state == RUN_RUNNING);
		entry->ended = has_ended(&entry->run);
		/* One that ran and ended between two looks is told as started first. */
		entry->started = entry->started || (was_starting && entry->run.state == RUN_EXITED);
		queue_entry(runner, entry);
	}
	watch_entry(runner, entry);
}

static struct entry *make_entry(struct runner *runner, const char *name)
{
	if (runner->count >= RUNNER_RUNS_MAX)
		return NULL;
	struct entry *entry = calloc(1, sizeof *entry);
	if (entry == NULL)
		return NULL;
	snprintf(entry->name, sizeof entry->name, "%s", name);
	return entry;
}

static void link_entry(struct runner *runner, struct entry *entry)
{
	entry->next = runner->entries;
	runner->entries = entry;
	runner->count++;
}

static void unlink_entry(struct runner *runner, struct entry *entry)
{
	struct entry **at = &runner->entries;
	while (*at != NULL && *at != entry)
		at = &(*at)->next;
	bal_assert(*at == entry);
	bal_assert(runner->count > 0);
	*at = entry->next;
	runner->count--;
}

static void adopt_entry(struct runner *runner, const char *name, int64_t now_ns)
{
	struct entry *entry = make_entry(runner, name);
	if (entry == NULL)
		return;
	if (!run_adopt(&entry->run, runner->directory, name, now_ns)) {
		/* Made but never filled: a daemon died in between. */
		(void)run_remove(&entry->run);
		free(entry);
		return;
	}
	link_entry(runner, entry);
	entry->ended = has_ended(&entry->run);
	entry->adopted = !entry->ended;
	queue_entry(runner, entry);
	watch_entry(runner, entry);
}

static bool adopt_all(struct runner *runner, int64_t now_ns)
{
	DIR *directory = opendir(runner->directory);
	if (directory == NULL)
		return false;
	const struct dirent *found;
	while ((found = readdir(directory)) != NULL) {
		if (found->d_name[0] != '.' && strlen(found->d_name) < RUN_NAME_SIZE_MAX)
			adopt_entry(runner, found->d_name, now_ns);
	}
	closedir(directory);
	return true;
}

struct runner *runner_open(const char *directory, const struct cgroup *base, const char *program,
	int64_t now_ns, char *message, size_t message_size)
{
	struct runner *runner = calloc(1, sizeof *runner);
	if (runner == NULL) {
		snprintf(message, message_size, "out of memory");
		return NULL;
	}
	runner->deadline_ns = RUN_NEVER_NS;
	runner->table_at_ns = INT64_MIN;
	runner->sockets_at_ns = INT64_MIN;
	runner->base = *base;
	const char *itself = program == NULL ? "/proc/self/exe" : program;
	int size = snprintf(runner->directory, sizeof runner->directory, "%s", directory);
	int program_size = snprintf(runner->program, sizeof runner->program, "%s", itself);
	runner->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	bool fits = size >= 0 && (size_t)size < sizeof runner->directory && program_size >= 0 &&
		    (size_t)program_size < sizeof runner->program;
	if (!fits)
		errno = ENAMETOOLONG;
	if (fits && runner->epoll_fd >= 0 &&
		(mkdir(runner->directory, 0700) == 0 || errno == EEXIST) &&
		adopt_all(runner, now_ns))
		return runner;
	snprintf(message, message_size, "cannot use %.160s for runs: %s", directory,
		strerror(errno));
	runner_close(runner);
	return NULL;
}

static bool save_input(const struct run *run, const void *input, size_t input_size)
{
	char path[RUN_PATH_SIZE_MAX + 8];
	const char *at = input;
	snprintf(path, sizeof path, "%s/stdin", run->path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	while (fd >= 0 && input_size > 0) {
		ssize_t put = write(fd, at, input_size);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			break;
		at += put;
		input_size -= (size_t)put;
	}
	return fd >= 0 && close(fd) == 0 && input_size == 0;
}

/* With BALLAST_CHECKPOINT, in a copy; false when there are too many variables. */
static bool add_checkpoint(
	struct spec *spec, const struct run *run, char *variable, size_t variable_size)
{
	size_t count = 0;
	while (count < SPEC_ENVIRONMENT_MAX && spec->environment[count] != NULL)
		count++;
	if (count == SPEC_ENVIRONMENT_MAX)
		return false;
	snprintf(variable, variable_size, "BALLAST_CHECKPOINT=%s/checkpoint", run->path);
	spec->environment[count] = variable;
	spec->environment[count + 1] = NULL;
	return true;
}

/* Everything between the empty directory and the living launcher. */
static bool start_entry(struct runner *runner, struct entry *entry, const struct spec *spec,
	const void *input, size_t input_size, char *message, size_t message_size)
{
	struct spec full = *spec;
	char variable[RUN_PATH_SIZE_MAX + 64];
	if (!add_checkpoint(&full, &entry->run, variable, sizeof variable)) {
		snprintf(message, message_size, "more than 255 environment variables");
		return false;
	}
	if (input != NULL && !save_input(&entry->run, input, input_size)) {
		snprintf(message, message_size, "cannot write the input into %.160s: %s",
			entry->run.path, strerror(errno));
		return false;
	}
	if (!group_create(
		    &full.group, &runner->base, entry->name, &spec->limits, message, message_size))
		return false;
	entry->run.group = full.group;
	return run_start(&entry->run, &full, runner->program, message, message_size);
}

struct run *runner_start(struct runner *runner, const char *name, const struct spec *spec,
	const void *input, size_t input_size, void *owner, char *message, size_t message_size)
{
	bool exists = false;
	struct run *found = runner_find(runner, name);
	if (found != NULL)
		return found;
	struct entry *entry = make_entry(runner, name);
	if (entry == NULL) {
		snprintf(message, message_size, "no room for another process (%d run already)",
			(int)runner->count);
		return NULL;
	}
	if (!run_create(&entry->run, runner->directory, name, &exists, message, message_size)) {
		free(entry);
		return NULL;
	}
	if (!start_entry(runner, entry, spec, input, input_size, message, message_size)) {
		(void)run_remove(&entry->run);
		free(entry);
		return NULL;
	}
	entry->owner = owner;
	link_entry(runner, entry);
	watch_entry(runner, entry);
	return &entry->run;
}

struct run *runner_find(const struct runner *runner, const char *name)
{
	for (struct entry *entry = runner->entries; entry != NULL; entry = entry->next) {
		if (!entry->removing && strcmp(entry->name, name) == 0)
			return &entry->run;
	}
	return NULL;
}

void runner_own(struct run *run, void *owner)
{
	entry_of(run)->owner = owner;
}

void runner_end(struct runner *runner, struct run *run, int64_t now_ns)
{
	run_end(run, now_ns);
	watch_entry(runner, entry_of(run));
}

void runner_kill(struct runner *runner, struct run *run, int64_t now_ns)
{
	run_kill(run, now_ns);
	watch_entry(runner, entry_of(run));
}

static bool is_stale(int64_t at_ns, int64_t now_ns, int64_t again_ns)
{
	return at_ns > now_ns || at_ns < now_ns - again_ns;
}

void runner_sample(struct runner *runner, const struct run *run, uint64_t wanted, int64_t now_ns,
	struct sample *sample)
{
	bool walked = run->group.version == CGROUP_NONE;
	if (walked && is_stale(runner->table_at_ns, now_ns, SCAN_AGAIN_NS)) {
		(void)proc_table_scan(&runner->table);
		runner->table_at_ns = now_ns;
	}
	if ((wanted & SAMPLE_SOCKETS) != 0 &&
		is_stale(runner->sockets_at_ns, now_ns, LIST_AGAIN_NS)) {
		socket_table_scan(&runner->sockets);
		runner->sockets_at_ns = now_ns;
	}
	run_sample(run, &runner->table, &runner->sockets, wanted, now_ns, sample);
}

static void free_entry(struct runner *runner, struct entry *entry)
{
	unqueue_entry(runner, entry);
	unlink_entry(runner, entry);
	free(entry);
}

/* Looks at every entry whose time has come and computes the next deadline. */
static void check_deadlines(struct runner *runner, int64_t now_ns)
{
	runner->deadline_ns = RUN_NEVER_NS;
	struct entry *next = NULL;
	for (struct entry *entry = runner->entries; entry != NULL; entry = next) {
		next = entry->next;
		if (entry->removing && entry->remove_at_ns <= now_ns) {
			entry->remove_at_ns = now_ns + REMOVE_AGAIN_NS;
			if (group_remove(&entry->run.group)) {
				free_entry(runner, entry);
				continue;
			}
		}
		if (entry->removing) {
			note_deadline(runner, entry->remove_at_ns);
			continue;
		}
		if (run_deadline_ns(&entry->run) <= now_ns)
			check_entry(runner, entry, now_ns);
		else
			note_deadline(runner, run_deadline_ns(&entry->run));
	}
}

static void check_descriptors(struct runner *runner, int64_t now_ns)
{
	struct epoll_event ready[READY_MAX];
	int count = epoll_wait(runner->epoll_fd, ready, READY_MAX, 0);
	for (int index = 0; index < count; index++)
		check_entry(runner, ready[index].data.ptr, now_ns);
}

bool runner_next(struct runner *runner, int64_t now_ns, struct runner_event *event)
{
	if (runner->queue_first == NULL) {
		check_descriptors(runner, now_ns);
		if (now_ns >= runner->deadline_ns)
			check_deadlines(runner, now_ns);
	}
	struct entry *entry = runner->queue_first;
	if (entry == NULL)
		return false;
	event->run = &entry->run;
	event->name = entry->name;
	event->owner = entry->owner;
	bool *told = entry->adopted   ? &entry->adopted
		     : entry->started ? &entry->started
				      : &entry->ended;
	event->type = entry->adopted   ? RUNNER_ADOPTED
		      : entry->started ? RUNNER_STARTED
				       : RUNNER_ENDED;
	*told = false;
	if (!entry->adopted && !entry->started && !entry->ended)
		unqueue_entry(runner, entry);
	return true;
}

int runner_fd(const struct runner *runner)
{
	return runner->epoll_fd;
}

int64_t runner_deadline_ns(const struct runner *runner)
{
	return runner->queue_first != NULL ? INT64_MIN : runner->deadline_ns;
}

size_t runner_count(const struct runner *runner)
{
	return runner->count;
}

void runner_remove(struct runner *runner, struct run *run)
{
	struct entry *entry = entry_of(run);
	bal_assert(has_ended(run));
	bal_assert(!entry->removing);
	unqueue_entry(runner, entry);
	if (run_remove(run) || run->group.version == CGROUP_NONE) {
		free_entry(runner, entry);
		return;
	}
	entry->removing = true;
	entry->remove_at_ns = INT64_MIN;
	runner->deadline_ns = INT64_MIN;
}

void runner_close(struct runner *runner)
{
	if (runner == NULL)
		return;
	struct entry *next = NULL;
	for (struct entry *entry = runner->entries; entry != NULL; entry = next) {
		next = entry->next;
		run_close(&entry->run);
		free(entry);
	}
	proc_table_free(&runner->table);
	socket_table_free(&runner->sockets);
	if (runner->epoll_fd >= 0)
		close(runner->epoll_fd);
	free(runner);
}
