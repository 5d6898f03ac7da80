/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_CONFIGPEAK_H
#define BAL_WIRE_CONFIGPEAK_H

#include "wire/config.h"
#include "wire/configerror.h"
#include "wire/yaml.h"

/* configpeak: when scheduled windows of load, and of minimums, begin, and what no single row can
 * say of them. Used by config and configread only. */

/* Read `at` of a peak: one beginning, or a list of them. */
bool config_read_when(
	struct config_reader *, const struct yaml_node *node, struct config_whens *to);

/* Read `schedule` of a pool: a list of {when, min}. */
bool config_read_shifts(
	struct config_reader *, const struct yaml_node *node, struct config_shifts *to);

/* No minimum of a pool's schedule is above its maximum, and all pools have no more of them than
 * there may be. `node`: the pools; may be NULL. */
bool config_finish_shifts(
	struct config_reader *, const struct yaml_node *node, const struct config *config);

/* Each peak says how much, one way; its windows end before they begin again. `node` may be NULL. */
bool config_finish_peaks(
	struct config_reader *, const struct yaml_node *node, struct config *config);

#endif
