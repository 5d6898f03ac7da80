/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How writing works: the owner fills chunks of memory, the thread writes them in order. A chunk
 * that begins a segment carries its header and snapshot. When memory is short the owner drops the
 * record and asks for a new segment, since a replay cannot go on over a hole; the thread does the
 * same when a write fails. Nothing here is synced: after a power cut the journal may end early, and
 * its reader copes with that.
 */
#include "store/journal.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_SIZE (UINT64_C(256) << 10)

struct chunk {
	struct chunk *next;
	uint64_t number; /* of its segment */
	bool begins;     /* the segment, with a snapshot */
	void *snapshot;  /* owned */
	size_t snapshot_size;
	size_t used;
	size_t size;
	uint64_t records;
	uint8_t bytes[];
};

struct journal {
	char *directory;
	uint64_t segment_size_max;
	uint32_t segments_max;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;

	/* Under the lock. */
	struct chunk *first;
	struct chunk *last;
	uint64_t pending_size;
	uint64_t segment_size; /* records accepted for the segment */
	uint64_t number;       /* of the last segment */
	int64_t retry_at_ns;
	bool started;      /* there is a segment to append to */
	bool snapshot_due; /* one waits to be written */
	bool closing;
	struct journal_counts counts;

	int fd; /* the thread's; -1: none */
};

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static bool write_all(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size > 0) {
		ssize_t count = write(fd, at, size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		at += count;
		size -= (size_t)count;
	}
	return true;
}

static bool write_header(int fd, const struct chunk *chunk)
{
	uint8_t header[JOURNAL_HEADER_SIZE];
	struct bytes_writer writer;

	bytes_writer_init(&writer, header, sizeof(header));
	bytes_put_u64(&writer, JOURNAL_MAGIC);
	bytes_put_u32(&writer, JOURNAL_VERSION);
	bytes_put_u32(&writer, 0);
	bytes_put_u64(&writer, chunk->number);
	bytes_put_i64(&writer, read_clock(CLOCK_REALTIME));
	bytes_put_u64(&writer, chunk->snapshot_size);
	bytes_put_u32(&writer, checksum_crc32c(0, chunk->snapshot, chunk->snapshot_size));
	bytes_put_u32(&writer, checksum_crc32c(0, header, writer.used));
	bal_assert(writer.used == sizeof(header));
	return write_all(fd, header, sizeof(header)) &&
	       write_all(fd, chunk->snapshot, chunk->snapshot_size);
}

/* Keeps segments_max files, the one that begins among them. */
static void delete_oldest(struct journal *journal)
{
	uint64_t *numbers = calloc(JOURNAL_SEGMENTS_MAX, sizeof(*numbers));
	uint32_t count;

	if (numbers == NULL)
		return;
	count = journal_list(journal->directory, numbers, JOURNAL_SEGMENTS_MAX);
	for (uint32_t i = 0; i + journal->segments_max <= count; i++) {
		char path[JOURNAL_PATH_SIZE_MAX];

		if (journal_path(journal->directory, numbers[i], path))
			unlink(path);
	}
	free(numbers);
}

static bool start_segment(struct journal *journal, const struct chunk *chunk)
{
	char path[JOURNAL_PATH_SIZE_MAX];

	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
	delete_oldest(journal);
	if (!journal_path(journal->directory, chunk->number, path))
		return false;
	journal->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return journal->fd >= 0 && write_header(journal->fd, chunk);
}

static bool write_chunk(struct journal *journal, const struct chunk *chunk)
{
	if (chunk->begins && !start_segment(journal, chunk))
		return false;
	/* Without a file a write before has failed: the rest of that segment is of no use. */
	return journal->fd >= 0 && write_all(journal->fd, chunk->bytes, chunk->used);
}

