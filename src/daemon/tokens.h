/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_TOKENS_H
#define BAL_DAEMON_TOKENS_H

#include "base/sha256.h"
#include "table/routes.h"
#include "wire/span.h"

#include <sys/stat.h>

/*
 * Access tokens: a file with one line for each,
 *
 *     ID ROLES DIGEST [NAME]
 *
 * Lines that begin with '#' are comments.  ROLES are words of table/routes.h with commas between
 * them, DIGEST is the SHA-256 of the token in hexadecimal.  The token itself is shown once, when it
 * is made, and is nowhere afterwards: it has 256 random bits, so its digest is as good as it.
 */
#define TOKENS_MAX          4096
#define TOKENS_NAME_SIZE    64
#define TOKENS_ID_SIZE      17
#define TOKENS_SECRET_SIZE  64
#define TOKENS_FILE_DEFAULT "tokens" /* below the data directory */

struct token {
	char id[TOKENS_ID_SIZE];
	char name[TOKENS_NAME_SIZE]; /* for people; "" */
	uint32_t roles;              /* bit 1 << role, as written */
	uint8_t digest[SHA256_SIZE];
};

struct tokens {
	struct token *items;
	uint32_t count;
	struct stat file; /* as it was when it was read */
};

/* Reads the file, which must be its owner's alone.  False with a sentence; *tokens is then empty.
 */
bool tokens_read(struct tokens *tokens, const char *path, char *message, size_t message_size);
void tokens_release(struct tokens *tokens);

/* What the bearer of this token may do: bits of roles, those that a role includes among them; 0
 * when it is none of ours.  Takes the same time whatever the token is. */
uint32_t tokens_roles(const struct tokens *tokens, struct span secret);

/* "read,submit" as bits; false when a word is no role. */
bool tokens_roles_parse(struct span text, uint32_t *roles);

/* Makes a token, adds its line to the file (which is made when it is not there) and gives the
 * token out.  False with a sentence. */
bool tokens_create(const char *path, uint32_t roles, struct span name,
	char secret[TOKENS_SECRET_SIZE], char *message, size_t message_size);

/* Takes the token of that id out of the file.  False with a sentence. */
bool tokens_remove(const char *path, struct span id, char *message, size_t message_size);

/* "read,submit" of bits. */
void tokens_roles_write(uint32_t roles, char *text, size_t text_size);

#endif
