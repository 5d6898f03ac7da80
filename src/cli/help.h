/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_HELP_H
#define BAL_CLI_HELP_H

/* help: what the program says about itself, all of it from the table of commands. */

/* Prints the list of commands, or one command's options.  Returns the exit code. */
int help_print(const char *command);

/* Says on standard error that there is no such command, and which one was probably meant.  Returns
 * the exit code. */
int help_unknown(const char *command);

#endif
