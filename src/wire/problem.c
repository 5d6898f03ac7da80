/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `title` is the status' phrase, since RFC 9457 wants it to stay the same for a type; what is
 * special about this occurrence stands in `detail`.
 */
#include "wire/problem.h"

#include "wire/http.h"
#include "wire/jsonwrite.h"

static void write_type(struct json_writer *writer, const char *word)
{
	char memory[sizeof(PROBLEM_TYPE_PREFIX) + 64];
	struct buffer type;
	buffer_init_fixed(&type, memory, sizeof(memory));
	buffer_append_text(&type, PROBLEM_TYPE_PREFIX);
	buffer_append_text(&type, word);
	json_key(writer, "type");
	json_put_text(writer, type.failed ? SPAN("about:blank") : buffer_span(&type));
}

void problem_write(struct buffer *buffer, const struct problem *problem)
{
	struct json_writer writer;
	json_writer_init(&writer, buffer);
	json_open(&writer, '{');
	write_type(&writer, problem->type);
	json_key(&writer, "title");
	json_put_word(&writer, http_status_text(problem->status));
	json_key(&writer, "status");
	json_put_unsigned(&writer, problem->status);
	if (problem->detail.at) {
		json_key(&writer, "detail");
		json_put_text(&writer, problem->detail);
	}
	if (problem->instance.at) {
		json_key(&writer, "instance");
		json_put_text(&writer, problem->instance);
	}
	if (problem->retry_after_ms > 0) {
		json_key(&writer, "retry_after_s");
		json_put_decimal(&writer, problem->retry_after_ms, 3);
	}
	if (problem->member_key) {
		json_key(&writer, problem->member_key);
		json_put_raw(&writer, problem->member);
	}
	json_close(&writer);
}
