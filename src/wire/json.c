/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yyjson reads without recursion, so that depth is no danger to it; it is one to whoever walks the
 * result, so depth is bounded in a pass of our own, together with the check for duplicate keys. Two
 * readers may take different ones of two equal keys, which is how a request passes a check with one
 * value and acts with another. Keys of an object are sorted to compare them, since an object with a
 * hundred thousand keys must not cost n squared.
 */
#include "wire/json.h"

#include "wire/nearest.h"
#include "wire/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEYS_FEW = 16,      /* compared with each other without sorting */
	SHOWN_SIZE_MAX = 48 /* bytes of a foreign key that are shown in a message */
};

/* A text that came from outside, cut and without anything that a terminal would obey. */
struct shown {
	char text[SHOWN_SIZE_MAX + 1];
};

static struct shown show_text(struct span span)
{
	struct shown shown;
	size_t size = span.size < SHOWN_SIZE_MAX ? span.size : SHOWN_SIZE_MAX;
	for (size_t i = 0; i < size; i++) {
		char byte = span.at[i];
		shown.text[i] = byte >= ' ' && byte <= '~' ? byte : '?';
	}
	shown.text[size] = 0;
	return shown;
}

static bool fail(struct json_error *error, size_t at)
{
	error->at = at;
	return false;
}

#define FAIL(error, ...)                                                                           \
	(snprintf((error)->text, JSON_ERROR_SIZE, __VA_ARGS__), fail(error, SIZE_MAX))

static int compare_keys(const void *a, const void *b)
{
	struct span left = json_text(*(yyjson_val *const *)a);
	struct span right = json_text(*(yyjson_val *const *)b);
	size_t size = left.size < right.size ? left.size : right.size;
	int order = size ? memcmp(left.at, right.at, size) : 0;
	if (order != 0)
		return order;
	return (left.size > right.size) - (left.size < right.size);
}

/* Put the keys of an object into `keys` in order. */
static void collect_keys(yyjson_val *object, yyjson_val **keys)
{
	size_t index, count;
	yyjson_val *key, *value;
	yyjson_obj_foreach(object, index, count, key, value) keys[index] = key;
	qsort(keys, count, sizeof(yyjson_val *), compare_keys);
}

static bool check_keys(yyjson_val *object, struct json_error *error)
{
	yyjson_val *few[KEYS_FEW];
	yyjson_val **keys = few;
	size_t count = yyjson_obj_size(object);
	bool fine = true;
	if (count < 2)
		return true;
	if (count > KEYS_FEW)
		keys = calloc(count, sizeof(yyjson_val *));
	if (keys == NULL)
		return FAIL(error, "there is no memory to check an object of %zu keys", count);
	collect_keys(object, keys);
	for (size_t i = 1; fine && i < count; i++)
		if (compare_keys(&keys[i - 1], &keys[i]) == 0)
			fine = FAIL(error, "the key \"%s\" comes twice in one object",
				show_text(json_text(keys[i])).text);
	if (keys != few)
		free(keys);
	return fine;
}

/* Depth and keys of everything below `value`. Recursion ends at JSON_DEPTH_MAX. */
static bool check_tree(yyjson_val *value, unsigned depth, struct json_error *error)
{
	size_t index, count;
	yyjson_val *key, *child;
	if (!yyjson_is_ctn(value))
		return true;
	if (depth > JSON_DEPTH_MAX)
		return FAIL(error, "nested deeper than %d levels", JSON_DEPTH_MAX);
	if (yyjson_is_arr(value)) {
		yyjson_arr_foreach(value, index, count,
			child) if (!check_tree(child, depth + 1, error)) return false;
		return true;
	}
	if (!check_keys(value, error))
		return false;
	yyjson_obj_foreach(value, index, count, key,
		child) if (!check_tree(child, depth + 1, error)) return false;
	return true;
}

bool json_read(struct json *json, struct span text, size_t size_max, struct json_error *error)
{
	yyjson_read_err problem;
	*json = (struct json){NULL, NULL};
	if (text.size > size_max)
		return FAIL(error, "%zu bytes are more than the %zu allowed", text.size, size_max);
	if (text.size == 0)
		return FAIL(error, "there is no JSON, the text is empty");
	/* Without YYJSON_READ_INSITU the text is copied, not changed; the cast drops only const. */
	union {
		const char *constant;
		char *plain;
	} bytes = {.constant = text.at};
	json->document =
		yyjson_read_opts(bytes.plain, text.size, YYJSON_READ_BIGNUM_AS_RAW, NULL, &problem);
	if (json->document == NULL) {
		snprintf(error->text, JSON_ERROR_SIZE, "not JSON at byte %zu: %s", problem.pos,
			problem.msg);
		return fail(error, problem.pos);
	}
	json->root = yyjson_doc_get_root(json->document);
	if (check_tree(json->root, 1, error))
		return true;
	json_release(json);
	return false;
}

