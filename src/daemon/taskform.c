/* SPDX-License-Identifier: Apache-2.0 */
/* Payload and needs are kept as the bytes that were sent, so that numbers and escapes reach the
 * agent unchanged.  A kind that no pool takes is not interned: a client that invents kinds must not
 * be able to fill the table.  Its task is numbered under "?", which is no valid name, and counts as
 * an unknown need, so that the core refuses it with the nearest pools. */
#include "daemon/taskform.h"

#include "base/checksum.h"
#include "base/units.h"
#include "daemon/instant.h"
#include "daemon/meta.h"
#include "daemon/needs.h"
#include "daemon/why.h"
#include "wire/nearest.h"
#include "wire/quantity.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define WHY_SIZE_MAX   (64u << 10)
#define KEY_SIZE_MAX   256
#define SIZE_MAX_NS    (365 * NS_PER_DAY)
#define ATTEMPTS_MAX   100
#define TENANT_DEFAULT "default"

struct taskform {
	struct span kind;
	yyjson_val *payload;
	struct span priority;
	struct span tenant;
	yyjson_val *needs;
	struct span deadline;
	struct span conversation;
	uint64_t parent;
	bool parent_waits;
	int64_t attempts;
	int64_t size_ns;
	struct span key;
};

#define AT(member) offsetof(struct taskform, member)

static const struct json_field FIELDS[] = {
	{"kind", JSON_TEXT, true, 1, CONFIG_NAME_SIZE_MAX, AT(kind)},
	{"payload", JSON_ANY, false, 0, 0, AT(payload)},
	{"priority", JSON_TEXT, false, 1, 16, AT(priority)},
	{"tenant", JSON_TEXT, false, 1, CONFIG_NAME_SIZE_MAX, AT(tenant)},
	{"needs", JSON_OBJECT, false, 0, 0, AT(needs)},
	{"deadline", JSON_TEXT, false, 1, 64, AT(deadline)},
	{"conversation", JSON_TEXT, false, 1, KEY_SIZE_MAX, AT(conversation)},
	{"parent", JSON_ID, false, 0, 0, AT(parent)},
	{"parent_waits", JSON_BOOL, false, 0, 0, AT(parent_waits)},
	{"attempts", JSON_INTEGER, false, 1, ATTEMPTS_MAX, AT(attempts)},
	{"size", JSON_DURATION, false, 1, SIZE_MAX_NS, AT(size_ns)},
	{"idempotency_key", JSON_TEXT, false, 1, KEY_SIZE_MAX, AT(key)},
};

static bool fail(struct taskform_error *error, unsigned status, const char *type,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

static bool fail(
	struct taskform_error *error, unsigned status, const char *type, const char *format, ...)
{
	va_list arguments;

	error->status = status;
	error->type = type;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	return false;
}

/* ---- single fields ---- */

static bool read_priority(struct span text, uint32_t *priority, struct taskform_error *error)
{
	struct nearest nearest;

	*priority = BAL_PRIORITY_NORMAL;
	if (text.at == NULL)
		return true;
	nearest_init(&nearest, text);
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++) {
		const char *name = bal_priority_name((enum bal_priority)i);

		nearest_offer(&nearest, name);
		if (!span_equal(text, span_of(name)))
			continue;
		*priority = i;
		return true;
	}
	if (nearest.best != NULL)
		return fail(
			error, 400, "field", "\"priority\": did you mean \"%s\"?", nearest.best);
	return fail(
		error, 400, "field", "\"priority\": expected critical, high, normal, low or batch");
}

static bool read_deadline(
	struct engine *engine, struct span text, int64_t *deadline_ns, struct taskform_error *error)
{
	const struct clock *clock = engine_clock(engine);
	int64_t value_ns;

	*deadline_ns = BAL_NEVER_NS;
	if (text.at == NULL)
		return true;
	if (quantity_read(text, QUANTITY_TIME, &value_ns))
		*deadline_ns = time_add_ns(clock_core_ns(clock), value_ns);
	else if (instant_read(text, &value_ns))
		*deadline_ns = clock_to_core_ns(clock, value_ns > 0 ? value_ns : 1);
	else
		return fail(error, 400, "field",
			"\"deadline\": expected a time from now such as \"30s\", or an instant "
			"such as \"2026-11-23T13:20:46Z\"");
	return true;
}

static bool stop_visit(void *context, const struct store_view *view)
{
	(void)context;
	(void)view;
	return false;
}

static bool check_parent(struct engine *engine, uint64_t parent, struct taskform_error *error)
{
	struct store *store = engine_store(engine);

	if (parent == 0 || engine_job(engine, parent) != NULL ||
		(parent <= STORE_ID_MAX &&
			store->ops->get(store, parent, 0, stop_visit, NULL) == STORE_OK))
		return true;
	return fail(error, 422, "no-such-parent", "\"parent\": there is no task %" PRIu64, parent);
}

