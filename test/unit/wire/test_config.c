/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/units.h"
#include "wire/config.h"
#include "wire/configdoc.h"
#include "wire/configtable.h"

static struct config config;
static struct config_error error;

static void take(const char *text)
{
	bool taken = config_read(&config, span_of(text), "b.yaml", NULL, 0, &error);
	if (!taken)
		print_error("%s\n", error.text);
	assert_true(taken);
}

static void assert_texts(struct config_texts texts, const char *joined)
{
	char memory[1024];
	struct buffer buffer;
	buffer_init_fixed(&buffer, memory, sizeof(memory) - 1);
	for (uint32_t i = 0; i < texts.count; i++) {
		buffer_append_text(&buffer, i ? "|" : "");
		buffer_append_text(&buffer, texts.items[i]);
	}
	memory[buffer.size] = 0;
	assert_string_equal(memory, joined);
}

/* The four ways to start of the manual, without what comes later (front doors, presets). */
static void test_manual(void **state)
{
	(void)state;
	take("pools:\n"
	     "  coder:    { run: \"python3 coder.py --port {port}\", max: 8 }      # argv, no "
	     "shell\n"
	     "  research: { run: \"python3 research.py --port {port}\", slots: 4, max: 6 }\n"
	     "  review:   { run: \"python3 review.py --port {port}\", min: 0, max: 4 }\n");
	assert_int_equal(config.pools.count, 3);
	const struct config_pool *pool = config_pool_find(&config, SPAN("coder"));
	assert_int_equal(pool->kind, BAL_POOL_PROCESS);
	assert_int_equal(pool->line, 2);
	assert_texts(pool->run, "python3|coder.py|--port|{port}");
	assert_texts(pool->kinds, "coder");
	assert_texts(pool->env, "PATH|HOME|LANG");
	assert_int_equal(pool->slots, 1);
	assert_int_equal(pool->agents_min, 1);
	assert_int_equal(pool->agents_max, 8);
	assert_int_equal(pool->agents_baseline, 3);
	assert_string_equal(pool->path, "/");
	assert_int_equal(pool->scale.strategy, BAL_STRATEGY_ADAPTIVE);
	assert_int_equal(pool->scale.up.load_permille, 800);
	assert_int_equal(pool->scale.up.sustain_ns, 5 * NS_PER_MIN);
	assert_int_equal(pool->scale.up.cooldown_ns, 60 * NS_PER_S);
	assert_int_equal(pool->scale.down.load_permille, 400);
	assert_int_equal(pool->scale.down.sustain_ns, 15 * NS_PER_MIN);
	assert_int_equal(pool->scale.down.cooldown_ns, 300 * NS_PER_S);
	assert_int_equal(pool->scale.queue, 100);
	assert_int_equal(pool->retry.attempts, 5);
	assert_true(pool->retry.outcomes & 1u << BAL_OUTCOME_RETRYABLE);
	assert_int_equal(config_pool_find(&config, SPAN("research"))->slots, 4);
	assert_int_equal(config_pool_find(&config, SPAN("review"))->agents_min, 0);
	assert_string_equal(config.listen, "127.0.0.1:7777");
	assert_string_equal(config.data, "./ballast-data");
	assert_null(config.tokens_file);
	assert_false(config.journal);
	assert_int_equal(config.queue.payload_bytes, 16 * MIB);
	assert_int_equal(config.retention_ns, 7 * NS_PER_DAY);
	assert_int_equal(config.knobs[BAL_KNOB_WEIGHT_LOAD], 300);
	config_release(&config);
	take("pools: { research: { lease: true } }");
	assert_int_equal(config.pools.items[0].kind, BAL_POOL_LEASE);
	assert_int_equal(config.pools.items[0].agents_max, -1);
	config_release(&config);
	take("tokens_file: /etc/ballast/tokens\n"
	     "pools:\n"
	     "  llama:\n"
	     "    urls: [http://gpu1:8000, http://gpu2:8000, http://gpu3:8000, http://gpu4:8000]   "
	     "# thereby allowed\n"
	     "    api_key_file: /etc/ballast/vllm.key\n");
	assert_string_equal(config.tokens_file, "/etc/ballast/tokens");
	assert_int_equal(config.pools.items[0].kind, BAL_POOL_URLS);
	assert_int_equal(config.pools.items[0].urls.count, 4);
	assert_string_equal(config.pools.items[0].api_key_file, "/etc/ballast/vllm.key");
	config_release(&config);
}

