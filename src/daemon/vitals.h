/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_VITALS_H
#define BAL_DAEMON_VITALS_H

#include "daemon/engine.h"
#include "sample/sample.h"

/*
 * What is measured, told to the core: signals of agents for whoever looks at those, and those of
 * the machine and of the data directory, which are looked at here: pressure every 5 s, the rest
 * every 10 s, graphics cards where nvidia-smi is found.
 */
struct vitals;

/* NULL without memory. The engine has to outlive it. */
struct vitals *vitals_open(struct engine *engine);
void vitals_close(struct vitals *vitals);

/* Tells the core one value, or several: of agent `id`, say, or of the host, whose id is 0. */
void vitals_post(struct engine *engine, enum bal_subject subject, uint64_t id,
	enum bal_signal signal, int64_t value);
void vitals_post_all(struct engine *engine, enum bal_subject subject, uint64_t id,
	const struct reading *readings, size_t count);

#endif
