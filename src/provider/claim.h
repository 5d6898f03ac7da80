/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_CLAIM_H
#define BAL_PROVIDER_CLAIM_H

#include "provider/answer.h"
#include "provider/provider.h"

/*
 * A claim: that an instance somewhere is ours, on disk before it is made and until it is gone for
 * certain. One small file for each, named by the agent's id.
 */

enum claim_state {
	CLAIM_WANTED, /* it may exist: its create was begun, or is to be */
	CLAIM_MADE,   /* it exists */
	CLAIM_ENDING  /* it is to be deleted */
};

struct claim {
	enum claim_state state;
	uint64_t agent;
	uint64_t order;
	uint32_t number;
	char pool[PROVIDER_NAME_SIZE_MAX];
	char id[ANSWER_ID_SIZE];   /* "" while it is not known */
	char url[ANSWER_URL_SIZE]; /* likewise */
};

/* Writes it; durable before true is returned.  False with errno. */
bool claim_save(int directory_fd, const struct claim *claim);

/* Reads the claim of that file; false when it is none. */
bool claim_load(int directory_fd, const char *name, struct claim *claim);

/* Takes it back. */
void claim_remove(int directory_fd, const struct claim *claim);

#endif
