/* SPDX-License-Identifier: Apache-2.0 */
/* Every text of the spec is copied into one bounded block, so nothing has to be freed and a command
 * line that is too long is found out before anything was made. */
#include "daemon/recipe.h"

#include "base/units.h"
#include "daemon/clock.h"
#include "wire/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds bytes to the text that is being put together; false when the block is full. */
static bool add_bytes(struct recipe *recipe, const char *bytes, size_t size)
{
	/* One byte stays for the terminator. */
	if (size + 1 > sizeof recipe->texts - recipe->texts_used)
		return false;
	memcpy(recipe->texts + recipe->texts_used, bytes, size);
	recipe->texts_used += size;
	return true;
}

static bool add_text(struct recipe *recipe, const char *text)
{
	return add_bytes(recipe, text, strlen(text));
}

/* Ends the text that began at `from`. */
static const char *end_text(struct recipe *recipe, size_t from)
{
	recipe->texts[recipe->texts_used++] = '\0';
	return recipe->texts + from;
}

/* A copy of the text; NULL when the block is full. */
static const char *keep_text(struct recipe *recipe, const char *text)
{
	size_t from = recipe->texts_used;

	return add_text(recipe, text) ? end_text(recipe, from) : NULL;
}

/* What stands for a placeholder in this recipe. */
struct field {
	const char *name; /* with its braces */
	const char *value;
};

#define FIELD_COUNT 4

/* Copies an argument with the placeholders replaced; NULL when the block is full. */
static const char *expand(
	struct recipe *recipe, const char *text, const struct field fields[FIELD_COUNT])
{
	size_t from = recipe->texts_used;

	while (*text != '\0') {
		uint32_t place = 0;
		bool ok;

		while (place < FIELD_COUNT &&
			strncmp(text, fields[place].name, strlen(fields[place].name)) != 0)
			place++;
		if (place < FIELD_COUNT) {
			ok = add_text(recipe, fields[place].value);
			text += strlen(fields[place].name);
		} else {
			ok = add_bytes(recipe, text++, 1);
		}
		if (!ok)
			return NULL;
	}
	return recipe->texts_used < sizeof recipe->texts ? end_text(recipe, from) : NULL;
}

static bool add_variable(
	struct recipe *recipe, const char *name, size_t name_size, const char *value)
{
	size_t from = recipe->texts_used;
	uint32_t count = 0;

	while (count < SPEC_ENVIRONMENT_MAX && recipe->spec.environment[count] != NULL)
		count++;
	if (count == SPEC_ENVIRONMENT_MAX || !add_bytes(recipe, name, name_size) ||
		!add_bytes(recipe, "=", 1) || !add_text(recipe, value))
		return false;
	recipe->spec.environment[count] = end_text(recipe, from);
	return true;
}

static bool add_number(struct recipe *recipe, const char *name, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, number);
	return add_variable(recipe, name, strlen(name), text);
}

/* Nothing of ballast's own environment is passed on but what the pool names. */
static bool fill_environment(struct recipe *recipe, const struct recipe_order *order)
{
	for (uint32_t i = 0; i < order->pool->env.count; i++) {
		const char *entry = order->pool->env.items[i];
		size_t name_size = strcspn(entry, "=");
		const char *value = entry[name_size] == '=' ? entry + name_size + 1 : getenv(entry);

		if (value != NULL && !add_variable(recipe, entry, name_size, value))
			return false;
	}
	if (order->url[0] != '\0' &&
		!add_variable(recipe, "BALLAST_URL", strlen("BALLAST_URL"), order->url))
		return false;
	return add_number(recipe, "BALLAST_TASK", order->task) &&
	       add_number(recipe, "BALLAST_ATTEMPT", order->attempt);
}

static const struct config_texts *words_of(const struct recipe_order *order)
{
	switch (order->step) {
	case RECIPE_PREPARE:
		return &order->pool->prepare;
	case RECIPE_CLEAN:
		return &order->pool->cleanup;
	default:
		return &order->pool->command;
	}
}

