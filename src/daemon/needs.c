/* SPDX-License-Identifier: Apache-2.0 */
/* Tags are looked up, never interned: only configuration makes tags, so a client cannot fill the
 * table, and a need that no pool ever offered is counted as unknown, which no agent has. */
#include "daemon/needs.h"

#include "base/checksum.h"
#include "base/units.h"
#include "wire/quantity.h"

#include <stdio.h>
#include <string.h>

#define NEEDS_SIZE_MAX 65536
#define NEED_TAGS_MAX  64
#define LABEL_SIZE_MAX 260

struct needs_fields {
	yyjson_val *tags;
	yyjson_val *labels;
	yyjson_val *resources;
	yyjson_val *not_agents;
	bool exclusive;
};

struct resource_fields {
	struct span cpu;
	struct span memory;
};

static const struct json_field NEEDS_FIELDS[] = {
	{"tags", JSON_ARRAY, .max = NEED_TAGS_MAX, .offset = offsetof(struct needs_fields, tags)},
	{"labels", JSON_OBJECT, .offset = offsetof(struct needs_fields, labels)},
	{"resources", JSON_OBJECT, .offset = offsetof(struct needs_fields, resources)},
	{"not_agents", JSON_ARRAY, .max = BAL_NOT_AGENTS_MAX,
		.offset = offsetof(struct needs_fields, not_agents)},
	{"exclusive", JSON_BOOL, .offset = offsetof(struct needs_fields, exclusive)},
};

