/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader per type. Each message says what was found and what was expected; the traps that YAML
 * sets (a placeholder in braces that became a mapping, `on` that old readers take for true, 07:00
 * that they take for a number) are named together with the way out.
 */
#include "wire/configread.h"

#include "wire/configerror.h"
#include "wire/configpeak.h"
#include "wire/nearest.h"
#include "wire/quantity.h"
#include "wire/reported.h"
#include "wire/url.h"

#include <stdio.h>
#include <string.h>

enum { EXIT_CODE_MAX = 255 };

#define METRIC_LETTERS          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:"
#define FAIL(reader, node, ...) config_fail(reader, (node)->line, (node)->column, __VA_ARGS__)

char *config_copy(struct config_reader *reader, struct span text)
{
	char *copy = arena_take(reader->memory, text.size + 1, 1);
	if (copy && text.size)
		memcpy(copy, text.at, text.size);
	return copy;
}

const struct yaml_node *config_entry(const struct yaml_node *map, const char *key)
{
	if (map == NULL || map->kind != YAML_MAP)
		return NULL;
	for (const struct yaml_node *entry = map->child; entry; entry = entry->next)
		if (span_equal(entry->key, span_of(key)))
			return entry;
	return NULL;
}

/* ---- scalars ----------------------------------------------------------------------------------
 */

static bool is_word(struct span text, const char *const *words)
{
	for (; *words; words++)
		if (span_equal_nocase(text, span_of(*words)))
			return true;
	return false;
}

/* Digits with colons, which YAML 1.1 reads as a number to the base 60. */
static bool is_sexagesimal(struct span text)
{
	size_t colons = 0;
	for (size_t i = 0; i < text.size; i++) {
		colons += text.at[i] == ':';
		if (text.at[i] != ':' && (text.at[i] < '0' || text.at[i] > '9'))
			return false;
	}
	return colons && text.at[0] != ':';
}

/* What other YAML readers take for a boolean or null when it stands without quotes. */
static bool is_trap(struct span text)
{
	static const char *const traps[] = {
		"true", "false", "yes", "no", "on", "off", "null", "~", NULL};
	return is_word(text, traps);
}

/* Text that may stand without quotes: nothing that another YAML reader would not call text. */
static bool read_text(struct config_reader *reader, const struct yaml_node *node,
	const char *expected, struct span *text)
{
	if (node->kind != YAML_SCALAR || (node->text.size == 0 && node->plain))
		return config_fail_expected(reader, node, expected);
	if (node->plain && is_trap(node->text))
		return FAIL(reader, node,
			"expected %s, found `%s`, which YAML readers take for a boolean or null: "
			"put quotes "
			"around it",
			expected, node->text.at);
	if (node->plain && is_sexagesimal(node->text))
		return FAIL(reader, node,
			"expected %s, found `%.60s`, which old YAML readers take for a number: put "
			"quotes "
			"around it",
			expected, node->text.at);
	for (size_t i = 0; i < node->text.size; i++)
		if ((unsigned char)node->text.at[i] < ' ' && node->text.at[i] != '\n')
			return FAIL(
				reader, node, "expected %s, found a control character", expected);
	*text = node->text;
	return true;
}

static bool read_bool(struct config_reader *reader, const struct yaml_node *node, bool *to)
{
	static const char *const yes[] = {"yes", "on", NULL};
	static const char *const no[] = {"no", "off", NULL};
	bool scalar = node->kind == YAML_SCALAR;
	if (scalar && (is_word(node->text, yes) || is_word(node->text, no)))
		return FAIL(reader, node, "expected true or false, found `%s`: write %s",
			node->text.at, is_word(node->text, yes) ? "true" : "false");
	if (!scalar ||
		(!span_equal(node->text, SPAN("true")) && !span_equal(node->text, SPAN("false"))))
		return config_fail_expected(reader, node, "true or false");
	if (!node->plain)
		return FAIL(reader, node,
			"expected true or false, found a text in quotes: write %s without them",
			node->text.at);
	*to = span_equal(node->text, SPAN("true"));
	return true;
}

