/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_PICTURE_H
#define BAL_CLI_PICTURE_H

#include "wire/buffer.h"

/* Writes a picture into a file, in place of what is there. False when that failed, after a line on
 * stderr that names the file. */
bool picture_write(const char *path, const struct buffer *picture);

#endif
