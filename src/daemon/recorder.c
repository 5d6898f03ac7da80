/* SPDX-License-Identifier: Apache-2.0 */
/* Framing, files and bounds are store/journal's; this knows what stands in them. */
#include "daemon/recorder.h"

#include "base/bytes.h"
#include "store/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_VERSION 1
#define SEGMENTS_MAX   8
#define LIMITS_SIZE    (12 * 4)

struct recorder {
	struct journal *journal;
	struct bal_limits limits;
};

struct recorder *recorder_open(
	const char *directory, const struct bal_limits *limits, char *message, size_t message_size)
{
	struct journal_options options = {.directory = directory, .segments_max = SEGMENTS_MAX};
	struct recorder *recorder = calloc(1, sizeof *recorder);

	if (recorder == NULL) {
		snprintf(message, message_size, "there is no memory for the journal");
		return NULL;
	}
	recorder->limits = *limits;
	recorder->journal = journal_open(&options);
	if (recorder->journal != NULL)
		return recorder;
	snprintf(message, message_size, "cannot open the journal in %s: %s", directory,
		strerror(errno));
	free(recorder);
	return NULL;
}

/* The one list of the limits, for writing and for reading. */
#define LIMITS(X)                                                                                  \
	X(tasks_max)                                                                               \
	X(agents_max)                                                                              \
	X(pools_max)                                                                               \
	X(kinds_max)                                                                               \
	X(tenants_max)                                                                             \
	X(limits_max)                                                                              \
	X(lanes_max)                                                                               \
	X(histories_max)                                                                           \
	X(conversations_max)                                                                       \
	X(explanations_max)                                                                        \
	X(orders_max)                                                                              \
	X(effects_max)

void recorder_before(struct recorder *recorder, const struct bal_core *core)
{
	struct bytes_writer writer;
	uint8_t *snapshot;
	void *given;
	size_t size;

	if (!journal_due(recorder->journal))
		return;
	size = bal_core_save_bare(core, NULL, 0);
	snapshot = malloc(LIMITS_SIZE + size);
	if (snapshot == NULL)
		return;
	bytes_writer_init(&writer, snapshot, LIMITS_SIZE);
#define X(name) bytes_put_u32(&writer, recorder->limits.name);
	LIMITS(X)
#undef X
	bal_core_save_bare(core, snapshot + LIMITS_SIZE, size);
	given = snapshot;
	if (!journal_begin(recorder->journal, &given, LIMITS_SIZE + size))
		free(snapshot);
}

void recorder_after(
	struct recorder *recorder, const struct bal_event *event, const struct bal_effects *effects)
{
	uint8_t record[BAL_RECORD_SIZE + BAL_JOB_RESULT_MAX];
	size_t size = bal_event_encode(event, record, sizeof record);

	if (size > 0)
		journal_append(recorder->journal, RECORD_VERSION, bal_effects_digest(0, effects),
			record, size);
}

void recorder_close(struct recorder *recorder)
{
	if (recorder == NULL)
		return;
	journal_close(recorder->journal);
	free(recorder);
}

struct bal_core *recorder_restore(const void *snapshot, size_t size, void **block)
{
	struct bytes_reader reader;
	struct bal_limits limits;
	struct bal_core *core;
	size_t core_size;

	*block = NULL;
	if (size < LIMITS_SIZE)
		return NULL;
	bytes_reader_init(&reader, snapshot, LIMITS_SIZE);
	limits = (struct bal_limits){.trails_max = 0};
#define X(name) limits.name = bytes_get_u32(&reader);
	LIMITS(X)
#undef X
	core_size = bal_core_size(&limits);
	*block = core_size == 0 ? NULL : calloc(1, core_size);
	core = *block == NULL ? NULL : bal_core_init(*block, core_size, &limits);
	if (core != NULL && bal_core_load(core, (const uint8_t *)snapshot + LIMITS_SIZE,
				    size - LIMITS_SIZE) == BAL_OK)
		return core;
	free(*block);
	*block = NULL;
	return NULL;
}
