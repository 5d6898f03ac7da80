/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_MINTREE_H
#define BAL_BASE_MINTREE_H

#include <stdint.h>

struct arena;

/* "No place": what mintree_first returns when every key is MINTREE_ABSENT. */
#define MINTREE_NONE UINT32_MAX

/* The key of a place that is not to be found: infinity. */
#define MINTREE_ABSENT __builtin_inff()

/* 16^MINTREE_LEVELS places at most. */
#define MINTREE_LEVELS 6

/*
 * A row of keys that always knows the smallest: the minimum of each 16 keys, of each 16 of these,
 * and so on. One node is a cache line, so setting a key of a million costs five of them, and mostly
 * stops at the first that does not change. Keys are floats, not NaN; equal keys go by place.
 */
struct mintree {
	float least; /* of all keys; MINTREE_ABSENT when there are none */
	uint32_t count;
	uint32_t count_max;
	uint32_t height; /* levels in use; the topmost is one node. 0 when there are no keys */
	float *level[MINTREE_LEVELS]; /* [0]: the keys; [k]: a minimum per 16 of k - 1 */
};

/* Takes memory for `count_max` keys (1 .. 2^24) from the arena, untouched; the tree is empty. On a
 * measuring arena it is not usable. */
void mintree_init(struct mintree *tree, struct arena *arena, uint32_t count_max);

/* Forgets all keys. */
void mintree_clear(struct mintree *tree);

/* Appends a key at place `count`, which must be below count_max. */
void mintree_push(struct mintree *tree, float key);

/* Takes the last place away. */
void mintree_pop(struct mintree *tree);

/* Sets the key of a place below count. */
void mintree_set(struct mintree *tree, uint32_t place, float key);

/* The place of the smallest key, the lowest such place; MINTREE_NONE when all are absent. */
uint32_t mintree_first(const struct mintree *tree);

/* The key of a place below count. */
static inline float mintree_key(const struct mintree *tree, uint32_t place)
{
	return tree->level[0][place];
}

/* The smallest key, MINTREE_ABSENT when there is none. */
static inline float mintree_least(const struct mintree *tree)
{
	return tree->least;
}

/* Walks the tree and asserts that it is one. */
void mintree_check(const struct mintree *tree);

#endif