/* Every default that no other test looks at; a change of one is a change for users. */
static void test_defaults(void **state)
{
	(void)state;
	take("tenants: {t: {}}\n"
	     "limits: {l: {running: 1}}\n"
	     "pools: {a: {run: \"x {port}\", max: 10, scale: {strategy: aggressive}},\n"
	     "        c: {command: x, max: 3}, one: {run: \"x {port}\", max: 1, min: 0},\n"
	     "        big: {run: \"x {port}\", max: 9, min: 5}}\n");
	const struct config_pool *pool = &config.pools.items[0];
	assert_int_equal(pool->agents_baseline, 4);
	assert_int_equal(pool->timeout_ns, NS_PER_HOUR);
	assert_int_equal(pool->grace_ns, 10 * NS_PER_S);
	assert_int_equal(pool->drain_ns, 10 * NS_PER_MIN);
	assert_int_equal(pool->ready.timeout_ns, 60 * NS_PER_S);
	assert_null(pool->ready.path);
	assert_int_equal(pool->price_microcents_hour, 0);
	assert_int_equal(pool->resources.memory_bytes, 0);
	assert_int_equal(pool->resources.cpu_millis, 0);
	assert_int_equal(pool->emergency_ns, 10 * NS_PER_S);
	assert_int_equal(pool->offers.count, 0);
	assert_int_equal(pool->uses.count, 0);
	assert_int_equal(pool->retry.backoff_ns, NS_PER_S);
	assert_int_equal(pool->retry.backoff_max_ns, NS_PER_MIN);
	assert_int_equal(pool->scale.up.load_permille, 800);
	assert_int_equal(pool->scale.up.sustain_ns, 2 * NS_PER_MIN);
	assert_int_equal(pool->scale.up.cooldown_ns, NS_PER_MIN);
	assert_int_equal(pool->scale.down.load_permille, 400);
	assert_int_equal(pool->scale.down.sustain_ns, 10 * NS_PER_MIN);
	assert_int_equal(pool->scale.down.cooldown_ns, 5 * NS_PER_MIN);
	pool = &config.pools.items[1];
	assert_int_equal(pool->agents_max, 3);
	assert_int_equal(pool->workdir, CONFIG_WORKDIR_SHARED);
	assert_int_equal(pool->keep_ns, NS_PER_DAY);
	assert_null(pool->stdin_field);
	assert_int_equal(pool->prepare.count, 0);
	assert_int_equal(pool->cleanup.count, 0);
	assert_int_equal(pool->retry.attempts, 5);
	assert_int_equal(config.pools.items[2].agents_baseline, 1);
	assert_int_equal(config.pools.items[3].agents_baseline, 5);
	assert_int_equal(config.queue.tasks, 1000000);
	assert_int_equal(config.tenants.items[0].weight, 1);
	assert_int_equal(config.tenants.items[0].queued, 0);
	assert_int_equal(config.tenants.items[0].rate.count, 0);
	assert_int_equal(config.limits.items[0].starts.count, 0);
	for (size_t i = 0; i < BAL_KNOB_COUNT; i++)
		assert_int_equal(config.knobs[i], config_knobs[i].preset);
	config_release(&config);
}

