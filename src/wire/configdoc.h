/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_CONFIGDOC_H
#define BAL_WIRE_CONFIGDOC_H

#include "wire/buffer.h"

/*
 * configdoc: the reference of all configuration keys, made from the table that reads them, so that
 * man pages and documentation cannot differ from the program.
 */

/* Append it as Markdown: one table per section with key, type, default and help, then the knobs. */
void config_document(struct buffer *);

#endif
