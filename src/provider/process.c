/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: a runner does the work; this turns orders into specs and ends into facts with a sentence.
 * The run is named after the agent, so that a repeated order finds it; pool, order, number and port
 * stand in the note of the spec, so that an adopted agent comes back complete.
 *
 * An agent whose run has ended is forgotten as soon as its event was taken; the last line that it
 * wrote to stderr goes into the event, since that is what people look for first.
 */
#include "provider/process.h"

#include "base/assert.h"
#include "provider/lastwords.h"
#include "provider/port.h"
#include "provider/runner.h"
#include "provider/strings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTE_SIZE_MAX     512
#define ARGUMENT_SIZE_MAX 4096
#define PORT_ATTEMPTS_MAX 32
#define PORT_FIELD        "{port}"
#define PATH_DEFAULT      "/usr/local/bin:/usr/bin:/bin"

/* A pool's template; every string is owned. */
struct pool {
	char name[PROVIDER_NAME_SIZE_MAX];
	char *arguments[SPEC_ARGUMENTS_MAX + 1];
	char *environment[SPEC_ENVIRONMENT_MAX + 1];
	char *directory;
	bool wants_port;
	struct spec_limits limits;
	int64_t grace_ns;
	char *affinity; /* NULL = all processors */
	int64_t uid;
	int64_t gid;
	struct pool *next;
};

struct agent {
	uint64_t id;
	uint64_t order;
	uint32_t number;
	char pool[PROVIDER_NAME_SIZE_MAX];
	uint16_t port;
	char gpus[PROVIDER_GPUS_SIZE];
	struct run *run;
	struct agent *next;
};

struct process {
	struct provider provider; /* first */
	struct runner *runner;
	struct pool *pools;
	size_t pool_count;
	struct agent *agents;
};

static struct process *process_of(struct provider *provider)
{
	return (struct process *)(void *)provider;
}

static const struct process *process_of_const(const struct provider *provider)
{
	return (const struct process *)(const void *)provider;
}

static struct pool *find_pool(const struct process *process, const char *name)
{
	for (struct pool *pool = process->pools; pool != NULL; pool = pool->next) {
		if (strcmp(pool->name, name) == 0)
			return pool;
	}
	return NULL;
}

static struct agent *find_agent(const struct process *process, uint64_t id)
{
	for (struct agent *agent = process->agents; agent != NULL; agent = agent->next) {
		if (agent->id == id)
			return agent;
	}
	return NULL;
}

static struct agent *add_agent(struct process *process, uint64_t id)
{
	struct agent *agent = calloc(1, sizeof *agent);
	if (agent == NULL)
		return NULL;
	agent->id = id;
	agent->next = process->agents;
	process->agents = agent;
	return agent;
}

static void drop_agent(struct process *process, struct agent *agent)
{
	struct agent **at = &process->agents;
	while (*at != NULL && *at != agent)
		at = &(*at)->next;
	bal_assert(*at == agent);
	*at = agent->next;
	free(agent);
}

static void free_pool(struct pool *pool)
{
	strings_free(pool->arguments);
	strings_free(pool->environment);
	free(pool->directory);
	free(pool->affinity);
	free(pool);
}

/* Two agents ordered together may be given the same free port, as neither listens yet. */
static uint16_t choose_port(const struct process *process)
{
	for (int attempt = 0; attempt < PORT_ATTEMPTS_MAX; attempt++) {
		uint16_t port = port_choose();
		bool taken = false;
		for (const struct agent *agent = process->agents; agent != NULL;
			agent = agent->next)
			taken = taken || agent->port == port;
		if (port == 0 || !taken)
			return port;
	}
	return 0;
}

/* What stands for a placeholder of one agent. */
struct field {
	const char *name; /* with its braces */
	char value[PROVIDER_GPUS_SIZE];
};

#define FIELD_COUNT 4

/* The placeholder that `text` begins with; NULL. */
static const struct field *find_field(const struct field *fields, const char *text)
{
	for (size_t index = 0; index < FIELD_COUNT; index++) {
		if (strncmp(text, fields[index].name, strlen(fields[index].name)) == 0)
			return &fields[index];
	}
	return NULL;
}

