/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_LAUNCHER_H
#define BAL_PROVIDER_LAUNCHER_H

/*
 * The small process between the daemon and a command. The binary executes itself as
 * `ballast --launch RUN_DIRECTORY`; main calls launcher_main before anything else.
 *
 * It leaves the daemon's session, claims the run, starts the command in its own session and group,
 * records it before it executes anything, waits for it, writes how it ended, and ends whatever the
 * command left behind. It outlives the daemon: that is why a restart loses no exit status.
 *
 * What it writes into the run directory: doc of struct run in provider/run.h.
 */

/* The exit status of the launcher: 0 = the run's end is on record; 1 = it could not be written;
 * 2 = nothing was started (the run was void, claimed by another, or unreadable). */
int launcher_main(int argument_count, char **arguments);

#endif
