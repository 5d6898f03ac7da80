/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_CGROUP_H
#define BAL_SAMPLE_CGROUP_H

#include "sample/sample.h"

#include <stddef.h>

/*
 * Where control groups are and what they count. Version 2 is used when its hierarchy has at least
 * one of the controllers we need (a hybrid system mounts an empty one beside version 1); version 1
 * otherwise; none when neither is mounted.
 */

#define CGROUP_PATH_SIZE_MAX 256

enum cgroup_version { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };

/* One directory in version 2 (CGROUP_UNIFIED), one for each of these in version 1. */
enum cgroup_part {
	CGROUP_UNIFIED,
	CGROUP_CPU,
	CGROUP_CPUACCT,
	CGROUP_MEMORY,
	CGROUP_PIDS,
	CGROUP_FREEZER,
	CGROUP_PART_COUNT
};

/* One control group. An empty path is a controller that is not there. */
struct cgroup {
	enum cgroup_version version;
	char path[CGROUP_PART_COUNT][CGROUP_PATH_SIZE_MAX];
};

/* The group that this process is in, from /proc/self/cgroup and /proc/self/mountinfo. version is
 * CGROUP_NONE when there are none to use. */
void cgroup_own(struct cgroup *own);

/* The same from given texts (zero-terminated), for tests and for other processes. `controllers` is
 * the content of cgroup.controllers of the version 2 mount, or empty. */
void cgroup_parse(
	struct cgroup *own, const char *mountinfo, const char *membership, const char *controllers);

/* The mount point of version 2 in *path (empty when not mounted); false when there is none. */
bool cgroup_mount(const char *mountinfo, char *path, size_t path_size);

/* *child = the group `name` below `parent`; false when a path would be too long. Makes nothing. */
bool cgroup_child(struct cgroup *child, const struct cgroup *parent, const char *name);

/* The sum of the numbers after `key` ("rbytes=") in the lines of io.stat, one a device. False when
 * none has one. */
bool cgroup_devices_parse(const char *text, const char *key, int64_t *value);

/* Reads those of the values in `wanted` (bits of sample.h) that the group has; the others stay
 * absent. Each file is opened and closed, 2 to 8 us: dearer than keeping thousands of descriptors,
 * and without their limit. So ask for CPU often and for the rest less often. */
void cgroup_sample(
	const struct cgroup *group, uint64_t wanted, int64_t now_ns, struct sample *sample);

#endif
