/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_SEAL_H
#define BAL_STORE_SEAL_H

#include "store/row.h"

/*
 * The CRC32C over all columns of a row, which the row carries: what the disk gives back is either
 * what was written, or known not to be. The large columns have a sum of their own, which the sum of
 * the row covers, so that a row can be checked without reading them.
 */

/* Of the payload alone; covered by that of the task. */
uint32_t seal_payload(struct store_bytes payload);

/* Of a task; task->payload is not looked at, its size and seal stand for it. */
uint32_t seal_task(const struct store_task *task, uint32_t payload_size, uint32_t payload_seal);

/* Of a row of progress. */
uint32_t seal_progress(const struct store_progress *progress);

/* Of what a task's attempts have left to the next. */
uint32_t seal_carry(uint64_t id, const struct store_carry *carry);

/* Of the large columns of a result: content, why, history. */
uint32_t seal_content(const struct store_result *result);

/* Of a result; its large columns are not looked at, their seal stands for them. */
uint32_t seal_result(const struct store_result *result, uint32_t content_seal);

/* Of a record. */
uint32_t seal_record(const struct store_record *record);

#endif
