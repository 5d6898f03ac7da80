/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three passes: text into a tree (yaml), tree into the structure by the table (configread), and
 * here what no single row can say: that a pool is of exactly one kind, that its keys go with that
 * kind, that limits which are used exist, and defaults that depend on other keys.
 *
 * One block of memory holds the tree and all strings. It is sized from the text before anything is
 * read and comes from calloc, so what is not used never becomes resident.
 */
#include "wire/config.h"

#include "base/arena.h"
#include "base/units.h"
#include "wire/configpeak.h"
#include "wire/configread.h"
#include "wire/configtable.h"
#include "wire/configwatch.h"
#include "wire/nearest.h"
#include "wire/quantity.h"
#include "wire/yaml.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	OVERRIDE_MEMORY = 64,   /* counted bytes of text for one override beside its own */
	OVERRIDE_SHOWN_MAX = 60 /* bytes of its key in a message */
};

static_assert(offsetof(struct config_pool, name) == 0, "named items begin with their name");
static_assert(offsetof(struct config_limit, name) == 0, "named items begin with their name");
static_assert(offsetof(struct config_tenant, name) == 0, "named items begin with their name");
static_assert(offsetof(struct config_rule_change, name) == 0, "named items begin so");
static_assert(offsetof(struct config_objective, name) == 0, "named items begin so");
static_assert(offsetof(struct config_peak, name) == 0, "named items begin so");
static_assert(offsetof(struct config_peak, line) == sizeof(char *), "and the line of it");
static_assert(offsetof(struct config_rule_change, line) == sizeof(char *), "and the line of it");
static_assert(offsetof(struct config_objective, line) == sizeof(char *), "and the line of it");
static_assert(offsetof(struct config_pool, line) == sizeof(char *), "and the line of it");
static_assert(offsetof(struct config_limit, line) == sizeof(char *), "and the line of it");
static_assert(offsetof(struct config_tenant, line) == sizeof(char *), "and the line of it");

/* What identifies the kind of a pool, in the order of messages. */
struct kind_key {
	const char *key;
	int32_t kind;
};
static const struct kind_key kind_keys[] = {
	{"run", BAL_POOL_PROCESS},
	{"provider", BAL_POOL_PROCESS},
	{"command", BAL_POOL_COMMAND},
	{"urls", BAL_POOL_URLS},
	{"lease", BAL_POOL_LEASE},
};
enum { KIND_KEYS = sizeof(kind_keys) / sizeof(kind_keys[0]) };

static const char *name_kind(int32_t kind)
{
	for (size_t i = 0; i < KIND_KEYS; i++)
		if (kind_keys[i].kind == kind)
			return kind_keys[i].key;
	return "?";
}

/* Exactly one of run, provider, command, urls and lease. */
static bool find_kind(
	struct config_reader *reader, const struct yaml_node *node, struct config_pool *pool)
{
	const char *first = NULL;
	for (size_t i = 0; i < KIND_KEYS; i++) {
		const struct yaml_node *entry = config_entry(node, kind_keys[i].key);
		if (entry == NULL)
			continue;
		if (first)
			return config_fail(reader, entry->key_line, entry->key_column,
				"pool `%s` has both `%s` and `%s`; it can be only one", pool->name,
				first, kind_keys[i].key);
		first = kind_keys[i].key;
		pool->kind = kind_keys[i].kind;
	}
	if (first == NULL)
		return config_fail(reader, node->key_line, node->key_column,
			"pool `%s` says nothing about its agents: it needs run, provider, command, "
			"urls or lease",
			pool->name);
	if (pool->kind == BAL_POOL_LEASE && !pool->lease)
		return config_fail(reader, node->key_line, node->key_column,
			"pool `%s`: `lease` can only be true", pool->name);
	return true;
}