/* A copy with every placeholder replaced; NULL without memory or when it becomes too long. */
static char *substitute(const char *text, const struct field *fields)
{
	char made[ARGUMENT_SIZE_MAX];
	size_t used = 0;
	while (*text != '\0') {
		const struct field *field = find_field(fields, text);
		const char *from = field == NULL ? text : field->value;
		size_t size = field == NULL ? 1 : strlen(field->value);
		if (size >= sizeof made - used)
			return NULL;
		memcpy(made + used, from, size);
		used += size;
		text += field == NULL ? 1 : strlen(field->name);
	}
	made[used] = '\0';
	return strdup(made);
}

static bool substitute_all(
	char *const *from, const char **made, size_t made_max, const struct field *fields)
{
	size_t count = 0;
	for (; from[count] != NULL && count < made_max; count++) {
		made[count] = substitute(from[count], fields);
		if (made[count] == NULL)
			return false;
	}
	made[count] = NULL;
	return true;
}

static void free_made(const char **strings)
{
	for (; *strings != NULL; strings++)
		free((char *)(uintptr_t)*strings);
}

/* Its GPUs are all that it may see. */
static bool add_gpus(struct spec *spec, const char *gpus)
{
	size_t count = 0;
	char *made = NULL;
	if (gpus[0] == '\0')
		return true;
	while (spec->environment[count] != NULL)
		count++;
	if (count == SPEC_ENVIRONMENT_MAX || asprintf(&made, "CUDA_VISIBLE_DEVICES=%s", gpus) < 0)
		return false;
	spec->environment[count] = made;
	spec->environment[count + 1] = NULL;
	return true;
}

static bool fill_spec(
	struct spec *spec, const struct pool *pool, uint64_t id, uint16_t port, const char *gpus)
{
	struct field fields[FIELD_COUNT] = {
		{.name = PORT_FIELD}, {.name = "{id}"}, {.name = "{pool}"}, {.name = "{gpu}"}};
	snprintf(fields[0].value, sizeof fields[0].value, "%u", (unsigned)port);
	snprintf(fields[1].value, sizeof fields[1].value, "%llu", (unsigned long long)id);
	snprintf(fields[2].value, sizeof fields[2].value, "%s", pool->name);
	snprintf(fields[3].value, sizeof fields[3].value, "%s", gpus);
	spec_init(spec);
	spec->directory = pool->directory;
	spec->limits = pool->limits;
	spec->grace_ns = pool->grace_ns;
	spec->affinity = pool->affinity;
	spec->uid = pool->uid;
	spec->gid = pool->gid;
	return substitute_all(pool->arguments, spec->arguments, SPEC_ARGUMENTS_MAX, fields) &&
	       substitute_all(pool->environment, spec->environment, SPEC_ENVIRONMENT_MAX, fields) &&
	       add_gpus(spec, gpus);
}

static bool start_agent(struct provider *provider, const struct provider_order *order,
	int64_t now_ns, char *message, size_t message_size)
{
	struct process *process = process_of(provider);
	char name[32];
	char note[NOTE_SIZE_MAX];
	struct spec spec;
	(void)now_ns;
	bal_assert(order->agent != 0);
	bal_assert(order->pool != NULL);
	const struct pool *pool = find_pool(process, order->pool);
	if (find_agent(process, order->agent) != NULL)
		return true;
	if (pool == NULL) {
		snprintf(message, message_size, "no template for pool %.128s", order->pool);
		return false;
	}
	struct agent *agent = add_agent(process, order->agent);
	if (agent == NULL) {
		snprintf(message, message_size, "out of memory");
		return false;
	}
	agent->order = order->order;
	agent->number = order->number;
	snprintf(agent->pool, sizeof agent->pool, "%s", pool->name);
	agent->port = pool->wants_port ? choose_port(process) : 0;
	snprintf(agent->gpus, sizeof agent->gpus, "%s", order->gpus == NULL ? "" : order->gpus);
	snprintf(name, sizeof name, "%llu", (unsigned long long)order->agent);
	snprintf(note, sizeof note, "order=%llu number=%u port=%u pool=%s%s%s",
		(unsigned long long)order->order, (unsigned)agent->number, (unsigned)agent->port,
		pool->name, agent->gpus[0] == '\0' ? "" : " gpus=", agent->gpus);
	if (pool->wants_port && agent->port == 0)
		snprintf(message, message_size, "the kernel has no free loopback port");
	else if (!fill_spec(&spec, pool, agent->id, agent->port, agent->gpus))
		snprintf(message, message_size, "out of memory, or an argument over 4 KiB");
	else {
		spec.note = note;
		agent->run = runner_start(
			process->runner, name, &spec, NULL, 0, agent, message, message_size);
	}
	free_made(spec.arguments);
	free_made(spec.environment);
	bool started = agent->run != NULL;
	if (!started)
		drop_agent(process, agent);
	return started;
}

