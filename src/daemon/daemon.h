/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_DAEMON_H
#define BAL_DAEMON_DAEMON_H

#include "wire/config.h"

/*
 * The daemon, put together: configuration, engine, drivers, server, signals.
 *
 * SIGTERM and SIGINT end it within DAEMON_STOP_MS: nothing new is taken, answers go out, and what
 * outlives a daemon (commands, leases, started agents) goes on.  SIGHUP reads the configuration
 * file again; a bad file leaves the old one in force.
 */
#define DAEMON_STOP_MS 8000

#define DAEMON_OVERRIDES_MAX 64

struct daemon_options {
	const char *file; /* configuration; NULL: ./ballast.yaml */
	const char *data; /* NULL: what the configuration says */
	const char *listen;
	struct config_override overrides[DAEMON_OVERRIDES_MAX]; /* --set KEY=VALUE */
	uint32_t override_count;
	bool quiet; /* says only warnings and errors */
};

/* Exit codes. */
enum {
	DAEMON_OK = 0,
	DAEMON_BAD_CONFIG = 2,
	DAEMON_CANNOT_START = 3, /* data directory, port, store */
};

/* Runs until it is told to end; returns the exit code.  Messages go to standard error. */
int daemon_run(const struct daemon_options *options);

/* Reads the configuration file with its overrides into config.  False with a message. */
bool daemon_config_read(const struct daemon_options *options, struct config *config, char *message,
	size_t message_size);

#endif