/* No key that means nothing for this kind. */
static bool check_keys(
	struct config_reader *reader, const struct yaml_node *node, const struct config_pool *pool)
{
	for (uint32_t i = 0; i < config_pool_section.row_count; i++) {
		const struct config_row *row = &config_pool_section.rows[i];
		const struct yaml_node *entry = config_entry(node, row->key);
		if (entry && !(row->pools & (1u << pool->kind)))
			return config_fail(reader, entry->key_line, entry->key_column,
				"`%s` has no meaning in pool `%s`, which has `%s`", row->key,
				pool->name,
				pool->exec.create.count > 0 ? "provider" : name_kind(pool->kind));
	}
	return true;
}

static int64_t max_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* min, max and baseline, for which each kind has its own defaults. */
static bool set_agents(
	struct config_reader *reader, const struct yaml_node *node, struct config_pool *pool)
{
	const struct yaml_node *min = config_entry(node, "min");
	const struct yaml_node *max = config_entry(node, "max");
	const struct yaml_node *baseline = config_entry(node, "baseline");
	bool started = pool->kind == BAL_POOL_PROCESS || pool->kind == BAL_POOL_COMMAND;
	if (!started) {
		pool->agents_max = -1;
		return true;
	}
	if (max == NULL)
		return config_fail(reader, node->key_line, node->key_column,
			"pool `%s` needs `max`: the most %s that ballast may start", pool->name,
			pool->kind == BAL_POOL_COMMAND ? "processes" : "agents");
	if (pool->kind == BAL_POOL_COMMAND)
		return true;
	if (min == NULL)
		pool->agents_min = 1;
	if (pool->agents_min > pool->agents_max)
		return config_fail(reader, min->line, min->column, "`min` %lld is above `max` %lld",
			(long long)pool->agents_min, (long long)pool->agents_max);
	if (baseline == NULL)
		pool->agents_baseline =
			max_of(max_of(pool->agents_min, 1), (pool->agents_max + 2) / 3);
	if (pool->agents_baseline < pool->agents_min || pool->agents_baseline > pool->agents_max)
		return config_fail(reader, baseline ? baseline->line : node->key_line,
			baseline ? baseline->column : node->key_column,
			"`baseline` %lld is not between `min` %lld and `max` %lld",
			(long long)pool->agents_baseline, (long long)pool->agents_min,
			(long long)pool->agents_max);
	return true;
}

/* The sustain times, whose defaults are the strategy's. */
static void set_scaling(const struct yaml_node *node, struct config_pool *pool)
{
	const struct yaml_node *scale = config_entry(node, "scale");
	const struct yaml_node *up = config_entry(scale, "up");
	const struct yaml_node *down = config_entry(scale, "down");
	bool aggressive = pool->scale.strategy == BAL_STRATEGY_AGGRESSIVE;
	if (config_entry(up, "for") == NULL)
		pool->scale.up.sustain_ns = (aggressive ? 2 : 5) * NS_PER_MIN;
	if (config_entry(down, "for") == NULL)
		pool->scale.down.sustain_ns = (aggressive ? 10 : 15) * NS_PER_MIN;
}

/* A command's failure is not retried unless the file says so: it costs money and has side effects.
 */
static void set_retry(struct config_pool *pool)
{
	if (pool->retry.outcomes)
		return;
	pool->retry.outcomes =
		1u << BAL_OUTCOME_BUSY | 1u << BAL_OUTCOME_HANDED_BACK | 1u << BAL_OUTCOME_LOST;
	if (pool->kind != BAL_POOL_COMMAND)
		pool->retry.outcomes |= 1u << BAL_OUTCOME_RETRYABLE;
}

static bool append_texts(
	struct config_reader *reader, struct config_texts *to, const struct config_texts *more)
{
	uint32_t count = to->count + more->count;
	const char **items = arena_take(reader->memory, count ? count : 1, sizeof(char *));
	if (items == NULL)
		return false;
	for (uint32_t i = 0; i < to->count; i++)
		items[i] = to->items[i];
	for (uint32_t i = 0; i < more->count; i++)
		items[to->count + i] = more->items[i];
	*to = (struct config_texts){items, count};
	return true;
}

