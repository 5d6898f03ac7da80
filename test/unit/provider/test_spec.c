/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be run comes back from its file exactly, or not at all. */
#include "provider/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void fill_sample(struct spec *spec)
{
	spec_init(spec);
	spec->arguments[0] = "program";
	spec->arguments[1] = "two words\nand a line";
	spec->arguments[2] = "";
	spec->environment[0] = "A=1=2";
	spec->environment[1] = "B=";
	spec->directory = "/srv/work";
	spec->note = "note";
	spec->boot = "boot";
	spec->limits = (struct spec_limits){1500, 1 << 20, 64, 256};
	spec->group.version = CGROUP_V1;
	memcpy(spec->group.path[CGROUP_PIDS], "/sys/fs/cgroup/pids/x", 22);
	spec->grace_ns = 5;
	spec->uid = 1000;
	spec->gid = 100;
}

static void test_round_trip(void **state)
{
	(void)state;
	struct spec spec;
	struct spec read;
	char data[4096];
	fill_sample(&spec);
	size_t size = spec_encode(&spec, data, sizeof data);
	assert_true(size > 0);
	assert_true(spec_decode(&read, data, size));
	for (int index = 0; index < 3; index++)
		assert_string_equal(read.arguments[index], spec.arguments[index]);
	assert_null(read.arguments[3]);
	assert_string_equal(read.environment[0], "A=1=2");
	assert_string_equal(read.environment[1], "B=");
	assert_null(read.environment[2]);
	assert_string_equal(read.directory, "/srv/work");
	assert_null(read.input_path);
	assert_string_equal(read.note, "note");
	assert_string_equal(read.boot, "boot");
	assert_memory_equal(&read.limits, &spec.limits, sizeof read.limits);
	assert_memory_equal(&read.group, &spec.group, sizeof read.group);
	assert_int_equal(read.grace_ns, 5);
	assert_int_equal(read.uid, 1000);
	assert_int_equal(read.gid, 100);
}

static void test_damage_is_refused(void **state)
{
	(void)state;
	struct spec spec;
	struct spec read;
	char whole[4096];
	char data[4096];
	fill_sample(&spec);
	size_t size = spec_encode(&spec, whole, sizeof whole);
	for (size_t cut = 0; cut < size; cut++) {
		memcpy(data, whole, size);
		assert_false(spec_decode(&read, data, cut));
		assert_int_equal(spec_encode(&spec, data, cut), 0);
	}
	/* A line left out, a line twice: each single field must be there exactly once. */
	for (char *line = whole; line < whole + size; line = strchr(line, '\n') + 1) {
		size_t before = (size_t)(line - whole);
		size_t length = (size_t)(strchr(line, '\n') + 1 - line);
		if (strncmp(line, "argument", 8) == 0 || strncmp(line, "environment", 11) == 0 ||
			strncmp(line, "and", 3) == 0)
			continue;
		memcpy(data, whole, before);
		memcpy(data + before, line + length, size - before - length);
		assert_false(spec_decode(&read, data, size - length));
		memcpy(data, whole, before + length);
		memcpy(data + before + length, line, size - before);
		assert_false(spec_decode(&read, data, size + length));
	}
}

static void test_unknown_key_is_refused(void **state)
{
	(void)state;
	struct spec spec;
	struct spec read;
	char data[4096];
	static const char extra[] = "new_limit 1:7\nend 0:\n";
	fill_sample(&spec);
	size_t size = spec_encode(&spec, data, sizeof data);
	memcpy(data + size - strlen("end 0:\n"), extra, sizeof extra);
	assert_false(spec_decode(&read, data, size - strlen("end 0:\n") + sizeof extra - 1));
}

static void test_check(void **state)
{
	(void)state;
	struct spec spec;
	char message[256];
	fill_sample(&spec);
	assert_true(spec_check(&spec, message, sizeof message));
	spec.arguments[0] = NULL;
	assert_false(spec_check(&spec, message, sizeof message));
	assert_non_null(strstr(message, "name a program"));
	fill_sample(&spec);
	spec.directory = "work";
	assert_false(spec_check(&spec, message, sizeof message));
	assert_non_null(strstr(message, "absolute path, not work"));
	fill_sample(&spec);
	spec.environment[1] = "=x";
	assert_false(spec_check(&spec, message, sizeof message));
	fill_sample(&spec);
	spec.environment[1] = "NAME";
	assert_false(spec_check(&spec, message, sizeof message));
	assert_non_null(strstr(message, "NAME=VALUE, not NAME"));
	fill_sample(&spec);
	spec.gid = -1;
	assert_false(spec_check(&spec, message, sizeof message));
	fill_sample(&spec);
	spec.limits.memory_bytes = -1;
	assert_false(spec_check(&spec, message, sizeof message));
	fill_sample(&spec);
	for (size_t index = 0; index <= SPEC_ARGUMENTS_MAX; index++)
		spec.arguments[index] = "x";
	assert_false(spec_check(&spec, message, sizeof message));
	fill_sample(&spec);
	for (size_t index = 0; index <= SPEC_ENVIRONMENT_MAX; index++)
		spec.environment[index] = "X=1";
	assert_false(spec_check(&spec, message, sizeof message));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage_is_refused),
		cmocka_unit_test(test_unknown_key_is_refused),
		cmocka_unit_test(test_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
