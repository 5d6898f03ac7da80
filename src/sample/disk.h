/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_DISK_H
#define BAL_SAMPLE_DISK_H

#include "sample/host.h"

/* Disks of the machine, and the room on a filesystem. */

/* /proc/diskstats: bytes, operations and their times of whole disks; partitions, loops, memory and
 * what is stacked on other disks would be counted twice, and is left out. As host_cpu_parse. */
bool disk_parse(const char *text, size_t size, struct host_sample *sample);

/* How long the busiest disk of both looks was busy between them; false when there is none. */
bool disk_busiest_ns(
	const struct host_sample *before, const struct host_sample *after, int64_t *busy_ns);

#define DISK_FILES_MAX 20000 /* of a directory, that are added up */
#define DISK_DEPTH_MAX 8

/* The filesystem that `path` lies on, and the bytes on disk of all files below it. */
struct disk_room {
	bool room_present;
	int64_t bytes; /* that we may use: without what is reserved for root */
	int64_t free_bytes;
	int64_t inodes; /* 0 where the filesystem has no fixed number */
	int64_t inodes_free;
	bool used_present; /* false with more files than DISK_FILES_MAX */
	int64_t used_bytes;
};

/* Looks; what cannot be seen is absent. Follows no links and stays on the filesystem. */
void disk_room_read(const char *path, struct disk_room *room);

#define DISK_READINGS_MAX 5

/* Its signals, into `readings`; returns how many. */
size_t disk_room_readings(const struct disk_room *room, struct reading *readings);

#endif
