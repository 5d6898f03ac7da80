/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_ORDERS_H
#define BAL_DAEMON_ORDERS_H

#include "daemon/engine.h"
#include "wire/jsonwrite.h"

/*
 * The latest scaling orders with their reasons, also those of earlier starts: whoever asks on
 * Monday why there are twelve agents asks about a decision of Saturday.
 */
#define ORDERS_KEPT 256

struct orders;

/* Reads what was kept, and watches from now on.  NULL when there is no memory. */
struct orders *orders_open(struct engine *engine);
void orders_close(struct orders *orders);

/* Writes all of them, or those of a pool, as elements of an array, newest first. */
void orders_write(const struct orders *orders, struct span pool, struct json_writer *writer);

/* The explanation of one of them as JSON; absent when it is not kept. */
struct span orders_find(const struct orders *orders, uint64_t id);

#endif