static void write_range(char text[96], enum quantity kind, int64_t min, int64_t max)
{
	struct buffer buffer;
	buffer_init_fixed(&buffer, text, 95);
	buffer_append_text(&buffer, max ? "from " : "at least ");
	quantity_write(&buffer, kind, min);
	if (max) {
		buffer_append_text(&buffer, " to ");
		quantity_write(&buffer, kind, max);
	}
	text[buffer.size] = 0;
}

static bool read_quantity(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, enum quantity kind, int64_t *to)
{
	char range[96];
	int64_t value;
	if (node->kind != YAML_SCALAR)
		return config_fail_expected(reader, node, quantity_expected(kind));
	if (!quantity_read(node->text, kind, &value)) {
		int64_t number;
		bool bare = quantity_read(node->text, QUANTITY_COUNT, &number);
		if (bare && kind != QUANTITY_COUNT)
			return FAIL(reader, node, "expected %s, found `%.60s` without a unit",
				quantity_expected(kind), node->text.at);
		return config_fail_expected(reader, node, quantity_expected(kind));
	}
	if (value < row->min || (row->max && value > row->max)) {
		write_range(range, kind, row->min, row->max);
		return FAIL(reader, node, "`%s` must be %s, found `%.60s`", row->key, range,
			node->text.at);
	}
	*to = value;
	return true;
}

static bool read_rate(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, struct config_rate *to)
{
	struct config_rate rate;
	if (node->kind != YAML_SCALAR ||
		!quantity_read_rate(node->text, &rate.count, &rate.period_ns))
		return config_fail_expected(reader, node, "a rate such as 30/min or 5/s");
	if (rate.count < row->min || rate.count > row->max)
		return FAIL(reader, node, "`%s` must be from %lld to %lld per time", row->key,
			(long long)row->min, (long long)row->max);
	*to = rate;
	return true;
}

static bool read_string(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, const char **to)
{
	struct span text;
	bool path = row->type == CONFIG_PATH;
	if (!read_text(reader, node, path ? "a path such as /health" : "text", &text))
		return false;
	if (text.size == 0)
		return FAIL(reader, node, "`%s` must not be empty", row->key);
	bool valid = !path || text.at[0] == '/';
	for (size_t i = 0; path && i < text.size; i++)
		valid = valid && text.at[i] > ' ' && (unsigned char)text.at[i] < 0x7f;
	if (!valid)
		return config_fail_expected(reader, node, "a path such as /health");
	*to = config_copy(reader, text);
	return *to != NULL;
}

static bool read_listen(struct config_reader *reader, const struct yaml_node *node, const char **to)
{
	struct http_authority authority;
	if (node->kind != YAML_SCALAR || !http_authority_read(node->text, &authority) ||
		authority.port < 0)
		return config_fail_expected(reader, node, "an address such as 127.0.0.1:7777");
	*to = config_copy(reader, node->text);
	return *to != NULL;
}

static bool read_choice(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, int32_t *to)
{
	char list[160];
	struct buffer known;
	struct nearest nearest;
	if (node->kind != YAML_SCALAR)
		return config_fail_expected(reader, node, "one word");
	nearest_init(&nearest, node->text);
	buffer_init_fixed(&known, list, sizeof(list) - 1);
	for (int32_t i = 0; row->choices[i]; i++) {
		if (span_equal(node->text, span_of(row->choices[i]))) {
			*to = i;
			return true;
		}
		nearest_offer(&nearest, row->choices[i]);
		buffer_append_text(&known, i ? ", " : "");
		buffer_append_text(&known, row->choices[i]);
	}
	list[known.size] = 0;
	return FAIL(reader, node, "`%s` is one of %s; found %s%s%s%s", row->key, list,
		config_show_node(node).text, nearest.best ? "; did you mean `" : "",
		nearest.best ? nearest.best : "", nearest.best ? "`?" : "");
}

