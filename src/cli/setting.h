/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_SETTING_H
#define BAL_CLI_SETTING_H

#include "ballast.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * setting: a tunable of the core on the command line: "weight_load=30%", "ageing=2m", or a plain
 * number in the knob's own unit.
 */

/* Reads KEY=VALUE.  False with a message that says what would have been right. */
bool setting_read(
	const char *text, enum bal_knob *knob, int64_t *value, char *message, size_t message_size);

#endif
