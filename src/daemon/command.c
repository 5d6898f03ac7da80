/* SPDX-License-Identifier: Apache-2.0 */
/* A run is named after the fencing token of its attempt, so the directory of runs is the memory: a
 * restart finds every attempt by its name, and no attempt can be started twice.  A `prepare` step
 * is a run of its own, named TOKEN.p, and the command follows when it succeeded.
 *
 * Directories of ended runs stay for the pool's `keep`, so that output can be read afterwards. */
#include "daemon/command.h"

#include "base/units.h"
#include "provider/runner.h"
#include "wire/json.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESULT_INLINE_MAX (1u << 20)
#define ERROR_TAIL        400
#define CHECKPOINT_MAX    (8u << 20)
#define EXIT_HANDED_BACK  75 /* EX_TEMPFAIL */
#define KEPT_MAX          4096
#define REMOVE_DEPTH      16 /* descriptors that a removal may hold */
#define SWEEP_MS          10000
#define PATH_SIZE         1024
#define TEXT_SIZE         (64u << 10)
#define NAME_SIZE         (ENGINE_TOKEN_SIZE + 4)

/* A run that we know of. */
struct errand {
	struct list_node node;
	struct run *run;
	char name[NAME_SIZE];
	uint64_t task;
	uint32_t epoch;
	uint32_t attempt;
	bool prepares;
	bool ended;
	bool given_up; /* rescinded: its end interests nobody */
	int64_t ended_ns;
	int64_t keep_ns;
};

struct command {
	struct engine *engine;
	struct runner *runner;
	struct list errands; /* oldest first */
	uv_poll_t poll;
	uv_timer_t timer;
	uv_timer_t sweep_timer;
	uint32_t handles_open;
	bool begun, closing;
};

/* What one start needs: the spec and the texts that it points to. */
struct order {
	struct spec spec;
	char texts[TEXT_SIZE];
	size_t texts_used;
	char workdir[PATH_SIZE];
	char directory[PATH_SIZE];
};

static int64_t now_of(const struct command *command)
{
	return clock_core_ns(engine_clock(command->engine));
}

static void arm(struct command *command);

/* ---- errands ---- */

static struct errand *errand_find(const struct command *command, const char *name)
{
	for (struct list_node *node = command->errands.last; node != NULL;
		node = list_previous(node)) {
		struct errand *errand = container_of(node, struct errand, node);

		if (strcmp(errand->name, name) == 0)
			return errand;
	}
	return NULL;
}

/* Name to numbers: TOKEN or TOKEN.p. */
static bool parse_name(const char *name, struct errand *errand)
{
	struct span token = span_of(name);

	errand->prepares = token.size > 2 && strcmp(name + token.size - 2, ".p") == 0;
	if (errand->prepares)
		token.size -= 2;
	return engine_token_parse(token, &errand->task, &errand->epoch, &errand->attempt);
}

static struct errand *errand_new(struct command *command, struct run *run, const char *name)
{
	struct errand *errand = calloc(1, sizeof *errand);

	if (errand == NULL || !parse_name(name, errand)) {
		free(errand);
		return NULL;
	}
	errand->run = run;
	errand->keep_ns = NS_PER_HOUR;
	snprintf(errand->name, sizeof errand->name, "%s", name);
	list_append(&command->errands, &errand->node);
	return errand;
}

/* The job whose running attempt this is, NULL when that is over. */
static struct job *errand_job(const struct command *command, const struct errand *errand)
{
	struct job *job = engine_job(command->engine, errand->task);

	if (job == NULL || errand->given_up || job->attempt != errand->attempt ||
		job->epoch != errand->epoch || job->agent == 0)
		return NULL;
	return job;
}

static void workdir_path(const struct command *command, uint64_t task, char *path, size_t path_size)
{
	snprintf(path, path_size, "%s/work/%" PRIu64, engine_data(command->engine), task);
}

/* ---- starting ---- */

static const char *keep_text(struct order *order, const char *text, size_t size)
{
	char *to = order->texts + order->texts_used;

	if (size + 1 > sizeof order->texts - order->texts_used)
		return NULL;
	memcpy(to, text, size);
	to[size] = '\0';
	order->texts_used += size + 1;
	return to;
}

