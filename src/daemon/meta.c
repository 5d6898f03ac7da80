/* SPDX-License-Identifier: Apache-2.0 */
/* A column for each would cost every task a byte and the store a new version for each idea. */
#include "daemon/meta.h"

#include "wire/json.h"
#include "wire/jsonwrite.h"

static const char SIZE_KEY[] = "size_ns";
static const char PARENT_WAITS_KEY[] = "parent_waits";

/* traceparent and its companions, which travel on to the agent. */
static void put_trace(struct json_writer *writer, const struct http_reader *head)
{
	static const enum http_field_id fields[] = {
		HTTP_FIELD_TRACEPARENT, HTTP_FIELD_TRACESTATE, HTTP_FIELD_BAGGAGE};

	for (uint32_t i = 0; head != NULL && i < sizeof fields / sizeof fields[0]; i++) {
		struct span value = http_field_get(head, fields[i]);

		if (value.at == NULL)
			continue;
		json_key(writer, http_field_text(fields[i]));
		json_put_text(writer, value);
	}
}

void meta_write(const struct job *job, const struct http_reader *head, struct buffer *to)
{
	struct json_writer writer;

	json_writer_init(&writer, to);
	json_open(&writer, '{');
	if (job->size_ns > 0) {
		json_key(&writer, SIZE_KEY);
		json_put_signed(&writer, job->size_ns);
	}
	if ((job->flags & BAL_TASK_PARENT_WAITS) != 0) {
		json_key(&writer, PARENT_WAITS_KEY);
		json_put_bool(&writer, true);
	}
	put_trace(&writer, head);
	json_close(&writer);
	if (to->size == sizeof "{}" - 1 || to->failed)
		buffer_clear(to);
}

void meta_read(struct job *job)
{
	struct json json = {NULL, NULL};
	struct json_error error;
	int64_t size_ns;

	if (job->meta.size == 0 || !json_read(&json, job->meta, job->meta.size, &error))
		return;
	size_ns = yyjson_get_sint(yyjson_obj_get(json.root, SIZE_KEY));
	if (size_ns > 0)
		job->size_ns = size_ns;
	if (yyjson_is_true(yyjson_obj_get(json.root, PARENT_WAITS_KEY)))
		job->flags |= BAL_TASK_PARENT_WAITS;
	json_release(&json);
}