static void test_command(void **state)
{
	(void)state;
	take("limits:\n"
	     "  anthropic: { running: 4, starts: 30/min }\n"
	     "pools:\n"
	     "  fixer:\n"
	     "    command: \"claude -p\"             # one process per task\n"
	     "    stdin: payload.prompt\n"
	     "    workdir: fresh\n"
	     "    prepare: \"git -C /src/repo worktree add {workdir}\"\n"
	     "    cleanup: \"git -C /src/repo worktree remove {workdir}\"\n"
	     "    env: [HOME, PATH, ANTHROPIC_API_KEY]\n"
	     "    uses: [anthropic]\n"
	     "    max: 8\n"
	     "    timeout: 45m\n"
	     "    retry: { for: [lost, exit 75], attempts: 2 }\n");
	const struct config_pool *pool = &config.pools.items[0];
	assert_int_equal(pool->kind, BAL_POOL_COMMAND);
	assert_texts(pool->command, "claude|-p");
	assert_string_equal(pool->stdin_field, "prompt");
	assert_int_equal(pool->workdir, CONFIG_WORKDIR_FRESH);
	assert_texts(pool->prepare, "git|-C|/src/repo|worktree|add|{workdir}");
	assert_texts(pool->cleanup, "git|-C|/src/repo|worktree|remove|{workdir}");
	assert_texts(pool->env, "HOME|PATH|ANTHROPIC_API_KEY");
	assert_texts(pool->uses, "anthropic");
	assert_int_equal(pool->timeout_ns, 45 * NS_PER_MIN);
	assert_int_equal(pool->retry.attempts, 2);
	assert_int_equal(pool->retry.exit_count, 1);
	assert_int_equal(pool->retry.exits[0], 75);
	assert_true(pool->retry.outcomes & 1u << BAL_OUTCOME_LOST);
	assert_false(pool->retry.outcomes & 1u << BAL_OUTCOME_TIMEOUT);
	const struct config_limit *limit = config_limit_find(&config, SPAN("anthropic"));
	assert_int_equal(limit->running, 4);
	assert_int_equal(limit->starts.count, 30);
	assert_int_equal(limit->starts.period_ns, NS_PER_MIN);
	config_release(&config);
	/* A command's non-zero exit is not retried unless the file says so. */
	take("pools: {a: {command: x, max: 1}, b: {command: x, max: 1, retry: {for: []}}}");
	assert_false(config.pools.items[0].retry.outcomes & 1u << BAL_OUTCOME_RETRYABLE);
	assert_true(config.pools.items[0].retry.outcomes & 1u << BAL_OUTCOME_LOST);
	assert_false(config.pools.items[1].retry.outcomes & 1u << BAL_OUTCOME_LOST);
	config_release(&config);
}

static void assert_shift(
	const struct config_pool *pool, uint32_t place, struct config_shift expected)
{
	const struct config_shift *shift = &pool->schedule.items[place];

	assert_true(place < pool->schedule.count);
	assert_int_equal(shift->days, expected.days);
	assert_int_equal(shift->begins_ns, expected.begins_ns);
	assert_int_equal(shift->duration_ns, expected.duration_ns);
	assert_int_equal(shift->agents_min, expected.agents_min);
}

static void test_everything(void **state)
{
	(void)state;
	take("listen: 0.0.0.0:80\ndata: /var/lib/ballast\ntokens_file: /etc/tokens\njournal: true\n"
	     "retention: 30d\nqueue: {max: 200_000, payload_max: 1MiB}\n"
	     "knobs: {ageing: 10m, weight_load: 35%, aged_share: 4, routing: cost}\n"
	     "tenants:\n  team-a: {weight: 3, queued: 100, running: 5, rate: 5/s}\n  none: {}\n"
	     "pools:\n"
	     "  a:\n"
	     "    run: [python3, a.py, \"{port}\", 'a b']\n"
	     "    min: 2\n    max: 10\n    baseline: 4\n    slots: 2\n    path: /task\n"
	     "    kinds: [code, fix]\n    offers: [python, gpu]\n    labels: {zone: a1, tier: "
	     "\"1.10\"}\n"
	     "    env: [PATH, LEVEL=3]\n    grace: 5s\n    price: 0.12 USD/h\n    drain_limit: 1m\n"
	     "    schedule: [{when: Mon-Fri 08:00-18:00, min: 6}, {when: \"sat,sun 22:00-06:00\", "
	     "min: 3},\n      {when: 2027-01-15 00:00-24:00, min: 10}]\n"
	     "    emergency: 3s\n    resources: {memory: 512MiB, cpu: 2 cores}\n"
	     "    ready: {path: /health, timeout: 2m}\n"
	     "    scale:\n      strategy: aggressive\n      queue: 50\n"
	     "      up: {above: 70%, cooldown: 5s}\n      down: {below: 20%, for: 30s}\n"
	     "  b:\n    urls: [http://gpu1:8000, http://gpu2:8000/v1]\n");
	assert_string_equal(config.listen, "0.0.0.0:80");
	assert_string_equal(config.tokens_file, "/etc/tokens");
	assert_true(config.journal);
	assert_int_equal(config.queue.tasks, 200000);
	assert_int_equal(config.knobs[BAL_KNOB_AGEING], 10 * NS_PER_MIN);
	assert_int_equal(config.knobs[BAL_KNOB_WEIGHT_LOAD], 350);
	assert_int_equal(config.knobs[BAL_KNOB_AGED_SHARE], 4);
	assert_int_equal(config.knobs[BAL_KNOB_ROUTING], BAL_ROUTING_COST);
	assert_int_equal(config.tenants.count, 2);
	assert_int_equal(config.tenants.items[0].rate.count, 5);
	assert_int_equal(config.tenants.items[1].weight, 1);
	const struct config_pool *pool = &config.pools.items[0];
	assert_texts(pool->run, "python3|a.py|{port}|a b");
	assert_texts(pool->kinds, "code|fix");
	assert_texts(pool->offers, "python|gpu|zone=a1|tier=1.10");
	assert_texts(pool->env, "PATH|LEVEL=3");
	assert_int_equal(pool->price_microcents_hour, 12000000);
	assert_int_equal(pool->resources.memory_bytes, 512 * MIB);
	assert_int_equal(pool->resources.cpu_millis, 2000);
	assert_string_equal(pool->ready.path, "/health");
	assert_int_equal(pool->emergency_ns, 3 * NS_PER_S);
	assert_shift(pool, 0, (struct config_shift){31, 8 * NS_PER_HOUR, 10 * NS_PER_HOUR, 6});
	assert_shift(pool, 1, (struct config_shift){96, 22 * NS_PER_HOUR, 8 * NS_PER_HOUR, 3});
	assert_shift(pool, 2, (struct config_shift){0, 20833 * NS_PER_DAY, NS_PER_DAY, 10});
	assert_int_equal(pool->scale.strategy, BAL_STRATEGY_AGGRESSIVE);
	assert_int_equal(pool->scale.up.load_permille, 700);
	assert_int_equal(pool->scale.up.sustain_ns, 2 * NS_PER_MIN);
	assert_int_equal(pool->scale.up.cooldown_ns, 5 * NS_PER_S);
	assert_int_equal(pool->scale.down.load_permille, 200);
	assert_int_equal(pool->scale.down.sustain_ns, 30 * NS_PER_S);
	assert_texts(config.pools.items[1].urls, "http://gpu1:8000|http://gpu2:8000/v1");
	config_release(&config);
}

