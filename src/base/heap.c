/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986): a tree in which no child is smaller
 * than its parent. Removing the root melds its children in pairs from left to right, then the pairs
 * from right to left; both passes are loops, so a long list of children costs no stack. Compared
 * with a binary heap in an array it needs no array with a limit, no back index, and changing or
 * removing any element is as cheap as it gets.
 */
#include "base/heap.h"

#include "base/assert.h"

static bool is_before(const struct heap_node *a, const struct heap_node *b)
{
	if (a->key != b->key)
		return a->key < b->key;
	return a->tie < b->tie;
}

/* Joins two trees whose roots have no siblings; the winner's previous is left to the caller. */
static struct heap_node *meld_trees(struct heap_node *a, struct heap_node *b)
{
	struct heap_node *winner = is_before(b, a) ? b : a;
	struct heap_node *loser = winner == a ? b : a;

	loser->previous = winner;
	loser->next = winner->child;
	if (winner->child != NULL)
		winner->child->previous = loser;
	winner->child = loser;
	winner->next = NULL;
	return winner;
}

/* Melds a list of siblings into one tree; NULL for an empty list. */
static struct heap_node *meld_siblings(struct heap_node *first)
{
	struct heap_node *pairs = NULL; /* melded pairs, last one first */
	struct heap_node *tree = NULL;

	while (first != NULL) {
		struct heap_node *a = first;
		struct heap_node *b = a->next;

		first = b != NULL ? b->next : NULL;
		a->next = NULL;
		if (b != NULL) {
			b->next = NULL;
			a = meld_trees(a, b);
		}
		a->next = pairs;
		pairs = a;
	}
	while (pairs != NULL) {
		struct heap_node *rest = pairs->next;

		pairs->next = NULL;
		tree = tree == NULL ? pairs : meld_trees(tree, pairs);
		pairs = rest;
	}
	return tree;
}

static void set_root(struct heap *heap, struct heap_node *root)
{
	heap->root = root;
	if (root != NULL)
		root->previous = root;
}

/* Takes the tree under a node that is not the root out of its siblings. */
static void cut_tree(struct heap_node *node)
{
	if (node->previous->child == node)
		node->previous->child = node->next;
	else
		node->previous->next = node->next;
	if (node->next != NULL)
		node->next->previous = node->previous;
	node->next = NULL;
}

void heap_insert(struct heap *heap, struct heap_node *node, int64_t key, uint64_t tie)
{
	bal_assert(!heap_holds(node));
	node->child = NULL;
	node->next = NULL;
	node->key = key;
	node->tie = tie;
	set_root(heap, heap->root == NULL ? node : meld_trees(heap->root, node));
	heap->count++;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
	struct heap_node *orphans;

	bal_assert(heap_holds(node));
	bal_assert(heap->count > 0);
	orphans = meld_siblings(node->child);
	if (node == heap->root) {
		set_root(heap, orphans);
	} else {
		cut_tree(node);
		if (orphans != NULL)
			set_root(heap, meld_trees(heap->root, orphans));
	}
	node->child = NULL;
	node->next = NULL;
	node->previous = NULL;
	heap->count--;
}

struct heap_node *heap_pop(struct heap *heap)
{
	struct heap_node *first = heap->root;

	if (first != NULL)
		heap_remove(heap, first);
	return first;
}

void heap_update(struct heap *heap, struct heap_node *node, int64_t key, uint64_t tie)
{
	struct heap_node wanted = {.key = key, .tie = tie};

	if (!heap_holds(node)) {
		heap_insert(heap, node, key, tie);
	} else if (is_before(node, &wanted)) {
		heap_remove(heap, node);
		heap_insert(heap, node, key, tie);
	} else {
		node->key = key;
		node->tie = tie;
		if (node == heap->root)
			return;
		cut_tree(node);
		set_root(heap, meld_trees(heap->root, node));
	}
}

/* The node after this one in depth-first order; NULL after the last one. */
static const struct heap_node *node_after(const struct heap_node *node)
{
	if (node->child != NULL)
		return node->child;
	/* Up, past the last siblings: each list of siblings is walked back once. */
	while (node->next == NULL) {
		while (node->previous->child != node) {
			if (node->previous == node)
				return NULL;
			node = node->previous;
		}
		node = node->previous;
	}
	return node->next;
}

void heap_check(const struct heap *heap)
{
	uint32_t count = 0;

	bal_assert(heap->root == NULL || heap->root->previous == heap->root);
	bal_assert(heap->root == NULL || heap->root->next == NULL);
	for (const struct heap_node *node = heap->root; node != NULL; node = node_after(node)) {
		for (const struct heap_node *child = node->child; child != NULL;
			child = child->next) {
			bal_assert(!is_before(child, node));
			bal_assert(child->next == NULL || child->next->previous == child);
		}
		bal_assert(node->child == NULL || node->child->previous == node);
		count++;
	}
	bal_assert(count == heap->count);
}
