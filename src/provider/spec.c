/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: one record field per argument and variable, in order; everything else exactly once. A key
 * that is not known stops the parser: better no command than one started without the limit that a
 * newer daemon wrote.
 */
#include "provider/spec.h"

#include "provider/affinity.h"
#include "provider/runfile.h"

#include <stdio.h>
#include <string.h>

#define SPEC_VERSION   1
#define GRACE_NS       (10 * (int64_t)1000000000)
#define LIMIT_MAX      (INT64_MAX / 1000) /* so that no later scaling can overflow */
#define CPU_MILLIS_MAX 1000000000         /* a million cores */

void spec_init(struct spec *spec)
{
	memset(spec, 0, sizeof *spec);
	spec->grace_ns = GRACE_NS;
	spec->uid = -1;
	spec->gid = -1;
}

static bool check_limits(const struct spec_limits *limits)
{
	return limits->cpu_millis >= 0 && limits->cpu_millis <= CPU_MILLIS_MAX &&
	       limits->memory_bytes >= 0 && limits->memory_bytes <= LIMIT_MAX &&
	       limits->pids >= 0 && limits->pids <= LIMIT_MAX && limits->files >= 0 &&
	       limits->files <= LIMIT_MAX;
}

static bool count_strings(const char *const *strings, size_t strings_max, size_t *count)
{
	for (*count = 0; *count <= strings_max; (*count)++) {
		if (strings[*count] == NULL)
			return true;
	}
	return false;
}

static bool refuse(char *message, size_t message_size, const char *reason, const char *what)
{
	snprintf(message, message_size, "%s%s", reason, what);
	return false;
}

bool spec_check(const struct spec *spec, char *message, size_t message_size)
{
	size_t arguments = 0;
	size_t variables = 0;
	cpu_set_t processors;
	if (!count_strings(spec->arguments, SPEC_ARGUMENTS_MAX, &arguments))
		return refuse(
			message, message_size, "more than 256 arguments: put them in a file", "");
	if (arguments == 0 || spec->arguments[0][0] == '\0')
		return refuse(message, message_size, "the command is empty: name a program", "");
	if (!count_strings(spec->environment, SPEC_ENVIRONMENT_MAX, &variables))
		return refuse(message, message_size, "more than 256 environment variables", "");
	for (size_t index = 0; index < variables; index++) {
		const char *equals = strchr(spec->environment[index], '=');
		if (equals == NULL || equals == spec->environment[index])
			return refuse(message, message_size,
				"an environment variable must be NAME=VALUE, not ",
				spec->environment[index]);
	}
	if (spec->directory == NULL || spec->directory[0] != '/')
		return refuse(message, message_size,
			"the working directory must be an absolute path, not ",
			spec->directory == NULL ? "(none)" : spec->directory);
	if (spec->note != NULL && strlen(spec->note) > SPEC_NOTE_SIZE_MAX)
		return refuse(message, message_size, "the note is longer than 4096 bytes", "");
	if (spec->affinity != NULL && !affinity_read(spec->affinity, &processors))
		return refuse(message, message_size,
			"affinity must be a list of processors such as 0-3,8, not ",
			spec->affinity);
	if (!check_limits(&spec->limits) || spec->grace_ns < 0)
		return refuse(message, message_size, "a limit is negative or absurdly large", "");
	if (spec->uid >= 0 && spec->gid < 0)
		return refuse(message, message_size,
			"a user without a group: set both, or the group would stay the daemon's",
			"");
	if (spec->uid > INT32_MAX || spec->gid > INT32_MAX)
		return refuse(message, message_size, "a user or group id is too large", "");
	return true;
}

size_t spec_encode(const struct spec *spec, char *data, size_t size)
{
	struct runfile_writer writer;
	runfile_writer_init(&writer, data, size);
	runfile_put_number(&writer, "ballast-run", SPEC_VERSION);
	for (size_t index = 0; spec->arguments[index] != NULL; index++)
		runfile_put_text(&writer, "argument", spec->arguments[index]);
	for (size_t index = 0; spec->environment[index] != NULL; index++)
		runfile_put_text(&writer, "environment", spec->environment[index]);
	runfile_put_text(&writer, "directory", spec->directory);
	if (spec->input_path != NULL)
		runfile_put_text(&writer, "input", spec->input_path);
	if (spec->affinity != NULL)
		runfile_put_text(&writer, "affinity", spec->affinity);
	if (spec->leaves)
		runfile_put_number(&writer, "leaves", 1);
	runfile_put_text(&writer, "note", spec->note == NULL ? "" : spec->note);
	runfile_put_text(&writer, "boot", spec->boot == NULL ? "" : spec->boot);
	runfile_put_number(&writer, "cpu_millis", spec->limits.cpu_millis);
	runfile_put_number(&writer, "memory_bytes", spec->limits.memory_bytes);
	runfile_put_number(&writer, "pids", spec->limits.pids);
	runfile_put_number(&writer, "files", spec->limits.files);
	runfile_put_number(&writer, "grace_ns", spec->grace_ns);
	runfile_put_number(&writer, "uid", spec->uid);
	runfile_put_number(&writer, "gid", spec->gid);
	runfile_put_number(&writer, "group_version", (int64_t)spec->group.version);
	for (int part = 0; part < CGROUP_PART_COUNT; part++)
		runfile_put_text(&writer, "group", spec->group.path[part]);
	return runfile_finish(&writer);
}

