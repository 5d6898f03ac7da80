/* SPDX-License-Identifier: Apache-2.0 */
/* Paths, methods, parameters of paths, roles and sentences come from the table; the few schemas
 * that clients are generated from stand here as text, and a test parses the whole. */
#include "daemon/openapi.h"

#include "daemon/router.h"

#include <string.h>

static const char SCHEMAS[] =
	"{\"Task\":{\"type\":\"object\",\"required\":[\"kind\"],\"additionalProperties\":false,"
	"\"properties\":{"
	"\"kind\":{\"type\":\"string\",\"maxLength\":128},"
	"\"payload\":{},"
	"\"priority\":{\"enum\":[\"critical\",\"high\",\"normal\",\"low\",\"batch\"]},"
	"\"tenant\":{\"type\":\"string\",\"maxLength\":128},"
	"\"needs\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
	"\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
	"\"labels\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"
	"\"resources\":{\"type\":\"object\",\"properties\":{\"cpu\":{\"type\":\"string\"},"
	"\"memory\":{\"type\":\"string\"}}},"
	"\"not_agents\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
	"\"exclusive\":{\"type\":\"boolean\"}}},"
	"\"deadline\":{\"type\":\"string\",\"description\":"
	"\"a time from now such as 30s, or an instant of RFC 3339\"},"
	"\"conversation\":{\"type\":\"string\",\"maxLength\":256},"
	"\"parent\":{\"type\":\"string\"},"
	"\"parent_waits\":{\"type\":\"boolean\"},"
	"\"attempts\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100},"
	"\"size\":{\"type\":\"string\",\"description\":"
	"\"how long it may take on an average agent\"},"
	"\"idempotency_key\":{\"type\":\"string\",\"maxLength\":256}}},"
	"\"Problem\":{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\"],"
	"\"properties\":{\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
	"\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"
	"\"retry_after_s\":{\"type\":\"number\"}}}}";

static void put(struct json_writer *writer, const char *key, const char *word)
{
	json_key(writer, key);
	json_put_word(writer, word);
}

/* One parameter for each {name} of the path. */
static void write_parameters(struct json_writer *writer, const char *path)
{
	struct span rest = span_of(path);

	json_key(writer, "parameters");
	json_open(writer, '[');
	for (;;) {
		struct span name;

		rest = span_skip(rest, span_find(rest, '{'));
		if (rest.size == 0)
			break;
		name = (struct span){rest.at + 1, span_find(rest, '}') - 1};
		rest = span_skip(rest, name.size + 2);
		json_open(writer, '{');
		json_key(writer, "name");
		json_put_text(writer, name);
		put(writer, "in", "path");
		json_key(writer, "required");
		json_put_bool(writer, true);
		json_key(writer, "schema");
		json_put_raw(writer, SPAN("{\"type\":\"string\"}"));
		json_close(writer);
	}
	json_close(writer);
}

static void write_body(struct json_writer *writer, enum route_body body)
{
	if (body == ROUTE_BODY_NONE)
		return;
	json_key(writer, "requestBody");
	if (body == ROUTE_BODY_TASK)
		json_put_raw(writer,
			SPAN("{\"required\":true,\"content\":{\"application/json\":{\"schema\":"
			     "{\"$ref\":\"#/components/schemas/Task\"}},"
			     "\"application/x-ndjson\":{}}}"));
	else
		json_put_raw(writer, SPAN("{\"content\":{\"application/json\":{\"schema\":"
					  "{\"type\":\"object\"}}}}"));
}

static void write_operation(struct json_writer *writer, const struct route *route)
{
	static const char *const roles[] = {
#define X(name, word) word,
		ROUTE_ROLES(X)
#undef X
	};
	static const char *const methods[HTTP_METHOD_COUNT] = {[HTTP_METHOD_GET] = "get",
		[HTTP_METHOD_POST] = "post",
		[HTTP_METHOD_DELETE] = "delete"};
	char id[64];
	struct buffer operation;

	/* One handler may serve two methods; an operation's id may not. */
	buffer_init_fixed(&operation, id, sizeof id);
	buffer_append_text(&operation, methods[route->method]);
	buffer_append_byte(&operation, '_');
	buffer_append_text(&operation, route->name);
	if (strncmp(route->path, "/v1/why/", 8) == 0)
		buffer_append_text(&operation, "_any");
	json_key(writer, methods[route->method]);
	json_open(writer, '{');
	json_key(writer, "operationId");
	json_put_text(writer, buffer_span(&operation));
	put(writer, "summary", route->summary);
	put(writer, "x-ballast-role", roles[route->role]);
	write_parameters(writer, route->path);
	write_body(writer, route->body);
	json_key(writer, "responses");
	json_put_raw(
		writer, SPAN("{\"2XX\":{\"description\":\"done\"},\"default\":{\"description\":"
			     "\"a problem (RFC 9457)\",\"content\":{\"application/problem+json\":"
			     "{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}}"));
	json_close(writer);
}

/* True when an earlier row has this path: its operations were written there. */
static bool was_written(uint32_t index)
{
	for (uint32_t i = 0; i < index; i++)
		if (strcmp(router_routes[i].path, router_routes[index].path) == 0)
			return true;
	return false;
}

void openapi_write(struct buffer *text)
{
	struct json_writer writer;

	json_writer_init(&writer, text);
	json_open(&writer, '{');
	put(&writer, "openapi", "3.1.0");
	json_key(&writer, "info");
	json_open(&writer, '{');
	put(&writer, "title", "ballast");
	put(&writer, "version", BALLAST_VERSION);
	json_close(&writer);
	json_key(&writer, "paths");
	json_open(&writer, '{');
	for (uint32_t i = 0; i < router_route_count; i++) {
		if (was_written(i))
			continue;
		json_key(&writer, router_routes[i].path);
		json_open(&writer, '{');
		for (uint32_t j = i; j < router_route_count; j++)
			if (strcmp(router_routes[j].path, router_routes[i].path) == 0)
				write_operation(&writer, &router_routes[j]);
		json_close(&writer);
	}
	json_close(&writer);
	json_key(&writer, "components");
	json_open(&writer, '{');
	json_key(&writer, "schemas");
	json_put_raw(&writer, (struct span){SCHEMAS, sizeof SCHEMAS - 1});
	json_key(&writer, "securitySchemes");
	json_put_raw(&writer, SPAN("{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}}"));
	json_close(&writer);
	/* Without a file of tokens none is needed. */
	json_key(&writer, "security");
	json_put_raw(&writer, SPAN("[{},{\"token\":[]}]"));
	json_close(&writer);
}
