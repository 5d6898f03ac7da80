/* SPDX-License-Identifier: Apache-2.0 */
/* ballast plan: a table per group of pools that serve the same kinds. The daemon answers with the
 * horizons of one group after another, each of which begins with the present. */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

#include <stdio.h>
#include <string.h>

static const struct args_option OPTIONS[] = {
	{"--goal", NULL, "GOAL",
		"what matters: balanced (default), cost, performance, reliability"},
	{"--survive", NULL, NULL, "enough agents to lose any one of them"},
	{"--budget-cents", NULL, "CENTS", "at most that much per hour, in whole cents"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static void print_head(void)
{
	printf("%-7s %-8s %8s %6s %6s %5s %5s %10s  %-12s\n", "AHEAD", "BASIS", "LOAD", "NEEDED",
		"SLOTS", "BUSY", "MOST", "COST/H", "CEILING");
}

static const char *cell_of(yyjson_val *plan, const char *path, enum show_kind kind, char *cell)
{
	show_cell(show_member(plan, path), kind, cell, SHOW_CELL_SIZE);
	return cell;
}

static double number_of(yyjson_val *plan, const char *path)
{
	yyjson_val *value = show_member(plan, path);

	return yyjson_is_num(value) ? yyjson_get_num(value) : 0;
}

static void print_pools(yyjson_val *plan)
{
	size_t i, count;
	yyjson_val *part;
	char cell[SHOW_CELL_SIZE];

	yyjson_arr_foreach(show_member(plan, "pools"), i, count, part)
	{
		printf("        %.40s: %.0f agents, planned %.0f\n",
			cell_of(part, "pool", SHOW_TEXT, cell), number_of(part, "agents"),
			number_of(part, "agents_planned"));
	}
}

static void print_plan(yyjson_val *plan)
{
	double ahead = number_of(plan, "ahead_seconds");
	char when[SHOW_CELL_SIZE] = "now", basis[SHOW_CELL_SIZE], busy[SHOW_CELL_SIZE];
	char most[SHOW_CELL_SIZE], ceiling[SHOW_CELL_SIZE];

	if (ahead > 0)
		show_seconds(ahead, when, sizeof when);
	printf("%-7.7s %-8.8s %8.2f %6.0f %6.0f %5.5s %5.5s %10.4f  %-12.12s\n", when,
		cell_of(plan, "basis", SHOW_TEXT, basis), number_of(plan, "load"),
		number_of(plan, "slots_needed"), number_of(plan, "slots_planned"),
		cell_of(plan, "utilisation", SHOW_SHARE, busy),
		cell_of(plan, "utilisation_reachable", SHOW_SHARE, most),
		number_of(plan, "price_hour"), cell_of(plan, "ceiling", SHOW_TEXT, ceiling));
	print_pools(plan);
}

static void print_all(yyjson_val *plans)
{
	size_t i, count;
	yyjson_val *plan;

	if (yyjson_arr_size(plans) == 0)
		fputs("no pools to plan\n", stdout);
	yyjson_arr_foreach(plans, i, count, plan)
	{
		if (number_of(plan, "ahead_seconds") <= 0) {
			fputs(i > 0 ? "\n" : "", stdout);
			print_head();
		}
		print_plan(plan);
	}
	fputs("advice only: nothing acts on it\n", stdout);
}

static int plan(const struct args *args)
{
	const char *cents = args_value(args, "--budget-cents");
	const char *goal = args_value(args, "--goal");
	bool survive = args_has(args, "--survive");
	char target[ASK_TARGET_MAX], encoded[512], goal_encoded[512];
	struct ask *ask = ask_open(args);
	int rc;

	if (ask == NULL)
		return EXIT_USAGE;
	snprintf(target, sizeof target, "/v1/plan?survive=%s%s%s%s%s", survive ? "true" : "false",
		cents == NULL ? "" : "&budget_cents=",
		cents == NULL ? "" : ask_encode(cents, encoded, sizeof encoded),
		goal == NULL ? "" : "&goal=",
		goal == NULL ? "" : ask_encode(goal, goal_encoded, sizeof goal_encoded));
	rc = ask_get(ask, target);
	if (rc == 0 && ask->raw)
		ask_print(ask);
	else if (rc == 0)
		print_all(show_member(ask->json.root, "plans"));
	ask_close(ask);
	return rc;
}

const struct command command_plan = {.name = "plan",
	.arguments = "",
	.help = "shows how many agents the load needs, now and later; advice, nothing acts on it",
	.run = plan,
	.options = OPTIONS};
