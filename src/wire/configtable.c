/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables, and what follows from a row of them. The names are those of the product's manual; where a
 * default differs between kinds of pool or between strategies, it is left out here and config.c
 * fills it in (and the help says so).
 */
#include "wire/configtable.h"

#include "base/units.h"
#include "table/presets.h"

#include <string.h>

#define COUNT_OF(rows) (sizeof(rows) / sizeof((rows)[0]))
#define POOL(member)   offsetof(struct config_pool, member)
#define ROOT(member)   offsetof(struct config, member)

enum { AGENTS_MAX = 10000, SLOTS_MAX = 10000, TASKS_MAX = 100000000, LIST_MAX = 256 };

static const char *const workdirs[] = {"shared", "fresh", NULL};

static const char *const markets[] = {
#define X(id, text) text,
	BAL_MARKET_MAP(X)
#undef X
		NULL};

const char *const config_placements[] = {"pack", "spread", NULL};

static const char *const scale_modes[] = {"act", "advise", NULL};

static const char *const strategies[] = {
#define X(name, text) text,
	BAL_STRATEGY_MAP(X)
#undef X
		NULL};

static const char *const verticals[] = {
#define X(name, text) text,
	BAL_VERTICAL_MAP(X)
#undef X
		NULL};

#define RULE(member) offsetof(struct config_rule, member)

static const struct config_row up_rows[] = {
	{"above", CONFIG_SHARE, RULE(load_permille), 1, 10000, "80%", "load that must be exceeded"},
	{"for", CONFIG_TIME, RULE(sustain_ns), 0, NS_PER_DAY, NULL,
		"how long it must be exceeded (default: conservative 5m, aggressive 2m)"},
	{"cooldown", CONFIG_TIME, RULE(cooldown_ns), 0, NS_PER_DAY, "1m",
		"wait after an order before the next one up"},
};
static const struct config_section up_section = {"scale.up", up_rows, COUNT_OF(up_rows), 0};

static const struct config_row down_rows[] = {
	{"below", CONFIG_SHARE, RULE(load_permille), 0, 1000, "40%",
		"load that must be undercut with nothing waiting"},
	{"for", CONFIG_TIME, RULE(sustain_ns), 0, NS_PER_DAY, NULL,
		"how long it must be undercut (default: conservative 15m, aggressive 10m)"},
	{"cooldown", CONFIG_TIME, RULE(cooldown_ns), 0, NS_PER_DAY, "5m",
		"wait after an order before the next one down"},
};
static const struct config_section down_section = {"scale.down", down_rows, COUNT_OF(down_rows), 0};

#define SCALE(member) (POOL(scale.member) - POOL(scale))

static const struct config_row scale_rows[] = {
	{"strategy", CONFIG_CHOICE, SCALE(strategy), 0, 0, "adaptive",
		"how many agents are added and removed, and when", 0, strategies},
	{"up", CONFIG_SECTION, SCALE(up), 0, 0, NULL, "when agents are added", 0, NULL,
		&up_section},
	{"down", CONFIG_SECTION, SCALE(down), 0, 0, NULL, "when agents are removed", 0, NULL,
		&down_section},
	{"queue", CONFIG_COUNT, SCALE(queue), 1, TASKS_MAX, "100",
		"waiting tasks (batch excepted) that add agents"},
	{"mode", CONFIG_CHOICE, SCALE(mode), 0, 0, "act",
		"advise: what would be done is recorded, nothing is done", 0, scale_modes},
};
static const struct config_section scale_section = {"scale", scale_rows, COUNT_OF(scale_rows), 0};

#define READY(member) (POOL(ready.member) - POOL(ready))

static const struct config_row ready_rows[] = {
	{"path", CONFIG_PATH, READY(path), 0, 0, NULL,
		"asked with GET until it answers 2xx (default: an accepted connection is enough)"},
	{"timeout", CONFIG_TIME, READY(timeout_ns), NS_PER_MS, NS_PER_DAY, "60s",
		"a started agent that is not ready by then is ended and started anew"},
};
static const struct config_section ready_section = {"ready", ready_rows, COUNT_OF(ready_rows), 0};

#define METRICS(member) (POOL(metrics.member) - POOL(metrics))

static const char *const presets[] = {
#define X(name, text) text,
	PRESETS(X)
#undef X
		NULL};

