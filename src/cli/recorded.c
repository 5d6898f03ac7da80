/* SPDX-License-Identifier: Apache-2.0 */
/* The recording holds events only; effects are what the core says to them again. */
#include "cli/recorded.h"

#include "base/num.h"
#include "daemon/recorder.h"

#include <stdio.h>
#include <stdlib.h>

#define EFFECTS_ROOM 256

bool recorded_ledger(
	struct journal_reader *reader, struct ledger *ledger, char *message, size_t message_size)
{
	struct bal_effect items[EFFECTS_ROOM];
	struct bal_effects effects = {.items = items, .capacity = EFFECTS_ROOM};
	struct journal_record record;
	struct bal_event event;
	void *block;
	struct bal_core *core = recorder_restore(reader->snapshot, reader->snapshot_size, &block);

	ledger_init(ledger, true);
	if (core == NULL) {
		snprintf(message, message_size, "its snapshot is damaged or of another version");
		return false;
	}
	/* A record that cannot be read ends the recording, as a torn tail does. */
	while (journal_read(reader, &record) &&
		bal_event_decode(&event, record.data, record.size) > 0) {
		enum bal_status status = bal_step(core, &event, &effects);

		ledger_note(ledger, core, &event, status, &effects);
	}
	free(block);
	if (ledger->has_failed)
		snprintf(message, message_size, "no memory");
	return !ledger->has_failed;
}

static bool fill(struct recording *recording, const struct ledger *ledger)
{
	recording->arrivals = calloc(ledger->task_count + 1, sizeof *recording->arrivals);
	if (recording->arrivals == NULL)
		return false;
	for (uint32_t i = 0; i < ledger->task_count; i++) {
		const struct ledger_task *task = &ledger->tasks[i];
		int64_t at_ns = task->submitted_at_ns;

		if (task->end_state != BAL_TASK_SUCCEEDED || task->last == LEDGER_NONE)
			continue;
		/* Restored tasks come in the order of ids, which need not be that of time. */
		if (recording->count > 0)
			at_ns = num_max_i64(at_ns, recording->arrivals[recording->count - 1].at_ns);
		recording->arrivals[recording->count++] = (struct course_arrival){.at_ns = at_ns,
			.work_ns = num_max_i64(1, ledger->attempts[task->last].service_ns)};
	}
	return true;
}

bool recorded_arrivals(
	struct recording *recording, const char *path, char *message, size_t message_size)
{
	char problem[160] = "no memory";
	struct journal_reader reader;
	struct ledger ledger;
	size_t size;
	void *bytes = journal_load(path, &size);
	bool went = false;

	*recording = (struct recording){.count = 0};
	message[0] = '\0';
	if (bytes == NULL || journal_reader_init(&reader, bytes, size) != JOURNAL_READ) {
		free(bytes);
		return false;
	}
	if (recorded_ledger(&reader, &ledger, problem, sizeof problem))
		went = fill(recording, &ledger);
	if (went && recording->count < 2) {
		snprintf(problem, sizeof problem, "fewer than two tasks that succeeded");
		went = false;
	}
	if (!went) {
		snprintf(message, message_size, "%s: %s", path, problem);
		recording_release(recording);
	}
	ledger_release(&ledger);
	free(bytes);
	return went;
}