/* What is wrong with a text, and a part of the message about it. */
static const struct {
	const char *text;
	const char *message;
} error_rows[] = {
	{"", "b.yaml:1:1: there is nothing in it"},
	{"# only a comment\n", "b.yaml:1:1: there is nothing in it"},
	{"poolz: {}\n", "b.yaml:1:1: `poolz` is not a key of a configuration; did you mean "
			"`pools`?"},
	{"pools:\n  a:\n    lease: true\n    timout: 5m\n",
		"b.yaml:4:5: `timout` is not a key of a pool; did you mean `timeout`?"},
	{"pools:\n  a: {lease: true}\n  a: {lease: true}\n",
		"b.yaml:3:3: the key `a` comes twice, first in line 2"},
	{"pools:\n  a: {lease: true, timeout: 30}\n",
		"b.yaml:2:29: expected a time such as 30s, 5m or 1h30m, found `30` without "
		"a unit"},
	{"pools: {a: {lease: true, timeout: 5 parsecs}}", "found `5 parsecs`"},
	{"pools: {a: {lease: true, timeout: [1s]}}", "found a list"},
	{"pools: {a: {lease: true, timeout: 9w}}", "`timeout` must be from 1ms to 1w, found `9w`"},
	{"pools: {a: {lease: yes}}", "expected true or false, found `yes`: write true"},
	{"journal: off", "found `off`: write false"},
	{"journal: \"true\"",
		"expected true or false, found a text in quotes: write true without them"},
	{"pools: {a: {lease: false}}", "`lease` can only be true"},
	{"pools: {a: {provider: {exec: {create: c, list: l, delete: d}}, run: \"x {port}\"}}",
		"has both `run` and `provider`"},
	{"pools: {a: {max: 1, provider: {exec: {create: c, list: l}}}}",
		"`provider` of pool `a` needs `exec` with `create`, `list` and `delete`"},
	{"pools: {a: {max: 1, provider: {}}}", "`provider` of pool `a` needs `exec`"},
	{"pools: {a: {provider: {exec: {create: c, list: l, delete: d}}}}", "needs `max`"},
	{"pools: {a: {max: 1, provider: {exec: {crate: c}}}}", "`create`"},
	{"pools: {a: {max: 1, placement: near, run: \"x {port}\"}}", "pack"},
	{"pools: {a: {urls: [\"http://h:1\"], gpus: 1}}", "`gpus` has no meaning"},
	{"pools: {a: {}}", "it needs run, provider, command, urls or lease"},
	{"pools:\n  a:\n", "expected a mapping with the keys of a pool, found nothing"},
	{"pools: [a]", "expected a mapping of names, found a list"},
	{"pools: {a: {lease: true, command: x, max: 1}}", "both `command` and `lease`"},
	{"pools: {a: {command: x}}", "needs `max`: the most processes"},
	{"pools: {a: {run: \"x {port}\"}}", "needs `max`: the most agents"},
	{"pools: {a: {run: x, max: 1}}", "has no {port}"},
	{"pools: {a: {command: \"\", max: 1}}", "the command is empty"},
	{"pools: {a: {command: \"a | b\", max: 1}}", "no shell runs this: `|`"},
	{"pools: {a: {command: \"a $HOME\", max: 1}}", "no shell runs this: $"},
	{"pools: {a: {command: \"a 'b\", max: 1}}", "a single quote is not closed"},
	{"pools: {a: {command: \"a {port}\", max: 1}}", "{port} is not a placeholder here"},
	{"pools: {a: {run: \"a {prot}\", max: 1}}", "did you mean {port}?"},
	{"pools: {a: {command: \"a {workdir}\", max: 1}}", "needs `workdir: fresh`"},
	{"pools:\n  a:\n    run: [x, {port}]\n    max: 1\n",
		"b.yaml:3:14: expected an argument, found a mapping: {port} without quotes "
		"is one in "
		"YAML; write \"{port}\""},
	{"pools:\n  a: { run: x --port {port}, max: 1 }\n", "put quotes around the whole text"},
	{"pools:\n  a: {lease: true, kinds: [on]}\n",
		"found `on`, which YAML readers take for a boolean"},
	{"data: 07:00\n", "b.yaml:1:7: expected text, found `07:00`, which old YAML "
			  "readers take for"},
	{"pools:\n\ta: 1\n", "spaces, not tabs"},
	{"a: &x 1", "anchors (&)"},
	{"a: *x", "aliases (*)"},
	{"a: !!str 1", "tags (!)"},
	{"{}\n---\n{}\n", "a second document"},
	{"{a: 1}: 2\n", "a key must be text"},
	{"listen: 7777\n", "expected an address such as 127.0.0.1:7777, found `7777`"},
	{"pools: {a b: {lease: true}}", "`a b` is not a name"},
	{"pools: {a: {lease: true, uses: [antropic]}}\nlimits: {anthropic: {running: 1}}",
		"did you mean `anthropic`?"},
	{"limits: {a: {}}", "limit `a` bounds nothing"},
	{"limits: {a: {starts: 30}}", "expected a rate such as 30/min"},
	{"pools: {a: {lease: true, env: [A]}}",
		"`env` has no meaning in pool `a`, which has `lease`"},
	{"pools: {a: {command: x, max: 1, env: [A-B]}}",
		"expected NAME or NAME=VALUE, found `A-B`"},
	{"pools: {a: {run: \"x {port}\", max: 2, min: 3}}", "`min` 3 is above `max` 2"},
	{"pools: {a: {run: \"x {port}\", max: 2, baseline: 3}}", "`baseline` 3 is not between"},
	{"pools: {a: {run: \"x {port}\", max: 2, scale: {strategy: agressive}}}",
		"did you mean `aggressive`?"},
	{"pools: {a: {urls: [gpu1:8000]}}", "expected a URL such as"},
	{"pools: {a: {urls: []}}", "must have 1 to 256 elements"},
	{"pools: {a: {command: x, max: 1, retry: {for: [exit 0]}}}", "exit N (1 to 255)"},
	{"pools: {a: {command: x, max: 1, stdin: prompt}}", "expected payload or payload.FIELD"},
	{"knobs: {ageng: 1s}", "`ageng` is not a knob; did you mean `ageing`?"},
	{"pools:\n  on: {lease: true}\n",
		"b.yaml:2:3: expected a name, found `on`, which YAML readers "
		"take for a boolean or null: put quotes around it"},
	{"pools: {a: {lease: true, labels: {no: x}}}", "b.yaml:1:35: expected a name, found `no`"},
	{"on: true\n",
		"`on` is not a key of a configuration, and YAML readers take it for a boolean"},
	{"pools: {a: {run: {port}, max: 1}}", "found a mapping: {port} without quotes is one"},
	{"pools:\n  a:\n    run: {port} --x\n    max: 1\n", "b.yaml:3:"},
	{"pools:\n  a:\n    run: {port} --x\n    max: 1\n", "put quotes around the whole text"},
	{"pools:\n  a:\n    urls: [http://h:1]\n    attempts: 3\n",
		"b.yaml:4:5: `attempts` is not a key of a pool; it belongs under `retry`"},
	{"pools: {a: {lease: true, api_key_file: k}}", "`api_key_file` has no meaning in pool `a`"},
	{"pools: {a: {command: x, max: 1, cleanup: \"rm {workdir}\"}}", "needs `workdir: fresh`"},
	{"pools: {a: {lease: true, timeout: \"1\\n2\\x9b\"}}", "found `1 2??`"},
	{"knobs: {weight_load: 2}", "found `2` without a unit"},
	{"queue: {payload_max: 1TiB}", "must be from 1KiB to 1GiB"},
	{"data: \"a\\0b\"", "a zero byte"},
	{"\xff", "b.yaml:"},
	{"[[[[[[[[[[[[[[[[", "nested too deep"},
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(error_rows) / sizeof(error_rows[0]); i++) {
		bool taken = config_read(
			&config, span_of(error_rows[i].text), "b.yaml", NULL, 0, &error);
		if (taken || !strstr(error.text, error_rows[i].message))
			print_error("row %zu: %s\n   wanted: %s\n", i, taken ? "taken" : error.text,
				error_rows[i].message);
		assert_false(taken);
		assert_non_null(strstr(error.text, error_rows[i].message));
		assert_null(config.memory);
	}
}

