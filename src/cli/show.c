/* SPDX-License-Identifier: Apache-2.0 */
/* All cells are made first, for their widths; tables here have some hundred rows, and a list that
 * is longer is asked for page by page. */
#include "cli/show.h"

#include "base/units.h"

#include "wire/printable.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define MEMBER_SIZE_MAX  64
#define COLUMN_WIDTH_MIN 8
#define GAP              2
#define INDENT           4
#define CLOCKS_APART_S   1.0

bool show_colours(void)
{
	const char *no = getenv("NO_COLOR");

	return (no == NULL || no[0] == '\0') && isatty(STDOUT_FILENO);
}

unsigned show_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

yyjson_val *show_member(yyjson_val *object, const char *path)
{
	struct span rest = span_of(path);

	while (object != NULL && rest.at != NULL) {
		struct span name = span_cut(&rest, '.');

		object = yyjson_obj_getn(object, name.at, name.size);
	}
	return object;
}

/* ---- cells ---- */

void show_seconds(double seconds, char *text, size_t size)
{
	int64_t whole = seconds < 1e15 ? (int64_t)seconds : INT64_C(1000000000000000);

	if (seconds <= 0)
		snprintf(text, size, "0s");
	else if (seconds < 0.0005)
		snprintf(text, size, "%.0fus", seconds * 1e6);
	else if (seconds < 1)
		snprintf(text, size, "%.0fms", seconds * 1e3);
	else if (seconds < 60)
		snprintf(text, size, "%.1fs", seconds);
	else if (seconds < 3600)
		snprintf(text, size, "%" PRId64 "m%02ds", whole / 60, (int)(whole % 60));
	else if (seconds < 86400)
		snprintf(text, size, "%" PRId64 "h%02dm", whole / 3600, (int)(whole % 3600 / 60));
	else
		snprintf(text, size, "%" PRId64 "d%02dh", whole / 86400,
			(int)(whole % 86400 / 3600));
}

static void put_list(yyjson_val *list, char *cell, size_t size)
{
	yyjson_val *item;
	size_t index, count, used = 0;

	yyjson_arr_foreach(list, index, count, item)
	{
		int wrote = snprintf(cell + used, size - used, "%s%s", index == 0 ? "" : ",",
			yyjson_is_str(item) ? yyjson_get_str(item) : "?");

		if (wrote < 0 || (size_t)wrote >= size - used)
			return;
		used += (size_t)wrote;
	}
}

static void put_time(const char *text, char *cell, size_t size)
{
	struct tm parts = {.tm_isdst = 0};
	struct timespec now;
	uint64_t thousandths = 0;
	double ago_s;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);

	if (rest == NULL) {
		snprintf(cell, size, "%s", text);
		return;
	}
	if (rest[0] == '.' && strlen(rest) == sizeof ".123Z" - 1)
		(void)span_number((struct span){rest + 1, 3}, 999, &thousandths);
	clock_gettime(CLOCK_REALTIME, &now);
	ago_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)timegm(&parts) -
		(double)thousandths / 1e3;
	/* Two clocks may differ a little; more than that is to come. */
	if (ago_s < -CLOCKS_APART_S && size > sizeof "in ") {
		snprintf(cell, size, "in ");
		show_seconds(-ago_s, cell + strlen("in "), size - strlen("in "));
		return;
	}
	show_seconds(ago_s, cell, size);
}

static void put_number(double number, enum show_kind kind, char *cell, size_t size)
{
	if (kind == SHOW_SHARE)
		snprintf(cell, size, "%.0f%%", number * 100);
	else if (kind == SHOW_SECONDS)
		show_seconds(number, cell, size);
	else if (kind == SHOW_BYTES)
		snprintf(cell, size, "%.0fM", number / (double)MIB);
	else if (number < 1e15 && number > -1e15 && (double)(int64_t)number == number)
		snprintf(cell, size, "%.0f", number);
	else
		snprintf(cell, size, "%.3f", number);
}

