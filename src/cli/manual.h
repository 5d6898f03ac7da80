/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_MANUAL_H
#define BAL_CLI_MANUAL_H

/* manual: the manual pages as roff on standard output, made from the tables that the program itself
 * works with; the build installs what these print. */

/* ballast(1): commands, options, environment, exit codes. */
void manual_print(void);

/* ballast.yaml(5): every key with type, default and help. */
void manual_print_configuration(void);

#endif
