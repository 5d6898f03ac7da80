/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts begin and end. Names of scripts carry verb and agent, so that after a restart one that is
 * still under way is known to be the one that its claim waits for.
 *
 * What create says counts only when it worked: a script that failed may have made an instance
 * before, so its word about it is no better than none. Refusing is a success of the script.
 */
#include "provider/exec_state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKOFF_NS               ((int64_t)1000000000)
#define BACKOFF_MAX_NS           (60 * BACKOFF_NS)
#define DOUBLINGS_MAX            6
#define VARIABLES                8
#define VARIABLE_SIZE            320
#define SLOW_SHARE               2 /* a create that takes more than half of its time is slow */
#define STUCK_AGAIN_NS           (60 * BACKOFF_NS)
#define ARGUMENTS_BEGIN(strings) ((const char *const *)(uintptr_t)(strings))

static int64_t backoff_ns(uint32_t failures)
{
	uint32_t doublings = failures < DOUBLINGS_MAX ? failures : DOUBLINGS_MAX;
	int64_t wait_ns = BACKOFF_NS << doublings;
	return wait_ns < BACKOFF_MAX_NS ? wait_ns : BACKOFF_MAX_NS;
}

void exec_order(const struct exec *exec, const struct exec_pool *pool, const struct claim *claim,
	char order[static EXEC_ORDER_SIZE])
{
	snprintf(order, EXEC_ORDER_SIZE, "%s-%08" PRIx32 "-%" PRIu64 "-%" PRIu32, exec->owner,
		pool->hash, claim->agent, claim->number);
}

/* ---- environments ---- */

struct environment {
	const char *items[SPEC_ENVIRONMENT_MAX + 1];
	char own[VARIABLES][VARIABLE_SIZE];
	size_t own_count;
	size_t count;
};

__attribute__((format(printf, 3, 4))) static void add_variable(
	struct environment *environment, const char *name, const char *format, ...)
{
	char *variable = environment->own[environment->own_count++];
	int size = snprintf(variable, VARIABLE_SIZE, "%s=", name);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(variable + size, VARIABLE_SIZE - (size_t)size, format, arguments);
	va_end(arguments);
	environment->items[environment->count++] = variable;
}

/* The pool's own, and what every script is told; of an instance too unless it is NULL. */
static void fill_environment(struct environment *environment, const struct exec *exec,
	const struct exec_pool *pool, const struct exec_instance *instance)
{
	char order[EXEC_ORDER_SIZE];
	memset(environment, 0, sizeof *environment);
	while (pool->environment[environment->count] != NULL &&
		environment->count < SPEC_ENVIRONMENT_MAX - VARIABLES - 1) {
		environment->items[environment->count] = pool->environment[environment->count];
		environment->count++;
	}
	add_variable(environment, "BALLAST_POOL", "%s", pool->name);
	add_variable(environment, "BALLAST_OWNER", "%s", exec->owner);
	if (instance == NULL)
		return;
	exec_order(exec, pool, &instance->claim, order);
	add_variable(environment, "BALLAST_ORDER", "%s", order);
	add_variable(environment, "BALLAST_INDEX", "%" PRIu32, instance->claim.number);
	add_variable(
		environment, "BALLAST_AGENT", "%s-%" PRIu32, pool->name, instance->claim.number);
	add_variable(environment, "BALLAST_ID", "%s", instance->claim.id);
	add_variable(environment, "BALLAST_URL", "%s", instance->claim.url);
}

/* ---- beginning ---- */

static bool begin_script(struct exec *exec, const struct exec_pool *pool,
	const struct exec_instance *instance, char *const *arguments, const char *name,
	int64_t now_ns, char message[static PROVIDER_TEXT_SIZE_MAX])
{
	struct environment environment;
	fill_environment(&environment, exec, pool, instance);
	struct script_order order = {.name = name,
		.arguments = ARGUMENTS_BEGIN(arguments),
		.environment = environment.items,
		.directory = pool->directory,
		.timeout_ns = pool->timeout_ns};
	return scripts_start(exec->scripts, &order, now_ns, message, PROVIDER_TEXT_SIZE_MAX);
}

static void begin_create(struct exec *exec, const struct exec_pool *pool,
	struct exec_instance *instance, int64_t now_ns)
{
	char message[PROVIDER_TEXT_SIZE_MAX];
	snprintf(instance->script, sizeof instance->script, "create-%" PRIu64 "-%" PRIu32,
		instance->claim.agent, exec->sequence++);
	exec_enter(exec, instance, EXEC_MAKING);
	if (begin_script(exec, pool, instance, pool->create, instance->script, now_ns, message))
		return;
	exec_tell_end(instance, PROVIDER_FAILED, "create cannot be started: %.180s", message);
	exec_gone(exec, instance);
}

