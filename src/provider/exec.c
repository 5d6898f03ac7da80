/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: every instance is in one stage (exec_state.h). A claim is on disk before create begins, so a
 * daemon that comes after a crash knows what may exist; what it does not know for certain, a list
 * decides. Scripts that were under way go on and are found by their names.
 *
 * Facts for the host are flags of the instance and become events when the host takes them, so that
 * none is lost and none needs memory of its own.
 */
#include "provider/exec.h"

#include "base/assert.h"
#include "provider/exec_state.h"
#include "provider/runfile.h"
#include "provider/strings.h"
#include "wire/url.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE   512
#define FNV_BASIS   2166136261u
#define FNV_PRIME   16777619u
#define OWNER_BYTES 4

static struct exec *exec_of(struct provider *provider)
{
	return (struct exec *)(void *)provider;
}

static const struct exec *exec_of_const(const struct provider *provider)
{
	return (const struct exec *)(const void *)provider;
}

/* ---- finding and making ---- */

struct exec_pool *exec_find_pool(const struct exec *exec, const char *name)
{
	for (struct exec_pool *pool = exec->pools; pool != NULL; pool = pool->next) {
		if (strcmp(pool->name, name) == 0)
			return pool;
	}
	return NULL;
}

struct exec_instance *exec_find_agent(const struct exec *exec, uint64_t agent)
{
	for (struct exec_instance *at = exec->instances; at != NULL; at = at->next) {
		if (at->claim.agent == agent && !at->stranger && at->stage != EXEC_GONE)
			return at;
	}
	return NULL;
}

struct exec_instance *exec_add(struct exec *exec, const char *pool)
{
	struct exec_instance *instance = NULL;
	if (exec->instance_count < EXEC_INSTANCES_MAX)
		instance = calloc(1, sizeof *instance);
	if (instance == NULL)
		return NULL;
	snprintf(instance->claim.pool, sizeof instance->claim.pool, "%s", pool);
	instance->next = exec->instances;
	exec->instances = instance;
	exec->instance_count++;
	exec_enter(exec, instance, EXEC_WANTED);
	return instance;
}

static void drop_instance(struct exec *exec, struct exec_instance *instance)
{
	struct exec_instance **at = &exec->instances;
	while (*at != NULL && *at != instance)
		at = &(*at)->next;
	bal_assert(*at == instance);
	*at = instance->next;
	exec->instance_count--;
	free(instance);
}

static void free_pool(struct exec_pool *pool)
{
	strings_free(pool->create);
	strings_free(pool->list);
	strings_free(pool->remove);
	strings_free(pool->environment);
	free(pool->directory);
	free(pool);
}

/* ---- what the parts share ---- */

void exec_say(struct exec *exec, const char *pool, const char *format, ...)
{
	va_list arguments;
	if (exec->report_count == EXEC_REPORTS_MAX) {
		exec->report_first = (exec->report_first + 1) % EXEC_REPORTS_MAX;
		exec->report_count--;
	}
	size_t place = (exec->report_first + exec->report_count++) % EXEC_REPORTS_MAX;
	snprintf(exec->reports[place].pool, sizeof exec->reports[place].pool, "%s", pool);
	va_start(arguments, format);
	vsnprintf(exec->reports[place].text, sizeof exec->reports[place].text, format, arguments);
	va_end(arguments);
}

static enum claim_state claim_state_of(enum exec_stage stage)
{
	switch (stage) {
	case EXEC_WANTED:
	case EXEC_MAKING:
	case EXEC_DOUBTED:
		return CLAIM_WANTED;
	case EXEC_MADE:
		return CLAIM_MADE;
	default:
		return CLAIM_ENDING;
	}
}

