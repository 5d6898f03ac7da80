/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep has a limit in time, fixed at its beginning: what finished before it goes. Finished tasks
 * only ever finish later than that, so that what is written and what is deleted are the same. For
 * want of space the limit is found by a survey: ages in a histogram of 320 classes, each 9 % older
 * than the one before, from the oldest on until enough tasks are counted.
 *
 * The store lists from the newest on and looks at a bounded number of rows in a call: one such page
 * is read at a time, a few times a second, while a sweep is under way. */
#include "daemon/archive.h"

#include "base/num.h"
#include "base/units.h"
#include "daemon/engine_state.h"
#include "daemon/taskview.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define CHECK_MS       UINT64_C(5000)
#define WORK_MS        UINT64_C(50)
#define EXPIRE_NS      (10 * NS_PER_MIN) /* between two looks for what is over its retention */
#define PAGE_TASKS     100
#define SETTLE_NS      (2 * NS_PER_S) /* until the store has told what it has free */
#define NAMES_MAX      1000
#define FULL_PERMILLE  850
#define LOWER_PERMILLE 700
#define CLASSES        320
#define CLASSES_DOUBLE 8 /* of them, until the age is twice as much */
#define LINE_SIZE_MAX  (80u << 20)
#define TOKEN          UINT64_C(0x617263686976) /* of the store's completions */
#define ENDED_STATES                                                                               \
	(1u << STORE_TASK_SUCCEEDED | 1u << STORE_TASK_FAILED | 1u << STORE_TASK_DEAD |            \
		1u << STORE_TASK_CANCELLED | 1u << STORE_TASK_EXPIRED)
#define DIRECTORY_DEFAULT "ballast-archive"

struct archive {
	struct engine *engine;
	uv_timer_t timer;
	enum archive_phase phase;
	bool closing;
	bool waits;            /* for the answer to a deletion */
	int64_t before_utc_ns; /* the limit of the sweep */
	int64_t swept_at_ns;   /* core time of the end of the last sweep; BAL_NEVER_NS = none */
	int64_t expired_at_ns; /* core time of the last look by retention; BAL_NEVER_NS = none */
	uint64_t before_id;    /* of the next page */
	uint64_t ids[PAGE_TASKS];
	uint32_t id_count;
	uint64_t classes[CLASSES]; /* ended tasks by age */
	uint64_t surveyed;
	int64_t survey_utc_ns;
	gzFile file;
	char path[PATH_MAX]; /* of the file under way, without ".part" */
	struct archive_progress progress;
};

static const struct config *config_of(const struct archive *archive)
{
	return engine_config(archive->engine);
}

static const char *directory_of(const struct archive *archive)
{
	const char *directory = config_of(archive)->store.archive;

	return directory == NULL ? DIRECTORY_DEFAULT : directory;
}

static void set_phase(struct archive *archive, enum archive_phase phase)
{
	archive->phase = phase;
	archive->progress.phase = phase;
	archive->before_id = 0;
}

/* ---- files ---- */

static void give_up(struct archive *archive, const char *what)
{
	char part[PATH_MAX + 8];

	engine_say(archive->engine, STORE_SAY_ERROR,
		"old results stay in the store, they cannot be archived: %s %s: %s", what,
		archive->path, strerror(errno));
	if (archive->file != NULL)
		gzclose(archive->file);
	archive->file = NULL;
	snprintf(part, sizeof part, "%s.part", archive->path);
	unlink(part);
	set_phase(archive, ARCHIVE_IDLE);
}

static bool open_file(struct archive *archive)
{
	char part[PATH_MAX + 8];
	time_t now = (time_t)(clock_utc_ns() / NS_PER_S);
	struct tm at;

	gmtime_r(&now, &at);
	/* Several in a second have their number, and none is ever written over. */
	for (unsigned i = 0; i == 0 || (i < NAMES_MAX && access(archive->path, F_OK) == 0); i++)
		snprintf(archive->path, sizeof archive->path,
			"%s/tasks-%04d%02d%02dT%02d%02d%02dZ-%u.jsonl.gz", directory_of(archive),
			at.tm_year + 1900, at.tm_mon + 1, at.tm_mday, at.tm_hour, at.tm_min,
			at.tm_sec, i);
	snprintf(part, sizeof part, "%s.part", archive->path);
	if (mkdir(directory_of(archive), 0700) != 0 && errno != EEXIST) {
		give_up(archive, "cannot make the directory of");
		return false;
	}
	archive->file = gzopen(part, "wb6");
	if (archive->file == NULL)
		give_up(archive, "cannot open");
	return archive->file != NULL;
}

