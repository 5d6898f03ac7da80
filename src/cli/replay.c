/* SPDX-License-Identifier: Apache-2.0 */
/* ballast replay: a recorded journal through the same core again.  Equal digests of the effects of
 * every single step are the proof that the decisions depend on the events and on nothing else. With
 * changed settings it is another question: see cli/whatif.c. */
#include "cli/commands.h"
#include "cli/whatif.h"

#include "daemon/recorder.h"
#include "sim/replay.h"
#include "store/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct args_option OPTIONS[] = {
	{"--print", "-p", NULL, "prints every event and its effects as prose"},
	{"--with", NULL, "KEY=VALUE",
		"what would have been with this knob: decisions, waits and cost; several times"},
	{"--json", NULL, NULL, "with --with: prints the comparison as JSON"},
	{NULL, NULL, NULL, NULL},
};

static void print_step(const struct replay *replay)
{
	char line[BAL_LINE_SIZE];

	bal_event_print(&replay->event, line, sizeof line);
	puts(line);
	for (uint32_t i = 0; i < replay->effects.count; i++) {
		bal_effect_print(&replay->effects.items[i], line, sizeof line);
		printf("    %s\n", line);
	}
}

static int tell_difference(const char *path, const struct replay *replay, enum replay_status status)
{
	char line[BAL_LINE_SIZE] = "";

	if (status == REPLAY_DAMAGED) {
		fprintf(stderr, "%s: record %llu is not an event that this version knows\n", path,
			(unsigned long long)replay->record_count);
		return EXIT_NO;
	}
	bal_event_print(&replay->event, line, sizeof line);
	printf("%s: record %llu leads to other effects than it did: digest %016llx, then "
	       "%016llx\n%s\n",
		path, (unsigned long long)replay->record_count,
		(unsigned long long)replay->digest_found, (unsigned long long)replay->digest_wanted,
		line);
	return EXIT_NO;
}

static int feed(const char *path, struct journal_reader *reader, struct bal_core *core, bool print)
{
	static struct replay replay;
	struct journal_record record;

	replay_init(&replay, core);
	while (journal_read(reader, &record)) {
		enum replay_status status =
			replay_feed(&replay, record.data, record.size, record.digest);

		if (print)
			print_step(&replay);
		if (status != REPLAY_SAME)
			return tell_difference(path, &replay, status);
	}
	printf("%s: %llu events, every step the same", path,
		(unsigned long long)replay.record_count);
	if (reader->dropped > 0)
		printf("; %zu bytes of a torn end were left out", reader->dropped);
	putchar('\n');
	return 0;
}

static int replay_file(const char *path, bool print)
{
	struct journal_reader reader;
	struct bal_core *core;
	void *block;
	size_t size;
	void *bytes = journal_load(path, &size);
	int code = EXIT_NO;

	if (bytes == NULL) {
		fprintf(stderr, "%s: %s\n", path,
			errno == EINVAL ? "not a file with a journal in it" : strerror(errno));
		return EXIT_NO;
	}
	if (journal_reader_init(&reader, bytes, size) != JOURNAL_READ) {
		fprintf(stderr, "%s: not a whole segment of a journal that this version reads\n",
			path);
	} else {
		core = recorder_restore(reader.snapshot, reader.snapshot_size, &block);
		if (core == NULL)
			fprintf(stderr, "%s: its snapshot is damaged or of another version\n",
				path);
		else
			code = feed(path, &reader, core, print);
		free(block);
	}
	free(bytes);
	return code;
}

static int replay(const struct args *args)
{
	int worst = 0;

	if (args->word_count == 0) {
		fprintf(stderr,
			"ballast replay: name a file of the journal: DATA/journal/journal-*\n");
		return EXIT_USAGE;
	}
	for (uint32_t i = 0; i < args->word_count; i++) {
		int code = args_has(args, "--with")
				   ? whatif_file(args->words[i], args)
				   : replay_file(args->words[i], args_has(args, "--print"));

		worst = code > worst ? code : worst;
	}
	return worst;
}

const struct command command_replay = {.name = "replay",
	.arguments = "JOURNAL...",
	.help = "runs a recorded journal through the core again and compares every step",
	.run = replay,
	.options = OPTIONS};
