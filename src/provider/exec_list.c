/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a list decides. An instance is known by its order, which is ours alone; where a script does
 * not keep it, by the id that create answered. A list speaks for the time at which it began: what
 * came into its stage later is left for the next one.
 *
 * That list no longer shows an instance which nobody deleted is not believed at once, nor alone: a
 * list that is wrong must not end a whole fleet. When it is missing twice, the host is told, who
 * can ask the agent itself.
 */
#include "provider/exec_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MISSED_MAX 2

/* What the order of a listed instance says. */
enum tag {
	TAG_OURS,    /* of this pool: agent and number are filled in */
	TAG_OTHER,   /* of another ballast, or of another pool of ours */
	TAG_MISSING, /* it says nothing that we could have said */
};

static enum tag read_tag(const struct exec *exec, const struct exec_pool *pool, const char *order,
	uint64_t *agent, uint32_t *number)
{
	char owner[EXEC_OWNER_SIZE];
	uint32_t hash = 0;
	int used = 0;
	if (sscanf(order, "%8[0-9a-f]-%8" SCNx32 "-%20" SCNu64 "-%10" SCNu32 "%n", owner, &hash,
		    agent, number, &used) != 4 ||
		order[used] != '\0' || *agent == 0)
		return TAG_MISSING;
	if (strcmp(owner, exec->owner) != 0 || hash != pool->hash)
		return TAG_OTHER;
	return TAG_OURS;
}

static bool is_of(const struct exec_instance *instance, const struct exec_pool *pool)
{
	return instance->stage != EXEC_GONE && strcmp(instance->claim.pool, pool->name) == 0;
}

static struct exec_instance *find_id(
	const struct exec *exec, const struct exec_pool *pool, const char *id)
{
	for (struct exec_instance *at = exec->instances; at != NULL; at = at->next) {
		if (is_of(at, pool) && strcmp(at->claim.id, id) == 0)
			return at;
	}
	return NULL;
}

/* The instance that waits to learn its id by this order; NULL. */
static struct exec_instance *find_nameless(
	const struct exec *exec, const struct exec_pool *pool, uint64_t agent)
{
	struct exec_instance *instance = exec_find_agent(exec, agent);
	bool waits = instance != NULL && is_of(instance, pool) && instance->claim.id[0] == '\0' &&
		     !instance->found;
	return waits ? instance : NULL;
}

static void take_stranger(struct exec *exec, struct exec_pool *pool,
	const struct answer_instance *shown, uint64_t agent, uint32_t number, int64_t now_ns)
{
	struct exec_instance *stranger = exec_add(exec, pool->name);
	if (stranger == NULL)
		return;
	stranger->stranger = true;
	stranger->silent = true;
	stranger->found = true;
	stranger->claim.agent = agent;
	stranger->claim.number = number;
	memcpy(stranger->claim.id, shown->id, sizeof stranger->claim.id);
	memcpy(stranger->claim.url, shown->url, sizeof stranger->claim.url);
	exec_end(exec, stranger, now_ns);
	exec_say(exec, pool->name,
		"list shows %.60s, made for %s-%" PRIu32
		", which nobody wants any more: it is deleted",
		shown->id, pool->name, number);
}

/* One that does not say for whom it was made: ours only if it has an id that we know. */
static void see_untagged(
	struct exec *exec, struct exec_pool *pool, const struct answer_instance *shown)
{
	struct exec_instance *instance = find_id(exec, pool, shown->id);
	if (instance != NULL) {
		instance->found = true;
		return;
	}
	if (pool->said_untagged)
		return;
	pool->said_untagged = true;
	exec_say(exec, pool->name,
		"list shows %.60s without a BALLAST_ORDER as its `order`: whose it is cannot be "
		"told, "
		"so it is left alone",
		shown->id);
}

static void see(struct exec *exec, struct exec_pool *pool, const struct answer_instance *shown,
	int64_t now_ns)
{
	uint64_t agent = 0;
	uint32_t number = 0;
	enum tag tag = read_tag(exec, pool, shown->order, &agent, &number);
	if (tag == TAG_MISSING)
		see_untagged(exec, pool, shown);
	if (tag != TAG_OURS)
		return;
	struct exec_instance *instance = find_id(exec, pool, shown->id);
	if (instance == NULL)
		instance = find_nameless(exec, pool, agent);
	if (instance == NULL) {
		take_stranger(exec, pool, shown, agent, number, now_ns);
		return;
	}
	instance->found = true;
	/* While create or delete runs it has the first word. */
	if (instance->stage != EXEC_DOUBTED && instance->stage != EXEC_ENDING)
		return;
	memcpy(instance->claim.id, shown->id, sizeof instance->claim.id);
	memcpy(instance->found_url, shown->url, sizeof instance->found_url);
}

static void decide_doubted(struct exec *exec, struct exec_instance *instance, int64_t now_ns)
{
	if (!instance->found) {
		exec_tell_end(instance, PROVIDER_FAILED, "%.220s", instance->reason);
		exec_gone(exec, instance);
		return;
	}
	if (instance->asked || instance->found_url[0] == '\0') {
		exec_tell_end(instance, PROVIDER_FAILED,
			"%.120s; list shows it without a url: it is deleted", instance->reason);
		exec_end(exec, instance, now_ns);
		return;
	}
	memcpy(instance->claim.url, instance->found_url, sizeof instance->claim.url);
	exec_enter(exec, instance, EXEC_MADE);
	instance->tell_started = true;
	exec_say(exec, instance->claim.pool, "%s-%" PRIu32 " exists, as %.60s: adopted",
		instance->claim.pool, instance->claim.number, instance->claim.id);
}

static void decide_made(struct exec_instance *instance)
{
	instance->missed = instance->found ? 0 : instance->missed + 1;
	if (instance->missed < MISSED_MAX)
		return;
	instance->missed = 0;
	instance->tell_missed = true;
}

static void decide(struct exec *exec, struct exec_instance *instance, int64_t now_ns)
{
	switch (instance->stage) {
	case EXEC_DOUBTED:
		decide_doubted(exec, instance, now_ns);
		break;
	case EXEC_MADE:
		decide_made(instance);
		break;
	case EXEC_ENDING:
		if (instance->found || instance->failures == 0)
			break;
		/* Delete fails, and there is nothing to delete. */
		exec_tell_end(instance, PROVIDER_EXITED, "list no longer shows it");
		exec_gone(exec, instance);
		break;
	case EXEC_DELETED:
		if (!instance->found) {
			exec_gone(exec, instance);
			break;
		}
		exec_retry_delete(
			exec, instance, "delete says that it is gone, list still shows it", now_ns);
		break;
	default:
		break;
	}
}

void exec_listed(struct exec *exec, struct exec_pool *pool, const struct answer_instance *shown,
	size_t count, int64_t now_ns)
{
	for (struct exec_instance *at = exec->instances; at != NULL; at = at->next) {
		at->found = false;
		at->found_url[0] = '\0';
	}
	for (size_t index = 0; index < count; index++)
		see(exec, pool, &shown[index], now_ns);
	for (struct exec_instance *at = exec->instances; at != NULL; at = at->next) {
		if (is_of(at, pool) && at->lists < pool->lists)
			decide(exec, at, now_ns);
	}
}
