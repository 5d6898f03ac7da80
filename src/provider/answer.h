/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_ANSWER_H
#define BAL_PROVIDER_ANSWER_H

#include "wire/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the scripts of a provider print: JSON (RFC 8259), one value.
 *
 *   create   {"id": "i-17", "url": "http://10.0.0.17:8000"}   or   {"refused": "no GPU is left"}
 *   list     [{"id": "i-17", "url": "http://10.0.0.17:8000", "order": "BALLAST_ORDER of create"}]
 *
 * Further members are ignored, so that a script may pass on what its own tool prints.
 */

#define ANSWER_ID_SIZE    129
#define ANSWER_URL_SIZE   257
#define ANSWER_ORDER_SIZE 129
#define ANSWER_LIST_MAX   10000
#define ANSWER_TEXT_SIZE  256

struct answer_instance {
	char id[ANSWER_ID_SIZE];   /* printable, without spaces */
	char url[ANSWER_URL_SIZE]; /* http://HOST:PORT[/PATH]; of a list also "": not known yet */
	char order[ANSWER_ORDER_SIZE]; /* of a list; "" when there is none */
};

enum answer { ANSWER_INSTANCE, ANSWER_REFUSED, ANSWER_GARBAGE };

/* Reads what create printed.  REFUSED and GARBAGE come with a sentence. */
enum answer answer_create(
	struct span text, struct answer_instance *instance, char message[static ANSWER_TEXT_SIZE]);

/* Reads what list printed: an array of *count instances, to be freed by the caller.  False with a
 * sentence, and nothing to free. */
bool answer_list(struct span text, struct answer_instance **instances, size_t *count,
	char message[static ANSWER_TEXT_SIZE]);

#endif