static void handle_chunk(struct journal *journal, struct chunk *chunk)
{
	bool done = write_chunk(journal, chunk);
	int error = errno;

	if (!done && journal->fd >= 0) {
		close(journal->fd);
		journal->fd = -1;
	}
	pthread_mutex_lock(&journal->lock);
	journal->pending_size -= chunk->size;
	if (chunk->begins)
		journal->snapshot_due = false;
	if (done) {
		journal->counts.segments += chunk->begins;
		journal->counts.error = 0;
	} else {
		journal->counts.dropped += chunk->records;
		journal->counts.error = error;
		journal->retry_at_ns = read_clock(CLOCK_MONOTONIC) + JOURNAL_RETRY_NS;
		if (journal->number == chunk->number)
			journal->started = false;
	}
	pthread_mutex_unlock(&journal->lock);
	free(chunk->snapshot);
	free(chunk);
}

/* True when a chunk should be written now and not when there is more to write with it. */
static bool is_ripe(const struct journal *journal)
{
	const struct chunk *chunk = journal->first;

	return chunk == NULL || chunk->next != NULL || chunk->begins || journal->closing;
}

/* Waits until there is something, then a little more, so that records are written by the many. */
static struct chunk *take_chunk(struct journal *journal)
{
	struct chunk *chunk;
	int64_t until_ns;

	pthread_mutex_lock(&journal->lock);
	while (journal->first == NULL && !journal->closing)
		pthread_cond_wait(&journal->wake, &journal->lock);
	until_ns = read_clock(CLOCK_MONOTONIC) + JOURNAL_FLUSH_NS;
	while (!is_ripe(journal)) {
		struct timespec until = {
			.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};

		if (pthread_cond_timedwait(&journal->wake, &journal->lock, &until) == ETIMEDOUT)
			break;
	}
	chunk = journal->first;
	if (chunk != NULL)
		journal->first = chunk->next;
	if (journal->first == NULL)
		journal->last = NULL;
	pthread_mutex_unlock(&journal->lock);
	return chunk;
}

static void *run_writer(void *argument)
{
	struct journal *journal = argument;
	struct chunk *chunk;

	while ((chunk = take_chunk(journal)) != NULL)
		handle_chunk(journal, chunk);
	return NULL;
}

static void free_journal(struct journal *journal)
{
	pthread_cond_destroy(&journal->wake);
	pthread_mutex_destroy(&journal->lock);
	free(journal->directory);
	free(journal);
}

struct journal *journal_open(const struct journal_options *options)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	pthread_condattr_t attributes;
	int error;

	if (journal == NULL)
		return NULL;
	journal->fd = -1;
	journal->segment_size_max =
		options->segment_size_max != 0 ? options->segment_size_max : JOURNAL_SEGMENT_SIZE;
	journal->segments_max = options->segments_max > 0 ? options->segments_max : 1;
	pthread_mutex_init(&journal->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&journal->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	journal->directory = strdup(options->directory);
	error = journal->directory == NULL ? ENOMEM : 0;
	if (error == 0 && mkdir(journal->directory, 0700) != 0 && errno != EEXIST)
		error = errno;
	if (error == 0) {
		journal_list(journal->directory, &journal->number, 1);
		error = pthread_create(&journal->thread, NULL, run_writer, journal);
	}
	if (error == 0)
		return journal;
	free_journal(journal);
	errno = error;
	return NULL;
}

void journal_close(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	journal->closing = true;
	pthread_cond_signal(&journal->wake);
	pthread_mutex_unlock(&journal->lock);
	pthread_join(journal->thread, NULL);
	if (journal->fd >= 0)
		close(journal->fd);
	free_journal(journal);
}

bool journal_due(struct journal *journal)
{
	bool due;

	pthread_mutex_lock(&journal->lock);
	due = !journal->snapshot_due &&
	      (!journal->started || journal->segment_size >= journal->segment_size_max);
	if (due && journal->retry_at_ns != 0 && read_clock(CLOCK_MONOTONIC) < journal->retry_at_ns)
		due = false;
	pthread_mutex_unlock(&journal->lock);
	return due;
}

