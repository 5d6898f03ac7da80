/* SPDX-License-Identifier: Apache-2.0 */
/* Problems are RFC 9457 documents; their detail is a sentence already, so it is printed as it is,
 * with what the daemon adds for people: a time to wait, and the nearest pools. */
#include "cli/ask.h"

#include "cli/commands.h"
#include "cli/show.h"
#include "wire/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ask *ask_open(const struct args *args)
{
	struct ask *ask = calloc(1, sizeof *ask);

	if (ask == NULL) {
		fprintf(stderr, "ballast: no memory\n");
		return NULL;
	}
	buffer_init(&ask->body, CLIENT_ANSWER_MAX);
	ask->raw = args_has(args, "--json");
	if (client_open(&ask->client, args_value(args, "--url")))
		return ask;
	fprintf(stderr, "ballast: %s\n", ask->client.message);
	ask_close(ask);
	return NULL;
}

void ask_close(struct ask *ask)
{
	if (ask == NULL)
		return;
	client_close(&ask->client);
	json_release(&ask->json);
	buffer_release(&ask->body);
	free(ask);
}

static int call(struct ask *ask, const struct client_request *request)
{
	struct json_error error;

	json_release(&ask->json);
	ask->json = (struct json){NULL, NULL};
	buffer_clear(&ask->body);
	ask->status = 0;
	if (!client_send(&ask->client, request) || !client_receive(&ask->client, &ask->body)) {
		if (!ask->quiet)
			fprintf(stderr, "ballast: %s\n", ask->client.message);
		return EXIT_UNREACHABLE;
	}
	ask->status = ask->client.reader.head.status;
	if (ask->body.size > 0)
		(void)json_read(&ask->json, buffer_span(&ask->body), ask->body.size, &error);
	if (ask->status >= 200 && ask->status < 300)
		return 0;
	if (!ask->quiet)
		ask_explain(ask);
	return EXIT_NO;
}

int ask_get(struct ask *ask, const char *target)
{
	struct client_request request = {.method = HTTP_METHOD_GET,
		.target = span_of(target),
		.timeout_ms = ask->timeout_ms};

	return call(ask, &request);
}

int ask_post(struct ask *ask, const char *target, struct span body)
{
	struct client_request request = {.method = HTTP_METHOD_POST,
		.target = span_of(target),
		.body = body,
		.key = ask->key,
		.timeout_ms = ask->timeout_ms};

	return call(ask, &request);
}

const char *ask_text(const struct ask *ask, const char *path)
{
	return yyjson_get_str(show_member(ask->json.root, path));
}

void ask_explain(const struct ask *ask)
{
	const char *detail = ask_text(ask, "detail");
	const char *title = ask_text(ask, "title");
	struct span wait = http_field_get(&ask->client.reader, HTTP_FIELD_RETRY_AFTER);

	fprintf(stderr, "ballast: %s",
		detail != NULL  ? detail
		: title != NULL ? title
				: http_status_text(ask->status));
	if (wait.at != NULL)
		fprintf(stderr, " (try again in %.*s s)", (int)wait.size, wait.at);
	fprintf(stderr, "\n");
}

void ask_print(const struct ask *ask)
{
	fwrite(ask->body.bytes, 1, ask->body.size, stdout);
	if (ask->body.size == 0 || ask->body.bytes[ask->body.size - 1] != '\n')
		putchar('\n');
}

const char *ask_encode(const char *text, char *memory, size_t size)
{
	struct buffer buffer;

	buffer_init_fixed(&buffer, memory, size - 1);
	url_encode(&buffer, span_of(text));
	memory[buffer.size] = '\0';
	return memory;
}
