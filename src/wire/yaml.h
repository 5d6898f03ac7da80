/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_YAML_H
#define BAL_WIRE_YAML_H

#include "base/arena.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * yaml: one YAML document as a tree of nodes that know their line and column.
 *
 * Every scalar stays text: what it means is the schema's business, not YAML's, so `on`, `no`,
 * `07:00` and `1.10` mean what was written. Anchors, aliases, tags, a second document, keys that
 * are not scalars and duplicate keys are refused, and so is more of anything than the limits below.
 */
enum {
	YAML_SIZE_MAX = 1 << 20,  /* bytes of text */
	YAML_DEPTH_MAX = 12,      /* levels of nesting */
	YAML_CHILDREN_MAX = 8192, /* entries of one map or list */
	YAML_ERROR_SIZE = 320,
	YAML_MEMORY_FACTOR =
		128 /* bytes of arena per byte of text that are always enough, and ... */
};
#define YAML_MEMORY_FREE 65536 /* ... this many more */

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	bool plain;       /* a scalar without quotes */
	bool key_plain;   /* of a map's entry: its key is without quotes */
	uint32_t line;    /* from 1 */
	uint32_t column;  /* from 1 */
	struct span text; /* of a scalar; zero-terminated behind its end */
	struct span key;  /* of a map's entry: its key, zero-terminated behind its end */
	uint32_t key_line;
	uint32_t key_column;
	uint32_t count;          /* children of a list or map */
	struct yaml_node *child; /* the first one */
	struct yaml_node *next;  /* the next one of the same parent */
};

struct yaml_error {
	uint32_t line;
	uint32_t column;
	char text[YAML_ERROR_SIZE]; /* zero-terminated, one line */
};

/*
 * Read `text` into nodes taken from `memory`, which must be zero-filled and of YAML_MEMORY_FREE +
 * YAML_MEMORY_FACTOR x size bytes. An empty document gives *root == NULL and true.
 */
bool yaml_read(
	struct span text, struct arena *memory, struct yaml_node **root, struct yaml_error *error);

#endif