static const struct json_field RESOURCE_FIELDS[] = {
	{"cpu", JSON_TEXT, .offset = offsetof(struct resource_fields, cpu)},
	{"memory", JSON_TEXT, .offset = offsetof(struct resource_fields, memory)},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static bool read_resources(yyjson_val *object, struct bal_needs *needs, struct json_error *error)
{
	struct resource_fields fields = {{NULL, 0}, {NULL, 0}};
	int64_t cpu_millis = 0, memory_bytes = 0;

	if (!json_read_object(object, RESOURCE_FIELDS, COUNT_OF(RESOURCE_FIELDS), &fields, error))
		return false;
	if (fields.cpu.at != NULL && !quantity_read(fields.cpu, QUANTITY_CPU, &cpu_millis)) {
		snprintf(error->text, sizeof error->text,
			"needs.resources.cpu: expected cores such as \"2 cores\" or \"500m\"");
		return false;
	}
	if (fields.memory.at != NULL &&
		!quantity_read(fields.memory, QUANTITY_MEMORY, &memory_bytes)) {
		snprintf(error->text, sizeof error->text,
			"needs.resources.memory: expected a size such as \"4GiB\"");
		return false;
	}
	needs->cpu_millis = (uint32_t)(cpu_millis < UINT32_MAX ? cpu_millis : UINT32_MAX);
	needs->memory_mib = (uint32_t)((memory_bytes + MIB - 1) / MIB);
	return true;
}

static bool read_agents(yyjson_val *array, struct bal_needs *needs, struct json_error *error)
{
	size_t index, count;
	yyjson_val *value;

	yyjson_arr_foreach(array, index, count, value)
	{
		uint64_t id;

		if (!span_number(json_text(value), UINT64_MAX >> 2, &id) || id == 0) {
			snprintf(error->text, sizeof error->text,
				"needs.not_agents: expected agent ids as strings of digits");
			return false;
		}
		needs->not_agents[index] = id;
	}
	return true;
}

/* Reads all but names; tags and labels are left to the caller, who knows the tables. */
static bool read_numbers(yyjson_val *object, struct needs_fields *fields, struct bal_needs *needs,
	struct json_error *error)
{
	*fields = (struct needs_fields){NULL, NULL, NULL, NULL, false};
	if (!json_read_object(object, NEEDS_FIELDS, COUNT_OF(NEEDS_FIELDS), fields, error))
		return false;
	needs->exclusive = fields->exclusive;
	return (fields->resources == NULL || read_resources(fields->resources, needs, error)) &&
	       (fields->not_agents == NULL || read_agents(fields->not_agents, needs, error));
}

bool needs_check(yyjson_val *object, struct json_error *error)
{
	struct needs_fields fields;
	struct bal_needs needs = {.cpu_millis = 0};
	size_t index, count;
	yyjson_val *key, *value;

	if (!read_numbers(object, &fields, &needs, error))
		return false;
	yyjson_arr_foreach(fields.tags, index, count, value)
	{
		if (config_name_valid(json_text(value)))
			continue;
		snprintf(error->text, sizeof error->text,
			"needs.tags: expected names of letters, digits, '.', '_' and '-'");
		return false;
	}
	yyjson_obj_foreach(fields.labels, index, count, key, value)
	{
		if (config_name_valid(json_text(key)) && config_name_valid(json_text(value)))
			continue;
		snprintf(error->text, sizeof error->text,
			"needs.labels: expected names of letters, digits, '.', '_' and '-'");
		return false;
	}
	return true;
}

/* Where tags that a job needs go. */
struct tag_visit {
	struct engine *engine;
	struct bal_needs *needs;
	struct buffer *unknown; /* NULL: nobody wants to know their names */
};

static void need_tag(const struct tag_visit *visit, struct span name)
{
	uint32_t tag = names_find(engine_names(visit->engine), BAL_SYMBOL_TAG, name);

	if (tag != BAL_NONE) {
		visit->needs->tags.words[tag / 64] |= UINT64_C(1) << (tag % 64);
		return;
	}
	visit->needs->unknown_count++;
	if (visit->unknown == NULL)
		return;
	buffer_append_text(visit->unknown, visit->unknown->size == 0 ? "\"" : ", \"");
	buffer_append_span(visit->unknown, name);
	buffer_append_byte(visit->unknown, '"');
}

/* Reads everything that the job needs: its kind, and what its needs say. */
static void read_needs(const struct tag_visit *visit, const struct job *job)
{
	struct json json = {NULL, NULL};
	struct json_error error;
	struct needs_fields fields;
	size_t index, count;
	yyjson_val *key, *value;

	need_tag(visit, names_text(engine_names(visit->engine), BAL_SYMBOL_KIND, job->kind));
	if (job->needs_text.size == 0 || !json_read(&json, job->needs_text, NEEDS_SIZE_MAX, &error))
		return;
	if (read_numbers(json.root, &fields, visit->needs, &error)) {
		yyjson_arr_foreach(fields.tags, index, count, value)
			need_tag(visit, json_text(value));
		yyjson_obj_foreach(fields.labels, index, count, key, value)
		{
			char label[LABEL_SIZE_MAX];
			int size = snprintf(label, sizeof label, "%s=%s", yyjson_get_str(key),
				yyjson_get_str(value));

			need_tag(visit, (struct span){label, (size_t)size});
		}
	}
	json_release(&json);
}

static void find_needs(struct engine *engine, const struct job *job, struct bal_needs *needs)
{
	struct tag_visit visit = {engine, needs, NULL};

	*needs = (struct bal_needs){.cpu_millis = 0};
	read_needs(&visit, job);
}

void needs_task(struct engine *engine, const struct job *job, struct bal_event_task *task)
{
	const struct span *conversation = &job->conversation;

	*task = (struct bal_event_task){.id = job->id,
		.parent = job->parent,
		.kind = job->kind,
		.tenant = job->tenant,
		.priority = job->priority,
		.flags = job->flags,
		.attempts_max = job->attempts_max,
		.deadline_ns = job->deadline_ns,
		.size_ns = job->size_ns};
	/* 0 is none. */
	if (conversation->size > 0)
		task->conversation = checksum_hash64(1, conversation->at, conversation->size) | 1;
	find_needs(engine, job, &task->needs);
}

void needs_describe_unknown(struct engine *engine, const struct job *job, struct buffer *text)
{
	struct bal_needs needs = {.cpu_millis = 0};
	struct tag_visit visit = {engine, &needs, text};

	read_needs(&visit, job);
}