void json_release(struct json *json)
{
	yyjson_doc_free(json->document);
	*json = (struct json){NULL, NULL};
}

struct span json_text(yyjson_val *value)
{
	return (struct span){yyjson_get_str(value), yyjson_get_len(value)};
}

static const char *name_type(enum json_type type)
{
	static const char *const names[] = {"a value", "true or false", "a whole number",
		"a number", "a string", "an object", "an array", "an id, digits in a string",
		"a time in a string, such as \"30s\""};
	return names[type];
}

/* What the value is, in the words of the messages. */
static const char *name_found(yyjson_val *value)
{
	switch (yyjson_get_type(value)) {
	case YYJSON_TYPE_NULL:
		return "null";
	case YYJSON_TYPE_BOOL:
		return "true or false";
	case YYJSON_TYPE_NUM:
		return yyjson_is_int(value) ? "a whole number" : "a number";
	case YYJSON_TYPE_STR:
		return "a string";
	case YYJSON_TYPE_ARR:
		return "an array";
	case YYJSON_TYPE_OBJ:
		return "an object";
	default:
		return "a number beyond 64 bits";
	}
}

static bool fail_type(const struct json_field *field, yyjson_val *value, struct json_error *error)
{
	return FAIL(error, "\"%s\": expected %s, got %s", field->name, name_type(field->type),
		name_found(value));
}

static bool read_integer(
	const struct json_field *field, yyjson_val *value, int64_t *to, struct json_error *error)
{
	if (!yyjson_is_int(value))
		return fail_type(field, value, error);
	bool wide = yyjson_is_uint(value) && yyjson_get_uint(value) > INT64_MAX;
	int64_t number =
		yyjson_is_uint(value) ? (int64_t)yyjson_get_uint(value) : yyjson_get_sint(value);
	if (wide || number < field->min || number > field->max)
		return FAIL(error, "\"%s\": must be from %lld to %lld", field->name,
			(long long)field->min, (long long)field->max);
	*to = number;
	return true;
}

static bool read_text(const struct json_field *field, yyjson_val *value, struct span *to,
	struct json_error *error)
{
	if (!yyjson_is_str(value))
		return fail_type(field, value, error);
	struct span text = json_text(value);
	if ((int64_t)text.size < field->min || (field->max && (int64_t)text.size > field->max))
		return FAIL(error, "\"%s\": must be %lld to %lld bytes long, got %zu", field->name,
			(long long)field->min, (long long)field->max, text.size);
	*to = text;
	return true;
}

static bool read_array(const struct json_field *field, yyjson_val *value, yyjson_val **to,
	struct json_error *error)
{
	if (!yyjson_is_arr(value))
		return fail_type(field, value, error);
	int64_t count = (int64_t)yyjson_arr_size(value);
	if (count < field->min || (field->max && count > field->max))
		return FAIL(error, "\"%s\": must have %lld to %lld elements, got %lld", field->name,
			(long long)field->min, (long long)field->max, (long long)count);
	*to = value;
	return true;
}

static bool read_id(
	const struct json_field *field, yyjson_val *value, uint64_t *to, struct json_error *error)
{
	uint64_t id = 0;
	if (!yyjson_is_str(value))
		return fail_type(field, value, error);
	if (!span_number(json_text(value), UINT64_MAX, &id) || id == 0)
		return FAIL(error, "\"%s\": \"%s\" is not an id", field->name,
			show_text(json_text(value)).text);
	*to = id;
	return true;
}

static bool read_duration(
	const struct json_field *field, yyjson_val *value, int64_t *to, struct json_error *error)
{
	int64_t duration_ns;
	if (!yyjson_is_str(value))
		return fail_type(field, value, error);
	if (!quantity_read(json_text(value), QUANTITY_TIME, &duration_ns))
		return FAIL(error, "\"%s\": \"%s\" is not %s", field->name,
			show_text(json_text(value)).text, quantity_expected(QUANTITY_TIME));
	if (duration_ns < field->min || duration_ns > field->max)
		return FAIL(error, "\"%s\": must be from %lld s to %lld s", field->name,
			(long long)(field->min / 1000000000), (long long)(field->max / 1000000000));
	*to = duration_ns;
	return true;
}