static bool read_stdin(struct config_reader *reader, const struct yaml_node *node, const char **to)
{
	struct span prefix = SPAN("payload.");
	bool scalar = node->kind == YAML_SCALAR;
	*to = NULL;
	if (scalar && span_equal(node->text, SPAN("payload")))
		return true;
	if (!scalar || !span_starts(node->text, prefix) ||
		!config_name_valid(span_skip(node->text, prefix.size)))
		return config_fail_expected(reader, node, "payload or payload.FIELD");
	*to = config_copy(reader, span_skip(node->text, prefix.size));
	return *to != NULL;
}

/* ---- lists ------------------------------------------------------------------------------------
 */

/* Room for the elements of a list; a scalar counts as a list of itself where `single` allows it. */
static bool begin_texts(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, const char *expected, struct config_texts *to)
{
	if (node->kind != YAML_LIST)
		return config_fail_expected(reader, node, expected);
	if (node->count < row->min || (row->max && node->count > row->max))
		return FAIL(reader, node, "`%s` must have %lld to %lld elements, found %u",
			row->key, (long long)row->min, (long long)row->max, node->count);
	to->count = 0;
	to->items = arena_take(reader->memory, node->count ? node->count : 1, sizeof(char *));
	return to->items != NULL;
}

static bool append_copy(struct config_reader *reader, struct config_texts *to, struct span text)
{
	const char *copy = config_copy(reader, text);
	if (copy == NULL)
		return false;
	to->items[to->count++] = copy;
	return true;
}

static bool check_name(struct config_reader *reader, const struct yaml_node *node, struct span name)
{
	if (config_name_valid(name))
		return true;
	return FAIL(reader, node, "`%s` is not a name: 1 to 128 of letters, digits, `.`, `_`, `-`",
		config_show(name).text);
}

static bool read_names(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, struct config_texts *to)
{
	struct span text;
	if (!begin_texts(reader, row, node, "a list of names such as [a, b]", to))
		return false;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		if (!read_text(reader, item, "a name", &text) || !check_name(reader, item, text) ||
			!append_copy(reader, to, text))
			return false;
		for (uint32_t i = 0; i + 1 < to->count; i++)
			if (span_equal(text, span_of(to->items[i])))
				return FAIL(reader, item, "`%s` stands in `%s` twice", text.at,
					row->key);
	}
	return true;
}

/* [A-Z_a-z][A-Z_a-z0-9]* and, behind '=', any value. */
static bool check_variable(struct span text)
{
	size_t size = span_find(text, '=');
	for (size_t i = 0; i < size; i++) {
		char byte = text.at[i];
		bool letter =
			(byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
		if (!letter && !(i && byte >= '0' && byte <= '9'))
			return false;
	}
	return size > 0;
}

static bool read_env(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, struct config_texts *to)
{
	if (!begin_texts(reader, row, node, "a list such as [HOME, PATH, LEVEL=3]", to))
		return false;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		if (item->kind != YAML_SCALAR || !check_variable(item->text))
			return config_fail_expected(reader, item, "NAME or NAME=VALUE");
		if (!append_copy(reader, to, item->text))
			return false;
	}
	return true;
}

static bool check_url(struct config_reader *reader, const struct yaml_node *item)
{
	struct url url;

	if (item->kind != YAML_SCALAR || !url_read(item->text, &url))
		return config_fail_expected(reader, item, "a URL such as http://host:8000");
	if (url.secure)
		return FAIL(reader, item, "https is not spoken yet, use http: found %s",
			config_show_node(item).text);
	return true;
}

static bool read_url(struct config_reader *reader, const struct yaml_node *node, const char **to)
{
	if (!check_url(reader, node))
		return false;
	*to = config_copy(reader, node->text);
	return *to != NULL;
}

static bool read_urls(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, struct config_texts *to)
{
	if (!begin_texts(reader, row, node, "a list such as [http://host:8000]", to))
		return false;
	for (const struct yaml_node *item = node->child; item; item = item->next)
		if (!check_url(reader, item) || !append_copy(reader, to, item->text))
			return false;
	return true;
}