static struct chunk *make_chunk(size_t size)
{
	struct chunk *chunk = malloc(sizeof(*chunk) + size);

	if (chunk == NULL)
		return NULL;
	memset(chunk, 0, sizeof(*chunk));
	chunk->size = size;
	return chunk;
}

/* Under the lock. */
static void add_chunk(struct journal *journal, struct chunk *chunk)
{
	chunk->number = journal->number;
	if (journal->last != NULL)
		journal->last->next = chunk;
	else
		journal->first = chunk;
	journal->last = chunk;
	journal->pending_size += chunk->size;
	pthread_cond_signal(&journal->wake);
}

bool journal_begin(struct journal *journal, void **take_snapshot, size_t size)
{
	struct chunk *chunk;
	bool begun = false;

	if (size > JOURNAL_SNAPSHOT_SIZE_MAX)
		return false;
	chunk = make_chunk(CHUNK_SIZE);
	if (chunk == NULL)
		return false;
	pthread_mutex_lock(&journal->lock);
	if (!journal->snapshot_due) {
		journal->number++;
		chunk->begins = true;
		chunk->snapshot = *take_snapshot;
		chunk->snapshot_size = size;
		*take_snapshot = NULL;
		add_chunk(journal, chunk);
		journal->snapshot_due = true;
		journal->started = true;
		journal->segment_size = 0;
		journal->retry_at_ns = 0;
		begun = true;
	}
	pthread_mutex_unlock(&journal->lock);
	if (!begun)
		free(chunk);
	return begun;
}

/* Room for so many bytes at the end of the last chunk; NULL when there is none and may be none. */
static struct chunk *find_room(struct journal *journal, size_t size)
{
	size_t chunk_size = size > CHUNK_SIZE ? size : CHUNK_SIZE;
	struct chunk *chunk = journal->last;

	if (!journal->started || journal->segment_size + size > 2 * journal->segment_size_max)
		return NULL;
	if (chunk != NULL && chunk->size - chunk->used >= size)
		return chunk;
	if (journal->pending_size + chunk_size > JOURNAL_PENDING_SIZE_MAX)
		return NULL;
	chunk = make_chunk(chunk_size);
	if (chunk != NULL)
		add_chunk(journal, chunk);
	return chunk;
}

static void put_record(
	struct chunk *chunk, uint32_t version, uint64_t digest, const void *data, size_t size)
{
	uint8_t *at = chunk->bytes + chunk->used;
	struct bytes_writer writer;
	uint32_t seal;

	bytes_writer_init(&writer, at, JOURNAL_RECORD_HEADER_SIZE + size);
	bytes_put_u32(&writer, (uint32_t)size);
	bytes_put_u32(&writer, version);
	bytes_put_u64(&writer, digest);
	seal = checksum_crc32c(0, at, writer.used);
	bytes_put_u32(&writer, checksum_crc32c(seal, data, size));
	bytes_put_raw(&writer, data, size);
	bal_assert(!writer.overflow);
	chunk->used += writer.used;
	chunk->records++;
}

bool journal_append(
	struct journal *journal, uint32_t version, uint64_t digest, const void *data, size_t size)
{
	struct chunk *chunk = NULL;

	pthread_mutex_lock(&journal->lock);
	if (size <= JOURNAL_RECORD_SIZE_MAX)
		chunk = find_room(journal, JOURNAL_RECORD_HEADER_SIZE + size);
	if (chunk != NULL) {
		put_record(chunk, version, digest, data, size);
		journal->segment_size += JOURNAL_RECORD_HEADER_SIZE + size;
		journal->counts.records++;
	} else {
		journal->counts.dropped++;
		journal->started = false;
	}
	pthread_mutex_unlock(&journal->lock);
	return chunk != NULL;
}

void journal_count(struct journal *journal, struct journal_counts *counts)
{
	pthread_mutex_lock(&journal->lock);
	*counts = journal->counts;
	pthread_mutex_unlock(&journal->lock);
}
