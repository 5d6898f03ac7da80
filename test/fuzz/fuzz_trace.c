/* SPDX-License-Identifier: Apache-2.0 */
/* A trace, packed or plain, as one read and byte by byte: the same items, never going back in time.
 */
#include "base/assert.h"
#include "target.h"
#include "wire/trace.h"

struct outcome {
	uint64_t items;
	uint64_t tokens;
	bool refused;
};

static struct outcome read_trace(const uint8_t *data, size_t size, size_t step)
{
	static struct trace_reader reader;
	struct outcome outcome = {0};
	struct span rest = {(const char *)data, size}, input = {(const char *)data, 0};
	int64_t last_ns = 0;
	trace_init(&reader);
	for (;;) {
		bool ended = rest.size == 0 && input.size == 0;
		enum trace_event event = ended ? trace_end(&reader) : trace_next(&reader, &input);
		if (event == TRACE_ITEM) {
			bal_assert(reader.item.at_ns >= last_ns);
			last_ns = reader.item.at_ns;
			outcome.items++;
			outcome.tokens += reader.item.context_tokens + reader.item.generated_tokens;
			continue;
		}
		outcome.refused = event == TRACE_REFUSED;
		if (outcome.refused || ended)
			break;
		input = (struct span){rest.at, rest.size < step ? rest.size : step};
		rest = span_skip(rest, input.size);
	}
	bal_assert(outcome.refused == (reader.reason != NULL));
	trace_release(&reader);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = read_trace(data, size, size ? size : 1);
	struct outcome single = read_trace(data, size, 1);
	bal_assert(whole.refused == single.refused);
	bal_assert(whole.refused || whole.items == single.items);
	bal_assert(whole.refused || whole.tokens == single.tokens);
	return 0;
}
