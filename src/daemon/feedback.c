/* SPDX-License-Identifier: Apache-2.0 */
/* A task's rating lies in the place that its id names, and goes when a later task's takes that: so
 * the store never holds more than the places, and nothing has to be swept. All of them are in
 * memory too, 16 bytes each: then a rating that is not committed yet is known as well, and a
 * question costs no read. */
#include "daemon/feedback.h"

#include "base/bytes.h"
#include "daemon/vitals.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_PREFIX "feedback-"
#define KEY_SIZE   32
#define VALUE_SIZE 16

struct place {
	uint64_t task; /* 0: free */
	int64_t permille;
};

struct feedback {
	struct engine *engine;
	struct place places[FEEDBACK_KEPT];
};

static bool read_record(void *context, const struct store_record *record)
{
	struct feedback *feedback = context;
	struct span key = {record->key.data, record->key.size};
	struct bytes_reader reader;
	struct place place;
	uint64_t number;

	if (!span_starts(key, SPAN(KEY_PREFIX)) ||
		!span_number(span_skip(key, sizeof KEY_PREFIX - 1), FEEDBACK_KEPT - 1, &number))
		return true;
	bytes_reader_init(&reader, record->value.data, record->value.size);
	place.task = bytes_get_u64(&reader);
	place.permille = bytes_get_i64(&reader);
	if (!reader.failed)
		feedback->places[number] = place;
	return true;
}

struct feedback *feedback_open(struct engine *engine)
{
	struct feedback *feedback = calloc(1, sizeof *feedback);
	struct store *from = engine_store(engine);

	if (feedback == NULL)
		return NULL;
	feedback->engine = engine;
	from->ops->scan_records(from, STORE_SPACE_FEEDBACK, read_record, feedback);
	return feedback;
}

void feedback_close(struct feedback *feedback)
{
	free(feedback);
}

int64_t feedback_find(const struct feedback *feedback, uint64_t task)
{
	const struct place *place = &feedback->places[task % FEEDBACK_KEPT];

	return place->task == task ? place->permille : -1;
}

bool feedback_add(
	struct feedback *feedback, uint64_t task, uint32_t kind, int64_t satisfaction_permille)
{
	struct store *to = engine_store(feedback->engine);
	struct store_op op = {.type = STORE_PUT_RECORD, .lazy = true};
	uint64_t number = task % FEEDBACK_KEPT;
	uint8_t value[VALUE_SIZE];
	struct bytes_writer writer;
	char key[KEY_SIZE];

	bytes_writer_init(&writer, value, sizeof value);
	bytes_put_u64(&writer, task);
	bytes_put_i64(&writer, satisfaction_permille);
	op.record.space = STORE_SPACE_FEEDBACK;
	op.record.key.data = key;
	op.record.key.size = (uint32_t)snprintf(key, sizeof key, KEY_PREFIX "%05" PRIu64, number);
	op.record.value = (struct store_bytes){value, (uint32_t)writer.used};
	if (to->ops->submit(to, &op, NULL) != STORE_OK)
		return false;
	feedback->places[number] = (struct place){.task = task, .permille = satisfaction_permille};
	vitals_post(feedback->engine, BAL_SUBJECT_KIND, kind, BAL_SIGNAL_TASK_SATISFACTION,
		satisfaction_permille);
	return true;
}
