/* SPDX-License-Identifier: Apache-2.0 */
/* A run is named after the fencing token of its attempt, so the directory of runs is the memory: a
 * restart finds every attempt by its name, and no attempt can be started twice.  The store's notes
 * about what runs are lazy; where they lag behind the directory, the directory is right.
 *
 * A `prepare` step is a run of its own, and the command follows when it succeeded.  It is done once
 * per task: later attempts find the directory as the one before left it.
 *
 * Directories of ended runs stay for the pool's `keep`, so that output can be read afterwards; the
 * task's own directory goes with the last of them, after the pool's `cleanup`. */
#include "daemon/command.h"

#include "base/units.h"
#include "daemon/agentid.h"
#include "daemon/command_state.h"
#include "daemon/workdir.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESUMED_MIN_NS NS_PER_MIN
#define SWEEP_MS       10000
#define SAMPLE_MS      5000
#define HANDLES        4

int64_t command_now_ns(const struct command *command)
{
	return clock_core_ns(engine_clock(command->engine));
}

/* ---- errands ---- */

static struct errand *find_errand(
	const struct command *command, const struct job *job, enum recipe_step step)
{
	struct errand wanted = {
		.task = job->id, .epoch = job->epoch, .attempt = job->attempt, .step = step};

	for (struct list_node *node = command->errands.last; node != NULL;
		node = list_previous(node))
		if (errand_compare(command_errand_of(node), &wanted) == 0)
			return command_errand_of(node);
	return NULL;
}

struct errand *command_newest(
	const struct command *command, uint64_t task, const struct errand *except)
{
	struct errand *newest = NULL;

	for (struct list_node *node = command->errands.first; node != NULL;
		node = list_next(node)) {
		struct errand *errand = command_errand_of(node);

		if (errand->task == task && errand != except && errand->step != RECIPE_CLEAN &&
			(newest == NULL || errand_compare(errand, newest) > 0))
			newest = errand;
	}
	return newest;
}

/* The job whose running attempt this is, NULL when that is over. */
static struct job *errand_job(const struct command *command, const struct errand *errand)
{
	struct job *job = engine_job(command->engine, errand->task);

	if (job == NULL || errand->given_up || errand->step == RECIPE_CLEAN ||
		job->attempt != errand->attempt || job->epoch != errand->epoch || job->agent == 0)
		return NULL;
	return job;
}

void command_drop(struct command *command, struct errand *errand)
{
	runner_remove(command->runner, errand->run);
	list_remove(&command->errands, &errand->node);
	free(errand);
}

static void note_end(struct errand *errand)
{
	int64_t ended_at_ns = errand->run->result.ended_at_real_ns;

	errand->ended = true;
	errand->ended_at_utc_ns = ended_at_ns > 0 ? ended_at_ns : clock_utc_ns();
}

/* ---- starting ---- */

static void fail_start(
	struct command *command, const struct job *job, enum bal_outcome outcome, const char *error)
{
	struct attempt_end end = {.task = job->id,
		.epoch = job->epoch,
		.attempt = job->attempt,
		.outcome = outcome,
		.error = error};

	engine_attempt_ended(command->engine, &end);
}

bool command_fill(struct command *command, const struct errand *errand,
	const struct config_pool *pool, char *message, size_t message_size)
{
	char workdir[PATH_MAX];
	struct recipe_order order = {.pool = pool,
		.step = errand->step,
		.task = errand->task,
		.attempt = errand->attempt,
		.directory = command->directory,
		.workdir = workdir,
		.url = command->url};

	workdir_path(command->data, errand->task, workdir, sizeof workdir);
	if (pool->workdir == CONFIG_WORKDIR_FRESH && errand->step == RECIPE_PREPARE) {
		/* The preparation makes it itself, as `git worktree add` does; what is there is
		 * what an earlier one left undone. */
		workdir_remove(engine_loop(command->engine), workdir);
	} else if (pool->workdir == CONFIG_WORKDIR_FRESH && errand->step == RECIPE_WORK &&
		   !workdir_make(workdir)) {
		snprintf(message, message_size, "cannot make the directory %.150s: %s", workdir,
			strerror(errno));
		return false;
	}
	return recipe_fill(&command->recipe, &order, message, message_size);
}

