/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap sort, because it needs no memory and its worst case is its usual one; points that are in
 * order already, the rule, are left alone. The step is taken from a sample, so that its cost does
 * not grow with the history.
 */
#include "core/grid.h"

#include "base/assert.h"
#include "base/num.h"

static bool is_before(const struct point *a, const struct point *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->row < b->row;
}

bool grid_ordered(const struct point *points, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (is_before(&points[i], &points[i - 1]))
			return false;
	return true;
}

/* Lets the point at `root` sink until both its children are before it. */
static void sink(struct point *points, size_t root, size_t count)
{
	struct point sunk = points[root];

	for (;;) {
		size_t child = 2 * root + 1;

		if (child >= count)
			break;
		if (child + 1 < count && is_before(&points[child], &points[child + 1]))
			child++;
		if (!is_before(&sunk, &points[child]))
			break;
		points[root] = points[child];
		root = child;
	}
	points[root] = sunk;
}

void grid_sort(struct point *points, size_t count)
{
	if (grid_ordered(points, count))
		return;
	for (size_t i = count / 2; i-- > 0;)
		sink(points, i, count);
	for (size_t end = count - 1; end > 0; end--) {
		struct point last = points[end];

		points[end] = points[0];
		points[0] = last;
		sink(points, 0, end);
	}
}

/* Insertion into a short sorted list. */
static void insert_gap(int64_t *gaps, size_t count, int64_t gap)
{
	size_t at = count;

	for (; at > 0 && gaps[at - 1] > gap; at--)
		gaps[at] = gaps[at - 1];
	gaps[at] = gap;
}

/* The most frequent of sorted gaps and how often it occurs; the smallest of equals. */
static int64_t find_mode(const int64_t *gaps, size_t count, size_t *times)
{
	int64_t mode = 0;
	size_t start = 0;

	*times = 0;
	for (size_t i = 0; i < count; i++) {
		if (gaps[i] != gaps[start])
			start = i;
		if (i - start + 1 > *times) {
			*times = i - start + 1;
			mode = gaps[i];
		}
	}
	return mode;
}

int64_t grid_step(const struct point *points, size_t count)
{
	int64_t gaps[GRID_SAMPLES_MAX];
	size_t gap_count = 0, times;
	size_t stride = count / GRID_SAMPLES_MAX + 1;

	for (size_t i = 1; i < count; i += stride) {
		int64_t gap = num_sub_i64(points[i].at_ns, points[i - 1].at_ns);

		if (gap > 0)
			insert_gap(gaps, gap_count++, gap);
	}
	if (gap_count == 0 && stride > 1) /* the sample saw doubled times only */
		for (size_t i = 1; i < count && gap_count == 0; i++)
			if (points[i].at_ns > points[i - 1].at_ns)
				gaps[gap_count++] =
					num_sub_i64(points[i].at_ns, points[i - 1].at_ns);
	if (gap_count == 0)
		return 0;
	int64_t mode = find_mode(gaps, gap_count, &times);
	return times * 4 >= gap_count ? mode : gaps[gap_count / 2];
}

size_t grid_fill(
	const struct point *points, size_t count, int64_t step_ns, double *values, size_t size)
{
	bal_assert(step_ns > 0);
	if (count == 0 || size == 0)
		return 0;
	/* Slots are counted from the first point: what comes later must not move the past. */
	int64_t last =
		num_add_i64(num_sub_i64(points[count - 1].at_ns, points[0].at_ns), step_ns / 2) /
		step_ns;
	size_t filled = last >= (int64_t)size - 1 ? size : (size_t)last + 1;
	int64_t first = last - ((int64_t)filled - 1);

	for (size_t i = 0; i < filled; i++)
		values[i] = __builtin_nan("");
	for (size_t i = count; i-- > 0;) {
		int64_t since = num_sub_i64(points[i].at_ns, points[0].at_ns);
		int64_t slot = num_add_i64(since, step_ns / 2) / step_ns - first;

		if (slot < 0)
			break;
		if (values[slot] != values[slot])
			values[slot] = points[i].value;
	}
	return filled;
}