static bool end_agent(struct provider *provider, uint64_t id, int64_t now_ns)
{
	struct process *process = process_of(provider);
	struct agent *agent = find_agent(process, id);
	if (agent == NULL)
		return false;
	runner_end(process->runner, agent->run, now_ns);
	return true;
}

/* The end of a note: nothing, or the GPUs. */
static bool read_gpus(const char *end, char gpus[static PROVIDER_GPUS_SIZE])
{
	int used = 0;
	return *end == '\0' ||
	       (sscanf(end, " gpus=%191[0-9,]%n", gpus, &used) == 1 && end[used] == '\0');
}

/* Brings an adopted agent back from name and note; NULL when they are not ours. */
static struct agent *adopt_agent(struct process *process, const struct runner_event *event)
{
	char note[NOTE_SIZE_MAX];
	unsigned long long id = 0;
	unsigned long long order = 0;
	unsigned number = 0;
	unsigned port = 0;
	int used = 0;
	char pool[PROVIDER_NAME_SIZE_MAX];
	char gpus[PROVIDER_GPUS_SIZE] = "";
	char end = 0;
	if (sscanf(event->name, "%20llu%c", &id, &end) != 1 || id == 0 ||
		!run_note(event->run, note, sizeof note))
		return NULL;
	if (sscanf(note, "order=%20llu number=%10u port=%5u pool=%128s%n", &order, &number, &port,
		    pool, &used) != 4 ||
		!read_gpus(note + used, gpus) || port > UINT16_MAX ||
		find_agent(process, id) != NULL)
		return NULL;
	struct agent *agent = add_agent(process, id);
	if (agent == NULL)
		return NULL;
	agent->order = order;
	agent->number = number;
	agent->port = (uint16_t)port;
	agent->run = event->run;
	memcpy(agent->pool, pool, strlen(pool) + 1);
	memcpy(agent->gpus, gpus, sizeof agent->gpus);
	runner_own(event->run, agent);
	return agent;
}

static void explain_exit(const struct run *run, char text[static PROVIDER_TEXT_SIZE_MAX])
{
	const struct run_result *result = &run->result;
	char words[LASTWORDS_SIZE];
	char how[96];
	lastwords_read(run, words);
	if (result->oom)
		snprintf(how, sizeof how, "the kernel ended it: its memory limit was reached");
	else if (result->signal != 0)
		snprintf(how, sizeof how, "ended by signal %d (%s)%s", result->signal,
			strsignal(result->signal), result->asked ? ", as asked" : "");
	else
		snprintf(how, sizeof how, "exited with code %d%s", result->code,
			result->asked ? ", as asked" : "");
	snprintf(text, PROVIDER_TEXT_SIZE_MAX, "%s%s%.140s", how,
		words[0] == '\0' ? "" : "; last line: ", words);
}

static void describe_end(const struct run *run, struct provider_event *event)
{
	const struct run_result *result = &run->result;
	event->asked = result->asked;
	event->code = result->code;
	event->signal = result->signal;
	event->oom = result->oom;
	if (run->state == RUN_EXITED) {
		event->type = PROVIDER_EXITED;
		explain_exit(run, event->text);
		return;
	}
	event->type = run->state == RUN_FAILED ? PROVIDER_FAILED : PROVIDER_LOST;
	snprintf(event->text, sizeof event->text, "%s", result->text);
}