/* Lists that have a default, and labels, which are offers too. */
static bool set_lists(
	struct config_reader *reader, const struct yaml_node *node, struct config_pool *pool)
{
	static const char *passed[] = {"PATH", "HOME", "LANG"};
	bool started = pool->kind == BAL_POOL_PROCESS || pool->kind == BAL_POOL_COMMAND;
	struct config_texts own = {&pool->name, 1};
	if (started && config_entry(node, "env") == NULL)
		pool->env = (struct config_texts){passed, sizeof(passed) / sizeof(passed[0])};
	if (pool->kinds.count == 0 && !append_texts(reader, &pool->kinds, &own))
		return false;
	return pool->labels.count == 0 || append_texts(reader, &pool->offers, &pool->labels);
}

static bool check_uses(struct config_reader *reader, const struct yaml_node *node,
	const struct config *config, const struct config_pool *pool)
{
	const struct yaml_node *uses = config_entry(node, "uses");
	for (const struct yaml_node *item = uses ? uses->child : NULL; item; item = item->next) {
		struct nearest nearest;
		if (config_limit_find(config, item->text))
			continue;
		nearest_init(&nearest, item->text);
		for (uint32_t i = 0; i < config->limits.count; i++)
			nearest_offer(&nearest, config->limits.items[i].name);
		if (nearest.best)
			return config_fail(reader, item->line, item->column,
				"pool `%s` uses `%s`, which is not under `limits`; did you mean "
				"`%s`?",
				pool->name, item->text.at, nearest.best);
		return config_fail(reader, item->line, item->column,
			"pool `%s` uses `%s`, which is not under `limits`", pool->name,
			item->text.at);
	}
	return true;
}

/* An agent that is not told its port cannot be found by us. */
static bool check_port(
	struct config_reader *reader, const struct yaml_node *node, const struct config_pool *pool)
{
	const struct yaml_node *run = config_entry(node, "run");
	bool told = run == NULL;
	for (uint32_t i = 0; i < pool->run.count; i++)
		told = told || argv_has(pool->run.items[i], "port");
	for (uint32_t i = 0; i < pool->env.count; i++)
		told = told || argv_has(pool->env.items[i], "port");
	if (told)
		return true;
	return config_fail(reader, run->line, run->column,
		"`run` of pool `%s` has no {port}: the agent must be told where to listen, here or "
		"as "
		"`env: [PORT={port}]`",
		pool->name);
}

/* With two of the three nothing could be made, found or removed. */
static bool check_scripts(
	struct config_reader *reader, const struct yaml_node *node, const struct config_pool *pool)
{
	const struct yaml_node *provider = config_entry(node, "provider");
	if (provider == NULL || (pool->exec.create.count > 0 && pool->exec.list.count > 0 &&
					pool->exec.remove.count > 0))
		return true;
	return config_fail(reader, provider->key_line, provider->key_column,
		"`provider` of pool `%s` needs `exec` with `create`, `list` and `delete`",
		pool->name);
}

static bool check_env(
	struct config_reader *reader, const struct yaml_node *node, const struct config_pool *pool)
{
	enum argv_use use = pool->kind == BAL_POOL_PROCESS ? ARGV_AGENT : ARGV_COMMAND;
	const struct yaml_node *env = config_entry(node, "env");
	char error[ARGV_ERROR_SIZE];
	for (uint32_t i = 0; env && i < pool->env.count; i++)
		if (!argv_check(pool->env.items[i], use, error))
			return config_fail(reader, env->line, env->column, "`env`: %s", error);
	return true;
}