bool recipe_fill(
	struct recipe *recipe, const struct recipe_order *order, char *message, size_t message_size)
{
	const struct config_texts *words = words_of(order);
	const char *workdir =
		order->pool->workdir == CONFIG_WORKDIR_FRESH ? order->workdir : order->directory;
	char id[24];
	char attempt[16];
	const struct field fields[FIELD_COUNT] = {{"{workdir}", workdir}, {"{id}", id},
		{"{attempt}", attempt}, {"{pool}", order->pool->name}};
	bool ok = words->count <= SPEC_ARGUMENTS_MAX;

	spec_init(&recipe->spec);
	recipe->texts_used = 0;
	snprintf(id, sizeof id, "%" PRIu64, order->task);
	snprintf(attempt, sizeof attempt, "%u", order->attempt);
	for (uint32_t i = 0; i < words->count && ok; i++) {
		recipe->spec.arguments[i] = expand(recipe, words->items[i], fields);
		ok = recipe->spec.arguments[i] != NULL;
	}
	recipe->spec.directory =
		keep_text(recipe, order->step == RECIPE_WORK ? workdir : order->directory);
	if (!ok || recipe->spec.directory == NULL || !fill_environment(recipe, order)) {
		snprintf(message, message_size,
			"pool %s: command line and environment are larger than %u KiB, or more "
			"than %d words or variables",
			order->pool->name, RECIPE_TEXTS_SIZE >> 10, SPEC_ARGUMENTS_MAX);
		return false;
	}
	snprintf(recipe->note, sizeof recipe->note, "started=%" PRId64 " pool=%s", clock_utc_ns(),
		order->pool->name);
	recipe->spec.note = recipe->note;
	recipe->spec.limits.cpu_millis = order->pool->resources.cpu_millis;
	recipe->spec.limits.memory_bytes = order->pool->resources.memory_bytes;
	recipe->spec.grace_ns = order->pool->grace_ns;
	return true;
}

bool recipe_note_read(
	const char *note, char pool[CONFIG_NAME_SIZE_MAX + 1], int64_t *started_at_utc_ns)
{
	int used = 0;

	_Static_assert(CONFIG_NAME_SIZE_MAX == 128, "the width in the pattern below");
	return sscanf(note, "started=%19" SCNd64 " pool=%128s%n", started_at_utc_ns, pool, &used) ==
		       2 &&
	       note[used] == '\0';
}

/* The value at the path "a.b" below `value`; NULL. */
static yyjson_val *find_field(yyjson_val *value, struct span path)
{
	while (path.at != NULL && value != NULL) {
		struct span key = span_cut(&path, '.');

		value = yyjson_obj_getn(value, key.at, key.size);
	}
	return value;
}

/* A text as it is, anything else as JSON. */
static bool add_value(struct buffer *input, yyjson_val *value)
{
	size_t size = 0;
	char *text;
	bool ok;

	if (yyjson_is_str(value))
		return buffer_append_span(input, json_text(value));
	text = yyjson_val_write(value, 0, &size);
	ok = text != NULL && buffer_append(input, text, size);
	free(text);
	return ok;
}

bool recipe_input(const struct config_pool *pool, const struct job *job, struct buffer *input,
	char *message, size_t message_size)
{
	struct json json = {NULL, NULL};
	struct json_error error;
	yyjson_val *value;
	bool ok;

	if (pool->stdin_field == NULL || job->checkpoint.size > 0) {
		job_body(job, input);
		snprintf(message, message_size, "there is no memory for the input");
		return !input->failed;
	}
	if (!json_read(&json, job->payload, job->payload.size, &error)) {
		snprintf(message, message_size, "the payload: %.200s", error.text);
		return false;
	}
	value = find_field(json.root, span_of(pool->stdin_field));
	ok = value != NULL && !yyjson_is_null(value);
	snprintf(message, message_size,
		ok ? "there is no memory for the input (payload.%.100s)"
		   : "the payload has no field %.100s, which pool %.100s gives to its command",
		pool->stdin_field, pool->name);
	ok = ok && add_value(input, value);
	json_release(&json);
	return ok;
}