static bool is_visible(struct span text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
			return false;
	return true;
}

static bool read_key(struct taskform *form, struct span field, struct taskform_error *error)
{
	if (field.at != NULL && form->key.at != NULL && !span_equal(field, form->key))
		return fail(error, 400, "field",
			"\"idempotency_key\" and the field Idempotency-Key differ");
	if (field.at != NULL)
		form->key = field;
	if (form->key.at == NULL ||
		(form->key.size > 0 && form->key.size <= KEY_SIZE_MAX && is_visible(form->key)))
		return true;
	return fail(error, 400, "field", "Idempotency-Key: expected 1 to %d visible characters",
		KEY_SIZE_MAX);
}

static bool check_names(const struct taskform *form, struct taskform_error *error)
{
	static const char expected[] = "letters, digits, '.', '_' and '-'";

	if (!config_name_valid(form->kind))
		return fail(error, 400, "field", "\"kind\": expected %s", expected);
	if (form->tenant.at != NULL && !config_name_valid(form->tenant))
		return fail(error, 400, "field", "\"tenant\": expected %s", expected);
	if (form->conversation.at != NULL && !is_visible(form->conversation))
		return fail(error, 400, "field", "\"conversation\": expected visible characters");
	return true;
}

/* ---- the whole ---- */

static bool set_names(struct engine *engine, const struct taskform *form, struct job *job,
	struct taskform_error *error)
{
	bool known = names_find(engine_names(engine), BAL_SYMBOL_TAG, form->kind) != BAL_NONE;

	job->kind = engine_intern(engine, BAL_SYMBOL_KIND, known ? form->kind : SPAN("?"));
	job->tenant = engine_intern(engine, BAL_SYMBOL_TENANT,
		form->tenant.at == NULL ? SPAN(TENANT_DEFAULT) : form->tenant);
	if (job->tenant == BAL_NONE)
		return fail(error, 429, "too-many-tenants",
			"\"tenant\": there are as many tenants as this server can tell apart");
	if (job->kind == BAL_NONE)
		return fail(error, 429, "too-many-kinds",
			"\"kind\": there are as many kinds as this server can tell apart");
	return true;
}

static bool fill_job(struct engine *engine, const struct taskform *form, const struct json *json,
	struct span body, const struct http_reader *head, struct job *job,
	struct taskform_error *error)
{
	struct span needs = json_member_text(json, body, SPAN("needs"));
	struct span payload = json_member_text(json, body, SPAN("payload"));
	int64_t payload_max = engine_config(engine)->queue.payload_bytes;
	char meta_memory[META_SIZE_MAX];
	struct buffer meta;

	if ((int64_t)payload.size > payload_max)
		return fail(error, 413, "payload-size",
			"\"payload\": %zu bytes are more than the %" PRId64 " of queue.payload_max",
			payload.size, payload_max);
	if (!read_priority(form->priority, &job->priority, error) ||
		!read_deadline(engine, form->deadline, &job->deadline_ns, error) ||
		!check_parent(engine, form->parent, error) || !set_names(engine, form, job, error))
		return false;
	job->parent = form->parent;
	job->attempts_max = (uint32_t)form->attempts;
	job->size_ns = form->size_ns;
	job->flags = BAL_TASK_DURABLE;
	if (form->parent != 0 && form->parent_waits)
		job->flags |= BAL_TASK_PARENT_WAITS;
	buffer_init_fixed(&meta, meta_memory, sizeof meta_memory);
	meta_write(job, head, &meta);
	if (form->needs == NULL)
		needs = (struct span){NULL, 0};
	if (!job_set_bytes(job, form->conversation, form->key, needs, buffer_span(&meta), payload))
		return fail(error, 503, "memory", "there is no memory for the task");
	job->request_hash = checksum_hash64(1, body.at, body.size);
	job->submitted_at_utc_ns = clock_utc_ns();
	return true;
}

static bool read_form(struct span body, struct span key, struct json *json, struct taskform *form,
	struct taskform_error *error)
{
	struct json_error problem;

	if (!json_read(json, body, SIZE_MAX, &problem))
		return fail(error, 400, "json", "%s", problem.text);
	if (!json_read_object(json->root, FIELDS, sizeof FIELDS / sizeof FIELDS[0], form, &problem))
		return fail(error, 400, "field", "%s", problem.text);
	if (form->needs != NULL && !needs_check(form->needs, &problem))
		return fail(error, 400, "field", "%s", problem.text);
	return check_names(form, error) && read_key(form, key, error);
}

struct job *taskform_read(struct engine *engine, struct span body,
	const struct taskform_about *about, struct taskform_error *error)
{
	struct taskform form = {.parent_waits = about->waited_for};
	struct json json = {NULL, NULL};
	struct job *job = NULL;
	bool ok = read_form(body, about->key, &json, &form, error);
	uint64_t id = ok ? engine_mint(engine) : 0;

	if (ok && id == 0)
		ok = fail(error, 503, "store", "it could not be made durable: %s",
			store_status_text(STORE_FAILED));
	if (ok) {
		job = job_new(id);
		ok = job != NULL || fail(error, 503, "memory", "there is no memory for the task");
	}
	if (ok && !fill_job(engine, &form, &json, body, about->head, job, error)) {
		job_free(job);
		job = NULL;
	}
	json_release(&json);
	return job;
}