bool command_run_of(struct command *command, struct errand *errand, struct span input,
	char *message, size_t message_size)
{
	char name[ERRAND_NAME_SIZE];

	errand_name(errand, name);
	errand->started_at_utc_ns = clock_utc_ns();
	errand->run = runner_start(command->runner, name, &command->recipe.spec, input.at,
		input.size, errand, message, message_size);
	if (errand->run == NULL) {
		free(errand);
		return false;
	}
	list_append(&command->errands, &errand->node);
	command_arm(command);
	return true;
}

static struct errand *new_errand(const struct job *job, enum recipe_step step)
{
	struct errand *errand = calloc(1, sizeof *errand);

	if (errand == NULL)
		return NULL;
	errand->task = job->id;
	errand->epoch = job->epoch;
	errand->attempt = job->attempt;
	errand->step = step;
	errand->pool = job->pool;
	return errand;
}

static void start(struct command *command, struct job *job, enum recipe_step step)
{
	const struct config_pool *pool = engine_pool_config(command->engine, job->pool);
	struct errand *errand;
	struct buffer input;
	char message[512] = "there is no memory for it";

	if (find_errand(command, job, step) != NULL)
		return; /* it was begun before a restart: its own end will be taken */
	errand = pool == NULL ? NULL : new_errand(job, step);
	if (errand == NULL) {
		fail_start(command, job, BAL_OUTCOME_LOST,
			pool == NULL ? "its pool is not configured any more" : message);
		return;
	}
	buffer_init(&input, job->payload.size + 6 * job->checkpoint.size + ERRAND_RESULT_MAX);
	if (!command_fill(command, errand, pool, message, sizeof message) ||
		(step == RECIPE_WORK &&
			!recipe_input(pool, job, &input, message, sizeof message))) {
		free(errand);
		fail_start(command, job, BAL_OUTCOME_FAILED, message);
	} else if (!command_run_of(command, errand,
			   step == RECIPE_WORK ? buffer_span(&input) : (struct span){NULL, 0},
			   message, sizeof message)) {
		/* Nothing of it was run, and not for a fault of its own. */
		fail_start(command, job, BAL_OUTCOME_LOST, message);
	}
	buffer_release(&input);
}

/* ---- ends ---- */

static void finish(struct command *command, const struct errand *errand, struct job *job)
{
	const struct config_pool *pool = engine_pool_config(command->engine, job->pool);
	char error[512];
	struct attempt_end end = {.task = errand->task,
		.epoch = errand->epoch,
		.attempt = errand->attempt,
		.outcome = errand_outcome(errand, pool),
		.service_ns = errand->ended_at_utc_ns - job->started_at_utc_ns};

	if (end.outcome == BAL_OUTCOME_HANDED_BACK && !errand_take_checkpoint(errand, job)) {
		snprintf(error, sizeof error,
			"its checkpoint cannot be read, or is larger than %u MiB",
			ERRAND_CHECKPOINT_MAX >> 20);
		end.outcome = BAL_OUTCOME_FAILED;
		end.error = error;
	} else if (end.outcome == BAL_OUTCOME_SUCCEEDED) {
		errand_take_result(errand, job);
	} else if (end.outcome != BAL_OUTCOME_HANDED_BACK) {
		errand_describe(errand, error, sizeof error);
		end.error = error;
	}
	engine_attempt_ended(command->engine, &end);
}

static void finish_cleaning(struct command *command, struct errand *errand)
{
	char text[512];
	char workdir[PATH_MAX];

	if (errand->run->state != RUN_EXITED || errand->run->result.code != 0) {
		errand_describe(errand, text, sizeof text);
		engine_say(command->engine, STORE_SAY_WARNING, "task %llu: %s",
			(unsigned long long)errand->task, text);
	}
	workdir_path(command->data, errand->task, workdir, sizeof workdir);
	workdir_remove(engine_loop(command->engine), workdir);
	command_drop(command, errand);
}

void command_ask_back(struct errand *errand)
{
	if (errand->asked_back && !errand->was_reached && !errand->ended &&
		errand->step == RECIPE_WORK)
		errand->was_reached = run_drain(errand->run) > 0;
}

static void hand_back(void *self, struct job *job)
{
	struct command *command = self;

	for (struct list_node *node = command->errands.first; node != NULL;
		node = list_next(node)) {
		struct errand *errand = command_errand_of(node);

		if (errand->task == job->id && errand->step != RECIPE_CLEAN && !errand->ended) {
			errand->asked_back = true;
			command_ask_back(errand);
		}
	}
}