/* {workdir} means a directory of the task's own. */
static bool check_workdir(
	struct config_reader *reader, const struct yaml_node *node, const struct config_pool *pool)
{
	const struct config_texts *lines[] = {
		&pool->command, &pool->prepare, &pool->cleanup, &pool->env};
	if (pool->kind != BAL_POOL_COMMAND || pool->workdir == CONFIG_WORKDIR_FRESH)
		return true;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		for (uint32_t j = 0; j < lines[i]->count; j++)
			if (argv_has(lines[i]->items[j], "workdir"))
				return config_fail(reader, node->key_line, node->key_column,
					"pool `%s` names {workdir}, which needs `workdir: fresh`",
					pool->name);
	return true;
}

static bool finish_pool(struct config_reader *reader, const struct yaml_node *node,
	const struct config *config, struct config_pool *pool)
{
	if (!find_kind(reader, node, pool) || !check_keys(reader, node, pool) ||
		!set_agents(reader, node, pool) || !set_lists(reader, node, pool))
		return false;
	set_scaling(node, pool);
	set_retry(pool);
	return check_uses(reader, node, config, pool) && check_port(reader, node, pool) &&
	       check_scripts(reader, node, pool) && check_env(reader, node, pool) &&
	       check_workdir(reader, node, pool);
}

static bool finish_limits(
	struct config_reader *reader, const struct yaml_node *node, const struct config *config)
{
	const struct yaml_node *entry = node ? node->child : NULL;
	for (uint32_t i = 0; i < config->limits.count; i++, entry = entry->next) {
		const struct config_limit *limit = &config->limits.items[i];
		if (limit->running == 0 && limit->starts.count == 0)
			return config_fail(reader, entry->key_line, entry->key_column,
				"limit `%s` bounds nothing: it needs running or starts",
				limit->name);
	}
	return true;
}

static bool finish_all(
	struct config_reader *reader, const struct yaml_node *root, struct config *config)
{
	const struct yaml_node *pools = config_entry(root, "pools");
	const struct yaml_node *entry = pools ? pools->child : NULL;
	if (!finish_limits(reader, config_entry(root, "limits"), config))
		return false;
	for (uint32_t i = 0; i < config->pools.count; i++, entry = entry->next)
		if (!finish_pool(reader, entry, config, &config->pools.items[i]))
			return false;
	return config_finish_shifts(reader, pools, config) &&
	       config_finish_alerts(reader, config_entry(root, "alerts"), config) &&
	       config_finish_objectives(reader, config_entry(root, "objectives"), config) &&
	       config_finish_peaks(reader, config_entry(root, "peaks"), config);
}

/* ---- overrides --------------------------------------------------------------------------------
 */

/* Nodes of an override have no place in the file; messages then give none. */
static void forget_places(struct yaml_node *node)
{
	for (; node; node = node->next) {
		node->line = 0;
		node->column = 0;
		node->key_line = 0;
		node->key_column = 0;
		forget_places(node->child);
	}
}

/* The entry of `map` with this key, made when there is none; NULL without memory. */
static struct yaml_node *make_entry(
	struct config_reader *reader, struct yaml_node *map, struct span key)
{
	struct yaml_node *last = NULL;
	for (struct yaml_node *entry = map->child; entry; entry = entry->next) {
		if (span_equal(entry->key, key))
			return entry;
		last = entry;
	}
	struct yaml_node *made = arena_take(reader->memory, 1, sizeof(*made));
	char *name = config_copy(reader, key);
	if (made == NULL || name == NULL)
		return NULL;
	*made = (struct yaml_node){.kind = YAML_MAP, .key = {name, key.size}};
	if (last)
		last->next = made;
	else
		map->child = made;
	map->count++;
	return made;
}

static bool fail_override(
	struct config_reader *reader, const struct config_override *override, const char *text)
{
	struct span key = override->key;
	return config_fail(reader, 0, 0, "%.*s: %s",
		(int)(key.size < OVERRIDE_SHOWN_MAX ? key.size : OVERRIDE_SHOWN_MAX), key.at, text);
}