void exec_enter(struct exec *exec, struct exec_instance *instance, enum exec_stage stage)
{
	const struct exec_pool *pool = exec_find_pool(exec, instance->claim.pool);
	enum claim_state state = claim_state_of(stage);
	bool known = stage == EXEC_MADE || stage == EXEC_ENDING;
	instance->stage = stage;
	instance->lists = pool == NULL ? 0 : pool->lists;
	if (stage != EXEC_MAKING && stage != EXEC_DELETING)
		instance->script[0] = '\0';
	if (instance->stranger || instance->claim.agent == 0 ||
		(state == instance->claim.state && !known))
		return;
	instance->claim.state = state;
	if (!claim_save(exec->claims_fd, &instance->claim))
		exec_say(exec, instance->claim.pool, "cannot note what became of an instance: %s",
			strerror(errno));
}

void exec_end(struct exec *exec, struct exec_instance *instance, int64_t now_ns)
{
	instance->retry_at_ns = now_ns;
	exec_enter(exec, instance, EXEC_ENDING);
}

void exec_tell_end(
	struct exec_instance *instance, enum provider_event_type type, const char *format, ...)
{
	va_list arguments;
	char text[PROVIDER_TEXT_SIZE_MAX];
	if (instance->silent)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	memcpy(instance->reason, text, sizeof text);
	instance->silent = true;
	instance->tell_end = true;
	instance->end = instance->asked ? PROVIDER_EXITED : type;
}

void exec_gone(struct exec *exec, struct exec_instance *instance)
{
	if (!instance->stranger)
		claim_remove(exec->claims_fd, &instance->claim);
	instance->stage = EXEC_GONE;
	instance->script[0] = '\0';
}

void exec_want_list(struct exec *exec, const char *name, int64_t now_ns)
{
	struct exec_pool *pool = exec_find_pool(exec, name);
	/* One that keeps failing is not tried sooner for it. */
	if (pool != NULL && pool->list_failures == 0 && pool->list_at_ns > now_ns)
		pool->list_at_ns = now_ns;
}

/* ---- the interface ---- */

static bool start_instance(struct provider *provider, const struct provider_order *order,
	int64_t now_ns, char *message, size_t message_size)
{
	struct exec *exec = exec_of(provider);
	bal_assert(order->agent != 0);
	bal_assert(order->pool != NULL);
	if (exec_find_agent(exec, order->agent) != NULL)
		return true;
	if (exec_find_pool(exec, order->pool) == NULL) {
		snprintf(message, message_size, "no scripts for pool %.128s", order->pool);
		return false;
	}
	struct exec_instance *instance = exec_add(exec, order->pool);
	if (instance == NULL) {
		snprintf(message, message_size, "no room for another instance");
		return false;
	}
	instance->claim.agent = order->agent;
	instance->claim.order = order->order;
	instance->claim.number = order->number;
	if (!claim_save(exec->claims_fd, &instance->claim)) {
		snprintf(message, message_size, "cannot note that an instance is to be made: %s",
			strerror(errno));
		drop_instance(exec, instance);
		return false;
	}
	exec_advance(exec, now_ns);
	return true;
}

static bool end_instance(struct provider *provider, uint64_t agent, int64_t now_ns)
{
	struct exec *exec = exec_of(provider);
	struct exec_instance *instance = exec_find_agent(exec, agent);
	if (instance == NULL)
		return false;
	instance->asked = true;
	if (instance->stage == EXEC_MADE)
		exec_end(exec, instance, now_ns);
	if (instance->stage == EXEC_WANTED) {
		exec_tell_end(instance, PROVIDER_EXITED, "it was not made yet");
		exec_gone(exec, instance);
	}
	exec_advance(exec, now_ns);
	return true;
}

