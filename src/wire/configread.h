/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_CONFIGREAD_H
#define BAL_WIRE_CONFIGREAD_H

#include "wire/configerror.h"
#include "wire/configtable.h"
#include "wire/yaml.h"

/*
 * configread: one value of the tree into the structure, as its row says. Used by config only.
 */

/*
 * Read a map into the structure at `to`: every key of it must be a row of the section, and every
 * row without a value gets its default. `node` NULL: defaults only.
 */
bool config_read_section(struct config_reader *, const struct config_section *,
	const struct yaml_node *node, void *to);

/* Set `row` of the structure at `to` to its default. False when there is no memory. */
bool config_read_preset(struct config_reader *, const struct config_row *row, void *to);

/* The entry of a map with this key; NULL for none, and when `map` is NULL or no map. */
const struct yaml_node *config_entry(const struct yaml_node *map, const char *key);

/* A zero-terminated copy of a text; NULL when there is no memory. */
char *config_copy(struct config_reader *, struct span text);

#endif