/* A name that is the key of a mapping. */
static bool check_key(struct config_reader *reader, const struct yaml_node *item)
{
	if (item->key_plain && is_trap(item->key))
		return config_fail(reader, item->key_line, item->key_column,
			"expected a name, found `%s`, which YAML readers take for a boolean or "
			"null: put quotes around it",
			item->key.at);
	if (config_name_valid(item->key))
		return true;
	return config_fail(reader, item->key_line, item->key_column,
		"`%s` is not a name: 1 to 128 of letters, digits, `.`, `_`, `-`",
		config_show(item->key).text);
}

static bool read_labels(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, struct config_texts *to)
{
	char label[2 * CONFIG_NAME_SIZE_MAX + 2];
	struct span value;
	if (node->kind != YAML_MAP)
		return config_fail_expected(reader, node, "a mapping such as {zone: a}");
	if (node->count > row->max)
		return FAIL(reader, node, "more than %lld labels", (long long)row->max);
	to->count = 0;
	to->items = arena_take(reader->memory, node->count ? node->count : 1, sizeof(char *));
	if (to->items == NULL)
		return false;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		if (!check_key(reader, item) || !read_text(reader, item, "text", &value) ||
			!check_name(reader, item, value))
			return false;
		int size = snprintf(label, sizeof(label), "%s=%s", item->key.at, value.at);
		if (!append_copy(reader, to, (struct span){label, (size_t)size}))
			return false;
	}
	return true;
}

/* A metric has a name as Prometheus allows it, and a signal one that agents may report. */
static bool check_signal(
	struct config_reader *reader, const struct yaml_node *item, struct span value)
{
	struct nearest nearest;
	enum bal_signal signal;
	if (item->key.size == 0 || item->key.size > REPORTED_METRIC_MAX)
		return FAIL(reader, item, "a metric's name has 1 to %d bytes", REPORTED_METRIC_MAX);
	for (size_t i = 0; i < item->key.size; i++)
		if (strchr(METRIC_LETTERS, item->key.at[i]) == NULL)
			return FAIL(reader, item,
				"a metric's name has letters, digits, _ and :; found %s",
				config_show(item->key).text);
	if (reported_signal(value, &signal, &nearest))
		return true;
	return FAIL(reader, item, "%s is no signal that agents report%s%s%s",
		config_show(value).text, nearest.best ? "; did you mean `" : "",
		nearest.best ? nearest.best : "", nearest.best ? "`?" : "");
}

static bool read_signals(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, struct config_texts *to)
{
	char text[REPORTED_METRIC_MAX + CONFIG_NAME_SIZE_MAX + 2];
	struct span value;
	if (node->kind != YAML_MAP)
		return config_fail_expected(
			reader, node, "a mapping such as {jvm_heap_used_bytes: heap_bytes}");
	if (node->count > row->max)
		return FAIL(reader, node, "more than %lld metrics", (long long)row->max);
	to->count = 0;
	to->items = arena_take(reader->memory, node->count ? node->count : 1, sizeof(char *));
	if (to->items == NULL)
		return false;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		if (!read_text(reader, item, "a signal", &value) ||
			!check_signal(reader, item, value))
			return false;
		int size = snprintf(text, sizeof(text), "%s=%s", item->key.at, value.at);
		if (!append_copy(reader, to, (struct span){text, (size_t)size}))
			return false;
	}
	return true;
}

