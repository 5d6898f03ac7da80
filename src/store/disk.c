/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening is where damage is looked for, since a running store reads little: the log's frames, the
 * database's pages (as far as a time limit allows), every row of an unfinished task, the ledger's
 * counts, and the number of the last commit against the mark. What is damaged is set aside by
 * mend.c, so that the next start does not meet it again.
 */
#include "store/disk.h"

#include "store/inspect.h"
#include "store/mend.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE_MAX 1024

bool disk_path(const struct disk *disk, const char *name, char *path)
{
	int size = snprintf(path, DISK_PATH_SIZE_MAX, "%s/%s", disk->directory, name);

	return size > 0 && size < DISK_PATH_SIZE_MAX;
}

bool disk_init(struct disk *disk, const struct store_options *options)
{
	size_t size = strlen(options->directory);

	memset(disk, 0, sizeof(*disk));
	disk->mark.fd = -1;
	disk->say = options->say;
	disk->context = options->context;
	if (size == 0 || size >= sizeof(disk->directory))
		return false;
	memcpy(disk->directory, options->directory, size + 1);
	return disk_path(disk, "store.db", disk->path);
}

void disk_say(struct disk *disk, enum store_severity severity, const char *format, ...)
{
	char line[LINE_SIZE_MAX];
	va_list arguments;

	if (disk->say == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	disk->say(disk->context, severity, line);
}

bool disk_present(const struct disk *disk)
{
	struct stat now;

	return stat(disk->path, &now) == 0 && now.st_ino == disk->identity.st_ino &&
	       now.st_dev == disk->identity.st_dev;
}

void disk_close(struct disk *disk)
{
	sql_close(&disk->writer);
	if (disk->mark.fd >= 0)
		mark_sync(&disk->mark, INT64_MAX);
	mark_close(&disk->mark);
}

enum store_status disk_report(
	struct store_report *report, enum store_status status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(report->text, sizeof(report->text), format, arguments);
	va_end(arguments);
	return status;
}

/* The mark says that there was a store: then there must be one. */
static enum store_status open_mark(
	struct disk *disk, struct store_report *report, enum mark_found *found)
{
	char path[DISK_PATH_SIZE_MAX];
	struct stat file;
	bool exists = stat(disk->path, &file) == 0 && file.st_size > 0;

	if (!disk_path(disk, "store.mark", path))
		return disk_report(
			report, STORE_INVALID, "the path of the data directory is too long");
	if (!exists && access(path, F_OK) == 0)
		return disk_report(report, STORE_GONE,
			"%s is missing or empty, though %s says that there was a store: bring it "
			"back, or remove the latter to start with nothing",
			disk->path, path);
	*found = exists ? mark_open(&disk->mark, path) : MARK_MISSING;
	if (*found == MARK_FAILED)
		return disk_report(report, errno == ENOSPC ? STORE_NO_SPACE : STORE_READ_ONLY,
			"cannot write %s: %s", path, strerror(errno));
	if (*found == MARK_DAMAGED)
		disk_say(disk, STORE_SAY_WARNING,
			"store: %s is damaged; whether the last commits are all there is unknown",
			path);
	return STORE_OK;
}

/* The mark of a new store is made after its database, so that a crash between the two does not
 * leave a mark without a store. */
static enum store_status make_mark(struct disk *disk, struct store_report *report)
{
	char path[DISK_PATH_SIZE_MAX];

	if (disk->mark.fd < 0 && disk_path(disk, "store.mark", path) &&
		mark_open(&disk->mark, path) == MARK_FAILED)
		return disk_report(
			report, STORE_READ_ONLY, "cannot write %s: %s", path, strerror(errno));
	if (!mark_write(&disk->mark, disk->ledger.commit))
		return disk_report(report, errno == ENOSPC ? STORE_NO_SPACE : STORE_READ_ONLY,
			"cannot write store.mark in %s: %s", disk->directory, strerror(errno));
	mark_sync(&disk->mark, INT64_MAX);
	return STORE_OK;
}

static enum store_status compare_mark(struct disk *disk, struct store_report *report)
{
	uint64_t commit = disk->ledger.commit;

	if (disk->mark.commit <= commit)
		return STORE_OK;
	report->commits_missing = disk->mark.commit - commit;
	disk_say(disk, STORE_SAY_ERROR,
		"store: commits %llu to %llu are missing from %s: what was acknowledged with them "
		"is lost",
		(unsigned long long)commit + 1, (unsigned long long)disk->mark.commit, disk->path);
	mend_keep_log(disk);
	/* Numbers are not used twice, and the loss is told once: the database takes it up. */
	disk->ledger.commit = disk->mark.commit;
	if (schema_write_ledger(&disk->writer, &disk->ledger))
		return STORE_OK;
	return disk_report(report, disk->writer.status, "cannot write %s: %s", disk->path,
		disk->writer.message);
}

static enum store_status open_tables(struct disk *disk, struct store_report *report)
{
	enum store_status status;

	if (!sql_open(&disk->writer, disk->path, true, DISK_WRITER_CACHE_KIB))
		return disk_report(report, disk->writer.status, "cannot open %s: %s", disk->path,
			disk->writer.message);
	status = schema_open(&disk->writer, &report->created);
	if (status == STORE_NEWER)
		return disk_report(report, status,
			"%s was written by a newer ballast (%s); run that one, or choose another "
			"data directory",
			disk->path, disk->writer.message);
	if (status != STORE_OK)
		return disk_report(
			report, status, "cannot use %s: %s", disk->path, disk->writer.message);
	return STORE_OK;
}

/* While the files are not known to be whole, closing must not move the log into the database. */
static enum store_status inspect_tables(
	struct disk *disk, struct store_report *report, struct inspect_findings *findings)
{
	enum store_status status = open_tables(disk, report);

	if (disk->writer.db == NULL)
		return status;
	sql_keep_log(&disk->writer, true);
	if (status != STORE_OK)
		return status;
	status = inspect_database(disk, findings);
	if (status == STORE_OK)
		sql_keep_log(&disk->writer, false);
	else
		disk_report(report, status, "cannot read %s: %s", disk->path,
			status == STORE_DAMAGED ? findings->text : disk->writer.message);
	return status;
}

static enum store_status open_checked(struct disk *disk, struct store_report *report)
{
	struct inspect_findings findings = {0};
	enum store_status status = inspect_tables(disk, report, &findings);

	if (status != STORE_DAMAGED)
		return status;
	disk_say(disk, STORE_SAY_ERROR, "store: damage found: %s", report->text);
	sql_close(&disk->writer);
	status = mend_database(disk, report);
	if (status != STORE_OK)
		return status;
	findings.text[0] = '\0';
	status = inspect_tables(disk, report, &findings);
	report->created = false;
	return status;
}

enum store_status disk_open(struct disk *disk, struct store_report *report)
{
	enum mark_found found;
	enum store_status status = open_mark(disk, report, &found);

	if (status != STORE_OK)
		return status;
	report->bytes_dropped = inspect_log(disk);
	status = open_checked(disk, report);
	if (status == STORE_OK) {
		if (found == MARK_FOUND)
			status = compare_mark(disk, report);
		if (stat(disk->path, &disk->identity) != 0)
			status = disk_report(report, STORE_GONE, "%s has vanished", disk->path);
	}
	if (status == STORE_OK)
		status = make_mark(disk, report);
	if (status != STORE_OK) {
		disk_close(disk);
		return status;
	}
	report->commit = disk->ledger.commit;
	return disk_report(report, STORE_OK, "%s %s at commit %llu: %llu unfinished of %llu tasks",
		report->created ? "created" : "opened", disk->path,
		(unsigned long long)report->commit, (unsigned long long)disk->ledger.unfinished,
		(unsigned long long)disk->ledger.task_count);
}

enum store_status disk_reopen(struct disk *disk, struct store_report *report)
{
	enum mark_found found;
	enum store_status status;

	memset(report, 0, sizeof(*report));
	status = open_mark(disk, report, &found);
	if (status == STORE_OK)
		status = open_tables(disk, report);
	if (status == STORE_OK && !schema_read_ledger(&disk->writer, &disk->ledger))
		status = disk_report(report, STORE_DAMAGED, "the ledger of %s cannot be read: %s",
			disk->path, disk->writer.message);
	if (status == STORE_OK && stat(disk->path, &disk->identity) != 0)
		status = disk_report(report, STORE_GONE, "%s has vanished", disk->path);
	if (status != STORE_OK)
		disk_close(disk);
	return status;
}
