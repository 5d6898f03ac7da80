/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka.h needs these four before it, hence the blank line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ballast.h"
#include "base/prng.h"
#include "core/record.h"

#include <string.h>

#define BUFFER_SIZE (BAL_RECORD_SIZE + BAL_TEXT_MAX)

#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define HAVE_CLEAR_PADDING 1
#endif
#endif

static const char longest_text[BAL_TEXT_MAX + 1] = "coder";

static bool is_word(enum record_how how)
{
	return how != RECORD_UNUSED && !record_is_text(how) && record_max(how) < UINT32_MAX;
}

/* Makes every field of the pattern that fills the structure one that a decoder takes; `word` is
 * the place of the value in its table, from the end when negative. */
static void mend_fields(const struct record *record, void *base, int word, uint32_t text_size)
{
	for (uint32_t i = 0; i < record->count; i++) {
		const struct record_field *field = &record->fields[i];
		uint64_t max = record_max(field->how);

		if (field->how == RECORD_UNUSED)
			record_set(field, base, 0, 0);
		else if (record_is_text(field->how))
			record_set_text(field, base, (struct bal_text){longest_text, text_size});
		else if (is_word(field->how))
			record_set(field, base, 0, word < 0 ? max : (uint64_t)word);
	}
}

static struct bal_event fill_event(uint32_t type, int pattern, int word, uint32_t text_size)
{
	struct bal_event event;

	memset(&event, pattern, sizeof(event));
	event.type = (enum bal_event_type)type;
	mend_fields(record_of_event(type), &event.more, word, text_size);
	return event;
}

static struct bal_effect fill_effect(uint32_t type, int pattern, int word)
{
	struct bal_effect effect;

	memset(&effect, pattern, sizeof(effect));
	effect.type = (enum bal_effect_type)type;
	mend_fields(record_of_effect(type), &effect, word, 0);
	return effect;
}

static void assert_fields_equal(const struct record *record, const void *a, const void *b)
{
	for (uint32_t i = 0; i < record->count; i++) {
		const struct record_field *field = &record->fields[i];

		if (record_is_text(field->how)) {
			struct bal_text x = record_get_text(field, a);
			struct bal_text y = record_get_text(field, b);

			assert_int_equal(x.size, y.size);
			assert_memory_equal(x.data, y.data, x.size);
			continue;
		}
		for (uint32_t k = 0; k < field->count; k++)
			assert_true(record_get(field, a, k) == record_get(field, b, k));
	}
}

static void check_event(const struct bal_event *event)
{
	uint8_t bytes[BUFFER_SIZE];
	uint8_t again[BUFFER_SIZE];
	struct bal_event decoded;
	size_t size = bal_event_encode(event, bytes, sizeof(bytes));

	assert_true(size > 0);
	assert_int_equal(bal_event_decode(&decoded, bytes, size), size);
	assert_int_equal(decoded.type, event->type);
	assert_true(decoded.now_ns == event->now_ns);
	assert_fields_equal(record_of_event(event->type), &event->more, &decoded.more);
	assert_int_equal(bal_event_encode(&decoded, again, sizeof(again)), size);
	assert_memory_equal(bytes, again, size);
}

static void test_events_come_back(void **state)
{
	static const int patterns[] = {0x00, 0x01, 0x7f, 0x80, 0xff};

	(void)state;
	for (uint32_t type = 0; type < BAL_EVENT_COUNT; type++) {
		for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
			struct bal_event first = fill_event(type, patterns[i], 0, 0);
			struct bal_event last = fill_event(type, patterns[i], -1, BAL_TEXT_MAX);

			check_event(&first);
			check_event(&last);
		}
	}
}

static void test_effects_come_back(void **state)
{
	static const int patterns[] = {0x00, 0x01, 0x7f, 0x80, 0xff};

	(void)state;
	for (uint32_t i = 0; i < BAL_EFFECT_COUNT * 5; i++) {
		uint8_t bytes[BAL_RECORD_SIZE];
		struct bal_effect effect = fill_effect(i / 5, patterns[i % 5], i % 2 ? -1 : 0);
		struct bal_effect decoded;
		size_t size = bal_effect_encode(&effect, bytes, sizeof(bytes));

		assert_true(size > 0);
		assert_int_equal(bal_effect_decode(&decoded, bytes, size), size);
		assert_int_equal(decoded.type, effect.type);
		assert_fields_equal(record_of_effect(effect.type), &effect, &decoded);
	}
}

