/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: names are looked up in the line above, since kernels add columns at will; devices have fixed
 * ones. A device that goes away takes its counters along, which shows as a counter that went back.
 */
#include "sample/network.h"

#include "sample/file.h"

#include <string.h>

#define TEXT_SIZE_MAX 16384
#define COLUMNS       16

/* Columns of /proc/net/dev after the name. */
enum {
	RECEIVED_BYTES = 0,
	RECEIVED_ERRORS = 2,
	RECEIVED_DROPS = 3,
	SENT_BYTES = 8,
	SENT_ERRORS = 10,
	SENT_DROPS = 11
};

static bool copy_text(const char *text, size_t size, char copy[static TEXT_SIZE_MAX])
{
	if (size >= TEXT_SIZE_MAX)
		size = TEXT_SIZE_MAX - 1;
	memcpy(copy, text, size);
	copy[size] = '\0';
	return size > 0;
}

/* Adds a line "  eth0: 1 2 ..." to the sums; false when it is none. */
static bool add_device(const char *line, int64_t sums[static COLUMNS], bool *skipped)
{
	int64_t columns[COLUMNS] = {0};
	const char *at = line + strspn(line, " ");
	*skipped = strncmp(at, "lo:", 3) == 0;
	at += strcspn(at, ":\n");
	if (*at != ':')
		return false;
	at++;
	for (int column = 0; column < COLUMNS; column++) {
		at += strspn(at, " ");
		if (!file_number_parse(&at, &columns[column]))
			return false;
	}
	for (int column = 0; column < COLUMNS && !*skipped; column++) {
		if (__builtin_add_overflow(sums[column], columns[column], &sums[column]))
			return false;
	}
	return true;
}

bool network_devices_parse(const char *text, size_t size, struct host_sample *sample)
{
	char copy[TEXT_SIZE_MAX];
	int64_t sums[COLUMNS] = {0};
	int64_t errors = 0;
	int64_t drops = 0;
	bool found = false;
	if (!copy_text(text, size, copy))
		return false;
	for (const char *line = copy; line != NULL; line = strchr(line, '\n')) {
		bool skipped = false;
		line += *line == '\n';
		found = (add_device(line, sums, &skipped) && !skipped) || found;
	}
	if (!found || __builtin_add_overflow(sums[RECEIVED_ERRORS], sums[SENT_ERRORS], &errors) ||
		__builtin_add_overflow(sums[RECEIVED_DROPS], sums[SENT_DROPS], &drops))
		return false;
	host_set(sample, HOST_AT_RECEIVED_BYTES, sums[RECEIVED_BYTES]);
	host_set(sample, HOST_AT_SENT_BYTES, sums[SENT_BYTES]);
	host_set(sample, HOST_AT_NETWORK_ERRORS, errors);
	host_set(sample, HOST_AT_NETWORK_DROPS, drops);
	return true;
}

/* The place of `name` among the words of a line; -1 when it is not there. */
static int find_column(const char *line, const char *name)
{
	size_t size = strlen(name);
	for (int column = 0; *line != '\0' && *line != '\n'; column++) {
		line += strspn(line, " ");
		size_t length = strcspn(line, " \n");
		if (length == size && memcmp(line, name, size) == 0)
			return column;
		line += length;
	}
	return -1;
}

bool network_column_parse(const char *text, const char *title, const char *name, int64_t *value)
{
	const char *names = file_line(text, title);
	const char *end = names == NULL ? NULL : strchr(names, '\n');
	const char *numbers = end == NULL ? NULL : file_line(end + 1, title);
	if (numbers == NULL)
		return false;
	int column = find_column(names, name);
	const char *at = numbers;
	for (int skipped = 0; skipped < column; skipped++) {
		at += strcspn(at, " \n");
		at += strspn(at, " ");
	}
	return column > 0 && file_number_parse(&at, value);
}

struct column {
	const char *title;
	const char *name;
	enum host_value place;
};

static bool parse_columns(const char *text, size_t size, const struct column *columns, size_t count,
	struct host_sample *sample)
{
	char copy[TEXT_SIZE_MAX];
	bool found = false;
	if (!copy_text(text, size, copy))
		return false;
	for (size_t index = 0; index < count; index++) {
		int64_t value = 0;
		if (!network_column_parse(copy, columns[index].title, columns[index].name, &value))
			continue;
		host_set(sample, columns[index].place, value);
		found = true;
	}
	return found;
}

bool network_tcp_parse(const char *text, size_t size, struct host_sample *sample)
{
	static const struct column columns[] = {
		{"Tcp:", "ActiveOpens", HOST_AT_CONNECTS},
		{"Tcp:", "AttemptFails", HOST_AT_CONNECT_FAILURES},
		{"Tcp:", "EstabResets", HOST_AT_RESETS},
		{"Tcp:", "OutSegs", HOST_AT_SEGMENTS},
		{"Tcp:", "RetransSegs", HOST_AT_RETRANSMITS},
	};
	return parse_columns(text, size, columns, sizeof columns / sizeof columns[0], sample);
}

bool network_tcp_more_parse(const char *text, size_t size, struct host_sample *sample)
{
	static const struct column columns[] = {
		{"TcpExt:", "TCPTimeouts", HOST_AT_TIMEOUTS},
		{"TcpExt:", "ListenDrops", HOST_AT_LISTEN_DROPS},
	};
	return parse_columns(text, size, columns, sizeof columns / sizeof columns[0], sample);
}
