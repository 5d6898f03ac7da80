/* SPDX-License-Identifier: Apache-2.0 */
/* A small table; each place is a record in the store under its number, so that the store never
 * holds more than the table. What has ended is a free place. */
#include "daemon/silence.h"

#include "base/bytes.h"
#include "core/rule.h"
#include "daemon/alertview.h"
#include "daemon/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE   24
#define VALUE_SIZE 1024

struct silences {
	struct engine *engine;
	struct silence items[SILENCES_MAX]; /* id 0: free */
	uint64_t id_last;
};

static bool lives(const struct silence *silence)
{
	return silence->id != 0 && silence->until_utc_ns > clock_utc_ns();
}

/* ---- the store ---- */

static void store(struct silences *silences, const struct silence *silence)
{
	struct store *to = engine_store(silences->engine);
	struct store_op op = {.type = STORE_PUT_RECORD};
	uint8_t value[VALUE_SIZE];
	struct bytes_writer writer;
	char key[KEY_SIZE];

	bytes_writer_init(&writer, value, sizeof value);
	bytes_put_u64(&writer, silence->id);
	bytes_put_i64(&writer, silence->until_utc_ns);
	bytes_put_blob(&writer, silence->alert, strlen(silence->alert));
	bytes_put_blob(&writer, silence->name, strlen(silence->name));
	bytes_put_blob(&writer, silence->reason, strlen(silence->reason));
	op.record.space = STORE_SPACE_ENGINE;
	op.record.key.data = key;
	op.record.key.size = (uint32_t)snprintf(
		key, sizeof key, "silence-%02d", (int)(silence - silences->items));
	op.record.value = (struct store_bytes){value, (uint32_t)writer.used};
	if (!writer.overflow)
		to->ops->submit(to, &op, NULL);
}

static bool read_text(struct bytes_reader *reader, char text[SILENCE_TEXT_SIZE])
{
	size_t size;
	const uint8_t *bytes = bytes_get_blob(reader, &size);

	if (reader->failed || size >= SILENCE_TEXT_SIZE)
		return false;
	memcpy(text, bytes, size);
	text[size] = '\0';
	return true;
}

static bool read_record(void *context, const struct store_record *record)
{
	struct silences *silences = context;
	struct span key = {record->key.data, record->key.size};
	struct silence silence;
	struct bytes_reader reader;
	uint64_t place;

	if (!span_starts(key, SPAN("silence-")) ||
		!span_number(span_skip(key, 8), SILENCES_MAX - 1, &place))
		return true;
	bytes_reader_init(&reader, record->value.data, record->value.size);
	silence.id = bytes_get_u64(&reader);
	silence.until_utc_ns = bytes_get_i64(&reader);
	if (!read_text(&reader, silence.alert) || !read_text(&reader, silence.name) ||
		!read_text(&reader, silence.reason))
		return true;
	silences->items[place] = silence;
	if (silence.id > silences->id_last)
		silences->id_last = silence.id;
	return true;
}

struct silences *silences_open(struct engine *engine)
{
	struct silences *silences = calloc(1, sizeof *silences);
	struct store *from = engine_store(engine);

	if (silences == NULL)
		return NULL;
	silences->engine = engine;
	from->ops->scan_records(from, STORE_SPACE_ENGINE, read_record, silences);
	return silences;
}

void silences_close(struct silences *silences)
{
	free(silences);
}

/* ---- the table ---- */

uint64_t silences_add(struct silences *silences, const struct silence *silence)
{
	for (uint32_t i = 0; i < SILENCES_MAX; i++) {
		struct silence *item = &silences->items[i];

		if (lives(item))
			continue;
		*item = *silence;
		item->id = ++silences->id_last;
		store(silences, item);
		return item->id;
	}
	return 0;
}

bool silences_end(struct silences *silences, uint64_t id)
{
	for (uint32_t i = 0; i < SILENCES_MAX; i++) {
		struct silence *item = &silences->items[i];

		if (item->id != id || !lives(item))
			continue;
		item->until_utc_ns = clock_utc_ns();
		store(silences, item);
		return true;
	}
	return false;
}

const struct silence *silences_find(const struct silences *silences, const struct bal_alert *alert)
{
	char rule[RULE_NAME_SIZE], name[ALERTVIEW_NAME_SIZE];

	rule_name(alert->rule, rule);
	alertview_name(silences->engine, alert->subject, alert->subject_id, name);
	for (uint32_t i = 0; i < SILENCES_MAX; i++) {
		const struct silence *item = &silences->items[i];
		bool about = item->alert[0] == '\0' ||
			     strcmp(item->alert, alertview_word(alert)) == 0 ||
			     strcmp(item->alert, rule) == 0;

		if (lives(item) && about &&
			(item->name[0] == '\0' || strcmp(item->name, name) == 0))
			return item;
	}
	return NULL;
}

void silence_write(const struct silence *silence, struct json_writer *writer)
{
	json_open(writer, '{');
	json_key(writer, "id");
	json_put_id(writer, silence->id);
	json_key(writer, "alert");
	json_put_word(writer, silence->alert[0] == '\0' ? NULL : silence->alert);
	json_key(writer, "name");
	json_put_word(writer, silence->name[0] == '\0' ? NULL : silence->name);
	json_key(writer, "until");
	instant_put(writer, silence->until_utc_ns);
	json_key(writer, "reason");
	json_put_word(writer, silence->reason);
	json_close(writer);
}

void silences_write(const struct silences *silences, struct json_writer *writer)
{
	for (uint32_t i = 0; i < SILENCES_MAX; i++)
		if (lives(&silences->items[i]))
			silence_write(&silences->items[i], writer);
}