#ifdef HAVE_CLEAR_PADDING
static void clear_event_padding(struct bal_event *event)
{
	switch (event->type) {
#define X(name, member)                                                                            \
	case BAL_EVENT_##name:                                                                     \
		__builtin_clear_padding(&event->member);                                           \
		break;
		BAL_EVENT_MAP(X)
#undef X
	default:
		fail();
	}
}

static size_t payload_size(uint32_t type)
{
	static const size_t sizes[] = {
#define X(name, member) [BAL_EVENT_##name] = sizeof(((struct bal_event *)NULL)->member),
		BAL_EVENT_MAP(X)
#undef X
	};

	return sizes[type];
}
#endif

/* Only the compiler knows all members of a structure: it clears what is padding, and every other
 * byte must have made the way through the codec. A member without a row comes back as zero. */
static void test_no_member_is_forgotten(void **state)
{
	(void)state;
#ifdef HAVE_CLEAR_PADDING
	for (uint32_t type = 0; type < BAL_EVENT_COUNT; type++) {
		uint8_t bytes[BUFFER_SIZE];
		struct bal_event event = fill_event(type, 1, 1, 1);
		struct bal_event decoded;
		size_t size = bal_event_encode(&event, bytes, sizeof(bytes));

		assert_int_equal(bal_event_decode(&decoded, bytes, size), size);
		if (type == BAL_EVENT_SYMBOL)
			decoded.symbol.text.data = event.symbol.text.data;
		if (type == BAL_EVENT_JOB_DONE)
			decoded.job_done.result.data = event.job_done.result.data;
		clear_event_padding(&event);
		clear_event_padding(&decoded);
		if (memcmp(&event.more, &decoded.more, payload_size(type)) != 0)
			fail_msg("%s: a member has no row in table/records.h",
				bal_event_name((enum bal_event_type)type));
	}
	for (uint32_t type = 0; type < BAL_EFFECT_COUNT; type++) {
		uint8_t bytes[BAL_RECORD_SIZE];
		struct bal_effect effect = fill_effect(type, 1, 1);
		struct bal_effect decoded;
		size_t size = bal_effect_encode(&effect, bytes, sizeof(bytes));

		assert_int_equal(bal_effect_decode(&decoded, bytes, size), size);
		__builtin_clear_padding(&effect);
		__builtin_clear_padding(&decoded);
		assert_memory_equal(&effect, &decoded, sizeof(effect));
	}
#else
	skip(); /* clang 14 has no such builtin; the build with gcc looks. */
#endif
}

static void test_record_size_holds_all(void **state)
{
	uint8_t bytes[BUFFER_SIZE];

	(void)state;
	for (uint32_t type = 0; type < BAL_EVENT_COUNT; type++) {
		struct bal_event event = fill_event(type, 0x80, -1, 0);

		event.now_ns = INT64_MIN + 1;
		assert_in_range(bal_event_encode(&event, bytes, sizeof(bytes)), 1, BAL_RECORD_SIZE);
	}
}

/* A result may be as long as the contract says, and no longer. */
static void test_result_of_a_job(void **state)
{
	static uint8_t result[BAL_JOB_RESULT_MAX + 1];
	static uint8_t bytes[BAL_RECORD_SIZE + BAL_JOB_RESULT_MAX];
	struct bal_event event = {.type = BAL_EVENT_JOB_DONE};
	struct bal_event decoded;
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof result; i++)
		result[i] = (uint8_t)(i * 7);
	event.job_done = (struct bal_event_job_done){
		.job = 9, .generation = 3, .result = {(const char *)result, BAL_JOB_RESULT_MAX}};
	size = bal_event_encode(&event, bytes, sizeof bytes);
	assert_in_range(size, BAL_JOB_RESULT_MAX, sizeof bytes);
	assert_int_equal(bal_event_decode(&decoded, bytes, size), size);
	assert_int_equal(decoded.job_done.job, 9);
	assert_int_equal(decoded.job_done.result.size, BAL_JOB_RESULT_MAX);
	assert_memory_equal(decoded.job_done.result.data, result, BAL_JOB_RESULT_MAX);
	assert_int_equal(bal_event_decode(&decoded, bytes, size - 1), 0);
	event.job_done.result.size++;
	assert_int_equal(bal_event_encode(&event, bytes, sizeof bytes), 0);
}