/* What the reader has seen. Counts of single fields let duplicates and omissions be found. */
struct decoder {
	struct spec *spec;
	size_t arguments;
	size_t variables;
	int group_parts;
	int64_t version;
	int64_t group_version;
	int64_t leaves;
	uint32_t seen;
};

static bool store_string(const char **strings, size_t strings_max, size_t *count, const char *value)
{
	if (*count == strings_max)
		return false;
	strings[(*count)++] = value;
	return true;
}

static bool store_group(struct decoder *decoder, const struct runfile_field *field)
{
	if (decoder->group_parts == CGROUP_PART_COUNT || field->size >= CGROUP_PATH_SIZE_MAX)
		return false;
	if (field->size > 0 && field->value[0] != '/')
		return false;
	memcpy(decoder->spec->group.path[decoder->group_parts++], field->value, field->size + 1);
	return true;
}

/* A field that occurs once: a text (texts[i]) or a number (numbers[i]). */
static bool store_single(struct decoder *decoder, const struct runfile_field *field)
{
	struct spec *spec = decoder->spec;
	const struct {
		const char *key;
		const char **text;
		int64_t *number;
	} fields[] = {
		{"ballast-run", NULL, &decoder->version},
		{"directory", &spec->directory, NULL},
		{"note", &spec->note, NULL},
		{"boot", &spec->boot, NULL},
		{"cpu_millis", NULL, &spec->limits.cpu_millis},
		{"memory_bytes", NULL, &spec->limits.memory_bytes},
		{"pids", NULL, &spec->limits.pids},
		{"files", NULL, &spec->limits.files},
		{"grace_ns", NULL, &spec->grace_ns},
		{"uid", NULL, &spec->uid},
		{"gid", NULL, &spec->gid},
		{"group_version", NULL, &decoder->group_version},
		{"input", &spec->input_path, NULL},
		{"leaves", NULL, &decoder->leaves},
		{"affinity", &spec->affinity, NULL},
	};
	for (size_t index = 0; index < sizeof fields / sizeof fields[0]; index++) {
		if (strcmp(fields[index].key, field->key) != 0)
			continue;
		if ((decoder->seen >> index & 1) != 0)
			return false;
		decoder->seen |= 1u << index;
		if (fields[index].number != NULL)
			return runfile_number(field, fields[index].number);
		*fields[index].text = field->value;
		return true;
	}
	return false;
}

/* All single fields but the last three, which are optional. */
#define SEEN_ALL ((1u << 12) - 1)

static bool store_field(struct decoder *decoder, const struct runfile_field *field)
{
	struct spec *spec = decoder->spec;
	if (!runfile_text(field))
		return false;
	if (strcmp(field->key, "argument") == 0)
		return store_string(
			spec->arguments, SPEC_ARGUMENTS_MAX, &decoder->arguments, field->value);
	if (strcmp(field->key, "environment") == 0)
		return store_string(
			spec->environment, SPEC_ENVIRONMENT_MAX, &decoder->variables, field->value);
	if (strcmp(field->key, "group") == 0)
		return store_group(decoder, field);
	return store_single(decoder, field);
}

bool spec_decode(struct spec *spec, char *data, size_t size)
{
	struct runfile_reader reader;
	struct runfile_field field;
	struct decoder decoder = {.spec = spec};
	char message[256];
	spec_init(spec);
	runfile_reader_init(&reader, data, size);
	while (runfile_next(&reader, &field)) {
		if (!store_field(&decoder, &field))
			return false;
	}
	if (!reader.ended || (decoder.seen & SEEN_ALL) != SEEN_ALL ||
		decoder.version != SPEC_VERSION || decoder.group_parts != CGROUP_PART_COUNT)
		return false;
	if (decoder.group_version < CGROUP_NONE || decoder.group_version > CGROUP_V2)
		return false;
	if (decoder.leaves < 0 || decoder.leaves > 1)
		return false;
	spec->leaves = decoder.leaves == 1;
	spec->group.version = (enum cgroup_version)decoder.group_version;
	return spec_check(spec, message, sizeof message);
}
