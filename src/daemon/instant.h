/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_INSTANT_H
#define BAL_DAEMON_INSTANT_H

#include "wire/jsonwrite.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Instants of the wall clock as text of RFC 3339, which is how the API says them. */

/* Reads "2026-11-23T13:20:46Z", with a fraction of a second or an offset such as +01:00 if there is
 * one; years 1970 to 2261.  False when it is anything else. */
bool instant_read(struct span text, int64_t *utc_ns);

/* Writes it in UTC with milliseconds as a JSON string; 0 is written as null. */
void instant_put(struct json_writer *writer, int64_t utc_ns);

#endif
