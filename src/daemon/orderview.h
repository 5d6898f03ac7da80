/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_ORDERVIEW_H
#define BAL_DAEMON_ORDERVIEW_H

#include "daemon/engine.h"
#include "wire/jsonwrite.h"

/* Orders as JSON: what became of them, and those that wait. */

/* Writes what became of an order as members of the object that is open. */
void orderview_write_life(
	struct engine *engine, const struct bal_order *order, struct json_writer *writer);

/* Writes an order that waits as an object. */
void orderview_write_held(
	struct engine *engine, const struct bal_held *held, struct json_writer *writer);

/* Reads a condition, "load>0.8" or "waiting<20"; false when it is none. */
bool orderview_read_condition(struct span text, uint32_t *condition, uint32_t *threshold);

#endif