static bool sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	bool done = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

/* On disk under its final name; false after saying so. */
static bool finish_file(struct archive *archive)
{
	char part[PATH_MAX + 8];
	bool done = gzclose(archive->file) == Z_OK;

	archive->file = NULL;
	snprintf(part, sizeof part, "%s.part", archive->path);
	done = done && sync_path(part, O_RDONLY) && rename(part, archive->path) == 0 &&
	       sync_path(directory_of(archive), O_RDONLY | O_DIRECTORY);
	if (!done)
		give_up(archive, "cannot write");
	return done;
}

/* ---- pages of the store ---- */

static int64_t age_ms(const struct archive *archive, const struct store_view *view)
{
	return num_max_i64((archive->survey_utc_ns - view->result.finished_at_ns) / NS_PER_MS, 0);
}

/* Classes grow by a constant factor; both ways agree about their lower ends. */
static uint32_t class_of(int64_t ms)
{
	uint32_t class = 0;
	double lower = 1;

	for (; class < CLASSES - 1 && (double)ms >= lower; class ++)
		lower *= num_pow(2, 1.0 / CLASSES_DOUBLE);
	return class;
}

static int64_t class_begins_ms(uint32_t class)
{
	return class == 0 ? 0 : num_to_i64(num_pow(2, (double)(class - 1) / CLASSES_DOUBLE));
}

static bool survey_one(void *context, const struct store_view *view)
{
	struct archive *archive = context;

	archive->classes[class_of(age_ms(archive, view))]++;
	archive->surveyed++;
	return true;
}

static bool take_one(void *context, const struct store_view *view)
{
	struct archive *archive = context;

	if (view->result.finished_at_ns < archive->before_utc_ns)
		archive->ids[archive->id_count++] = view->task.id;
	return true;
}

enum page { PAGE_MORE, PAGE_LAST, PAGE_FAILED };

/* One page. With a damaged row in it nothing is known of what is behind that: what is not read is
 * not deleted. */
static enum page read_page(struct archive *archive, store_visit_view *visit)
{
	struct store *store = engine_store(archive->engine);
	struct store_filter filter = {
		.before_id = archive->before_id, .count_max = PAGE_TASKS, .states = ENDED_STATES};

	archive->id_count = 0;
	if (store->ops->list(store, &filter, visit, archive, &archive->before_id) != STORE_OK) {
		errno = EIO;
		return PAGE_FAILED;
	}
	return archive->before_id == 0 ? PAGE_LAST : PAGE_MORE;
}

/* ---- writing ---- */

static bool write_one(void *context, const struct store_view *view)
{
	struct archive *archive = context;
	struct json_writer writer;
	struct taskview task;
	struct buffer line;
	struct span text;

	if (!view->ended)
		return false; /* brought back meanwhile: it is not deleted either */
	taskview_of_store(view, &task);
	buffer_init(&line, LINE_SIZE_MAX);
	json_writer_init(&writer, &line);
	json_open(&writer, '{');
	json_key(&writer, "task");
	taskview_write(&task, true, &writer);
	if (view->task.payload.size > 0) {
		json_key(&writer, "payload");
		json_put_raw(
			&writer, (struct span){view->task.payload.data, view->task.payload.size});
	}
	json_close(&writer);
	text = buffer_span(&line);
	if (!json_writer_done(&writer) ||
		gzwrite(archive->file, text.at, (unsigned)text.size) != (int)text.size ||
		gzputc(archive->file, '\n') == -1)
		archive->progress.written = UINT64_MAX;
	else
		archive->progress.written++;
	buffer_release(&line);
	return false;
}

static bool write_page(struct archive *archive)
{
	struct store *store = engine_store(archive->engine);

	for (uint32_t i = 0; i < archive->id_count; i++) {
		enum store_status status = store->ops->get(store, archive->ids[i],
			STORE_WITH_PAYLOAD | STORE_WITH_CONTENT, write_one, archive);

		if ((status != STORE_OK && status != STORE_NOT_FOUND) ||
			archive->progress.written == UINT64_MAX) {
			archive->progress.written = i;
			errno = EIO;
			return false;
		}
	}
	return true;
}