static void describe_agent(const struct agent *agent, struct provider_event *event)
{
	*event = (struct provider_event){.agent = agent->id,
		.order = agent->order,
		.number = agent->number,
		.port = agent->port,
		.asked = agent->run->asked,
		.code = -1};
	memcpy(event->pool, agent->pool, sizeof event->pool);
	memcpy(event->gpus, agent->gpus, sizeof event->gpus);
	if (agent->port != 0)
		snprintf(event->address, sizeof event->address, "127.0.0.1:%u",
			(unsigned)agent->port);
}

static bool next_event(struct provider *provider, int64_t now_ns, struct provider_event *event)
{
	struct process *process = process_of(provider);
	struct runner_event fact;
	while (runner_next(process->runner, now_ns, &fact)) {
		struct agent *agent = fact.owner;
		bool ended = fact.type == RUNNER_ENDED;
		if (agent == NULL)
			agent = adopt_agent(process, &fact);
		if (agent == NULL && !ended)
			runner_kill(process->runner, fact.run, now_ns);
		if (agent == NULL && ended)
			runner_remove(process->runner, fact.run);
		if (agent == NULL)
			continue;
		describe_agent(agent, event);
		event->type = fact.type == RUNNER_ADOPTED ? PROVIDER_ADOPTED : PROVIDER_STARTED;
		if (ended) {
			describe_end(fact.run, event);
			runner_remove(process->runner, fact.run);
			drop_agent(process, agent);
		}
		return true;
	}
	return false;
}

static int fd_of(const struct provider *provider)
{
	return runner_fd(process_of_const(provider)->runner);
}

static int64_t deadline_of(const struct provider *provider)
{
	return runner_deadline_ns(process_of_const(provider)->runner);
}

static bool sample_agent(struct provider *provider, uint64_t id, uint64_t wanted, int64_t now_ns,
	struct sample *sample)
{
	struct process *process = process_of(provider);
	const struct agent *agent = find_agent(process, id);
	if (agent == NULL)
		return false;
	runner_sample(process->runner, agent->run, wanted, now_ns, sample);
	return true;
}

static bool resize_agent(struct provider *provider, uint64_t id, const struct group_size *size,
	bool soft, struct group_size *now, char *message, size_t message_size)
{
	const struct agent *agent = find_agent(process_of(provider), id);

	if (agent != NULL)
		return group_resize(&agent->run->group, size, soft, now, message, message_size);
	*now = (struct group_size){0};
	snprintf(message, message_size, "there is no such agent");
	return false;
}

static void close_process(struct provider *provider)
{
	struct process *process = process_of(provider);
	runner_close(process->runner);
	while (process->agents != NULL)
		drop_agent(process, process->agents);
	while (process->pools != NULL) {
		struct pool *pool = process->pools;
		process->pools = pool->next;
		free_pool(pool);
	}
	free(process);
}

static const struct provider_ops process_ops = {
	.name = "process",
	.start = start_agent,
	.end = end_agent,
	.resize = resize_agent,
	.next = next_event,
	.fd = fd_of,
	.deadline_ns = deadline_of,
	.sample = sample_agent,
	.close = close_process,
};

struct provider *process_open(const char *directory, const struct cgroup *base, const char *program,
	int64_t now_ns, char *message, size_t message_size)
{
	struct process *process = calloc(1, sizeof *process);
	if (process == NULL) {
		snprintf(message, message_size, "out of memory");
		return NULL;
	}
	process->provider.ops = &process_ops;
	process->runner = runner_open(directory, base, program, now_ns, message, message_size);
	if (process->runner != NULL)
		return &process->provider;
	free(process);
	return NULL;
}

static bool copy_arguments(struct pool *pool, const char *const *arguments)
{
	size_t count = 0;
	for (; arguments[count] != NULL; count++) {
		if (count == SPEC_ARGUMENTS_MAX)
			return false;
		pool->arguments[count] = strdup(arguments[count]);
		if (pool->arguments[count] == NULL)
			return false;
		if (strstr(arguments[count], PORT_FIELD) != NULL)
			pool->wants_port = true;
	}
	return true;
}