static bool apply_override(struct config_reader *reader, struct yaml_node *root,
	const struct config_override *override)
{
	struct span path = override->key;
	struct yaml_node *value = NULL, *node = root;
	struct yaml_error error;
	if (!yaml_read(override->value, reader->memory, &value, &error))
		return fail_override(reader, override, error.text);
	if (value == NULL)
		return fail_override(reader, override, "there is no value");
	forget_places(value);
	while (path.at != NULL) {
		struct span key = span_cut(&path, '.');
		if (node->kind != YAML_MAP || key.size == 0)
			return fail_override(reader, override, "there is no such key");
		node = make_entry(reader, node, key);
		if (node == NULL)
			return fail_override(reader, override, "no memory for so much");
	}
	node->kind = value->kind;
	node->plain = value->plain;
	node->text = value->text;
	node->child = value->child;
	node->count = value->count;
	node->line = 0;
	node->column = 0;
	return true;
}

/* ---- public -----------------------------------------------------------------------------------
 */

bool config_name_valid(struct span name)
{
	for (size_t i = 0; i < name.size; i++) {
		char byte = name.at[i];
		bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
		bool other =
			(byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
		if (!letter && !other)
			return false;
	}
	return name.size >= 1 && name.size <= CONFIG_NAME_SIZE_MAX;
}

/* Tree, overrides, structure, checks. */
static bool read_all(struct config_reader *reader, struct config *config, struct span text,
	const struct config_override *overrides, uint32_t override_count)
{
	struct yaml_node *root = NULL;
	struct yaml_error error;
	for (size_t i = 0; i < BAL_KNOB_COUNT; i++)
		config->knobs[i] = config_knobs[i].preset;
	if (!yaml_read(text, reader->memory, &root, &error))
		return config_fail(reader, error.line, error.column, "%s", error.text);
	if (root == NULL)
		return config_fail(reader, 1, 1, "there is nothing in it; see `ballast init`");
	for (uint32_t i = 0; i < override_count; i++)
		if (!apply_override(reader, root, &overrides[i]))
			return false;
	return config_read_section(reader, &config_root, root, config) &&
	       finish_all(reader, root, config);
}

/* Bytes of arena for this much text; everything that is read from it fits. */
static size_t measure_memory(
	struct span text, const struct config_override *overrides, uint32_t override_count)
{
	size_t size = text.size;
	for (uint32_t i = 0; i < override_count; i++)
		size += overrides[i].key.size + overrides[i].value.size + OVERRIDE_MEMORY;
	return YAML_MEMORY_FREE + size * YAML_MEMORY_FACTOR;
}

bool config_read(struct config *config, struct span text, const char *file,
	const struct config_override *overrides, uint32_t override_count,
	struct config_error *error)
{
	struct arena arena;
	struct config_reader reader = {.file = file, .memory = &arena, .error = error};
	memset(config, 0, sizeof(*config));
	error->text[0] = 0;
	if (text.size > YAML_SIZE_MAX)
		return config_fail(&reader, 0, 0, "longer than 1 MiB");
	size_t size = measure_memory(text, overrides, override_count);
	config->memory = calloc(1, size);
	if (config->memory == NULL)
		return config_fail(&reader, 0, 0, "no memory to read it");
	arena_init(&arena, config->memory, size);
	if (read_all(&reader, config, text, overrides, override_count))
		return true;
	if (error->text[0] == 0)
		config_fail(&reader, 0, 0, "no memory for so much");
	config_release(config);
	return false;
}

void config_release(struct config *config)
{
	free(config->memory);
	memset(config, 0, sizeof(*config));
}

const struct config_pool *config_pool_find(const struct config *config, struct span name)
{
	for (uint32_t i = 0; i < config->pools.count; i++)
		if (span_equal(name, span_of(config->pools.items[i].name)))
			return &config->pools.items[i];
	return NULL;
}

const struct config_limit *config_limit_find(const struct config *config, struct span name)
{
	for (uint32_t i = 0; i < config->limits.count; i++)
		if (span_equal(name, span_of(config->limits.items[i].name)))
			return &config->limits.items[i];
	return NULL;
}
