/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_TRIGGER_H
#define BAL_CORE_TRIGGER_H

#include "core/strategy.h"
#include "table/triggers.h"

/*
 * trigger: what orders agents beside the load that a strategy sees, by table/triggers.h. A pure
 * function of what is seen, as strategies are; core/sight.h says what that is for a pool of a core.
 *
 * A trigger never takes agents away. What one knows to be needed now, or a forecast to be needed
 * within two hours, nobody else takes away either: it would be ordered again soon.
 */
enum trigger {
#define X(name, reason, source, how, threshold, unit, when, order, whom, text) TRIGGER_##name,
	TRIGGERS(X)
#undef X
		TRIGGER_COUNT
};

#define TRIGGER_CONFIDENCE_MIN 0.85 /* of forecasts; requirement "auto-scaling": 0.85 */

/* What is to be known of a value beside it, as bits. */
#define TRIGGER_KNOWN  1u
#define TRIGGER_UNSURE 2u /* a forecast below TRIGGER_CONFIDENCE_MIN would hold */
#define TRIGGER_ODD    4u /* a forecast of a load that is not as usual would hold */
#define TRIGGER_ALL    7u

/* What is seen, by trigger. */
struct trigger_sight {
	int64_t looked_at_ns;
	uint32_t flags[TRIGGER_COUNT];
	int64_t values[TRIGGER_COUNT]; /* in the unit of the threshold */
	uint32_t about[TRIGGER_COUNT]; /* the kind; BAL_NONE */
	double needs[TRIGGER_COUNT];   /* agents that would be enough; 0 = not known */
	double floor; /* agents that the load of the next two hours needs, likewise */
};

struct trigger_memory {
	struct trigger_sight sight;
	int64_t since_ns[TRIGGER_COUNT]; /* it holds; BAL_NEVER_NS: it does not */
	int64_t full_at_ns;              /* when no slot was free last */
};

/* What follows from the strategy and its settings. */
struct trigger_setting {
	bool plans;             /* the strategy looks ahead by itself */
	uint32_t step;          /* agents of a step up */
	uint32_t cap;           /* most agents */
	uint32_t used_permille; /* load at which a pool is in use */
	int64_t sustain_ns;
	int64_t cooldown_ns;
	int64_t up_ended_at_ns; /* the last order up; sustain times start again there */
	bool clock_is_new;      /* forecasts are of another time than the clock says */
};

struct trigger_wish {
	struct strategy_wish wish; /* of no change: why not, NONE when nothing is near */
	uint32_t trigger;          /* whose it is; TRIGGER_COUNT: nobody's */
	uint32_t floor;            /* agents below which nothing is taken away now */
};

/* Nothing was seen; and nothing has held for any time. */
void trigger_begin(struct trigger_memory *memory);
void trigger_restart(struct trigger_memory *memory);

/* One look at what was seen. */
struct trigger_wish trigger_look(const struct trigger_setting *setting,
	struct trigger_memory *memory, const struct strategy_view *view);

/* The trigger that gives this reason with such a value, and its threshold; TRIGGER_COUNT. */
uint32_t trigger_of(enum bal_reason reason);
int64_t trigger_threshold(uint32_t trigger);

/* What its values are, in words; and true when they are times, false: shares. */
const char *trigger_text(uint32_t trigger);
bool trigger_is_time(uint32_t trigger);

/* True when a memory that was read from bytes can be gone on with. */
bool trigger_valid(const struct trigger_memory *memory);

#endif
