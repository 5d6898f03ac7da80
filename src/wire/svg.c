/* SPDX-License-Identifier: Apache-2.0 */
/* Coordinates are whole hundredths of a pixel, written without needless zeros: the same everywhere
 * and short.  The frame clips, so a line that leaves the chart needs no arithmetic of its own; far
 * outside a coordinate is bounded, for viewers compute with 32-bit floats.  A point that falls on
 * the one before it is left out: a distribution of a million values is a picture of some hundred.
 */
#include "wire/svg.h"

#include "base/num.h"
#include "base/text.h"

#include <string.h>

#define WIDTH        800
#define HEIGHT       450
#define SIZE_LEAST   120
#define SIZE_MOST    20000
#define MARGIN_LEFT  72
#define MARGIN_RIGHT 24
#define MARGIN_TOP   40
#define MARGIN_FOOT  56
#define LEGEND_LINE  18
#define LEGEND_WIDTH 170
#define FAR          1e5 /* pixels */
#define COLOURS      8

static const char *const COLOUR[COLOURS] = {
	"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#b8a900"};

/* ---- pieces ------------------------------------------------------------------------------- */

static void put(struct svg *svg, const char *text)
{
	buffer_append_text(svg->buffer, text);
}

static void put_pixels(struct svg *svg, double pixels)
{
	double bounded = num_clamp(pixels, -FAR, FAR);

	buffer_append_decimal(svg->buffer, num_to_i64(num_round(bounded * 100.0)), 2);
}

/* name="12.5" with a space before it. */
static void put_attribute(struct svg *svg, const char *name, double pixels)
{
	put(svg, " ");
	put(svg, name);
	put(svg, "=\"");
	put_pixels(svg, pixels);
	put(svg, "\"");
}

/* Text of XML: what has a meaning is escaped, what XML 1.0 does not allow becomes U+FFFD. */
static void put_escaped(struct svg *svg, const char *text)
{
	struct bal_text rest = text_from(text);

	while (rest.size > 0) {
		uint32_t code = 0;
		uint32_t size = text_character(rest, &code);
		bool is_control = size == 0 || code < 0x20 || code == 0x7f || code == 0xfffe ||
				  code == 0xffff;

		if (is_control)
			put(svg, "\xef\xbf\xbd");
		else if (code == '<')
			put(svg, "&lt;");
		else if (code == '>')
			put(svg, "&gt;");
		else if (code == '&')
			put(svg, "&amp;");
		else
			buffer_append(svg->buffer, rest.data, size);
		size = size == 0 ? 1 : size;
		rest.data += size;
		rest.size -= size;
	}
}

/* `more` are further attributes, or empty. */
static void put_text(struct svg *svg, double x, double y, const char *more, const char *text)
{
	put(svg, "<text");
	put_attribute(svg, "x", x);
	put_attribute(svg, "y", y);
	put(svg, more);
	put(svg, ">");
	put_escaped(svg, text);
	put(svg, "</text>\n");
}

static void put_line(
	struct svg *svg, double x1, double y1, double x2, double y2, const char *class_name)
{
	put(svg, "<line");
	put_attribute(svg, "x1", x1);
	put_attribute(svg, "y1", y1);
	put_attribute(svg, "x2", x2);
	put_attribute(svg, "y2", y2);
	put(svg, " class=\"");
	put(svg, class_name);
	put(svg, "\"/>\n");
}

static double x_of(const struct svg *svg, double value)
{
	return svg->left + svg_axis_place(&svg->x, value) * (double)(svg->right - svg->left);
}

static double y_of(const struct svg *svg, double value)
{
	return svg->bottom - svg_axis_place(&svg->y, value) * (double)(svg->bottom - svg->top);
}

/* ---- the frame ---------------------------------------------------------------------------- */

static void draw_x_axis(struct svg *svg)
{
	struct svg_tick ticks[SVG_TICKS_MAX];
	uint32_t count = svg_axis_ticks(&svg->x, ticks);

	for (uint32_t i = 0; i < count; i++) {
		double x = x_of(svg, ticks[i].value);

		put_line(svg, x, svg->top, x, svg->bottom, "grid");
		put_text(svg, x, svg->bottom + 16, " text-anchor=\"middle\"", ticks[i].text);
	}
	if (svg->x.label != NULL)
		put_text(svg, (svg->left + svg->right) * 0.5, svg->bottom + 38,
			" text-anchor=\"middle\"", svg->x.label);
}

static void draw_y_axis(struct svg *svg)
{
	struct svg_tick ticks[SVG_TICKS_MAX];
	uint32_t count = svg_axis_ticks(&svg->y, ticks);

	for (uint32_t i = 0; i < count; i++) {
		double y = y_of(svg, ticks[i].value);

		put_line(svg, svg->left, y, svg->right, y, "grid");
		put_text(svg, svg->left - 6, y + 4, " text-anchor=\"end\"", ticks[i].text);
	}
	if (svg->y.label != NULL)
		put_text(svg, svg->left, svg->top - 8, "", svg->y.label);
}

