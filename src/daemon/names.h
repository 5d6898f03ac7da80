/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_NAMES_H
#define BAL_DAEMON_NAMES_H

#include "ballast.h"
#include "wire/span.h"

/*
 * Interned names: the core sees numbers, people see names.  Each space (kinds, tenants, tags,
 * pools, limits) numbers its names from 0 in the order in which they first came.  A name is never
 * forgotten, so its number never changes while the daemon runs.
 */
struct names;

/* Makes the tables; `limits` bounds kinds, tenants, pools and limits, BAL_TAGS_MAX the tags.  NULL
 * when there is no memory. */
struct names *names_open(const struct bal_limits *limits);
void names_close(struct names *names);

/* The number of a name, BAL_NONE when it was never interned. */
uint32_t names_find(const struct names *names, enum bal_symbol_space space, struct span name);

/* The number of a name, which is given one if it has none.  BAL_NONE when the space is full.
 * *is_new says that the core has yet to hear of it. */
uint32_t names_intern(
	struct names *names, enum bal_symbol_space space, struct span name, bool *is_new);

/* The name of a number; "?" when there is none.  Lives as long as the table. */
struct span names_text(const struct names *names, enum bal_symbol_space space, uint32_t number);

/* How many names a space has. */
uint32_t names_count(const struct names *names, enum bal_symbol_space space);

#endif