void show_cell(yyjson_val *value, enum show_kind kind, char *cell, size_t size)
{
	cell[0] = '\0';
	if (value == NULL || yyjson_is_null(value))
		snprintf(cell, size, "-");
	else if (yyjson_is_arr(value))
		put_list(value, cell, size);
	else if (yyjson_is_num(value))
		put_number(yyjson_get_num(value), kind, cell, size);
	else if (yyjson_is_bool(value))
		snprintf(cell, size, "%s", yyjson_get_bool(value) ? "yes" : "no");
	else if (yyjson_is_str(value) && kind == SHOW_TIME)
		put_time(yyjson_get_str(value), cell, size);
	else if (yyjson_is_str(value))
		snprintf(cell, size, "%s", yyjson_get_str(value));
	printable_clean(cell, strlen(cell));
}

/* ---- tables ---- */

static const char *colour_of(const char *state)
{
	static const char *const green[] = {"succeeded", "ready", "running", NULL};
	static const char *const red[] = {"failed", "dead", "expired", "refused", "ejected", NULL};
	static const char *const dim[] = {"cancelled", "gone", NULL};

	for (int i = 0; green[i] != NULL; i++)
		if (strcmp(state, green[i]) == 0)
			return "\033[32m";
	for (int i = 0; red[i] != NULL; i++)
		if (strcmp(state, red[i]) == 0)
			return "\033[31m";
	for (int i = 0; dim[i] != NULL; i++)
		if (strcmp(state, dim[i]) == 0)
			return "\033[2m";
	return "\033[33m";
}

static size_t width_of(const char *cell)
{
	size_t width = 0;

	for (; *cell != '\0'; cell++)
		width += ((unsigned char)*cell & 0xc0) != 0x80;
	return width;
}

/* Bytes of the first `width` characters. */
static int bytes_of(const char *cell, size_t width)
{
	const char *at = cell;

	while (*at != '\0') {
		if (((unsigned char)*at & 0xc0) != 0x80 && width-- == 0)
			break;
		at++;
	}
	return (int)(at - cell);
}

static bool to_the_right(enum show_kind kind)
{
	return kind == SHOW_NUMBER || kind == SHOW_SHARE || kind == SHOW_SECONDS ||
	       kind == SHOW_BYTES;
}

static void print_cell(
	const struct show_column *column, const char *cell, size_t width, bool last, bool colours)
{
	size_t own = width_of(cell);
	int pad = own < width ? (int)(width - own) : 0;
	bool coloured = colours && column->kind == SHOW_STATE;

	if (to_the_right(column->kind))
		printf("%*s", pad, "");
	printf("%s%.*s%s", coloured ? colour_of(cell) : "", bytes_of(cell, width), cell,
		coloured ? "\033[0m" : "");
	if (last)
		return;
	printf("%*s", (to_the_right(column->kind) ? 0 : pad) + GAP, "");
}

/* Takes from the columns that may shrink until all fit. */
static void fit(const struct show_column *columns, uint32_t count, size_t *widths, size_t room)
{
	size_t all = (size_t)GAP * (count - 1);

	for (uint32_t i = 0; i < count; i++)
		all += widths[i];
	for (uint32_t i = count; i > 0 && all > room; i--) {
		size_t *width = &widths[i - 1];
		size_t over = all - room;
		size_t least = COLUMN_WIDTH_MIN;

		if (!columns[i - 1].shrinks || *width <= least)
			continue;
		if (over > *width - least)
			over = *width - least;
		*width -= over;
		all -= over;
	}
}

static void print_titles(const struct show_column *columns, uint32_t count, const size_t *widths)
{
	bool colours = show_colours();

	if (colours)
		printf("\033[1m");
	for (uint32_t i = 0; i < count; i++)
		print_cell(&columns[i], columns[i].title, widths[i], i + 1 == count, false);
	printf("%s\n", colours ? "\033[0m" : "");
}

/* The width of each column; of all with their gaps. */
static size_t measure(
	yyjson_val *rows, const struct show_column *columns, uint32_t count, size_t *widths)
{
	size_t index, row_count, all = (size_t)GAP * (count - 1);
	char cell[SHOW_CELL_SIZE];
	yyjson_val *row;

	for (uint32_t i = 0; i < count; i++)
		widths[i] = strlen(columns[i].title);
	yyjson_arr_foreach(rows, index, row_count, row) for (uint32_t i = 0; i < count; i++)
	{
		show_cell(show_member(row, columns[i].path), columns[i].kind, cell, sizeof cell);
		if (width_of(cell) > widths[i])
			widths[i] = width_of(cell);
	}
	for (uint32_t i = 0; i < count; i++)
		all += widths[i];
	return all;
}

