/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon is this very program (/proc/self/exe), so the demo shows what is installed.  Agents
 * are ended by the process ids in their own logs, each looked at first: its command line must name
 * our directory. */
#include "cli/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_STEP_MS   20
#define OUTPUT_TAIL    3000
#define DESCRIPTOR_MAX 16
#define CONFIG_MAX     8192

const struct stage_pool stage_pools[STAGE_POOLS_COUNT] = {
	{"coder", 4, 7},
	{"research", 4, 5},
	{"review", 4, 4},
};

/* ---- files ---- */

static bool choose_directory(struct stage *stage, const char *data)
{
	char *path;

	if (data == NULL) {
		snprintf(stage->directory, sizeof stage->directory, "/tmp/ballast-demo-XXXXXX");
		return mkdtemp(stage->directory) != NULL;
	}
	stage->keep = true;
	if (mkdir(data, 0700) != 0 && errno != EEXIST)
		return false;
	path = realpath(data, NULL);
	if (path == NULL || strlen(path) >= STAGE_PATH_SIZE)
		return false;
	snprintf(stage->directory, sizeof stage->directory, "%s", path);
	free(path);
	return true;
}

static bool choose_port(struct stage *stage)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
		  getsockname(fd, (struct sockaddr *)&address, &size) == 0;

	if (fd >= 0)
		close(fd);
	stage->port = ntohs(address.sin_port);
	return ok;
}

static bool find_program(char *path, size_t size)
{
	ssize_t got = readlink("/proc/self/exe", path, size - 1);

	if (got <= 0)
		return false;
	path[got] = '\0';
	return strpbrk(path, "'\"\\") == NULL;
}

static size_t write_pools(const struct stage *stage, const char *program, char *text, size_t size)
{
	size_t used = 0;

	for (int i = 0; i < STAGE_POOLS_COUNT && used < size; i++) {
		const struct stage_pool *pool = &stage_pools[i];

		used += (size_t)snprintf(text + used, size - used,
			"  %s:\n"
			"    run: '\"%s\" sample-agent --name %s --log \"%s\" --port {port}'\n"
			"    slots: %u\n"
			"    max: %u\n"
			"    grace: 2s\n"
			"    retry: { attempts: 10, backoff: 100ms }\n"
			"    scale:\n"
			"      strategy: aggressive\n"
			"      up: { above: 80%%, for: 2s, cooldown: 1s }\n"
			"      down: { below: 40%%, for: 4s, cooldown: 2s }\n",
			pool->name, program, pool->name, stage->logs, pool->slots, pool->max);
	}
	return used;
}

static bool write_configuration(const struct stage *stage)
{
	char program[STAGE_PATH_SIZE], text[CONFIG_MAX];
	FILE *file;
	size_t used;

	if (!find_program(program, sizeof program))
		return false;
	used = (size_t)snprintf(text, sizeof text,
		"# Written by `ballast demo`.\n"
		"# The load is played many times faster than it would be, so sustain times and\n"
		"# cool-downs are shorter than the defaults of this strategy (up after 2m, down "
		"after\n"
		"# 10m, cool-downs of 1m and 5m).\n"
		"pools:\n");
	used += write_pools(stage, program, text + used, sizeof text - used);
	file = used < sizeof text ? fopen(stage->file, "we") : NULL;
	if (file == NULL)
		return false;
	fputs(text, file);
	return fclose(file) == 0;
}

bool stage_open(struct stage *stage, const char *data, char *message, size_t message_size)
{
	*stage = (struct stage){.daemon = 0};
	if (!choose_directory(stage, data)) {
		snprintf(message, message_size, "cannot make the directory %s: %s",
			data == NULL ? "/tmp/ballast-demo-..." : data, strerror(errno));
		return false;
	}
	snprintf(stage->logs, sizeof stage->logs, "%s/agents", stage->directory);
	snprintf(stage->file, sizeof stage->file, "%s/ballast.yaml", stage->directory);
	snprintf(stage->output, sizeof stage->output, "%s/daemon.log", stage->directory);
	if (mkdir(stage->logs, 0700) == 0 && choose_port(stage) && write_configuration(stage))
		return true;
	snprintf(message, message_size, "cannot prepare %s: %s%s", stage->directory,
		strerror(errno), errno == EEXIST ? " (name a new directory)" : "");
	stage_close(stage);
	return false;
}

/* ---- the daemon ---- */

bool stage_start(struct stage *stage, char *message, size_t message_size)
{
	char program[STAGE_PATH_SIZE], data[STAGE_PATH_SIZE + 16], listen[32];
	char run[] = "run", data_option[] = "--data", listen_option[] = "--listen";
	char *argv[] = {program, run, stage->file, data_option, data, listen_option, listen, NULL};
	posix_spawn_file_actions_t actions;
	int rc;

	if (!find_program(program, sizeof program)) {
		snprintf(message, message_size, "cannot find this program's own file");
		return false;
	}
	snprintf(data, sizeof data, "%s/data", stage->directory);
	snprintf(listen, sizeof listen, "127.0.0.1:%u", stage->port);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(
		&actions, STDOUT_FILENO, stage->output, O_WRONLY | O_CREAT | O_APPEND, 0600);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	rc = posix_spawn(&stage->daemon, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc == 0)
		return true;
	stage->daemon = 0;
	snprintf(message, message_size, "cannot start %s: %s", program, strerror(rc));
	return false;
}

bool stage_runs(struct stage *stage)
{
	if (stage->daemon == 0)
		return false;
	if (waitpid(stage->daemon, &stage->status, WNOHANG) != stage->daemon)
		return true;
	stage->daemon = 0;
	return false;
}

void stage_stop(struct stage *stage)
{
	if (!stage_runs(stage))
		return;
	kill(stage->daemon, SIGTERM);
	for (int waited = 0; stage_runs(stage); waited += WAIT_STEP_MS) {
		if (waited >= STAGE_STOP_MS)
			kill(stage->daemon, SIGKILL);
		(void)poll(NULL, 0, WAIT_STEP_MS);
	}
}

/* True when the process is an agent that logs into our directory. */
static bool is_ours(const struct stage *stage, pid_t pid)
{
	char path[64], line[4096];
	ssize_t got;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, line, sizeof line - 1);
	close(fd);
	if (got <= 0)
		return false;
	line[got] = '\0';
	return memmem(line, (size_t)got, "sample-agent", 12) != NULL &&
	       memmem(line, (size_t)got, stage->logs, strlen(stage->logs)) != NULL;
}

void stage_end_agent(const struct stage *stage, pid_t pid)
{
	if (!is_ours(stage, pid))
		return;
	kill(pid, SIGTERM);
	for (int waited = 0; waited < STAGE_AGENT_MS && is_ours(stage, pid); waited += WAIT_STEP_MS)
		(void)poll(NULL, 0, WAIT_STEP_MS);
	if (is_ours(stage, pid))
		kill(pid, SIGKILL);
}

void stage_print_output(const struct stage *stage)
{
	char text[OUTPUT_TAIL];
	FILE *file = fopen(stage->output, "re");
	size_t got;

	if (file == NULL)
		return;
	if (fseek(file, -OUTPUT_TAIL, SEEK_END) != 0)
		rewind(file);
	got = fread(text, 1, sizeof text, file);
	fwrite(text, 1, got, stderr);
	fclose(file);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void stage_close(struct stage *stage)
{
	if (!stage->keep && stage->directory[0] != '\0')
		(void)nftw(stage->directory, remove_entry, DESCRIPTOR_MAX, FTW_DEPTH | FTW_PHYS);
	stage->directory[0] = '\0';
}
