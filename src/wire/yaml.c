/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events are put together into a tree with a stack of open collections; recursion would
 * let the text decide how deep. Mistakes that people make again and again get a second sentence:
 * libyaml sees only "did not find expected ',' or '}'" where somebody wrote an unquoted {port}.
 */
#include "wire/yaml.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct builder {
	yaml_parser_t parser;
	struct arena *memory;
	struct span text;
	struct yaml_error *error;
	struct yaml_node *root;
	struct yaml_node *open[YAML_DEPTH_MAX]; /* collections from the root to here */
	struct yaml_node *last[YAML_DEPTH_MAX]; /* the last child of each */
	struct yaml_node key[YAML_DEPTH_MAX];   /* a map's key that waits for its value */
	uint32_t depth;
	uint32_t documents;
	bool ended;
};

static bool fail(struct builder *builder, yaml_mark_t mark, const char *text)
{
	builder->error->line = (uint32_t)mark.line + 1;
	builder->error->column = (uint32_t)mark.column + 1;
	snprintf(builder->error->text, YAML_ERROR_SIZE, "%s", text);
	return false;
}

/* A zero-terminated copy in the arena; absent when that is full. */
static struct span copy_text(struct builder *builder, const void *bytes, size_t size)
{
	char *copy = arena_take(builder->memory, size + 1, 1);
	if (copy == NULL)
		return (struct span){NULL, 0};
	memcpy(copy, bytes, size);
	copy[size] = 0;
	return (struct span){copy, size};
}

/* The line of the text that a mark is on. */
static struct span find_line(struct span text, size_t line)
{
	for (; line && text.size; line--) {
		size_t end = span_find(text, '\n');
		text = span_skip(text, end == text.size ? end : end + 1);
	}
	return (struct span){text.at, span_find(text, '\n')};
}

/* True when the line has {word} outside quotes. */
static bool find_placeholder(struct span line)
{
	char quote = 0;
	for (size_t i = 0; i < line.size; i++) {
		char byte = line.at[i];
		size_t end = i + 1;
		if (quote || byte == '"' || byte == '\'') {
			quote = quote == byte ? 0 : quote ? quote : byte;
			continue;
		}
		if (byte != '{')
			continue;
		while (end < line.size && line.at[end] >= 'a' && line.at[end] <= 'z')
			end++;
		if (end > i + 1 && end < line.size && line.at[end] == '}')
			return true;
	}
	return false;
}

static bool fail_syntax(struct builder *builder)
{
	const yaml_parser_t *parser = &builder->parser;
	const char *problem = parser->problem ? parser->problem : "cannot be read";
	struct span line = find_line(builder->text, parser->problem_mark.line);
	const char *hint = "";
	char text[YAML_ERROR_SIZE];
	if (parser->error == YAML_MEMORY_ERROR)
		problem = "no memory to read it";
	if (find_placeholder(line))
		hint = "; a word in braces is a mapping to YAML: put quotes around the whole text";
	else if (line.size && memchr(line.at, '\t', line.size))
		hint = "; YAML is indented with spaces, not tabs";
	snprintf(text, sizeof(text), "not YAML: %s%s", problem, hint);
	return fail(builder, parser->problem_mark, text);
}

static bool check_duplicate(struct builder *builder, struct yaml_node *map, struct yaml_node *entry)
{
	yaml_mark_t mark = {0, entry->key_line - 1, entry->key_column - 1};
	char text[YAML_ERROR_SIZE];
	for (const struct yaml_node *other = map->child; other; other = other->next) {
		if (!span_equal(other->key, entry->key))
			continue;
		snprintf(text, sizeof(text), "the key `%.64s` comes twice, first in line %u",
			entry->key.at, other->key_line);
		return fail(builder, mark, text);
	}
	return true;
}

/* Hang a finished or just opened node into the collection that is open. */
static bool attach_node(struct builder *builder, struct yaml_node *node)
{
	if (builder->depth == 0) {
		builder->root = node;
		return true;
	}
	uint32_t level = builder->depth - 1;
	struct yaml_node *parent = builder->open[level];
	yaml_mark_t mark = {0, node->line - 1, node->column - 1};
	if (parent->count == YAML_CHILDREN_MAX)
		return fail(builder, mark, "more than 8192 entries");
	if (parent->kind == YAML_MAP) {
		node->key = builder->key[level].text;
		node->key_plain = builder->key[level].plain;
		node->key_line = builder->key[level].line;
		node->key_column = builder->key[level].column;
		builder->key[level].text = (struct span){NULL, 0};
		if (!check_duplicate(builder, parent, node))
			return false;
	}
	if (builder->last[level])
		builder->last[level]->next = node;
	else
		parent->child = node;
	builder->last[level] = node;
	parent->count++;
	return true;
}

