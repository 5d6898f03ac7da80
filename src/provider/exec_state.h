/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_EXEC_STATE_H
#define BAL_PROVIDER_EXEC_STATE_H

#include "provider/claim.h"
#include "provider/exec.h"
#include "provider/script.h"
#include "provider/spec.h"

/* exec_state: what exec.c (the interface), exec_script.c (scripts begin and end) and exec_list.c
 * (what a list decides) share. */

#define EXEC_REPORTS_MAX 32
#define EXEC_OWNER_SIZE  9
#define EXEC_LIST_NS     (60 * (int64_t)1000000000) /* between two lists when nothing is doubtful */

enum exec_stage {
	EXEC_WANTED,   /* its create is to begin */
	EXEC_MAKING,   /* create runs */
	EXEC_DOUBTED,  /* create said nothing that counts: a list decides */
	EXEC_MADE,     /* it exists */
	EXEC_ENDING,   /* its delete is to begin, at retry_at_ns */
	EXEC_DELETING, /* delete runs */
	EXEC_DELETED,  /* delete says so: a list decides */
	EXEC_GONE      /* nothing is left but what must still be told */
};

struct exec_instance {
	struct claim claim;
	enum exec_stage stage;
	bool asked;    /* the host wants it to end */
	bool silent;   /* the host knows of its end already, or never knew of it */
	bool stranger; /* listed under our name, wanted by nobody: has no claim on disk */
	bool tell_adopted, tell_started, tell_missed, tell_end;
	bool said_stuck;                /* that its pool is not configured any more */
	bool found;                     /* by the list that is being looked at */
	enum provider_event_type end;   /* with tell_end */
	uint32_t lists;                 /* of its pool, begun when it came into its stage */
	uint32_t missed;                /* lists in a row that did not show it */
	uint32_t failures;              /* deletes in a row that failed */
	int64_t retry_at_ns;            /* ENDING */
	char script[RUN_NAME_SIZE_MAX]; /* MAKING, DELETING: the one that runs */
	char found_url[ANSWER_URL_SIZE];
	char reason[PROVIDER_TEXT_SIZE_MAX]; /* of the doubt; the sentence of the end */
	struct exec_instance *next;
};

struct exec_pool {
	char name[PROVIDER_NAME_SIZE_MAX];
	uint32_t hash; /* of the name: part of the order of its instances */
	char *create[SPEC_ARGUMENTS_MAX + 1];
	char *list[SPEC_ARGUMENTS_MAX + 1];
	char *remove[SPEC_ARGUMENTS_MAX + 1];
	char *environment[SPEC_ENVIRONMENT_MAX + 1];
	char *directory;
	int64_t timeout_ns;
	uint32_t lists; /* begun so far */
	bool listing;
	char script[RUN_NAME_SIZE_MAX]; /* the list that runs */
	uint32_t list_failures;
	int64_t list_at_ns; /* the next one */
	bool said_untagged;
	struct exec_pool *next;
};

struct exec {
	struct provider provider; /* first */
	struct scripts *scripts;
	struct exec_pool *pools;
	size_t pool_count;
	struct exec_instance *instances;
	size_t instance_count;
	int claims_fd;
	char owner[EXEC_OWNER_SIZE];
	uint32_t sequence; /* of names of scripts */
	struct {
		char pool[PROVIDER_NAME_SIZE_MAX];
		char text[PROVIDER_TEXT_SIZE_MAX];
	} reports[EXEC_REPORTS_MAX];
	size_t report_first, report_count;
};

/* Finds by name, by its agent (strangers never); NULL. */
struct exec_pool *exec_find_pool(const struct exec *exec, const char *name);
struct exec_instance *exec_find_agent(const struct exec *exec, uint64_t agent);

/* A new instance of the pool in stage WANTED; NULL without memory or room. */
struct exec_instance *exec_add(struct exec *exec, const char *pool);

/* Says something about a pool; when too much is not yet taken, the oldest is forgotten. */
__attribute__((format(printf, 3, 4))) void exec_say(
	struct exec *exec, const char *pool, const char *format, ...);

/* Brings an instance into a stage, which only lists begun later may decide. */
void exec_enter(struct exec *exec, struct exec_instance *instance, enum exec_stage stage);

/* It is to be deleted, from now on until it is gone. */
void exec_end(struct exec *exec, struct exec_instance *instance, int64_t now_ns);

/* It could not be deleted: tried again after a growing while. */
void exec_retry_delete(
	struct exec *exec, struct exec_instance *instance, const char *why, int64_t now_ns);

/* Tells the host, once, that it ended or never was; EXITED when the host had asked for the end. */
__attribute__((format(printf, 3, 4))) void exec_tell_end(
	struct exec_instance *instance, enum provider_event_type type, const char *format, ...);

/* It does not exist (any more), for certain. */
void exec_gone(struct exec *exec, struct exec_instance *instance);

/* Has its pool listed as soon as may be. */
void exec_want_list(struct exec *exec, const char *pool, int64_t now_ns);

/* Begins the scripts that are due. */
void exec_advance(struct exec *exec, int64_t now_ns);

/* When exec_advance wants to be called; INT64_MAX = never. */
int64_t exec_due_ns(const struct exec *exec);

/* Takes the end of a script. */
void exec_script_ended(struct exec *exec, const struct script_end *end, int64_t now_ns);

/* Takes what the pool's last list shows. */
void exec_listed(struct exec *exec, struct exec_pool *pool, const struct answer_instance *shown,
	size_t count, int64_t now_ns);

/* The order that names an instance. */
#define EXEC_ORDER_SIZE 64
void exec_order(const struct exec *exec, const struct exec_pool *pool, const struct claim *claim,
	char order[static EXEC_ORDER_SIZE]);

#endif