static const struct config_row metrics_rows[] = {
	{"path", CONFIG_PATH, METRICS(path), 0, 0, "/metrics", "where an agent exposes them"},
	{"every", CONFIG_TIME, METRICS(every_ns), NS_PER_S, NS_PER_DAY, "10s",
		"how often they are looked at"},
	{"preset", CONFIG_CHOICE, METRICS(preset), 0, 0, "none",
		"whose names they have: vllm, sglang, or ballast for ballast_SIGNAL", 0, presets},
	{"map", CONFIG_SIGNALS, METRICS(map), 0, 24, NULL,
		"names of metrics and the signals that they are, before those of the preset"},
};
static const struct config_section metrics_section = {
	"metrics", metrics_rows, COUNT_OF(metrics_rows), 0};

#define RESOURCES(member) (POOL(resources.member) - POOL(resources))

static const struct config_row resources_rows[] = {
	{"memory", CONFIG_MEMORY, RESOURCES(memory_bytes), MIB, 0, NULL,
		"of one agent (default: not bounded)"},
	{"cpu", CONFIG_CPU, RESOURCES(cpu_millis), 1, 0, NULL,
		"of one agent (default: not bounded)"},
};
static const struct config_section resources_section = {
	"resources", resources_rows, COUNT_OF(resources_rows), 0};

#define RETRY(member) (POOL(retry.member) - POOL(retry))

static const struct config_row retry_rows[] = {
	{"for", CONFIG_RETRY, 0, 0, CONFIG_EXITS_MAX, NULL,
		"what is tried again: lost, retryable, timeout, exit N "
		"(default: lost, retryable; commands: lost)"},
	{"attempts", CONFIG_COUNT, RETRY(attempts), 1, 100, "5",
		"tries of one task, the first included"},
	{"backoff", CONFIG_TIME, RETRY(backoff_ns), 0, NS_PER_DAY, "1s",
		"wait before the second try; doubles with each"},
	{"backoff_max", CONFIG_TIME, RETRY(backoff_max_ns), 0, NS_PER_DAY, "1m",
		"longest such wait"},
};
static const struct config_section retry_section = {"retry", retry_rows, COUNT_OF(retry_rows), 0};

#define EXEC(member) (POOL(exec.member) - POOL(exec))

static const struct config_row exec_rows[] = {
	{"create", CONFIG_SCRIPT, EXEC(create), 0, 0, NULL,
		"command line that makes one agent and prints {\"id\": ..., \"url\": ...}"},
	{"list", CONFIG_SCRIPT, EXEC(list), 0, 0, NULL,
		"prints all that there are: [{\"id\", \"url\", \"order\"}], order as BALLAST_ORDER "
		"was"},
	{"delete", CONFIG_SCRIPT, EXEC(remove), 0, 0, NULL,
		"removes BALLAST_ID; fine when it is gone already"},
	{"timeout", CONFIG_TIME, EXEC(timeout_ns), NS_PER_MS, NS_PER_DAY, "60s",
		"longest each of them may take"},
};
static const struct config_section exec_section = {"exec", exec_rows, COUNT_OF(exec_rows), 0};

static const struct config_row provider_rows[] = {
	{"exec", CONFIG_SECTION, 0, 0, 0, NULL, "scripts that do it; all three are required", 0,
		NULL, &exec_section},
};
static const struct config_section provider_section = {
	"provider", provider_rows, COUNT_OF(provider_rows), 0};

