/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-decoding, queries, URLs, quantities and command lines: all that reads short texts. */
#include "base/assert.h"
#include "target.h"
#include "wire/argv.h"
#include "wire/quantity.h"
#include "wire/url.h"

#include <string.h>

enum { TEXT_SIZE_MAX = 4096 };

/* What decodes is the same after encoding and decoding again. */
static void check_decoding(struct span text)
{
	struct buffer first, second, encoded;
	buffer_init(&first, TEXT_SIZE_MAX);
	buffer_init(&second, TEXT_SIZE_MAX);
	buffer_init(&encoded, TEXT_SIZE_MAX * 3);
	if (url_decode_query(&first, text)) {
		url_encode(&encoded, buffer_span(&first));
		bal_assert(url_decode_query(&second, buffer_span(&encoded)));
		bal_assert(span_equal(buffer_span(&first), buffer_span(&second)));
	}
	buffer_clear(&first);
	if (url_decode_path(&first, text))
		bal_assert(first.size <= text.size);
	buffer_release(&first);
	buffer_release(&second);
	buffer_release(&encoded);
}

static void check_query(struct span text)
{
	struct url_parameter parameters[] = {{"a", {NULL, 0}}, {"bc", {NULL, 0}}};
	struct buffer memory;
	struct span wrong;
	buffer_init(&memory, TEXT_SIZE_MAX);
	if (url_query_read(text, parameters, 2, &memory, &wrong))
		bal_assert(memory.size <= text.size);
	buffer_release(&memory);
}

static void check_quantities(struct span text)
{
	for (enum quantity kind = 0; kind < QUANTITY_KIND_COUNT; kind++) {
		char memory[64];
		struct buffer written;
		int64_t value, again;
		if (!quantity_read(text, kind, &value))
			continue;
		bal_assert(value >= 0);
		buffer_init_fixed(&written, memory, sizeof(memory));
		quantity_write(&written, kind, value);
		bal_assert(!written.failed);
		bal_assert(quantity_read(buffer_span(&written), kind, &again) && again == value);
	}
}

static void check_argv(struct span text)
{
	static char memory[TEXT_SIZE_MAX + 1];
	const char *items[ARGV_COUNT_MAX];
	char error[ARGV_ERROR_SIZE];
	uint32_t count;
	if (!argv_split(text, memory, items, &count, error))
		return;
	bal_assert(count >= 1 && items[0][0] != 0);
	for (uint32_t i = 0; i < count; i++)
		argv_check(items[i], ARGV_AGENT, error);
	bal_assert(items[count - 1] + strlen(items[count - 1]) <= memory + text.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct span values[2];
	struct url url;
	uint32_t count;
	if (size > TEXT_SIZE_MAX)
		return 0;
	check_decoding(text);
	check_query(text);
	check_quantities(text);
	check_argv(text);
	if (url_read(text, &url))
		bal_assert(url.port > 0 && url.path.at[0] == '/');
	if (url_match(text, "/{}/a/{}", values, 2, &count))
		bal_assert(count == 2 && values[0].size > 0 && values[1].size > 0);
	return 0;
}