/* Copies an argument with {workdir} and {id} replaced. */
static const char *expand(struct order *order, const struct job *job, const char *text)
{
	char out[4096];
	size_t used = 0;
	char id[24];

	snprintf(id, sizeof id, "%" PRIu64, job->id);
	while (*text != '\0' && used + 1 < sizeof out) {
		const char *value = NULL;
		size_t skip = 1;

		if (strncmp(text, "{workdir}", 9) == 0) {
			value = order->workdir;
			skip = 9;
		} else if (strncmp(text, "{id}", 4) == 0) {
			value = id;
			skip = 4;
		}
		if (value == NULL)
			out[used++] = *text;
		else
			used += (size_t)snprintf(out + used, sizeof out - used, "%s", value);
		if (used >= sizeof out)
			return NULL;
		text += skip;
	}
	return keep_text(order, out, used);
}

static bool add_environment(struct order *order, const char *name, const char *value)
{
	char text[4096];
	uint32_t count = 0;
	int size = snprintf(text, sizeof text, "%s=%s", name, value);

	while (count < SPEC_ENVIRONMENT_MAX && order->spec.environment[count] != NULL)
		count++;
	if (count == SPEC_ENVIRONMENT_MAX || size < 0 || (size_t)size >= sizeof text)
		return false;
	order->spec.environment[count] = keep_text(order, text, (size_t)size);
	return order->spec.environment[count] != NULL;
}

static bool fill_environment(struct order *order, const struct command *command,
	const struct config_pool *pool, const struct job *job)
{
	char number[24];
	bool ok = true;

	for (uint32_t i = 0; i < pool->env.count && ok; i++) {
		const char *entry = pool->env.items[i];
		const char *equals = strchr(entry, '=');
		char name[256];
		const char *value = equals == NULL ? getenv(entry) : equals + 1;

		snprintf(name, sizeof name, "%.*s",
			equals == NULL ? (int)strlen(entry) : (int)(equals - entry), entry);
		if (value != NULL)
			ok = add_environment(order, name, value);
	}
	snprintf(number, sizeof number, "%" PRIu64, job->id);
	ok = ok && add_environment(order, "BALLAST_TASK", number);
	snprintf(number, sizeof number, "%u", job->attempt);
	ok = ok && add_environment(order, "BALLAST_ATTEMPT", number);
	return ok && add_environment(order, "BALLAST_DATA", engine_data(command->engine));
}

/* Fills the spec of the command, or of its preparation. */
static bool fill_order(struct order *order, const struct command *command,
	const struct config_pool *pool, const struct job *job, bool prepares)
{
	const struct config_texts *words = prepares ? &pool->prepare : &pool->command;
	bool fresh = pool->workdir == CONFIG_WORKDIR_FRESH;

	spec_init(&order->spec);
	order->texts_used = 0;
	workdir_path(command, job->id, order->workdir, sizeof order->workdir);
	if (getcwd(order->directory, sizeof order->directory) == NULL)
		return false;
	if (order->workdir[0] != '/') {
		char absolute[2 * PATH_SIZE];

		snprintf(absolute, sizeof absolute, "%s/%s", order->directory, order->workdir);
		snprintf(order->workdir, sizeof order->workdir, "%.*s", PATH_SIZE - 1, absolute);
	}
	for (uint32_t i = 0; i < words->count && i < SPEC_ARGUMENTS_MAX; i++) {
		order->spec.arguments[i] = expand(order, job, words->items[i]);
		if (order->spec.arguments[i] == NULL)
			return false;
	}
	/* The preparation makes the directory itself, as `git worktree add` does. */
	if (fresh && (!prepares && mkdir(order->workdir, 0700) != 0 && errno != EEXIST))
		return false;
	order->spec.directory = fresh && !prepares ? order->workdir : order->directory;
	order->spec.limits.cpu_millis = pool->resources.cpu_millis;
	order->spec.limits.memory_bytes = pool->resources.memory_bytes;
	order->spec.grace_ns = pool->grace_ns;
	return fill_environment(order, command, pool, job);
}

