/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_CONFIG_H
#define BAL_WIRE_CONFIG_H

#include "wire/argv.h"
#include "wire/buffer.h"
#include "wire/http.h"
#include "wire/span.h"

#include "ballast.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * config: ballast.yaml as a structure.
 *
 * Reading is strict: an unknown or duplicate key, a wrong type or unit, a value out of range is an
 * error with file, line, column, what was found, what was expected, and the nearest known word. All
 * keys with type, default and help stand in one table (wire/configtable.c), which reads, sets the
 * defaults and prints the reference (wire/configdoc.h). Nothing here opens files or runs anything:
 * that a command exists and a folder is writable is for the daemon to find out.
 *
 * All strings are zero-terminated and live until config_release().
 */
enum {
	CONFIG_NAME_SIZE_MAX = 128, /* of pools, limits, tenants, kinds, tags: [A-Za-z0-9._-] */
	CONFIG_EXITS_MAX = 16,      /* exit codes in retry.for */
	CONFIG_ERROR_SIZE = 512
};

/* A list of strings. */
struct config_texts {
	const char **items;
	uint32_t count;
};

/* "30/min"; count 0: not bounded. */
struct config_rate {
	int64_t count;
	int64_t period_ns;
};

/* One direction of scaling. */
struct config_rule {
	int64_t load_permille;
	int64_t sustain_ns;
	int64_t cooldown_ns;
};

/* More agents at least, in a window of time. */
struct config_shift {
	uint32_t days;       /* as in struct config_when, below */
	int64_t begins_ns;   /* likewise */
	int64_t duration_ns; /* at most a day */
	int64_t agents_min;
};
struct config_shifts {
	struct config_shift *items;
	uint32_t count;
};

enum config_workdir { CONFIG_WORKDIR_SHARED, CONFIG_WORKDIR_FRESH };

/* Where agents of a pool go: near each other, or apart. */
enum config_placement { CONFIG_PLACEMENT_PACK, CONFIG_PLACEMENT_SPREAD };
extern const char *const config_placements[]; /* their words; ends with NULL */

struct config_pool {
	const char *name;
	uint32_t line;           /* of its name in the file */
	int32_t kind;            /* enum bal_pool_kind: which of the four below is given */
	struct config_texts run; /* argv of an HTTP agent, with {port} */
	struct {
		struct config_texts create; /* argv of each script; count 0: no such provider */
		struct config_texts list;
		struct config_texts remove;
		int64_t timeout_ns;
	} exec;                      /* what makes HTTP agents elsewhere, see provider/exec.h */
	struct config_texts command; /* argv of one task */
	struct config_texts urls;    /* base URLs, checked with url_read() */
	bool lease;
	const char *path;         /* where the payload is posted */
	const char *api_key_file; /* sent as `Authorization: Bearer`; NULL: none */
	int64_t slots;            /* of one agent; a command pool is one agent with `max` slots */
	int64_t agents_min;
	int64_t agents_max; /* -1: not given (urls, lease) */
	int64_t agents_baseline;
	struct config_shifts schedule;
	struct config_texts kinds;  /* kinds of task it takes; its own name when none are given */
	struct config_texts offers; /* tags, labels as key=value */
	struct config_texts labels; /* key=value, as written; they are in `offers` too */
	struct config_texts env;    /* NAME: passed on from ballast's own; NAME=VALUE: set */
	struct config_texts uses;   /* names of limits, all of which exist */
	int64_t timeout_ns;         /* of one attempt */
	int64_t grace_ns;           /* between TERM and KILL */
	int64_t keep_ns;            /* how long directories and output of ended commands stay */
	int32_t workdir;            /* enum config_workdir */
	const char *stdin_field;    /* of the payload, "a.b" is b in a; NULL: the payload as JSON */
	struct config_texts prepare; /* argv run before the command; count 0: none */
	struct config_texts cleanup; /* argv run before its directory is removed; count 0: none */
	int64_t price_microcents_hour;
	int32_t market;   /* enum bal_market */
	int64_t drain_ns; /* how long a drained agent may keep its tasks */
	struct {
		uint32_t outcomes;               /* bit per enum bal_outcome that is tried again */
		int64_t exits[CONFIG_EXITS_MAX]; /* exit codes that count as retryable */
		uint32_t exit_count;
		int64_t attempts;
		int64_t backoff_ns;
		int64_t backoff_max_ns;
	} retry;
	struct {
		int64_t memory_bytes; /* 0: not bounded */
		int64_t cpu_millis;   /* 0: not bounded */
	} resources;
	int32_t placement;      /* enum config_placement */
	int64_t gpus;           /* of one agent */
	const char *affinity;   /* processors its agents may run on; NULL: all */
	int32_t vertical;       /* enum bal_vertical */
	int64_t cpu_max_millis; /* of one agent, by vertical scaling; 0: eight cores */
	int64_t memory_max_bytes;
	int64_t cpu_total_millis; /* of all its agents together; 0: the host's alone */
	int64_t memory_total_bytes;
	struct {
		const char *path; /* NULL: an accepted connection is enough */
		int64_t timeout_ns;
	} ready;
	struct {
		const char *path; /* of what its agents expose */
		int64_t every_ns;
		int32_t preset;          /* enum preset of table/presets.h */
		struct config_texts map; /* metric=signal, for wire/reported.h */
	} metrics;                       /* looked at when there is a preset or a map */
	struct {
		int32_t strategy; /* enum bal_strategy */
		struct config_rule up;
		struct config_rule down;
		int64_t queue; /* waiting tasks that trigger scaling up */
		int32_t mode;  /* 1: only advise */
	} scale;
	int64_t emergency_ns; /* a critical task waiting longer is an emergency */
};

