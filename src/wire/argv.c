/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass, one character of lookahead. Whoever writes a pipe into `command:` expects a shell;
 * running `a | b` as the arguments "|" and "b" of `a` would be found out much later and much
 * harder.
 */
#include "wire/argv.h"

#include "wire/nearest.h"

#include <stdio.h>
#include <string.h>

struct splitter {
	struct span text;
	size_t at;
	char *to; /* where the next character goes */
	char *error;
	bool quoted; /* the argument had quotes or a backslash: not an operator */
};

struct placeholder {
	const char *name;
	unsigned uses;
};

static const struct placeholder placeholders[] = {
	{"port", ARGV_AGENT},
	{"gpu", ARGV_AGENT},
	{"workdir", ARGV_COMMAND},
	{"id", ARGV_AGENT | ARGV_COMMAND},
	{"attempt", ARGV_COMMAND},
	{"pool", ARGV_AGENT | ARGV_COMMAND},
};
enum { PLACEHOLDERS = sizeof(placeholders) / sizeof(placeholders[0]) };

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n';
}

static bool fail(char *error, const char *text)
{
	snprintf(error, ARGV_ERROR_SIZE, "%s", text);
	return false;
}

/* Copy up to the closing quote. */
static bool take_quoted(struct splitter *splitter, char quote)
{
	const struct span text = splitter->text;
	splitter->quoted = true;
	for (splitter->at++; splitter->at < text.size; splitter->at++) {
		char byte = text.at[splitter->at];
		char next = splitter->at + 1 < text.size ? text.at[splitter->at + 1] : 0;
		if (byte == quote) {
			splitter->at++;
			return true;
		}
		if (quote == '"' && byte == '\\' && (next == '"' || next == '\\')) {
			byte = next;
			splitter->at++;
		}
		*splitter->to++ = byte;
	}
	return fail(splitter->error,
		quote == '"' ? "a double quote is not closed" : "a single quote is not closed");
}

/* Copy one argument up to the space behind it, and end it with a zero. */
static bool take_argument(struct splitter *splitter)
{
	const struct span text = splitter->text;
	splitter->quoted = false;
	while (splitter->at < text.size && !is_space(text.at[splitter->at])) {
		char byte = text.at[splitter->at];
		if (byte == '\'' || byte == '"') {
			if (!take_quoted(splitter, byte))
				return false;
			continue;
		}
		if (byte == '$' || byte == '`')
			return fail(splitter->error, "no shell runs this: $ and ` are not "
						     "expanded; quote them, or start a script");
		if (byte == '\\') {
			splitter->quoted = true;
			if (++splitter->at == text.size)
				return fail(splitter->error, "a backslash at the end");
			byte = text.at[splitter->at];
		}
		*splitter->to++ = byte;
		splitter->at++;
	}
	*splitter->to++ = 0;
	return true;
}

static bool is_operator(const char *argument)
{
	static const char *const operators[] = {
		"|", "||", "&&", "&", ";", ">", ">>", "<", "2>", "2>&1"};
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (strcmp(argument, operators[i]) == 0)
			return true;
	return false;
}

bool argv_split(struct span text, char *memory, const char **items, uint32_t *count,
	char error[ARGV_ERROR_SIZE])
{
	struct splitter splitter = {.text = text, .to = memory, .error = error};
	*count = 0;
	for (;;) {
		while (splitter.at < text.size && is_space(text.at[splitter.at]))
			splitter.at++;
		if (splitter.at == text.size)
			break;
		if (*count == ARGV_COUNT_MAX)
			return fail(error, "more than 250 arguments");
		const char *argument = splitter.to;
		if (!take_argument(&splitter))
			return false;
		if (!splitter.quoted && is_operator(argument)) {
			snprintf(error, ARGV_ERROR_SIZE,
				"no shell runs this: `%s` would be an argument; start a script "
				"instead",
				argument);
			return false;
		}
		items[(*count)++] = argument;
	}
	if (*count == 0 || items[0][0] == 0)
		return fail(error, "the command is empty");
	return true;
}

/* The word of the placeholder that begins at `text` (a brace); absent when it is none. */
static struct span read_placeholder(const char *text)
{
	size_t size = 0;
	while (text[1 + size] >= 'a' && text[1 + size] <= 'z')
		size++;
	bool closed = size && text[1 + size] == '}';
	return closed ? (struct span){text + 1, size} : (struct span){NULL, 0};
}

static bool check_placeholder(struct span word, enum argv_use use, char *error)
{
	struct nearest nearest;
	nearest_init(&nearest, word);
	for (size_t i = 0; i < PLACEHOLDERS; i++) {
		if (!(placeholders[i].uses & use))
			continue;
		if (span_equal(word, span_of(placeholders[i].name)))
			return true;
		nearest_offer(&nearest, placeholders[i].name);
	}
	int size = word.size < 32 ? (int)word.size : 32;
	const char *known = use == ARGV_AGENT ? "{port}, {gpu}, {id} and {pool}"
					      : "{workdir}, {id}, {attempt} and {pool}";
	if (nearest.best)
		snprintf(error, ARGV_ERROR_SIZE,
			"{%.*s} is not a known placeholder; did you mean {%s}?", size, word.at,
			nearest.best);
	else
		snprintf(error, ARGV_ERROR_SIZE, "{%.*s} is not a placeholder here; known are %s",
			size, word.at, known);
	return false;
}

bool argv_check(const char *argument, enum argv_use use, char error[ARGV_ERROR_SIZE])
{
	for (; *argument; argument++) {
		if (*argument != '{')
			continue;
		struct span word = read_placeholder(argument);
		if (word.at && !check_placeholder(word, use, error))
			return false;
	}
	return true;
}

bool argv_has(const char *argument, const char *name)
{
	for (; *argument; argument++)
		if (*argument == '{' && span_equal(read_placeholder(argument), span_of(name)))
			return true;
	return false;
}