/* ---- refusals ---- */

static void set_refusal(
	struct refusal *refusal, unsigned status, const char *type, int64_t retry_after_ns)
{
	refusal->status = status;
	refusal->type = type;
	refusal->retry_after_ns = retry_after_ns;
}

/* The store knows better than the core why it took nothing. */
static void set_store_refusal(struct engine *engine, struct refusal *refusal)
{
	struct store *store = engine_store(engine);
	struct store_counts counts;

	store->ops->count(store, &counts);
	set_refusal(refusal,
		counts.health == STORE_OK ? 503 : (unsigned)store_status_http(counts.health),
		counts.health == STORE_NO_SPACE ? "no-space" : "store", NS_PER_S);
	snprintf(refusal->text, sizeof refusal->text, "it could not be made durable: %s",
		counts.health == STORE_OK ? "too much is waiting for the disk"
					  : store_status_text(counts.health));
}

static void describe_unknown(struct engine *engine, const struct job *job, struct buffer *text)
{
	char memory[128];
	struct buffer unknown;

	buffer_init_fixed(&unknown, memory, sizeof memory);
	if (job != NULL)
		needs_describe_unknown(engine, job, &unknown);
	if (unknown.size == 0 || span_starts(buffer_span(&unknown), SPAN("\"?\""))) {
		buffer_append_text(text, "; no pool takes this kind of task");
		return;
	}
	buffer_append_text(text, "; no pool names ");
	buffer_append_span(text, buffer_span(&unknown));
}

/* Names the needs that nobody offers, and what the nearest pool lacks. */
static void describe_incapable(
	struct engine *engine, const struct bal_why *why, struct refusal *refusal)
{
	const struct names *names = engine_names(engine);
	struct buffer text;

	buffer_init_fixed(&text, refusal->text, sizeof refusal->text - 1);
	buffer_append_text(&text, bal_reason_text(why->reason));
	if (why->unknown_count > 0)
		describe_unknown(engine, engine_job(engine, why->id), &text);
	if (why->nearest_count > 0) {
		bool any = false;

		buffer_append_text(&text, "; the nearest pool is ");
		buffer_append_span(&text, names_text(names, BAL_SYMBOL_POOL, why->nearest_pool[0]));
		for (uint32_t i = 0; i < BAL_TAGS_MAX; i++) {
			if ((why->nearest_missing[0].words[i / 64] >> (i % 64) & 1) == 0)
				continue;
			buffer_append_text(&text, any ? ", " : ", which lacks ");
			buffer_append_span(&text, names_text(names, BAL_SYMBOL_TAG, i));
			any = true;
		}
	}
	refusal->text[text.size] = '\0';
}

void refusal_fill(struct engine *engine, const struct bal_why *why, struct refusal *refusal)
{
	int64_t wait_ns = why->expected_wait_ns > NS_PER_MS ? why->expected_wait_ns : NS_PER_S;
	struct json_writer writer;

	set_refusal(refusal, 422, "refused", 0);
	snprintf(refusal->text, sizeof refusal->text, "%s", bal_reason_text(why->reason));
	switch (why->reason) {
	case BAL_REASON_REFUSED_INCAPABLE:
		set_refusal(refusal, 422, "incapable", 0);
		describe_incapable(engine, why, refusal);
		break;
	case BAL_REASON_REFUSED_DEADLINE:
		set_refusal(refusal, 422, "deadline", 0);
		snprintf(refusal->text, sizeof refusal->text,
			"its deadline cannot be met: the expected wait is %.1f s",
			(double)why->expected_wait_ns / 1e9);
		break;
	case BAL_REASON_REFUSED_QUEUE_FULL:
		set_refusal(refusal, 429, "queue-full", wait_ns);
		break;
	case BAL_REASON_REFUSED_TENANT_FULL:
		set_refusal(refusal, 429, "tenant-full", wait_ns);
		break;
	case BAL_REASON_REFUSED_TENANT_RATE:
		set_refusal(refusal, 429, "tenant-rate", wait_ns);
		break;
	case BAL_REASON_REFUSED_SHED:
		set_refusal(refusal, 429, "shed", wait_ns);
		break;
	case BAL_REASON_REFUSED_STORE:
		set_store_refusal(engine, refusal);
		break;
	default:
		break;
	}
	buffer_init(&refusal->why, WHY_SIZE_MAX);
	json_writer_init(&writer, &refusal->why);
	why_write(engine, why, &writer);
	if (!json_writer_done(&writer))
		buffer_release(&refusal->why);
}
