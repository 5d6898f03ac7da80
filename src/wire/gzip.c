/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zlib does the work; here are the bounds. The ratio is checked against what has been read so far,
 * so a bomb is refused after its first pieces and not when the size limit is full.
 */
#include "wire/gzip.h"

#include <limits.h>
#include <string.h>

enum { GZIP_WINDOW = 15 + 16 /* the largest window, gzip header only */ };

bool gzip_detect(struct span start)
{
	return start.size >= GZIP_MAGIC_SIZE && start.at[0] == '\x1f' && start.at[1] == '\x8b';
}

bool gzip_init(struct gzip_reader *reader, uint64_t size_max)
{
	memset(reader, 0, sizeof(*reader));
	reader->size_max = size_max;
	reader->between = true;
	return inflateInit2(&reader->stream, GZIP_WINDOW) == Z_OK;
}

void gzip_release(struct gzip_reader *reader)
{
	inflateEnd(&reader->stream);
}

static enum gzip_event refuse(struct gzip_reader *reader, const char *reason)
{
	reader->refused = true;
	reader->reason = reason;
	return GZIP_REFUSED;
}

static bool check_bounds(struct gzip_reader *reader)
{
	if (reader->size_out > reader->size_max) {
		refuse(reader, "unpacks to more than is allowed");
		return false;
	}
	uint64_t allowed = GZIP_RATIO_FREE + reader->size_in * GZIP_RATIO_MAX;
	if (reader->size_out > allowed) {
		refuse(reader, "unpacks to more than 200 times its size");
		return false;
	}
	return true;
}

enum gzip_event gzip_next(struct gzip_reader *reader, struct span *input, char *out,
	uint32_t out_size, uint32_t *size)
{
	z_stream *stream = &reader->stream;
	*size = 0;
	/* At the largest ratio of deflate (1032) even 64 KiB of output come from a few bytes, which
	 * may all be read already: so go on without input as long as zlib gives output. */
	while (!reader->refused) {
		uint32_t step = input->size < UINT_MAX ? (uint32_t)input->size : UINT_MAX;
		/* zlib's input is not const in its oldest interface; it does not write there. */
		memcpy(&stream->next_in, &input->at, sizeof(stream->next_in));
		stream->avail_in = step;
		stream->next_out = (Bytef *)out;
		stream->avail_out = out_size;
		if (reader->between && step)
			reader->between = false;
		int rc = inflate(stream, Z_NO_FLUSH);
		uint32_t used = step - stream->avail_in;
		*size = out_size - stream->avail_out;
		*input = span_skip(*input, used);
		reader->size_in += used;
		reader->size_out += *size;
		if (rc == Z_STREAM_END) {
			reader->between = true;
			inflateReset(stream);
		} else if (rc != Z_OK && rc != Z_BUF_ERROR) {
			return refuse(
				reader, rc == Z_MEM_ERROR ? "no memory" : "not gzip, or damaged");
		}
		if (!check_bounds(reader))
			return GZIP_REFUSED;
		if (*size)
			return GZIP_OUTPUT;
		if (input->size == 0)
			return GZIP_MORE;
		if (used == 0 && rc != Z_STREAM_END)
			return refuse(reader, "not gzip, or damaged");
	}
	return GZIP_REFUSED;
}

bool gzip_end(struct gzip_reader *reader)
{
	return !reader->refused && reader->between && reader->size_in > 0;
}
