/* SPDX-License-Identifier: Apache-2.0 */
/* A task may show up in a log before its submission was acknowledged to us (the agent is that
 * fast), so either side makes the entry. */
#include "cli/tally.h"

#include "base/arena.h"
#include "wire/span.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE 65536

bool tally_open(struct tally *tally, const char *directory)
{
	struct arena arena;

	memset(tally, 0, sizeof *tally);
	tally->directory = directory;
	arena_init(&arena, NULL, 0);
	map_init(&tally->map, &arena, TALLY_TASKS_MAX);
	tally->slots = calloc(1, arena.used);
	tally->tasks = calloc(TALLY_TASKS_MAX, sizeof *tally->tasks);
	if (tally->slots == NULL || tally->tasks == NULL)
		return false;
	arena_init(&arena, tally->slots, arena.used);
	map_init(&tally->map, &arena, TALLY_TASKS_MAX);
	return arena_fits(&arena);
}

void tally_close(struct tally *tally)
{
	for (uint32_t i = 0; i < tally->agent_count; i++)
		close(tally->agents[i].fd);
	free(tally->tasks);
	free(tally->slots);
}

static struct tally_task *task_of(struct tally *tally, uint64_t id)
{
	uint32_t index = map_get(&tally->map, id);

	if (index != MAP_NONE)
		return &tally->tasks[index];
	if (id == 0 || tally->task_count == TALLY_TASKS_MAX)
		return NULL;
	index = tally->task_count++;
	map_put(&tally->map, id, index);
	tally->tasks[index].id = id;
	return &tally->tasks[index];
}

static void note_wait(struct tally *tally, const struct tally_task *task)
{
	if (task->submitted_at_ns != 0 && task->started_at_ns != 0)
		histogram_record(&tally->waits_ns, task->started_at_ns - task->submitted_at_ns, 1);
}

void tally_submitted(struct tally *tally, uint64_t id, int64_t at_ns)
{
	struct tally_task *task = task_of(tally, id);

	if (task == NULL || task->submitted_at_ns != 0)
		return;
	task->submitted_at_ns = at_ns;
	tally->submitted++;
	note_wait(tally, task);
}

/* ---- logs ---- */

static void note_start(struct tally *tally, uint32_t index, struct tally_task *task, int64_t at_ns)
{
	task->start_count++;
	task->agent = index;
	task->running = true;
	task->begun_at_ns = at_ns;
	tally->agents[index].running++;
	if (task->started_at_ns != 0)
		return;
	task->started_at_ns = at_ns;
	note_wait(tally, task);
}

static void note_end(struct tally *tally, uint32_t index, struct tally_task *task, int64_t at_ns)
{
	struct tally_agent *agent = &tally->agents[index];

	if (agent->running > 0)
		agent->running--;
	if (task->agent != index)
		return;
	agent->busy_ns += at_ns - task->begun_at_ns;
	task->running = false;
}

static void take_line(struct tally *tally, uint32_t index, struct span line)
{
	struct tally_agent *agent = &tally->agents[index];
	struct span what = span_cut(&line, ' ');
	struct span at_text = span_cut(&line, ' ');
	struct span id_text = span_cut(&line, ' ');
	struct tally_task *task;
	uint64_t at = 0, id = 0;

	if (!span_number(at_text, INT64_MAX, &at) || !span_number(id_text, UINT64_MAX, &id))
		return;
	if (span_equal(what, SPAN("up")))
		agent->up_at_ns = (int64_t)at;
	else if (span_equal(what, SPAN("down")))
		agent->down_at_ns = (int64_t)at;
	task = task_of(tally, id);
	if (task == NULL)
		return;
	if (span_equal(what, SPAN("start"))) {
		note_start(tally, index, task, (int64_t)at);
		return;
	}
	note_end(tally, index, task, (int64_t)at);
	if (span_equal(what, SPAN("done"))) {
		agent->done_count++;
		task->done_count++;
	} else if (span_equal(what, SPAN("drop"))) {
		tally->dropped++;
	} else if (span_equal(what, SPAN("cut"))) {
		tally->cut++;
	}
}

