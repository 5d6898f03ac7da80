/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration: taken with all it promises, or refused with one printable line. */
#include "base/assert.h"
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
	for (uint32_t i = 0; i < pool->uses.count; i++)
		bal_assert(config_limit_find(config, span_of(pool->uses.items[i])) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	struct config_error error;
	struct span text = {(const char *)data, size};
	if (!config_read(&config, text, "fuzz.yaml", NULL, 0, &error)) {
		bal_assert(strncmp(error.text, "fuzz.yaml:", 10) == 0);
		bal_assert(strchr(error.text, '\n') == NULL && config.memory == NULL);
		return 0;
	}
	bal_assert(config.listen != NULL && config.data != NULL);
	for (uint32_t i = 0; i < config.pools.count; i++)
		check_pool(&config, &config.pools.items[i]);
	config_release(&config);
	return 0;
}