/* The bytes of one record, so that a change of the format is noticed. */
static void test_golden_bytes(void **state)
{
	static const uint8_t expected[] = {3, BAL_EVENT_TASK_SUBMITTED, 0x82, 0x03, 17, 3, 2, 0, 1,
		0, 0, 0, 0, 2, 0x20, 0, 0, 0, 0xf4, 0x03, 0, 0, 1, 4, 0, 0, 0};
	struct bal_event event = {.now_ns = 192, .type = BAL_EVENT_TASK_SUBMITTED};
	uint8_t bytes[BAL_RECORD_SIZE];

	(void)state;
	event.task = (struct bal_event_task){.id = 17,
		.kind = 2,
		.tenant = BAL_NONE,
		.priority = BAL_PRIORITY_NORMAL,
		.flags = BAL_TASK_DURABLE,
		.deadline_ns = BAL_NEVER_NS};
	event.task.needs = (struct bal_needs){
		.tags.words = {32}, .cpu_millis = 500, .exclusive = true, .not_agents = {4}};
	assert_int_equal(bal_event_encode(&event, bytes, sizeof(bytes)), sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
}

static void test_small_room(void **state)
{
	struct bal_event event = fill_event(BAL_EVENT_TASK_RESTORED, 0x7f, -1, 0);
	struct bal_effect effect = fill_effect(BAL_EFFECT_DISPATCH, 0x7f, -1);
	uint8_t bytes[BAL_RECORD_SIZE];
	size_t size = bal_event_encode(&event, bytes, sizeof(bytes));

	(void)state;
	memset(bytes, 0xee, sizeof(bytes));
	for (size_t room = 0; room < size; room++) {
		assert_int_equal(bal_event_encode(&event, bytes, room), 0);
		assert_int_equal(bytes[room], 0xee);
	}
	assert_int_equal(bal_event_encode(&event, bytes, size), size);
	size = bal_effect_encode(&effect, bytes, sizeof(bytes));
	assert_int_equal(bal_effect_encode(&effect, bytes, size - 1), 0);
	assert_int_equal(bal_effect_encode(&effect, NULL, 0), 0);
	assert_int_equal(bal_event_encode(&event, NULL, 0), 0);
}

/* Each word one beyond its table: neither direction takes it. */
static void test_out_of_range_is_refused(void **state)
{
	uint8_t bytes[BUFFER_SIZE];
	struct bal_event event;

	(void)state;
	for (uint32_t type = 0; type < BAL_EVENT_COUNT; type++) {
		const struct record *record = record_of_event(type);

		for (uint32_t i = 0; i < record->count; i++) {
			const struct record_field *field = &record->fields[i];

			event = fill_event(type, 0, 0, 0);
			if (!is_word(field->how))
				continue;
			record_set(field, &event.more, 0, record_max(field->how) + 1);
			assert_int_equal(bal_event_encode(&event, bytes, sizeof(bytes)), 0);
		}
	}
	event = fill_event(BAL_EVENT_SYMBOL, 0, 0, BAL_TEXT_MAX + 1);
	assert_int_equal(bal_event_encode(&event, bytes, sizeof(bytes)), 0);
	event.type = BAL_EVENT_COUNT;
	assert_int_equal(bal_event_encode(&event, bytes, sizeof(bytes)), 0);
}

static void assert_refused(const void *bytes, size_t size)
{
	static const struct bal_event zero;
	struct bal_event event;

	memset(&event, 0xee, sizeof(event));
	assert_int_equal(bal_event_decode(&event, bytes, size), 0);
	assert_memory_equal(&event, &zero, sizeof(event));
}

static void test_damage_is_refused(void **state)
{
	static const uint8_t other_version[] = {1, BAL_EVENT_STOP, 2};
	static const uint8_t other_type[] = {2, BAL_EVENT_COUNT, 2};
	static const uint8_t flag[] = {2, BAL_EVENT_AGENT_DOWN, 2, 4, 2};
	static const uint8_t word[] = {2, BAL_EVENT_TASK_STORED, 2, 17, BAL_STATUS_COUNT};
	static const uint8_t wide[] = {2, BAL_EVENT_AGENT_SLOTS, 2, 4, 0x80, 0x80, 0x80, 0x80, 16};
	static const uint8_t padded[] = {2, BAL_EVENT_AGENT_READY, 2, 0x84, 0};
	static const uint8_t trailing[] = {2, BAL_EVENT_AGENT_READY, 2, 4, 0};
	uint8_t text[5 + 2 + BAL_TEXT_MAX + 1] = {1, BAL_EVENT_SYMBOL, 2, BAL_SYMBOL_KIND, 3};

	(void)state;
	assert_refused(other_version, sizeof(other_version));
	assert_refused(other_type, sizeof(other_type));
	assert_refused(flag, sizeof(flag));
	assert_refused(word, sizeof(word));
	assert_refused(wide, sizeof(wide));
	assert_refused(padded, sizeof(padded));
	assert_refused(trailing, sizeof(trailing));
	assert_refused(NULL, 0);
	text[5] = ((BAL_TEXT_MAX + 1) & 0x7f) | 0x80;
	text[6] = (BAL_TEXT_MAX + 1) >> 7;
	assert_refused(text, sizeof(text));
}

/* What was in the record before does not show through, not even in its padding. */
static void test_records_are_made_anew(void **state)
{
	static const uint8_t effect_bytes[] = {1, BAL_EFFECT_COUNT};
	struct bal_effect zero;

	(void)state;
	memset(&zero, 0, sizeof(zero));
	for (uint32_t type = 0; type < BAL_EVENT_COUNT; type++) {
		uint8_t bytes[BUFFER_SIZE];
		struct bal_event event = fill_event(type, 1, 1, 9);
		size_t size = bal_event_encode(&event, bytes, sizeof(bytes));
		struct bal_event here, there;

		memset(&here, 0x00, sizeof(here));
		memset(&there, 0xff, sizeof(there));
		assert_int_equal(bal_event_decode(&here, bytes, size), size);
		assert_int_equal(bal_event_decode(&there, bytes, size), size);
		assert_memory_equal(&here, &there, sizeof(here));
	}
	for (uint32_t type = 0; type < BAL_EFFECT_COUNT; type++) {
		uint8_t bytes[BAL_RECORD_SIZE];
		struct bal_effect effect = fill_effect(type, 1, 1);
		size_t size = bal_effect_encode(&effect, bytes, sizeof(bytes));
		struct bal_effect here, there;

		memset(&here, 0x00, sizeof(here));
		memset(&there, 0xff, sizeof(there));
		assert_int_equal(bal_effect_decode(&here, bytes, size), size);
		assert_int_equal(bal_effect_decode(&there, bytes, size), size);
		assert_memory_equal(&here, &there, sizeof(here));
		assert_int_equal(bal_effect_decode(&there, bytes, size - 1), 0);
		assert_memory_equal(&there, &zero, sizeof(zero));
	}
	assert_int_equal(bal_effect_decode(&zero, effect_bytes, sizeof(effect_bytes)), 0);
}

/* Frequent numbers are small ones: no pool, no deadline, a time just before or after 0. */
static void test_packed_numbers(void **state)
{
	static const enum record_how times[] = {RECORD_VALUE, RECORD_DURATION_NS, RECORD_INSTANT_NS,
		RECORD_PAST_NS, RECORD_SINCE_NS};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_true(record_pack(times[i], (uint64_t)INT64_MAX) == 0);
		assert_true(record_pack(times[i], (uint64_t)INT64_MIN) == 1);
		assert_true(record_pack(times[i], 0) == 2);
		assert_true(record_pack(times[i], (uint64_t)-1) == 3);
		assert_true(record_pack(times[i], 1) == 4);
		for (int64_t value = -3; value <= 3; value++)
			assert_true(
				record_unpack(times[i], record_pack(times[i], (uint64_t)value)) ==
				(uint64_t)value);
	}
	assert_true(record_pack(RECORD_INDEX, BAL_NONE) == 0);
	assert_true(record_pack(RECORD_INDEX, 0) == 1);
	assert_true(record_unpack(RECORD_INDEX, 0) == BAL_NONE);
	assert_true(record_pack(RECORD_U32, 7) == 7);
	assert_true(record_unpack(RECORD_U32, 7) == 7);
}