static const struct config_row pool_rows[] = {
	{"run", CONFIG_AGENT, POOL(run), 0, 0, NULL,
		"command line of an HTTP agent; ballast starts as many as are needed, {port} is "
		"given",
		CONFIG_FOR_RUN},
	{"provider", CONFIG_SECTION, POOL(exec), 0, 0, NULL,
		"what makes, lists and removes HTTP agents that run elsewhere", CONFIG_FOR_RUN,
		NULL, &provider_section},
	{"command", CONFIG_COMMAND, POOL(command), 0, 0, NULL,
		"command line run once per task: payload on stdin, result on stdout",
		CONFIG_FOR_COMMAND},
	{"urls", CONFIG_URLS, POOL(urls), 1, LIST_MAX, NULL,
		"HTTP agents that exist already; thereby allowed", CONFIG_FOR_URLS},
	{"lease", CONFIG_BOOL, POOL(lease), 0, 0, NULL, "workers come and ask for tasks",
		CONFIG_FOR_LEASE},
	{"path", CONFIG_PATH, POOL(path), 0, 0, "/", "where the payload is posted",
		CONFIG_FOR_HTTP},
	{"api_key_file", CONFIG_TEXT, POOL(api_key_file), 0, 0, NULL,
		"file with the key that these agents want as `Authorization: Bearer`",
		CONFIG_FOR_URLS},
	{"slots", CONFIG_COUNT, POOL(slots), 1, SLOTS_MAX, "1", "tasks one agent takes at once",
		CONFIG_FOR_HTTP | CONFIG_FOR_LEASE},
	{"min", CONFIG_COUNT, POOL(agents_min), 0, AGENTS_MAX, NULL,
		"fewest agents (default: 1; commands: 0)", CONFIG_FOR_RUN},
	{"schedule", CONFIG_SHIFTS, POOL(schedule), 0, BAL_MINIMUMS_MAX, NULL,
		"times, in UTC, with more agents at least: {when: mon-fri 08:00-18:00, min: 6}, or "
		"a date in place of the days; they are ordered one boot time ahead",
		CONFIG_FOR_RUN},
	{"max", CONFIG_COUNT, POOL(agents_max), 1, AGENTS_MAX, NULL,
		"most agents, or processes of a command; required for what ballast starts",
		CONFIG_FOR_STARTED},
	{"baseline", CONFIG_COUNT, POOL(agents_baseline), 0, AGENTS_MAX, NULL,
		"usual number of agents (default: the largest of min, 1 and a third of max)",
		CONFIG_FOR_RUN},
	{"kinds", CONFIG_NAMES, POOL(kinds), 1, LIST_MAX, NULL,
		"kinds of task it takes (default: the pool's name)", CONFIG_FOR_ALL},
	{"offers", CONFIG_NAMES, POOL(offers), 0, LIST_MAX, NULL,
		"capabilities that tasks may ask for as tags", CONFIG_FOR_ALL},
	{"labels", CONFIG_LABELS, POOL(labels), 0, LIST_MAX, NULL, "labels that tasks may ask for",
		CONFIG_FOR_ALL},
	{"env", CONFIG_ENV, POOL(env), 0, LIST_MAX, NULL,
		"environment: NAME passes ballast's own on, NAME=VALUE sets it; nothing else is "
		"passed "
		"(default: PATH, HOME, LANG)",
		CONFIG_FOR_STARTED},
	{"uses", CONFIG_NAMES, POOL(uses), 0, BAL_POOL_LIMITS_MAX, NULL,
		"limits it shares with other pools", CONFIG_FOR_ALL},
	{"timeout", CONFIG_TIME, POOL(timeout_ns), NS_PER_MS, NS_PER_WEEK, "1h",
		"longest one attempt may take; of a lease: longest it may be extended",
		CONFIG_FOR_ALL},
	{"grace", CONFIG_TIME, POOL(grace_ns), 0, NS_PER_DAY, "10s", "time between TERM and KILL",
		CONFIG_FOR_STARTED},
	{"keep", CONFIG_TIME, POOL(keep_ns), 0, 52 * NS_PER_WEEK, "1d",
		"how long directory and output of an ended command stay", CONFIG_FOR_COMMAND},
	{"workdir", CONFIG_CHOICE, POOL(workdir), 0, 0, "shared",
		"fresh: a new directory for each task", CONFIG_FOR_COMMAND, workdirs},
	{"stdin", CONFIG_STDIN, POOL(stdin_field), 0, 0, NULL,
		"payload.FIELD: that field's text is stdin (default: the payload as JSON)",
		CONFIG_FOR_COMMAND},
	{"prepare", CONFIG_COMMAND, POOL(prepare), 0, 0, NULL,
		"command line run before each task, such as one that fills {workdir}",
		CONFIG_FOR_COMMAND},
	{"cleanup", CONFIG_COMMAND, POOL(cleanup), 0, 0, NULL,
		"command line run when `keep` is over, before {workdir} is removed",
		CONFIG_FOR_COMMAND},
	{"retry", CONFIG_SECTION, POOL(retry), 0, 0, NULL, "what is tried again", CONFIG_FOR_ALL,
		NULL, &retry_section},
	{"price", CONFIG_PRICE, POOL(price_microcents_hour), 0, 0, "0", "of one agent",
		CONFIG_FOR_ALL},
	{"market", CONFIG_CHOICE, POOL(market), 0, 0, "on_demand",
		"how agents are paid: reserved are paid in any case, spot may vanish",
		CONFIG_FOR_ALL, markets},
	{"resources", CONFIG_SECTION, POOL(resources), 0, 0, NULL, "what one agent may use",
		CONFIG_FOR_STARTED, NULL, &resources_section},
	{"affinity", CONFIG_TEXT, POOL(affinity), 0, 0, NULL,
		"processors that its agents run on, such as 0-3,8 (default: all)", CONFIG_FOR_RUN},
	{"vertical", CONFIG_CHOICE, POOL(vertical), 0, 0, "off",
		"on: agents are given more of processor and memory while they run, or less; "
		"advise: it is only said what would be done",
		CONFIG_FOR_RUN, verticals},
	{"cpu_max", CONFIG_CPU, POOL(cpu_max_millis), 1, BAL_CPU_MILLIS_MAX, NULL,
		"most that one agent is given so (default: 8 cores)", CONFIG_FOR_RUN},
	{"memory_max", CONFIG_MEMORY, POOL(memory_max_bytes), MIB, 0, NULL,
		"most that one agent is given so (default: four times that of `resources`)",
		CONFIG_FOR_RUN},
	{"cpu_total", CONFIG_CPU, POOL(cpu_total_millis), 1, 0, NULL,
		"most that its agents are given together (default: bounded by `host` alone)",
		CONFIG_FOR_RUN},
	{"memory_total", CONFIG_MEMORY, POOL(memory_total_bytes), MIB, 0, NULL, "likewise",
		CONFIG_FOR_RUN},
	{"ready", CONFIG_SECTION, POOL(ready), 0, 0, NULL, "when an agent counts as ready",
		CONFIG_FOR_HTTP, NULL, &ready_section},
	{"metrics", CONFIG_SECTION, POOL(metrics), 0, 0, NULL,
		"which of the metrics that an agent exposes are signals", CONFIG_FOR_HTTP, NULL,
		&metrics_section},
	{"placement", CONFIG_CHOICE, POOL(placement), 0, 0, "pack",
		"where its agents go: near each other, or apart", CONFIG_FOR_RUN,
		config_placements},
	{"gpus", CONFIG_COUNT, POOL(gpus), 0, 64, "0",
		"GPUs of one agent, its alone: {gpu} is their numbers, so is CUDA_VISIBLE_DEVICES",
		CONFIG_FOR_RUN},
	{"drain_limit", CONFIG_TIME, POOL(drain_ns), 0, NS_PER_WEEK, "10m",
		"how long a drained agent may keep its tasks before they are asked back",
		CONFIG_FOR_ALL},
	{"scale", CONFIG_SECTION, POOL(scale), 0, 0, NULL, "when agents are added and removed",
		CONFIG_FOR_RUN, NULL, &scale_section},
	{"emergency", CONFIG_TIME, POOL(emergency_ns), NS_PER_MS, NS_PER_DAY, "10s",
		"a critical task that waits longer is an emergency", CONFIG_FOR_RUN},
};
const struct config_section config_pool_section = {
	"pool", pool_rows, COUNT_OF(pool_rows), sizeof(struct config_pool)};

