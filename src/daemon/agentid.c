/* SPDX-License-Identifier: Apache-2.0 */
/* A record per agent: its key is the hash of pool and name, which may be longer than a key; its
 * value is the id and both, since hashes meet.  The note is lazy: a crash right after the first
 * start costs a new id and nothing else. */
#include "daemon/agentid.h"

#include "base/bytes.h"
#include "base/checksum.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY_SIZE   32
#define VALUE_SIZE 512

struct wanted {
	const char *pool;
	const char *name;
	uint64_t id; /* 0: not found */
};

static bool is_text(struct bytes_reader *reader, const char *expected)
{
	size_t size;
	const uint8_t *bytes = bytes_get_blob(reader, &size);

	return span_equal((struct span){(const char *)bytes, size}, span_of(expected));
}

static bool read_record(void *context, const struct store_record *record)
{
	struct wanted *wanted = context;
	struct bytes_reader reader;
	uint64_t id;

	bytes_reader_init(&reader, record->value.data, record->value.size);
	id = bytes_get_u64(&reader);
	if (is_text(&reader, wanted->pool) && is_text(&reader, wanted->name) && !reader.failed)
		wanted->id = id;
	return true;
}

static void note(struct engine *engine, struct store_bytes key, const struct wanted *wanted)
{
	struct store *store = engine_store(engine);
	struct store_op op = {.type = STORE_PUT_RECORD, .lazy = true};
	uint8_t value[VALUE_SIZE];
	struct bytes_writer writer;

	bytes_writer_init(&writer, value, sizeof value);
	bytes_put_u64(&writer, wanted->id);
	bytes_put_blob(&writer, wanted->pool, strlen(wanted->pool));
	bytes_put_blob(&writer, wanted->name, strlen(wanted->name));
	if (writer.overflow)
		return; /* a name that long starts anew each time */
	op.record.space = STORE_SPACE_ENGINE;
	op.record.key = key;
	op.record.value = (struct store_bytes){value, (uint32_t)writer.used};
	store->ops->submit(store, &op, NULL);
}

uint64_t agentid_get(struct engine *engine, const char *pool, const char *name)
{
	struct store *store = engine_store(engine);
	struct wanted wanted = {pool, name, 0};
	uint64_t hash = checksum_hash64(1, pool, strlen(pool));
	char text[KEY_SIZE];
	struct store_bytes key = {text, 0};

	hash = checksum_hash64(hash, name, strlen(name));
	key.size = (uint32_t)snprintf(text, sizeof text, "agent-%016" PRIx64, hash);
	store->ops->get_record(store, STORE_SPACE_ENGINE, key, read_record, &wanted);
	if (wanted.id != 0 && roster_find(engine_roster(engine), wanted.id) == NULL)
		return wanted.id;
	wanted.id = engine_mint(engine);
	if (wanted.id != 0)
		note(engine, key, &wanted);
	return wanted.id;
}
