/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is `name{label="value",...} value [time]`; those that begin with # say what a metric is
 * like, which whoever asks for it by name knows. A line stands for itself, so after a broken one
 * reading goes on behind its end: only there can the next one begin, since a line feed inside a
 * value is written as \n. Times are not read: a scrape is about now.
 */
#include "wire/exposed.h"

#include "base/num.h"
#include "base/text.h"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

/* Bytes of the name that the text begins with. */
static size_t name_size(struct span text)
{
	size_t size = 0;

	while (size < text.size && (is_letter(text.at[size]) || (size > 0 && text.at[size] >= '0' &&
									text.at[size] <= '9')))
		size++;
	return size;
}

static struct span take_start(struct span *text, size_t size)
{
	struct span start = {text->at, size};

	*text = span_skip(*text, size);
	return start;
}

static struct span skip_blanks(struct span text)
{
	while (text.size > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
		text = span_skip(text, 1);
	return text;
}

static bool take_byte(struct span *text, char byte)
{
	if (text->size == 0 || text->at[0] != byte)
		return false;
	*text = span_skip(*text, 1);
	return true;
}

/* Takes a quoted text; *inside is what is between the quotes. */
static bool take_quoted(struct span *text, struct span *inside)
{
	size_t size = 0;

	if (!take_byte(text, '"'))
		return false;
	while (size < text->size && text->at[size] != '"')
		size += text->at[size] == '\\' ? 2 : 1;
	if (size >= text->size)
		return false;
	*inside = take_start(text, size);
	return take_byte(text, '"');
}

/* Takes name="value" and the comma behind it, if there is one. */
static bool take_label(struct span *text, struct span *name, struct span *inside)
{
	*text = skip_blanks(*text);
	*name = take_start(text, name_size(*text));
	*text = skip_blanks(*text);
	if (name->size == 0 || !take_byte(text, '='))
		return false;
	*text = skip_blanks(*text);
	if (!take_quoted(text, inside))
		return false;
	*text = skip_blanks(*text);
	if (take_byte(text, ','))
		*text = skip_blanks(*text);
	else if (text->size > 0 && text->at[0] != '}')
		return false;
	return true;
}

static bool take_labels(struct span *text, struct span *labels)
{
	const char *first;
	struct span name, inside;

	*labels = (struct span){text->at, 0};
	if (!take_byte(text, '{'))
		return true;
	first = text->at;
	*text = skip_blanks(*text);
	while (text->size > 0 && text->at[0] != '}')
		if (!take_label(text, &name, &inside))
			return false;
	*labels = (struct span){first, (size_t)(text->at - first)};
	return take_byte(text, '}');
}

/* True for the words of values that are no finite number. */
static bool is_nonsense(struct span text)
{
	static const char *const words[] = {
		"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_equal_nocase(text, span_of(words[i])))
			return true;
	return false;
}

static bool read_value(struct exposed *exposed, struct span text, double *value)
{
	if (is_nonsense(text)) {
		exposed->nonsense++;
		return false;
	}
	if (text.size > 1 && text.at[0] == '+' && text.at[1] != '-')
		text = span_skip(text, 1);
	if (text.size == 0 || text.size > TEXT_DOUBLE_SIZE_MAX ||
		!text_parse_double((struct bal_text){text.at, (uint32_t)text.size}, value)) {
		exposed->broken++;
		return false;
	}
	if (!num_is_finite(*value)) {
		exposed->nonsense++;
		return false;
	}
	return true;
}

/* Bytes up to the next blank. */
static size_t word_size(struct span text)
{
	size_t size = 0;

	while (size < text.size && text.at[size] != ' ' && text.at[size] != '\t')
		size++;
	return size;
}

static bool read_line(struct exposed *exposed, struct span line, struct exposed_value *value)
{
	line = span_trim(line);
	value->name = take_start(&line, name_size(line));
	line = skip_blanks(line);
	if (value->name.size == 0 || value->name.size > EXPOSED_NAME_MAX ||
		!take_labels(&line, &value->labels)) {
		exposed->broken++;
		return false;
	}
	line = skip_blanks(line);
	return read_value(exposed, (struct span){line.at, word_size(line)}, &value->value);
}

/* Cuts a line off. False at the end of the text. */
static bool take_line(struct exposed *exposed, struct span *line)
{
	size_t size;

	if (exposed->rest.at == NULL || exposed->rest.size == 0)
		return false;
	if (exposed->lines == EXPOSED_LINES_MAX) {
		exposed->cut = true;
		return false;
	}
	exposed->lines++;
	size = span_find(exposed->rest, '\n');
	*line = take_start(&exposed->rest, size);
	exposed->rest = span_skip(exposed->rest, exposed->rest.size > 0);
	if (line->size > 0 && line->at[line->size - 1] == '\r')
		line->size--;
	return true;
}

void exposed_init(struct exposed *exposed, struct span text)
{
	*exposed = (struct exposed){.rest = text};
}

bool exposed_next(struct exposed *exposed, struct exposed_value *value)
{
	struct span line;

	while (take_line(exposed, &line)) {
		if (line.size > EXPOSED_LINE_MAX) {
			exposed->broken++;
			continue;
		}
		if (span_trim(line).size == 0 || span_trim(line).at[0] == '#')
			continue;
		if (read_line(exposed, line, value))
			return true;
	}
	return false;
}

bool exposed_label(const struct exposed_value *value, struct span name, struct span *text)
{
	struct span rest = value->labels;
	struct span found;

	while (rest.size > 0 && take_label(&rest, &found, text))
		if (span_equal(found, name))
			return true;
	return false;
}
