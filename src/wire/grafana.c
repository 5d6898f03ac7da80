/* SPDX-License-Identifier: Apache-2.0 */
/* Grafana's grid is 24 wide; three panels share a line. A row begins where the table's does. */
#include "wire/grafana.h"

#include "wire/jsonwrite.h"
#include "wire/metric.h"

#include <string.h>

#define SCHEMA_VERSION  36
#define PANELS_PER_LINE 3
#define PANEL_WIDTH     8
#define PANEL_HEIGHT    7
#define QUERY_SIZE      512

/* Where the next panel goes. */
struct grid {
	uint32_t id;
	uint32_t column;
	uint32_t y;
};

static void put_member(struct json_writer *writer, const char *key, const char *text)
{
	json_key(writer, key);
	json_put_word(writer, text);
}

static void put_number(struct json_writer *writer, const char *key, uint64_t number)
{
	json_key(writer, key);
	json_put_unsigned(writer, number);
}

static void put_source(struct json_writer *writer)
{
	json_key(writer, "datasource");
	json_open(writer, '{');
	put_member(writer, "type", "prometheus");
	put_member(writer, "uid", "${source}");
	json_close(writer);
}

static void put_position(struct json_writer *writer, const struct grid *grid, uint32_t x,
	uint32_t width, uint32_t height)
{
	put_number(writer, "id", grid->id);
	json_key(writer, "gridPos");
	json_open(writer, '{');
	put_number(writer, "x", x);
	put_number(writer, "y", grid->y);
	put_number(writer, "w", width);
	put_number(writer, "h", height);
	json_close(writer);
}

static void put_row(struct json_writer *writer, struct grid *grid, const char *title)
{
	if (grid->column > 0)
		grid->y += PANEL_HEIGHT;
	grid->column = 0;
	grid->id++;
	json_open(writer, '{');
	put_member(writer, "type", "row");
	put_member(writer, "title", title);
	put_position(writer, grid, 0, PANEL_WIDTH * PANELS_PER_LINE, 1);
	json_close(writer);
	grid->y++;
}

/* The query of a family, with its name where the table has @. */
static struct span expand(const struct metric_about *about, struct buffer *query)
{
	for (const char *at = about->query; *at != '\0'; at++)
		if (*at == '@')
			buffer_append_text(query, about->name);
		else
			buffer_append_byte(query, *at);
	return buffer_span(query);
}

static void put_target(struct json_writer *writer, const struct metric_about *about)
{
	char bytes[QUERY_SIZE];
	struct buffer query;

	buffer_init_fixed(&query, bytes, sizeof bytes);
	json_key(writer, "targets");
	json_open(writer, '[');
	json_open(writer, '{');
	put_member(writer, "refId", "A");
	put_source(writer);
	json_key(writer, "expr");
	json_put_text(writer, expand(about, &query));
	put_member(writer, "legendFormat", about->legend);
	json_close(writer);
	json_close(writer);
	writer->buffer->failed = writer->buffer->failed || query.failed;
}

static void put_panel(
	struct json_writer *writer, struct grid *grid, const struct metric_about *about)
{
	struct span title = span_of(about->help);

	if (title.size > 0 && title.at[title.size - 1] == '.')
		title.size--;
	grid->id++;
	json_open(writer, '{');
	put_member(writer, "type", "timeseries");
	json_key(writer, "title");
	json_put_text(writer, title);
	put_member(writer, "description", about->name);
	put_source(writer);
	put_position(writer, grid, grid->column * PANEL_WIDTH, PANEL_WIDTH, PANEL_HEIGHT);
	json_key(writer, "fieldConfig");
	json_open(writer, '{');
	json_key(writer, "defaults");
	json_open(writer, '{');
	put_member(writer, "unit", about->unit);
	put_number(writer, "min", 0);
	json_close(writer);
	json_key(writer, "overrides");
	json_open(writer, '[');
	json_close(writer);
	json_close(writer);
	put_target(writer, about);
	json_close(writer);
	if (++grid->column < PANELS_PER_LINE)
		return;
	grid->column = 0;
	grid->y += PANEL_HEIGHT;
}

/* A variable of the dashboard; `query` is what it is filled from. */
static void open_variable(
	struct json_writer *writer, const char *name, const char *type, const char *query)
{
	json_open(writer, '{');
	put_member(writer, "name", name);
	put_member(writer, "type", type);
	put_member(writer, "query", query);
}

static void put_variables(struct json_writer *writer)
{
	json_key(writer, "templating");
	json_open(writer, '{');
	json_key(writer, "list");
	json_open(writer, '[');
	open_variable(writer, "source", "datasource", "prometheus");
	put_member(writer, "label", "Prometheus");
	json_close(writer);
	open_variable(writer, "pool", "query", "label_values(ballast_agents, pool)");
	put_source(writer);
	json_key(writer, "includeAll");
	json_put_bool(writer, true);
	json_key(writer, "multi");
	json_put_bool(writer, true);
	put_number(writer, "refresh", 2); /* when the time range changes */
	json_close(writer);
	json_close(writer);
	json_close(writer);
}

static void put_panels(struct json_writer *writer)
{
	struct grid grid = {0, 0, 0};
	const char *row = "";

	json_key(writer, "panels");
	json_open(writer, '[');
	for (enum metric_id id = 0; id < METRIC_ID_COUNT; id++) {
		const struct metric_about *about = metric_about(id);

		if (about->query[0] == '\0')
			continue;
		if (strcmp(row, about->row) != 0)
			put_row(writer, &grid, about->row);
		row = about->row;
		put_panel(writer, &grid, about);
	}
	json_close(writer);
}

void grafana_write(struct buffer *buffer)
{
	struct json_writer writer;

	json_writer_init(&writer, buffer);
	json_open(&writer, '{');
	put_member(&writer, "title", "ballast");
	put_member(&writer, "uid", "ballast");
	put_number(&writer, "schemaVersion", SCHEMA_VERSION);
	put_member(&writer, "refresh", "10s");
	json_key(&writer, "time");
	json_open(&writer, '{');
	put_member(&writer, "from", "now-1h");
	put_member(&writer, "to", "now");
	json_close(&writer);
	put_variables(&writer);
	put_panels(&writer);
	json_close(&writer);
}
