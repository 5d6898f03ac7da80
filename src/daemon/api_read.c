/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of tasks, and raw results.
 *
 * The store knows all tasks but sees a task that was pushed to an agent as still queued, since it
 * is told of no dispatch that would not survive a restart; the core knows what is true now.  So a
 * list is walked in the store, and a row of a living task is replaced by what the core says. */
#include "daemon/request.h"

#include "daemon/taskview.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_DEFAULT  100
#define PAGES_MAX     4 /* reads of the store for one list, each of a bounded number of rows */
#define FILE_SIZE_MAX (32u << 20)
#define LIST_SIZE_MAX (16u << 20)

/* ---- lists ---- */

struct listing {
	struct engine *engine;
	struct json_writer *writer;
	const char *state; /* NULL: any */
	struct span pool;  /* absent: any */
	uint32_t left;
	uint64_t last; /* id of the last row looked at */
	bool full;
};

static bool add_row(void *context, const struct store_view *from)
{
	struct listing *listing = context;
	struct job *job = engine_job(listing->engine, from->task.id);
	struct taskview view;

	if (listing->left == 0) {
		listing->full = true;
		return false;
	}
	listing->last = from->task.id;
	if (job != NULL)
		taskview_of_job(listing->engine, job, &view);
	else
		taskview_of_store(from, &view);
	if (listing->state != NULL && strcmp(listing->state, view.state) != 0)
		return true;
	if (listing->pool.at != NULL && !span_equal(listing->pool, view.pool))
		return true;
	taskview_write(&view, false, listing->writer);
	listing->left--;
	return true;
}

/* The states of the store among which tasks of this state are found; 0: the word is none. */
static uint32_t states_of(struct span word, const char **state)
{
	enum store_state stored;

	for (uint32_t i = BAL_TASK_SUBMITTED; i < BAL_TASK_REFUSED; i++) {
		*state = bal_task_state_name((enum bal_task_state)i);
		if (!span_equal(word, span_of(*state)))
			continue;
		if (i >= BAL_TASK_SUCCEEDED &&
			store_state_parse(
				(struct store_bytes){word.at, (uint32_t)word.size}, &stored))
			return 1u << stored;
		return 1u << STORE_TASK_QUEUED | 1u << STORE_TASK_DISPATCHED |
		       1u << STORE_TASK_WAITING;
	}
	return 0;
}

enum { BY_STATE, BY_KIND, BY_TENANT, BY_POOL, LIMIT, BEFORE, LIST_PARAMETERS };

/* Fills filter and listing from the query; false after answering 400. */
static bool read_filter(struct request *request, struct url_parameter *parameters,
	struct store_filter *filter, struct listing *listing)
{
	struct span state = parameters[BY_STATE].value;
	uint64_t limit = LIST_DEFAULT;

	if (!request_query_number(request, &parameters[LIMIT], STORE_LIST_COUNT_MAX, &limit) ||
		!request_query_number(
			request, &parameters[BEFORE], STORE_ID_MAX, &filter->before_id))
		return false;
	listing->left = limit == 0 ? 1 : (uint32_t)limit;
	listing->pool = parameters[BY_POOL].value;
	filter->kind = (struct store_bytes){
		parameters[BY_KIND].value.at, (uint32_t)parameters[BY_KIND].value.size};
	filter->tenant = (struct store_bytes){
		parameters[BY_TENANT].value.at, (uint32_t)parameters[BY_TENANT].value.size};
	if (state.at == NULL)
		return true;
	filter->states = states_of(state, &listing->state);
	if (filter->states != 0)
		return true;
	request_problem(request, 400, "query",
		"\"state\": expected submitted, queued, waiting, dispatched, running, finishing, "
		"succeeded, failed, dead, cancelled or expired");
	return false;
}

/* Walks the store; returns where the next page begins, 0 at the end. */
static uint64_t walk(
	struct listing *listing, struct store_filter *filter, enum store_status *status)
{
	struct store *store = engine_store(listing->engine);
	uint64_t next = 0;

	for (uint32_t i = 0; i < PAGES_MAX; i++) {
		*status = store->ops->list(store, filter, add_row, listing, &next);
		if (*status != STORE_OK)
			return 0;
		if (listing->full)
			return listing->last;
		if (next == 0)
			return 0;
		filter->before_id = next;
	}
	return next;
}