static void draw_frame(struct svg *svg, const char *title)
{
	put(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
	put_attribute(svg, "width", svg->width);
	put_attribute(svg, "height", svg->height);
	put(svg, " viewBox=\"0 0 ");
	buffer_append_signed(svg->buffer, svg->width);
	put(svg, " ");
	buffer_append_signed(svg->buffer, svg->height);
	put(svg, "\">\n<style>text{font:12px sans-serif;fill:#333}.title{font-size:15px}"
		 ".grid{stroke:#ddd}.rule{stroke:#555;stroke-dasharray:2 3}"
		 ".box{fill:none;stroke:#888}</style>\n");
	put(svg, "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<clipPath "
		 "id=\"frame\"><rect");
	put_attribute(svg, "x", svg->left);
	put_attribute(svg, "y", svg->top);
	put_attribute(svg, "width", svg->right - svg->left);
	put_attribute(svg, "height", svg->bottom - svg->top);
	put(svg, "/></clipPath>\n");
	if (title != NULL)
		put_text(svg, svg->width * 0.5, 20, " class=\"title\" text-anchor=\"middle\"",
			title);
	draw_x_axis(svg);
	draw_y_axis(svg);
	put(svg, "<rect class=\"box\"");
	put_attribute(svg, "x", svg->left);
	put_attribute(svg, "y", svg->top);
	put_attribute(svg, "width", svg->right - svg->left);
	put_attribute(svg, "height", svg->bottom - svg->top);
	put(svg, "/>\n");
}

static int32_t size_of(uint32_t wanted, int32_t standard)
{
	if (wanted == 0)
		return standard;
	return (int32_t)num_clamp_i64(wanted, SIZE_LEAST, SIZE_MOST);
}

void svg_open(struct svg *svg, struct buffer *buffer, const struct svg_chart *chart)
{
	*svg = (struct svg){.buffer = buffer, .x = chart->x, .y = chart->y};
	svg_axis_mend(&svg->x);
	svg_axis_mend(&svg->y);
	svg->width = size_of(chart->width, WIDTH);
	svg->height = size_of(chart->height, HEIGHT);
	svg->left = MARGIN_LEFT;
	svg->right = svg->width - MARGIN_RIGHT;
	svg->top = MARGIN_TOP;
	svg->bottom = svg->height - MARGIN_FOOT;
	draw_frame(svg, chart->title);
}

/* ---- what is in it ------------------------------------------------------------------------ */

static void note_label(struct svg *svg, enum svg_mark mark, uint32_t colour, const char *label)
{
	struct bal_text text = text_from(label);
	uint32_t i = svg->legend_count;

	if (label == NULL || svg->legend_count == SVG_LEGEND_MAX)
		return;
	if (text.size >= SVG_LABEL_SIZE)
		text.size = SVG_LABEL_SIZE - 1;
	for (uint32_t k = 0; k < svg->legend_count; k++)
		if (text_equals_string(text, svg->legend[k].label))
			return;
	svg->legend[i].mark = mark;
	svg->legend[i].colour = colour % COLOURS;
	memcpy(svg->legend[i].label, text.data, text.size);
	svg->legend_count++;
}

/* The pen of a path: where it is in hundredths of a pixel, and whether it draws. */
struct pen {
	int64_t x, y;
	bool is_down;
};

static void move_pen(struct svg *svg, struct pen *pen, double x, double y)
{
	int64_t to_x = num_to_i64(num_round(num_clamp(x, -FAR, FAR) * 100.0));
	int64_t to_y = num_to_i64(num_round(num_clamp(y, -FAR, FAR) * 100.0));

	if (pen->is_down && to_x == pen->x && to_y == pen->y)
		return;
	put(svg, pen->is_down ? "L" : "M");
	buffer_append_decimal(svg->buffer, to_x, 2);
	put(svg, " ");
	buffer_append_decimal(svg->buffer, to_y, 2);
	*pen = (struct pen){to_x, to_y, true};
}

static void trace_points(
	struct svg *svg, const struct svg_point *points, uint32_t count, bool steps)
{
	struct pen pen = {.is_down = false};
	double before = 0.0;

	for (uint32_t i = 0; i < count; i++) {
		double x = x_of(svg, points[i].x);
		double y = y_of(svg, points[i].y);

		if (!num_is_finite(x) || !num_is_finite(y)) {
			pen.is_down = false;
			continue;
		}
		if (steps && pen.is_down)
			move_pen(svg, &pen, x, before);
		move_pen(svg, &pen, x, y);
		before = y;
	}
}

static void open_path(struct svg *svg, const char *attribute, uint32_t colour, const char *more)
{
	put(svg, "<path clip-path=\"url(#frame)\" ");
	put(svg, attribute);
	put(svg, "=\"");
	put(svg, COLOUR[colour % COLOURS]);
	put(svg, more);
	put(svg, " d=\"");
}

static void draw_line(struct svg *svg, const struct svg_point *points, uint32_t count,
	uint32_t colour, const char *more, bool steps)
{
	open_path(svg, "fill=\"none\" stroke", colour, more);
	trace_points(svg, points, count, steps);
	put(svg, "\"/>\n");
}

void svg_line(struct svg *svg, const struct svg_point *points, uint32_t count, uint32_t colour,
	const char *label)
{
	draw_line(svg, points, count, colour, "\" stroke-width=\"1.5\"", false);
	note_label(svg, SVG_MARK_LINE, colour, label);
}

void svg_dashes(struct svg *svg, const struct svg_point *points, uint32_t count, uint32_t colour,
	const char *label)
{
	draw_line(svg, points, count, colour, "\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"",
		false);
	note_label(svg, SVG_MARK_DASHES, colour, label);
}

void svg_steps(struct svg *svg, const struct svg_point *points, uint32_t count, uint32_t colour,
	const char *label)
{
	draw_line(svg, points, count, colour, "\" stroke-width=\"1.5\"", true);
	note_label(svg, SVG_MARK_LINE, colour, label);
}

static bool has_band(const struct svg *svg, const struct svg_point *low,
	const struct svg_point *high, uint32_t i)
{
	return num_is_finite(x_of(svg, low[i].x)) && num_is_finite(y_of(svg, low[i].y)) &&
	       num_is_finite(x_of(svg, high[i].x)) && num_is_finite(y_of(svg, high[i].y));
}

/* Up along one line and back along the other, for each unbroken piece. */
void svg_band(struct svg *svg, const struct svg_point *low, const struct svg_point *high,
	uint32_t count, uint32_t colour, const char *label)
{
	uint32_t first = 0;

	open_path(svg, "stroke=\"none\" fill-opacity=\"0.2\" fill", colour, "\"");
	while (first < count) {
		struct pen pen = {.is_down = false};
		uint32_t end = first;

		for (; end < count && has_band(svg, low, high, end); end++)
			move_pen(svg, &pen, x_of(svg, high[end].x), y_of(svg, high[end].y));
		for (uint32_t i = end; i > first; i--)
			move_pen(svg, &pen, x_of(svg, low[i - 1].x), y_of(svg, low[i - 1].y));
		if (end > first)
			put(svg, "Z");
		first = end == first ? first + 1 : end;
	}
	put(svg, "\"/>\n");
	note_label(svg, SVG_MARK_BAND, colour, label);
}

void svg_rule(struct svg *svg, double x, const char *text)
{
	double place = svg_axis_place(&svg->x, x);

	if (!(place >= 0.0 && place <= 1.0))
		return;
	put_line(svg, x_of(svg, x), svg->top, x_of(svg, x), svg->bottom, "rule");
	if (text != NULL)
		put_text(svg, x_of(svg, x) + 4, svg->top + 14, "", text);
}

/* ---- the end ------------------------------------------------------------------------------ */

static void draw_legend(struct svg *svg)
{
	double x = svg->right - LEGEND_WIDTH;

	if (svg->legend_count > 0) {
		put(svg, "<rect fill=\"#fff\" fill-opacity=\"0.8\"");
		put_attribute(svg, "x", x - 6);
		put_attribute(svg, "y", svg->top + 4);
		put_attribute(svg, "width", LEGEND_WIDTH);
		put_attribute(svg, "height", svg->legend_count * LEGEND_LINE + 4);
		put(svg, "/>\n");
	}
	for (uint32_t i = 0; i < svg->legend_count; i++) {
		double y = svg->top + 14 + (double)i * LEGEND_LINE;
		bool is_band = svg->legend[i].mark == SVG_MARK_BAND;

		put(svg, "<path fill=\"none\" stroke=\"");
		put(svg, COLOUR[svg->legend[i].colour]);
		put(svg, is_band ? "\" stroke-opacity=\"0.3\" stroke-width=\"10\""
				 : "\" stroke-width=\"2\"");
		if (svg->legend[i].mark == SVG_MARK_DASHES)
			put(svg, " stroke-dasharray=\"6 4\"");
		put(svg, " d=\"M");
		put_pixels(svg, x);
		put(svg, " ");
		put_pixels(svg, y);
		put(svg, "h22\"/>\n");
		put_text(svg, x + 28, y + 4, "", svg->legend[i].label);
	}
}

bool svg_close(struct svg *svg)
{
	draw_legend(svg);
	put(svg, "</svg>\n");
	return !svg->buffer->failed;
}
