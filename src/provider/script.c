/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: a runner without control groups does the work. The time-out stands in the note of the run,
 * so that a script that was adopted has one too, counted anew. Output goes to files, whose size is
 * looked at a few times a second while scripts run: one that writes without end is stopped long
 * before the disk is full.
 */
#include "provider/script.h"

#include "base/assert.h"
#include "provider/lastwords.h"
#include "provider/runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_NS     (100 * (int64_t)1000000)
#define GRACE_NS    (2 * (int64_t)1000000000) /* of one that is stopped */
#define NOTE_SIZE   64
#define TIMEOUT_NS  (60 * (int64_t)1000000000) /* when the note cannot be read */
#define TIMEOUT_MAX (INT64_MAX / 4)

enum stop { STOP_NONE, STOP_TIME, STOP_OUTPUT };

struct script {
	struct run *run;
	char name[RUN_NAME_SIZE_MAX];
	int64_t begun_at_ns; /* -1: by an earlier daemon */
	int64_t timeout_ns;
	int64_t until_ns;
	enum stop stop;
	struct script *next;
};

struct scripts {
	struct runner *runner;
	struct script *first;
	size_t count;
	int64_t look_at_ns; /* at the sizes; RUN_NEVER_NS while none runs */
	char *output;
};

static struct script *add_script(
	struct scripts *scripts, const char *name, int64_t timeout_ns, int64_t now_ns)
{
	struct script *script = calloc(1, sizeof *script);
	if (script == NULL)
		return NULL;
	snprintf(script->name, sizeof script->name, "%s", name);
	script->timeout_ns = timeout_ns < TIMEOUT_MAX ? timeout_ns : TIMEOUT_MAX;
	script->until_ns = now_ns + script->timeout_ns;
	script->next = scripts->first;
	scripts->first = script;
	scripts->count++;
	if (scripts->look_at_ns > now_ns + LOOK_NS)
		scripts->look_at_ns = now_ns + LOOK_NS;
	return script;
}

static void drop_script(struct scripts *scripts, struct script *script)
{
	struct script **at = &scripts->first;
	while (*at != NULL && *at != script)
		at = &(*at)->next;
	bal_assert(*at == script);
	*at = script->next;
	scripts->count--;
	free(script);
}

struct scripts *scripts_open(const char *directory, const char *program, int64_t now_ns,
	char *message, size_t message_size)
{
	static const struct cgroup none = {.version = CGROUP_NONE};
	struct scripts *scripts = calloc(1, sizeof *scripts);
	if (scripts == NULL) {
		snprintf(message, message_size, "out of memory");
		return NULL;
	}
	scripts->look_at_ns = RUN_NEVER_NS;
	scripts->runner = runner_open(directory, &none, program, now_ns, message, message_size);
	if (scripts->runner != NULL)
		return scripts;
	free(scripts);
	return NULL;
}

static bool fill_spec(struct spec *spec, const struct script_order *order)
{
	size_t count = 0;
	spec_init(spec);
	for (; order->arguments[count] != NULL; count++) {
		if (count == SPEC_ARGUMENTS_MAX)
			return false;
		spec->arguments[count] = order->arguments[count];
	}
	for (count = 0; order->environment[count] != NULL; count++) {
		if (count == SPEC_ENVIRONMENT_MAX - 1)
			return false;
		spec->environment[count] = order->environment[count];
	}
	spec->directory = order->directory;
	spec->grace_ns = GRACE_NS;
	spec->leaves = true;
	return true;
}

bool scripts_start(struct scripts *scripts, const struct script_order *order, int64_t now_ns,
	char *message, size_t message_size)
{
	char note[NOTE_SIZE];
	struct spec spec;
	if (scripts_has(scripts, order->name))
		return true;
	if (!fill_spec(&spec, order)) {
		snprintf(message, message_size, "too many arguments or variables");
		return false;
	}
	struct script *script = add_script(scripts, order->name, order->timeout_ns, now_ns);
	if (script == NULL) {
		snprintf(message, message_size, "out of memory");
		return false;
	}
	script->begun_at_ns = now_ns;
	snprintf(note, sizeof note, "timeout_ns=%" PRId64, script->timeout_ns);
	spec.note = note;
	script->run = runner_start(
		scripts->runner, order->name, &spec, NULL, 0, script, message, message_size);
	bool started = script->run != NULL;
	if (!started)
		drop_script(scripts, script);
	return started;
}

bool scripts_has(const struct scripts *scripts, const char *name)
{
	for (const struct script *script = scripts->first; script != NULL; script = script->next) {
		if (strcmp(script->name, name) == 0)
			return true;
	}
	return false;
}

size_t scripts_count(const struct scripts *scripts)
{
	return scripts->count;
}

/* One that an earlier daemon began. */
static struct script *adopt_script(
	struct scripts *scripts, const struct runner_event *event, int64_t now_ns)
{
	char note[NOTE_SIZE];
	int64_t timeout_ns = 0;
	if (!run_note(event->run, note, sizeof note) ||
		sscanf(note, "timeout_ns=%19" SCNd64, &timeout_ns) != 1 || timeout_ns < 0)
		timeout_ns = TIMEOUT_NS;
	struct script *script = add_script(scripts, event->name, timeout_ns, now_ns);
	if (script == NULL)
		return NULL;
	script->begun_at_ns = -1;
	script->run = event->run;
	runner_own(event->run, script);
	return script;
}

