/* SPDX-License-Identifier: Apache-2.0 */
/* Finding control groups on the systems there are, and reading what they count. */
#include "sample/cgroup.h"

#include "sample/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char unified_mounts[] =
	"22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n"
	"30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

static const char hybrid_mounts[] =
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:1 master:2 - cgroup cgroup "
	"rw,cpu,cpuacct\n"
	"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	"36 31 0:33 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
	"39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static const char hybrid_membership[] = "8:pids:/\n5:cpu,cpuacct:/app\n4:memory:/app/one\n"
					"1:name=systemd:/x\n0::/user.slice\n";

static void test_unified(void **state)
{
	(void)state;
	struct cgroup own;
	struct cgroup child;
	char mount[64];
	cgroup_parse(&own, unified_mounts, "0::/system.slice/ballast.service\n",
		"cpuset cpu io memory pids\n");
	assert_int_equal(own.version, CGROUP_V2);
	assert_string_equal(
		own.path[CGROUP_UNIFIED], "/sys/fs/cgroup/system.slice/ballast.service");
	assert_string_equal(own.path[CGROUP_MEMORY], "");
	assert_true(cgroup_mount(unified_mounts, mount, sizeof mount));
	assert_string_equal(mount, "/sys/fs/cgroup");
	assert_false(cgroup_mount(unified_mounts, mount, 5));
	assert_true(cgroup_child(&child, &own, "run"));
	assert_int_equal(child.version, CGROUP_V2);
	assert_string_equal(
		child.path[CGROUP_UNIFIED], "/sys/fs/cgroup/system.slice/ballast.service/run");
	char name[CGROUP_PATH_SIZE_MAX];
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_false(cgroup_child(&child, &own, name));
	/* In a container with its own name space the group is the root. */
	cgroup_parse(&own, unified_mounts, "0::/\n", "memory\n");
	assert_string_equal(own.path[CGROUP_UNIFIED], "/sys/fs/cgroup");
}

static void test_hybrid(void **state)
{
	(void)state;
	struct cgroup own;
	/* The version 2 hierarchy is there, and has nothing that we need. */
	cgroup_parse(&own, hybrid_mounts, hybrid_membership, "hugetlb\n");
	assert_int_equal(own.version, CGROUP_V1);
	assert_string_equal(own.path[CGROUP_UNIFIED], "");
	assert_string_equal(own.path[CGROUP_CPU], "/sys/fs/cgroup/cpu,cpuacct/app");
	assert_string_equal(own.path[CGROUP_CPUACCT], "/sys/fs/cgroup/cpu,cpuacct/app");
	assert_string_equal(own.path[CGROUP_MEMORY], "/sys/fs/cgroup/memory/app/one");
	assert_string_equal(own.path[CGROUP_PIDS], "/sys/fs/cgroup/pids");
	assert_string_equal(own.path[CGROUP_FREEZER], "");
}

static void test_container_without_name_space(void **state)
{
	(void)state;
	struct cgroup own;
	cgroup_parse(&own,
		"35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
		"4:memory:/docker/abc/sub\n", "");
	assert_int_equal(own.version, CGROUP_V1);
	assert_string_equal(own.path[CGROUP_MEMORY], "/sys/fs/cgroup/memory/sub");
	cgroup_parse(&own,
		"35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
		"4:memory:/docker/abc\n", "");
	assert_string_equal(own.path[CGROUP_MEMORY], "/sys/fs/cgroup/memory");
}

static void test_none_and_nonsense(void **state)
{
	(void)state;
	struct cgroup own;
	static const char *const mounts[] = {"", "\n\n", "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n",
		"30 22 0:26 / /sys/fs/cgroup rw cgroup2 cgroup2 rw\n", "30 - cgroup2 x y\n",
		"30 22 0:26 / /a\\040b rw - cgroup2 cgroup2 rw\n"};
	for (size_t index = 0; index < sizeof mounts / sizeof mounts[0]; index++) {
		cgroup_parse(&own, mounts[index], "0::/x\n", "memory");
		assert_int_equal(own.version, CGROUP_NONE);
	}
	cgroup_parse(&own, unified_mounts, "garbage", "memory");
	assert_int_equal(own.version, CGROUP_NONE);
	cgroup_parse(&own, unified_mounts, "", "memory");
	assert_int_equal(own.version, CGROUP_NONE);
	struct sample sample;
	cgroup_sample(&own, SAMPLE_ALL, 3, &sample);
	assert_int_equal(sample.present, 0);
	assert_int_equal(sample.at_ns, 3);
}