static const struct config_row limit_rows[] = {
	{"running", CONFIG_COUNT, offsetof(struct config_limit, running), 1, TASKS_MAX, NULL,
		"attempts at once in all pools that use it (default: not bounded)"},
	{"starts", CONFIG_RATE, offsetof(struct config_limit, starts), 1, TASKS_MAX, NULL,
		"attempts started per time, such as 30/min (default: not bounded)"},
};
static const struct config_section limit_section = {
	"limit", limit_rows, COUNT_OF(limit_rows), sizeof(struct config_limit)};

static const struct config_row tenant_rows[] = {
	{"weight", CONFIG_COUNT, offsetof(struct config_tenant, weight), 1, 1000000, "1",
		"share of slots against other tenants"},
	{"queued", CONFIG_COUNT, offsetof(struct config_tenant, queued), 1, TASKS_MAX, NULL,
		"most tasks waiting (default: not bounded)"},
	{"running", CONFIG_COUNT, offsetof(struct config_tenant, running), 1, TASKS_MAX, NULL,
		"most tasks running (default: not bounded)"},
	{"rate", CONFIG_RATE, offsetof(struct config_tenant, rate), 1, TASKS_MAX, NULL,
		"submissions per time, such as 5/s (default: not bounded)"},
};
static const struct config_section tenant_section = {
	"tenant", tenant_rows, COUNT_OF(tenant_rows), sizeof(struct config_tenant)};

