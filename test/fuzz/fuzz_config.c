/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration: taken with all it promises, or refused with one printable line. When the input
 * begins with "!", its first line is an override, !KEY=VALUE, of the text behind it.
 */
#include "base/assert.h"
#include "base/text.h"
#include "target.h"
#include "wire/config.h"

#include <string.h>

static void check_pool(const struct config *config, const struct config_pool *pool)
{
	bool started = pool->kind == BAL_POOL_PROCESS || pool->kind == BAL_POOL_COMMAND;
	bal_assert(config_name_valid(span_of(pool->name)));
	bal_assert(pool->kinds.count > 0);
	bal_assert(pool->slots >= 1 || pool->kind == BAL_POOL_COMMAND);
	bal_assert(started == (pool->agents_max >= 1));
	bal_assert((pool->run.count > 0) == (pool->kind == BAL_POOL_PROCESS));
	bal_assert((pool->command.count > 0) == (pool->kind == BAL_POOL_COMMAND));
	bal_assert((pool->urls.count > 0) == (pool->kind == BAL_POOL_URLS));
	bal_assert(pool->lease == (pool->kind == BAL_POOL_LEASE));
	bal_assert(pool->retry.exit_count <= CONFIG_EXITS_MAX && pool->retry.attempts >= 1);
	if (pool->kind == BAL_POOL_PROCESS) {
		bal_assert(pool->agents_min <= pool->agents_baseline);
		bal_assert(pool->agents_baseline <= pool->agents_max);
	}
	for (uint32_t i = 0; i < pool->uses.count; i++)
		bal_assert(config_limit_find(config, span_of(pool->uses.items[i])) != NULL);
}

/* Goes to terminals and into JSON: one line of UTF-8 without control characters. */
static void check_error(const struct config_error *error)
{
	struct bal_text text = {error->text, (uint32_t)strlen(error->text)};
	bal_assert(strncmp(error->text, "fuzz.yaml:", 10) == 0);
	bal_assert(text.size > strlen("fuzz.yaml: ") && text_is_utf8(text));
	for (uint32_t i = 0; i < text.size; i++)
		bal_assert((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	struct config_error error;
	struct config_override override = {{NULL, 0}, {NULL, 0}};
	struct span text = {(const char *)data, size};
	bool overridden = size > 0 && data[0] == '!';
	if (overridden) {
		struct span line = {text.at + 1, span_find(text, '\n') - 1};
		override.key = (struct span){line.at, span_find(line, '=')};
		override.value = span_skip(line, override.key.size + 1);
		text = span_skip(text, line.size + 2);
	}
	if (!config_read(&config, text, "fuzz.yaml", &override, overridden, &error)) {
		bal_assert(config.memory == NULL);
		check_error(&error);
		return 0;
	}
	bal_assert(config.listen != NULL && config.data != NULL);
	for (uint32_t i = 0; i < config.pools.count; i++)
		check_pool(&config, &config.pools.items[i]);
	config_release(&config);
	return 0;
}
