/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_PROVIDER_H
#define BAL_PROVIDER_PROVIDER_H

#include "provider/group.h"
#include "sample/sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What makes and removes agents: local processes (provider/process.h) and scripts of the
 * configuration (provider/exec.h). One interface in step style: nothing blocks, nothing calls back.
 * The host gives orders, waits for fd() or the deadline, and drains facts with next(). A provider
 * decides nothing: whether an agent is ready, restarted or replaced is for core.
 *
 * Orders are idempotent by the agent's id, which the engine minted: to repeat one after a crash,
 * not knowing whether it arrived, is safe.
 */

#define PROVIDER_TEXT_SIZE_MAX 256
#define PROVIDER_NAME_SIZE_MAX 129
#define PROVIDER_ADDRESS_SIZE  64
#define PROVIDER_URL_SIZE      257
#define PROVIDER_GPUS_SIZE     192

enum provider_event_type {
	PROVIDER_ADOPTED, /* found running after a restart; pool, port, order are what they were */
	PROVIDER_STARTED, /* the agent exists; whether it is ready is for a probe */
	PROVIDER_EXITED,  /* it ended; `asked` says whether by our order */
	PROVIDER_FAILED,  /* it could not be started; text says why and what to do */
	PROVIDER_LOST,    /* it is gone and nobody knows how it ended */
	PROVIDER_MISSED,  /* what it is made with does not know of it any more: does it answer? */
	PROVIDER_SAID     /* something that people should know; of a pool, and of no one agent */
};

struct provider_event {
	enum provider_event_type type;
	uint64_t agent;
	uint64_t order;
	uint32_t number; /* as ordered */
	char pool[PROVIDER_NAME_SIZE_MAX];
	char address[PROVIDER_ADDRESS_SIZE]; /* "127.0.0.1:PORT"; "" when it has no port */
	uint16_t port;                       /* 0 = none */
	char url[PROVIDER_URL_SIZE];   /* of one elsewhere; "": of this machine, or not known */
	char gpus[PROVIDER_GPUS_SIZE]; /* as ordered */
	bool asked; /* also of ADOPTED: it was asked to end before, and still runs */
	int code;   /* EXITED: exit code, -1 when by a signal */
	int signal; /* EXITED: or 0 */
	bool oom;   /* EXITED: the kernel ended something in it for want of memory */
	char text[PROVIDER_TEXT_SIZE_MAX]; /* one sentence; never empty for EXITED, FAILED, LOST,
					      SAID */
};

struct provider_order {
	uint64_t order;  /* of the scaling that wants it; comes back in the events */
	uint64_t agent;  /* id of the new agent; not 0 */
	uint32_t number; /* the host's own, for a name that survives restarts; comes back too */
	const char *pool;
	const char *
		gpus; /* numbers of those of this machine that are the agent's, "0,3"; NULL: none */
};

struct provider;

struct provider_ops {
	const char *name;
	/* Starts one agent. False, with a sentence: nothing was started and no event follows. True:
	 * one of STARTED, FAILED follows. An agent that exists already: true, nothing is done
	 * twice. */
	bool (*start)(struct provider *provider, const struct provider_order *order, int64_t now_ns,
		char *message, size_t message_size);
	/* Asks an agent to end; EXITED follows. False: there is no such agent. */
	bool (*end)(struct provider *provider, uint64_t agent, int64_t now_ns);
	/* Gives an agent that runs other limits of processor (thousandths of a core) and memory
	 * (bytes), 0 = as it is; *now has those in force then, which are read back. `soft`: see
	 * group.h. False, with a sentence: not all was done. NULL: this provider cannot. */
	bool (*resize)(struct provider *provider, uint64_t agent, const struct group_size *size,
		bool soft, struct group_size *now, char *message, size_t message_size);
	/* Takes the next fact; false when there is none for now. */
	bool (*next)(struct provider *provider, int64_t now_ns, struct provider_event *event);
	/* Readable when next() has news (epoll, so it can be watched by any loop). */
	int (*fd)(const struct provider *provider);
	/* When next() wants to be called although fd() is silent; INT64_MAX = never. */
	int64_t (*deadline_ns)(const struct provider *provider);
	/* Measures one agent: those values in `wanted` (bits of sample.h) that there are. Each
	 * costs; CPU every 5 s and the rest as sample/watch.h says is 0.6 % of a core for 1,000
	 * local agents that are idle, and 0.9 % when all are busy.
	 * False: no such agent. */
	bool (*sample)(struct provider *provider, uint64_t agent, uint64_t wanted, int64_t now_ns,
		struct sample *sample);
	/* Releases the provider. Agents go on running. */
	void (*close)(struct provider *provider);
};

/* Every driver's own structure begins with this. */
struct provider {
	const struct provider_ops *ops;
};

#endif
