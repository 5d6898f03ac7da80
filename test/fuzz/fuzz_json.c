/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON from outside. What is accepted has no duplicate keys and no depth that a second reading
 * would refuse; the bytes of each member are a JSON value on their own; a text written anew reads
 * the same.
 */
#include "base/assert.h"
#include "target.h"
#include "wire/json.h"
#include "wire/jsonwrite.h"

#include <string.h>

enum { SIZE_MAX_BYTES = 1 << 16 };

static void check_text(yyjson_val *value)
{
	struct json_writer writer;
	struct json_error error;
	struct buffer buffer;
	struct json again;
	if (!yyjson_is_str(value))
		return;
	buffer_init(&buffer, SIZE_MAX_BYTES * 8);
	json_writer_init(&writer, &buffer);
	json_put_text(&writer, json_text(value));
	bal_assert(json_writer_done(&writer));
	bal_assert(json_read(&again, buffer_span(&buffer), SIZE_MAX_BYTES * 8, &error));
	bal_assert(span_equal(json_text(again.root), json_text(value)));
	json_release(&again);
	buffer_release(&buffer);
}

static void check_members(const struct json *json, struct span text)
{
	size_t index, count;
	yyjson_val *key, *value;
	if (!yyjson_is_obj(json->root))
		return;
	yyjson_obj_foreach(json->root, index, count, key, value)
	{
		struct json_error error;
		struct json member;
		struct span bytes = json_member_text(json, text, json_text(key));
		bal_assert(bytes.at >= text.at && bytes.at + bytes.size <= text.at + text.size);
		bal_assert(json_read(&member, bytes, SIZE_MAX_BYTES, &error));
		bal_assert(yyjson_get_type(member.root) == yyjson_get_type(value));
		json_release(&member);
		check_text(key);
		check_text(value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span kind = {NULL, 0}, text = {(const char *)data, size};
	const struct json_field fields[] = {{"kind", JSON_TEXT, true, 1, 8, 0}};
	struct json_error error;
	struct json json;
	error.text[0] = 0;
	if (!json_read(&json, text, SIZE_MAX_BYTES, &error)) {
		bal_assert(error.text[0] != 0 && json.root == NULL);
		return 0;
	}
	check_members(&json, text);
	if (json_read_object(json.root, fields, 1, &kind, &error))
		bal_assert(kind.size >= 1 && kind.size <= 8);
	json_release(&json);
	return 0;
}
