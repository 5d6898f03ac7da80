/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/units.h"
#include "wire/csv.h"
#include "wire/gzip.h"
#include "wire/sse.h"
#include "wire/trace.h"

enum { TEXT_SIZE_MAX = 1 << 20, PATH_SIZE_MAX = 4096, READ_SIZE = 65536 };

static char memory[TEXT_SIZE_MAX];
static struct buffer out;

static int begin(void **state)
{
	(void)state;
	buffer_init_fixed(&out, memory, sizeof(memory));
	return 0;
}

static void assert_written(const char *text)
{
	assert_false(out.failed);
	assert_int_equal(out.size, strlen(text));
	assert_memory_equal(out.bytes, text, out.size);
}

/* Write the rows as a|b; the reads are `step` bytes long. */
static enum csv_event read_csv(const char *text, size_t step, uint64_t *line)
{
	struct csv_reader reader;
	struct span rest = span_of(text), input = {text, 0};
	enum csv_event event;
	csv_init(&reader);
	for (;;) {
		bool ended = rest.size == 0 && input.size == 0;
		event = ended ? csv_end(&reader) : csv_next(&reader, &input);
		if (event == CSV_REFUSED || (event == CSV_MORE && ended))
			break;
		for (uint32_t i = 0; event == CSV_ROW && i < reader.field_count; i++) {
			buffer_append_text(&out, i ? "|" : "<");
			buffer_append_span(&out, csv_field(&reader, i));
		}
		if (event == CSV_ROW)
			buffer_append_byte(&out, '>');
		if (event == CSV_MORE) {
			input = (struct span){rest.at, rest.size < step ? rest.size : step};
			rest = span_skip(rest, input.size);
		}
	}
	*line = reader.row_line;
	assert_null(csv_field(&reader, CSV_FIELDS_MAX).at);
	csv_release(&reader);
	return event;
}

static void test_csv(void **state)
{
	static const struct {
		const char *text;
		const char *rows;
		uint64_t refused_line; /* 0: taken */
	} rows[] = {
		{"", "", 0},
		{"a,b\r\nc,d\r\n", "<a|b><c|d>", 0},
		{"a,b\nc,d", "<a|b><c|d>", 0},
		{"a,\n,b\n", "<a|><|b>", 0},
		{"\n\n", "<><>", 0},
		{"\"a,\"\"b\"\"\r\nc\",d\n", "<a,\"b\"\r\nc|d>", 0},
		{"\"\",\"\"", "<|>", 0},
		{"a,b\nc\n", "<a|b>", 2},
		{"a,b\nc,d,e\n", "<a|b>", 2},
		{"a\"b\n", "", 1},
		{"\"a\"b\n", "", 1},
		{"\"a\n", "", 1},
		{"a\rb\n", "", 1},
		{"a\r", "", 1},
	};
	static const size_t steps[] = {1, 2, 100};
	(void)state;
	for (size_t i = 0; i < 3 * sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t line;
		begin(NULL);
		enum csv_event event = read_csv(rows[i / 3].text, steps[i % 3], &line);
		assert_int_equal(event, rows[i / 3].refused_line ? CSV_REFUSED : CSV_MORE);
		if (rows[i / 3].refused_line)
			assert_int_equal(line, rows[i / 3].refused_line);
		assert_written(rows[i / 3].rows);
	}
}

static void test_csv_limits(void **state)
{
	struct csv_reader reader;
	struct span input;
	(void)state;
	memset(memory, ',', sizeof(memory));
	input = (struct span){memory, CSV_FIELDS_MAX + 1};
	csv_init(&reader);
	assert_int_equal(csv_next(&reader, &input), CSV_REFUSED);
	assert_int_equal(csv_next(&reader, &input), CSV_REFUSED);
	csv_release(&reader);
	memset(memory, 'x', sizeof(memory));
	input = (struct span){memory, CSV_ROW_SIZE_MAX + 1};
	csv_init(&reader);
	assert_int_equal(csv_next(&reader, &input), CSV_REFUSED);
	csv_release(&reader);
	input = SPAN("a\0b");
	csv_init(&reader);
	assert_int_equal(csv_next(&reader, &input), CSV_REFUSED);
	csv_release(&reader);
}