static void put(const char *directory, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void clear(const char *directory, const char *const *names, size_t count)
{
	char path[256];
	for (size_t index = 0; index < count; index++) {
		snprintf(path, sizeof path, "%s/%s", directory, names[index]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(directory), 0);
}

/* Files as Linux 6.1 writes them: machines without version 2 must not leave its reader untried. */
static void test_unified_values(void **state)
{
	(void)state;
	static const char *const names[] = {"cpu.stat", "memory.current", "memory.events",
		"memory.stat", "io.stat", "io.pressure"};
	char directory[] = "/tmp/ballast-test-XXXXXX";
	struct cgroup group = {.version = CGROUP_V2};
	struct sample sample;
	assert_non_null(mkdtemp(directory));
	memcpy(group.path[CGROUP_UNIFIED], directory, sizeof directory);
	put(directory, "cpu.stat",
		"usage_usec 2500\nuser_usec 2000\nsystem_usec 500\nnr_periods 3\nnr_throttled 1\n"
		"throttled_usec 70\n");
	put(directory, "memory.current", "4096\n");
	put(directory, "memory.events", "low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\n");
	put(directory, "memory.stat",
		"anon 100\nfile 200\nkernel 7\nkernel_stack 300\nsock 400\npgfault 5\n"
		"pgmajfault 6\n");
	put(directory, "io.stat",
		"8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0\n"
		"8:0 rbytes=800 wbytes=96 rios=8 wios=47 dbytes=50331648 dios=3021\n");
	put(directory, "io.pressure",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n"
		"full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n");
	cgroup_sample(&group, SAMPLE_MEMORY, 9, &sample);
	assert_int_equal(sample.present, SAMPLE_MEMORY);
	cgroup_sample(&group, SAMPLE_ALL, 9, &sample);
	assert_true(sample.present ==
		    (SAMPLE_CPU | SAMPLE_THROTTLED | SAMPLE_BIT(THROTTLES) | SAMPLE_MEMORY |
			    SAMPLE_OOM_KILLS | SAMPLE_BIT(MEMORY_REFUSALS) |
			    SAMPLE_BIT(MEMORY_ANONYMOUS) | SAMPLE_BIT(MEMORY_FILE) |
			    SAMPLE_BIT(MEMORY_KERNEL_STACK) | SAMPLE_BIT(MEMORY_SOCKET) |
			    SAMPLE_BIT(FAULTS_MINOR) | SAMPLE_BIT(FAULTS_MAJOR) | SAMPLE_IO |
			    SAMPLE_BIT(PRESSURE_IO) | SAMPLE_BIT(STALL_IO)));
	assert_int_equal(sample.throttles, 1);
	assert_int_equal(sample.memory_refusals, 3);
	assert_int_equal(sample.memory_file_bytes, 200);
	assert_int_equal(sample.memory_kernel_stack_bytes, 300);
	assert_int_equal(sample.memory_socket_bytes, 400);
	assert_int_equal(sample.faults_major, 6);
	assert_int_equal(sample.read_bytes, 1460000);
	assert_int_equal(sample.write_bytes, 314773600);
	assert_int_equal(sample.reads, 200);
	assert_int_equal(sample.writes, 400);
	assert_int_equal(sample.pressure_io_ns, 12000);
	assert_int_equal(sample.stall_io_ns, 5000);
	assert_int_equal(sample.cpu_ns, 2500000);
	assert_int_equal(sample.throttled_ns, 70000);
	assert_int_equal(sample.memory_bytes, 4096);
	assert_int_equal(sample.oom_kills, 1);
	assert_int_equal(sample.memory_peak_bytes, 0);
	put(directory, "cpu.stat", "usage_usec 9223372036854775807\n");
	put(directory, "memory.current", "max\n");
	put(directory, "io.stat", "8:16 rbytes=9223372036854775807\n8:0 rbytes=1 wbytes=x\n");
	put(directory, "io.pressure", "some avg10=0.00\nfull total=\n");
	put(directory, "memory.stat", "anonymous 1\n");
	cgroup_sample(&group, SAMPLE_ALL, 9, &sample);
	assert_true(sample.present == (SAMPLE_OOM_KILLS | SAMPLE_BIT(MEMORY_REFUSALS)));
	clear(directory, names, 6);
}

static void test_own_group(void **state)
{
	(void)state;
	struct cgroup own;
	struct sample sample;
	cgroup_own(&own);
	if (own.version == CGROUP_NONE) {
		print_message("skipped: no control groups here\n");
		skip();
	}
	for (int part = 0; part < CGROUP_PART_COUNT; part++)
		assert_true(own.path[part][0] == '\0' || access(own.path[part], R_OK) == 0);
	cgroup_sample(&own, SAMPLE_ALL, 1, &sample);
	assert_true((sample.present & SAMPLE_CPU) != 0);
	assert_true(sample.cpu_ns > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unified),
		cmocka_unit_test(test_hybrid),
		cmocka_unit_test(test_container_without_name_space),
		cmocka_unit_test(test_none_and_nonsense),
		cmocka_unit_test(test_unified_values),
		cmocka_unit_test(test_own_group),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
