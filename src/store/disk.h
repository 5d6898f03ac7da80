/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_DISK_H
#define BAL_STORE_DISK_H

#include "store/mark.h"
#include "store/schema.h"

#include <sys/stat.h>

/*
 * The files of a store in one data directory, opened, checked and closed together: the database
 * with its writing connection, the mark, and the ledger as last committed.
 */

#define DISK_PATH_SIZE_MAX 4096

/* Each connection's page cache; what the store holds in memory is these and the queue. */
#define DISK_WRITER_CACHE_KIB 6144
#define DISK_READER_CACHE_KIB 2048
#define DISK_BULK_CACHE_KIB   128

struct disk {
	char directory[DISK_PATH_SIZE_MAX];
	char path[DISK_PATH_SIZE_MAX]; /* of the database */
	struct sql writer;
	struct mark mark;
	struct ledger ledger;
	struct stat identity; /* of the database file when it was opened */
	void (*say)(void *context, enum store_severity severity, const char *line);
	void *context;
};

/* Sets the names; nothing is opened. False when the path is too long. */
bool disk_init(struct disk *disk, const struct store_options *options);

/* Opens the files, creating them in a directory that never held a store, checks them and sets
 * damaged parts aside. Says aloud what it finds and adds it up in the report. On failure all is
 * closed and report->text says why. */
enum store_status disk_open(struct disk *disk, struct store_report *report);

/* Closes the files after trouble and opens them again, trusting nothing but the disk. */
enum store_status disk_reopen(struct disk *disk, struct store_report *report);

/* Closes what is open; closing twice does no harm. */
void disk_close(struct disk *disk);

/* True while the database file has its name: what is written to a deleted file is lost. */
bool disk_present(const struct disk *disk);

/* One line for the log, as printf. */
__attribute__((format(printf, 3, 4))) void disk_say(
	struct disk *disk, enum store_severity severity, const char *format, ...);

/* Sets report->text, as printf, and returns the status. */
__attribute__((format(printf, 3, 4))) enum store_status disk_report(
	struct store_report *report, enum store_status status, const char *format, ...);

/* Writes "directory/name" to `path` (DISK_PATH_SIZE_MAX); false when it is too long. */
bool disk_path(const struct disk *disk, const char *name, char *path);

#endif
