/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_CONFIGWATCH_H
#define BAL_WIRE_CONFIGWATCH_H

#include "wire/config.h"
#include "wire/configerror.h"
#include "wire/yaml.h"

/* configwatch: what no single row can say of alerts and objectives. Used by config only. */

/* Rules exist, their values have their units and make a rule; the webhook is a URL. `node` may be
 * NULL. */
bool config_finish_alerts(
	struct config_reader *, const struct yaml_node *node, struct config *config);

/* Fills config->standard, and who recovers by itself. `node` may be NULL. */
bool config_finish_objectives(
	struct config_reader *, const struct yaml_node *node, struct config *config);

#endif
