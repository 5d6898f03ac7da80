/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links end in NULL at the tail and in a self-link at the head, so that one pointer also says
 * whether a node is in a list at all; a circular list with a sentinel would need an init call,
 * and zeroed memory would not be an empty list.
 */
#include "base/list.h"

#include "base/assert.h"

void list_append(struct list *list, struct list_node *node)
{
	list_insert_before(list, NULL, node);
}

void list_prepend(struct list *list, struct list_node *node)
{
	list_insert_before(list, list->first, node);
}

void list_insert_before(struct list *list, struct list_node *position, struct list_node *node)
{
	struct list_node *left = position != NULL ? list_previous(position) : list->last;

	bal_assert(!list_holds(node));
	bal_assert(position == NULL || list_holds(position));
	node->next = position;
	node->previous = left != NULL ? left : node;
	if (left != NULL)
		left->next = node;
	else
		list->first = node;
	if (position != NULL)
		position->previous = node;
	else
		list->last = node;
	list->count++;
}

void list_remove(struct list *list, struct list_node *node)
{
	struct list_node *left;

	bal_assert(list_holds(node));
	bal_assert(list->count > 0);
	left = list_previous(node);
	if (left != NULL)
		left->next = node->next;
	else
		list->first = node->next;
	if (node->next != NULL)
		node->next->previous = left != NULL ? left : node->next;
	else
		list->last = left;
	node->next = NULL;
	node->previous = NULL;
	list->count--;
}

struct list_node *list_pop(struct list *list)
{
	struct list_node *first = list->first;

	if (first != NULL)
		list_remove(list, first);
	return first;
}