static void stop(struct scripts *scripts, struct script *script, enum stop why, int64_t now_ns)
{
	script->stop = why;
	runner_end(scripts->runner, script->run, now_ns);
}

/* Those that take too long or write too much. */
static void look(struct scripts *scripts, int64_t now_ns)
{
	for (struct script *script = scripts->first; script != NULL; script = script->next) {
		bool large = run_output_size(script->run, RUN_STDOUT) > SCRIPT_OUTPUT_SIZE_MAX ||
			     run_output_size(script->run, RUN_STDERR) > SCRIPT_OUTPUT_SIZE_MAX;
		if (script->stop != STOP_NONE)
			continue;
		if (large)
			stop(scripts, script, STOP_OUTPUT, now_ns);
		else if (now_ns >= script->until_ns)
			stop(scripts, script, STOP_TIME, now_ns);
	}
	scripts->look_at_ns = scripts->count > 0 ? now_ns + LOOK_NS : RUN_NEVER_NS;
}

static void explain(const struct script *script, struct script_end *end)
{
	const struct run_result *result = &script->run->result;
	char words[LASTWORDS_SIZE];
	char how[SCRIPT_TEXT_SIZE];
	lastwords_read(script->run, words);
	if (script->stop == STOP_TIME)
		snprintf(how, sizeof how, "not through within %.3g s: stopped",
			(double)script->timeout_ns / 1e9);
	else if (script->stop == STOP_OUTPUT)
		snprintf(how, sizeof how, "wrote more than %d bytes: stopped",
			SCRIPT_OUTPUT_SIZE_MAX);
	else if (script->run->state != RUN_EXITED)
		snprintf(how, sizeof how, "%.160s", result->text);
	else if (result->signal != 0)
		snprintf(how, sizeof how, "ended by signal %d (%s)", result->signal,
			strsignal(result->signal));
	else
		snprintf(how, sizeof how, "exited with code %d", result->code);
	snprintf(end->text, sizeof end->text, "%.90s%s%.150s", how,
		words[0] == '\0' ? "" : "; last line: ", words);
}

/* All of stdout; false when there is no memory or it is too large. */
static bool read_output(
	struct scripts *scripts, const struct script *script, struct script_end *end)
{
	int64_t size = run_output_size(script->run, RUN_STDOUT);
	free(scripts->output);
	scripts->output = NULL;
	if (size > SCRIPT_OUTPUT_SIZE_MAX)
		return false;
	scripts->output = malloc((size_t)(size < 0 ? 0 : size) + 1);
	if (scripts->output == NULL)
		return false;
	int64_t got = size <= 0 ? 0
				: run_output_read(script->run, RUN_STDOUT, 0, scripts->output,
					  (size_t)size);
	end->output_size = got < 0 ? 0 : (size_t)got;
	scripts->output[end->output_size] = '\0';
	end->output = scripts->output;
	return got >= 0;
}

static void describe(
	struct scripts *scripts, struct script *script, int64_t now_ns, struct script_end *end)
{
	const struct run *run = script->run;
	*end = (struct script_end){.output = "", .took_ns = -1};
	snprintf(end->name, sizeof end->name, "%s", script->name);
	if (script->begun_at_ns >= 0)
		end->took_ns = now_ns - script->begun_at_ns;
	if (run->result.asked && script->stop == STOP_NONE)
		script->stop = STOP_TIME; /* an earlier daemon stopped it */
	end->never_started = run->state != RUN_EXITED && run->result.never_started;
	end->worked =
		run->state == RUN_EXITED && run->result.code == 0 && script->stop == STOP_NONE;
	if (end->worked && !read_output(scripts, script, end)) {
		end->worked = false;
		script->stop = STOP_OUTPUT;
	}
	if (!end->worked)
		explain(script, end);
}

bool scripts_next(struct scripts *scripts, int64_t now_ns, struct script_end *end)
{
	struct runner_event event;
	if (now_ns >= scripts->look_at_ns)
		look(scripts, now_ns);
	while (runner_next(scripts->runner, now_ns, &event)) {
		struct script *script = event.owner;
		if (script == NULL)
			script = adopt_script(scripts, &event, now_ns);
		if (event.type != RUNNER_ENDED)
			continue;
		if (script != NULL) {
			describe(scripts, script, now_ns, end);
			drop_script(scripts, script);
		}
		runner_remove(scripts->runner, event.run);
		if (script != NULL)
			return true;
	}
	return false;
}

int scripts_fd(const struct scripts *scripts)
{
	return runner_fd(scripts->runner);
}

int64_t scripts_deadline_ns(const struct scripts *scripts)
{
	int64_t at_ns = runner_deadline_ns(scripts->runner);
	for (const struct script *script = scripts->first; script != NULL; script = script->next) {
		if (script->stop == STOP_NONE && script->until_ns < at_ns)
			at_ns = script->until_ns;
	}
	return scripts->look_at_ns < at_ns ? scripts->look_at_ns : at_ns;
}

void scripts_close(struct scripts *scripts)
{
	if (scripts == NULL)
		return;
	runner_close(scripts->runner);
	while (scripts->first != NULL)
		drop_script(scripts, scripts->first);
	free(scripts->output);
	free(scripts);
}
