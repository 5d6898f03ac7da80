/* SPDX-License-Identifier: Apache-2.0 */
/* A change is written beside the file and renamed over it, so that a daemon that reads meanwhile
 * sees the old or the new one whole.  The name of the new one is the lock between two changes.
 *
 * A digest is compared to all of them, byte by byte to the end: how long it takes tells nothing. */
#include "daemon/tokens.h"

#include "daemon/secret.h"
#include "wire/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define FILE_SIZE_MAX (1u << 20)
#define PATH_SIZE_MAX 4096
#define SECRET_BYTES  32
#define ID_BYTES      4
#define SECRET_PREFIX "bal_"
#define PIECE_SIZE    65536

static const char *const WORDS[] = {
#define X(name, word) word,
	ROUTE_ROLES(X)
#undef X
};
#define ROLE_COUNT (sizeof WORDS / sizeof WORDS[0])
#define BIT(role)  (UINT32_C(1) << ROUTE_ROLE_##role)

/* ---- roles ---- */

bool tokens_roles_parse(struct span text, uint32_t *roles)
{
	*roles = 0;
	while (text.at != NULL) {
		struct span word = span_cut(&text, ',');
		uint32_t role = ROUTE_ROLE_READ;

		while (role < ROLE_COUNT && !span_equal(word, span_of(WORDS[role])))
			role++;
		if (role == ROLE_COUNT)
			return false;
		*roles |= UINT32_C(1) << role;
	}
	return *roles != 0;
}

void tokens_roles_write(uint32_t roles, char *text, size_t text_size)
{
	struct buffer buffer;

	buffer_init_fixed(&buffer, text, text_size - 1);
	for (uint32_t role = ROUTE_ROLE_READ; role < ROLE_COUNT; role++) {
		if ((roles >> role & 1) == 0)
			continue;
		if (buffer.size > 0)
			buffer_append_byte(&buffer, ',');
		buffer_append_text(&buffer, WORDS[role]);
	}
	text[buffer.size] = '\0';
}

/* Who may submit may read, who may administer may do all. */
static uint32_t with_included(uint32_t roles)
{
	if ((roles & BIT(ADMIN)) != 0)
		roles |= BIT(READ) | BIT(SUBMIT) | BIT(AGENT);
	if ((roles & BIT(SUBMIT)) != 0)
		roles |= BIT(READ);
	return roles;
}

uint32_t tokens_roles(const struct tokens *tokens, struct span secret)
{
	uint8_t digest[SHA256_SIZE];
	uint32_t roles = 0;

	sha256(secret.at, secret.size, digest);
	for (uint32_t i = 0; i < tokens->count; i++) {
		uint32_t different = 0;

		for (uint32_t j = 0; j < SHA256_SIZE; j++)
			different |= (uint32_t)(digest[j] ^ tokens->items[i].digest[j]);
		/* All bits of the mask are set when nothing differs. */
		roles |= tokens->items[i].roles & (0 - ((different - 1) >> 31));
	}
	return with_included(roles);
}

/* ---- reading ---- */

static bool read_digest(struct span text, uint8_t digest[SHA256_SIZE])
{
	if (text.size != SHA256_SIZE * 2)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		const char *digits = "0123456789abcdef";
		const char *digit = memchr(digits, text.at[i], 16);

		if (digit == NULL)
			return false;
		digest[i / 2] = (uint8_t)(digest[i / 2] << 4 | (digit - digits));
	}
	return true;
}

static bool copy_text(char *to, size_t size, struct span from)
{
	if (from.size >= size)
		return false;
	if (from.size > 0)
		memcpy(to, from.at, from.size);
	to[from.size] = '\0';
	return true;
}

