/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_REQUEST_H
#define BAL_DAEMON_REQUEST_H

#include "daemon/server.h"
#include "table/routes.h"
#include "wire/httpread.h"
#include "wire/json.h"
#include "wire/jsonwrite.h"
#include "wire/problem.h"
#include "wire/url.h"

/*
 * One request on its way to an answer, as handlers see it.  A handler answers at once, or parks the
 * request (request_park) and answers later, from a waiter or when its time is up.  Exactly one
 * answer is given; after it the request must not be touched.
 */
#define REQUEST_SEGMENTS_MAX   2
#define REQUEST_QUERY_SIZE     2048
#define REQUEST_ANSWER_MAX     (64u << 20) /* bytes of one answer */
#define REQUEST_WAIT_MAX_NS    (24 * INT64_C(3600000000000))
#define REQUEST_BODY_SMALL_MAX 65536
#define REQUEST_BODY_LARGE_MAX (16u << 20)

struct conn;
struct request;

/* A row of table/routes.h. */
struct route {
	enum http_method method;
	const char *path;
	void (*handle)(struct request *request);
	const char *name; /* of the handler */
	enum route_role role;
	enum route_body body;
	const char *summary;
};

/* Why a request is not handled; type NULL: it is. */
struct denial {
	unsigned status;
	const char *type;
	const char *detail;
	const char *extra; /* complete field lines, or NULL */
};

struct request {
	struct conn *conn;
	struct server *server;
	struct engine *engine;
	const struct http_reader *head;
	const struct route *route; /* NULL when denied before it was looked for */
	struct denial denial;
	struct span segments[REQUEST_SEGMENTS_MAX]; /* what {} stood for */
	struct span body;                           /* lives until the handler returns */

	/* While it is parked. */
	bool parked;
	bool lasting;      /* the client may leave: then it is abandoned, not answered */
	bool ends_at_stop; /* expires when the daemon begins to stop */
	int64_t until_ns;  /* core time; TIME_NEVER_NS: no limit of its own */
	/* The time is up, or the server closes: answer. */
	void (*expired)(struct request *request);
	/* The client is gone: forget it, do not answer. */
	void (*abandoned)(struct request *request);
	/* Called from the loop after request_resume. */
	void (*resumed)(struct request *request);
	struct job_waiter waiter;
	struct lease_poll poll;
	uint64_t task;
	uint32_t number; /* the handler's own */
	void *self;      /* likewise */
};

/* Answers with JSON; the buffer is released. */
void request_answer_json(struct request *request, unsigned status, struct buffer *json);

/* Answers with bytes of a type (NULL: none given); extra is NULL or complete field lines. */
void request_answer(struct request *request, unsigned status, const char *type, struct span body,
	const char *extra);

/* Answers with a problem document.  `type` is the stable word, detail a sentence. */
void request_problem(struct request *request, unsigned status, const char *type, const char *format,
	...) __attribute__((format(printf, 4, 5)));

/* The same with a Retry-After (0: none) and one more member of JSON (key NULL: none). */
void request_problem_more(struct request *request, unsigned status, const char *type,
	int64_t retry_after_ns, const char *key, struct span member, const char *detail);

/* The problem of a denial. */
void request_deny(struct request *request, const struct denial *denial);

/* The problem for a core's status; `about` names what it was about. */
void request_status(struct request *request, enum bal_status status, const char *about);

/* Keeps the request for later: expired and abandoned must be set. */
void request_park(struct request *request, int64_t until_ns);

/* Calls request->resumed from the loop, soon: for work that must not be done from a waiter. */
void request_resume(struct request *request);

/* Begins an endless answer (server-sent events); the request stays parked. */
void request_stream_begin(struct request *request, const char *type);

/* Adds to it; the bytes go out soon.  False: the reader is too slow or gone: the connection is
 * being closed, and `abandoned` has been called. */
bool request_stream_add(struct request *request, struct span bytes);

/* Reads the query into parameters; memory holds their values.  False after answering 400 with the
 * name of the culprit. */
bool request_query(struct request *request, struct url_parameter *parameters, uint32_t count,
	char memory[REQUEST_QUERY_SIZE]);

/* Reads a parameter's value as a time ("30s", at most REQUEST_WAIT_MAX_NS), or as a number of at
 * most max.  An absent one leaves the value as it is.  False after answering 400. */
bool request_query_time(
	struct request *request, const struct url_parameter *parameter, int64_t *value_ns);
bool request_query_number(struct request *request, const struct url_parameter *parameter,
	uint64_t max, uint64_t *value);

/* Reads the body as a JSON object against a table; an empty body is an empty object.  False after
 * answering 400.  On true the caller releases json. */
bool request_read(struct request *request, struct json *json, const struct json_field *fields,
	size_t field_count, void *to);

/* The agent whose id or name stands in the first segment; NULL after answering 404. */
struct roster_agent *request_agent(struct request *request, struct bal_agent_view *view);

/* The id in a segment of the path; 0 after answering 404. */
uint64_t request_id(struct request *request, uint32_t segment);

/* What the routes call. */
#define X(method, path, handler, role, body, summary) void api_##handler(struct request *request);
ROUTES(X)
#undef X

#endif
