/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_WRAP_H
#define BAL_CLI_WRAP_H

/* wrap: on a terminal, lines of standard output that are longer than it is wide go on in the next
 * one, at a word, below where their text begins. Into a pipe nothing is changed. */

/* From now on; once. Without memory everything stays as it is. */
void wrap_begin(void);

#endif