void show_table(
	yyjson_val *rows, const struct show_column *columns, uint32_t count, const char *none)
{
	size_t widths[SHOW_COLUMNS_MAX], index, row_count;
	char cell[SHOW_CELL_SIZE];
	bool colours = show_colours();
	unsigned room = show_width();
	yyjson_val *row;

	if (yyjson_arr_size(rows) == 0) {
		printf("%s\n", none);
		return;
	}
	measure(rows, columns, count, widths);
	if (room > 0)
		fit(columns, count, widths, room);
	print_titles(columns, count, widths);
	yyjson_arr_foreach(rows, index, row_count, row)
	{
		for (uint32_t i = 0; i < count; i++) {
			show_cell(show_member(row, columns[i].path), columns[i].kind, cell,
				sizeof cell);
			print_cell(&columns[i], cell, widths[i], i + 1 == count, colours);
		}
		putchar('\n');
	}
}

/* One "title value" of a stacked row, on the next line when this one is full; returns the columns
 * that are taken. A value longer than a line is cut. */
static size_t print_pair(
	const struct show_column *column, const char *cell, size_t taken, size_t room)
{
	size_t title = strlen(column->title), own = width_of(cell);

	if (taken > INDENT && taken + GAP + title + 1 + own > room) {
		putchar('\n');
		taken = 0;
	}
	if (taken > 0)
		printf("%*s", GAP, "");
	else
		printf("%*s", INDENT, "");
	taken += taken > 0 ? (size_t)GAP : (size_t)INDENT;
	if (taken + title + 1 + own > room)
		own = room > taken + title + 1 ? room - taken - title - 1 : 0;
	printf("%s ", column->title);
	print_cell(column, cell, own, true, show_colours());
	return taken + title + 1 + own;
}

static void print_stack(yyjson_val *row, const struct show_column *columns, uint32_t count,
	uint32_t head_count, const size_t *widths, size_t room)
{
	size_t taken = 0;
	char cell[SHOW_CELL_SIZE];

	for (uint32_t i = 0; i < head_count; i++) {
		show_cell(show_member(row, columns[i].path), columns[i].kind, cell, sizeof cell);
		print_cell(&columns[i], cell, widths[i], i + 1 == head_count, show_colours());
	}
	putchar('\n');
	for (uint32_t i = head_count; i < count; i++) {
		yyjson_val *value = show_member(row, columns[i].path);

		if (value == NULL || yyjson_is_null(value))
			continue;
		show_cell(value, columns[i].kind, cell, sizeof cell);
		taken = print_pair(&columns[i], cell, taken, room);
	}
	if (taken > 0)
		putchar('\n');
}

void show_wide(yyjson_val *rows, const struct show_column *columns, uint32_t count,
	uint32_t head_count, const char *none)
{
	size_t widths[SHOW_COLUMNS_MAX], index, row_count;
	unsigned room = show_width();
	yyjson_val *row;

	if (room == 0 || yyjson_arr_size(rows) == 0 ||
		measure(rows, columns, count, widths) <= room) {
		show_table(rows, columns, count, none);
		return;
	}
	fit(columns, head_count, widths, room);
	print_titles(columns, head_count, widths);
	yyjson_arr_foreach(rows, index, row_count, row)
		print_stack(row, columns, count, head_count, widths, room);
}

void show_object(yyjson_val *object, const struct show_column *columns, uint32_t count)
{
	size_t widest = 0;
	char cell[4096];

	for (uint32_t i = 0; i < count; i++)
		if (show_member(object, columns[i].path) != NULL &&
			strlen(columns[i].title) > widest)
			widest = strlen(columns[i].title);
	for (uint32_t i = 0; i < count; i++) {
		yyjson_val *value = show_member(object, columns[i].path);

		if (value == NULL || yyjson_is_null(value))
			continue;
		show_cell(value, columns[i].kind, cell, sizeof cell);
		printf("%-*s  ", (int)widest, columns[i].title);
		print_cell(&columns[i], cell, width_of(cell), true, show_colours());
		putchar('\n');
	}
}

void show_json(yyjson_val *value)
{
	char *text = yyjson_val_write(value, 0, NULL);

	if (text == NULL)
		return;
	printable_clean(text, strlen(text));
	printf("%s", text);
	free(text);
}