static void read_agent(struct tally *tally, uint32_t index)
{
	struct tally_agent *agent = &tally->agents[index];
	char bytes[READ_SIZE + sizeof agent->rest];

	for (;;) {
		ssize_t got;
		struct span rest;

		memcpy(bytes, agent->rest, agent->rest_size);
		got = read(agent->fd, bytes + agent->rest_size, READ_SIZE);
		if (got <= 0)
			return;
		rest = (struct span){bytes, agent->rest_size + (size_t)got};
		while (span_find(rest, '\n') < rest.size) {
			size_t size = span_find(rest, '\n');

			take_line(tally, index, (struct span){rest.at, size});
			rest = span_skip(rest, size + 1);
		}
		/* Lines are far shorter than the room for an unfinished one. */
		agent->rest_size = rest.size < sizeof agent->rest ? rest.size : 0;
		memcpy(agent->rest, rest.at, agent->rest_size);
	}
}

/* POOL.PORT.PID.log, opened when it is new. */
static void open_agent(struct tally *tally, const char *file)
{
	struct tally_agent *agent = &tally->agents[tally->agent_count];
	struct span rest = span_of(file);
	struct span name = span_cut(&rest, '.');
	char path[4096];
	uint64_t pid;

	for (uint32_t i = 0; i < tally->agent_count; i++)
		if (strcmp(tally->agents[i].file, file) == 0)
			return;
	(void)span_cut(&rest, '.');
	if (tally->agent_count == TALLY_AGENTS_MAX || strlen(file) >= TALLY_NAME_SIZE ||
		!span_number(span_cut(&rest, '.'), INT32_MAX, &pid))
		return;
	snprintf(path, sizeof path, "%s/%s", tally->directory, file);
	memset(agent, 0, sizeof *agent);
	agent->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (agent->fd < 0)
		return;
	agent->pid = (pid_t)pid;
	snprintf(agent->file, sizeof agent->file, "%s", file);
	snprintf(agent->name, sizeof agent->name, "%.*s", (int)name.size, name.at);
	tally->agent_count++;
}

/* Only the demo's own tasks count: somebody may be trying out others meanwhile. */
static void count_tasks(struct tally *tally)
{
	tally->done = 0;
	tally->duplicates = 0;
	tally->restarts = 0;
	for (uint32_t i = 0; i < tally->task_count; i++) {
		const struct tally_task *task = &tally->tasks[i];

		if (task->submitted_at_ns == 0)
			continue;
		tally->done += task->done_count > 0;
		tally->duplicates += task->done_count > 1 ? task->done_count - 1 : 0;
		tally->restarts += task->start_count > 1;
	}
}

void tally_read(struct tally *tally)
{
	DIR *directory = opendir(tally->directory);
	const struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			open_agent(tally, entry->d_name);
	if (directory != NULL)
		closedir(directory);
	for (uint32_t i = 0; i < tally->agent_count; i++)
		read_agent(tally, i);
	count_tasks(tally);
}

/* ---- sums ---- */

struct tally_agent *tally_busiest(struct tally *tally)
{
	struct tally_agent *best = NULL;

	for (uint32_t i = 0; i < tally->agent_count; i++) {
		struct tally_agent *agent = &tally->agents[i];

		if (agent->down_at_ns == 0 && !agent->victim && agent->running > 0 &&
			(best == NULL || agent->running > best->running))
			best = agent;
	}
	return best;
}

uint64_t tally_lost(const struct tally *tally)
{
	uint64_t lost = 0;

	for (uint32_t i = 0; i < tally->task_count; i++)
		lost += tally->tasks[i].submitted_at_ns != 0 && tally->tasks[i].done_count == 0;
	return lost;
}

uint64_t tally_killed(const struct tally *tally)
{
	uint64_t killed = tally->dropped + tally->cut;

	for (uint32_t i = 0; i < tally->agent_count; i++)
		if (!tally->agents[i].victim)
			killed += tally->agents[i].running;
	return killed;
}

int64_t tally_busy_permille(
	const struct tally *tally, int64_t now_ns, uint32_t (*slots)(const char *pool))
{
	int64_t busy_ms = 0, there_ms = 0;

	for (uint32_t i = 0; i < tally->agent_count; i++) {
		const struct tally_agent *agent = &tally->agents[i];
		int64_t end_ns = agent->down_at_ns == 0 ? now_ns : agent->down_at_ns;

		busy_ms += agent->busy_ns / 1000000;
		there_ms += (end_ns - agent->up_at_ns) / 1000000 * slots(agent->name);
	}
	return there_ms <= 0 ? 0 : busy_ms * 1000 / there_ms;
}