struct config_limit {
	const char *name;
	uint32_t line;
	int64_t running; /* 0: not bounded */
	struct config_rate starts;
};

struct config_tenant {
	const char *name;
	uint32_t line;
	int64_t weight;
	int64_t queued;  /* 0: not bounded */
	int64_t running; /* 0: not bounded */
	struct config_rate rate;
};

/* What the file says of a rule of alerts, see table/rules.h. */
struct config_rule_change {
	const char *name;
	uint32_t line;
	bool enabled;
	const char *threshold; /* as written; NULL: the rule's own */
	const char *clear;
	int64_t sustain_ns;
	int64_t clear_ns;
	struct config_texts labels; /* key=value: only for pools that have all of these */
	struct bal_event_rule rule; /* what it comes to, but for the labels */
};

/* What is promised of a kind. */
struct config_objective {
	const char *name; /* of the kind, or "standard" */
	uint32_t line;
	bool enabled;
	bool recover;
	int32_t measure; /* enum bal_measure */
	int64_t response_ns;
	int64_t within_permille;
	int64_t slowdown_permille;
	int64_t availability_permille;
	int64_t errors_permille; /* that are allowed */
	int64_t satisfaction_permille;
	int64_t throughput_permille;
};

/* When a window of load begins. */
struct config_when {
	uint32_t line, column;
	uint32_t days;     /* bit per day of the week, 1 = Monday; 0: once */
	int64_t begins_ns; /* since 00:00 of such a day; once: since 1970; UTC */
};
struct config_whens {
	struct config_when *items;
	uint32_t count;
};

/* Load that is known before it comes. */
struct config_peak {
	const char *name;
	uint32_t line;
	struct config_whens at;
	int64_t duration_ns;
	const char *factor; /* as it is written; NULL: the rate counts */
	int64_t factor_permille;
	struct config_rate rate;
	struct config_texts kinds; /* count 0: all */
};

/* A list of named things. */
struct config_rule_changes {
	struct config_rule_change *items;
	uint32_t count;
};
struct config_objectives {
	struct config_objective *items;
	uint32_t count;
};
struct config_pools {
	struct config_pool *items;
	uint32_t count;
};
struct config_limits {
	struct config_limit *items;
	uint32_t count;
};
struct config_tenants {
	struct config_tenant *items;
	uint32_t count;
};

struct config_peaks {
	struct config_peak *items;
	uint32_t count;
};

struct config {
	const char *listen;
	const char *data;
	const char *tokens_file; /* NULL: none */
	struct config_pools pools;
	struct config_limits limits;
	struct config_tenants tenants;
	struct {
		int64_t tasks;         /* live tasks; sizes the core's memory, fixed at start */
		int64_t payload_bytes; /* of one task */
	} queue;
	struct {
		int64_t cpu_millis; /* that agents may have together; 0: those of the machine */
		int64_t memory_bytes;
		int64_t gpus; /* 0: those that the machine has */
	} host;
	struct {
		int64_t max_bytes;   /* of the data directory; 0: no quota */
		const char *archive; /* where ended tasks go before they are deleted; NULL: not */
		int64_t keep_ns;     /* no younger one goes for want of space */
	} store;
	bool journal;
	int64_t retention_ns; /* of results and errors of ended tasks */
	struct {
		const char *url; /* NULL: no traces */
		int64_t sample_permille;
	} traces;
	struct config_peaks peaks;
	int64_t knobs[BAL_KNOB_COUNT];
	struct {
		const char *webhook; /* base URL of an Alertmanager; NULL: none */
		struct config_rule_changes rules;
	} alerts;
	struct config_objectives objectives; /* of kinds, "standard" among them if it is given */
	struct config_objective standard;    /* of all other kinds */

	void *memory; /* the block that all of this lies in; config's own */
};

struct config_error {
	uint32_t line; /* 0: not about a place in the text */
	uint32_t column;
	char text[CONFIG_ERROR_SIZE]; /* "ballast.yaml:3:5: ...", zero-terminated, one line */
};

/* One `--set KEY=VALUE`: the key is a path such as "queue.payload_max" or "pools.coder.max". */
struct config_override {
	struct span key;
	struct span value; /* read as YAML */
};

/*
 * Read a configuration; `file` is its name for messages. Overrides replace what the text says, in
 * their order. False with `error` filled; `config` is then empty and needs no release. An empty
 * text is an error ("{}" is not); one without pools is fine.
 */
bool config_read(struct config *, struct span text, const char *file,
	const struct config_override *overrides, uint32_t override_count,
	struct config_error *error);

/* Free the strings; an empty config is fine. */
void config_release(struct config *);

/* Find by name; NULL. */
const struct config_pool *config_pool_find(const struct config *, struct span name);
const struct config_limit *config_limit_find(const struct config *, struct span name);

/* True for [A-Za-z0-9._-]{1,128}. */
bool config_name_valid(struct span);

#endif
