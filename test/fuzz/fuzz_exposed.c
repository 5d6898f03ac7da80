/* SPDX-License-Identifier: Apache-2.0 */
/* Exposed metrics: whatever the text, values are finite and have a name, and reading ends. */
#include "base/assert.h"
#include "base/num.h"
#include "target.h"
#include "wire/exposed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct exposed exposed;
	struct exposed_value value;
	struct span label;
	uint32_t count = 0;

	exposed_init(&exposed, text);
	while (exposed_next(&exposed, &value)) {
		bal_assert(value.name.size > 0);
		bal_assert(value.name.size <= EXPOSED_NAME_MAX);
		bal_assert(num_is_finite(value.value));
		bal_assert(value.labels.at >= text.at);
		bal_assert(value.labels.at + value.labels.size <= text.at + text.size);
		bal_assert(!exposed_label(&value, SPAN("le"), &label) || label.at != NULL);
		count++;
	}
	bal_assert(count + exposed.broken + exposed.nonsense <= exposed.lines);
	bal_assert(exposed.lines <= EXPOSED_LINES_MAX);
	return 0;
}