/* A gzip member of `size` bytes of `text`, in `packed`. */
static size_t pack(const void *text, size_t size, char *packed, size_t packed_size)
{
	z_stream stream = {0};
	assert_int_equal(
		deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	memcpy(&stream.next_in, &text, sizeof(stream.next_in));
	stream.avail_in = (uInt)size;
	stream.next_out = (Bytef *)packed;
	stream.avail_out = (uInt)packed_size;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size_t used = packed_size - stream.avail_out;
	deflateEnd(&stream);
	return used;
}

/* Unpack into `out` in reads of `step`; true when the stream was whole. */
static bool unpack(struct span packed, size_t step, uint64_t size_max, const char **reason)
{
	struct gzip_reader reader;
	struct span input = {packed.at, 0};
	enum gzip_event event;
	char piece[100];
	uint32_t size;
	assert_true(gzip_init(&reader, size_max));
	for (;;) {
		event = gzip_next(&reader, &input, piece, sizeof(piece), &size);
		if (event == GZIP_OUTPUT)
			buffer_append(&out, piece, size);
		if (event == GZIP_REFUSED || (event == GZIP_MORE && packed.size == 0))
			break;
		if (event == GZIP_MORE) {
			input = (struct span){packed.at, packed.size < step ? packed.size : step};
			packed = span_skip(packed, input.size);
		}
	}
	bool whole = gzip_end(&reader);
	*reason = reader.reason;
	gzip_release(&reader);
	return whole;
}

static void test_gzip(void **state)
{
	static char packed[4096];
	const char *reason;
	(void)state;
	size_t size = pack("hello ", 6, packed, sizeof(packed));
	size += pack("world", 5, packed + size, sizeof(packed) - size);
	struct span whole = {packed, size};
	assert_true(gzip_detect(whole));
	assert_false(gzip_detect(SPAN("TIM")));
	for (size_t step = 1; step < 200; step += 33) {
		begin(NULL);
		assert_true(unpack(whole, step, 100, &reason));
		assert_written("hello world");
	}
	begin(NULL);
	assert_false(unpack((struct span){packed, size - 1}, 7, 100, &reason));
	assert_false(unpack(SPAN(""), 7, 100, &reason));
	assert_false(unpack(whole, 7, 10, &reason));
	assert_string_equal(reason, "unpacks to more than is allowed");
	packed[12] ^= 1;
	assert_false(unpack(whole, 7, 100, &reason));
	assert_string_equal(reason, "not gzip, or damaged");
}

static void test_bomb(void **state)
{
	static char zeros[1 << 20], packed[4096];
	const char *reason;
	(void)state;
	size_t size = pack(zeros, sizeof(zeros), packed, sizeof(packed));
	assert_false(unpack((struct span){packed, size}, 64, UINT64_MAX, &reason));
	assert_string_equal(reason, "unpacks to more than 200 times its size");
	assert_true(out.size < sizeof(zeros) / 2);
}

static void test_times(void **state)
{
	static const char *const bad[] = {"2023-02-29 00:00:00", "2023-13-01 00:00:00",
		"2023-01-00 00:00:00", "2023-01-01 24:00:00", "2023-01-01 00:00:60", "2023-01-01",
		"1969-12-31 23:59:59", "2023-01-01 00:00:00.", "2023-01-01 00:00:00.1234567890",
		"2023-01-01 00:00:00+01:00", "2023-1-01 00:00:00", ""};
	int64_t utc_ns;
	(void)state;
	assert_true(trace_read_time(SPAN("2023-11-16 18:15:46.6805900"), &utc_ns));
	assert_int_equal(utc_ns, INT64_C(1700158546680590000));
	assert_true(trace_read_time(SPAN("2000-02-29T23:59:59Z"), &utc_ns));
	assert_int_equal(utc_ns, INT64_C(951868799000000000));
	assert_true(trace_read_time(SPAN("1970-01-01 00:00:00+00:00"), &utc_ns));
	assert_int_equal(utc_ns, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(trace_read_time(span_of(bad[i]), &utc_ns));
}

/* All items of a stream that comes in reads of `step`, as "at_ms/count/context/generated ". */
static enum trace_event read_trace(struct span text, size_t step, uint64_t *line)
{
	struct trace_reader reader;
	struct span input = {text.at, 0};
	enum trace_event event;
	trace_init(&reader);
	for (;;) {
		bool ended = text.size == 0 && input.size == 0;
		event = ended ? trace_end(&reader) : trace_next(&reader, &input);
		if (event == TRACE_ITEM) {
			buffer_append_signed(&out, reader.item.at_ns / NS_PER_MS);
			buffer_append_byte(&out, '/');
			buffer_append_unsigned(&out, reader.item.count);
			buffer_append_byte(&out, '/');
			buffer_append_unsigned(&out, reader.item.context_tokens);
			buffer_append_byte(&out, '/');
			buffer_append_unsigned(&out, reader.item.generated_tokens);
			buffer_append_byte(&out, ' ');
			continue;
		}
		if (event == TRACE_REFUSED || ended)
			break;
		input = (struct span){text.at, text.size < step ? text.size : step};
		text = span_skip(text, input.size);
	}
	*line = reader.line;
	trace_release(&reader);
	return event;
}

#define MOONCAKE(at, in, out)                                                                      \
	"{\"timestamp\": " #at ", \"input_length\": " #in ", \"output_length\": " #out             \
	", \"hash_ids\": [46, 47, 48]}\n"
#define AZURE "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"

static void test_traces(void **state)
{
	static const struct {
		const char *text;
		const char *items;
		uint64_t refused_line; /* 0: taken */
	} rows[] = {
		{AZURE "2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 "
		       "18:15:50.9951690,396,109\r\n",
			"0/1/374/44 4314/1/396/109 ", 0},
		{AZURE "2023-11-16 18:15:46,1,2", "0/1/1/2 ", 0},
		{"5\n0\n7", "0/5/0/0 1000/0/0/0 2000/7/0/0 ", 0},
		{"5", "0/5/0/0 ", 0},
		{"", "", 0},
		{AZURE, "", 0},
		{"a,b,c\n", "", 1},
		{"a,b\n", "", 1},
		{"x\n", "", 1},
		{AZURE "2023-11-16 18:15:46,1,2\n2023-11-16 18:15:45,1,2\n", "0/1/1/2 ", 3},
		{AZURE "yesterday,1,2\n", "", 2},
		{AZURE "2023-11-16 18:15:46,-1,2\n", "", 2},
		{AZURE "2023-11-16 18:15:46,1,9999999999\n", "", 2},
		{AZURE "2023-11-16 18:15:46,1\n", "", 2},
		{"5\nx\n", "0/5/0/0 ", 2},
		{MOONCAKE(27482, 6955, 52) MOONCAKE(30535, 17, 500), "0/1/6955/52 3053/1/17/500 ",
			0},
		{"{\"timestamp\":5,\"input_length\":1,\"output_length\":2}", "0/1/1/2 ", 0},
		{MOONCAKE(1, 2, 3) "\r\n \n" MOONCAKE(1, 4, 5), "0/1/2/3 0/1/4/5 ", 0},
		{MOONCAKE(2, 2, 3) MOONCAKE(1, 4, 5), "0/1/2/3 ", 2},
		{MOONCAKE(2, 2, 3) "nonsense\n", "0/1/2/3 ", 2},
		{"{\"timestamp\":5,\"input_length\":1}\n", "", 1},
		{"{\"timestamp\":-5,\"input_length\":1,\"output_length\":2}\n", "", 1},
		{"{\"timestamp\":5,\"input_length\":1,\"output_length\":2000000000}\n", "", 1},
	};
	static const size_t steps[] = {1, 5, 1000};
	static char packed[4096];
	(void)state;
	for (size_t i = 0; i < 6 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct span text = span_of(rows[i / 6].text);
		uint64_t line;
		begin(NULL);
		if (i % 2 && text.size)
			text = (struct span){
				packed, pack(text.at, text.size, packed, sizeof(packed))};
		enum trace_event event = read_trace(text, steps[i / 2 % 3], &line);
		assert_int_equal(event, rows[i / 6].refused_line ? TRACE_REFUSED : TRACE_MORE);
		if (rows[i / 6].refused_line)
			assert_int_equal(line, rows[i / 6].refused_line);
		assert_written(rows[i / 6].items);
	}
}

/* Real traces, with what zcat and awk count in them. */
static const struct {
	const char *name;
	uint64_t items;
	uint64_t requests;
} recorded_rows[] = {
	{"azure_llm_2023_conv.csv.gz", 19366, 19366},
	{"nasa_1995_july_per_second.txt.gz", 2379600, 1896227},
	{"twitter_2021_per_second_days1-11.txt.gz", 950400, 60700493},
};

static FILE *open_recorded(const char *name)
{
	const char *shared = getenv("BALLAST_SHARED");
	char path[PATH_SIZE_MAX];
	snprintf(path, sizeof(path), "%s/data/traces/%s",
		shared ? shared : SOURCE_ROOT "/../shared", name);
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		print_message("skipped: %s is not there (set BALLAST_SHARED)\n", path);
	return file;
}

static void test_recorded(void **state)
{
	static struct trace_reader reader;
	static char bytes[READ_SIZE];
	(void)state;
	for (size_t i = 0; i < sizeof(recorded_rows) / sizeof(recorded_rows[0]); i++) {
		uint64_t items = 0, requests = 0;
		size_t size;
		FILE *file = open_recorded(recorded_rows[i].name);
		if (file == NULL)
			skip();
		trace_init(&reader);
		while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0) {
			struct span input = {bytes, size};
			enum trace_event event;
			for (; (event = trace_next(&reader, &input)) == TRACE_ITEM; items++)
				requests += reader.item.count;
			assert_int_equal(event, TRACE_MORE);
		}
		for (; trace_end(&reader) == TRACE_ITEM; items++)
			requests += reader.item.count;
		assert_null(reader.reason);
		assert_int_equal(items, recorded_rows[i].items);
		assert_int_equal(requests, recorded_rows[i].requests);
		trace_release(&reader);
		fclose(file);
	}
}

static void test_sse(void **state)
{
	(void)state;
	sse_put_retry(&out, 3000);
	sse_put_comment(&out, "hello");
	sse_put_event(&out, 7, "task", SPAN("a\nb\r\nc\rd"));
	sse_put_event(&out, 0, NULL, SPAN(""));
	sse_put_event(&out, 0, NULL, SPAN("x\n"));
	assert_written("retry: 3000\n\n: hello\n\n"
		       "id: 7\nevent: task\ndata: a\ndata: b\ndata: c\ndata: d\n\n"
		       "data: \n\ndata: x\ndata: \n\n");
	begin(NULL);
	sse_put_event(&out, 0, "a\nb", SPAN(""));
	assert_true(out.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_csv_limits),
		cmocka_unit_test_setup(test_gzip, begin),
		cmocka_unit_test_setup(test_bomb, begin),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_traces),
		cmocka_unit_test(test_recorded),
		cmocka_unit_test_setup(test_sse, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
