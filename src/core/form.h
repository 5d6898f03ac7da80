/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_FORM_H
#define BAL_CORE_FORM_H

#include "core/record.h"

/* The core's structures described as data, made of the rows in table/states.h: what save.c writes
 * and load.c reads. */

struct form {
	const struct record_field *fields;
	uint32_t count;
	uint32_t stride; /* bytes from one structure of a table to the next */
};

extern const struct form FORM_LIMITS;
extern const struct form FORM_CORE;
extern const struct form FORM_POOL;
extern const struct form FORM_SCALING;
extern const struct form FORM_PREDICTIVE;
extern const struct form FORM_METER;
extern const struct form FORM_METER_BOOK;
extern const struct form FORM_ORDER_TALLY;
extern const struct form FORM_TRIGGERS;
extern const struct form FORM_HELD;
extern const struct form FORM_KIND;
extern const struct form FORM_LIMIT;
extern const struct form FORM_TENANT;
extern const struct form FORM_LANE;
extern const struct form FORM_AGENT;
extern const struct form FORM_TASK;
extern const struct form FORM_HEDGE;
extern const struct form FORM_HISTORY;
extern const struct form FORM_CONTEXT;
extern const struct form FORM_ORDER;
extern const struct form FORM_WHY;
extern const struct form FORM_EFFECT;
extern const struct form FORM_RULE;
extern const struct form FORM_ALERT;
extern const struct form FORM_OBJECTIVE;
extern const struct form FORM_RECOVERY;
extern const struct form FORM_MINIMUM;

/* True when every described member is 0: a row of a table that was never used. */
bool form_is_blank(const struct form *form, const void *base);

/* Writes all described members; asserts that each holds what form_read would take. */
void form_put(const struct form *form, const void *base, struct bytes_writer *writer);

/* Reads them; false when the bytes are not such a structure. */
bool form_read(const struct form *form, void *base, struct bytes_reader *reader);

#endif