/* An errand has ended: its attempt goes on with the next step, or ends with it. */
static void settle(struct command *command, struct errand *errand)
{
	struct job *job = errand_job(command, errand);
	char workdir[PATH_MAX];

	if (errand->step == RECIPE_CLEAN) {
		finish_cleaning(command, errand);
		return;
	}
	if (job == NULL)
		return;
	if (errand->step == RECIPE_PREPARE && errand->run->state == RUN_EXITED &&
		errand->run->result.code == 0) {
		workdir_path(command->data, errand->task, workdir, sizeof workdir);
		workdir_set_prepared(workdir);
		start(command, job, RECIPE_WORK);
		if (errand->asked_back)
			hand_back(command, job);
		return;
	}
	finish(command, errand, job);
}

static void on_started(struct command *command, struct errand *errand)
{
	struct bal_event event = {.type = BAL_EVENT_ATTEMPT_STARTED,
		.attempt = {.task = errand->task, .attempt = errand->attempt}};

	if (errand_job(command, errand) != NULL)
		engine_event(command->engine, &event);
	command_ask_back(errand);
}

static void pump(struct command *command)
{
	struct runner_event event;

	while (command->begun && runner_next(command->runner, command_now_ns(command), &event)) {
		struct errand *errand = event.owner;

		if (errand == NULL) {
			/* Something else in our directory, which was told to end when found. */
			if (event.type == RUNNER_ENDED)
				runner_remove(command->runner, event.run);
		} else if (event.type == RUNNER_STARTED) {
			on_started(command, errand);
		} else if (event.type == RUNNER_ENDED) {
			note_end(errand);
			settle(command, errand);
		}
	}
	command_arm(command);
}

/* ---- the driver ---- */

static void dispatch(void *self, struct job *job, int64_t until_ns)
{
	struct command *command = self;
	const struct config_pool *pool = engine_pool_config(command->engine, job->pool);
	char workdir[PATH_MAX];
	bool prepares = pool != NULL && pool->prepare.count > 0;

	(void)until_ns; /* the core times it out */
	workdir_path(command->data, job->id, workdir, sizeof workdir);
	if (prepares && pool->workdir == CONFIG_WORKDIR_FRESH && workdir_is_prepared(workdir))
		prepares = false;
	start(command, job, prepares ? RECIPE_PREPARE : RECIPE_WORK);
}

static void rescind(void *self, struct job *job, enum bal_reason reason)
{
	struct command *command = self;

	(void)reason;
	for (struct list_node *node = command->errands.first; node != NULL;
		node = list_next(node)) {
		struct errand *errand = command_errand_of(node);

		if (errand->task != job->id || errand->ended || errand->step == RECIPE_CLEAN)
			continue;
		errand->given_up = true;
		runner_end(command->runner, errand->run, command_now_ns(command));
	}
	command_arm(command);
}

static struct roster_agent *pool_agent(const struct command *command, uint32_t pool)
{
	struct span name = names_text(engine_names(command->engine), BAL_SYMBOL_POOL, pool);

	return roster_find_name(engine_roster(command->engine), pool, name.at, name.size);
}

/* The last of the found errands of the task; NULL. */
static const struct errand *find_last(const struct command *command, uint64_t task)
{
	uint32_t low = 0;
	uint32_t high = command->found_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (command->found[middle]->task <= task)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && command->found[low - 1]->task == task ? command->found[low - 1] : NULL;
}

static bool recall(void *self, struct job *job)
{
	struct command *command = self;
	const struct errand *errand = find_last(command, job->id);

	if (errand == NULL || errand->attempt <= job->attempt || errand->step == RECIPE_CLEAN ||
		errand->pool == BAL_NONE || pool_agent(command, errand->pool) == NULL)
		return false;
	job->pool = errand->pool;
	job->epoch = errand->epoch;
	job->attempt = errand->attempt;
	job->started_at_utc_ns = errand->started_at_utc_ns;
	return true;
}

static uint64_t resume(
	void *self, struct job *job, const struct store_progress *progress, int64_t *until_ns)
{
	struct command *command = self;
	const struct roster_agent *agent = pool_agent(command, job->pool);
	const struct errand *errand = find_errand(command, job, RECIPE_WORK);
	int64_t soon_ns = time_add_ns(command_now_ns(command), RESUMED_MIN_NS);

	(void)progress;
	if (errand == NULL)
		errand = find_errand(command, job, RECIPE_PREPARE);
	if (agent == NULL || errand == NULL)
		return 0;
	/* One that ended while nobody looked did not take longer than it may. */
	if (errand->ended && *until_ns < soon_ns)
		*until_ns = soon_ns;
	return agent->id;
}