/* What the command reads: the payload, or the text of one of its fields. */
static struct span input_of(
	const struct config_pool *pool, const struct job *job, struct json *json)
{
	struct json_error error;
	struct span path = pool->stdin_field == NULL ? SPAN("") : span_of(pool->stdin_field);
	yyjson_val *value;

	if (path.size == 0 || !json_read(json, job->payload, job->payload.size, &error))
		return job->payload;
	value = json->root;
	while (path.at != NULL && value != NULL) {
		struct span key = span_cut(&path, '.');

		value = yyjson_obj_getn(value, key.at, key.size);
	}
	return value != NULL && yyjson_is_str(value) ? json_text(value) : SPAN("");
}

static void fail_start(struct command *command, const struct job *job, const char *error)
{
	struct attempt_end end = {.task = job->id,
		.epoch = job->epoch,
		.attempt = job->attempt,
		.outcome = BAL_OUTCOME_FAILED,
		.error = error};

	engine_attempt_ended(command->engine, &end);
}

static void start(struct command *command, struct job *job, bool prepares)
{
	static struct order order; /* large; used by this thread only, between two calls */
	const struct config_pool *pool = engine_pool_config(command->engine, job->pool);
	struct json json = {NULL, NULL};
	struct errand *errand;
	struct span input = {NULL, 0};
	struct run *run;
	char token[ENGINE_TOKEN_SIZE];
	char name[NAME_SIZE];
	char message[RUN_TEXT_SIZE_MAX] = "its pool is not configured any more";

	engine_token(job, token);
	snprintf(name, sizeof name, "%s%s", token, prepares ? ".p" : "");
	if (pool == NULL || !fill_order(&order, command, pool, job, prepares)) {
		fail_start(command, job, message);
		return;
	}
	if (!prepares)
		input = input_of(pool, job, &json);
	run = runner_start(command->runner, name, &order.spec, input.at, input.size, NULL, message,
		sizeof message);
	json_release(&json);
	if (run == NULL) {
		fail_start(command, job, message);
		return;
	}
	errand = errand_new(command, run, name);
	if (errand != NULL)
		errand->keep_ns = pool->keep_ns;
	arm(command);
}

/* ---- ends ---- */

static bool is_retryable(const struct config_pool *pool, int code)
{
	for (uint32_t i = 0; pool != NULL && i < pool->retry.exit_count; i++)
		if (pool->retry.exits[i] == code)
			return true;
	return false;
}

static void read_output(const struct run *run, enum run_output output, int64_t offset,
	struct buffer *to, size_t max)
{
	while (to->size < max) {
		char *room = buffer_reserve(to, 65536);
		int64_t got = room == NULL ? 0 : run_output_read(run, output, offset, room, 65536);

		if (got <= 0)
			return;
		buffer_commit(to, (size_t)got);
		offset += got;
	}
}

static void take_result(const struct command *command, struct errand *errand, struct job *job)
{
	int64_t size = run_output_size(errand->run, RUN_STDOUT);
	struct json json = {NULL, NULL};
	struct json_error error;

	buffer_clear(&job->result);
	read_output(errand->run, RUN_STDOUT, 0, &job->result, RESULT_INLINE_MAX);
	job->result_size = size < 0 ? 0 : (uint64_t)size;
	if (job->result_size > job->result.size)
		snprintf(job->result_file, sizeof job->result_file, "run/commands/%s/stdout",
			errand->name);
	snprintf(job->content_type, sizeof job->content_type, "text/plain; charset=utf-8");
	if (job->result.size > 0 && job->result_file[0] == '\0' &&
		json_read(&json, buffer_span(&job->result), RESULT_INLINE_MAX, &error))
		snprintf(job->content_type, sizeof job->content_type, "application/json");
	json_release(&json);
	(void)command;
}

/* What is left of a failed command: the end of its standard error. */
static void describe_failure(const struct errand *errand, char *text, size_t text_size)
{
	const struct run_result *result = &errand->run->result;
	char tail[ERROR_TAIL + 1];
	int64_t from = run_output_tail(errand->run, RUN_STDERR, ERROR_TAIL);
	int64_t got =
		run_output_read(errand->run, RUN_STDERR, from < 0 ? 0 : from, tail, ERROR_TAIL);

	tail[got > 0 ? got : 0] = '\0';
	if (errand->run->state != RUN_EXITED)
		snprintf(text, text_size, "%s", result->text);
	else if (result->signal != 0)
		snprintf(text, text_size, "%sended by signal %d%s: %s",
			errand->prepares ? "prepare: " : "", result->signal,
			result->oom ? " for want of memory" : "", tail);
	else
		snprintf(text, text_size, "%sexit code %d: %s", errand->prepares ? "prepare: " : "",
			result->code, tail);
}

