/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_LIST_H
#define BAL_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The structure of `type` whose `member` is at `pointer`. */
#define container_of(pointer, type, member)                                                        \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/*
 * A doubly linked list of nodes that live inside other structures. Read the links through
 * list_next and list_previous: the first node's `previous` is itself, which is how a node knows
 * that it is in a list (NULL: in none, as a zeroed node is).
 */
struct list_node {
	struct list_node *next;
	struct list_node *previous;
};

/* All zero is an empty list. */
struct list {
	struct list_node *first;
	struct list_node *last;
	uint32_t count;
};

/* Each of these puts in a node that is in no list. */
void list_append(struct list *list, struct list_node *node);
void list_prepend(struct list *list, struct list_node *node);

/* Puts node before `position`, a node of this list; position NULL appends. */
void list_insert_before(struct list *list, struct list_node *position, struct list_node *node);

/* Takes a node out of this list; afterwards it is in none. */
void list_remove(struct list *list, struct list_node *node);

/* Takes out and returns the first node; NULL when the list is empty. */
struct list_node *list_pop(struct list *list);

/* The node after one that is in a list; NULL at the end. */
static inline struct list_node *list_next(const struct list_node *node)
{
	return node->next;
}

/* Likewise the one before. */
static inline struct list_node *list_previous(const struct list_node *node)
{
	return node->previous == node ? NULL : node->previous;
}

/* True when the node is in a list; which one, the owner knows. */
static inline bool list_holds(const struct list_node *node)
{
	return node->previous != NULL;
}

#endif