static const struct driver_ops COMMAND_DRIVER = {
	.dispatch = dispatch,
	.rescind = rescind,
	.hand_back = hand_back,
	.recall = recall,
	.resume = resume,
};

static void on_sweep(uv_timer_t *timer)
{
	command_sweep(timer->data);
}

static void on_sample(uv_timer_t *timer)
{
	usage_sample(timer->data);
}

/* ---- what an earlier daemon left ---- */

static void find_pool(const struct command *command, struct errand *errand)
{
	char note[RECIPE_NOTE_SIZE];
	char pool[CONFIG_NAME_SIZE_MAX + 1];

	errand->pool = BAL_NONE;
	if (run_note(errand->run, note, sizeof note) &&
		recipe_note_read(note, pool, &errand->started_at_utc_ns))
		errand->pool =
			names_find(engine_names(command->engine), BAL_SYMBOL_POOL, span_of(pool));
}

static struct errand *adopt(struct command *command, const struct runner_event *event)
{
	struct errand *errand = calloc(1, sizeof *errand);

	if (errand == NULL || !errand_name_parse(event->name, errand)) {
		free(errand);
		if (event->type != RUNNER_ENDED)
			runner_kill(command->runner, event->run, command_now_ns(command));
		return NULL;
	}
	errand->run = event->run;
	runner_own(event->run, errand);
	find_pool(command, errand);
	list_append(&command->errands, &errand->node);
	return errand;
}

static int compare_found(const void *a, const void *b)
{
	return errand_compare(*(struct errand *const *)a, *(struct errand *const *)b);
}

/* Every run of the directory becomes an errand; what they mean is settled when it begins. */
static bool find_all(struct command *command)
{
	struct runner_event event;
	uint32_t place = 0;

	while (runner_next(command->runner, command_now_ns(command), &event)) {
		struct errand *errand = event.owner;

		if (errand == NULL)
			errand = adopt(command, &event);
		if (event.type == RUNNER_ENDED && errand != NULL)
			note_end(errand);
		else if (event.type == RUNNER_ENDED)
			runner_remove(command->runner, event.run);
	}
	if (command->errands.count == 0)
		return true;
	command->found = calloc(command->errands.count, sizeof(struct errand *));
	if (command->found == NULL)
		return false;
	for (struct list_node *node = command->errands.first; node != NULL; node = list_next(node))
		command->found[place++] = command_errand_of(node);
	command->found_count = place;
	qsort(command->found, place, sizeof(struct errand *), compare_found);
	return true;
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

void command_arm(struct command *command)
{
	int64_t at_ns = runner_deadline_ns(command->runner);
	int64_t now_ns = command_now_ns(command);

	if (at_ns == TIME_NEVER_NS || command->closing || !command->begun) {
		uv_timer_stop(&command->timer);
		return;
	}
	/* "At once" is INT64_MIN, which nothing may be taken from. */
	uv_timer_start(&command->timer, on_timer,
		at_ns <= now_ns ? 0 : (uint64_t)((at_ns - now_ns) / NS_PER_MS + 1), 0);
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
		struct bal_event back = {.type = BAL_EVENT_AGENT_DRAINED,
			.drain = {.agent = agent->id, .back = true}};

		engine_event(command->engine, &slots);
		if (agent->self == command)
			engine_event(command->engine, &back);
		agent->self = NULL;
		return;
	}
	up.up.agent = agentid_get(command->engine, config->name, config->name);
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

	for (struct roster_agent *agent = roster_first(engine_roster(command->engine));
		agent != NULL; agent = roster_next(agent))
		if (agent->pool_kind == BAL_POOL_COMMAND &&
			engine_pool_config(command->engine, agent->pool) == NULL)
			agent->self = command; /* it drains, and is retired then */
	for (uint32_t i = 0; i < config->pools.count; i++) {
		const struct config_pool *pool = &config->pools.items[i];
		uint32_t number = names_find(
			engine_names(command->engine), BAL_SYMBOL_POOL, span_of(pool->name));

		if (pool->kind == BAL_POOL_COMMAND && number != BAL_NONE)
			add_agent(command, number, pool);
	}
}

