/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's files are read on the loop: all of them take 0.2 ms. The size of the data directory
 * is not, since a disk may be slow to tell: a thread of the loop's pool adds it up. nvidia-smi is a
 * process that may hang with its driver: it is given until the next look, then killed, and after a
 * failure left alone for a while. */
#include "daemon/vitals.h"

#include "base/units.h"
#include "daemon/roster.h"
#include "sample/disk.h"
#include "sample/gpu.h"
#include "sample/host.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_MS        5000
#define GPU_OUTPUT_MAX  8192
#define GPU_RETRY       60 /* looks after which a program that failed is tried again: 10 minutes */
#define VITALS_PATH_MAX 4096

struct vitals {
	struct engine *engine;
	uv_timer_t timer;
	uv_work_t room_work;
	uv_process_t gpu_process;
	uv_pipe_t gpu_pipe;
	uint32_t round;
	uint32_t gpu_wait; /* looks until nvidia-smi is run again */
	uint32_t open;     /* handles and work that are not closed */
	bool closing;
	bool room_running;
	bool gpu_running;
	size_t gpu_size;
	char gpu_output[GPU_OUTPUT_MAX];
	char path[VITALS_PATH_MAX];
	struct disk_room room;
	struct socket_table sockets;
	struct host_sample quick; /* the last look */
	struct host_sample full;  /* the last at everything */
};

void vitals_post(struct engine *engine, enum bal_subject subject, uint64_t id,
	enum bal_signal signal, int64_t value)
{
	struct bal_event event = {.type = BAL_EVENT_SAMPLE,
		.sample = {.id = id, .subject = subject, .signal = signal, .value = value}};

	struct roster_agent *agent =
		subject == BAL_SUBJECT_AGENT ? roster_find(engine_roster(engine), id) : NULL;

	if (agent != NULL && signal < BAL_SIGNAL_AGENT_COUNT)
		agent->signals[signal] = value;
	engine_event(engine, &event);
}

void vitals_post_all(struct engine *engine, enum bal_subject subject, uint64_t id,
	const struct reading *readings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		vitals_post(engine, subject, id, readings[i].signal, readings[i].value);
}

/* Frees it when nothing is open any more. */
static void release(struct vitals *vitals)
{
	if (--vitals->open > 0)
		return;
	socket_table_free(&vitals->sockets);
	free(vitals);
}

static void on_closed(uv_handle_t *handle)
{
	release(handle->data);
}

/* ---- the data directory ---- */

static void read_room(uv_work_t *work)
{
	struct vitals *vitals = work->data;

	disk_room_read(vitals->path, &vitals->room);
}

static void on_room(uv_work_t *work, int status)
{
	struct vitals *vitals = work->data;
	struct reading readings[DISK_READINGS_MAX];

	vitals->room_running = false;
	if (status == 0 && !vitals->closing)
		vitals_post_all(vitals->engine, BAL_SUBJECT_STORE, 0, readings,
			disk_room_readings(&vitals->room, readings));
	release(vitals);
}

static void look_at_room(struct vitals *vitals)
{
	if (vitals->room_running || vitals->path[0] == '\0')
		return;
	vitals->room_work.data = vitals;
	if (uv_queue_work(engine_loop(vitals->engine), &vitals->room_work, read_room, on_room) != 0)
		return;
	vitals->room_running = true;
	vitals->open++;
}

/* ---- graphics cards ---- */

static void give_memory(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
	struct vitals *vitals = handle->data;

	(void)size;
	*buffer = uv_buf_init(vitals->gpu_output + vitals->gpu_size,
		(unsigned)(sizeof vitals->gpu_output - vitals->gpu_size));
}

/* More than the buffer is no answer: the pipe ends with UV_ENOBUFS, and what is there is parsed. */
static void on_gpu_output(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
	struct vitals *vitals = stream->data;

	(void)buffer;
	if (got > 0)
		vitals->gpu_size += (size_t)got;
	else if (got < 0)
		uv_read_stop(stream);
}

