/* SPDX-License-Identifier: Apache-2.0 */
/* Asked for each request, so the file is not opened each time: its identity and time of change are
 * compared.  An unknown token has it looked at sooner, in case it was made just now, but not so
 * often that guessing costs more than an answer. */
#include "daemon/guard.h"

#include "base/units.h"
#include "daemon/tokens.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE_MAX   4096
#define LOOK_NS         NS_PER_S
#define LOOK_UNKNOWN_NS (100 * NS_PER_MS)

struct guard {
	struct engine *engine;
	char path[PATH_SIZE_MAX];
	struct tokens tokens;
	bool required; /* there was a file once */
	bool complained;
	int64_t looked_at_ns;
};

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void look_again(struct guard *guard, int64_t after_ns)
{
	int64_t now_ns = clock_core_ns(engine_clock(guard->engine));
	char message[PATH_SIZE_MAX + 256];
	struct tokens tokens;
	struct stat file;

	if (now_ns - guard->looked_at_ns < after_ns)
		return;
	guard->looked_at_ns = now_ns;
	if (stat(guard->path, &file) != 0 || is_same_file(&file, &guard->tokens.file))
		return;
	if (!tokens_read(&tokens, guard->path, message, sizeof message)) {
		if (!guard->complained)
			engine_say(guard->engine, STORE_SAY_ERROR,
				"tokens: %s; those of before stay in force", message);
		guard->complained = true;
		return;
	}
	tokens_release(&guard->tokens);
	guard->tokens = tokens;
	guard->required = true;
	guard->complained = false;
	engine_say(guard->engine, STORE_SAY_INFO, "tokens: %u in force", tokens.count);
}

struct guard *guard_open(struct engine *engine, char *message, size_t message_size)
{
	const struct config *config = engine_config(engine);
	struct guard *guard = calloc(1, sizeof *guard);
	char problem[PATH_SIZE_MAX + 256];

	if (guard == NULL) {
		snprintf(message, message_size, "there is no memory for the tokens");
		return NULL;
	}
	guard->engine = engine;
	guard->looked_at_ns = clock_core_ns(engine_clock(engine));
	if (config->tokens_file != NULL)
		snprintf(guard->path, sizeof guard->path, "%s", config->tokens_file);
	else
		snprintf(guard->path, sizeof guard->path, "%s/" TOKENS_FILE_DEFAULT, config->data);
	if (config->tokens_file == NULL && access(guard->path, F_OK) != 0 && errno == ENOENT)
		return guard;
	guard->required = true;
	if (tokens_read(&guard->tokens, guard->path, problem, sizeof problem))
		return guard;
	snprintf(message, message_size, "tokens: %s; `ballast token create --role admin` makes one",
		problem);
	guard_close(guard);
	return NULL;
}

void guard_close(struct guard *guard)
{
	if (guard == NULL)
		return;
	tokens_release(&guard->tokens);
	free(guard);
}

bool guard_has_tokens(const struct guard *guard)
{
	return guard->tokens.count > 0;
}

/* The token of "Bearer TOKEN"; absent when it is of another form. */
static struct span token_of(struct span authorization)
{
	struct span scheme = span_cut(&authorization, ' ');

	if (!span_equal_nocase(scheme, SPAN("Bearer")))
		return (struct span){NULL, 0};
	return span_trim(authorization);
}

enum guard_answer guard_ask(struct guard *guard, struct span authorization, enum route_role role)
{
	struct span token = token_of(authorization);
	uint32_t roles;

	look_again(guard, LOOK_NS);
	if (!guard->required || role == ROUTE_ROLE_NONE)
		return GUARD_ALLOWED;
	if (token.size == 0)
		return GUARD_NO_TOKEN;
	roles = tokens_roles(&guard->tokens, token);
	if (roles == 0) {
		look_again(guard, LOOK_UNKNOWN_NS);
		roles = tokens_roles(&guard->tokens, token);
	}
	if (roles == 0)
		return GUARD_UNKNOWN_TOKEN;
	return (roles >> role & 1) != 0 ? GUARD_ALLOWED : GUARD_FORBIDDEN;
}
