/* SPDX-License-Identifier: Apache-2.0 */
/* Everything is read from the run and its files when it is asked for, so it does not matter whether
 * this daemon or an earlier one started it. */
#include "daemon/errand.h"

#include "base/text.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

#define EXIT_HANDED_BACK 75 /* EX_TEMPFAIL of sysexits.h */
#define ERROR_TAIL       400
#define READ_SIZE        (64u << 10)

static const char *const STEP_SUFFIX[] = {
	[RECIPE_PREPARE] = ".p",
	[RECIPE_WORK] = "",
	[RECIPE_CLEAN] = ".c",
};

void errand_name(const struct errand *errand, char name[ERRAND_NAME_SIZE])
{
	snprintf(name, ERRAND_NAME_SIZE, "%llu.%u.%u%s", (unsigned long long)errand->task,
		errand->epoch, errand->attempt, STEP_SUFFIX[errand->step]);
}

bool errand_name_parse(const char *name, struct errand *errand)
{
	struct span token = span_of(name);

	errand->step = RECIPE_WORK;
	if (token.size > 2 && strcmp(name + token.size - 2, STEP_SUFFIX[RECIPE_PREPARE]) == 0)
		errand->step = RECIPE_PREPARE;
	else if (token.size > 2 && strcmp(name + token.size - 2, STEP_SUFFIX[RECIPE_CLEAN]) == 0)
		errand->step = RECIPE_CLEAN;
	token.size -= strlen(STEP_SUFFIX[errand->step]);
	return engine_token_parse(token, &errand->task, &errand->epoch, &errand->attempt);
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int errand_compare(const struct errand *a, const struct errand *b)
{
	if (a->task != b->task)
		return compare(a->task, b->task);
	if (a->epoch != b->epoch)
		return compare(a->epoch, b->epoch);
	if (a->attempt != b->attempt)
		return compare(a->attempt, b->attempt);
	return compare(a->step, b->step);
}

static bool is_retryable(const struct config_pool *pool, int code)
{
	for (uint32_t i = 0; pool != NULL && i < pool->retry.exit_count; i++)
		if (pool->retry.exits[i] == code)
			return true;
	return false;
}

enum bal_outcome errand_outcome(const struct errand *errand, const struct config_pool *pool)
{
	const struct run_result *result = &errand->run->result;

	if (errand->run->state == RUN_FAILED)
		return BAL_OUTCOME_FAILED;
	/* A signal was not ours, or the attempt would be over: it was killed from outside. */
	if (errand->run->state != RUN_EXITED || result->code < 0)
		return BAL_OUTCOME_LOST;
	if (result->code == 0)
		return BAL_OUTCOME_SUCCEEDED;
	if (result->code == EXIT_HANDED_BACK && errand->step == RECIPE_WORK &&
		run_output_size(errand->run, RUN_CHECKPOINT) > 0)
		return BAL_OUTCOME_HANDED_BACK;
	return is_retryable(pool, result->code) ? BAL_OUTCOME_RETRYABLE : BAL_OUTCOME_FAILED;
}

/* Appends up to `size` bytes of an output. */
static void read_output(
	const struct run *run, enum run_output output, size_t size, struct buffer *to)
{
	int64_t offset = 0;

	while (size > 0) {
		size_t part = size < READ_SIZE ? size : READ_SIZE;
		char *room = buffer_reserve(to, part);
		int64_t got = room == NULL ? 0 : run_output_read(run, output, offset, room, part);

		if (got <= 0)
			return;
		buffer_commit(to, (size_t)got);
		offset += got;
		size -= (size_t)got;
	}
}

static const char *type_of(const struct job *job)
{
	struct json json = {NULL, NULL};
	struct json_error error;
	struct bal_text text = {job->result.bytes, (uint32_t)job->result.size};

	if (job->result.size == 0)
		return "text/plain; charset=utf-8";
	if (job->result_file == NULL &&
		json_read(&json, buffer_span(&job->result), ERRAND_RESULT_MAX, &error)) {
		json_release(&json);
		return "application/json";
	}
	/* The beginning of a large text may end within a character: that makes it no other type. */
	if (job->result_file != NULL || text_is_utf8(text))
		return "text/plain; charset=utf-8";
	return "application/octet-stream";
}

void errand_take_result(const struct errand *errand, struct job *job)
{
	int64_t size = run_output_size(errand->run, RUN_STDOUT);
	char name[ERRAND_NAME_SIZE];
	char file[ERRAND_NAME_SIZE + 32] = "";

	buffer_clear(&job->result);
	read_output(errand->run, RUN_STDOUT, ERRAND_RESULT_MAX, &job->result);
	job->result_size = size < 0 ? 0 : (uint64_t)size;
	errand_name(errand, name);
	if (job->result_size > job->result.size)
		snprintf(file, sizeof file, "run/commands/%s/stdout", name);
	job_set_text(&job->result_file, span_of(file));
	job_set_text(&job->content_type, span_of(type_of(job)));
}

bool errand_take_checkpoint(const struct errand *errand, struct job *job)
{
	int64_t size = run_output_size(errand->run, RUN_CHECKPOINT);

	if (size <= 0 || size > (int64_t)ERRAND_CHECKPOINT_MAX)
		return false;
	buffer_clear(&job->checkpoint);
	read_output(errand->run, RUN_CHECKPOINT, (size_t)size, &job->checkpoint);
	return job->checkpoint.size == (size_t)size;
}

void errand_describe(const struct errand *errand, char *text, size_t text_size)
{
	static const char *const step_text[] = {
		[RECIPE_PREPARE] = "prepare: ", [RECIPE_WORK] = "", [RECIPE_CLEAN] = "cleanup: "};
	const struct run_result *result = &errand->run->result;
	char tail[ERROR_TAIL + 1];
	int64_t from = run_output_tail(errand->run, RUN_STDERR, ERROR_TAIL);
	int64_t got = run_output_read(errand->run, RUN_STDERR, from, tail, ERROR_TAIL);
	char how[64];

	while (got > 0 && (tail[got - 1] == '\n' || tail[got - 1] == '\r' || tail[got - 1] == ' '))
		got--;
	tail[got > 0 ? got : 0] = '\0';
	if (errand->run->state != RUN_EXITED) {
		snprintf(text, text_size, "%s%s", step_text[errand->step], result->text);
		return;
	}
	if (result->signal != 0)
		snprintf(how, sizeof how, "ended by signal %d%s", result->signal,
			result->oom ? ": its memory limit was reached" : "");
	else
		snprintf(how, sizeof how, "exit code %d", result->code);
	snprintf(text, text_size, "%s%s%s%s", step_text[errand->step], how,
		tail[0] == '\0' ? "" : ": ", tail);
}
