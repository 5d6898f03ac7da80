/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_ALERT_STATE_H
#define BAL_CORE_ALERT_STATE_H

#include "base/map.h"
#include "base/slab.h"
#include "core/alert.h"

/* alert_state: what alert.c (life) and alert_form.c (saved states) share. */

/* One level of a ladder, for one subject. */
struct alert_rung {
	int64_t over_since_ns;  /* the condition holds since; BAL_NEVER_NS: it does not */
	int64_t under_since_ns; /* the end's condition holds since; likewise */
	int64_t seen_at_ns;     /* last value; BAL_NEVER_NS: none yet */
	int64_t value;
	bool on;
};

/* A ladder and a subject about which there is something to remember. */
struct alert {
	struct alert_rung rungs[ALERT_RUNGS]; /* by level - 1 */
	struct bal_alert record;              /* id 0: nothing is open, something is pending */
};

struct alert_book {
	struct bal_event_rule rules[RULE_COUNT];
	bool input_used[RULE_INPUT_COUNT]; /* some rule looks at it */
	struct slab alerts;
	struct map by_key; /* alert_key -> place */
	struct bal_alert *past;
	uint64_t past_count; /* ever */
	uint64_t dropped_count;
	uint32_t sequence;       /* of the last id */
	int64_t return_until_ns; /* agents of kept alerts may come back until then; 0: none are */
};

/* What a ladder and subject are found by; never 0. */
uint64_t alert_key(uint32_t ladder, uint64_t subject_id);

/* Parts of saved forms: writes and reads a rung, false when the bytes are none; whether a record
 * may be used as one. */
void alert_rung_put(const struct alert_rung *rung, struct bytes_writer *writer);
bool alert_rung_read(struct bytes_reader *reader, struct alert_rung *rung);
bool alert_record_valid(const struct bal_alert *record);

/* Works out input_used. */
void alert_index(struct alert_book *book);

#endif
