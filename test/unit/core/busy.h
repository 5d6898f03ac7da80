/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_CORE_BUSY_H
#define TEST_CORE_BUSY_H

#include "scene.h"

/* busy: a small core in which every noun is there at least once. */

#define POOL_URLS    0
#define POOL_PROCESS 1

/* Its tasks, by what they do. */
enum {
	PARENT = 1,    /* runs, and lends its slot to CHILD */
	CHILD = 2,     /* runs on the slot of PARENT */
	RUNNING = 3,   /* runs alone on its agent */
	QUEUED = 4,    /* waits for a slot */
	NEEDY = 5,     /* likewise, for needs and a class of its own */
	KID = 6,       /* waits for a slot, and PARENT for it */
	PATIENT = 7,   /* waits for RUNNING to end */
	PATIENT_2 = 8, /* likewise */
	ENDING = 9,    /* has ended, which is not stored yet */
	CONTENT = 10,  /* runs on an agent that has a free slot */
};

enum { AGENT_FULL = 101, AGENT_ALONE = 102, AGENT_FREE = 103 };

/* cmocka's setup, instead of scene_begin: *state is a scene whose core is busy. */
int busy_begin(void **state);

#endif
