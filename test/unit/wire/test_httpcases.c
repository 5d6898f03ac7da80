/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile requests and responses of $BALLAST_SHARED/http_cases, as far as they can be judged
 * without a socket: what the reader accepts, refuses or waits for, which bodies it hands out, and
 * that none of it depends on how the bytes were cut into reads. Skipped when the folder is not
 * there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/httpread.h"

#include <yyjson.h>

enum {
	LINE_SIZE_MAX = 1 << 20,
	MESSAGES_MAX = 8,
	PATH_SIZE_MAX = 4096,
	STREAM_SIZE_MAX = 8 << 20,
	STREAM_SIZE_CUT = 1 << 16 /* longer streams are not read byte by byte */
};

/* What came out of one stream. */
struct outcome {
	unsigned done;
	bool refused;
	bool smuggled;
	bool keep_alive;
	bool lied; /* bytes were left over behind a response */
	unsigned status;
	enum http_reason reason;
	struct buffer bodies[MESSAGES_MAX];
};

static unsigned failures;

static void report(const char *id, const char *what, const struct outcome *outcome)
{
	printf("%s: %s (done %u, refused %d %s)\n", id, what, outcome->done, outcome->refused,
		http_reason_word(outcome->reason));
	failures++;
}

static int decode_sextet(char letter)
{
	const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = letter ? strchr(alphabet, letter) : NULL;
	return found ? (int)(found - alphabet) : -1;
}

static void append_base64(struct buffer *buffer, const char *text)
{
	unsigned bits = 0, count = 0;
	for (; *text && *text != '='; text++) {
		bits = bits << 6 | (unsigned)decode_sextet(*text);
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		buffer_append_byte(buffer, (char)(bits >> count & 0xff));
	}
}

static void append_parts(struct buffer *stream, yyjson_val *parts)
{
	size_t index, count;
	yyjson_val *part;
	yyjson_arr_foreach(parts, index, count, part)
	{
		const char *text = yyjson_get_str(yyjson_obj_get(part, "b64"));
		int64_t times = yyjson_get_sint(yyjson_obj_get(part, "rep"));
		for (int64_t i = 0; i < times; i++)
			append_base64(stream, text);
	}
	assert_false(stream->failed);
}

static void take_done(struct http_reader *reader, struct outcome *outcome)
{
	if (reader->role == HTTP_ROLE_REQUEST &&
		span_starts(reader->head.target, SPAN("/smuggled/")))
		outcome->smuggled = true;
	outcome->status = reader->head.status;
	outcome->keep_alive = reader->head.keep_alive;
	outcome->done++;
}

/* Feed one read; false when nothing more will come of this stream. */
static bool feed_read(struct http_reader *reader, struct outcome *outcome, struct span input)
{
	struct span body;
	for (;;) {
		switch (http_reader_next(reader, &input, &body)) {
		case HTTP_EVENT_MORE:
			assert_int_equal(input.size, 0);
			return true;
		case HTTP_EVENT_HEAD:
			break;
		case HTTP_EVENT_BODY:
			if (outcome->done < MESSAGES_MAX)
				buffer_append_span(&outcome->bodies[outcome->done], body);
			break;
		case HTTP_EVENT_DONE:
			take_done(reader, outcome);
			outcome->lied = input.size > 0;
			if (reader->role == HTTP_ROLE_RESPONSE || !reader->head.keep_alive)
				return false;
			http_reader_restart(reader);
			break;
		case HTTP_EVENT_REFUSED:
			outcome->refused = true;
			outcome->reason = reader->reason;
			return false;
		}
	}
}

static void run_stream(struct http_reader *reader, struct outcome *outcome, struct span stream,
	size_t step, bool ended)
{
	bool open = true;
	memset(outcome, 0, sizeof(*outcome));
	for (unsigned i = 0; i < MESSAGES_MAX; i++)
		buffer_init(&outcome->bodies[i], STREAM_SIZE_MAX);
	for (size_t at = 0; open && at < stream.size; at += step) {
		size_t size = stream.size - at < step ? stream.size - at : step;
		/* A copy of exactly this size: reading beyond it is found by the sanitizer. */
		char *bytes = malloc(size);
		memcpy(bytes, stream.at + at, size);
		open = feed_read(reader, outcome, (struct span){bytes, size});
		free(bytes);
	}
	if (open && ended) {
		enum http_event event = http_reader_end(reader);
		if (event == HTTP_EVENT_DONE)
			take_done(reader, outcome);
		outcome->refused = event == HTTP_EVENT_REFUSED;
		outcome->reason = reader->reason;
	}
	http_reader_release(reader);
}

static void release_outcome(struct outcome *outcome)
{
	for (unsigned i = 0; i < MESSAGES_MAX; i++)
		buffer_release(&outcome->bodies[i]);
}

static bool text_is(yyjson_val *object, const char *key, const char *value)
{
	const char *text = yyjson_get_str(yyjson_obj_get(object, key));
	return text && strcmp(text, value) == 0;
}