/* The runner's directory, and the errands in it. */
static bool open_runner(
	struct command *command, const struct cgroup *group, char *message, size_t message_size)
{
	char directory[PATH_MAX + 16];

	/* Absolute: what is started may change its directory. */
	if (getcwd(command->directory, sizeof command->directory) == NULL ||
		realpath(engine_data(command->engine), command->data) == NULL ||
		!workdir_open(engine_loop(command->engine), command->data)) {
		snprintf(message, message_size, "cannot use the data directory %s: %s",
			engine_data(command->engine), strerror(errno));
		return false;
	}
	snprintf(directory, sizeof directory, "%s/run", command->data);
	mkdir(directory, 0700);
	snprintf(directory, sizeof directory, "%s/run/commands", command->data);
	command->runner =
		runner_open(directory, group, NULL, command_now_ns(command), message, message_size);
	if (command->runner == NULL)
		return false;
	if (find_all(command))
		return true;
	snprintf(message, message_size, "there is no memory for the commands of the last start");
	return false;
}

static void free_command(struct command *command)
{
	struct list_node *node;

	runner_close(command->runner);
	while ((node = list_pop(&command->errands)) != NULL)
		free(command_errand_of(node));
	free(command->found);
	free(command);
}

struct command *command_open(
	struct engine *engine, const struct cgroup *group, char *message, size_t message_size)
{
	struct command *command = calloc(1, sizeof *command);

	if (command == NULL) {
		snprintf(message, message_size, "there is no memory for commands");
		return NULL;
	}
	command->engine = engine;
	if (!open_runner(command, group, message, message_size)) {
		free_command(command);
		return NULL;
	}
	uv_timer_init(engine_loop(engine), &command->timer);
	uv_timer_init(engine_loop(engine), &command->sweep_timer);
	uv_timer_init(engine_loop(engine), &command->sample_timer);
	uv_poll_init(engine_loop(engine), &command->poll, runner_fd(command->runner));
	command->handles_open = HANDLES;
	command->timer.data = command;
	command->sweep_timer.data = command;
	command->sample_timer.data = command;
	command->poll.data = command;
	engine_drive(engine, BAL_POOL_COMMAND, &COMMAND_DRIVER, command);
	command_configure(command);
	return command;
}

void command_begin(struct command *command)
{
	struct list_node *node = command->errands.first;

	command->begun = true;
	free(command->found);
	command->found = NULL;
	command->found_count = 0;
	while (node != NULL) {
		struct errand *errand = command_errand_of(node);

		node = list_next(node);
		if (errand->ended)
			settle(command, errand);
		else if (errand->step != RECIPE_CLEAN && errand_job(command, errand) == NULL)
			runner_end(command->runner, errand->run,
				command_now_ns(command)); /* nobody's */
	}
	uv_poll_start(&command->poll, UV_READABLE, on_readable);
	uv_timer_start(&command->sweep_timer, on_sweep, SWEEP_MS, SWEEP_MS);
	uv_timer_start(&command->sample_timer, on_sample, SAMPLE_MS, SAMPLE_MS);
	pump(command);
}

void command_set_url(struct command *command, const char *url)
{
	snprintf(command->url, sizeof command->url, "%s", url);
}

static void on_closed(uv_handle_t *handle)
{
	struct command *command = handle->data;

	if (--command->handles_open == 0)
		free_command(command);
}

void command_close(struct command *command)
{
	if (command == NULL)
		return;
	command->closing = true;
	engine_drive(command->engine, BAL_POOL_COMMAND, NULL, NULL);
	uv_close((uv_handle_t *)&command->poll, on_closed);
	uv_close((uv_handle_t *)&command->timer, on_closed);
	uv_close((uv_handle_t *)&command->sweep_timer, on_closed);
	uv_close((uv_handle_t *)&command->sample_timer, on_closed);
}

/* ---- output ---- */

int64_t command_output(struct command *command, uint64_t task, bool errors, int64_t offset,
	void *data, size_t size, bool *running)
{
	const struct errand *errand = command_newest(command, task, NULL);

	*running = false;
	if (errand == NULL)
		return -1;
	*running = !errand->ended;
	return run_output_read(errand->run, errors ? RUN_STDERR : RUN_STDOUT, offset, data, size);
}

bool command_workdir(struct command *command, uint64_t task, char *path, size_t path_size)
{
	workdir_path(command->data, task, path, path_size);
	return workdir_exists(path);
}