static const char *path_of(const struct pool *pool)
{
	for (size_t index = 0; pool->environment[index] != NULL; index++) {
		if (strncmp(pool->environment[index], "PATH=", 5) == 0)
			return pool->environment[index] + 5;
	}
	return PATH_DEFAULT;
}

/* Whether the program is there now. Only a courtesy to who edits the file: the launcher's word at
 * the start counts. Programs with a slash are taken relative to the working directory. */
static bool find_program(const struct pool *pool)
{
	char path[ARGUMENT_SIZE_MAX];
	const char *program = pool->arguments[0];
	if (strchr(program, '/') != NULL) {
		snprintf(path, sizeof path, "%s/%s", program[0] == '/' ? "" : pool->directory,
			program);
		return access(path, X_OK) == 0;
	}
	const char *at = path_of(pool);
	while (*at != '\0') {
		size_t size = strcspn(at, ":");
		snprintf(path, sizeof path, "%.*s/%s", (int)size, at, program);
		if (size > 0 && access(path, X_OK) == 0)
			return true;
		at += size;
		at += *at == ':';
	}
	return false;
}

static bool check_pool(const struct pool *pool, char *message, size_t message_size)
{
	struct spec spec;
	char reason[PROVIDER_TEXT_SIZE_MAX];
	if (!fill_spec(&spec, pool, 1, 1, ""))
		snprintf(reason, sizeof reason, "out of memory, or an argument over 4 KiB");
	else if (spec_check(&spec, reason, sizeof reason))
		reason[0] = '\0';
	free_made(spec.arguments);
	free_made(spec.environment);
	if (reason[0] == '\0' && !find_program(pool))
		snprintf(reason, sizeof reason,
			"command not found or not executable: %.80s (PATH %.80s); install it or "
			"give its full path",
			pool->arguments[0], path_of(pool));
	if (reason[0] != '\0')
		snprintf(message, message_size, "pool %s: %s", pool->name, reason);
	return reason[0] == '\0';
}

bool process_pool_set(struct provider *provider, const struct process_template *template,
	char *message, size_t message_size)
{
	struct process *process = process_of(provider);
	struct pool *old = find_pool(process, template->pool);
	if (strlen(template->pool) >= PROVIDER_NAME_SIZE_MAX ||
		(old == NULL && process->pool_count == PROCESS_POOLS_MAX)) {
		snprintf(message, message_size, "pool name too long, or more than %d pools",
			PROCESS_POOLS_MAX);
		return false;
	}
	struct pool *pool = calloc(1, sizeof *pool);
	if (pool != NULL)
		pool->directory = strdup(template->directory);
	if (pool == NULL || pool->directory == NULL || !copy_arguments(pool, template->arguments) ||
		!strings_environment(
			pool->environment, SPEC_ENVIRONMENT_MAX - 1, template->environment)) {
		snprintf(message, message_size,
			"pool %s: out of memory, or too many arguments or variables",
			template->pool);
		if (pool != NULL)
			free_pool(pool);
		return false;
	}
	snprintf(pool->name, sizeof pool->name, "%s", template->pool);
	pool->limits = template->limits;
	pool->grace_ns = template->grace_ns;
	if (template->affinity != NULL)
		pool->affinity = strdup(template->affinity);
	pool->uid = template->uid;
	pool->gid = template->gid;
	if (!check_pool(pool, message, message_size)) {
		free_pool(pool);
		return false;
	}
	struct pool **at = &process->pools;
	while (*at != NULL && *at != old)
		at = &(*at)->next;
	pool->next = old == NULL ? NULL : old->next;
	*at = pool;
	if (old != NULL)
		free_pool(old);
	process->pool_count += old == NULL;
	return true;
}

const struct run *process_run(const struct provider *provider, uint64_t id)
{
	const struct agent *agent = find_agent(process_of_const(provider), id);
	return agent == NULL ? NULL : agent->run;
}