static void describe(const struct exec_instance *instance, enum provider_event_type type,
	struct provider_event *event)
{
	struct url url;
	*event = (struct provider_event){.type = type,
		.agent = instance->claim.agent,
		.order = instance->claim.order,
		.number = instance->claim.number,
		.asked = instance->asked,
		.code = -1};
	memcpy(event->pool, instance->claim.pool, sizeof event->pool);
	if (instance->claim.url[0] == '\0' || !url_read(span_of(instance->claim.url), &url))
		return;
	memcpy(event->url, instance->claim.url, sizeof event->url);
	event->port = url.port;
	snprintf(event->address, sizeof event->address, "%.*s:%u", (int)url.authority.host.size,
		url.authority.host.at, (unsigned)url.port);
}

/* The next thing to tell of this one; false when there is none. */
static bool tell(struct exec_instance *instance, struct provider_event *event)
{
	bool *flags[] = {&instance->tell_adopted, &instance->tell_started, &instance->tell_missed,
		&instance->tell_end};
	const enum provider_event_type types[] = {
		PROVIDER_ADOPTED, PROVIDER_STARTED, PROVIDER_MISSED, instance->end};
	for (size_t index = 0; index < sizeof flags / sizeof flags[0]; index++) {
		if (!*flags[index])
			continue;
		*flags[index] = false;
		describe(instance, types[index], event);
		if (flags[index] == &instance->tell_end)
			memcpy(event->text, instance->reason, sizeof event->text);
		return true;
	}
	return false;
}

static bool tell_report(struct exec *exec, struct provider_event *event)
{
	if (exec->report_count == 0)
		return false;
	size_t place = exec->report_first;
	*event = (struct provider_event){.type = PROVIDER_SAID, .code = -1};
	memcpy(event->pool, exec->reports[place].pool, sizeof event->pool);
	memcpy(event->text, exec->reports[place].text, sizeof event->text);
	exec->report_first = (place + 1) % EXEC_REPORTS_MAX;
	exec->report_count--;
	return true;
}

static bool next_event(struct provider *provider, int64_t now_ns, struct provider_event *event)
{
	struct exec *exec = exec_of(provider);
	struct script_end end;
	while (scripts_next(exec->scripts, now_ns, &end))
		exec_script_ended(exec, &end, now_ns);
	exec_advance(exec, now_ns);
	if (tell_report(exec, event))
		return true;
	struct exec_instance *next = NULL;
	for (struct exec_instance *at = exec->instances; at != NULL; at = next) {
		next = at->next;
		if (tell(at, event))
			return true;
		if (at->stage == EXEC_GONE)
			drop_instance(exec, at);
	}
	return false;
}

static int fd_of(const struct provider *provider)
{
	return scripts_fd(exec_of_const(provider)->scripts);
}

static bool has_news(const struct exec *exec)
{
	for (const struct exec_instance *at = exec->instances; at != NULL; at = at->next) {
		if (at->tell_adopted || at->tell_started || at->tell_missed || at->tell_end ||
			at->stage == EXEC_GONE)
			return true;
	}
	return exec->report_count > 0;
}

static int64_t deadline_of(const struct provider *provider)
{
	const struct exec *exec = exec_of_const(provider);
	int64_t scripts_ns = scripts_deadline_ns(exec->scripts);
	int64_t due_ns = exec_due_ns(exec);
	if (has_news(exec))
		return INT64_MIN;
	return scripts_ns < due_ns ? scripts_ns : due_ns;
}

/* Nothing of it runs here. */
static bool sample_instance(struct provider *provider, uint64_t agent, uint64_t wanted,
	int64_t now_ns, struct sample *sample)
{
	(void)provider;
	(void)agent;
	(void)wanted;
	(void)now_ns;
	(void)sample;
	return false;
}

static void close_exec(struct provider *provider)
{
	struct exec *exec = exec_of(provider);
	scripts_close(exec->scripts);
	while (exec->instances != NULL)
		drop_instance(exec, exec->instances);
	while (exec->pools != NULL) {
		struct exec_pool *pool = exec->pools;
		exec->pools = pool->next;
		free_pool(pool);
	}
	if (exec->claims_fd >= 0)
		close(exec->claims_fd);
	free(exec);
}