static bool read_field(
	const struct json_field *field, yyjson_val *value, void *to, struct json_error *error)
{
	switch (field->type) {
	case JSON_INTEGER:
		return read_integer(field, value, to, error);
	case JSON_TEXT:
		return read_text(field, value, to, error);
	case JSON_ARRAY:
		return read_array(field, value, to, error);
	case JSON_ID:
		return read_id(field, value, to, error);
	case JSON_DURATION:
		return read_duration(field, value, to, error);
	case JSON_BOOL:
		if (!yyjson_is_bool(value))
			return fail_type(field, value, error);
		*(bool *)to = yyjson_get_bool(value);
		return true;
	case JSON_NUMBER:
		if (!yyjson_is_num(value))
			return fail_type(field, value, error);
		*(double *)to = yyjson_get_num(value);
		return true;
	case JSON_OBJECT:
		if (!yyjson_is_obj(value))
			return fail_type(field, value, error);
		*(yyjson_val **)to = value;
		return true;
	default:
		*(yyjson_val **)to = value;
		return true;
	}
}

/* The row of a key, `count` when there is none. */
static size_t find_field(const struct json_field *fields, size_t count, struct span key)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal(key, span_of(fields[i].name)))
			return i;
	return count;
}

static bool fail_unknown(
	const struct json_field *fields, size_t count, struct span key, struct json_error *error)
{
	struct nearest nearest;
	nearest_init(&nearest, key);
	for (size_t i = 0; i < count; i++)
		nearest_offer(&nearest, fields[i].name);
	if (nearest.best == NULL)
		return FAIL(error, "\"%s\" is not a known field", show_text(key).text);
	return FAIL(error, "\"%s\" is not a known field; did you mean \"%s\"?", show_text(key).text,
		nearest.best);
}

bool json_read_object(yyjson_val *object, const struct json_field *fields, size_t field_count,
	void *to, struct json_error *error)
{
	uint64_t seen = 0;
	size_t index, count;
	yyjson_val *key, *value;
	if (field_count > JSON_FIELDS_MAX)
		return FAIL(error, "the table of fields is longer than %d rows", JSON_FIELDS_MAX);
	if (!yyjson_is_obj(object))
		return FAIL(error, "expected an object, got %s", name_found(object));
	yyjson_obj_foreach(object, index, count, key, value)
	{
		size_t row = find_field(fields, field_count, json_text(key));
		if (row == field_count)
			return fail_unknown(fields, field_count, json_text(key), error);
		if (yyjson_is_null(value) && fields[row].type != JSON_ANY)
			continue;
		if (!read_field(&fields[row], value, (char *)to + fields[row].offset, error))
			return false;
		seen |= UINT64_C(1) << row;
	}
	for (size_t row = 0; row < field_count; row++)
		if (fields[row].required && !(seen & (UINT64_C(1) << row)))
			return FAIL(error, "\"%s\" is missing", fields[row].name);
	return true;
}

/* ---- the bytes of a member --------------------------------------------------------------------
 */

/* The size of the string that begins at text[at], quotes included. */
static size_t measure_string(struct span text, size_t at)
{
	size_t end = at + 1;
	while (end < text.size && text.at[end] != '"')
		end += text.at[end] == '\\' ? 2 : 1;
	return end < text.size ? end + 1 - at : text.size - at;
}

/* The size of the value that begins at text[at]: up to a comma or bracket of the level above. */
static size_t measure_value(struct span text, size_t at)
{
	size_t end = at;
	unsigned depth = 0;
	while (end < text.size) {
		char byte = text.at[end];
		if (byte == '"') {
			end += measure_string(text, end);
			continue;
		}
		if (depth == 0 && (byte == ',' || byte == '}' || byte == ']'))
			break;
		if (byte == '{' || byte == '[')
			depth++;
		if (byte == '}' || byte == ']')
			depth--;
		end++;
	}
	return end - at;
}

static size_t skip_space(struct span text, size_t at)
{
	while (at < text.size && strchr(" \t\r\n", text.at[at]) && text.at[at])
		at++;
	return at;
}

static struct span trim_space(struct span text)
{
	while (text.size && strchr(" \t\r\n", text.at[text.size - 1]))
		text.size--;
	return text;
}

/* The position of the member with this key, escapes resolved; SIZE_MAX: there is none. */
static size_t find_member(yyjson_val *object, struct span key)
{
	size_t index, count;
	yyjson_val *name, *value;
	yyjson_obj_foreach(object, index, count, name, value)
	{
		if (span_equal(json_text(name), key))
			return index;
	}
	return SIZE_MAX;
}

struct span json_member_text(const struct json *json, struct span text, struct span key)
{
	size_t index = find_member(json->root, key);
	size_t at = skip_space(text, 0);
	if (index == SIZE_MAX)
		return (struct span){NULL, 0};
	at = skip_space(text, at + 1); /* behind the brace */
	for (;;) {
		at = skip_space(text, at + measure_string(text, at));
		at = skip_space(text, at + 1); /* behind the colon */
		struct span value = {text.at + at, measure_value(text, at)};
		if (index-- == 0)
			return trim_space(value);
		at = skip_space(text, at + value.size + 1); /* behind the comma */
	}
}