void exec_retry_delete(
	struct exec *exec, struct exec_instance *instance, const char *why, int64_t now_ns)
{
	int64_t wait_ns = backoff_ns(instance->failures++);
	exec_enter(exec, instance, EXEC_ENDING);
	instance->retry_at_ns = now_ns + wait_ns;
	exec_say(exec, instance->claim.pool,
		"%s is not deleted: %.160s; tried again in %" PRId64 " s",
		instance->claim.id[0] == '\0' ? "an instance" : instance->claim.id, why,
		wait_ns / BACKOFF_NS);
}

static void begin_delete(struct exec *exec, const struct exec_pool *pool,
	struct exec_instance *instance, int64_t now_ns)
{
	char message[PROVIDER_TEXT_SIZE_MAX];
	snprintf(instance->script, sizeof instance->script, "delete-%" PRIu64 "-%" PRIu32,
		instance->claim.agent, exec->sequence++);
	exec_enter(exec, instance, EXEC_DELETING);
	if (!begin_script(exec, pool, instance, pool->remove, instance->script, now_ns, message))
		exec_retry_delete(exec, instance, message, now_ns);
}

static void fail_list(struct exec *exec, struct exec_pool *pool, const char *why, int64_t now_ns)
{
	int64_t wait_ns = backoff_ns(pool->list_failures++);
	pool->list_at_ns = now_ns + wait_ns;
	exec_say(exec, pool->name, "list: %.180s; tried again in %" PRId64 " s", why,
		wait_ns / BACKOFF_NS);
}

static void begin_list(struct exec *exec, struct exec_pool *pool, int64_t now_ns)
{
	char message[PROVIDER_TEXT_SIZE_MAX];
	pool->lists++;
	pool->list_at_ns = now_ns + EXEC_LIST_NS;
	snprintf(pool->script, sizeof pool->script, "list-%08" PRIx32 "-%" PRIu32, pool->hash,
		exec->sequence++);
	pool->listing = begin_script(exec, pool, NULL, pool->list, pool->script, now_ns, message);
	if (!pool->listing)
		fail_list(exec, pool, message, now_ns);
}

/* Without its pool nobody knows how to delete it: it waits until the pool is configured again. */
static void wait_for_pool(struct exec *exec, struct exec_instance *instance, int64_t now_ns)
{
	instance->retry_at_ns = now_ns + STUCK_AGAIN_NS;
	if (instance->said_stuck)
		return;
	instance->said_stuck = true;
	exec_say(exec, instance->claim.pool,
		"%s is left, and nobody knows how to delete it: the pool is not configured any "
		"more",
		instance->claim.id[0] == '\0' ? "an instance, perhaps," : instance->claim.id);
}

static void advance_instance(struct exec *exec, struct exec_instance *instance, int64_t now_ns)
{
	struct exec_pool *pool = exec_find_pool(exec, instance->claim.pool);
	bool ends = instance->stage == EXEC_ENDING && now_ns >= instance->retry_at_ns;
	if (ends && pool == NULL)
		wait_for_pool(exec, instance, now_ns);
	if (pool == NULL || scripts_count(exec->scripts) >= SCRIPTS_MAX)
		return;
	if (instance->stage == EXEC_WANTED)
		begin_create(exec, pool, instance, now_ns);
	else if (ends)
		begin_delete(exec, pool, instance, now_ns);
}

void exec_advance(struct exec *exec, int64_t now_ns)
{
	/* Lists first: others may wait for what they say. */
	for (struct exec_pool *pool = exec->pools; pool != NULL; pool = pool->next) {
		if (!pool->listing && now_ns >= pool->list_at_ns &&
			scripts_count(exec->scripts) < SCRIPTS_MAX)
			begin_list(exec, pool, now_ns);
	}
	struct exec_instance *next = NULL;
	for (struct exec_instance *at = exec->instances; at != NULL; at = next) {
		next = at->next;
		advance_instance(exec, at, now_ns);
	}
}

int64_t exec_due_ns(const struct exec *exec)
{
	int64_t at_ns = INT64_MAX;
	if (scripts_count(exec->scripts) >= SCRIPTS_MAX)
		return at_ns; /* the end of one of them will come first */
	for (const struct exec_pool *pool = exec->pools; pool != NULL; pool = pool->next) {
		if (!pool->listing && pool->list_at_ns < at_ns)
			at_ns = pool->list_at_ns;
	}
	for (const struct exec_instance *at = exec->instances; at != NULL; at = at->next) {
		if (at->stage == EXEC_ENDING && at->retry_at_ns < at_ns)
			at_ns = at->retry_at_ns;
	}
	return at_ns;
}

/* ---- ending ---- */