static const struct provider_ops exec_ops = {
	.name = "exec",
	.start = start_instance,
	.end = end_instance,
	.next = next_event,
	.fd = fd_of,
	.deadline_ns = deadline_of,
	.sample = sample_instance,
	.close = close_exec,
};

/* ---- beginning ---- */

/* The name by which instances are ours, made once for a data directory. */
static bool load_owner(struct exec *exec, int directory_fd)
{
	unsigned char bytes[OWNER_BYTES];
	char text[2 * EXEC_OWNER_SIZE] = "";
	ssize_t size = runfile_load(directory_fd, "owner", text, sizeof text - 1);
	if (size == EXEC_OWNER_SIZE - 1 && strspn(text, "0123456789abcdef") == (size_t)size) {
		memcpy(exec->owner, text, sizeof exec->owner);
		return true;
	}
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return false;
	snprintf(exec->owner, sizeof exec->owner, "%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2],
		bytes[3]);
	return runfile_save(directory_fd, "owner", exec->owner, EXEC_OWNER_SIZE - 1, true);
}

static void adopt_claim(struct exec *exec, const struct claim *claim, int64_t now_ns)
{
	struct exec_instance *instance = exec_add(exec, claim->pool);
	if (instance == NULL)
		return;
	instance->claim = *claim;
	instance->tell_adopted = true;
	switch (claim->state) {
	case CLAIM_WANTED:
		instance->stage = EXEC_DOUBTED;
		snprintf(instance->reason, sizeof instance->reason,
			"ballast ended while it was being made, and list does not show it");
		break;
	case CLAIM_MADE:
		instance->stage = EXEC_MADE;
		break;
	default:
		instance->stage = EXEC_ENDING;
		instance->asked = true;
		instance->retry_at_ns = now_ns;
		break;
	}
}