static bool read_line(struct span line, struct token *token)
{
	struct span id = span_cut(&line, ' ');
	struct span roles = span_cut(&line, ' ');
	struct span digest = span_cut(&line, ' ');

	return id.size > 0 && copy_text(token->id, sizeof token->id, id) &&
	       tokens_roles_parse(roles, &token->roles) && read_digest(digest, token->digest) &&
	       copy_text(token->name, sizeof token->name, span_trim(line));
}

static bool is_blank(struct span line)
{
	return line.size == 0 || line.at[0] == '#';
}

static bool read_text(
	struct tokens *tokens, struct span text, const char *path, char *message, size_t size)
{
	for (uint32_t number = 1; text.at != NULL; number++) {
		struct span line = span_cut(&text, '\n');
		struct token token = {.roles = 0};

		if (is_blank(line))
			continue;
		if (tokens->count == TOKENS_MAX || !read_line(line, &token)) {
			snprintf(message, size,
				"%s:%u: expected ID ROLES SHA-256 [NAME], at most %d of them; "
				"`ballast token create` writes such lines",
				path, number, TOKENS_MAX);
			return false;
		}
		tokens->items[tokens->count++] = token;
	}
	return true;
}

static bool read_file(int fd, struct buffer *text)
{
	ssize_t got = 1;

	while (got > 0) {
		char *room = buffer_reserve(text, PIECE_SIZE);

		got = room == NULL ? -1 : read(fd, room, PIECE_SIZE);
		if (got > 0)
			buffer_commit(text, (size_t)got);
	}
	return got == 0;
}

bool tokens_read(struct tokens *tokens, const char *path, char *message, size_t message_size)
{
	int fd = secret_open(path, message, message_size);
	struct buffer text;
	bool ok;

	*tokens = (struct tokens){.items = NULL};
	if (fd < 0)
		return false;
	buffer_init(&text, FILE_SIZE_MAX);
	tokens->items = calloc(TOKENS_MAX, sizeof *tokens->items);
	ok = fstat(fd, &tokens->file) == 0 && read_file(fd, &text) && tokens->items != NULL;
	close(fd);
	if (!ok)
		snprintf(message, message_size, "%s cannot be read, or is larger than 1 MiB", path);
	ok = ok && read_text(tokens, buffer_span(&text), path, message, message_size);
	buffer_release(&text);
	if (!ok)
		tokens_release(tokens);
	return ok;
}

void tokens_release(struct tokens *tokens)
{
	free(tokens->items);
	*tokens = (struct tokens){.items = NULL};
}

/* ---- changing ---- */

/* The file as it is; empty when there is none yet. */
static bool load(const char *path, struct buffer *text, char *message, size_t message_size)
{
	int fd;
	bool ok;

	buffer_init(text, FILE_SIZE_MAX);
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	fd = secret_open(path, message, message_size);
	if (fd < 0)
		return false;
	ok = read_file(fd, text);
	close(fd);
	if (!ok)
		snprintf(message, message_size, "%s cannot be read, or is larger than 1 MiB", path);
	return ok;
}

static bool write_all(int fd, const struct buffer *text)
{
	size_t done = 0;

	while (done < text->size) {
		ssize_t wrote = write(fd, text->bytes + done, text->size - done);

		if (wrote <= 0)
			return false;
		done += (size_t)wrote;
	}
	return fsync(fd) == 0;
}

static bool replace(const char *path, const struct buffer *text, char *message, size_t message_size)
{
	char beside[PATH_SIZE_MAX];
	int fd;
	bool ok;

	snprintf(beside, sizeof beside, "%s.new", path);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		snprintf(message, message_size, "cannot write %s: %s%s", beside, strerror(errno),
			errno == EEXIST ? "; another change is under way, or was broken off: "
					  "then remove it"
					: "");
		return false;
	}
	ok = !text->failed && write_all(fd, text);
	ok = close(fd) == 0 && ok && rename(beside, path) == 0;
	if (ok)
		return true;
	snprintf(message, message_size, "cannot write %s: %s", path, strerror(errno));
	unlink(beside);
	return false;
}

