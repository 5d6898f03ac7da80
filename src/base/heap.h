/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_HEAP_H
#define BAL_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A priority queue, smallest first, of nodes that live inside other structures. The order is
 * (key, tie); give each node of a heap its own tie (an id), then the order is total and the same
 * in every run. Memory is the caller's; the heap has no limit of its own.
 */
struct heap_node {
	struct heap_node *child; /* first child */
	struct heap_node *next;  /* right sibling */
	/* Left sibling; for a first child, the parent; for the root, itself. NULL: in no heap. */
	struct heap_node *previous;
	int64_t key;
	uint64_t tie;
};

/* All zero is an empty heap. */
struct heap {
	struct heap_node *root;
	uint32_t count;
};

/* Puts in a node that is in no heap (a zeroed one is in none). Constant time. */
void heap_insert(struct heap *heap, struct heap_node *node, int64_t key, uint64_t tie);

/* Takes a node out of this heap; afterwards it is in none, and keeps its key and tie. Amortised
 * logarithmic. */
void heap_remove(struct heap *heap, struct heap_node *node);

/* The smallest node, still in the heap; NULL when the heap is empty. */
static inline struct heap_node *heap_first(const struct heap *heap)
{
	return heap->root;
}

/* Takes the smallest node out and returns it; NULL when the heap is empty. */
struct heap_node *heap_pop(struct heap *heap);

/* Gives a node of this heap a new place; inserts it when it is in none. A smaller key is cheap. */
void heap_update(struct heap *heap, struct heap_node *node, int64_t key, uint64_t tie);

/* True when the node is in a heap; which one, the owner knows. */
static inline bool heap_holds(const struct heap_node *node)
{
	return node->previous != NULL;
}

/* Walks the heap and asserts that it is one: links, order, count. Linear, without recursion. */
void heap_check(const struct heap *heap);

#endif