static enum bal_outcome outcome_of(
	const struct command *command, struct errand *errand, struct job *job)
{
	const struct config_pool *pool = engine_pool_config(command->engine, job->pool);
	const struct run_result *result = &errand->run->result;
	bool has_checkpoint = run_output_size(errand->run, RUN_CHECKPOINT) > 0;

	if (errand->run->state == RUN_LOST)
		return BAL_OUTCOME_LOST;
	if (errand->run->state == RUN_FAILED)
		return BAL_OUTCOME_FAILED;
	if (result->code == 0 && !errand->prepares)
		return BAL_OUTCOME_SUCCEEDED;
	if (result->code == EXIT_HANDED_BACK && has_checkpoint && !errand->prepares) {
		buffer_clear(&job->checkpoint);
		read_output(errand->run, RUN_CHECKPOINT, 0, &job->checkpoint, CHECKPOINT_MAX);
		return BAL_OUTCOME_HANDED_BACK;
	}
	if (result->code >= 0)
		return is_retryable(pool, result->code) ? BAL_OUTCOME_RETRYABLE
							: BAL_OUTCOME_FAILED;
	return BAL_OUTCOME_LOST; /* ended by a signal that was not ours */
}

static void finish(struct command *command, struct errand *errand, struct job *job)
{
	char error[512];
	struct attempt_end end = {.task = errand->task,
		.epoch = errand->epoch,
		.attempt = errand->attempt,
		.service_ns = clock_utc_ns() - job->started_at_utc_ns};

	end.outcome = outcome_of(command, errand, job);
	if (end.outcome == BAL_OUTCOME_SUCCEEDED) {
		take_result(command, errand, job);
	} else if (end.outcome != BAL_OUTCOME_HANDED_BACK) {
		describe_failure(errand, error, sizeof error);
		end.error = error;
	}
	engine_attempt_ended(command->engine, &end);
}

static void on_ended(struct command *command, struct errand *errand)
{
	struct job *job = errand_job(command, errand);

	errand->ended = true;
	errand->ended_ns = now_of(command);
	if (job == NULL)
		return;
	if (errand->prepares && errand->run->state == RUN_EXITED && errand->run->result.code == 0)
		start(command, job, false);
	else
		finish(command, errand, job);
}

static void on_started(struct command *command, const struct errand *errand)
{
	struct bal_event event = {.type = BAL_EVENT_ATTEMPT_STARTED,
		.attempt = {.task = errand->task, .attempt = errand->attempt}};

	engine_event(command->engine, &event);
}

static void pump(struct command *command)
{
	struct runner_event event;

	while (command->begun && runner_next(command->runner, now_of(command), &event)) {
		struct errand *errand = errand_find(command, event.name);

		if (errand == NULL)
			errand = errand_new(command, event.run, event.name);
		if (errand == NULL) {
			if (event.type == RUNNER_ENDED)
				runner_remove(command->runner, event.run);
			continue;
		}
		if (event.type == RUNNER_STARTED)
			on_started(command, errand);
		else if (event.type == RUNNER_ENDED)
			on_ended(command, errand);
		else if (errand_job(command, errand) == NULL)
			runner_end(command->runner, event.run, now_of(command)); /* nobody's */
	}
	arm(command);
}

/* ---- the driver ---- */

static void dispatch(void *self, struct job *job, int64_t until_ns)
{
	struct command *command = self;
	const struct config_pool *pool = engine_pool_config(command->engine, job->pool);

	(void)until_ns;
	start(command, job, pool != NULL && pool->prepare.count > 0);
}

static void rescind(void *self, struct job *job, enum bal_reason reason)
{
	struct command *command = self;

	(void)reason;
	for (struct list_node *node = command->errands.first; node != NULL;
		node = list_next(node)) {
		struct errand *errand = container_of(node, struct errand, node);

		if (errand->task != job->id || errand->ended)
			continue;
		errand->given_up = true;
		runner_end(command->runner, errand->run, now_of(command));
	}
	arm(command);
}