static bool draw(uint8_t *bytes, size_t size)
{
	return getrandom(bytes, size, 0) == (ssize_t)size;
}

/* RFC 4648's alphabet for URLs, six bits at a time, without padding. */
static void write_base64(const uint8_t *bytes, size_t size, char *text)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0, held = 0;

	for (size_t i = 0; i < size; i++) {
		bits = bits << 8 | bytes[i];
		for (held += 8; held >= 6; held -= 6)
			*text++ = letters[bits >> (held - 6) & 63];
	}
	if (held > 0)
		*text++ = letters[bits << (6 - held) & 63];
	*text = '\0';
}

static void append_hex(struct buffer *text, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		buffer_append_byte(text, "0123456789abcdef"[bytes[i] >> 4]);
		buffer_append_byte(text, "0123456789abcdef"[bytes[i] & 15]);
	}
}

/* How many tokens there are in the file, well written or not. */
static uint32_t count_tokens(struct span text)
{
	uint32_t count = 0;

	while (text.at != NULL)
		count += !is_blank(span_cut(&text, '\n'));
	return count;
}

bool tokens_create(const char *path, uint32_t roles, struct span name,
	char secret[TOKENS_SECRET_SIZE], char *message, size_t message_size)
{
	uint8_t bytes[SECRET_BYTES], id[ID_BYTES], digest[SHA256_SIZE];
	char words[64];
	struct buffer text;
	bool ok = load(path, &text, message, message_size);

	/* One more would make the whole file one that is not read. */
	if (ok && count_tokens(buffer_span(&text)) >= TOKENS_MAX) {
		snprintf(message, message_size,
			"%s has %d tokens, the most there may be; `ballast token remove` makes "
			"room",
			path, TOKENS_MAX);
		ok = false;
	}
	if (ok && (!draw(bytes, sizeof bytes) || !draw(id, sizeof id))) {
		snprintf(message, message_size, "the system has no random numbers: %s",
			strerror(errno));
		ok = false;
	}
	if (ok) {
		memcpy(secret, SECRET_PREFIX, sizeof SECRET_PREFIX - 1);
		write_base64(bytes, sizeof bytes, secret + sizeof SECRET_PREFIX - 1);
		sha256(secret, strlen(secret), digest);
		tokens_roles_write(roles, words, sizeof words);
		if (text.size > 0 && text.bytes[text.size - 1] != '\n')
			buffer_append_byte(&text, '\n');
		append_hex(&text, id, sizeof id);
		buffer_append_byte(&text, ' ');
		buffer_append_text(&text, words);
		buffer_append_byte(&text, ' ');
		append_hex(&text, digest, sizeof digest);
		if (name.size > 0)
			buffer_append_byte(&text, ' ');
		buffer_append_span(&text, name);
		buffer_append_byte(&text, '\n');
		ok = replace(path, &text, message, message_size);
	}
	buffer_release(&text);
	return ok;
}

bool tokens_remove(const char *path, struct span id, char *message, size_t message_size)
{
	struct buffer text, kept;
	bool ok = load(path, &text, message, message_size);
	struct span rest = buffer_span(&text);
	bool found = false;

	buffer_init(&kept, FILE_SIZE_MAX);
	while (ok && rest.at != NULL && rest.size > 0) {
		struct span line = span_cut(&rest, '\n');
		struct span after = line;

		if (!is_blank(line) && span_equal(span_cut(&after, ' '), id)) {
			found = true;
			continue;
		}
		buffer_append_span(&kept, line);
		buffer_append_byte(&kept, '\n');
	}
	if (ok && !found)
		snprintf(message, message_size,
			"%s has no token %.*s; `ballast token list` shows them", path, (int)id.size,
			id.at);
	ok = ok && found && replace(path, &kept, message, message_size);
	buffer_release(&text);
	buffer_release(&kept);
	return ok;
}
