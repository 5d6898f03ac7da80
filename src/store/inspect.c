/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log (WAL file format: sqlite.org/fileformat2.html#walformat) is a header of 32 bytes and
 * frames of 24 bytes and one page; each frame repeats the header's salt and carries a checksum that
 * continues that of the frame before. SQLite reads up to the first frame that does not fit and
 * drops the rest in silence. Frames behind that point with the salt of this log were written by us,
 * so there are bytes to report; those with another salt are left from before and mean nothing.
 */
#include "store/inspect.h"

#include "store/queue.h"
#include "store/rows.h"
#include "store/seal.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_HEADER_SIZE     32
#define FRAME_HEADER_SIZE   24
#define LOG_MAGIC           UINT32_C(0x377f0682) /* last bit: checksums of big-endian words */
#define PAGE_SIZE_MAX       65536
#define PAYLOAD_CHECKED_MAX 16384
#define PROGRESS_STEPS      100000 /* of SQLite's machine between two looks at the clock */

struct log_reader {
	int fd;
	bool big_endian;
	uint32_t page_size;
	uint32_t sums[2];
	uint8_t salt[8];
	uint8_t *frame; /* FRAME_HEADER_SIZE + page_size bytes */
};

static uint32_t load_big(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       (uint32_t)bytes[3];
}

static uint32_t load_little(const uint8_t *bytes)
{
	return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 |
	       (uint32_t)bytes[0];
}

static void add_sums(struct log_reader *log, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint32_t a = log->big_endian ? load_big(bytes + i) : load_little(bytes + i);
		uint32_t b = log->big_endian ? load_big(bytes + i + 4) : load_little(bytes + i + 4);

		log->sums[0] += a + log->sums[1];
		log->sums[1] += b + log->sums[0];
	}
}

static bool read_header(struct log_reader *log)
{
	uint8_t header[LOG_HEADER_SIZE];
	uint32_t magic;

	if (pread(log->fd, header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return false;
	magic = load_big(header);
	log->big_endian = (magic & 1) != 0;
	log->page_size = load_big(header + 8);
	memcpy(log->salt, header + 16, sizeof(log->salt));
	if ((magic & ~UINT32_C(1)) != LOG_MAGIC || log->page_size < 512 ||
		log->page_size > PAGE_SIZE_MAX || (log->page_size & (log->page_size - 1)) != 0)
		return false;
	add_sums(log, header, 24);
	return log->sums[0] == load_big(header + 24) && log->sums[1] == load_big(header + 28);
}

/* True when the frame at the offset continues the log. *ours: it carries this log's salt. */
static bool read_frame(struct log_reader *log, off_t offset, bool *ours)
{
	size_t size = FRAME_HEADER_SIZE + log->page_size;

	*ours = false;
	if (pread(log->fd, log->frame, size, offset) != (ssize_t)size)
		return false;
	*ours = memcmp(log->frame + 8, log->salt, sizeof(log->salt)) == 0;
	if (!*ours)
		return false;
	add_sums(log, log->frame, 8);
	add_sums(log, log->frame + FRAME_HEADER_SIZE, log->page_size);
	return log->sums[0] == load_big(log->frame + 16) &&
	       log->sums[1] == load_big(log->frame + 20);
}

/* Bytes from `offset` to the end of the last whole or cut frame with this log's salt. */
static uint64_t measure_rest(struct log_reader *log, off_t offset, off_t end)
{
	off_t size = (off_t)(FRAME_HEADER_SIZE + log->page_size);
	off_t last = offset;

	for (off_t at = offset; at + FRAME_HEADER_SIZE <= end; at += size) {
		uint8_t header[FRAME_HEADER_SIZE];

		if (pread(log->fd, header, sizeof(header), at) != (ssize_t)sizeof(header))
			break;
		if (memcmp(header + 8, log->salt, sizeof(log->salt)) == 0)
			last = at + size < end ? at + size : end;
	}
	return (uint64_t)(last - offset);
}

static uint64_t walk_log(struct disk *disk, struct log_reader *log, const char *path, off_t end)
{
	off_t offset = LOG_HEADER_SIZE;
	off_t valid = LOG_HEADER_SIZE; /* behind the last frame that ends a transaction */
	uint64_t frames = 0;
	uint64_t dropped;
	bool ours;

	while (read_frame(log, offset, &ours)) {
		offset += (off_t)(FRAME_HEADER_SIZE + log->page_size);
		frames++;
		if (load_big(log->frame + 4) != 0)
			valid = offset;
	}
	dropped = (uint64_t)(offset - valid) + measure_rest(log, offset, end);
	if (dropped > 0)
		disk_say(disk, STORE_SAY_WARNING,
			"store: %s is valid up to byte %lld (%llu frames); %llu bytes behind it "
			"are "
			"dropped: the tail of a transaction cut off, or damage at byte %lld",
			path, (long long)valid, (unsigned long long)frames,
			(unsigned long long)dropped, (long long)offset);
	return dropped;
}

uint64_t inspect_log(struct disk *disk)
{
	char path[DISK_PATH_SIZE_MAX];
	struct log_reader log = {0};
	struct stat file;
	uint64_t dropped = 0;

	if (!disk_path(disk, "store.db-wal", path))
		return 0;
	log.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (log.fd < 0)
		return 0;
	if (fstat(log.fd, &file) != 0 || file.st_size == 0) {
		close(log.fd);
		return 0;
	}
	log.frame = malloc(FRAME_HEADER_SIZE + PAGE_SIZE_MAX);
	if (log.frame != NULL && read_header(&log)) {
		dropped = walk_log(disk, &log, path, file.st_size);
	} else {
		dropped = (uint64_t)file.st_size;
		disk_say(disk, STORE_SAY_WARNING,
			"store: the header of %s is damaged; its %llu bytes are dropped", path,
			(unsigned long long)dropped);
	}
	free(log.frame);
	close(log.fd);
	return dropped;
}

static int stop_late(void *context)
{
	const int64_t *end_ns = context;

	return queue_now_ns() > *end_ns;
}

__attribute__((format(printf, 2, 3))) static void note(
	struct inspect_findings *findings, const char *format, ...)
{
	va_list arguments;

	if (findings->text[0] != '\0')
		return;
	va_start(arguments, format);
	vsnprintf(findings->text, sizeof(findings->text), format, arguments);
	va_end(arguments);
}

/* SQLite's own check of its pages and indexes. */
static enum store_status check_pages(struct disk *disk, struct inspect_findings *findings)
{
	struct sql *sql = &disk->writer;
	int64_t end_ns = queue_now_ns() + INSPECT_TIME_NS;
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(sql->db, "PRAGMA integrity_check(1)", -1, &statement, NULL);

	sqlite3_progress_handler(sql->db, PROGRESS_STEPS, stop_late, &end_ns);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);

		if (text == NULL || strcmp(text, "ok") != 0)
			note(findings, "%s", text != NULL ? text : "integrity check failed");
	} else if ((code & 0xff) == SQLITE_INTERRUPT) {
		disk_say(disk, STORE_SAY_INFO,
			"store: %s is large, its pages were checked in part; rows are checked when "
			"they are read",
			disk->path);
	} else if (sql_status(sql->db, code) == STORE_DAMAGED) {
		note(findings, "%s", sqlite3_errmsg(sql->db));
	}
	sqlite3_finalize(statement);
	sqlite3_progress_handler(sql->db, 0, NULL, NULL);
	return findings->text[0] != '\0' ? STORE_DAMAGED : STORE_OK;
}