static void test_overrides(void **state)
{
	const char *text = "pools: {a: {run: \"x {port}\", max: 4}}\n";
	const struct config_override good[] = {
		{SPAN("pools.a.max"), SPAN("9")},
		{SPAN("queue.payload_max"), SPAN("2MiB")},
		{SPAN("listen"), SPAN("127.0.0.1:0")},
		{SPAN("pools.a.offers"), SPAN("[x, y]")},
	};
	const struct config_override bad[] = {
		{SPAN("pools.a.mux"), SPAN("9")},
		{SPAN("listen.port"), SPAN("9")},
		{SPAN("listen"), SPAN("")},
		{SPAN("listen"), SPAN("[")},
		{SPAN(""), SPAN("1")},
		{SPAN("pools.b.max"), SPAN("1")},
	};
	(void)state;
	if (!config_read(&config, span_of(text), "b.yaml", good, 4, &error))
		fail_msg("%s", error.text);
	assert_int_equal(config.pools.items[0].agents_max, 9);
	assert_int_equal(config.queue.payload_bytes, 2 * MIB);
	assert_string_equal(config.listen, "127.0.0.1:0");
	assert_texts(config.pools.items[0].offers, "x|y");
	config_release(&config);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(config_read(&config, span_of(text), "b.yaml", &bad[i], 1, &error));
		assert_int_equal(error.line, 0);
		assert_true(error.text[0] != 0);
	}
}