#define CHANGE(member) offsetof(struct config_rule_change, member)

static const struct config_row change_rows[] = {
	{"enabled", CONFIG_BOOL, CHANGE(enabled), 0, 0, "true", "false: the rule says nothing"},
	{"threshold", CONFIG_TEXT, CHANGE(threshold), 0, 0, NULL,
		"value that opens it, in the rule's unit (default: the rule's own)"},
	{"for", CONFIG_TIME, CHANGE(sustain_ns), 0, NS_PER_WEEK, NULL,
		"how long it must be so (default: the rule's own)"},
	{"clear", CONFIG_TEXT, CHANGE(clear), 0, 0, NULL,
		"value that ends it (default: as far from the threshold as the rule's own)"},
	{"clear_for", CONFIG_TIME, CHANGE(clear_ns), 0, NS_PER_WEEK, NULL,
		"how long that must be so (default: the rule's own)"},
	{"labels", CONFIG_LABELS, CHANGE(labels), 0, LIST_MAX, NULL,
		"only for pools with all of these labels"},
};
static const struct config_section change_section = {
	"rule", change_rows, COUNT_OF(change_rows), sizeof(struct config_rule_change)};

#define ALERTS(member) (ROOT(alerts.member) - ROOT(alerts))

static const struct config_row alert_rows[] = {
	{"webhook", CONFIG_TEXT, ALERTS(webhook), 0, 0, NULL,
		"base URL of an Alertmanager, which is told of every alert"},
	{"rules", CONFIG_NAMED, ALERTS(rules), 0, 0, NULL,
		"rules by name, such as cpu_warning, with what is different", 0, NULL,
		&change_section},
};
static const struct config_section alerts_section = {"alerts", alert_rows, COUNT_OF(alert_rows), 0};

static const char *const measures[] = {
#define X(name, text) text,
	BAL_MEASURE_MAP(X)
#undef X
		NULL};

#define OBJECTIVE(member) offsetof(struct config_objective, member)
#define TARGET_MAX        999 /* permille: a promise without exception has no budget */

static const struct config_row objective_rows[] = {
	{"enabled", CONFIG_BOOL, OBJECTIVE(enabled), 0, 0, "true", "false: nothing is promised"},
	{"measure", CONFIG_CHOICE, OBJECTIVE(measure), 0, 0, "wait",
		"what of a task must be in time: until its start, its first byte, its end; or its "
		"slowdown",
		0, measures},
	{"response", CONFIG_TIME, OBJECTIVE(response_ns), NS_PER_MS, NS_PER_WEEK, "2s",
		"in which time it must be"},
	{"slowdown", CONFIG_SHARE, OBJECTIVE(slowdown_permille), 1000, 1000000, "200%",
		"of measure slowdown: wait and service, of service alone"},
	{"within", CONFIG_SHARE, OBJECTIVE(within_permille), 0, TARGET_MAX, "95%",
		"share of tasks that respond in time; 0% promises nothing"},
	{"availability", CONFIG_SHARE, OBJECTIVE(availability_permille), 0, TARGET_MAX, "99.9%",
		"share of the time in which tasks are there and an agent that could take them"},
	{"errors", CONFIG_SHARE, OBJECTIVE(errors_permille), 1, 1000, "0.1%",
		"share of tasks that may end badly; 100% promises nothing"},
	{"satisfaction", CONFIG_SHARE, OBJECTIVE(satisfaction_permille), 0, TARGET_MAX, "90%",
		"mean rating"},
	{"throughput", CONFIG_SHARE, OBJECTIVE(throughput_permille), 0, TARGET_MAX, "95%",
		"share of what comes that is done, over five minutes"},
	{"recover", CONFIG_BOOL, OBJECTIVE(recover), 0, 0, NULL,
		"act while it is broken: shed the lowest class, add agents, eject outliers "
		"(default: of standard true, of a kind's own false)"},
};
static const struct config_section objective_section = {
	"objective", objective_rows, COUNT_OF(objective_rows), sizeof(struct config_objective)};