void api_task_list(struct request *request)
{
	struct url_parameter parameters[LIST_PARAMETERS] = {{.name = "state"}, {.name = "kind"},
		{.name = "tenant"}, {.name = "pool"}, {.name = "limit"}, {.name = "before"}};
	struct store_filter filter = {.count_max = STORE_LIST_COUNT_MAX};
	struct json_writer writer;
	struct listing listing = {.engine = request->engine, .writer = &writer};
	enum store_status status = STORE_OK;
	char memory[REQUEST_QUERY_SIZE];
	struct buffer body;
	uint64_t next;

	if (!request_query(request, parameters, LIST_PARAMETERS, memory) ||
		!read_filter(request, parameters, &filter, &listing))
		return;
	buffer_init(&body, LIST_SIZE_MAX);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "tasks");
	json_open(&writer, '[');
	next = walk(&listing, &filter, &status);
	json_close(&writer);
	json_key(&writer, "next");
	json_put_id(&writer, next);
	json_close(&writer);
	if (status == STORE_OK) {
		request_answer_json(request, 200, &body);
		return;
	}
	buffer_release(&body);
	request_problem(request, (unsigned)store_status_http(status), "store", "%s",
		store_status_text(status));
}

/* ---- results ---- */

/* What agents sent is not to be trusted with this server's origin. */
#define RESULT_FIELDS                                                                              \
	"Content-Security-Policy: sandbox; default-src 'none'\r\n"                                 \
	"Content-Disposition: attachment\r\n"

static bool read_whole(const char *path, struct buffer *to)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = fd < 0 ? -1 : 1;

	while (got > 0) {
		char *room = buffer_reserve(to, 65536);

		got = room == NULL ? -1 : read(fd, room, 65536);
		if (got > 0)
			buffer_commit(to, (size_t)got);
	}
	if (fd >= 0)
		close(fd);
	return got == 0;
}

/* The whole is in a file below the data directory. */
static void answer_file(struct request *request, struct span file, const char *type)
{
	char path[4096];
	struct buffer body;

	snprintf(path, sizeof path, "%s/%.*s", engine_data(request->engine), (int)file.size,
		file.at);
	buffer_init(&body, FILE_SIZE_MAX);
	if (read_whole(path, &body))
		request_answer(request, 200, type, buffer_span(&body), RESULT_FIELDS);
	else if (body.failed)
		request_problem(request, 413, "result-size",
			"the result is larger than %u bytes: read it from %s", FILE_SIZE_MAX, path);
	else
		request_problem(request, 410, "result-gone",
			"the file of the result is no longer there: %s", path);
	buffer_release(&body);
}

struct result_visit {
	struct request *request;
	bool answered;
};

static bool answer_result(void *context, const struct store_view *from)
{
	struct result_visit *visit = context;
	struct request *request = visit->request;
	struct taskview view;
	char type[256] = "application/octet-stream";

	taskview_of_store(from, &view);
	visit->answered = true;
	if (!view.ended) {
		request_problem(
			request, 409, "unfinished", "task %" PRIu64 " has no result yet", view.id);
		return false;
	}
	if (view.content_type.size > 0 && view.content_type.size < sizeof type &&
		http_value_valid(view.content_type))
		snprintf(type, sizeof type, "%.*s", (int)view.content_type.size,
			view.content_type.at);
	if (view.content_size > view.content.size && view.file.size > 0)
		answer_file(request, view.file, type);
	else
		request_answer(request, 200, type,
			view.content.at == NULL ? SPAN("") : view.content, RESULT_FIELDS);
	return false;
}

void api_task_result(struct request *request)
{
	struct store *store = engine_store(request->engine);
	struct result_visit visit = {.request = request};
	uint64_t task = request_id(request, 0);
	enum store_status status;

	if (task == 0 || !request_query(request, NULL, 0, NULL))
		return;
	status = store->ops->get(store, task, STORE_WITH_CONTENT, answer_result, &visit);
	if (visit.answered)
		return;
	if (engine_job(request->engine, task) != NULL)
		request_problem(
			request, 409, "unfinished", "task %" PRIu64 " has no result yet", task);
	else if (status == STORE_NOT_FOUND)
		request_problem(request, 404, "unknown", "there is no task %" PRIu64, task);
	else
		request_problem(request, (unsigned)store_status_http(status), "store",
			"task %" PRIu64 ": %s", task, store_status_text(status));
}
