/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_CONFIGTABLE_H
#define BAL_WIRE_CONFIGTABLE_H

#include "wire/config.h"
#include "wire/quantity.h"

/*
 * configtable: every key of the configuration, once. A row says how a key is written, what it
 * becomes and where in the structure it goes; its default is written as a user would write it and
 * goes through the same reader. Used by config and configread; the knobs also by what sets them on
 * a command line.
 */
enum config_type {
	CONFIG_BOOL,    /* bool */
	CONFIG_COUNT,   /* int64_t */
	CONFIG_TIME,    /* int64_t, ns */
	CONFIG_MEMORY,  /* int64_t, bytes */
	CONFIG_CPU,     /* int64_t, thousandths of a core */
	CONFIG_PRICE,   /* int64_t, microcents per hour */
	CONFIG_SHARE,   /* int64_t, permille */
	CONFIG_RATE,    /* struct config_rate */
	CONFIG_TEXT,    /* const char *, not empty */
	CONFIG_PATH,    /* const char *, begins with '/' */
	CONFIG_LISTEN,  /* const char *, HOST:PORT */
	CONFIG_CHOICE,  /* int32_t, position in `choices` */
	CONFIG_NAMES,   /* struct config_texts of names */
	CONFIG_LABELS,  /* struct config_texts of key=value, from a map */
	CONFIG_SIGNALS, /* struct config_texts of metric=signal, from a map */
	CONFIG_ENV,     /* struct config_texts of NAME or NAME=VALUE */
	CONFIG_URL,     /* const char *, an http:// address */
	CONFIG_URLS,    /* struct config_texts of base URLs */
	CONFIG_AGENT,   /* struct config_texts, an argv with the placeholders of an agent */
	CONFIG_COMMAND, /* struct config_texts, an argv with the placeholders of a task */
	CONFIG_SCRIPT,  /* struct config_texts, an argv without placeholders */
	CONFIG_STDIN,   /* const char *, the FIELD of payload.FIELD */
	CONFIG_RETRY,   /* outcomes and exits of `retry` */
	CONFIG_WHEN,    /* struct config_whens, one or a list */
	CONFIG_SHIFTS,  /* struct config_shifts: a list of {when, min} */
	CONFIG_KNOBS,   /* int64_t[BAL_KNOB_COUNT] */
	CONFIG_SECTION, /* a map of its own, in place */
	CONFIG_NAMED    /* a map of names to sections: an array of items and its count */
};

/* Which kinds of pool a key belongs to; bit per enum bal_pool_kind. */
enum {
	CONFIG_FOR_RUN = 1 << BAL_POOL_PROCESS,
	CONFIG_FOR_URLS = 1 << BAL_POOL_URLS,
	CONFIG_FOR_COMMAND = 1 << BAL_POOL_COMMAND,
	CONFIG_FOR_LEASE = 1 << BAL_POOL_LEASE,
	CONFIG_FOR_HTTP = CONFIG_FOR_RUN | CONFIG_FOR_URLS,
	CONFIG_FOR_STARTED = CONFIG_FOR_RUN | CONFIG_FOR_COMMAND,
	CONFIG_FOR_ALL = CONFIG_FOR_STARTED | CONFIG_FOR_URLS | CONFIG_FOR_LEASE
};

struct config_section;

struct config_row {
	const char *key;
	enum config_type type;
	size_t offset;      /* in the structure of its section */
	int64_t min;        /* of numbers; of CONFIG_NAMES and the like: elements */
	int64_t max;        /* 0: no bound of its own */
	const char *preset; /* the default as it would be written; NULL: none, left zero */
	const char *help;
	unsigned pools;                       /* CONFIG_FOR_*; 0: does not depend on that */
	const char *const *choices;           /* CONFIG_CHOICE; ends with NULL */
	const struct config_section *section; /* CONFIG_SECTION, CONFIG_NAMED */
};

struct config_section {
	const char *name; /* for messages: "pool", "retry" */
	const struct config_row *rows;
	uint32_t row_count;
	size_t size; /* of the structure; used by CONFIG_NAMED */
};

/* The top level; all other sections hang below it. */
extern const struct config_section config_root;

/* The section of one pool. */
extern const struct config_section config_pool_section;

/* The section of the objectives of one kind. */
extern const struct config_section *const config_objective_section;

/* One tunable, from the table of include/ballast_words.h. */
struct config_knob {
	const char *name; /* in upper case; written in either */
	int64_t preset;
	int64_t min;
	int64_t max;
	const char *unit; /* "permille", "ns", ... */
	const char *help;
};
extern const struct config_knob config_knobs[BAL_KNOB_COUNT];

/* What kind of quantity its unit says; a count when it says none. */
enum quantity config_knob_quantity(const struct config_knob *knob);

/* True when the values of the knob have words (routing: cost). */
bool config_knob_has_words(const struct config_knob *knob);

/* The value of a word; false when the knob has none, or not this one. */
bool config_knob_word(const struct config_knob *knob, struct span text, int64_t *value);

/* What is expected of it, for a message and the reference: "a share such as 35%", "tasks". */
const char *config_knob_expected(const struct config_knob *knob);

#endif
