/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that can be said about a request from its head is said before its body is read: a
 * client does not send 16 MiB to hear that the path was wrong.
 *
 * A browser can be made to send requests here by any page it shows (forged requests), and a page
 * can have its own name resolved to 127.0.0.1 and then read the answers (rebinding).  So the Host
 * must be a name of this machine, an Origin must be this server itself, a request that a browser
 * marks as coming from another site is refused whatever its method, and a body must be declared as
 * JSON, which no page may send to another site without being asked for by a preflight that we never
 * grant. */
#include "daemon/router.h"

#include "daemon/conn.h"
#include "daemon/guard.h"

const struct route router_routes[] = {
#define X(method, path, handler, role, body, summary)                                              \
	{HTTP_METHOD_##method, path, api_##handler, #handler, ROUTE_ROLE_##role,                   \
		ROUTE_BODY_##body, summary},
	ROUTES(X)
#undef X
};

const uint32_t router_route_count = sizeof router_routes / sizeof router_routes[0];

/* ---- who asks ---- */

/* Names that mean this machine and nothing else. */
static bool host_is_local(const struct server *server, struct span host)
{
	return span_equal_nocase(host, SPAN("localhost")) || span_equal(host, SPAN("127.0.0.1")) ||
	       span_equal(host, SPAN("[::1]")) ||
	       (server->host.size > 0 && span_equal_nocase(host, server->host));
}

static bool deny(struct request *request, unsigned status, const char *type, const char *detail)
{
	request->denial = (struct denial){.status = status, .type = type, .detail = detail};
	return false;
}

/* "http://" and the very authority that the request was sent to. */
static bool origin_is_own(struct span origin, struct span host)
{
	return span_starts(origin, SPAN("http://")) &&
	       span_equal_nocase(span_skip(origin, 7), host);
}

static bool check_sender(struct request *request)
{
	const struct http_reader *head = request->head;
	struct span host = head->head.host;
	struct span origin = http_field_get(head, HTTP_FIELD_ORIGIN);
	struct span site = http_field_get(head, HTTP_FIELD_SEC_FETCH_SITE);
	struct http_authority authority;

	/* Where other machines come in every request carries a token, which no page of another site
	 * has: names do not matter there. */
	if (host.at != NULL && (!http_authority_read(host, &authority) ||
				       (!request->server->is_public &&
					       !host_is_local(request->server, authority.host))))
		return deny(request, 421, "host",
			"this name is not one of this server's: use localhost or 127.0.0.1");
	if (origin.at != NULL && !origin_is_own(origin, host))
		return deny(request, 403, "origin", "requests of other sites' pages are refused");
	if (site.at != NULL && !span_equal(site, SPAN("same-origin")) &&
		!span_equal(site, SPAN("none")))
		return deny(request, 403, "origin", "requests of other sites' pages are refused");
	return true;
}

/* Before anything is told about paths and methods, whoever asks for them must be known. */
static bool check_token(struct request *request)
{
	static const char bearer[] = "WWW-Authenticate: Bearer realm=\"ballast\"\r\n";
	const struct route *route = request->route;
	enum guard_answer answer = GUARD_ALLOWED;

	if (!request->server->is_pipe)
		answer = guard_ask(request->server->guard,
			http_field_get(request->head, HTTP_FIELD_AUTHORIZATION),
			route == NULL ? ROUTE_ROLE_READ : route->role);
	if (answer == GUARD_ALLOWED || (answer == GUARD_FORBIDDEN && route == NULL))
		return request->denial.type == NULL;
	if (answer == GUARD_FORBIDDEN)
		return deny(request, 403, "role",
			"this token's roles do not allow it; /openapi.json names the role of each "
			"call");
	deny(request, 401, "token",
		answer == GUARD_NO_TOKEN
			? "a token is needed: Authorization: Bearer TOKEN; `ballast token create` "
			  "makes one, the command line takes it from BALLAST_TOKEN"
			: "this token is not known here");
	request->denial.extra = bearer;
	return false;
}

/* Whatever stands in a URL ends in logs and histories. */
static bool check_query(struct request *request)
{
	struct span query = request->head->head.query;
	struct span name, value;

	while (url_query_next(&query, &name, &value))
		if (span_equal(name, SPAN("token")) || span_equal(name, SPAN("access_token")))
			return deny(request, 403, "token-in-url",
				"a token does not belong into a URL, send an Authorization field");
	return true;
}

/* ---- what is asked ---- */

/* Matches segment by segment; {name} takes any that is not empty. */
static bool match_path(struct span path, const char *pattern, struct span *segments)
{
	struct span expected = span_of(pattern);
	uint32_t count = 0;

	while (expected.size > 0) {
		if (expected.at[0] == '{') {
			struct span segment = {path.at, span_find(path, '/')};

			if (segment.size == 0 || count == REQUEST_SEGMENTS_MAX)
				return false;
			segments[count++] = segment;
			path = span_skip(path, segment.size);
			expected = span_skip(expected, span_find(expected, '}') + 1);
			continue;
		}
		if (path.size == 0 || path.at[0] != expected.at[0])
			return false;
		path = span_skip(path, 1);
		expected = span_skip(expected, 1);
	}
	return path.size == 0;
}

/* The methods of one path, as an Allow field. */
static const char *allow_field(uint32_t methods)
{
	static const char *const fields[] = {"Allow: OPTIONS\r\n", "Allow: GET, HEAD, OPTIONS\r\n",
		"Allow: POST, OPTIONS\r\n", "Allow: GET, HEAD, POST, OPTIONS\r\n",
		"Allow: DELETE, OPTIONS\r\n", "Allow: GET, HEAD, DELETE, OPTIONS\r\n",
		"Allow: POST, DELETE, OPTIONS\r\n", "Allow: GET, HEAD, POST, DELETE, OPTIONS\r\n"};

	return fields[(methods >> HTTP_METHOD_GET & 1) | (methods >> HTTP_METHOD_POST & 1) << 1 |
		      (methods >> HTTP_METHOD_DELETE & 1) << 2];
}

static bool find_route(struct request *request)
{
	enum http_method method = request->head->head.method;
	struct span path = request->head->head.path;
	uint32_t methods = 0;

	if (method == HTTP_METHOD_HEAD)
		method = HTTP_METHOD_GET;
	for (uint32_t i = 0; i < router_route_count; i++) {
		const struct route *route = &router_routes[i];

		if (!match_path(path, route->path, request->segments))
			continue;
		if (route->method == method) {
			request->route = route;
			return true;
		}
		methods |= 1u << route->method;
	}
	if (methods == 0)
		return deny(request, 404, "no-such-path",
			"nothing is served here; /openapi.json lists all paths");
	/* 204 is no problem document, but like one it is an answer without a handler. */
	if (method == HTTP_METHOD_OPTIONS)
		deny(request, 204, "options", "");
	else
		deny(request, 405, "method", "this path does not have that method");
	request->denial.extra = allow_field(methods);
	return false;
}

static bool check_body(struct request *request)
{
	const struct http_head *head = &request->head->head;
	struct span encoding = http_field_get(request->head, HTTP_FIELD_CONTENT_ENCODING);
	struct span value = http_field_get(request->head, HTTP_FIELD_CONTENT_TYPE);
	struct span type = span_cut(&value, ';');
	bool lines = request->route->body == ROUTE_BODY_TASK &&
		     span_equal_nocase(type, SPAN("application/x-ndjson"));

	if (!head->chunked && head->content_length <= 0)
		return true;
	if (encoding.at != NULL)
		return deny(request, 415, "content-encoding",
			"an encoded body is not taken: send it plain");
	if (!lines && !span_equal_nocase(type, SPAN("application/json")))
		return deny(request, 415, "content-type",
			"send the body as Content-Type: application/json");
	if (head->content_length > 0 && (uint64_t)head->content_length > router_body_max(request))
		return deny(request, 413, "body-size", "the body is longer than the limit");
	return true;
}

void router_admit(struct request *request)
{
	if (!check_sender(request) || !check_query(request))
		return;
	find_route(request);
	if (check_token(request))
		check_body(request);
}

uint64_t router_body_max(const struct request *request)
{
	uint64_t payload_max;

	if (request->route == NULL)
		return 0;
	payload_max = (uint64_t)engine_config(request->engine)->queue.payload_bytes +
		      REQUEST_BODY_SMALL_MAX;
	switch (request->route->body) {
	case ROUTE_BODY_TASK:
		return payload_max > REQUEST_BODY_LARGE_MAX ? payload_max : REQUEST_BODY_LARGE_MAX;
	case ROUTE_BODY_RESULT:
		return REQUEST_BODY_LARGE_MAX;
	default:
		return REQUEST_BODY_SMALL_MAX;
	}
}
