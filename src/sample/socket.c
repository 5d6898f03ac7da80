/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: the lists are read in large pieces, line by line; sorted by inode, a descriptor's connection
 * is found by bisection. Netlink would be quicker for a hundred thousand connections, and would be
 * a second protocol to get right: for those the table says that it is not complete.
 */
#include "sample/socket.h"

#include "sample/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_SIZE 65536
#define HEX_DIGITS 8

/* Reads a hexadecimal number of at most 8 digits, moving *at behind it. */
static bool parse_hex(const char **at, uint32_t *value)
{
	uint32_t sum = 0;
	int digits = 0;
	for (; digits <= HEX_DIGITS; digits++, (*at)++) {
		char c = **at;
		if (c >= '0' && c <= '9')
			sum = sum << 4 | (uint32_t)(c - '0');
		else if ((c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'))
			sum = sum << 4 | (uint32_t)((c | 32) - 'a' + 10);
		else
			break;
	}
	*value = sum;
	return digits > 0 && digits <= HEX_DIGITS;
}

/* Behind the next field and the blanks that follow it. */
static const char *skip_field(const char *at)
{
	at += strcspn(at, " ");
	return at + strspn(at, " ");
}

/* "sl: local:port remote:port st tx:rx timer:when retransmits uid timeout inode ..." */
bool socket_line_parse(const char *line, struct socket_entry *entry)
{
	struct socket_entry parsed = {0};
	uint32_t state = 0;
	int64_t inode = 0;
	const char *at = line + strspn(line, " ");
	if (*at < '0' || *at > '9')
		return false;
	at = skip_field(skip_field(skip_field(at)));
	if (!parse_hex(&at, &state) || *at++ != ' ' || state == 0 || state >= SOCKET_STATES)
		return false;
	if (!parse_hex(&at, &parsed.send_queue_bytes) || *at++ != ':' ||
		!parse_hex(&at, &parsed.receive_queue_bytes) || *at++ != ' ')
		return false;
	at = skip_field(at);
	if (!parse_hex(&at, &parsed.retransmits) || *at != ' ')
		return false;
	at += strspn(at, " ");
	at = skip_field(skip_field(at));
	if (!file_number_parse(&at, &inode))
		return false;
	parsed.state = (enum socket_state)state;
	parsed.inode = (uint64_t)inode;
	*entry = parsed;
	return true;
}

static bool add_entry(struct socket_table *table, const struct socket_entry *entry)
{
	table->states[entry->state]++;
	if (entry->inode == 0)
		return true; /* It belongs to nobody any more. */
	if (table->count == SOCKET_TABLE_MAX)
		return false;
	if (table->count == table->capacity) {
		size_t capacity = table->capacity == 0 ? 256 : table->capacity * 2;
		struct socket_entry *entries = realloc(table->entries, capacity * sizeof *entries);
		if (entries == NULL)
			return false;
		table->entries = entries;
		table->capacity = capacity;
	}
	table->entries[table->count++] = *entry;
	return true;
}

/* Takes the whole lines of the text; returns the bytes that they are, or -1 without room. */
static ssize_t take_lines(struct socket_table *table, char *text)
{
	char *line = text;
	for (char *end = strchr(line, '\n'); end != NULL; end = strchr(line, '\n')) {
		struct socket_entry entry;
		*end = '\0';
		if (socket_line_parse(line, &entry) && !add_entry(table, &entry))
			return -1;
		line = end + 1;
	}
	return line - text;
}

static bool read_list(struct socket_table *table, const char *path, char piece[static PIECE_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT; /* A machine without that protocol. */
	size_t kept = 0;
	ssize_t got = 0;
	bool sound = true;
	while (sound && (got = read(fd, piece + kept, PIECE_SIZE - 1 - kept)) > 0) {
		piece[kept + (size_t)got] = '\0';
		ssize_t taken = take_lines(table, piece);
		sound = taken > 0; /* A piece without a line end is no list. */
		if (sound) {
			kept = kept + (size_t)got - (size_t)taken;
			memmove(piece, piece + taken, kept);
		}
	}
	close(fd);
	return sound && got == 0;
}

static int compare_inodes(const void *left, const void *right)
{
	const struct socket_entry *a = left;
	const struct socket_entry *b = right;
	return (a->inode > b->inode) - (a->inode < b->inode);
}

void socket_table_scan(struct socket_table *table)
{
	char *piece = malloc(PIECE_SIZE);
	table->count = 0;
	memset(table->states, 0, sizeof table->states);
	table->complete = piece != NULL && read_list(table, "/proc/net/tcp", piece) &&
			  read_list(table, "/proc/net/tcp6", piece);
	free(piece);
	if (table->count > 0)
		qsort(table->entries, table->count, sizeof *table->entries, compare_inodes);
}

void socket_table_free(struct socket_table *table)
{
	free(table->entries);
	*table = (struct socket_table){0};
}

void socket_begin(struct socket_table *table)
{
	table->counts++;
}

static struct socket_entry *find_socket(struct socket_table *table, uint64_t inode)
{
	size_t low = 0;
	size_t high = table->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (table->entries[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->count && table->entries[low].inode == inode ? &table->entries[low]
									: NULL;
}

void socket_count(struct socket_table *table, uint64_t inode, struct sample *sample)
{
	struct socket_entry *entry = find_socket(table, inode);
	if (entry == NULL || entry->counted == table->counts || entry->state == SOCKET_LISTENING)
		return;
	entry->counted = table->counts;
	switch (entry->state) {
	case SOCKET_ESTABLISHED:
		sample->connections++;
		break;
	case SOCKET_SYN_SENT:
	case SOCKET_SYN_RECEIVED:
	case SOCKET_SYN_RECEIVED_NEW:
		sample->connections_opening++;
		break;
	case SOCKET_CLOSED:
		return; /* Made and not used. */
	default:
		sample->connections_closing++;
		break;
	}
	sample->retransmits += entry->retransmits;
	sample->send_queue_bytes += entry->send_queue_bytes;
	sample->receive_queue_bytes += entry->receive_queue_bytes;
}
