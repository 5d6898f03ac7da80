/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_OP_H
#define BAL_STORE_OP_H

#include "store/store.h"

#define OP_FIELDS_MAX 8

/* Points `fields` (OP_FIELDS_MAX entries) at all byte fields of the operation; returns how many. */
uint32_t op_fields(struct store_op *op, struct store_bytes **fields);

/* Bytes in all fields together. */
uint64_t op_size(const struct store_op *op);

/* Copies the operation to *to with all its bytes in one new block, *block, which the caller frees;
 * NULL when there are no bytes. False when there is no memory. */
bool op_copy(const struct store_op *op, struct store_op *to, void **block);

/* The task the operation is about; 0 when it is about none. */
uint64_t op_task_id(const struct store_op *op);

#endif