#define QUEUE(member) (ROOT(queue.member) - ROOT(queue))

static const struct config_row queue_rows[] = {
	{"max", CONFIG_COUNT, QUEUE(tasks), 100, TASKS_MAX, "1_000_000",
		"most tasks alive at once; takes effect at start"},
	{"payload_max", CONFIG_MEMORY, QUEUE(payload_bytes), KIB, GIB, "16MiB",
		"largest payload of a task"},
};
static const struct config_section queue_section = {"queue", queue_rows, COUNT_OF(queue_rows), 0};

#define TRACES(member) (ROOT(traces.member) - ROOT(traces))

static const struct config_row traces_rows[] = {
	{"url", CONFIG_URL, TRACES(url), 0, 0, NULL,
		"collector that takes OTLP over HTTP as JSON, such as "
		"http://127.0.0.1:4318/v1/traces (default: no traces)"},
	{"sample", CONFIG_SHARE, TRACES(sample_permille), 0, PERMILLE, "100%",
		"share of the traces that begin here"},
};
static const struct config_section traces_section = {
	"traces", traces_rows, COUNT_OF(traces_rows), 0};

#define PEAK(member) offsetof(struct config_peak, member)

static const struct config_row peak_rows[] = {
	{"at", CONFIG_WHEN, PEAK(at), 1, BAL_PEAKS_MAX, NULL,
		"when it begins, in UTC: days and time such as mon-fri 09:00, sat,sun 10:00 or "
		"daily 18:30, or once such as 2026-12-24 08:00; required"},
	{"for", CONFIG_TIME, PEAK(duration_ns), NS_PER_MIN, 366 * NS_PER_DAY, NULL,
		"how long it lasts, at most a day when it repeats; required"},
	{"factor", CONFIG_TEXT, PEAK(factor), 0, 0, NULL,
		"load then, as so many times the usual, such as 3 or 0.5"},
	{"rate", CONFIG_RATE, PEAK(rate), 1, TASKS_MAX, NULL,
		"tasks of each of its kinds then, such as 30/min, in place of the usual"},
	{"kinds", CONFIG_NAMES, PEAK(kinds), 0, BAL_PEAK_KINDS_MAX, NULL,
		"kinds of task (default: all; with rate they must be named)"},
};
static const struct config_section peak_section = {
	"peak", peak_rows, COUNT_OF(peak_rows), sizeof(struct config_peak)};

static const struct config_row host_rows[] = {
	{"cpu", CONFIG_CPU, ROOT(host.cpu_millis) - ROOT(host), 1, 0, NULL,
		"cores that agents may be given together (default: those of the machine)"},
	{"memory", CONFIG_MEMORY, ROOT(host.memory_bytes) - ROOT(host), MIB, 0, NULL,
		"memory likewise"},
	{"gpus", CONFIG_COUNT, ROOT(host.gpus) - ROOT(host), 1, 64, NULL,
		"GPUs likewise (default: those of the machine)"},
};
static const struct config_section host_section = {"host", host_rows, COUNT_OF(host_rows), 0};

#define STORE(member) (ROOT(store.member) - ROOT(store))

static const struct config_row store_rows[] = {
	{"max_bytes", CONFIG_MEMORY, STORE(max_bytes), MIB, 0, NULL,
		"quota of the data directory: from 85% on the oldest results are archived until "
		"70% are left (default: no quota)"},
	{"archive", CONFIG_TEXT, STORE(archive), 0, 0, NULL,
		"directory of JSON lines, gzip, that ended tasks are written to before they go "
		"(default: when retention is over they go without, for want of space to "
		"ballast-archive)"},
	{"keep", CONFIG_TIME, STORE(keep_ns), NS_PER_S, 52 * NS_PER_WEEK, "1h",
		"no result that is younger goes for want of space"},
};
static const struct config_section store_section = {"store", store_rows, COUNT_OF(store_rows), 0};

