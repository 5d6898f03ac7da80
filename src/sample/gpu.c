/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: five columns of numbers, parted by commas; a column that is no number is a thing that the
 * card does not tell.
 */
#include "sample/gpu.h"

#include "base/units.h"
#include "sample/file.h"

#include <string.h>

#define LINE_SIZE_MAX 256
#define COLUMNS       5
#define PERCENT       100

enum { BUSY, MEMORY_USED, MEMORY_TOTAL, TEMPERATURE, POWER };

/* A number with up to three decimals in thousandths; -1 when the column is none. */
static int64_t parse_column(const char *at)
{
	int64_t whole = 0;
	int64_t scale = PERMILLE / 10;
	at += strspn(at, " \t");
	if (!file_number_parse(&at, &whole) || whole > INT32_MAX)
		return -1;
	int64_t value = whole * PERMILLE;
	if (*at == '.') {
		for (at++; *at >= '0' && *at <= '9'; at++, scale /= 10)
			value += (*at - '0') * scale;
	}
	at += strspn(at, " \t\r");
	return *at == '\0' || *at == ',' ? value : -1;
}

static bool parse_card(const char *line, int64_t columns[static COLUMNS])
{
	const char *at = line;
	for (int column = 0; column < COLUMNS; column++) {
		columns[column] = parse_column(at);
		const char *comma = strchr(at, ',');
		bool last = column == COLUMNS - 1;
		if (last != (comma == NULL))
			return false;
		at = last ? at : comma + 1;
	}
	return true;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void add_card(struct gpu_sample *sample, const int64_t columns[static COLUMNS])
{
	sample->cards++;
	if (columns[BUSY] >= 0 && columns[BUSY] <= PERCENT * PERMILLE) {
		sample->busy_cards++;
		sample->busy_permille_sum += columns[BUSY] / PERCENT;
	}
	if (columns[MEMORY_TOTAL] > 0 && columns[MEMORY_USED] >= 0 &&
		columns[MEMORY_USED] <= columns[MEMORY_TOTAL]) {
		int64_t permille = columns[MEMORY_USED] * PERMILLE / columns[MEMORY_TOTAL];
		sample->memory_cards++;
		sample->memory_permille_max = larger(sample->memory_permille_max, permille);
	}
	if (columns[TEMPERATURE] >= 0) {
		sample->temperature_cards++;
		sample->celsius_max = larger(sample->celsius_max, columns[TEMPERATURE] / PERMILLE);
	}
	if (columns[POWER] >= 0) {
		sample->power_cards++;
		sample->milliwatts_sum += columns[POWER];
	}
}

bool gpu_parse(const char *text, size_t size, struct gpu_sample *sample)
{
	struct gpu_sample parsed = {0};
	const char *end = text + size;
	while (text < end && parsed.cards < GPU_CARDS_MAX) {
		char line[LINE_SIZE_MAX];
		int64_t columns[COLUMNS];
		const char *next = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((next == NULL ? end : next) - text);
		if (length < sizeof line) {
			memcpy(line, text, length);
			line[length] = '\0';
			if (parse_card(line, columns))
				add_card(&parsed, columns);
		}
		text = next == NULL ? end : next + 1;
	}
	if (parsed.cards == 0)
		return false;
	*sample = parsed;
	return true;
}

static void put_level(struct reading *readings, size_t *count, int64_t cards,
	enum bal_signal signal, int64_t value)
{
	struct reading reading = {.signal = signal};
	if (cards > 0 && sample_measure(SAMPLE_LEVEL, signal, 0, 0, value, &reading.value))
		readings[(*count)++] = reading;
}

size_t gpu_readings(const struct gpu_sample *sample, struct reading *readings)
{
	size_t count = 0;
	int64_t busy = sample->busy_cards > 0 ? sample->busy_permille_sum / sample->busy_cards : 0;
	put_level(readings, &count, sample->busy_cards, BAL_SIGNAL_HOST_GPU, busy);
	put_level(readings, &count, sample->memory_cards, BAL_SIGNAL_HOST_GPU_MEMORY,
		sample->memory_permille_max);
	put_level(readings, &count, sample->temperature_cards, BAL_SIGNAL_HOST_GPU_TEMPERATURE,
		sample->celsius_max);
	put_level(readings, &count, sample->power_cards, BAL_SIGNAL_HOST_GPU_POWER,
		sample->milliwatts_sum);
	return count;
}

bool gpu_process_parse(const char *line, int64_t *pid, int64_t *memory_bytes)
{
	const char *comma = strchr(line, ',');
	int64_t found = parse_column(line);
	int64_t mib = comma == NULL ? -1 : parse_column(comma + 1);
	if (found <= 0 || found % PERMILLE != 0 || mib < 0)
		return false;
	*pid = found / PERMILLE;
	*memory_bytes = mib / PERMILLE * MIB;
	return true;
}
