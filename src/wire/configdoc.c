/* SPDX-License-Identifier: Apache-2.0 */
/* Sections follow in the order of the table, depth first, each under the path a user would write.
 */
#include "wire/configdoc.h"

#include "wire/configtable.h"
#include "wire/quantity.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE_MAX = 64 };

static const char *name_type(enum config_type type)
{
	static const char *const names[] = {[CONFIG_BOOL] = "true or false",
		[CONFIG_COUNT] = "number",
		[CONFIG_TIME] = "time (30s, 5m)",
		[CONFIG_MEMORY] = "size (512MiB)",
		[CONFIG_CPU] = "cores (2 cores)",
		[CONFIG_PRICE] = "price (0.12 USD/h)",
		[CONFIG_SHARE] = "share (80%)",
		[CONFIG_RATE] = "rate (30/min)",
		[CONFIG_TEXT] = "text",
		[CONFIG_PATH] = "path",
		[CONFIG_LISTEN] = "HOST:PORT",
		[CONFIG_CHOICE] = "word",
		[CONFIG_NAMES] = "list of names",
		[CONFIG_LABELS] = "mapping of labels",
		[CONFIG_SIGNALS] = "mapping of signals",
		[CONFIG_ENV] = "list of NAME or NAME=VALUE",
		[CONFIG_URL] = "URL",
		[CONFIG_URLS] = "list of URLs",
		[CONFIG_AGENT] = "command line",
		[CONFIG_COMMAND] = "command line",
		[CONFIG_SCRIPT] = "command line",
		[CONFIG_STDIN] = "payload.FIELD",
		[CONFIG_RETRY] = "list of words",
		[CONFIG_WHEN] = "time or list of times (mon-fri 09:00)",
		[CONFIG_SHIFTS] = "list of {when: mon-fri 08:00-18:00, min: 6}",
		[CONFIG_KNOBS] = "mapping of knobs",
		[CONFIG_SECTION] = "mapping",
		[CONFIG_NAMED] = "mapping of names"};
	return names[type];
}

static void put_choices(struct buffer *buffer, const char *const *choices)
{
	for (size_t i = 0; choices[i]; i++) {
		buffer_append_text(buffer, i ? " \\| " : ": ");
		buffer_append_text(buffer, choices[i]);
	}
}

static void put_row(struct buffer *buffer, const struct config_row *row)
{
	buffer_append_text(buffer, "| `");
	buffer_append_text(buffer, row->key);
	buffer_append_text(buffer, "` | ");
	buffer_append_text(buffer, name_type(row->type));
	if (row->choices)
		put_choices(buffer, row->choices);
	buffer_append_text(buffer, " | ");
	if (row->preset) {
		buffer_append_byte(buffer, '`');
		buffer_append_text(buffer, row->preset);
		buffer_append_byte(buffer, '`');
	}
	buffer_append_text(buffer, " | ");
	buffer_append_text(buffer, row->help);
	buffer_append_text(buffer, " |\n");
}

static void put_knobs(struct buffer *buffer)
{
	buffer_append_text(buffer,
		"\n### knobs\n\n| key | unit | default | meaning |\n| --- | --- | --- | --- |\n");
	for (size_t i = 0; i < BAL_KNOB_COUNT; i++) {
		const struct config_knob *knob = &config_knobs[i];
		buffer_append_text(buffer, "| `");
		for (const char *letter = knob->name; *letter; letter++)
			buffer_append_byte(
				buffer, *letter == '_' ? '_' : (char)(*letter - 'A' + 'a'));
		buffer_append_text(buffer, "` | ");
		buffer_append_text(buffer, config_knob_expected(knob));
		buffer_append_text(buffer, " | `");
		quantity_write(buffer, config_knob_quantity(knob), knob->preset);
		buffer_append_text(buffer, "` | ");
		buffer_append_text(buffer, knob->help);
		buffer_append_text(buffer, " |\n");
	}
}

/* Sections hang at most four deep (pools.NAME.scale.up), so recursion is bounded by the table. */
static void put_section(
	struct buffer *buffer, const char *path, const struct config_section *section)
{
	char below[PATH_SIZE_MAX];
	buffer_append_text(buffer, "\n### ");
	buffer_append_text(buffer, path[0] ? path : "top level");
	buffer_append_text(
		buffer, "\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n");
	for (uint32_t i = 0; i < section->row_count; i++)
		put_row(buffer, &section->rows[i]);
	for (uint32_t i = 0; i < section->row_count; i++) {
		const struct config_row *row = &section->rows[i];
		if (row->section == NULL)
			continue;
		snprintf(below, sizeof(below), "%s%s%s%s", path, path[0] ? "." : "", row->key,
			row->type == CONFIG_NAMED ? ".NAME" : "");
		put_section(buffer, below, row->section);
	}
}

void config_document(struct buffer *buffer)
{
	put_section(buffer, "", &config_root);
	put_knobs(buffer);
}
