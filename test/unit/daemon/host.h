/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_DAEMON_HOST_H
#define TEST_DAEMON_HOST_H

#include "daemon/command.h"
#include "daemon/fleet.h"
#include "daemon/upstream.h"
#include "scene.h"

/*
 * host: a daemon without a front door, for tests with real processes: engine, store on disk, HTTP
 * agents and commands, in a data directory of its own. It can be closed and opened again, as often
 * as the test likes, and what it started goes on in between.
 *
 * The HTTP agents are this program (host_dispatch): they answer with their pid, wait at the scene's
 * GO when the payload says "hold", and die when it says "crash".
 */
struct host {
	struct scene *scene;
	char data[320];
	uv_loop_t loop;
	uv_timer_t tick;
	struct config config;
	struct config config_next;  /* the one before, until the host is closed */
	struct store_ops store_ops; /* may be changed before host_open */
	struct engine *engine;
	struct upstream *upstream;
	struct push *push;
	struct fleet *fleet;
	struct command *command;
	int64_t give_up_ns;
};

/* A task as its submitter sees it. */
struct errand_seen {
	struct job_waiter waiter;
	uint64_t id;
	bool accepted;
	bool refused;
	bool ended;
	enum bal_task_state state;
	char result[256];
	char result_file[256];
	uint64_t result_size;
	char content_type[128];
	char error[512];
	char history[2048];
};

/* Before everything in main, as scene_dispatch: `--agent PORT GO` is the HTTP agent. */
int host_dispatch(int argument_count, char **arguments);

/* For cmocka; *state is the host, closed. The teardown fails when a process is left over. */
int host_begin(void **state);
int host_end(void **state);

/* Starts and stops the daemon. `yaml` is the configuration. */
void host_open(struct host *host, const char *yaml);
void host_close(struct host *host);

/* Takes over another configuration while it runs. */
void host_configure(struct host *host, const char *yaml);

/* Runs the loop until the condition holds; fails the test when that takes too long. */
void host_wait(struct host *host, bool (*condition)(void *context), void *context);

/* Submits a task; `seen` must outlive it. */
void host_submit(
	struct host *host, const char *kind, const char *payload, struct errand_seen *seen);

/* Waits for the end of a task. */
void host_wait_end(struct host *host, struct errand_seen *seen);

/* Waits until somebody wrote a line into the scene's UP. */
void host_wait_up(struct host *host, char *line, size_t size);

/* Waits until the log has a warning with that text in it. */
void host_wait_said(struct host *host, const char *text);

/* Waits until the pool has so many agents ready. */
void host_wait_ready(struct host *host, const char *pool, uint32_t count);

/* The number of a pool; BAL_NONE. */
uint32_t host_pool(const struct host *host, const char *name);

/* The first agent of a pool; NULL. */
struct roster_agent *host_agent(const struct host *host, const char *pool);

/* Attaches to a task that came back from the store. */
void host_watch(struct host *host, uint64_t id, struct errand_seen *seen);

#endif
