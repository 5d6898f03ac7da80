/* SPDX-License-Identifier: Apache-2.0 */
/* A node is 16 floats, and lanes of four are what every compiler makes one instruction of. The
 * unused places of the last node of each level in use are absent, so nodes are always read whole.
 */
#include "base/mintree.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdbool.h>
#include <string.h>

#define NODE      16
#define NODE_BITS 4
#define LANES     4

#define COUNT_MAX (UINT32_C(1) << (NODE_BITS * MINTREE_LEVELS))

/* Nodes of a level that hold `count` keys. */
static uint32_t nodes(uint32_t count)
{
	return (count + NODE - 1) / NODE;
}

static inline float node_least(const float *node)
{
	float lane[LANES];

	for (uint32_t i = 0; i < LANES; i++)
		lane[i] = node[i + LANES] < node[i] ? node[i + LANES] : node[i];
	for (uint32_t k = 2 * LANES; k < NODE; k += LANES)
		for (uint32_t i = 0; i < LANES; i++)
			lane[i] = node[k + i] < lane[i] ? node[k + i] : lane[i];
	for (uint32_t i = 1; i < LANES; i++)
		lane[0] = lane[i] < lane[0] ? lane[i] : lane[0];
	return lane[0];
}

/* Four keys, and four answers to a question about them: gcc and clang make one instruction of it
 * where there is one. */
typedef float key_lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t bit_lanes __attribute__((vector_size(LANES * sizeof(int32_t))));

/* The first place of a key that is there. All are compared at once: nobody can guess where it
 * stands, and a wrong guess costs more than the node. */
static inline uint32_t node_find(const float *node, float key)
{
	key_lanes wanted = {key, key, key, key};
	bit_lanes bits = {1, 2, 4, 8};
	bit_lanes found = {0};

	for (uint32_t k = 0; k < NODE; k += LANES) {
		key_lanes keys;

		memcpy(&keys, &node[k], sizeof keys);
		found |= (keys == wanted) & bits;
		bits <<= LANES;
	}
	return (uint32_t)__builtin_ctz((uint32_t)(found[0] | found[1] | found[2] | found[3]));
}

void mintree_init(struct mintree *tree, struct arena *arena, uint32_t count_max)
{
	uint32_t count = count_max;

	bal_assert(count_max > 0);
	bal_assert(count_max <= COUNT_MAX);
	*tree = (struct mintree){.count_max = count_max};
	for (uint32_t i = 0; i < MINTREE_LEVELS; i++) {
		count = nodes(count);
		arena_align(arena);
		tree->level[i] = arena_take(arena, (size_t)count * NODE, sizeof(float));
	}
}

void mintree_clear(struct mintree *tree)
{
	tree->count = 0;
	tree->height = 0;
}

/* Starts a node at `place` of a level, all of it absent. */
static void start_node(float *level, uint32_t place)
{
	for (uint32_t i = 0; i < NODE; i++)
		level[place + i] = MINTREE_ABSENT;
}

/* Makes room above for the keys there are, one more among them. */
static void grow(struct mintree *tree)
{
	uint32_t place = tree->count - 1;
	uint32_t level = 0;

	while (place % NODE == 0 && level < tree->height) {
		start_node(tree->level[level], place);
		place /= NODE;
		level++;
	}
	/* The topmost level has got a second node: one more level, its first entry the old one's.
	 */
	if (level == tree->height) {
		bal_assert(tree->height < MINTREE_LEVELS);
		start_node(tree->level[tree->height], 0);
		if (tree->height == 0)
			tree->least = MINTREE_ABSENT;
		else
			tree->level[tree->height][0] = tree->least;
		tree->height++;
	}
}

void mintree_push(struct mintree *tree, float key)
{
	bal_assert(tree->count < tree->count_max);
	tree->count++;
	grow(tree);
	mintree_set(tree, tree->count - 1, key);
}

void mintree_pop(struct mintree *tree)
{
	uint32_t count;

	bal_assert(tree->count > 0);
	mintree_set(tree, tree->count - 1, MINTREE_ABSENT);
	tree->count--;
	count = tree->count;
	tree->height = 0;
	while (count > 0) {
		tree->height++;
		count = count > NODE ? nodes(count) : 0;
	}
}

void mintree_set(struct mintree *tree, uint32_t place, float key)
{
	float before;

	bal_assert(place < tree->count);
	before = tree->level[0][place];
	tree->level[0][place] = key;
	/* A node is looked through only when its least key may have gone. */
	for (uint32_t i = 0; i < tree->height; i++) {
		float *above =
			i + 1 == tree->height ? &tree->least : &tree->level[i + 1][place / NODE];
		float least = *above;

		if (key > least && before != least)
			return;
		if (key > least)
			key = node_least(&tree->level[i][place / NODE * NODE]);
		if (key == least)
			return;
		*above = key;
		before = least;
		place /= NODE;
	}
}

uint32_t mintree_first(const struct mintree *tree)
{
	float least = mintree_least(tree);
	uint32_t place = 0;

	if (least == MINTREE_ABSENT)
		return MINTREE_NONE;
	for (uint32_t i = tree->height; i-- > 0;)
		place = place * NODE + node_find(&tree->level[i][place * NODE], least);
	return place;
}

void mintree_check(const struct mintree *tree)
{
	uint32_t count = tree->count;

	bal_assert((tree->height == 0) == (count == 0));
	bal_assert(count == 0 || tree->least == node_least(tree->level[tree->height - 1]));
	for (uint32_t i = 0; i < tree->height; i++) {
		bool top = i + 1 == tree->height;

		for (uint32_t k = count; k < nodes(count) * NODE; k++)
			bal_assert(tree->level[i][k] == MINTREE_ABSENT);
		bal_assert(top == (count <= NODE));
		for (uint32_t k = 0; k < nodes(count) && !top; k++)
			bal_assert(tree->level[i + 1][k] == node_least(&tree->level[i][k * NODE]));
		count = nodes(count);
	}
}
