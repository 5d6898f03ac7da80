/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_TEMPLATE_H
#define BAL_DAEMON_TEMPLATE_H

#include "provider/provider.h"
#include "wire/config.h"

/* template: what the configuration says of a pool whose agents ballast starts, for the provider
 * that makes them. */

/* True when the pool's agents are made by scripts. */
bool template_is_scripted(const struct config_pool *pool);

/* Gives the provider the pool's template; scripts and commands run in `directory`, absolute.  False
 * with a sentence. */
bool template_set(struct provider *provider, const struct config_pool *pool, const char *directory,
	char *message, size_t message_size);

#endif
