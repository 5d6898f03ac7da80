/* SPDX-License-Identifier: Apache-2.0 */
/* The heap against a linear search for the smallest of an array. */
#include "base/heap.h"

#include "unit.h"

#include "base/prng.h"

#define NODE_COUNT 300
#define LONG_COUNT 200000

static bool is_smaller(const struct heap_node *a, const struct heap_node *b)
{
	return a->key < b->key || (a->key == b->key && a->tie < b->tie);
}

static struct heap_node *find_smallest(struct heap_node *nodes, uint32_t *count)
{
	struct heap_node *smallest = NULL;

	*count = 0;
	for (uint32_t i = 0; i < NODE_COUNT; i++) {
		if (!heap_holds(&nodes[i]))
			continue;
		(*count)++;
		if (smallest == NULL || is_smaller(&nodes[i], smallest))
			smallest = &nodes[i];
	}
	return smallest;
}

/* Few different keys, so that ties decide often. */
static int64_t draw_key(struct prng *prng)
{
	return (int64_t)prng_below(prng, 50) - 25;
}

static void act_once(struct heap *heap, struct heap_node *nodes, struct prng *prng)
{
	uint64_t tie = prng_below(prng, NODE_COUNT);
	struct heap_node *node = &nodes[tie];
	uint64_t action = prng_below(prng, 5);
	int64_t key = draw_key(prng);

	if (action == 0) {
		uint32_t count;
		struct heap_node *smallest = find_smallest(nodes, &count);

		assert_ptr_equal(heap_pop(heap), smallest);
		if (smallest != NULL)
			assert_false(heap_holds(smallest));
	} else if (action == 1 && heap_holds(node)) {
		heap_remove(heap, node);
	} else if (action == 2 && !heap_holds(node)) {
		heap_insert(heap, node, key, tie);
	} else {
		heap_update(heap, node, key, tie);
		assert_true(node->key == key);
	}
}

static void behaves_like_a_search(void **state)
{
	static struct heap_node nodes[NODE_COUNT];
	struct heap heap = {0};
	struct prng prng;

	(void)state;
	prng_init(&prng, 99);
	for (int i = 0; i < 40000; i++) {
		struct heap_node *smallest;
		uint32_t count;

		act_once(&heap, nodes, &prng);
		smallest = find_smallest(nodes, &count);
		assert_ptr_equal(heap_first(&heap), smallest);
		assert_int_equal(heap.count, count);
	}
}

/* The shapes that overflow a recursive heap's stack: one long list of children, one long line. */
static void survives_long_lists(void **state)
{
	static struct heap_node nodes[LONG_COUNT];
	struct heap heap = {0};

	(void)state;
	for (int direction = 0; direction < 2; direction++) {
		for (uint64_t i = 0; i < LONG_COUNT; i++) {
			int64_t key = direction == 0 ? (int64_t)i : -(int64_t)i;

			heap_insert(&heap, &nodes[i], key, i);
		}
		for (uint64_t i = 0; i < LONG_COUNT; i++) {
			uint64_t expected = direction == 0 ? i : LONG_COUNT - 1 - i;

			assert_ptr_equal(heap_pop(&heap), &nodes[expected]);
		}
		assert_null(heap_pop(&heap));
		assert_int_equal(heap.count, 0);
	}
}

static void asserts_on_misuse(void **state)
{
	struct heap heap = {0};
	struct heap_node node = {0};

	(void)state;
	unit_expect_assert(heap_remove(&heap, &node));
	heap_insert(&heap, &node, 1, 1);
	unit_expect_assert(heap_insert(&heap, &node, 1, 1));
	assert_ptr_equal(heap_pop(&heap), &node);
	assert_null(heap_first(&heap));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behaves_like_a_search),
		cmocka_unit_test(survives_long_lists),
		cmocka_unit_test(asserts_on_misuse),
	};

	return cmocka_run_group_tests_name("base/heap", tests, NULL, NULL);
}
