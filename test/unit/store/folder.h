/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TEST_UNIT_STORE_FOLDER_H
#define BAL_TEST_UNIT_STORE_FOLDER_H

#include "store/store.h"

/* A data directory for one test and helpers to use a store as a client without a loop would. */

#define FOLDER_PATH_SIZE_MAX 512
#define FOLDER_SAID_SIZE_MAX 8192

struct folder {
	char path[FOLDER_PATH_SIZE_MAX];
	char said[FOLDER_SAID_SIZE_MAX]; /* all lines that the store said, with newlines */
	const struct store_ops *ops;
	struct store *store;
	struct store_report report;
	uint64_t token;
	uint32_t queue_count_max;
	uint64_t queue_size_max;
};

/* Makes an empty directory below the system's folder for temporary files; fails the test if it
 * cannot. */
void folder_make(struct folder *folder, const struct store_ops *ops);

/* Closes the store and removes the directory with all in it. */
void folder_remove(struct folder *folder);

/* Opens the store, returns what open returned. */
enum store_status folder_open(struct folder *folder);

/* Closes it, if it is open. */
void folder_close(struct folder *folder);

/* "directory/name" in a buffer of the folder that the next call reuses. */
const char *folder_file(struct folder *folder, const char *name);

/* Submits an operation, waits until it is committed, and returns its completion. */
struct store_completion folder_commit(struct folder *folder, struct store_op op);

/* Submits without waiting. */
enum store_status folder_submit(struct folder *folder, struct store_op op);

/* Waits until `count` completions have come and gives them; returns count. */
uint32_t folder_collect(
	struct folder *folder, struct store_completion *completions, uint32_t count);

/* Waits until `count` completions have come and returns how many of them are OK. */
uint32_t folder_drain(struct folder *folder, uint32_t count);

/* Text as bytes. */
struct store_bytes folder_text(const char *text);

/* Operations with plausible fields. */
struct store_op folder_task(uint64_t id, const char *payload);
struct store_op folder_progress(uint64_t id, enum store_state state, uint32_t attempt);
struct store_op folder_result(uint64_t id, enum store_state state, const char *content);
struct store_op folder_record(enum store_space space, const char *key, const char *value);

/* True when the two are the same bytes. */
bool folder_equal(struct store_bytes a, struct store_bytes b);

#endif
