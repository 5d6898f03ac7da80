/* SPDX-License-Identifier: Apache-2.0 */
/* One table of {offset, kind} per structure, made from the same rows by the same macros as the
 * descriptions of events and effects. */
#include "core/form.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "core/state.h"
#include "table/states.h"

#include <stddef.h>

/* X(NAME, rows, structure) */
#define FORM_MAP(X)                                                                                \
	X(LIMITS, limits, struct bal_limits)                                                       \
	X(CORE, core, struct bal_core)                                                             \
	X(POOL, pool, struct pool)                                                                 \
	X(SCALING, scaling, struct scaling)                                                        \
	X(PREDICTIVE, predictive, struct predictive_memory)                                        \
	X(METER, meter, struct meter)                                                              \
	X(METER_BOOK, meter_book, struct meter_book)                                               \
	X(ORDER_TALLY, order_tally, struct order_tally)                                            \
	X(TRIGGERS, triggers, struct trigger_memory)                                               \
	X(KIND, kind, struct kind)                                                                 \
	X(LIMIT, limit, struct limit)                                                              \
	X(TENANT, tenant, struct tenant)                                                           \
	X(LANE, lane, struct lane)                                                                 \
	X(AGENT, agent, struct agent)                                                              \
	X(TASK, task, struct task)                                                                 \
	X(HEDGE, hedge, struct hedge)                                                              \
	X(HISTORY, history, struct history)                                                        \
	X(CONTEXT, context, struct context)                                                        \
	X(ORDER, order, struct order)                                                              \
	X(WHY, why, struct bal_why)                                                                \
	X(EFFECT, effect, struct bal_effect)                                                       \
	X(RULE, rule, struct bal_event_rule)                                                       \
	X(ALERT, alert, struct bal_alert)                                                          \
	X(OBJECTIVE, objective, struct bal_event_objective)                                        \
	X(HELD, held, struct bal_held)                                                             \
	X(MINIMUM, minimum, struct bal_event_minimum)                                              \
	X(RECOVERY, recovery, struct bal_recovery)

/* Rows that are whole declarations end without a semicolon, which clang-format cannot know. */
/* clang-format off */
#define X(name, rows, type) STATE_FIELDS_##rows(RECORD_CHECK, type, )
FORM_MAP(X)
#undef X

#define X(name, rows, type)                                                                        \
	static const struct record_field fields_##rows[] = {                                       \
		STATE_FIELDS_##rows(RECORD_FIELD, type, )};
FORM_MAP(X)
#undef X

#define X(name, rows, type)                                                                        \
	const struct form FORM_##name = {                                                          \
		fields_##rows, sizeof(fields_##rows) / sizeof(fields_##rows[0]), sizeof(type)};
FORM_MAP(X)
#undef X
/* clang-format on */

_Static_assert(BAL_LOSERS_MAX == 3 && BAL_VIOLATIONS_MAX == 4 && BAL_NEAREST_MAX == 3,
	"table/states.h lists the elements of these arrays one by one");

bool form_is_blank(const struct form *form, const void *base)
{
	for (uint32_t i = 0; i < form->count; i++)
		for (uint32_t j = 0; j < form->fields[i].count; j++)
			if (record_get(&form->fields[i], base, j) != 0)
				return false;
	return true;
}

void form_put(const struct form *form, const void *base, struct bytes_writer *writer)
{
	for (uint32_t i = 0; i < form->count; i++)
		bal_assert(record_put(writer, &form->fields[i], base));
}

bool form_read(const struct form *form, void *base, struct bytes_reader *reader)
{
	for (uint32_t i = 0; i < form->count; i++)
		if (!record_read(reader, &form->fields[i], base))
			return false;
	return !reader->failed;
}