static void doubt(
	struct exec *exec, struct exec_instance *instance, const char *why, int64_t now_ns)
{
	exec_enter(exec, instance, EXEC_DOUBTED);
	snprintf(instance->reason, sizeof instance->reason, "%.200s", why);
	exec_say(exec, instance->claim.pool,
		"%s-%" PRIu32 ": %.120s; list will tell whether it exists", instance->claim.pool,
		instance->claim.number, why);
	exec_want_list(exec, instance->claim.pool, now_ns);
}

/* Another instance that has this id already; NULL. */
static const struct exec_instance *holder_of(
	const struct exec *exec, const struct exec_instance *but, const char *id)
{
	for (const struct exec_instance *at = exec->instances; at != NULL; at = at->next) {
		if (at != but && at->stage != EXEC_GONE && strcmp(at->claim.id, id) == 0 &&
			strcmp(at->claim.pool, but->claim.pool) == 0)
			return at;
	}
	return NULL;
}

static void made(struct exec *exec, struct exec_instance *instance,
	const struct answer_instance *answer, int64_t now_ns)
{
	const struct exec_instance *holder = holder_of(exec, instance, answer->id);
	char why[PROVIDER_TEXT_SIZE_MAX];
	if (holder != NULL) {
		snprintf(why, sizeof why,
			"create answered the id %.60s, which is that of %.80s-%" PRIu32, answer->id,
			holder->claim.pool, holder->claim.number);
		doubt(exec, instance, why, now_ns);
		return;
	}
	memcpy(instance->claim.id, answer->id, sizeof instance->claim.id);
	memcpy(instance->claim.url, answer->url, sizeof instance->claim.url);
	if (instance->asked) {
		exec_end(exec, instance, now_ns);
		return;
	}
	exec_enter(exec, instance, EXEC_MADE);
	instance->tell_started = true;
}

static void created(struct exec *exec, struct exec_instance *instance, const struct script_end *end,
	int64_t now_ns)
{
	const struct exec_pool *pool = exec_find_pool(exec, instance->claim.pool);
	struct answer_instance answer;
	char message[ANSWER_TEXT_SIZE];
	char why[PROVIDER_TEXT_SIZE_MAX];
	snprintf(why, sizeof why, "create %.240s", end->text);
	if (end->never_started) {
		exec_tell_end(instance, PROVIDER_FAILED, "%s", why);
		exec_gone(exec, instance);
		return;
	}
	if (!end->worked) {
		doubt(exec, instance, why, now_ns);
		return;
	}
	if (pool != NULL && end->took_ns > pool->timeout_ns / SLOW_SHARE)
		exec_say(exec, instance->claim.pool,
			"create is slow: %.3g s of the %.3g s it may take",
			(double)end->took_ns / 1e9, (double)pool->timeout_ns / 1e9);
	switch (answer_create((struct span){end->output, end->output_size}, &answer, message)) {
	case ANSWER_INSTANCE:
		made(exec, instance, &answer, now_ns);
		break;
	case ANSWER_REFUSED:
		exec_tell_end(instance, PROVIDER_FAILED, "refused: %.200s", message);
		exec_gone(exec, instance);
		break;
	default:
		doubt(exec, instance, message, now_ns);
		break;
	}
}

static void deleted(struct exec *exec, struct exec_instance *instance, const struct script_end *end,
	int64_t now_ns)
{
	exec_want_list(exec, instance->claim.pool, now_ns);
	if (!end->worked) {
		exec_retry_delete(exec, instance, end->text, now_ns);
		return;
	}
	exec_enter(exec, instance, EXEC_DELETED);
	exec_tell_end(instance, PROVIDER_EXITED, "deleted");
}

static void listed(
	struct exec *exec, struct exec_pool *pool, const struct script_end *end, int64_t now_ns)
{
	struct answer_instance *shown = NULL;
	char message[ANSWER_TEXT_SIZE];
	size_t count = 0;
	pool->listing = false;
	if (!end->worked) {
		fail_list(exec, pool, end->text, now_ns);
		return;
	}
	if (!answer_list((struct span){end->output, end->output_size}, &shown, &count, message)) {
		fail_list(exec, pool, message, now_ns);
		return;
	}
	pool->list_failures = 0;
	exec_listed(exec, pool, shown, count, now_ns);
	free(shown);
}

void exec_script_ended(struct exec *exec, const struct script_end *end, int64_t now_ns)
{
	for (struct exec_pool *pool = exec->pools; pool != NULL; pool = pool->next) {
		if (pool->listing && strcmp(pool->script, end->name) == 0) {
			listed(exec, pool, end, now_ns);
			return;
		}
	}
	for (struct exec_instance *at = exec->instances; at != NULL; at = at->next) {
		if (strcmp(at->script, end->name) != 0)
			continue;
		if (at->stage == EXEC_MAKING)
			created(exec, at, end, now_ns);
		else if (at->stage == EXEC_DELETING)
			deleted(exec, at, end, now_ns);
		return;
	}
}
