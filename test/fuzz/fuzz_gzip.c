/* SPDX-License-Identifier: Apache-2.0 */
/* A packed stream: never more than the bounds allow, and always an end. */
#include "base/assert.h"
#include "target.h"
#include "wire/gzip.h"

enum { PIECE_SIZE = 4096, UNPACKED_SIZE_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gzip_reader reader;
	struct span input = {(const char *)data, size};
	char piece[PIECE_SIZE];
	uint32_t piece_size;
	enum gzip_event event;
	if (!gzip_init(&reader, UNPACKED_SIZE_MAX))
		return 0;
	do {
		event = gzip_next(&reader, &input, piece, sizeof(piece), &piece_size);
		bal_assert(piece_size <= sizeof(piece));
		bal_assert((event == GZIP_OUTPUT) <= (piece_size > 0));
	} while (event == GZIP_OUTPUT);
	bal_assert(reader.size_in <= size);
	bal_assert(reader.size_out <= UNPACKED_SIZE_MAX + PIECE_SIZE);
	bal_assert(event == GZIP_REFUSED ? reader.reason != NULL : input.size == 0);
	gzip_end(&reader);
	gzip_release(&reader);
	return 0;
}
