/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind of value of the configuration, wrong in each way: the place, what was expected, and
 * what was found, as a user reads it. */
#include "wire/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *text, *message;
} rows[] = {
	{"pools: 3", "b.yaml:1:8: expected a mapping of names, found `3`"},
	{"pools: {a: 3}", "b.yaml:1:12: expected a mapping with the keys of a pool, found `3`"},
	{"pools: {a: [1]}",
		"b.yaml:1:12: expected a mapping with the keys of a pool, found a list"},
	{"pools: {a: }", "b.yaml:1:12: expected a mapping with the keys of a pool, found nothing"},
	{"pools: {a: {lease: 1}}", "b.yaml:1:20: expected true or false, found `1`"},
	{"pools: {a: {lease: [true]}}", "b.yaml:1:20: expected true or false, found a list"},
	{"pools: {a: {lease: \"true\"}}", "b.yaml:1:20: expected true or false, found a text in "
					  "quotes: write true without them"},
	{"pools: {a: {lease: true, slots: }}",
		"b.yaml:1:33: expected a whole number, found nothing"},
	{"pools: {a: {lease: true, slots: [1]}}",
		"b.yaml:1:33: expected a whole number, found a list"},
	{"pools: {a: {lease: true, slots: 0}}",
		"b.yaml:1:33: `slots` must be from 1 to 10000, found `0`"},
	{"pools: {a: {lease: true, slots: 99999}}",
		"b.yaml:1:33: `slots` must be from 1 to 10000, found `99999`"},
	{"pools: {a: {lease: true, timeout: 0s}}",
		"b.yaml:1:35: `timeout` must be from 1ms to 1w, found `0s`"},
	{"pools: {a: {lease: true, offers: python}}",
		"b.yaml:1:34: expected a list of names such as [a, b], found `python`"},
	{"pools: {a: {lease: true, offers: [[x]]}}", "b.yaml:1:35: expected a name, found a list"},
	{"pools: {a: {lease: true, offers: [a b]}}",
		"b.yaml:1:35: `a b` is not a name: 1 to 128 of letters, digits, `.`, `_`, `-`"},
	{"pools: {a: {lease: true, offers: [x, x]}}", "b.yaml:1:38: `x` stands in `offers` twice"},
	{"pools: {a: {lease: true, labels: [x]}}",
		"b.yaml:1:34: expected a mapping such as {zone: a}, found a list"},
	{"pools: {a: {lease: true, labels: {zone: [a]}}}",
		"b.yaml:1:41: expected text, found a list"},
	{"pools: {a: {lease: true, labels: {\"a b\": x}}}",
		"b.yaml:1:35: `a b` is not a name: 1 to 128 of letters, digits, `.`, `_`, `-`"},
	{"pools: {a: {lease: true, labels: {zone: \"a b\"}}}",
		"b.yaml:1:41: `a b` is not a name: 1 to 128 of letters, digits, `.`, `_`, `-`"},
	{"pools: {a: {command: x, max: 1, env: HOME}}",
		"b.yaml:1:38: expected a list such as [HOME, PATH, LEVEL=3], found `HOME`"},
	{"pools: {a: {command: x, max: 1, env: [1A]}}",
		"b.yaml:1:39: expected NAME or NAME=VALUE, found `1A`"},
	{"pools: {a: {command: x, max: 1, env: [[A]]}}",
		"b.yaml:1:39: expected NAME or NAME=VALUE, found a list"},
	{"pools: {a: {command: {x: y}, max: 1}}", "b.yaml:1:22: expected a command line, or a list "
						  "of 1 to 250 arguments, found a mapping"},
	{"pools: {a: {command: [], max: 1}}", "b.yaml:1:22: expected a command line, or a list of "
					      "1 to 250 arguments, found a list"},
	{"pools: {a: {command: [\"\", x], max: 1}}",
		"b.yaml:1:22: `command`: the command is empty"},
	{"pools: {a: {command: [x, [y]], max: 1}}",
		"b.yaml:1:26: expected an argument, found a list"},
	{"pools: {a: {command: \"\", max: 1}}", "b.yaml:1:22: `command`: the command is empty"},
	{"pools: {a: {command: x, max: 1, stdin: prompt}}",
		"b.yaml:1:40: expected payload or payload.FIELD, found `prompt`"},
	{"pools: {a: {command: x, max: 1, stdin: \"payload.\"}}",
		"b.yaml:1:40: expected payload or payload.FIELD, found `payload.`"},
	{"pools: {a: {command: x, max: 1, stdin: [payload]}}",
		"b.yaml:1:40: expected payload or payload.FIELD, found a list"},
	{"pools: {a: {command: x, max: 1, workdir: other}}",
		"b.yaml:1:42: `workdir` is one of shared, fresh; found `other`"},
	{"pools: {a: {command: x, max: 1, retry: {for: lost}}}",
		"b.yaml:1:46: expected a list such as [lost, exit 75], found `lost`"},
	{"pools: {a: {command: x, max: 1, retry: {for: [happy]}}}",
		"b.yaml:1:47: expected lost, retryable, timeout or exit N (1 to 255), found "
		"`happy`"},
	{"pools: {a: {command: x, max: 1, retry: {for: [exit x]}}}",
		"b.yaml:1:47: expected lost, retryable, timeout or exit N (1 to 255), found `exit "
		"x`"},
	{"pools: {a: {command: x, max: 1, retry: {for: [exit 0]}}}",
		"b.yaml:1:47: expected lost, retryable, timeout or exit N (1 to 255), found `exit "
		"0`"},
	{"pools: {a: {command: x, max: 1, retry: {for: [exit 256]}}}",
		"b.yaml:1:47: expected lost, retryable, timeout or exit N (1 to 255), found `exit "
		"256`"},
	{"pools: {a: {command: x, max: 1, retry: {for: [[lost]]}}}",
		"b.yaml:1:47: expected a word, found a list"},
	{"pools: {a: {command: x, max: 1, retry: 3}}",
		"b.yaml:1:40: expected a mapping with the keys of a retry, found `3`"},
	{"pools: {a: {urls: http://h}}",
		"b.yaml:1:19: expected a list such as [http://host:8000], found `http://h`"},
	{"pools: {a: {urls: []}}", "b.yaml:1:19: `urls` must have 1 to 256 elements, found 0"},
	{"pools: {a: {urls: [h]}}",
		"b.yaml:1:20: expected a URL such as http://host:8000, found `h`"},
	{"pools: {a: {urls: [[http://h]]}}",
		"b.yaml:1:20: expected a URL such as http://host:8000, found a list"},
	{"pools: {a: {urls: [https://h]}}",
		"b.yaml:1:20: https is not spoken yet, use http: found `https://h`"},
	{"pools: {a: {urls: [http://h], path: x}}",
		"b.yaml:1:37: expected a path such as /health, found `x`"},
	{"pools: {a: {urls: [http://h], path: \"/a b\"}}",
		"b.yaml:1:37: expected a path such as /health, found `/a b`"},
	{"pools: {a: {urls: [http://h], path: [x]}}",
		"b.yaml:1:37: expected a path such as /health, found a list"},
	{"pools: {a: {urls: [http://h], path: \"\"}}", "b.yaml:1:37: `path` must not be empty"},
	{"pools: {a: {run: x --port {port}, max: 1}}",
		"b.yaml:1:27: not YAML: did not find expected ',' or '}'; a word in braces is a "
		"mapping to YAML: put quotes around the whole text"},
	{"pools: {a: {run: \"x {port}\", max: 3, baseline: 9}}",
		"b.yaml:1:48: `baseline` 9 is not between `min` 1 and `max` 3"},
	{"pools: {a: {run: \"x {port}\", max: 3, min: 2, baseline: 1}}",
		"b.yaml:1:56: `baseline` 1 is not between `min` 2 and `max` 3"},
	{"pools: {a: {lease: true, uses: [x]}}",
		"b.yaml:1:33: pool `a` uses `x`, which is not under `limits`"},
	{"limits: {x: {}}", "b.yaml:1:10: limit `x` bounds nothing: it needs running or starts"},
	{"limits: {x: {running: 1, starts: 3}}",
		"b.yaml:1:34: expected a rate such as 30/min or 5/s, found `3`"},
	{"limits: {x: {starts: [3/min]}}",
		"b.yaml:1:22: expected a rate such as 30/min or 5/s, found a list"},
	{"limits: {x: {starts: 0/min}}",
		"b.yaml:1:22: `starts` must be from 1 to 100000000 per time"},
	{"limits: [x]", "b.yaml:1:9: expected a mapping of names, found a list"},
	{"tenants: {t: {weight: 0}}", "b.yaml:1:23: `weight` must be from 1 to 1000000, found `0`"},
	{"tenants: {\"a b\": {weight: 1}}",
		"b.yaml:1:11: `a b` is not a name: 1 to 128 of letters, digits, `.`, `_`, `-`"},
	{"tenants: {t: 3}", "b.yaml:1:14: expected a mapping with the keys of a tenant, found `3`"},
	{"knobs: 3", "b.yaml:1:8: expected a mapping such as {ageing: 10m}, found `3`"},
	{"knobs: {routing: fast}",
		"b.yaml:1:18: expected balanced, latency, cost, pack or spread, found `fast`"},
	{"knobs: {3: 4}", "b.yaml:1:9: `3` is not a knob"},
	{"knobs: {weight_load: [1]}", "b.yaml:1:22: expected a share such as 80%, found a list"},
	{"knobs: {WEIGHT_LOAD: 300 permille}",
		"b.yaml:1:22: expected a share such as 80%, found `300 permille`"},
	{"knobs: {zzzzzz: 1}", "b.yaml:1:9: `zzzzzz` is not a knob"},
	{"peaks: {p: {at: mon-fry 09:00, for: 1h, factor: 2}}",
		"b.yaml:1:17: `fry` is not a day; did you mean `fri`?"},
	{"peaks: {p: {at: [daily 9:00], for: 1h, factor: 2}}",
		"b.yaml:1:18: expected a time in UTC such as mon-fri 09:00, daily 18:30 or "
		"2026-12-24 08:00, found `daily 9:00`"},
	{"peaks: {p: {at: 2026-02-30 08:00, for: 1h, factor: 2}}",
		"b.yaml:1:17: expected a time in UTC such as mon-fri 09:00, daily 18:30 or "
		"2026-12-24 08:00, found `2026-02-30 08:00`"},
	{"peaks: {p: {at: daily 08:00, for: 2d, factor: 2}}",
		"b.yaml:1:35: `for` of peak `p`, which repeats, must be at most 1d"},
	{"peaks: {p: {at: daily 08:00, for: 1h}}",
		"b.yaml:1:9: peak `p` says nothing about the load: it needs factor or rate"},
	{"peaks: {p: {at: daily 08:00, for: 1h, rate: 3/s}}",
		"b.yaml:1:9: peak `p` has a `rate`, so it needs `kinds`: each of them gets that "
		"rate"},
	{"peaks: {p: {at: daily 08:00, for: 1h, factor: 2, rate: 1/s, kinds: [a]}}",
		"b.yaml:1:9: peak `p` has both `factor` and `rate`; it can be only one"},
	{"peaks: {p: {for: 1h, factor: 2}}", "b.yaml:1:9: peak `p` needs `at`: when it begins"},
	{"peaks: {p: {at: daily 08:00, factor: 2}}",
		"b.yaml:1:9: peak `p` needs `for`: how long it lasts"},
	{"peaks: {p: {at: daily 08:00, for: 1h, factor: 2.0001}}",
		"b.yaml:1:47: expected how many times the usual load, such as 3 or 2.5, found "
		"`2.0001`"},
	{"pools: {p: {run: \"w {port}\", max: 4, schedule: [{when: mon-fry 08:00-18:00, min: 2}]}}",
		"b.yaml:1:56: `fry` is not a day; did you mean `fri`?"},
	{"pools: {p: {run: \"w {port}\", max: 4, schedule: [{when: daily 08:00, min: 2}]}}",
		"b.yaml:1:56: expected a time in UTC such as mon-fri 08:00-18:00 or 2026-12-24 "
		"08:00-18:00, found `daily 08:00`"},
	{"pools: {p: {run: \"w {port}\", max: 4, schedule: [{when: daily 08:00-25:00, min: 2}]}}",
		"b.yaml:1:56: expected a time in UTC such as mon-fri 08:00-18:00 or 2026-12-24 "
		"08:00-18:00, found `daily 08:00-25:00`"},
	{"pools: {p: {run: \"w {port}\", max: 4, schedule: [{when: daily 08:00-18:00}]}}",
		"b.yaml:1:49: expected a mapping such as {when: mon-fri 08:00-18:00, min: 6}, "
		"found a mapping"},
	{"pools: {p: {run: \"w {port}\", max: 4, schedule: [{when: daily 08:00-18:00, min: two}]}}",
		"b.yaml:1:80: expected a number of agents, found `two`"},
	{"pools: {p: {run: \"w {port}\", max: 4, schedule: [{when: daily 08:00-18:00, min: 5}]}}",
		"b.yaml:1:9: pool `p`: `min` 5 under `schedule` is above `max` 4"},
	{"pools: {p: {run: \"w {port}\", max: 4, schedule: daily}}",
		"b.yaml:1:48: expected a list such as [{when: mon-fri 08:00-18:00, min: 6}], found "
		"`daily`"},
	{"peaks: {p: {at: daily 08:00, for: 1h, facter: 2}}",
		"b.yaml:1:39: `facter` is not a key of a peak; did you mean `factor`?"},
	{"listen: nowhere",
		"b.yaml:1:9: expected an address such as 127.0.0.1:7777, found `nowhere`"},
	{"listen: [a]", "b.yaml:1:9: expected an address such as 127.0.0.1:7777, found a list"},
	{"listen: \"\"", "b.yaml:1:9: expected an address such as 127.0.0.1:7777, found nothing"},
	{"data: [x]", "b.yaml:1:7: expected text, found a list"},
	{"journal: maybe", "b.yaml:1:10: expected true or false, found `maybe`"},
	{"queue: 3", "b.yaml:1:8: expected a mapping with the keys of a queue, found `3`"},
	{"queue: {max: 0}", "b.yaml:1:14: `max` must be from 100 to 100000000, found `0`"},
	{"retention: 3",
		"b.yaml:1:12: expected a time such as 30s, 5m or 1h30m, found `3` without a unit"},
	{"3: 4", "b.yaml:1:1: `3` is not a key of a configuration"},
	{"[a]: 4", "b.yaml:1:1: a key must be text; a word in braces is a mapping to YAML: put "
		   "quotes around it"},
	{"\"a", "b.yaml:2:1: not YAML: found unexpected end of stream"},
	{"a: b: c", "b.yaml:1:5: not YAML: mapping values are not allowed in this context"},
};

static void test_messages(void **state)
{
	static struct config config;
	struct config_error error;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[256];

		snprintf(text, sizeof text, "%s\n", rows[i].text);
		if (config_read(&config, span_of(text), "b.yaml", NULL, 0, &error))
			fail_msg("%s is taken", rows[i].text);
		assert_string_equal(error.text, rows[i].message);
		assert_null(config.memory);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_messages)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