static struct yaml_node *make_node(struct builder *builder, enum yaml_kind kind, yaml_mark_t mark)
{
	struct yaml_node *node = arena_take(builder->memory, 1, sizeof(*node));
	if (node == NULL)
		return NULL;
	node->kind = kind;
	node->line = (uint32_t)mark.line + 1;
	node->column = (uint32_t)mark.column + 1;
	return node;
}

/* True when the open collection is a map and its next scalar is a key. */
static bool expects_key(const struct builder *builder)
{
	if (builder->depth == 0)
		return false;
	uint32_t level = builder->depth - 1;
	return builder->open[level]->kind == YAML_MAP && builder->key[level].text.at == NULL;
}

static bool open_collection(
	struct builder *builder, enum yaml_kind kind, yaml_mark_t mark, bool decorated)
{
	if (decorated)
		return fail(
			builder, mark, "anchors (&) and tags (!) are not read here; write it out");
	if (expects_key(builder))
		return fail(builder, mark,
			"a key must be text; a word in braces is a mapping to YAML: put quotes "
			"around it");
	if (builder->depth == YAML_DEPTH_MAX)
		return fail(builder, mark, "nested too deep");
	struct yaml_node *node = make_node(builder, kind, mark);
	if (node == NULL)
		return fail(builder, mark, "no memory for so much");
	if (!attach_node(builder, node))
		return false;
	builder->open[builder->depth] = node;
	builder->last[builder->depth] = NULL;
	builder->key[builder->depth] = (struct yaml_node){0};
	builder->depth++;
	return true;
}

static bool take_scalar(struct builder *builder, const yaml_event_t *event)
{
	yaml_mark_t mark = event->start_mark;
	/* "!" alone is what libyaml gives to no tag; quoted scalars carry no tag of their own. */
	if (event->data.scalar.anchor || event->data.scalar.tag)
		return fail(
			builder, mark, "anchors (&) and tags (!) are not read here; write it out");
	struct span text = copy_text(builder, event->data.scalar.value, event->data.scalar.length);
	if (text.at == NULL)
		return fail(builder, mark, "no memory for so much");
	if (memchr(text.at, 0, text.size))
		return fail(builder, mark, "a zero byte in text");
	if (expects_key(builder)) {
		struct yaml_node *key = &builder->key[builder->depth - 1];
		key->text = text;
		key->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		key->line = (uint32_t)mark.line + 1;
		key->column = (uint32_t)mark.column + 1;
		return true;
	}
	struct yaml_node *node = make_node(builder, YAML_SCALAR, mark);
	if (node == NULL)
		return fail(builder, mark, "no memory for so much");
	node->text = text;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return attach_node(builder, node);
}

static bool take_event(struct builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (builder->documents++)
			return fail(builder, event->start_mark, "a second document in one file");
		return true;
	case YAML_ALIAS_EVENT:
		return fail(
			builder, event->start_mark, "aliases (*) are not read here; write it out");
	case YAML_SCALAR_EVENT:
		return take_scalar(builder, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(builder, YAML_LIST, event->start_mark,
			event->data.sequence_start.anchor || event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return open_collection(builder, YAML_MAP, event->start_mark,
			event->data.mapping_start.anchor || event->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		builder->depth--;
		return true;
	case YAML_STREAM_END_EVENT:
		builder->ended = true;
		return true;
	default:
		return true;
	}
}

static bool take_all(struct builder *builder)
{
	yaml_event_t event;
	while (!builder->ended) {
		if (!yaml_parser_parse(&builder->parser, &event))
			return fail_syntax(builder);
		bool fine = take_event(builder, &event);
		yaml_event_delete(&event);
		if (!fine)
			return false;
	}
	return true;
}

/* libyaml gives an event for an empty plain document; that is no value. */
static bool is_nothing(const struct yaml_node *node)
{
	return node && node->kind == YAML_SCALAR && node->plain && node->text.size == 0;
}

bool yaml_read(
	struct span text, struct arena *memory, struct yaml_node **root, struct yaml_error *error)
{
	struct builder builder = {.memory = memory, .text = text, .error = error};
	yaml_mark_t start = {0};
	*root = NULL;
	if (text.size > YAML_SIZE_MAX)
		return fail(&builder, start, "the text is longer than 1 MiB");
	if (text.size && memchr(text.at, 0, text.size))
		return fail(&builder, start, "a zero byte in text");
	if (!yaml_parser_initialize(&builder.parser))
		return fail(&builder, start, "no memory to read it");
	yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&builder.parser, (const unsigned char *)text.at, text.size);
	bool fine = take_all(&builder);
	yaml_parser_delete(&builder.parser);
	if (fine && !is_nothing(builder.root))
		*root = builder.root;
	return fine;
}
