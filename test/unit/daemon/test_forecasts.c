/* SPDX-License-Identifier: Apache-2.0 */
/* Forecasts of the running daemon: bins end because the wall clock is said to move on, fits run on
 * the daemon's threads. */
#include "apihost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/units.h"

#define BIN_NS    (5 * NS_PER_MIN)
#define BINS      22    /* with those before, the first one being a part of one, two hours */
#define TURNS_MAX 20000 /* of the loop, while a fit runs */

static char answer[APIHOST_ANSWER_SIZE];

static int set_up(void **state)
{
	struct apihost *host = malloc(sizeof *host);

	apihost_open(host);
	*state = host;
	return 0;
}

static int tear_down(void **state)
{
	apihost_close(*state);
	free(*state);
	return 0;
}

static unsigned get(struct apihost *host, const char *path)
{
	char line[512];

	snprintf(line, sizeof line, "GET %s", path);
	return apihost_call(host, line, "", NULL, answer);
}

static void assert_has(const char *text)
{
	if (strstr(answer, text) == NULL)
		fail_msg("no \"%s\" in: %.3000s", text, answer);
}

static void assert_lacks(const char *text)
{
	if (strstr(answer, text) != NULL)
		fail_msg("\"%s\" in: %.3000s", text, answer);
}

/* The wall clock is now one more bin ahead of what it was at the start. */
static void end_bin(struct apihost *host)
{
	static uint32_t bins;
	struct bal_event event = {.type = BAL_EVENT_CLOCK};

	event.clock.utc_offset_ns = engine_clock(host->engine)->utc_offset_ns + ++bins * BIN_NS;
	engine_event(host->engine, &event);
}

static void run_bins(struct apihost *host, uint32_t bins)
{
	for (uint32_t i = 1; i <= bins; i++) {
		for (uint32_t k = 0; k < 5; k++)
			assert_int_equal(apihost_call(host, "POST /v1/tasks", "",
						 "{\"kind\":\"echo\",\"size\":\"30s\"}", answer),
				202);
		end_bin(host);
	}
}

static void wait_for(struct apihost *host, const char *path, const char *text)
{
	for (uint32_t i = 0; i < TURNS_MAX; i++) {
		apihost_run(host);
		assert_int_equal(get(host, path), 200);
		if (strstr(answer, text) != NULL)
			return;
	}
	fail_msg("no \"%s\" in: %.3000s", text, answer);
}

static void test_nothing_is_known_at_first(void **state)
{
	assert_int_equal(get(*state, "/v1/forecasts"), 200);
	assert_has("{\"forecasts\":[],\"peaks\":[]}");
	assert_int_equal(get(*state, "/v1/forecasts?signal=arrivals/echo"), 404);
	assert_int_equal(get(*state, "/v1/forecasts?kind=echo"), 400);
}

static void test_a_forecast_after_two_hours(void **state)
{
	static const char listen_all[] = "GET /v1/events?type=forecast HTTP/1.1\r\n"
					 "Host: localhost\r\n\r\n";
	struct apihost *host = *state;
	int fd = apihost_connect(host);

	apihost_send(host, fd, listen_all, sizeof listen_all - 1);
	apihost_read_until(host, fd, ": ballast", answer);
	run_bins(host, 3);
	assert_int_equal(get(host, "/v1/forecasts"), 200);
	/* Seen, but nothing is claimed. */
	assert_has("\"signal\":\"arrivals/echo\",\"kind\":\"echo\",\"unit\":\"tasks/h\","
		   "\"horizons\":[]");
	run_bins(host, BINS);
	wait_for(host, "/v1/forecasts?signal=arrivals/echo", "\"ahead_seconds\":900");
	assert_has("\"ahead_seconds\":21600,\"bin_seconds\":300,\"mean\":60,");
	/* Whole days are not known after two hours, and nothing has been scored. */
	assert_lacks("\"ahead_seconds\":86400");
	assert_lacks("\"accuracy\"");
	assert_has("\"course_bin_seconds\":300,\"past\":[");
	assert_lacks("work/echo");
	wait_for(host, "/v1/forecasts?signal=work/echo", "\"ahead_seconds\":900");
	/* Five times 30 s in 300 s keep half a slot busy. */
	assert_has("\"mean\":0.5,");
	/* The plan goes by it, and by the present where nothing is forecast. */
	assert_int_equal(get(host, "/v1/plan"), 200);
	assert_has("{\"ahead_seconds\":900,\"basis\":\"forecast\",");
	assert_has("{\"ahead_seconds\":86400,\"basis\":\"live\",");
	apihost_read_until(host, fd, "event: forecast.updated\n", answer);
	assert_has("\"kind\":\"echo\",\"series\":\"arrivals\"}");
	close(fd);
	assert_int_equal(get(host, "/metrics"), 200);
	assert_has("ballast_forecast{series=\"arrivals\",kind=\"echo\",ahead=\"1h\"} 60");
	assert_lacks("ballast_forecast_accuracy{");
	/* What comes is compared with what was expected. */
	run_bins(host, 14);
	assert_int_equal(get(host, "/v1/forecasts?signal=arrivals/echo"), 200);
	assert_has("\"accuracy\":1,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_known_at_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_forecast_after_two_hours, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