/* Large payloads are checked when they are read; not reading them here keeps the start short. */
static bool check_payload(
	sqlite3_stmt *statement, const struct store_view *view, const struct rows_seals *seals)
{
	struct store_bytes payload;

	if (view->payload_size > PAYLOAD_CHECKED_MAX)
		return true;
	payload = sql_column_bytes(statement, ROWS_PAYLOAD_COLUMN);
	return payload.size == view->payload_size && seal_payload(payload) == seals->payload;
}

/* Every unfinished task: these are the rows that must not be wrong. */
static enum store_status check_unfinished(struct disk *disk, struct inspect_findings *findings)
{
	struct sql *sql = &disk->writer;
	sqlite3_stmt *statement = sql_prepare(sql, SQL_SCAN_VIEWS);
	uint64_t count = 0;
	uint64_t sum = 0;

	while (statement != NULL && sql_step_row(sql, statement)) {
		struct store_view view;
		struct rows_seals seals;
		const char *table;

		if (!rows_read_view(statement, false, &view, &seals, &table) ||
			!check_payload(statement, &view, &seals))
			note(findings, "the row of table %s about task %llu does not fit its seal",
				table, (unsigned long long)sql_column_number(statement, 16));
		count++;
		sum += schema_mix(sql_column_number(statement, 16));
	}
	if (count != disk->ledger.unfinished || sum != disk->ledger.unfinished_sum)
		note(findings, "%llu unfinished tasks were found, the ledger has %llu",
			(unsigned long long)count, (unsigned long long)disk->ledger.unfinished);
	if (sql->status == STORE_DAMAGED)
		note(findings, "%s", sql->message);
	if (findings->text[0] != '\0')
		return STORE_DAMAGED;
	return sql->status;
}

enum store_status inspect_database(struct disk *disk, struct inspect_findings *findings)
{
	enum store_status status;

	if (!schema_read_ledger(&disk->writer, &disk->ledger)) {
		if (disk->writer.status != STORE_OK && disk->writer.status != STORE_DAMAGED)
			return disk->writer.status;
		note(findings, "the ledger is missing or does not fit its seal");
		return STORE_DAMAGED;
	}
	status = check_pages(disk, findings);
	if (status == STORE_OK)
		status = check_unfinished(disk, findings);
	return status;
}
