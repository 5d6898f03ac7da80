/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of HTTP requests, as one read and byte by byte. */
#include "httpstream.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	http_stream_compare(HTTP_ROLE_REQUEST, data, size);
	return 0;
}
