/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_VERDICT_H
#define BAL_CORE_VERDICT_H

#include "ballast.h"

/*
 * verdict: whether an order helped. A pure function of what the pool was like before it was given
 * and after it was done.
 */
struct verdict_case {
	bool is_up;
	enum bal_reason reason; /* why it was given: which metric it was for */
	int64_t late_permille;  /* objective: this share of waits may be late */
	uint32_t asked;         /* agents it wanted, of which */
	uint32_t came;          /* so many came or were taken back */
	struct bal_stretch before, after;
};

/* Never OPEN. Without anything known of before or after, waits as they are decide. */
enum bal_verdict verdict_of(const struct verdict_case *about);

#endif
