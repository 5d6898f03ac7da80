/* SPDX-License-Identifier: Apache-2.0 */
/* What agents expose, made into signals twice over: whatever the text, each signal has one value at
 * most, and that is one that can be real. */
#include "base/assert.h"
#include "target.h"
#include "wire/reported.h"

static void check(const struct reported_result *result)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < result->count; i++) {
		enum bal_signal signal = result->readings[i].signal;

		bal_assert(signal >= BAL_SIGNAL_HEAP);
		bal_assert(signal <= BAL_SIGNAL_TOKEN_NEXT);
		bal_assert((seen >> (signal - BAL_SIGNAL_HEAP) & 1) == 0);
		seen |= UINT64_C(1) << (signal - BAL_SIGNAL_HEAP);
		bal_assert(result->readings[i].value >= 0);
		bal_assert(result->readings[i].value <= bal_signal_form(signal).most);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	static const enum preset presets[] = {PRESET_VLLM, PRESET_SGLANG, PRESET_BALLAST};

	for (uint32_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
		struct reported_past past = {.known = {false}};
		struct reported_map map;
		struct reported_result result;

		reported_map_init(&map, presets[i]);
		reported_read(&map, text, &past, &result);
		check(&result);
		reported_read(&map, span_skip(text, size / 2), &past, &result);
		check(&result);
	}
	return 0;
}
