/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts hear in their environment what an instance must have: they honour it, or refuse. */
#include "daemon/template.h"

#include "base/units.h"
#include "provider/exec.h"
#include "provider/process.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WISHES_MAX  8
#define WISHES_SIZE 16384

bool template_is_scripted(const struct config_pool *pool)
{
	return pool->exec.create.count > 0;
}

static void point_at(const struct config_texts *texts, const char **to, size_t to_max)
{
	uint32_t count = 0;

	for (; count < texts->count && count < to_max; count++)
		to[count] = texts->items[count];
	to[count] = NULL;
}

static bool set_process(struct provider *provider, const struct config_pool *pool,
	const char *directory, char *message, size_t message_size)
{
	const char *arguments[SPEC_ARGUMENTS_MAX + 1];
	const char *environment[SPEC_ENVIRONMENT_MAX + 1];
	struct process_template template = {.pool = pool->name,
		.arguments = arguments,
		.environment = environment,
		.directory = directory,
		.limits = {.cpu_millis = pool->resources.cpu_millis,
			.memory_bytes = pool->resources.memory_bytes},
		.grace_ns = pool->grace_ns,
		.affinity = pool->affinity,
		.uid = -1,
		.gid = -1};

	point_at(&pool->run, arguments, SPEC_ARGUMENTS_MAX);
	point_at(&pool->env, environment, SPEC_ENVIRONMENT_MAX);
	return process_pool_set(provider, &template, message, message_size);
}

/* Variables that say what an instance must have. */
struct wishes {
	const char *items[WISHES_MAX];
	uint32_t count;
	char text[WISHES_SIZE];
	size_t used;
};

/* Adds NAME=VALUE; one that does not fit is left out whole. */
__attribute__((format(printf, 2, 3))) static void wish(
	struct wishes *wishes, const char *format, ...)
{
	size_t room = sizeof wishes->text - wishes->used;
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(wishes->text + wishes->used, room, format, arguments);
	va_end(arguments);
	if (size < 0 || (size_t)size >= room || wishes->count == WISHES_MAX)
		return;
	wishes->items[wishes->count++] = wishes->text + wishes->used;
	wishes->used += (size_t)size + 1;
}

static void join(const struct config_texts *texts, char *to, size_t size)
{
	size_t used = 0;

	to[0] = '\0';
	for (uint32_t i = 0; i < texts->count && used < size; i++)
		used += (size_t)snprintf(
			to + used, size - used, "%s%s", i == 0 ? "" : ",", texts->items[i]);
}

static void fill_wishes(struct wishes *wishes, const struct config_pool *pool)
{
	char labels[WISHES_SIZE / 2];

	join(&pool->labels, labels, sizeof labels);
	wish(wishes, "BALLAST_PLACEMENT=%s", config_placements[pool->placement]);
	wish(wishes, "BALLAST_LABELS=%s", labels);
	wish(wishes, "BALLAST_GPUS=%" PRId64, pool->gpus);
	wish(wishes, "BALLAST_SLOTS=%" PRId64, pool->slots);
	wish(wishes, "BALLAST_CPU_MILLIS=%" PRId64, pool->resources.cpu_millis);
	wish(wishes, "BALLAST_MEMORY_MIB=%" PRId64, pool->resources.memory_bytes / MIB);
}

static bool set_scripts(struct provider *provider, const struct config_pool *pool,
	const char *directory, char *message, size_t message_size)
{
	const char *create[SPEC_ARGUMENTS_MAX + 1];
	const char *list[SPEC_ARGUMENTS_MAX + 1];
	const char *remove[SPEC_ARGUMENTS_MAX + 1];
	const char *environment[SPEC_ENVIRONMENT_MAX + WISHES_MAX + 1];
	struct wishes wishes = {.count = 0};
	struct exec_template template = {.pool = pool->name,
		.create = create,
		.list = list,
		.remove = remove,
		.environment = environment,
		.directory = directory,
		.timeout_ns = pool->exec.timeout_ns};
	uint32_t count = pool->env.count;

	point_at(&pool->exec.create, create, SPEC_ARGUMENTS_MAX);
	point_at(&pool->exec.list, list, SPEC_ARGUMENTS_MAX);
	point_at(&pool->exec.remove, remove, SPEC_ARGUMENTS_MAX);
	point_at(&pool->env, environment, SPEC_ENVIRONMENT_MAX);
	fill_wishes(&wishes, pool);
	if (count > SPEC_ENVIRONMENT_MAX - 2 * WISHES_MAX) {
		snprintf(message, message_size, "pool %s: too many variables", pool->name);
		return false;
	}
	memcpy(environment + count, wishes.items, wishes.count * sizeof *environment);
	environment[count + wishes.count] = NULL;
	return exec_pool_set(provider, &template, message, message_size);
}

bool template_set(struct provider *provider, const struct config_pool *pool, const char *directory,
	char *message, size_t message_size)
{
	return template_is_scripted(pool)
		       ? set_scripts(provider, pool, directory, message, message_size)
		       : set_process(provider, pool, directory, message, message_size);
}