static void hand_back(void *self, struct job *job)
{
	struct command *command = self;

	for (struct list_node *node = command->errands.first; node != NULL;
		node = list_next(node)) {
		const struct errand *errand = container_of(node, struct errand, node);

		if (errand->task == job->id && !errand->ended)
			run_drain(errand->run);
	}
}

static struct roster_agent *pool_agent(const struct command *command, uint32_t pool)
{
	struct span name = names_text(engine_names(command->engine), BAL_SYMBOL_POOL, pool);

	return roster_find_name(engine_roster(command->engine), pool, name.at, name.size);
}

static uint64_t resume(
	void *self, struct job *job, const struct store_progress *progress, int64_t *until_ns)
{
	struct command *command = self;
	struct roster_agent *agent = pool_agent(command, job->pool);
	char token[ENGINE_TOKEN_SIZE];
	char name[NAME_SIZE];

	(void)progress;
	(void)until_ns;
	engine_token(job, token);
	snprintf(name, sizeof name, "%s.p", token);
	if (agent == NULL || (runner_find(command->runner, token) == NULL &&
				     runner_find(command->runner, name) == NULL))
		return 0;
	return agent->id;
}

static const struct driver_ops COMMAND_DRIVER = {
	.dispatch = dispatch,
	.rescind = rescind,
	.hand_back = hand_back,
	.resume = resume,
};

/* ---- sweeping ---- */

struct removal {
	uv_work_t work;
	char path[PATH_SIZE];
};

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
	(void)info;
	(void)type;
	(void)place;
	return remove(path) == 0 ? 0 : 1;
}

static void remove_tree(uv_work_t *work)
{
	nftw(((struct removal *)work->data)->path, remove_entry, REMOVE_DEPTH,
		FTW_DEPTH | FTW_PHYS);
}

static void on_removed(uv_work_t *work, int status)
{
	(void)status;
	free(work->data);
}

/* A work directory holds whatever the command left: that may take long, so not on this thread. */
static void remove_workdir(const struct command *command, uint64_t task)
{
	struct removal *removal = calloc(1, sizeof *removal);

	if (removal == NULL)
		return;
	workdir_path(command, task, removal->path, sizeof removal->path);
	removal->work.data = removal;
	if (access(removal->path, F_OK) != 0 ||
		uv_queue_work(
			engine_loop(command->engine), &removal->work, remove_tree, on_removed) != 0)
		free(removal);
}

static void on_sweep(uv_timer_t *timer)
{
	struct command *command = timer->data;
	int64_t now_ns = now_of(command);
	struct list_node *node = command->errands.first;

	while (node != NULL) {
		struct errand *errand = container_of(node, struct errand, node);
		bool old = now_ns - errand->ended_ns > errand->keep_ns;

		node = list_next(node);
		if (!errand->ended || (!old && command->errands.count <= KEPT_MAX))
			continue;
		runner_remove(command->runner, errand->run);
		if (engine_job(command->engine, errand->task) == NULL)
			remove_workdir(command, errand->task);
		list_remove(&command->errands, &errand->node);
		free(errand);
	}
}

/* ---- life ---- */

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	pump(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
	pump(timer->data);
}

static void arm(struct command *command)
{
	int64_t at_ns = runner_deadline_ns(command->runner);
	int64_t wait_ns = at_ns - now_of(command);

	if (at_ns == TIME_NEVER_NS || command->closing || !command->begun) {
		uv_timer_stop(&command->timer);
		return;
	}
	uv_timer_start(&command->timer, on_timer,
		wait_ns <= 0 ? 0 : (uint64_t)((wait_ns + NS_PER_MS - 1) / NS_PER_MS), 0);
}

