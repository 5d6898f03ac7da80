/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every name and value is checked again on the way out, also those that we made ourselves: an
 * agent's text that found its way into a field must not be able to end the head.
 */
#include "wire/httpwrite.h"

#include "wire/problem.h"

enum {
	STATUS_MIN = 100,
	STATUS_MAX = 599,
	DAY_S = 86400,
	DAYS_PER_ERA = 146097, /* of 400 years */
	EPOCH_DAYS = 719468,   /* from 0000-03-01 to 1970-01-01 */
	YEAR_MAX = 9999
};

struct date {
	int64_t year;
	int64_t month; /* 1..12 */
	int64_t day;
};

static void put_line_end(struct buffer *buffer)
{
	buffer_append(buffer, "\r\n", 2);
}

static void put_padded(struct buffer *buffer, int64_t number, unsigned digits)
{
	char text[4];
	for (unsigned i = digits; i-- > 0; number /= 10)
		text[i] = (char)('0' + number % 10);
	buffer_append(buffer, text, digits);
}

void http_put_status(struct buffer *buffer, unsigned status)
{
	if (status < STATUS_MIN || status > STATUS_MAX)
		buffer->failed = true;
	buffer_append_text(buffer, "HTTP/1.1 ");
	buffer_append_unsigned(buffer, status);
	buffer_append_byte(buffer, ' ');
	buffer_append_text(buffer, http_status_text(status));
	put_line_end(buffer);
}

void http_put_request(
	struct buffer *buffer, enum http_method method, struct span target, struct span host)
{
	struct http_authority authority;
	bool valid = target.size > 0 && (target.at[0] == '/' || span_equal(target, SPAN("*")));
	for (size_t i = 0; i < target.size; i++)
		valid = valid && (unsigned char)target.at[i] > ' ' &&
			(unsigned char)target.at[i] < 0x7f;
	if (!valid || method == HTTP_METHOD_NONE || !http_authority_read(host, &authority))
		buffer->failed = true;
	buffer_append_text(buffer, http_method_text(method));
	buffer_append_byte(buffer, ' ');
	buffer_append_span(buffer, target);
	buffer_append_text(buffer, " HTTP/1.1\r\n");
	http_put_known(buffer, HTTP_FIELD_HOST, host);
}

void http_put_field(struct buffer *buffer, struct span name, struct span value)
{
	if (!http_token_valid(name) || !http_value_valid(value))
		buffer->failed = true;
	buffer_append_span(buffer, name);
	buffer_append_text(buffer, ": ");
	buffer_append_span(buffer, value);
	put_line_end(buffer);
}

void http_put_known(struct buffer *buffer, enum http_field_id id, struct span value)
{
	http_put_field(buffer, span_of(http_field_text(id)), value);
}

void http_put_known_number(struct buffer *buffer, enum http_field_id id, uint64_t value)
{
	buffer_append_text(buffer, http_field_text(id));
	buffer_append_text(buffer, ": ");
	buffer_append_unsigned(buffer, value);
	put_line_end(buffer);
}

/*
 * Days since 1970 to a date of the Gregorian calendar, counting years from March so that the leap
 * day is the last one (Howard Hinnant, "chrono-compatible low-level date algorithms"). gmtime() is
 * not used since it has one result for the whole process.
 */
static struct date find_date(int64_t days)
{
	int64_t shifted = days + EPOCH_DAYS;
	int64_t era = shifted / DAYS_PER_ERA;
	int64_t in_era = shifted % DAYS_PER_ERA;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * in_year + 2) / 153;
	struct date date = {
		.year = year + era * 400 + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = in_year - (153 * month + 2) / 5 + 1,
	};
	return date;
}

void http_put_date(struct buffer *buffer, int64_t utc_s)
{
	static const char weekdays[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	if (utc_s < 0)
		utc_s = 0;
	int64_t days = utc_s / DAY_S;
	int64_t second = utc_s % DAY_S;
	struct date date = find_date(days);
	if (date.year > YEAR_MAX)
		return;
	buffer_append_text(buffer, "Date: ");
	buffer_append(buffer, weekdays + 3 * (days % 7), 3);
	buffer_append_text(buffer, ", ");
	put_padded(buffer, date.day, 2);
	buffer_append_byte(buffer, ' ');
	buffer_append(buffer, months + 3 * (date.month - 1), 3);
	buffer_append_byte(buffer, ' ');
	put_padded(buffer, date.year, 4);
	buffer_append_byte(buffer, ' ');
	put_padded(buffer, second / 3600, 2);
	buffer_append_byte(buffer, ':');
	put_padded(buffer, second / 60 % 60, 2);
	buffer_append_byte(buffer, ':');
	put_padded(buffer, second % 60, 2);
	buffer_append_text(buffer, " GMT\r\n");
}

void http_put_forwarded(struct buffer *buffer, const struct http_reader *reader)
{
	for (uint32_t i = 0; i < reader->head.field_count; i++)
		if (http_head_forwards(reader, i))
			http_put_field(
				buffer, http_field_name(reader, i), http_field_value(reader, i));
}

void http_put_length(struct buffer *buffer, uint64_t size)
{
	http_put_known_number(buffer, HTTP_FIELD_CONTENT_LENGTH, size);
}

void http_put_chunked(struct buffer *buffer)
{
	http_put_known(buffer, HTTP_FIELD_TRANSFER_ENCODING, SPAN("chunked"));
}

void http_put_close(struct buffer *buffer)
{
	http_put_known(buffer, HTTP_FIELD_CONNECTION, SPAN("close"));
}

void http_put_end(struct buffer *buffer)
{
	put_line_end(buffer);
}

void http_put_chunk(struct buffer *buffer, struct span data)
{
	if (data.size == 0)
		return;
	http_put_chunk_head(buffer, data.size);
	buffer_append_span(buffer, data);
	put_line_end(buffer);
}

void http_put_chunk_head(struct buffer *buffer, uint64_t size)
{
	if (size == 0)
		return;
	buffer_append_hex(buffer, size);
	put_line_end(buffer);
}

void http_put_chunk_last(struct buffer *buffer)
{
	buffer_append_text(buffer, "0\r\n\r\n");
}

void http_put_continue(struct buffer *buffer)
{
	http_put_status(buffer, 100);
	http_put_end(buffer);
}

void http_put_response(struct buffer *buffer, unsigned status, const char *type, struct span body,
	bool keep_alive, bool head_only)
{
	bool bare = status == 204 || status == 304;
	http_put_status(buffer, status);
	if (type && !bare)
		http_put_known(buffer, HTTP_FIELD_CONTENT_TYPE, span_of(type));
	if (!bare)
		http_put_length(buffer, body.size);
	if (!keep_alive)
		http_put_close(buffer);
	http_put_end(buffer);
	if (!bare && !head_only)
		buffer_append_span(buffer, body);
}

void http_put_refusal(struct buffer *buffer, enum http_reason reason)
{
	char memory[PROBLEM_SIZE_MAX];
	struct buffer body;
	struct problem problem = {
		.status = http_reason_status(reason),
		.type = http_reason_word(reason),
		.detail = span_of(http_reason_text(reason)),
	};
	buffer_init_fixed(&body, memory, sizeof(memory));
	problem_write(&body, &problem);
	http_put_response(
		buffer, problem.status, PROBLEM_CONTENT_TYPE, buffer_span(&body), false, false);
}