/* A command line: one text that is split, or a list of arguments that are taken as they are. */
static bool read_argv(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, struct config_texts *to)
{
	enum argv_use use = row->type == CONFIG_AGENT ? ARGV_AGENT : ARGV_COMMAND;
	const char *items[ARGV_COUNT_MAX];
	char error[ARGV_ERROR_SIZE];
	struct span text;
	to->count = 0;
	if (node->kind == YAML_SCALAR) {
		if (!read_text(reader, node, "a command line", &text))
			return false;
		char *memory = arena_take(reader->memory, text.size + 1, 1);
		if (memory == NULL)
			return false;
		if (!argv_split(text, memory, items, &to->count, error))
			return FAIL(reader, node, "`%s`: %s", row->key, error);
	} else if (node->kind == YAML_MAP || node->count == 0 || node->count > ARGV_COUNT_MAX) {
		return config_fail_expected(
			reader, node, "a command line, or a list of 1 to 250 arguments");
	}
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		if (item->kind != YAML_SCALAR || (item->plain && item->text.size == 0))
			return config_fail_expected(reader, item, "an argument");
		items[to->count++] = config_copy(reader, item->text);
		if (items[to->count - 1] == NULL)
			return false;
	}
	if (items[0][0] == 0)
		return FAIL(reader, node, "`%s`: the command is empty", row->key);
	for (uint32_t i = 0; i < to->count; i++)
		if (row->type != CONFIG_SCRIPT && !argv_check(items[i], use, error))
			return FAIL(reader, node, "`%s`: %s", row->key, error);
	to->items = arena_take(reader->memory, to->count, sizeof(char *));
	if (to->items)
		memcpy(to->items, items, to->count * sizeof(char *));
	return to->items != NULL;
}

/* One word of retry.for. `to` is the pool's `retry`, at the start of which the outcomes stand. */
static bool read_retry_word(
	struct config_reader *reader, const struct yaml_node *item, struct config_pool *pool)
{
	static const char *const words[] = {"lost", "retryable", "timeout", NULL};
	static const uint32_t outcomes[] = {
		BAL_OUTCOME_LOST, BAL_OUTCOME_RETRYABLE, BAL_OUTCOME_TIMEOUT};
	uint64_t code;
	for (size_t i = 0; words[i]; i++) {
		if (span_equal(item->text, span_of(words[i]))) {
			pool->retry.outcomes |= 1u << outcomes[i];
			return true;
		}
	}
	if (!span_starts(item->text, SPAN("exit ")) ||
		!span_number(span_trim(span_skip(item->text, 5)), EXIT_CODE_MAX, &code) ||
		code == 0)
		return config_fail_expected(
			reader, item, "lost, retryable, timeout or exit N (1 to 255)");
	pool->retry.outcomes |= 1u << BAL_OUTCOME_RETRYABLE;
	pool->retry.exits[pool->retry.exit_count++] = (int64_t)code;
	return true;
}

static bool read_retry(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, void *retry)
{
	struct config_pool *pool =
		(struct config_pool *)((char *)retry - offsetof(struct config_pool, retry));
	if (node->kind != YAML_LIST)
		return config_fail_expected(reader, node, "a list such as [lost, exit 75]");
	if (node->count > row->max)
		return FAIL(reader, node, "more than %lld words", (long long)row->max);
	pool->retry.outcomes = 1u << BAL_OUTCOME_BUSY | 1u << BAL_OUTCOME_HANDED_BACK;
	for (const struct yaml_node *item = node->child; item; item = item->next)
		if (item->kind != YAML_SCALAR || !read_retry_word(reader, item, pool))
			return item->kind == YAML_SCALAR
				       ? false
				       : config_fail_expected(reader, item, "a word");
	return true;
}

/* ---- knobs ------------------------------------------------------------------------------------
 */

static bool read_knob(struct config_reader *reader, const struct yaml_node *item,
	const struct config_knob *knob, int64_t *to)
{
	struct config_row row = {.key = item->key.at, .min = knob->min, .max = knob->max};
	uint64_t number;

	if (item->kind == YAML_SCALAR && config_knob_word(knob, item->text, to))
		return true;
	if (config_knob_has_words(knob) && item->kind == YAML_SCALAR &&
		!span_number(item->text, INT64_MAX, &number))
		return config_fail_expected(reader, item, config_knob_expected(knob));
	return read_quantity(reader, &row, item, config_knob_quantity(knob), to);
}