static void add_agent(struct command *command, uint32_t pool, const struct config_pool *config)
{
	struct bal_event up = {.type = BAL_EVENT_AGENT_UP,
		.up = {.pool = pool,
			.state = BAL_AGENT_READY,
			.slots = (uint32_t)config->agents_max}};
	struct roster_agent *agent = pool_agent(command, pool);

	if (agent != NULL) {
		struct bal_event slots = {.type = BAL_EVENT_AGENT_SLOTS,
			.slots = {.agent = agent->id, .slots = up.up.slots}};

		engine_event(command->engine, &slots);
		return;
	}
	up.up.agent = engine_mint(command->engine);
	agent = roster_add(engine_roster(command->engine), up.up.agent, pool);
	if (agent == NULL)
		return;
	agent->pool_kind = BAL_POOL_COMMAND;
	snprintf(agent->name, sizeof agent->name, "%s", config->name);
	engine_event(command->engine, &up);
}

void command_configure(struct command *command)
{
	const struct config *config = engine_config(command->engine);

	for (uint32_t i = 0; i < config->pools.count; i++) {
		const struct config_pool *pool = &config->pools.items[i];

		if (pool->kind == BAL_POOL_COMMAND)
			add_agent(command,
				names_find(engine_names(command->engine), BAL_SYMBOL_POOL,
					span_of(pool->name)),
				pool);
	}
}

struct command *command_open(
	struct engine *engine, const struct cgroup *group, char *message, size_t message_size)
{
	struct command *command = calloc(1, sizeof *command);
	char directory[PATH_SIZE];

	if (command == NULL) {
		snprintf(message, message_size, "there is no memory for commands");
		return NULL;
	}
	command->engine = engine;
	snprintf(directory, sizeof directory, "%s/work", engine_data(engine));
	mkdir(directory, 0700);
	snprintf(directory, sizeof directory, "%s/run", engine_data(engine));
	mkdir(directory, 0700);
	snprintf(directory, sizeof directory, "%s/run/commands", engine_data(engine));
	command->runner =
		runner_open(directory, group, NULL, now_of(command), message, message_size);
	if (command->runner == NULL) {
		free(command);
		return NULL;
	}
	uv_timer_init(engine_loop(engine), &command->timer);
	uv_timer_init(engine_loop(engine), &command->sweep_timer);
	uv_poll_init(engine_loop(engine), &command->poll, runner_fd(command->runner));
	command->handles_open = 3;
	command->timer.data = command;
	command->sweep_timer.data = command;
	command->poll.data = command;
	engine_drive(engine, BAL_POOL_COMMAND, &COMMAND_DRIVER, command);
	command_configure(command);
	return command;
}

void command_begin(struct command *command)
{
	command->begun = true;
	uv_poll_start(&command->poll, UV_READABLE, on_readable);
	uv_timer_start(&command->sweep_timer, on_sweep, SWEEP_MS, SWEEP_MS);
	pump(command);
}

static void on_closed(uv_handle_t *handle)
{
	struct command *command = handle->data;
	struct list_node *node;

	if (--command->handles_open > 0)
		return;
	while ((node = list_pop(&command->errands)) != NULL)
		free(container_of(node, struct errand, node));
	free(command);
}

void command_close(struct command *command)
{
	if (command == NULL)
		return;
	command->closing = true;
	uv_close((uv_handle_t *)&command->poll, on_closed);
	uv_close((uv_handle_t *)&command->timer, on_closed);
	uv_close((uv_handle_t *)&command->sweep_timer, on_closed);
	runner_close(command->runner);
}

/* ---- output ---- */

/* The last run of the task, the command itself rather than its preparation. */
static struct errand *errand_of_task(const struct command *command, uint64_t task)
{
	for (struct list_node *node = command->errands.last; node != NULL;
		node = list_previous(node)) {
		struct errand *errand = container_of(node, struct errand, node);

		if (errand->task == task)
			return errand;
	}
	return NULL;
}

int64_t command_output(struct command *command, uint64_t task, bool errors, int64_t offset,
	void *data, size_t size, bool *running)
{
	const struct errand *errand = errand_of_task(command, task);

	*running = false;
	if (errand == NULL)
		return -1;
	*running = !errand->ended;
	return run_output_read(errand->run, errors ? RUN_STDERR : RUN_STDOUT, offset, data, size);
}

bool command_workdir(struct command *command, uint64_t task, char *path, size_t path_size)
{
	if (errand_of_task(command, task) == NULL)
		return false;
	workdir_path(command, task, path, path_size);
	return true;
}