static const struct config_row root_rows[] = {
	{"listen", CONFIG_LISTEN, ROOT(listen), 0, 0, "127.0.0.1:7777",
		"address of the API; port 0 lets the system choose"},
	{"data", CONFIG_TEXT, ROOT(data), 0, 0, "./ballast-data",
		"directory of everything durable"},
	{"tokens_file", CONFIG_TEXT, ROOT(tokens_file), 0, 0, NULL,
		"file of access tokens, looked for at start (default: tokens in the data "
		"directory, when it is there)"},
	{"pools", CONFIG_NAMED, ROOT(pools), 0, 0, NULL, "groups of agents made from one template",
		0, NULL, &config_pool_section},
	{"limits", CONFIG_NAMED, ROOT(limits), 0, 0, NULL, "ceilings that several pools share", 0,
		NULL, &limit_section},
	{"tenants", CONFIG_NAMED, ROOT(tenants), 0, 0, NULL, "shares and bounds of tenants", 0,
		NULL, &tenant_section},
	{"host", CONFIG_SECTION, ROOT(host), 0, 0, NULL, "what agents may have of this machine", 0,
		NULL, &host_section},
	{"queue", CONFIG_SECTION, ROOT(queue), 0, 0, NULL, "bounds of the queue", 0, NULL,
		&queue_section},
	{"store", CONFIG_SECTION, ROOT(store), 0, 0, NULL, "room for ended tasks", 0, NULL,
		&store_section},
	{"journal", CONFIG_BOOL, ROOT(journal), 0, 0, "false",
		"record every decision, for `ballast replay`"},
	{"retention", CONFIG_TIME, ROOT(retention_ns), NS_PER_MIN, 520 * NS_PER_WEEK, "7d",
		"how long results and errors are kept"},
	{"traces", CONFIG_SECTION, ROOT(traces), 0, 0, NULL,
		"where a span of each task and attempt is sent; takes effect at start", 0, NULL,
		&traces_section},
	{"peaks", CONFIG_NAMED, ROOT(peaks), 0, 0, NULL,
		"load that is known before it comes, taken into the forecasts", 0, NULL,
		&peak_section},
	{"knobs", CONFIG_KNOBS, ROOT(knobs), 0, 0, NULL, "tunables of the decisions"},
	{"alerts", CONFIG_SECTION, ROOT(alerts), 0, 0, NULL, "what is told, and to whom", 0, NULL,
		&alerts_section},
	{"objectives", CONFIG_NAMED, ROOT(objectives), 0, 0, NULL,
		"what is promised of each kind; `standard` of all others whose median service is "
		"under 10 s",
		0, NULL, &objective_section},
};
const struct config_section *const config_objective_section = &objective_section;

const struct config_section config_root = {
	"configuration", root_rows, COUNT_OF(root_rows), sizeof(struct config)};

const struct config_knob config_knobs[BAL_KNOB_COUNT] = {
#define X(name, preset, min, max, unit, help) {#name, preset, min, max, unit, help},
	BAL_KNOB_MAP(X)
#undef X
};

enum quantity config_knob_quantity(const struct config_knob *knob)
{
	if (strcmp(knob->unit, "ns") == 0)
		return QUANTITY_TIME;
	if (strcmp(knob->unit, "permille") == 0)
		return QUANTITY_SHARE;
	if (strcmp(knob->unit, "microcents/h") == 0)
		return QUANTITY_PRICE;
	return QUANTITY_COUNT;
}

static const char *const ROUTING_WORDS[] = {
#define X(name, word) word,
	BAL_ROUTING_MAP(X)
#undef X
};

bool config_knob_has_words(const struct config_knob *knob)
{
	return knob == &config_knobs[BAL_KNOB_ROUTING];
}

bool config_knob_word(const struct config_knob *knob, struct span text, int64_t *value)
{
	for (size_t i = 0; config_knob_has_words(knob) && i < COUNT_OF(ROUTING_WORDS); i++) {
		if (span_equal(text, span_of(ROUTING_WORDS[i]))) {
			*value = (int64_t)i;
			return true;
		}
	}
	return false;
}

const char *config_knob_expected(const struct config_knob *knob)
{
	enum quantity kind = config_knob_quantity(knob);

	if (config_knob_has_words(knob))
		return "balanced, latency, cost, pack or spread";
	return kind == QUANTITY_COUNT ? knob->unit : quantity_expected(kind);
}
