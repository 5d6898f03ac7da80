/* SPDX-License-Identifier: Apache-2.0 */
/* The list against an array in which everything is moved by hand. */
#include "base/list.h"

#include <string.h>

#include "unit.h"

#include "base/prng.h"

#define ITEM_COUNT 40

struct item {
	uint32_t number;
	struct list_node node;
};

struct model {
	struct item *items[ITEM_COUNT];
	uint32_t count;
};

static void model_insert(struct model *model, uint32_t at, struct item *item)
{
	memmove(&model->items[at + 1], &model->items[at],
		(model->count - at) * sizeof(model->items[0]));
	model->items[at] = item;
	model->count++;
}

static void model_remove(struct model *model, uint32_t at)
{
	model->count--;
	memmove(&model->items[at], &model->items[at + 1],
		(model->count - at) * sizeof(model->items[0]));
}

static void check_equal(const struct list *list, const struct model *model)
{
	struct list_node *node = list->first;
	struct list_node *back = list->last;

	assert_int_equal(list->count, model->count);
	for (uint32_t i = 0; i < model->count; i++) {
		assert_ptr_equal(container_of(node, struct item, node), model->items[i]);
		assert_ptr_equal(
			container_of(back, struct item, node), model->items[model->count - 1 - i]);
		node = list_next(node);
		back = list_previous(back);
	}
	assert_null(node);
	assert_null(back);
}

static void put_in(struct list *list, struct model *model, struct item *item, struct prng *prng)
{
	uint32_t at = (uint32_t)prng_below(prng, model->count + 1);

	if (at == 0) {
		list_prepend(list, &item->node);
	} else if (at == model->count) {
		list_append(list, &item->node);
	} else {
		list_insert_before(list, &model->items[at]->node, &item->node);
	}
	model_insert(model, at, item);
}

static void behaves_like_an_array(void **state)
{
	static struct item items[ITEM_COUNT];
	struct model model = {0};
	struct list list = {0};
	struct prng prng;

	(void)state;
	prng_init(&prng, 7);
	for (int i = 0; i < 20000; i++) {
		struct item *item = &items[prng_below(&prng, ITEM_COUNT)];
		uint32_t at = 0;

		if (!list_holds(&item->node)) {
			put_in(&list, &model, item, &prng);
			assert_true(list_holds(&item->node));
		} else {
			while (model.items[at] != item)
				at++;
			list_remove(&list, &item->node);
			model_remove(&model, at);
			assert_false(list_holds(&item->node));
		}
		check_equal(&list, &model);
	}
	while (model.count > 0) {
		assert_ptr_equal(list_pop(&list), &model.items[0]->node);
		model_remove(&model, 0);
		check_equal(&list, &model);
	}
	assert_null(list_pop(&list));
}

static void asserts_on_misuse(void **state)
{
	struct list list = {0};
	struct list_node a = {0};
	struct list_node b = {0};

	(void)state;
	unit_expect_assert(list_remove(&list, &a));
	list_append(&list, &a);
	unit_expect_assert(list_append(&list, &a));
	unit_expect_assert(list_insert_before(&list, &b, &b));
	assert_int_equal(list.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behaves_like_an_array),
		cmocka_unit_test(asserts_on_misuse),
	};

	return cmocka_run_group_tests_name("base/list", tests, NULL, NULL);
}
