/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_LEASE_H
#define BAL_DAEMON_LEASE_H

#include "daemon/engine.h"

/*
 * Workers that come and ask.  A worker is an agent of its pool, known by the name it gives; while
 * it polls it has a free slot, and what it was given it holds until it acknowledges, gives up,
 * hands back, or lets the lease run out.
 */
struct leases;

/* Registers itself as the driver of lease pools; NULL when there is no memory. */
struct leases *leases_open(struct engine *engine);
void leases_close(struct leases *leases);

/* A worker's long poll, part of the caller's request.  Exactly one of granted and closed is called,
 * unless the caller takes the poll back with lease_poll_cancel. */
struct lease_poll {
	struct list_node node;
	uint64_t agent;
	int64_t ttl_ns;
	int64_t until_ns; /* core time at which it ends unanswered */
	/* Here is work.  Called while effects are performed: answer, do not post for a status. */
	void (*granted)(struct lease_poll *poll, struct job *job, const char *token);
	/* Nothing came in time. */
	void (*closed)(struct lease_poll *poll);
};

/* Begins to wait for work of the pool (a lease pool, by number) in the name of the worker.  The
 * answer may come before this returns.  FULL: too many workers.  INVALID: not a lease pool. */
enum bal_status lease_poll_start(struct leases *leases, struct lease_poll *poll, uint32_t pool,
	struct span worker, int64_t ttl_ns, int64_t wait_ns);

/* The client is gone: nothing is called any more. */
void lease_poll_cancel(struct leases *leases, struct lease_poll *poll);

/* The live job that this token is the running attempt of; NULL when it was superseded or ended. */
struct job *lease_job(struct leases *leases, struct span token);

/* True when the token's attempt has ended its task with success already: an ack again is fine. */
bool lease_acked(struct leases *leases, struct span token);

/* The work is done; result is JSON as sent.  STALE: superseded.  To answer only when the result is
 * durable, wait for the job (job_wait) before calling this. */
enum bal_status lease_ack(struct leases *leases, struct span token, struct span result);

/* It failed; retryable as the worker says. */
enum bal_status lease_nack(struct leases *leases, struct span token, struct span error,
	bool retryable, int64_t retry_after_ns);

/* The worker goes on with it: ttl_ns more from now (0: as before).  *drain: it should hand back. */
enum bal_status lease_extend(struct leases *leases, struct span token, int64_t ttl_ns,
	int64_t *until_utc_ns, bool *drain);

/* The worker hands it back with what it has so far (JSON; absent: nothing); it is given out again
 * after wait_ns, or when the task waits_for has ended. */
enum bal_status lease_release(struct leases *leases, struct span token, struct span checkpoint,
	int64_t wait_ns, uint64_t waits_for);

#endif