static void on_gpu_exit(uv_process_t *process, int64_t code, int number)
{
	struct vitals *vitals = process->data;
	struct reading readings[GPU_READINGS_MAX];
	struct gpu_sample sample;
	bool answered;

	/* The last of its output may still lie in the pipe. */
	uv_read_stop((uv_stream_t *)&vitals->gpu_pipe);
	uv_os_fd_t fd;
	while (uv_fileno((uv_handle_t *)&vitals->gpu_pipe, &fd) == 0 &&
		vitals->gpu_size < sizeof vitals->gpu_output) {
		ssize_t got = read(fd, vitals->gpu_output + vitals->gpu_size,
			sizeof vitals->gpu_output - vitals->gpu_size);

		if (got <= 0)
			break;
		vitals->gpu_size += (size_t)got;
	}
	answered = code == 0 && number == 0 &&
		   gpu_parse(vitals->gpu_output, vitals->gpu_size, &sample);
	vitals->gpu_running = false;
	vitals->gpu_wait = answered ? 0 : GPU_RETRY;
	if (answered && !vitals->closing)
		vitals_post_all(vitals->engine, BAL_SUBJECT_HOST, 0, readings,
			gpu_readings(&sample, readings));
	uv_close((uv_handle_t *)process, on_closed);
	uv_close((uv_handle_t *)&vitals->gpu_pipe, on_closed);
}

static void run_gpu(struct vitals *vitals)
{
	char program[] = "nvidia-smi";
	char query[] = GPU_QUERY;
	char format[] = GPU_FORMAT;
	char *arguments[] = {program, query, format, NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_IGNORE}, {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
					      .data.stream = (uv_stream_t *)&vitals->gpu_pipe}};
	uv_process_options_t options = {.exit_cb = on_gpu_exit,
		.file = arguments[0],
		.args = arguments,
		.stdio = stdio,
		.stdio_count = 2};

	uv_pipe_init(engine_loop(vitals->engine), &vitals->gpu_pipe, 0);
	vitals->gpu_pipe.data = vitals;
	vitals->gpu_process.data = vitals;
	vitals->gpu_size = 0;
	vitals->open += 2;
	if (uv_spawn(engine_loop(vitals->engine), &vitals->gpu_process, &options) != 0) {
		vitals->gpu_wait = GPU_RETRY;
		uv_close((uv_handle_t *)&vitals->gpu_process, on_closed);
		uv_close((uv_handle_t *)&vitals->gpu_pipe, on_closed);
		return;
	}
	vitals->gpu_running = true;
	uv_read_start((uv_stream_t *)&vitals->gpu_pipe, give_memory, on_gpu_output);
}

static void look_at_gpus(struct vitals *vitals)
{
	if (vitals->gpu_running)
		uv_process_kill(&vitals->gpu_process, SIGKILL);
	else if (vitals->gpu_wait > 0)
		vitals->gpu_wait--;
	else
		run_gpu(vitals);
}

/* ---- rounds ---- */

static void on_round(uv_timer_t *timer)
{
	struct vitals *vitals = timer->data;
	struct reading readings[HOST_READINGS_MAX];
	struct host_sample sample;
	int64_t now_ns = clock_core_ns(engine_clock(vitals->engine));
	bool full = vitals->round++ % 2 == 0;

	if (full)
		socket_table_scan(&vitals->sockets);
	host_sample_read(now_ns, full ? &vitals->sockets : NULL, &sample);
	vitals_post_all(vitals->engine, BAL_SUBJECT_HOST, 0, readings,
		host_readings(&vitals->quick, &sample, 0, HOST_QUICK_S, readings));
	vitals->quick = sample;
	if (!full)
		return;
	vitals_post_all(vitals->engine, BAL_SUBJECT_HOST, 0, readings,
		host_readings(&vitals->full, &sample, HOST_QUICK_S, HOST_FULL_S, readings));
	vitals->full = sample;
	look_at_room(vitals);
	look_at_gpus(vitals);
}

struct vitals *vitals_open(struct engine *engine)
{
	struct vitals *vitals = calloc(1, sizeof *vitals);
	const char *path = engine_data(engine);

	if (vitals == NULL)
		return NULL;
	vitals->engine = engine;
	vitals->open = 1;
	if (path != NULL && strlen(path) < sizeof vitals->path)
		memcpy(vitals->path, path, strlen(path) + 1);
	uv_timer_init(engine_loop(engine), &vitals->timer);
	vitals->timer.data = vitals;
	uv_timer_start(&vitals->timer, on_round, ROUND_MS, ROUND_MS);
	return vitals;
}

void vitals_close(struct vitals *vitals)
{
	if (vitals == NULL)
		return;
	vitals->closing = true;
	if (vitals->gpu_running)
		uv_process_kill(&vitals->gpu_process, SIGKILL);
	uv_close((uv_handle_t *)&vitals->timer, on_closed);
}
