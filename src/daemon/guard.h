/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_GUARD_H
#define BAL_DAEMON_GUARD_H

#include "daemon/engine.h"
#include "table/routes.h"

/*
 * Who may do what.  On loopback nobody is asked for a token until there is a file of them (the
 * configuration's tokens_file, or DATA/tokens); from then on everybody is.  Other addresses are
 * served only when there are tokens.  A unix socket is its owner's alone already.
 *
 * The file is looked at again when it has changed, once a second at most: a token works as soon as
 * it is made, and no longer than it is in the file.  A file that is bad or gone changes nothing.
 */
struct guard;

enum guard_answer { GUARD_ALLOWED, GUARD_NO_TOKEN, GUARD_UNKNOWN_TOKEN, GUARD_FORBIDDEN };

/* NULL with a sentence, when the file cannot be used. */
struct guard *guard_open(struct engine *engine, char *message, size_t message_size);
void guard_close(struct guard *guard);

/* True when there is at least one token. */
bool guard_has_tokens(const struct guard *guard);

/* May a request with this Authorization field (absent: none) call a route of that role? */
enum guard_answer guard_ask(struct guard *guard, struct span authorization, enum route_role role);

#endif