/* Knobs are written in lower case; the table has them as the core does. */
static bool fail_knob(struct config_reader *reader, const struct yaml_node *item, const char *meant)
{
	char name[NEAREST_SIZE_MAX + 1] = "";
	for (size_t i = 0; meant && i < NEAREST_SIZE_MAX && meant[i]; i++)
		name[i] = (char)(meant[i] == '_' ? '_' : meant[i] - 'A' + 'a');
	return config_fail(reader, item->key_line, item->key_column, "`%s` is not a knob%s%s%s",
		config_show(item->key).text, meant ? "; did you mean `" : "", name,
		meant ? "`?" : "");
}

static bool read_knobs(struct config_reader *reader, const struct yaml_node *node, int64_t *knobs)
{
	if (node->kind != YAML_MAP)
		return config_fail_expected(reader, node, "a mapping such as {ageing: 10m}");
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		struct nearest nearest;
		size_t i = 0;
		nearest_init(&nearest, item->key);
		for (; i < BAL_KNOB_COUNT; i++) {
			if (span_equal_nocase(item->key, span_of(config_knobs[i].name)))
				break;
			nearest_offer(&nearest, config_knobs[i].name);
		}
		if (i == BAL_KNOB_COUNT)
			return fail_knob(reader, item, nearest.best);
		if (!read_knob(reader, item, &config_knobs[i], &knobs[i]))
			return false;
	}
	return true;
}

/* ---- sections ---------------------------------------------------------------------------------
 */

/* All CONFIG_NAMED arrays are {items, count}; items begin with name and line. */
struct named_list {
	void *items;
	uint32_t count;
};
struct named_item {
	const char *name;
	uint32_t line;
};

static bool read_named(struct config_reader *reader, const struct config_section *section,
	const struct yaml_node *node, void *to)
{
	struct named_list list = {NULL, 0};
	if (node->kind == YAML_SCALAR && node->plain && node->text.size == 0)
		return true;
	if (node->kind != YAML_MAP)
		return config_fail_expected(reader, node, "a mapping of names");
	list.items = arena_take(reader->memory, node->count ? node->count : 1, section->size);
	if (list.items == NULL)
		return false;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		char *slot = (char *)list.items + section->size * list.count++;
		struct named_item head = {config_copy(reader, item->key), item->key_line};
		if (head.name == NULL || !check_key(reader, item) ||
			!config_read_section(reader, section, item, slot))
			return false;
		memcpy(slot, &head.name, sizeof(head.name));
		memcpy(slot + offsetof(struct named_item, line), &head.line, sizeof(head.line));
	}
	memcpy(to, &list.items, sizeof(list.items));
	memcpy((char *)to + offsetof(struct named_list, count), &list.count, sizeof(list.count));
	return true;
}

static bool read_value(struct config_reader *reader, const struct config_row *row,
	const struct yaml_node *node, void *to)
{
	static const enum quantity quantities[] = {[CONFIG_COUNT] = QUANTITY_COUNT,
		[CONFIG_TIME] = QUANTITY_TIME,
		[CONFIG_MEMORY] = QUANTITY_MEMORY,
		[CONFIG_CPU] = QUANTITY_CPU,
		[CONFIG_PRICE] = QUANTITY_PRICE,
		[CONFIG_SHARE] = QUANTITY_SHARE};
	switch (row->type) {
	case CONFIG_BOOL:
		return read_bool(reader, node, to);
	case CONFIG_RATE:
		return read_rate(reader, row, node, to);
	case CONFIG_TEXT:
	case CONFIG_PATH:
		return read_string(reader, row, node, to);
	case CONFIG_LISTEN:
		return read_listen(reader, node, to);
	case CONFIG_CHOICE:
		return read_choice(reader, row, node, to);
	case CONFIG_NAMES:
		return read_names(reader, row, node, to);
	case CONFIG_LABELS:
		return read_labels(reader, row, node, to);
	case CONFIG_SIGNALS:
		return read_signals(reader, row, node, to);
	case CONFIG_ENV:
		return read_env(reader, row, node, to);
	case CONFIG_URL:
		return read_url(reader, node, to);
	case CONFIG_URLS:
		return read_urls(reader, row, node, to);
	case CONFIG_AGENT:
	case CONFIG_COMMAND:
	case CONFIG_SCRIPT:
		return read_argv(reader, row, node, to);
	case CONFIG_STDIN:
		return read_stdin(reader, node, to);
	case CONFIG_RETRY:
		return read_retry(reader, row, node, to);
	case CONFIG_WHEN:
		return config_read_when(reader, node, to);
	case CONFIG_SHIFTS:
		return config_read_shifts(reader, node, to);
	case CONFIG_KNOBS:
		return read_knobs(reader, node, to);
	case CONFIG_SECTION:
		return config_read_section(reader, row->section, node, to);
	case CONFIG_NAMED:
		return read_named(reader, row->section, node, to);
	default:
		return read_quantity(reader, row, node, quantities[row->type], to);
	}
}

