/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_HTTPCHECK_H
#define BAL_WIRE_HTTPCHECK_H

#include "wire/httpread.h"

/*
 * httpcheck: the policy over a head that llhttp has read; used by httpread only.
 *
 * In: fields, method or status, version and target of `reader->head`. Out: everything else of it
 * (path, query, host, content_length, chunked, until_close, keep_alive, expect_continue), or the
 * reason to refuse. HTTP_REASON_NONE means that there is one reading of this head, and that llhttp
 * and this policy agree on it.
 */
enum http_reason http_head_check(struct http_reader *);

#endif
