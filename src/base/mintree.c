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

/* Four keys, and four answers to a question about them: gcc and clang make one instruction of it
 * where there is one. */
typedef float key_lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t bit_lanes __attribute__((vector_size(LANES * sizeof(int32_t))));

static inline key_lanes node_lanes(const float *node, uint32_t k)
{
	key_lanes keys;

	memcpy(&keys, &node[k * LANES], sizeof keys);
	return keys;
}

static inline key_lanes lesser(key_lanes a, key_lanes b)
{
	key_lanes least;

	for (uint32_t i = 0; i < LANES; i++)
		least[i] = a[i] < b[i] ? a[i] : b[i];
	return least;
}

static inline float least_of(const key_lanes keys[NODE / LANES])
{
	key_lanes least = lesser(lesser(keys[0], keys[1]), lesser(keys[2], keys[3]));
	float left = least[0] < least[1] ? least[0] : least[1];
	float right = least[2] < least[3] ? least[2] : least[3];

	return left < right ? left : right;
}

static inline float node_least(const float *node)
{
	const key_lanes keys[] = {
		node_lanes(node, 0), node_lanes(node, 1), node_lanes(node, 2), node_lanes(node, 3)};

	return least_of(keys);
}

/* Sets a key and returns the least of the node. The key is put among the others where they are: to
 * read back at once what was just written would wait for it to arrive in the cache. */
static inline float node_set(float *node, uint32_t place, float key)
{
	key_lanes put = {key, key, key, key};
	bit_lanes wanted = {(int32_t)place, (int32_t)place, (int32_t)place, (int32_t)place};
	bit_lanes here = {0, 1, 2, 3};
	key_lanes keys[NODE / LANES];

	for (uint32_t k = 0; k < NODE / LANES; k++) {
		bit_lanes is = here == wanted;

		keys[k] =
			(key_lanes)(((bit_lanes)put & is) | ((bit_lanes)node_lanes(node, k) & ~is));
		here += LANES;
	}
	node[place] = key;
	return least_of(keys);
}

/* The first place of a key that is there. All are compared at once: nobody can guess where it
 * stands, and a wrong guess costs more than the node. */
static inline uint32_t node_find(const float *node, float key)
{
	key_lanes wanted = {key, key, key, key};
	bit_lanes bits = {1, 2, 4, 8};
	bit_lanes found = {0};

	for (uint32_t k = 0; k < NODE / LANES; k++) {
		found |= (node_lanes(node, k) == wanted) & bits;
		bits <<= LANES;
	}
	return (uint32_t)__builtin_ctz((uint32_t)(found[0] | found[1] | found[2] | found[3]));
}

void mintree_init(struct mintree *tree, struct arena *arena, uint32_t count_max)
{
	uint32_t count = count_max;

	bal_assert(count_max > 0);
	bal_assert(count_max <= COUNT_MAX);
	*tree = (struct mintree){.count_max = count_max, .least = MINTREE_ABSENT};
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
	tree->least = MINTREE_ABSENT;
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
		if (tree->height > 0)
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

/* A node is looked through only when its least key may have gone. */
static void set_large(struct mintree *tree, uint32_t place, float key)
{
	float before = tree->level[0][place];

	tree->level[0][place] = key;
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

void mintree_set(struct mintree *tree, uint32_t place, float key)
{
	bal_assert(place < tree->count);
	if (tree->height > 1) {
		set_large(tree, place, key);
		return;
	}
	/* Of a few keys each is often the least, and whether it is cannot be guessed: looking
	 * through the only node takes less time than a wrong guess. */
	tree->least = node_set(tree->level[0], place, key);
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
	bal_assert(tree->least ==
		   (count == 0 ? MINTREE_ABSENT : node_least(tree->level[tree->height - 1])));
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