static bool adopt_claims(struct exec *exec, int64_t now_ns)
{
	int fd = openat(exec->claims_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *found;
	struct claim claim;
	if (directory == NULL)
		return false;
	while ((found = readdir(directory)) != NULL) {
		if (found->d_name[0] != '.' && claim_load(exec->claims_fd, found->d_name, &claim))
			adopt_claim(exec, &claim, now_ns);
	}
	closedir(directory);
	return true;
}

/* A script of the last daemon: what waits for it waits on, and no name comes twice. */
static void adopt_script(struct exec *exec, const char *name)
{
	char verb[8];
	uint64_t agent = 0;
	uint32_t sequence = 0;
	const char *last = strrchr(name, '-');
	if (last != NULL && sscanf(last + 1, "%10" SCNu32, &sequence) == 1 &&
		sequence >= exec->sequence)
		exec->sequence = sequence + 1;
	if (sscanf(name, "%7[a-z]-%20" SCNu64 "-", verb, &agent) != 2)
		return;
	struct exec_instance *instance = exec_find_agent(exec, agent);
	bool makes = strcmp(verb, "create") == 0;
	bool ends = strcmp(verb, "delete") == 0;
	if (instance == NULL || (makes && instance->stage != EXEC_DOUBTED) ||
		(ends && instance->stage != EXEC_ENDING) || (!makes && !ends))
		return;
	instance->stage = makes ? EXEC_MAKING : EXEC_DELETING;
	snprintf(instance->script, sizeof instance->script, "%s", name);
}

static bool adopt_scripts(struct exec *exec, const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *found;
	if (directory == NULL)
		return false;
	while ((found = readdir(directory)) != NULL) {
		if (found->d_name[0] != '.' && strlen(found->d_name) < RUN_NAME_SIZE_MAX)
			adopt_script(exec, found->d_name);
	}
	closedir(directory);
	return true;
}

static bool make_directory(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

/* Directories, name, claims and scripts of earlier daemons. */
static bool open_all(struct exec *exec, const char *directory, const char *program, int64_t now_ns,
	char *message, size_t message_size)
{
	char claims[PATH_SIZE];
	char scripts[PATH_SIZE];
	snprintf(claims, sizeof claims, "%.480s/claims", directory);
	snprintf(scripts, sizeof scripts, "%.480s/scripts", directory);
	bool made = make_directory(directory) && make_directory(claims) && make_directory(scripts);
	int directory_fd = made ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	exec->claims_fd = made ? open(claims, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool opened = directory_fd >= 0 && exec->claims_fd >= 0 && load_owner(exec, directory_fd) &&
		      adopt_claims(exec, now_ns) && adopt_scripts(exec, scripts);
	if (!opened)
		snprintf(message, message_size, "cannot use %.160s for instances: %s", directory,
			strerror(errno));
	if (directory_fd >= 0)
		close(directory_fd);
	if (opened)
		exec->scripts = scripts_open(scripts, program, now_ns, message, message_size);
	return opened && exec->scripts != NULL;
}

struct provider *exec_open(const char *directory, const char *program, int64_t now_ns,
	char *message, size_t message_size)
{
	struct exec *exec = calloc(1, sizeof *exec);
	if (exec == NULL) {
		snprintf(message, message_size, "out of memory");
		return NULL;
	}
	exec->provider.ops = &exec_ops;
	exec->claims_fd = -1;
	if (open_all(exec, directory, program, now_ns, message, message_size))
		return &exec->provider;
	close_exec(&exec->provider);
	return NULL;
}

static uint32_t hash_name(const char *name)
{
	uint32_t hash = FNV_BASIS;
	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * FNV_PRIME;
	return hash;
}

static bool copy_template(struct exec_pool *pool, const struct exec_template *template)
{
	snprintf(pool->name, sizeof pool->name, "%s", template->pool);
	pool->hash = hash_name(template->pool);
	pool->timeout_ns = template->timeout_ns;
	pool->directory = strdup(template->directory);
	return pool->directory != NULL &&
	       strings_copy(pool->create, SPEC_ARGUMENTS_MAX, template->create) &&
	       strings_copy(pool->list, SPEC_ARGUMENTS_MAX, template->list) &&
	       strings_copy(pool->remove, SPEC_ARGUMENTS_MAX, template->remove) &&
	       strings_environment(pool->environment, SPEC_ENVIRONMENT_MAX, template->environment);
}

/* What was going on goes on. */
static void take_over(struct exec_pool *pool, const struct exec_pool *old)
{
	pool->lists = old->lists;
	pool->listing = old->listing;
	memcpy(pool->script, old->script, sizeof pool->script);
	pool->list_failures = old->list_failures;
	pool->list_at_ns = old->list_at_ns;
	pool->said_untagged = old->said_untagged;
	pool->next = old->next;
}

bool exec_pool_set(struct provider *provider, const struct exec_template *template, char *message,
	size_t message_size)
{
	struct exec *exec = exec_of(provider);
	struct exec_pool *old = exec_find_pool(exec, template->pool);
	if (strlen(template->pool) >= PROVIDER_NAME_SIZE_MAX ||
		(old == NULL && exec->pool_count == EXEC_POOLS_MAX)) {
		snprintf(message, message_size, "pool name too long, or more than %d pools",
			EXEC_POOLS_MAX);
		return false;
	}
	struct exec_pool *pool = calloc(1, sizeof *pool);
	if (pool == NULL || !copy_template(pool, template)) {
		snprintf(message, message_size,
			"pool %s: out of memory, or too many arguments or variables",
			template->pool);
		if (pool != NULL)
			free_pool(pool);
		return false;
	}
	pool->list_at_ns = INT64_MIN;
	struct exec_pool **at = &exec->pools;
	while (*at != NULL && *at != old)
		at = &(*at)->next;
	if (old != NULL)
		take_over(pool, old);
	*at = pool;
	if (old != NULL)
		free_pool(old);
	exec->pool_count += old == NULL;
	return true;
}