static void test_truncation_is_refused(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < BAL_EVENT_COUNT; type++) {
		uint8_t bytes[BUFFER_SIZE];
		struct bal_event event = fill_event(type, 1, 1, 9);
		size_t size = bal_event_encode(&event, bytes, sizeof(bytes));

		for (size_t cut = 0; cut < size; cut++)
			assert_refused(bytes, cut);
	}
}

/* Whatever is accepted is the one encoding of what it means. */
static void test_random_damage(void **state)
{
	struct prng prng;
	uint32_t accepted = 0;

	(void)state;
	prng_init(&prng, 1);
	for (uint32_t i = 0; i < 20000; i++) {
		uint8_t bytes[BUFFER_SIZE];
		uint8_t again[BUFFER_SIZE];
		struct bal_event event = fill_event(i % BAL_EVENT_COUNT, (int)(i % 5), 1, 3);
		struct bal_event decoded;
		size_t size = bal_event_encode(&event, bytes, sizeof(bytes));
		uint64_t place = prng_below(&prng, size);
		uint64_t bit = prng_below(&prng, 8);

		bytes[place] ^= (uint8_t)(1u << bit);
		if (bal_event_decode(&decoded, bytes, size) == 0)
			continue;
		accepted++;
		assert_int_equal(bal_event_encode(&decoded, again, sizeof(again)), size);
		assert_memory_equal(bytes, again, size);
	}
	assert_in_range(accepted, 1000, 19000);
}