/* ---- sweeps ---- */

static void begin_writing(struct archive *archive, int64_t before_utc_ns)
{
	archive->before_utc_ns = before_utc_ns;
	if (!open_file(archive))
		return;
	engine_say(
		archive->engine, STORE_SAY_INFO, "old results are archived to %s", archive->path);
	set_phase(archive, ARCHIVE_WRITING);
}

static void begin(struct archive *archive, enum archive_phase phase, int64_t before_utc_ns)
{
	archive->progress.written = 0;
	archive->progress.deleted = 0;
	archive->before_utc_ns = before_utc_ns;
	if (phase == ARCHIVE_WRITING) {
		begin_writing(archive, before_utc_ns);
		return;
	}
	memset(archive->classes, 0, sizeof archive->classes);
	archive->surveyed = 0;
	archive->survey_utc_ns = clock_utc_ns();
	set_phase(archive, phase);
}

/* The share of ended tasks that has to go, by how full it is. */
static uint64_t count_to_go(const struct archive *archive)
{
	double fill = (double)archive->progress.used_bytes /
		      num_max((double)archive->progress.max_bytes, 1);
	double share = 1.0 - LOWER_PERMILLE / (double)PERMILLE / num_max(fill, 1e-9);

	return (uint64_t)num_to_i64(num_clamp(share, 0, 1) * (double)archive->surveyed) + 1;
}

static void end_survey(struct archive *archive)
{
	uint64_t wanted = count_to_go(archive), count = 0;
	int64_t keep_ns = config_of(archive)->store.keep_ns;
	uint32_t class = CLASSES;

	while (class > 0 && count < wanted)
		count += archive->classes[--class];
	/* A class is a whole: its youngest goes with its oldest, but nothing that must be kept. */
	archive->before_utc_ns =
		archive->survey_utc_ns -
		num_max_i64(num_mul_i64(class_begins_ms(class), NS_PER_MS), keep_ns);
	if (class_begins_ms(class) * NS_PER_MS < keep_ns) {
		count = 0;
		for (uint32_t i = class_of(keep_ns / NS_PER_MS); i < CLASSES; i++)
			count += archive->classes[i];
	}
	if (count > 0) {
		begin_writing(archive, archive->before_utc_ns);
		return;
	}
	engine_say(archive->engine, STORE_SAY_WARNING,
		"the store fills %" PRIu64 " of its %" PRIu64 " bytes, and no result is older than "
		"store.keep: nothing can be archived",
		archive->progress.used_bytes, archive->progress.max_bytes);
	set_phase(archive, ARCHIVE_IDLE);
}

static void delete_more(struct archive *archive)
{
	struct store *store = engine_store(archive->engine);
	struct store_op op = {.type = STORE_DELETE_OLD,
		.token = TOKEN,
		.expiry = {.finished_before_at_ns = archive->before_utc_ns}};

	if (!archive->waits && store->ops->submit(store, &op, NULL) == STORE_OK)
		archive->waits = true;
}

static void end_sweep(struct archive *archive)
{
	set_phase(archive, ARCHIVE_IDLE);
	archive->swept_at_ns = clock_core_ns(engine_clock(archive->engine));
	if (archive->progress.deleted > 0)
		engine_say(archive->engine, STORE_SAY_INFO,
			"%" PRIu64 " old results were deleted, %" PRIu64 " of them are in %s",
			archive->progress.deleted, archive->progress.written,
			archive->progress.written > 0 ? archive->path : "no archive");
}

static void on_swept(void *context, const struct store_completion *done)
{
	struct archive *archive = context;

	if (done->token != TOKEN)
		return;
	archive->waits = false;
	archive->progress.deleted += done->count;
	archive->progress.deleted_ever += done->count;
	if (archive->phase == ARCHIVE_DELETING && (done->status != STORE_OK || !done->more))
		end_sweep(archive);
}