static void check_body(
	const char *id, yyjson_val *expected, struct outcome *outcome, unsigned index)
{
	struct buffer body;
	const char *text = yyjson_get_str(expected);
	if (text == NULL)
		return;
	buffer_init(&body, STREAM_SIZE_MAX);
	append_base64(&body, text);
	if (!span_equal(buffer_span(&body), buffer_span(&outcome->bodies[index])))
		report(id, "wrong body", outcome);
	buffer_release(&body);
}

static void judge_accepted(const char *id, yyjson_val *item, struct outcome *outcome)
{
	yyjson_val *bodies = yyjson_obj_get(item, "bodies");
	unsigned count = (unsigned)yyjson_get_int(yyjson_obj_get(item, "n"));
	if (outcome->refused || outcome->done != count)
		report(id, "good requests not all accepted", outcome);
	if (text_is(item, "close", "must") && outcome->keep_alive)
		report(id, "connection left open", outcome);
	for (unsigned i = 0; i < yyjson_arr_size(bodies) && i < MESSAGES_MAX; i++)
		check_body(id, yyjson_arr_get(bodies, i), outcome, i);
}

static void judge_request(yyjson_val *item, struct outcome *outcome)
{
	const char *id = yyjson_get_str(yyjson_obj_get(item, "id"));
	bool hangs = yyjson_get_bool(yyjson_obj_get(item, "hang"));
	unsigned count = (unsigned)yyjson_get_int(yyjson_obj_get(item, "n"));
	if (outcome->smuggled)
		report(id, "smuggled", outcome);
	if (text_is(item, "goal", "accept"))
		judge_accepted(id, item, outcome);
	if (text_is(item, "goal", "reject") && !outcome->refused && !hangs)
		report(id, "bad request not refused", outcome);
	if (text_is(item, "goal", "reject") && outcome->done >= count && count)
		report(id, "bad request completed", outcome);
	if (text_is(item, "goal", "wait") && (outcome->refused || outcome->done))
		report(id, "answered early", outcome);
}

static void judge_response(yyjson_val *item, struct outcome *outcome)
{
	const char *id = yyjson_get_str(yyjson_obj_get(item, "id"));
	yyjson_val *status = yyjson_obj_get(item, "status");
	unsigned expected = status ? (unsigned)yyjson_get_int(status) : 200;
	bool bad = outcome->refused || outcome->done == 0;
	if (text_is(item, "goal", "bad") && !bad)
		report(id, "bad response delivered", outcome);
	if (!text_is(item, "goal", "ok"))
		return;
	if (bad || outcome->status != expected)
		report(id, "good response not delivered", outcome);
	check_body(id, yyjson_obj_get(item, "body"), outcome, 0);
}

static void run_case(yyjson_val *item, enum http_role role, struct span stream, size_t step)
{
	struct http_reader reader;
	struct outcome outcome;
	bool ended = text_is(item, "end", "fin") || text_is(item, "then", "close") ||
		     text_is(item, "then", "rst");
	http_reader_init(&reader, role, &http_limits_default);
	if (role == HTTP_ROLE_RESPONSE && text_is(item, "method", "HEAD"))
		http_reader_answers(&reader, HTTP_METHOD_HEAD);
	run_stream(&reader, &outcome, stream, step, ended);
	if (role == HTTP_ROLE_REQUEST)
		judge_request(item, &outcome);
	else
		judge_response(item, &outcome);
	release_outcome(&outcome);
}

static void run_line(const char *line, size_t size, enum http_role role)
{
	static const size_t steps[] = {1, 3, 64, STREAM_SIZE_MAX};
	struct buffer stream;
	yyjson_doc *document = yyjson_read(line, size, 0);
	yyjson_val *item = yyjson_doc_get_root(document);
	assert_non_null(item);
	buffer_init(&stream, STREAM_SIZE_MAX);
	append_parts(&stream, yyjson_obj_get(item, "parts"));
	append_parts(&stream, yyjson_obj_get(item, "backend_parts"));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (stream.size < STREAM_SIZE_CUT || steps[i] > STREAM_SIZE_CUT)
			run_case(item, role, buffer_span(&stream), steps[i]);
	buffer_release(&stream);
	yyjson_doc_free(document);
}

static void run_file(const char *name, enum http_role role)
{
	static char line[LINE_SIZE_MAX];
	char path[PATH_SIZE_MAX];
	const char *shared = getenv("BALLAST_SHARED");
	unsigned count = 0;
	snprintf(path, sizeof(path), "%s/http_cases/public/%s",
		shared ? shared : SOURCE_ROOT "/../shared", name);
	FILE *file = fopen(path, "r");
	if (file == NULL) {
		print_message("skipped: %s is not there (set BALLAST_SHARED)\n", path);
		skip();
	}
	failures = 0;
	for (; fgets(line, sizeof(line), file); count++)
		run_line(line, strlen(line), role);
	fclose(file);
	print_message("%u cases of %s\n", count, name);
	assert_true(count > 0);
	assert_int_equal(failures, 0);
}

static void test_requests(void **state)
{
	(void)state;
	run_file("requests.jsonl", HTTP_ROLE_REQUEST);
}

static void test_responses(void **state)
{
	(void)state;
	run_file("responses.jsonl", HTTP_ROLE_RESPONSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_responses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