static void test_sizes(void **state)
{
	struct buffer text;
	(void)state;
	/* Many small pools, tenants and lists must fit the memory that is measured from the text.
	 */
	buffer_init(&text, 1 << 20);
	buffer_append_text(&text, "tenants: {");
	for (unsigned i = 0; i < 3000; i++) {
		buffer_append_unsigned(&text, i);
		buffer_append_text(&text, ": {},");
	}
	buffer_append_text(&text, "}\npools: {");
	for (unsigned i = 0; i < 3000; i++) {
		buffer_append_unsigned(&text, i);
		buffer_append_text(&text, ": {lease: true},");
	}
	buffer_append_text(&text, "}\n");
	if (!config_read(&config, buffer_span(&text), "b.yaml", NULL, 0, &error))
		fail_msg("%s", error.text);
	assert_int_equal(config.pools.count, 3000);
	assert_int_equal(config.tenants.count, 3000);
	config_release(&config);
	buffer_release(&text);
}

static void test_document(void **state)
{
	struct buffer text;
	(void)state;
	buffer_init(&text, 1 << 20);
	config_document(&text);
	buffer_append_byte(&text, 0);
	assert_false(text.failed);
	assert_non_null(strstr(text.bytes, "### top level"));
	assert_non_null(strstr(text.bytes, "### pools.NAME.scale.up"));
	assert_non_null(strstr(text.bytes, "| `listen` | HOST:PORT | `127.0.0.1:7777` |"));
	assert_non_null(strstr(text.bytes, "| `weight_load` |"));
	buffer_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_document),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
