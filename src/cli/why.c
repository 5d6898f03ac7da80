/* SPDX-License-Identifier: Apache-2.0 */
/* ballast why: a decision in prose.
 *
 * The daemon sends the decision itself as data (daemon/why.c); nothing is worked out anew here but
 * products of weights and factors, so what is read is what was decided. */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

#include <stdio.h>
#include <string.h>

static const struct args_option OPTIONS[] = {
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const char *const FACTORS[] = {
	"load", "performance", "future", "efficiency", "collaboration"};

#define FACTOR_COUNT (sizeof FACTORS / sizeof FACTORS[0])
#define CELL_SIZE    128

/* A member as text; cells lie in a ring so that some fit into one printf. */
static const char *cell(yyjson_val *object, const char *path, enum show_kind kind)
{
	static char cells[8][CELL_SIZE];
	static unsigned next;
	char *text = cells[next++ % 8];

	show_cell(show_member(object, path), kind, text, CELL_SIZE);
	return text;
}

static const char *text(yyjson_val *object, const char *path)
{
	return cell(object, path, SHOW_TEXT);
}

static double number(yyjson_val *object, const char *path)
{
	return yyjson_get_num(show_member(object, path));
}

static const char *name_of(yyjson_val *agent)
{
	return yyjson_is_str(show_member(agent, "name")) ? text(agent, "name")
							 : text(agent, "agent");
}

/* What a factor was worked out from. */
static void print_inputs(size_t factor, yyjson_val *inputs)
{
	switch (factor) {
	case 0:
		printf("%s of %s slots busy, cpu %s, memory %s\n", text(inputs, "running"),
			text(inputs, "slots"), cell(inputs, "cpu", SHOW_SHARE),
			cell(inputs, "memory", SHOW_SHARE));
		break;
	case 1:
		printf("expected service %s, succeeds %s of the time\n",
			cell(inputs, "service", SHOW_SECONDS), cell(inputs, "success", SHOW_SHARE));
		break;
	case 2:
		printf("%s tasks/s expected per free slot that want it too\n",
			text(inputs, "rivals_per_second"));
		break;
	case 3:
		printf("price %s per hour\n", text(inputs, "price_per_hour"));
		break;
	default:
		printf("warm context saves %s\n", cell(inputs, "warm_saving", SHOW_SECONDS));
		break;
	}
}

static void print_factors(yyjson_val *root, yyjson_val *winner)
{
	printf("\n  %-14s %7s %12s %12s  %s\n", "factor", "weight", "seconds", "weighted",
		"worked out from");
	for (size_t i = 0; i < FACTOR_COUNT; i++) {
		double weight = number(show_member(root, "weights"), FACTORS[i]);
		double seconds = number(show_member(winner, "factors"), FACTORS[i]);

		printf("  %-14s %7.2f %12.6f %12.6f  ", FACTORS[i], weight, seconds,
			weight * seconds);
		print_inputs(i, show_member(winner, "inputs"));
	}
	printf("  %-14s %7s %12s %12.6f\n", "composite", "", "", number(winner, "composite"));
}

static void print_losers(yyjson_val *root, yyjson_val *winner)
{
	yyjson_val *losers = show_member(root, "losers");
	yyjson_val *loser;
	size_t index, count;

	if (yyjson_arr_size(losers) > 0)
		printf("\nBeaten:\n");
	yyjson_arr_foreach(losers, index, count, loser)
	{
		printf("  %s (pool %s): composite %.6f", name_of(loser), text(loser, "pool"),
			number(loser, "composite"));
		if (winner != NULL)
			printf(", %.6f more",
				number(loser, "composite") - number(winner, "composite"));
		printf("; busy %s of %s slots, service %s\n", text(loser, "inputs.running"),
			text(loser, "inputs.slots"), cell(loser, "inputs.service", SHOW_SECONDS));
	}
}

static void print_ruled_out(yyjson_val *root)
{
	yyjson_val *all = show_member(root, "ruled_out");
	yyjson_val *one;
	size_t index, count;

	if (yyjson_arr_size(all) > 0)
		printf("\nRuled out, though they would have been better:\n");
	yyjson_arr_foreach(all, index, count, one)
	{
		printf("  %s: %s (composite %.6f)\n", name_of(one), text(one, "reason"),
			number(one, "composite"));
	}
}

/* "8 capable agents, 3 of them with a free slot" */
static void print_capable(yyjson_val *root)
{
	bool one = number(root, "capable_agents") == 1;

	printf("%s capable agent%s, %s%s with a free slot.\n", text(root, "capable_agents"),
		one ? "" : "s", text(root, "free_agents"), one ? "" : " of them");
}

static void explain_routed(yyjson_val *root)
{
	yyjson_val *winner = show_member(root, "winner");
	bool is_hedge = show_member(root, "late_after") != NULL;

	printf("Task %s went to %s of pool %s (attempt %s, after %s %s).\n", text(root, "id"),
		name_of(winner), text(winner, "pool"), text(root, "attempt"),
		cell(root, is_hedge ? "late_after" : "waited", SHOW_SECONDS),
		is_hedge ? "of the one before it" : "in the queue");
	printf("Because: %s. ", text(root, "text"));
	print_capable(root);
	if (show_member(root, "slot_lent_by") != NULL)
		printf("It uses the slot of its parent, task %s.\n", text(root, "slot_lent_by"));
	print_factors(root, winner);
	print_losers(root, winner);
	print_ruled_out(root);
	printf("\nWhat would have changed it: %s.\n", text(root, "would_change"));
}

static void explain_waiting(yyjson_val *root)
{
	printf("Task %s waits: %s.\n", text(root, "id"), text(root, "text"));
	if (show_member(root, "limit") != NULL)
		printf("The limit is %s.\n", text(root, "limit"));
	if (show_member(root, "waits_for") != NULL)
		printf("It waits for task %s.\n", text(root, "waits_for"));
	printf("%s task%s; ", text(root, "ahead"),
		number(root, "ahead") == 1 ? " goes first" : "s go first");
	print_capable(root);
	if (show_member(root, "expected_wait") != NULL)
		printf("Expected wait: %s.\n", cell(root, "expected_wait", SHOW_SECONDS));
	print_losers(root, NULL);
	print_ruled_out(root);
}

static void explain_refused(yyjson_val *root)
{
	yyjson_val *nearest = show_member(root, "nearest");
	yyjson_val *pool;
	size_t index, count;

	printf("Task %s was refused: %s.\n", text(root, "id"), text(root, "text"));
	if (number(root, "expected_wait") > 0)
		printf("Expected wait: %s.\n", cell(root, "expected_wait", SHOW_SECONDS));
	if (number(root, "unknown_needs") > 0)
		printf("%s of its needs are named by no pool of the configuration.\n",
			text(root, "unknown_needs"));
	yyjson_arr_foreach(nearest, index, count, pool)
	{
		printf("Nearest: pool %s, which lacks %s.\n", text(pool, "pool"),
			yyjson_arr_size(show_member(pool, "missing")) == 0
				? "only what no pool names"
				: text(pool, "missing"));
	}
}

/* "0.2 to 0.4 cores", "128 MiB to 384 MiB" */
static void print_change(yyjson_val *resize)
{
	if (show_member(resize, "cpu_after") != NULL)
		printf("%s to %s cores", text(resize, "cpu_before"), text(resize, "cpu_after"));
	else
		printf("%s to %s of memory", cell(resize, "memory_before", SHOW_BYTES),
			cell(resize, "memory_after", SHOW_BYTES));
}

static void explain_resized(yyjson_val *root, yyjson_val *resize)
{
	const char *state = yyjson_get_str(show_member(resize, "state"));
	bool replaced = show_member(resize, "cpu_after") == NULL &&
			show_member(resize, "memory_after") == NULL;

	printf("%s of pool %s (order %s): ", name_of(resize), text(root, "pool"), text(root, "id"));
	if (replaced)
		printf("a new agent takes its place");
	else
		print_change(resize);
	printf(", %s.\n", strcmp(state, "advised") == 0 ? "advised only" : state);
	printf("Because: %s.\n", text(root, "text"));
	if (number(resize, "threshold") > 0)
		printf("It was %s (threshold %s) for %s.\n", text(resize, "value"),
			text(resize, "threshold"), cell(resize, "sustained", SHOW_SECONDS));
	if (number(resize, "price_per_hour") != 0)
		printf("It costs %s per hour; as much by more agents %s.\n",
			text(resize, "price_per_hour"), text(resize, "price_of_more_agents"));
	if (show_member(resize, "error") != NULL)
		printf("It failed: %s.\n", text(resize, "error"));
}

/* What a trigger beside the load saw. */
static void explain_trigger(yyjson_val *root)
{
	const char *kind = yyjson_get_str(show_member(root, "trigger.kind"));

	if (show_member(root, "trigger") == NULL)
		return;
	printf("Seen%s%s: %s (%s; threshold %s), for %s.\n", kind ? " of kind " : "",
		kind ? kind : "", text(root, "trigger.seen"), text(root, "trigger.what"),
		text(root, "trigger.threshold"), cell(root, "sustained", SHOW_SECONDS));
}

static void print_stretch(const char *when, yyjson_val *stretch)
{
	if (stretch == NULL)
		return;
	printf("  %s: %s of the slots busy, %s waiting, %s of the waits too long, %s per hour\n",
		when, cell(stretch, "utilisation", SHOW_SHARE), text(stretch, "waiting"),
		cell(stretch, "late", SHOW_SHARE), text(stretch, "price_per_hour"));
}

/* What became of it, which an order of an earlier version does not say. */
static void print_life(yyjson_val *root)
{
	const char *verdict = yyjson_get_str(show_member(root, "verdict"));

	if (verdict == NULL)
		return;
	printf("It is %s", text(root, "state"));
	if (strcmp(verdict, "open") != 0)
		printf("; verdict: %s", verdict);
	if (show_member(root, "remark_text") != NULL)
		printf(" (%s)", text(root, "remark_text"));
	printf(".\n");
	if (number(root, "asked") > 0)
		printf("%s of %s agents came.\n", text(root, "came"), text(root, "asked"));
	if (show_member(root, "about") != NULL)
		printf("It answers order %s.\n", text(root, "about"));
	if (show_member(root, "answered_by") != NULL)
		printf("Order %s answers it.\n", text(root, "answered_by"));
	print_stretch("before", show_member(root, "before"));
	print_stretch("after ", show_member(root, "after"));
}

/* Of advice, and of what was skipped or taken back, nothing was done. */
static bool is_undone(yyjson_val *root)
{
	const char *state = yyjson_get_str(show_member(root, "state"));

	return state != NULL && (strcmp(state, "advice") == 0 || strcmp(state, "skipped") == 0 ||
					strcmp(state, "cancelled") == 0);
}

static void explain_held(yyjson_val *root)
{
	printf("Order %s waits: pool %s is to have %s agents", text(root, "id"), text(root, "pool"),
		text(root, "agents_after"));
	if (show_member(root, "when") != NULL)
		printf(" when %s", text(root, "when"));
	else
		printf(" at %s", text(root, "due_at"));
	printf(".\nBecause: %s.\n", text(root, "text"));
}

static void explain_scaled(yyjson_val *root)
{
	if (show_member(root, "resize") != NULL) {
		explain_resized(root, show_member(root, "resize"));
		return;
	}
	printf("Pool %s %s from %s to %s agents (order %s).\n", text(root, "pool"),
		is_undone(root) ? "would go" : "went", text(root, "agents_before"),
		text(root, "agents_after"), text(root, "id"));
	printf("Because: %s.\n", text(root, "text"));
	explain_trigger(root);
	/* Where no load was the reason there is no threshold. */
	if (number(root, "threshold") > 0)
		printf("Load %s (threshold %s) sustained for %s, ", cell(root, "load", SHOW_SHARE),
			cell(root, "threshold", SHOW_SHARE), cell(root, "sustained", SHOW_SECONDS));
	printf("%s task%s waiting.\n", text(root, "waiting"),
		number(root, "waiting") == 1 ? "" : "s");
	if (show_member(root, "victim") != NULL)
		printf("%s was chosen: it had the least work left (%s); it finished it first.\n",
			name_of(show_member(root, "victim")),
			cell(root, "victim.work_left", SHOW_SECONDS));
	print_life(root);
}

static void explain_alert(yyjson_val *root)
{
	printf("Alert %s (%s) about %s %s: %s.\n", text(root, "rule"), text(root, "level"),
		text(root, "subject"), text(root, "name"), text(root, "what"));
	printf("It is %s; the threshold is %s for %s.\n", text(root, "value_text"),
		text(root, "threshold_text"), cell(root, "for_seconds", SHOW_SECONDS));
	printf("What ballast does: %s.\n", text(root, "doing"));
}

static void explain_recovery(yyjson_val *root)
{
	printf("Recovery %s (%s) in pool %s.\n", text(root, "id"), text(root, "step"),
		text(root, "pool"));
	printf("Because: %s of kind %s was %s, promised is %s.\n", text(root, "objective"),
		text(root, "kind"), cell(root, "was", SHOW_SHARE),
		cell(root, "target", SHOW_SHARE));
	printf("%s\n", yyjson_is_null(show_member(root, "ended_at"))
			       ? "It is in force until the objective is met again."
			       : "It has ended: the objective is met again.");
}

static void explain(yyjson_val *root)
{
	const char *decision = yyjson_get_str(show_member(root, "decision"));

	if (decision == NULL && show_member(root, "due_at") == NULL &&
		show_member(root, "when") == NULL)
		decision = "";
	if (decision == NULL)
		explain_held(root);
	else if (show_member(root, "alert") != NULL)
		explain_alert(root);
	else if (show_member(root, "step") != NULL)
		explain_recovery(root);
	else if (decision == NULL || strcmp(decision, "nothing") == 0)
		printf("Nothing is remembered about %s.\n", text(root, "id"));
	else if (strcmp(decision, "routed") == 0)
		explain_routed(root);
	else if (strcmp(decision, "waiting") == 0)
		explain_waiting(root);
	else if (strcmp(decision, "refused") == 0)
		explain_refused(root);
	else
		explain_scaled(root);
}

static int run(const struct args *args)
{
	char target[ASK_TARGET_MAX], id[256];
	struct ask *ask;
	int rc;

	if (args->word_count != 1) {
		fprintf(stderr, "usage: ballast why ID   (of a task, an order, an alert)\n");
		return EXIT_USAGE;
	}
	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	snprintf(target, sizeof target, "/v1/why/%s", ask_encode(args->words[0], id, sizeof id));
	rc = ask_get(ask, target);
	if (rc == 0 && ask->raw)
		ask_print(ask);
	else if (rc == 0)
		explain(ask->json.root);
	ask_close(ask);
	return rc;
}

const struct command command_why = {"why", "ID",
	"explains the last decision about a task, a scaling order, an alert or a recovery", run,
	OPTIONS};
