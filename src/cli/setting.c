/* SPDX-License-Identifier: Apache-2.0 */
/* A knob is written as in the configuration file, where its unit says which quantity it is; a bare
 * number is taken in that unit, which is what programs that search for values write. */
#include "cli/setting.h"

#include "wire/configtable.h"
#include "wire/nearest.h"
#include "wire/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool find_knob(struct span key, enum bal_knob *knob, char *message, size_t message_size)
{
	struct nearest nearest;

	nearest_init(&nearest, key);
	for (uint32_t i = 0; i < BAL_KNOB_COUNT; i++) {
		if (span_equal_nocase(key, span_of(config_knobs[i].name))) {
			*knob = (enum bal_knob)i;
			return true;
		}
		nearest_offer(&nearest, config_knobs[i].name);
	}
	snprintf(message, message_size, "%.*s is not a knob%s%s", (int)key.size, key.at,
		nearest.best == NULL ? "" : "; did you mean ",
		nearest.best == NULL ? "" : nearest.best);
	return false;
}

bool setting_read(
	const char *text, enum bal_knob *knob, int64_t *value, char *message, size_t message_size)
{
	struct span rest = span_of(text);
	struct span key = span_cut(&rest, '=');
	const struct config_knob *row;
	uint64_t number;

	if (rest.at == NULL) {
		snprintf(message, message_size, "%s is not of the form KEY=VALUE", text);
		return false;
	}
	if (!find_knob(key, knob, message, message_size))
		return false;
	row = &config_knobs[*knob];
	if (config_knob_word(row, rest, value))
		return true;
	if (span_number(rest, INT64_MAX, &number)) {
		*value = (int64_t)number;
	} else if (!quantity_read(rest, config_knob_quantity(row), value)) {
		snprintf(message, message_size, "%.*s: expected %s, found %.*s", (int)key.size,
			key.at, config_knob_expected(row), (int)rest.size, rest.at);
		return false;
	}
	if (*value >= row->min && *value <= row->max)
		return true;
	snprintf(message, message_size, "%.*s lies between %" PRId64 " and %" PRId64 " %s",
		(int)key.size, key.at, row->min, row->max, row->unit);
	return false;
}
