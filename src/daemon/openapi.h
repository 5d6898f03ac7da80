/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_OPENAPI_H
#define BAL_DAEMON_OPENAPI_H

#include "wire/buffer.h"

/* Appends the OpenAPI 3.1 document of the API, made from table/routes.h. */
void openapi_write(struct buffer *text);

#endif
