/* SPDX-License-Identifier: Apache-2.0 */
/* poll() over three pipes and a pidfd.  A grandchild may keep the pipes open for ever: once the
 * command itself has ended, what is there is read and the pipes are closed. */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_SIZE 65536

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Three pipes; [0] is the reading end.  False with errno, and nothing open. */
static bool open_pipes(int pipes[3][2])
{
	for (int i = 0; i < 3; i++) {
		if (pipe2(pipes[i], O_CLOEXEC) == 0)
			continue;
		while (i-- > 0) {
			close(pipes[i][0]);
			close(pipes[i][1]);
		}
		return false;
	}
	return true;
}

static int spawn(struct child *child, char *const *argv, char *const *environment, int pipes[3][2])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, standard;
	int rc;

	sigemptyset(&none);
	sigemptyset(&standard);
	sigaddset(&standard, SIGINT);
	sigaddset(&standard, SIGTERM);
	sigaddset(&standard, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[0][0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pipes[1][1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pipes[2][1], STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &standard);
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawnp(&child->pid, argv[0], &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

bool child_start(
	struct child *child, char *const *argv, char *const *environment, struct span input)
{
	int pipes[3][2];
	int rc;

	memset(child, 0, sizeof *child);
	buffer_init(&child->output, CHILD_OUTPUT_MAX);
	child->input = input;
	if (!open_pipes(pipes))
		return false;
	rc = spawn(child, argv, environment, pipes);
	close(pipes[0][0]);
	close(pipes[1][1]);
	close(pipes[2][1]);
	child->in = pipes[0][1];
	child->out = pipes[1][0];
	child->log = pipes[2][0];
	if (rc != 0) {
		close_end(&child->in);
		close_end(&child->out);
		close_end(&child->log);
		errno = rc;
		return false;
	}
	(void)fcntl(child->in, F_SETFL, O_NONBLOCK);
	(void)fcntl(child->out, F_SETFL, O_NONBLOCK);
	(void)fcntl(child->log, F_SETFL, O_NONBLOCK);
	child->pid_fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	return true;
}

static void give_input(struct child *child)
{
	ssize_t wrote = 0;

	if (child->input.size > 0)
		wrote = write(child->in, child->input.at, child->input.size);
	if (wrote > 0)
		child->input = span_skip(child->input, (size_t)wrote);
	/* EPIPE: it does not want the rest, which is its right. */
	if (child->input.size == 0 || (wrote < 0 && errno != EAGAIN && errno != EINTR))
		close_end(&child->in);
}

static void keep_error(struct child *child, const char *bytes, size_t size)
{
	(void)!write(STDERR_FILENO, bytes, size);
	if (size > CHILD_ERROR_SIZE) {
		bytes += size - CHILD_ERROR_SIZE;
		size = CHILD_ERROR_SIZE;
	}
	if (child->error_size + size > CHILD_ERROR_SIZE) {
		size_t over = child->error_size + size - CHILD_ERROR_SIZE;

		memmove(child->error, child->error + over, child->error_size - over);
		child->error_size -= over;
	}
	memcpy(child->error + child->error_size, bytes, size);
	child->error_size += size;
	child->error[child->error_size] = '\0';
}

/* Reads what is there; closes the end when it is over. */
static void take(struct child *child, int *fd)
{
	char bytes[READ_SIZE];

	while (*fd >= 0) {
		ssize_t got = read(*fd, bytes, sizeof bytes);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0)
			close_end(fd);
		else if (fd == &child->log)
			keep_error(child, bytes, (size_t)got);
		else if (!buffer_append(&child->output, bytes, (size_t)got))
			child->cut = true;
	}
}

bool child_step(struct child *child, int wait_ms)
{
	struct pollfd ends[] = {{.fd = child->in, .events = POLLOUT},
		{.fd = child->out, .events = POLLIN}, {.fd = child->log, .events = POLLIN},
		{.fd = child->pid_fd, .events = POLLIN}};

	if (poll(ends, sizeof ends / sizeof ends[0], wait_ms) < 0)
		return false;
	if (child->in >= 0 && ends[0].revents != 0)
		give_input(child);
	if (ends[1].revents != 0)
		take(child, &child->out);
	if (ends[2].revents != 0)
		take(child, &child->log);
	if (waitpid(child->pid, &child->status, WNOHANG) != child->pid)
		return false;
	take(child, &child->out);
	take(child, &child->log);
	close_end(&child->in);
	close_end(&child->out);
	close_end(&child->log);
	close_end(&child->pid_fd);
	child->ended = true;
	return true;
}

void child_signal(const struct child *child, int number)
{
	if (!child->ended)
		(void)kill(-child->pid, number);
}

void child_release(struct child *child)
{
	buffer_release(&child->output);
}