bool config_read_preset(struct config_reader *reader, const struct config_row *row, void *to)
{
	struct yaml_node node = {.kind = YAML_SCALAR, .plain = true, .text = span_of(row->preset)};
	if (row->type == CONFIG_SECTION)
		return config_read_section(reader, row->section, NULL, to);
	return row->preset == NULL || read_value(reader, row, &node, to);
}

static const struct config_row *find_row(const struct config_section *section, struct span key)
{
	for (uint32_t i = 0; i < section->row_count; i++)
		if (span_equal(key, span_of(section->rows[i].key)))
			return &section->rows[i];
	return NULL;
}

/* A key of a section below this one, written one level too high. */
static const struct config_row *find_below(const struct config_section *section, struct span key)
{
	for (uint32_t i = 0; i < section->row_count; i++)
		if (section->rows[i].type == CONFIG_SECTION &&
			find_row(section->rows[i].section, key))
			return &section->rows[i];
	return NULL;
}

static bool fail_unknown(struct config_reader *reader, const struct config_section *section,
	const struct yaml_node *entry)
{
	struct nearest nearest;
	const struct config_row *below = find_below(section, entry->key);
	if (below)
		return config_fail(reader, entry->key_line, entry->key_column,
			"`%s` is not a key of a %s; it belongs under `%s`",
			config_show(entry->key).text, section->name, below->key);
	nearest_init(&nearest, entry->key);
	for (uint32_t i = 0; i < section->row_count; i++)
		nearest_offer(&nearest, section->rows[i].key);
	if (nearest.best)
		return config_fail(reader, entry->key_line, entry->key_column,
			"`%s` is not a key of a %s; did you mean `%s`?",
			config_show(entry->key).text, section->name, nearest.best);
	if (entry->key_plain && is_trap(entry->key))
		return config_fail(reader, entry->key_line, entry->key_column,
			"`%s` is not a key of a %s, and YAML readers take it for a boolean or null",
			config_show(entry->key).text, section->name);
	return config_fail(reader, entry->key_line, entry->key_column, "`%s` is not a key of a %s",
		config_show(entry->key).text, section->name);
}

bool config_read_section(struct config_reader *reader, const struct config_section *section,
	const struct yaml_node *node, void *to)
{
	if (node && node->kind != YAML_MAP) {
		char expected[64];
		snprintf(expected, sizeof(expected), "a mapping with the keys of a %s",
			section->name);
		return config_fail_expected(reader, node, expected);
	}
	for (const struct yaml_node *entry = node ? node->child : NULL; entry; entry = entry->next)
		if (find_row(section, entry->key) == NULL)
			return fail_unknown(reader, section, entry);
	for (uint32_t i = 0; i < section->row_count; i++) {
		const struct config_row *row = &section->rows[i];
		const struct yaml_node *entry = config_entry(node, row->key);
		void *field = (char *)to + row->offset;
		if (entry ? !read_value(reader, row, entry, field)
			  : !config_read_preset(reader, row, field))
			return false;
	}
	return true;
}
