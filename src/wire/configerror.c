/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages quote what somebody wrote, so they are cleaned as a whole and last: a quoted text may
 * hold anything that an escape can name, and may be cut inside a character.
 */
#include "wire/configerror.h"

#include "wire/printable.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool config_fail(
	struct config_reader *reader, uint32_t line, uint32_t column, const char *format, ...)
{
	struct config_error *error = reader->error;
	va_list arguments;
	int size = line ? snprintf(error->text, CONFIG_ERROR_SIZE, "%.200s:%u:%u: ", reader->file,
				  line, column)
			: snprintf(error->text, CONFIG_ERROR_SIZE, "%.200s: ", reader->file);
	error->line = line;
	error->column = column;
	va_start(arguments, format);
	if (size > 0 && size < CONFIG_ERROR_SIZE)
		vsnprintf(
			error->text + size, (size_t)(CONFIG_ERROR_SIZE - size), format, arguments);
	va_end(arguments);
	printable_clean(error->text, strlen(error->text));
	return false;
}

struct config_shown config_show(struct span text)
{
	struct config_shown shown;
	size_t size = text.size < CONFIG_SHOWN_SIZE_MAX ? text.size : CONFIG_SHOWN_SIZE_MAX;
	memcpy(shown.text, text.at, size);
	snprintf(shown.text + size, sizeof(shown.text) - size, "%s", text.size > size ? "..." : "");
	return shown;
}

struct config_shown config_show_node(const struct yaml_node *node)
{
	struct config_shown shown;
	if (node->kind == YAML_LIST)
		snprintf(shown.text, sizeof(shown.text), "a list");
	else if (node->kind == YAML_MAP)
		snprintf(shown.text, sizeof(shown.text), "a mapping");
	else if (node->text.size == 0)
		snprintf(shown.text, sizeof(shown.text), "nothing");
	else
		snprintf(shown.text, sizeof(shown.text), "`%.*s`", CONFIG_SHOWN_SIZE_MAX,
			config_show(node->text).text);
	return shown;
}

/* {port} without quotes: a mapping of one key without a value. */
static bool is_placeholder(const struct yaml_node *node)
{
	if (node->kind != YAML_MAP || node->count != 1)
		return false;
	return node->child->kind == YAML_SCALAR && node->child->text.size == 0;
}

bool config_fail_expected(
	struct config_reader *reader, const struct yaml_node *node, const char *expected)
{
	if (is_placeholder(node))
		return config_fail(reader, node->line, node->column,
			"expected %s, found a mapping: {%.32s} without quotes is one in YAML; "
			"write \"{%.32s}\"",
			expected, node->child->key.at, node->child->key.at);
	return config_fail(reader, node->line, node->column, "expected %s, found %s", expected,
		config_show_node(node).text);
}
