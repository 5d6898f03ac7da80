/* SPDX-License-Identifier: Apache-2.0 */
/* The form is that of run directories. A claim that cannot be read in full is none: an instance
 * whose claim is lost is found again by a list, under our own name. */
#include "provider/claim.h"

#include "provider/runfile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CLAIM_SIZE 1024
#define NAME_SIZE  32
#define SEEN_ALL   127u

static void name_claim(const struct claim *claim, char name[static NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%" PRIu64, claim->agent);
}

bool claim_save(int directory_fd, const struct claim *claim)
{
	char data[CLAIM_SIZE];
	char name[NAME_SIZE];
	struct runfile_writer writer;
	runfile_writer_init(&writer, data, sizeof data);
	runfile_put_number(&writer, "state", (int64_t)claim->state);
	runfile_put_number(&writer, "agent", (int64_t)claim->agent);
	runfile_put_number(&writer, "order", (int64_t)claim->order);
	runfile_put_number(&writer, "number", claim->number);
	runfile_put_text(&writer, "pool", claim->pool);
	runfile_put_text(&writer, "id", claim->id);
	runfile_put_text(&writer, "url", claim->url);
	size_t size = runfile_finish(&writer);
	name_claim(claim, name);
	return size > 0 && runfile_save(directory_fd, name, data, size, true);
}

static bool take_text(const struct runfile_field *field, char *to, size_t size)
{
	if (!runfile_text(field) || field->size >= size)
		return false;
	memcpy(to, field->value, field->size + 1);
	return true;
}

/* What the reader has seen: numbers as they stand, a bit for each field. */
struct claim_reader {
	int64_t state, agent, order, number;
	unsigned seen;
};

static bool take_field(
	struct claim *claim, struct claim_reader *reading, const struct runfile_field *field)
{
	const struct {
		const char *key;
		int64_t *number;
		char *text;
		size_t size;
	} rows[] = {
		{"state", &reading->state, NULL, 0},
		{"agent", &reading->agent, NULL, 0},
		{"order", &reading->order, NULL, 0},
		{"number", &reading->number, NULL, 0},
		{"pool", NULL, claim->pool, sizeof claim->pool},
		{"id", NULL, claim->id, sizeof claim->id},
		{"url", NULL, claim->url, sizeof claim->url},
	};
	for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
		if (strcmp(rows[index].key, field->key) != 0)
			continue;
		if ((reading->seen >> index & 1) != 0)
			return false;
		reading->seen |= 1u << index;
		if (rows[index].number != NULL)
			return runfile_number(field, rows[index].number);
		return take_text(field, rows[index].text, rows[index].size);
	}
	return false;
}

bool claim_load(int directory_fd, const char *name, struct claim *claim)
{
	char data[CLAIM_SIZE];
	struct runfile_reader reader;
	struct runfile_field field;
	struct claim_reader reading = {.seen = 0};
	memset(claim, 0, sizeof *claim);
	ssize_t size = runfile_load(directory_fd, name, data, sizeof data);
	if (size <= 0)
		return false;
	runfile_reader_init(&reader, data, (size_t)size);
	while (runfile_next(&reader, &field)) {
		if (!take_field(claim, &reading, &field))
			return false;
	}
	if (!reader.ended || reading.seen != SEEN_ALL || reading.agent == 0 ||
		reading.state < CLAIM_WANTED || reading.state > CLAIM_ENDING ||
		reading.number < 0 || reading.number > UINT32_MAX || claim->pool[0] == '\0')
		return false;
	claim->state = (enum claim_state)reading.state;
	claim->agent = (uint64_t)reading.agent;
	claim->order = (uint64_t)reading.order;
	claim->number = (uint32_t)reading.number;
	return true;
}

void claim_remove(int directory_fd, const struct claim *claim)
{
	char name[NAME_SIZE];
	name_claim(claim, name);
	(void)unlinkat(directory_fd, name, 0);
}