static uint64_t digest_of(struct bal_effect *items, uint32_t count, uint64_t before)
{
	struct bal_effects effects = {.items = items, .count = count, .capacity = count};

	return bal_effects_digest(before, &effects);
}

static void test_digest(void **state)
{
	struct bal_effect items[2] = {
		{.type = BAL_EFFECT_DISPATCH, .task = 17}, {.type = BAL_EFFECT_STORE, .task = 18}};
	struct bal_effect swapped[2] = {items[1], items[0]};
	uint64_t both = digest_of(items, 2, 7);

	(void)state;
	assert_true(digest_of(items, 0, 7) == 7);
	assert_true(both == digest_of(items + 1, 1, digest_of(items, 1, 7)));
	assert_true(both != digest_of(swapped, 2, 7));
	assert_true(both != digest_of(items, 2, 8));
	items[0].type = BAL_EFFECT_RESCIND;
	assert_true(both != digest_of(items, 2, 7));
}

static void test_digest_sees_every_field(void **state)
{
	const struct record *record = record_of_effect(BAL_EFFECT_STORE);

	(void)state;
	for (uint32_t i = 0; i < record->count; i++) {
		struct bal_effect effect = {.type = BAL_EFFECT_STORE};
		uint64_t before = digest_of(&effect, 1, 0);

		record_set(&record->fields[i], &effect, 0, 1);
		assert_true(before != digest_of(&effect, 1, 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_come_back),
		cmocka_unit_test(test_effects_come_back),
		cmocka_unit_test(test_no_member_is_forgotten),
		cmocka_unit_test(test_record_size_holds_all),
		cmocka_unit_test(test_result_of_a_job),
		cmocka_unit_test(test_golden_bytes),
		cmocka_unit_test(test_small_room),
		cmocka_unit_test(test_out_of_range_is_refused),
		cmocka_unit_test(test_damage_is_refused),
		cmocka_unit_test(test_records_are_made_anew),
		cmocka_unit_test(test_packed_numbers),
		cmocka_unit_test(test_truncation_is_refused),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_digest_sees_every_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