static void work(struct archive *archive)
{
	enum page page;

	switch (archive->phase) {
	case ARCHIVE_IDLE:
		break;
	case ARCHIVE_SURVEYING:
		page = read_page(archive, survey_one);
		if (page == PAGE_LAST)
			end_survey(archive);
		else if (page == PAGE_FAILED)
			set_phase(archive, ARCHIVE_IDLE);
		break;
	case ARCHIVE_WRITING:
		page = read_page(archive, take_one);
		if (page == PAGE_FAILED || !write_page(archive))
			give_up(archive, "cannot fill");
		else if (page == PAGE_LAST && finish_file(archive)) {
			archive->progress.written_ever += archive->progress.written;
			set_phase(archive, ARCHIVE_DELETING);
		}
		break;
	case ARCHIVE_DELETING:
		delete_more(archive);
		break;
	}
}

/* ---- when ---- */

/* What the store needs: its directory without the room that it has itself for what comes. */
static bool measure(struct archive *archive)
{
	struct store *store = engine_store(archive->engine);
	struct bal_signal_view view;
	struct store_counts counts;

	archive->progress.max_bytes = (uint64_t)config_of(archive)->store.max_bytes;
	if (!bal_signal_find(engine_core(archive->engine), BAL_SUBJECT_STORE, 0,
		    BAL_SIGNAL_STORE_BYTES, &view) ||
		view.last < 0 ||
		(archive->swept_at_ns != BAL_NEVER_NS &&
			view.at_ns < archive->swept_at_ns + SETTLE_NS))
		return false; /* nobody has looked since the last sweep */
	store->ops->count(store, &counts);
	archive->progress.used_bytes =
		(uint64_t)view.last > counts.free_size ? (uint64_t)view.last - counts.free_size : 0;
	return archive->progress.max_bytes > 0;
}

static void look(struct archive *archive)
{
	int64_t now_ns = clock_core_ns(engine_clock(archive->engine));
	bool due = archive->expired_at_ns == BAL_NEVER_NS ||
		   now_ns - archive->expired_at_ns >= EXPIRE_NS;
	bool kept = config_of(archive)->store.archive != NULL;

	if (measure(archive) && (double)archive->progress.used_bytes * PERMILLE >=
					(double)archive->progress.max_bytes * FULL_PERMILLE) {
		begin(archive, ARCHIVE_SURVEYING, 0);
	} else if (due) {
		archive->expired_at_ns = now_ns;
		begin(archive, kept ? ARCHIVE_WRITING : ARCHIVE_DELETING,
			clock_utc_ns() - config_of(archive)->retention_ns);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct archive *archive = timer->data;

	if (archive->phase == ARCHIVE_IDLE)
		look(archive);
	else
		work(archive);
	uv_timer_start(timer, on_timer, archive->phase == ARCHIVE_IDLE ? CHECK_MS : WORK_MS, 0);
}

/* ---- life ---- */

struct archive *archive_open(struct engine *engine)
{
	struct archive *archive = calloc(1, sizeof *archive);

	if (archive == NULL)
		return NULL;
	archive->engine = engine;
	archive->expired_at_ns = BAL_NEVER_NS;
	archive->swept_at_ns = BAL_NEVER_NS;
	engine->swept = on_swept;
	engine->swept_context = archive;
	engine->archive = archive;
	uv_timer_init(engine_loop(engine), &archive->timer);
	archive->timer.data = archive;
	uv_timer_start(&archive->timer, on_timer, CHECK_MS, 0);
	return archive;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* A file under way is left without its final name: its tasks are all in the store. */
void archive_close(struct archive *archive)
{
	char part[PATH_MAX + 8];

	if (archive == NULL)
		return;
	archive->engine->swept = NULL;
	archive->engine->archive = NULL;
	if (archive->file != NULL) {
		gzclose(archive->file);
		snprintf(part, sizeof part, "%s.part", archive->path);
		unlink(part);
	}
	uv_close((uv_handle_t *)&archive->timer, on_closed);
}

struct archive_progress archive_progress(const struct engine *engine)
{
	return engine->archive == NULL ? (struct archive_progress){0} : engine->archive->progress;
}

const char *archive_phase_name(enum archive_phase phase)
{
	static const char *const names[] = {"idle", "surveying", "writing", "deleting"};

	return (unsigned)phase < sizeof names / sizeof names[0] ? names[phase] : "?";
}
