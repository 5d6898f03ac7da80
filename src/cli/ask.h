/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_ASK_H
#define BAL_CLI_ASK_H

#include "cli/args.h"
#include "cli/client.h"
#include "wire/json.h"

/*
 * ask: what every command does that talks to a daemon: open the client that --url or BALLAST_URL
 * names, call, explain a problem on standard error, parse the answer.
 */
struct ask {
	struct client client;
	struct buffer body; /* of the last answer */
	struct json json;   /* the same, parsed; empty when it is not JSON */
	unsigned status;    /* of the last answer */
	bool raw;           /* --json was given */
	bool quiet;         /* a problem is not printed: the caller looks at it */
	int64_t timeout_ms; /* of further calls; 0: CLIENT_ANSWER_MS */
	struct span key;    /* Idempotency-Key of further calls; absent: none */
};

/* Options of all such commands: rows for their tables. */
#define ASK_OPTIONS                                                                                \
	{"--url", NULL, "URL",                                                                     \
		"daemon: http://host:port or a socket's path (default BALLAST_URL)"},              \
	{                                                                                          \
		"--json", NULL, NULL, "prints the daemon's JSON as it is"                          \
	}

#define ASK_TARGET_MAX 4096

/* Opens the client.  NULL, after a message on standard error. */
struct ask *ask_open(const struct args *args);
void ask_close(struct ask *ask);

/* Calls: `target` is a path with its query, `body` JSON or absent.  0 when the answer was 2xx; else
 * an exit code, after a message on standard error (unless ask->quiet). */
int ask_get(struct ask *ask, const char *target);
int ask_post(struct ask *ask, const char *target, struct span body);

/* Prints the problem in the last answer. */
void ask_explain(const struct ask *ask);

/* The last answer: prints it as it came, with a line end. */
void ask_print(const struct ask *ask);

/* Text of a member "a.b" of the last answer; NULL when it is absent or not text. */
const char *ask_text(const struct ask *ask, const char *path);

/* Writes `format` with %s already encoded for a URL by the caller; percent-encodes `text` into
 * `memory`, which is returned, cut when it does not fit. */
const char *ask_encode(const char *text, char *memory, size_t size);

#endif
