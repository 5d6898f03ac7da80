/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_SHA256_H
#define BAL_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 (FIPS 180-4). For what must not be found out or forged from its digest, such as access
 * tokens; checksum.h is faster for everything else. */

#define SHA256_SIZE 32

/* The digest of size bytes; data may be NULL when size is 0. */
void sha256(const void *data, size_t size, uint8_t digest[SHA256_SIZE]);

#endif
