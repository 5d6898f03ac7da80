/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_STRINGS_H
#define BAL_PROVIDER_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

/* Lists of owned strings that end with NULL: arguments and environments of templates. `to` is all
 * NULL before, has room for `strings_max` and the NULL, and is to be freed even after false. */

/* Copies; false without memory or when there are too many. */
bool strings_copy(char **to, size_t strings_max, const char *const *from);

/* The environment that the names mean: NAME=VALUE is kept, NAME becomes NAME=VALUE as our own
 * environment has it, and is left out where that has none. False as above. */
bool strings_environment(char **to, size_t strings_max, const char *const *names);

/* Frees all of them. */
void strings_free(char **strings);

#endif
