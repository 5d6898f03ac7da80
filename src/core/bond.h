/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_BOND_H
#define BAL_CORE_BOND_H

#include <stdbool.h>
#include <stdint.h>

struct bal_core;

/*
 * bond: how much of their time tasks wait for their children of each kind, by looks of the core at
 * itself (knob WATCH), with the last five minutes weighing most.
 */
#define BOND_PARENTS_MAX 4 /* kinds of parents that are remembered of a kind */

/* One look at all tasks that run. */
void bond_look(struct bal_core *core);

/* The share, in permille, of the time of tasks that have children of this kind in which they do
 * nothing but wait for these. -1: too little is known. */
int64_t bond_share(const struct bal_core *core, uint32_t kind);

#endif
