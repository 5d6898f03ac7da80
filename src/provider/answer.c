/* SPDX-License-Identifier: Apache-2.0 */
/* A list is taken whole or not at all: what is not in it will be taken for gone, so one member that
 * cannot be read makes all of it worthless. */
#include "provider/answer.h"

#include "wire/json.h"
#include "wire/printable.h"
#include "wire/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_READ (1024 * 1024)
#define SHOWN_MAX     60

/* Copies a text member; true when it is there and fits. */
static bool copy_member(yyjson_val *object, const char *name, char *to, size_t size)
{
	struct span text = json_text(yyjson_obj_get(object, name));
	if (text.at == NULL || text.size >= size)
		return false;
	memcpy(to, text.at, text.size);
	to[text.size] = '\0';
	return strlen(to) == text.size;
}

static bool is_id(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (*at <= ' ' || *at > '~')
			return false;
	}
	return *text != '\0';
}

static bool is_url(const char *text)
{
	struct url url;
	return url_read(span_of(text), &url) && !url.secure;
}

static bool fail(char message[static ANSWER_TEXT_SIZE], const char *verb, const char *what)
{
	snprintf(message, ANSWER_TEXT_SIZE, "%s answered nothing that can be used: %.160s", verb,
		what);
	return false;
}

/* What was printed instead, so that one sees it without a debugger. */
static bool fail_json(char message[static ANSWER_TEXT_SIZE], const char *verb, struct span text,
	const struct json_error *error)
{
	char shown[SHOWN_MAX];
	char what[ANSWER_TEXT_SIZE];
	printable_copy(shown, sizeof shown, text);
	if (text.size > 0)
		snprintf(what, sizeof what, "it printed %s: %.90s", shown, error->text);
	else
		snprintf(what, sizeof what, "it printed nothing");
	return fail(message, verb, what);
}

static bool read_instance(yyjson_val *value, struct answer_instance *instance, bool listed,
	const char *verb, char message[static ANSWER_TEXT_SIZE])
{
	memset(instance, 0, sizeof *instance);
	if (!yyjson_is_obj(value))
		return fail(message, verb, "an instance must be an object");
	if (!copy_member(value, "id", instance->id, sizeof instance->id) || !is_id(instance->id))
		return fail(message, verb,
			"`id` must be a string of 1 to 128 printable characters without spaces");
	yyjson_val *url = yyjson_obj_get(value, "url");
	bool missing = url == NULL || yyjson_is_null(url);
	if (!(listed && missing) &&
		(!copy_member(value, "url", instance->url, sizeof instance->url) ||
			!is_url(instance->url)))
		return fail(message, verb, "`url` must be a string like http://10.0.0.17:8000");
	yyjson_val *order = yyjson_obj_get(value, "order");
	if (listed && order != NULL && !yyjson_is_null(order) &&
		!copy_member(value, "order", instance->order, sizeof instance->order))
		return fail(message, verb, "`order` must be the BALLAST_ORDER it was made for");
	return true;
}

enum answer answer_create(
	struct span text, struct answer_instance *instance, char message[static ANSWER_TEXT_SIZE])
{
	struct json json = {NULL, NULL};
	struct json_error error;
	if (!json_read(&json, text, SIZE_MAX_READ, &error)) {
		fail_json(message, "create", text, &error);
		return ANSWER_GARBAGE;
	}
	struct span refused = json_text(yyjson_obj_get(json.root, "refused"));
	enum answer answer = ANSWER_REFUSED;
	if (refused.at != NULL)
		printable_copy(message, ANSWER_TEXT_SIZE, refused);
	else
		answer = read_instance(json.root, instance, false, "create", message)
				 ? ANSWER_INSTANCE
				 : ANSWER_GARBAGE;
	json_release(&json);
	return answer;
}

static bool read_list(yyjson_val *root, struct answer_instance **instances, size_t *count,
	char message[static ANSWER_TEXT_SIZE])
{
	size_t wanted = yyjson_arr_size(root);
	if (!yyjson_is_arr(root))
		return fail(message, "list", "it must be an array");
	if (wanted > ANSWER_LIST_MAX)
		return fail(message, "list", "more than 10000 instances");
	struct answer_instance *made = calloc(wanted + 1, sizeof *made);
	if (made == NULL)
		return fail(message, "list", "there is no memory for it");
	yyjson_val *value;
	yyjson_arr_iter iterator = yyjson_arr_iter_with(root);
	for (size_t index = 0; (value = yyjson_arr_iter_next(&iterator)) != NULL; index++) {
		if (!read_instance(value, &made[index], true, "list", message)) {
			free(made);
			return false;
		}
	}
	*instances = made;
	*count = wanted;
	return true;
}

bool answer_list(struct span text, struct answer_instance **instances, size_t *count,
	char message[static ANSWER_TEXT_SIZE])
{
	struct json json = {NULL, NULL};
	struct json_error error;
	if (!json_read(&json, text, SIZE_MAX_READ, &error))
		return fail_json(message, "list", text, &error);
	bool read = read_list(json.root, instances, count, message);
	json_release(&json);
	return read;
}
