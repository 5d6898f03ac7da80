/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TEST_FUZZ_TARGET_H
#define BAL_TEST_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* What each target defines and libFuzzer or driver.c calls: tries one input of `size` bytes, which
 * are gone afterwards. Returns 0. Stops the process when a promise of the parser is broken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
