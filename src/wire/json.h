/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_JSON_H
#define BAL_WIRE_JSON_H

#include "wire/buffer.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yyjson.h>

/*
 * json: strict reading of JSON from outside, on yyjson.
 *
 * Text must be RFC 8259 to the letter: UTF-8, no comments, no trailing commas, nothing behind the
 * value, at most JSON_DEPTH_MAX levels, no key twice in one object. An object of ours is read
 *against a table of fields: an unknown key, a wrong type or a value out of range is refused with a
 *sentence that names it.
 *
 *	static const struct json_field fields[] = {
 *		{"kind", JSON_TEXT, .required = true, .min = 1, .max = 128, offsetof(struct submit,
 *kind)},
 *		...
 *	};
 *	if (!json_read(&json, text, size_max, &error) ||
 *		!json_read_object(json.root, fields, count, &submit, &error))
 *		answer 400 with error.text
 */

enum {
	JSON_DEPTH_MAX = 32,
	JSON_ERROR_SIZE = 256,
	JSON_FIELDS_MAX = 64 /* rows of one table */
};

/* What was wrong. `at` is the byte position of a syntax error, SIZE_MAX for everything else. */
struct json_error {
	size_t at;
	char text[JSON_ERROR_SIZE]; /* zero-terminated, printable */
};

/* A document; `root` and all spans read from it live until json_release(). */
struct json {
	yyjson_doc *document;
	yyjson_val *root;
};

/* Parse `text`, at most `size_max` bytes. False with `error` filled; `json` is then empty. */
bool json_read(struct json *, struct span text, size_t size_max, struct json_error *);

/* Free the document; an empty one is fine. */
void json_release(struct json *);

/* What a field holds, and the C type that its offset points to. */
enum json_type {
	JSON_ANY,      /* yyjson_val * */
	JSON_BOOL,     /* bool */
	JSON_INTEGER,  /* int64_t, min..max */
	JSON_NUMBER,   /* double, no range */
	JSON_TEXT,     /* struct span, min..max bytes; max 0: no upper bound */
	JSON_OBJECT,   /* yyjson_val * */
	JSON_ARRAY,    /* yyjson_val *, min..max elements; max 0: no upper bound */
	JSON_ID,       /* uint64_t, 1..: decimal digits in a string */
	JSON_DURATION, /* int64_t in ns, min..max: "30s", "10m" (wire/quantity.h) */
};

struct json_field {
	const char *name;
	enum json_type type;
	bool required; /* missing or null is an error; otherwise both leave the target untouched */
	int64_t min;
	int64_t max;
	size_t offset; /* in the structure that is filled */
};

/*
 * Read `object` into the structure at `to`. False with `error` when it is not an object, a key is
 * not in the table (with the nearest key when there is one), or a value does not fit its row.
 */
bool json_read_object(yyjson_val *object, const struct json_field *fields, size_t field_count,
	void *to, struct json_error *);

/*
 * The bytes of the value of a top-level member, exactly as they were sent: what is passed on to an
 * agent is not written anew, so that numbers and escapes stay as they are. `text` must be what
 * `json` was read from. Absent when the root is no object or has no such member.
 */
struct span json_member_text(const struct json *, struct span text, struct span key);

/* The characters of a string value. Absent when it is not a string. */
struct span json_text(yyjson_val *);

#endif
