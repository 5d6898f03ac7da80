/* SPDX-License-Identifier: Apache-2.0 */
/* A decision with everything in it comes back as it was, and bytes that are none are refused. */
#include "daemon/whykeep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct names *names;
static struct roster *roster;

static int open_tables(void **state)
{
	static const struct bal_limits limits = {
		.pools_max = 4, .kinds_max = 4, .tenants_max = 4, .limits_max = 4};
	bool is_new;

	(void)state;
	names = names_open(&limits);
	roster = roster_open();
	assert_non_null(names);
	assert_non_null(roster);
	assert_int_equal(names_intern(names, BAL_SYMBOL_POOL, SPAN("coder"), &is_new), 0);
	assert_int_equal(names_intern(names, BAL_SYMBOL_POOL, SPAN("review"), &is_new), 1);
	for (uint64_t id = 1; id < 8; id++) {
		struct roster_agent *agent = roster_add(roster, id, 0);

		assert_non_null(agent);
		snprintf(agent->name, sizeof agent->name, "coder-%d", (int)id);
	}
	return 0;
}

static int close_tables(void **state)
{
	(void)state;
	for (uint64_t id = 1; id < 8; id++)
		roster_remove(roster, roster_find(roster, id));
	roster_close(roster);
	names_close(names);
	return 0;
}

/* Every number its own, signs and largest values among them; agent 8 is gone. */
static struct bal_candidate candidate(uint64_t agent, uint32_t pool)
{
	struct bal_candidate made = {.agent = agent,
		.pool = pool,
		.running = 3,
		.slots = UINT32_MAX,
		.cpu_permille = 1000,
		.memory_permille = 0,
		.success_permille = 997,
		.service_ns = INT64_MAX,
		.warm_ns = INT64_MIN,
		.rivals_ppm = -1,
		.price_microcents_hour = 1 << 30,
		.composite_ns = -(int64_t)agent};

	for (int i = 0; i < BAL_FACTOR_COUNT; i++)
		made.factor_ns[i] = (i - 2) * 1000000007LL;
	return made;
}

static struct bal_why full_decision(void)
{
	struct bal_why why = {.kind = BAL_WHY_ROUTED,
		.reason = BAL_REASON_ROUTED,
		.id = UINT64_MAX / 3,
		.at_ns = -5,
		.attempt = 2,
		.capable_count = 300,
		.free_count = 8,
		.limit = BAL_NONE,
		.other = 77,
		.expected_wait_ns = 123456789,
		.winner = candidate(1, 0),
		.losers_count = BAL_LOSERS_MAX,
		.violations_count = BAL_VIOLATIONS_MAX,
		.pool = BAL_NONE};

	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++)
		why.weights_permille[i] = 100 * i;
	for (uint32_t i = 0; i < BAL_LOSERS_MAX; i++)
		why.losers[i] = candidate(2 + i, 1);
	for (uint32_t i = 0; i < BAL_VIOLATIONS_MAX; i++)
		why.violations[i] = (struct bal_violation){.agent = 5 + i,
			.reason = BAL_REASON_ONLY_CHOICE,
			.composite_ns = (int64_t)i - 9};
	return why;
}

static struct span written(struct buffer *buffer, char memory[8192], const struct bal_why *why)
{
	buffer_init_fixed(buffer, memory, 8192);
	whykeep_write(names, roster, why, buffer);
	assert_false(buffer->failed);
	return buffer_span(buffer);
}

static void assert_candidate(const struct bal_candidate *read, struct bal_candidate expected,
	const struct whykeep_names *found, const char *name, const char *pool)
{
	assert_true(span_equal(found->agents[read->pool].name, span_of(name)));
	assert_true(span_equal(found->agents[read->pool].pool, span_of(pool)));
	expected.pool = read->pool;
	assert_memory_equal(read, &expected, sizeof expected);
}

static void test_comes_back(void **state)
{
	static const char *const ruled_out[] = {"coder-5", "coder-6", "coder-7", NULL};
	struct bal_why why = full_decision(), read;
	struct whykeep_names found;
	struct buffer buffer;
	char memory[8192];

	(void)state;
	assert_true(whykeep_read(written(&buffer, memory, &why), &read, &found));
	assert_int_equal(found.count, WHYKEEP_NAMES_MAX);
	assert_candidate(&read.winner, why.winner, &found, "coder-1", "coder");
	assert_candidate(&read.losers[0], why.losers[0], &found, "coder-2", "review");
	assert_candidate(&read.losers[2], why.losers[2], &found, "coder-4", "review");
	for (uint32_t i = 0; i < BAL_VIOLATIONS_MAX; i++) {
		struct span name = found.agents[1 + BAL_LOSERS_MAX + i].name;

		assert_true(span_equal(name, span_of(ruled_out[i])));
		assert_int_equal(read.violations[i].agent, why.violations[i].agent);
		assert_int_equal(read.violations[i].reason, why.violations[i].reason);
		assert_int_equal(read.violations[i].composite_ns, why.violations[i].composite_ns);
	}
	assert_int_equal(read.reason, why.reason);
	assert_int_equal(read.id, why.id);
	assert_int_equal(read.at_ns, why.at_ns);
	assert_int_equal(read.attempt, why.attempt);
	assert_int_equal(read.capable_count, why.capable_count);
	assert_int_equal(read.free_count, why.free_count);
	assert_int_equal(read.other, why.other);
	assert_int_equal(read.expected_wait_ns, why.expected_wait_ns);
	assert_memory_equal(
		read.weights_permille, why.weights_permille, sizeof why.weights_permille);
}

static void test_only_choices_are_kept(void **state)
{
	struct bal_why why = full_decision();
	struct buffer buffer;
	char memory[8192];

	(void)state;
	why.kind = BAL_WHY_WAITING;
	assert_int_equal(written(&buffer, memory, &why).size, 0);
}

static void test_bytes_that_are_none(void **state)
{
	struct bal_why why = full_decision(), read;
	struct whykeep_names found;
	struct buffer buffer;
	char memory[8192];
	struct span bytes = written(&buffer, memory, &why);

	(void)state;
	for (size_t size = 0; size < bytes.size; size++)
		assert_false(whykeep_read((struct span){bytes.at, size}, &read, &found));
	assert_false(whykeep_read((struct span){bytes.at, bytes.size + 1}, &read, &found));
	/* Whatever a flipped bit makes of it, counts stay within the arrays. */
	for (size_t bit = 0; bit < bytes.size * 8; bit++) {
		memory[bit / 8] = (char)(memory[bit / 8] ^ 1 << bit % 8);
		whykeep_read(bytes, &read, &found);
		assert_true(found.count <= WHYKEEP_NAMES_MAX);
		assert_true(read.losers_count <= BAL_LOSERS_MAX);
		assert_true(read.violations_count <= BAL_VIOLATIONS_MAX);
		memory[bit / 8] = (char)(memory[bit / 8] ^ 1 << bit % 8);
	}
	memory[0] = '{';
	assert_false(whykeep_read(bytes, &read, &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_only_choices_are_kept),
		cmocka_unit_test(test_bytes_that_are_none),
	};

	return cmocka_run_group_tests(tests, open_tables, close_tables);
}
