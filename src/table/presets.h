/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TABLE_PRESETS_H
#define BAL_TABLE_PRESETS_H

/*
 * What servers of models call what ballast calls otherwise.
 *
 *     X(signal, metric, over, scale)
 *
 * metric   its name where it is exposed; a counter's with or without _total; of a histogram or
 *          summary without _sum and _count: the mean of what came since the look before is taken
 * over     a second counter that the first is a share of; NULL: none
 * scale    what turns its unit into that of the signal
 *
 * Of several rows of one signal the first that is exposed counts, so that names of several releases
 * stand side by side.
 */
#define PRESET_VLLM(X)                                                                             \
	X(REQUESTS_RUNNING, "vllm:num_requests_running", NULL, 1)                                  \
	X(REQUESTS_WAITING, "vllm:num_requests_waiting", NULL, 1)                                  \
	X(REQUESTS_ENDED, "vllm:request_success", NULL, 1)                                         \
	X(PREEMPTIONS, "vllm:num_preemptions", NULL, 1)                                            \
	X(KV_CACHE, "vllm:kv_cache_usage_perc", NULL, 1000)                                        \
	X(KV_CACHE, "vllm:gpu_cache_usage_perc", NULL, 1000)                                       \
	X(CACHE_HIT, "vllm:prefix_cache_hits", "vllm:prefix_cache_queries", 1000)                  \
	X(CACHE_HIT, "vllm:gpu_prefix_cache_hits", "vllm:gpu_prefix_cache_queries", 1000)          \
	X(CACHE_HIT, "vllm:gpu_prefix_cache_hit_rate", NULL, 1000)                                 \
	X(TOKENS_READ, "vllm:prompt_tokens", NULL, 1)                                              \
	X(TOKENS_GENERATED, "vllm:generation_tokens", NULL, 1)                                     \
	X(TOKEN_FIRST, "vllm:time_to_first_token_seconds", NULL, 1e9)                              \
	X(TOKEN_NEXT, "vllm:inter_token_latency_seconds", NULL, 1e9)                               \
	X(TOKEN_NEXT, "vllm:time_per_output_token_seconds", NULL, 1e9)

#define PRESET_SGLANG(X)                                                                           \
	X(REQUESTS_RUNNING, "sglang:num_running_reqs", NULL, 1)                                    \
	X(REQUESTS_WAITING, "sglang:num_queue_reqs", NULL, 1)                                      \
	X(REQUESTS_ENDED, "sglang:num_requests", NULL, 1)                                          \
	X(KV_CACHE, "sglang:token_usage", NULL, 1000)                                              \
	X(CACHE_HIT, "sglang:cache_hit_rate", NULL, 1000)                                          \
	X(TOKENS_READ, "sglang:prompt_tokens", NULL, 1)                                            \
	X(TOKENS_GENERATED, "sglang:generation_tokens", NULL, 1)                                   \
	X(TOKEN_FIRST, "sglang:time_to_first_token_seconds", NULL, 1e9)                            \
	X(TOKEN_NEXT, "sglang:inter_token_latency_seconds", NULL, 1e9)                             \
	X(TOKEN_NEXT, "sglang:time_per_output_token_seconds", NULL, 1e9)

/* X(NAME, word): what a pool's `metrics: { preset: }` may say. BALLAST is every signal by its own
 * name, such as ballast_heap_bytes, in its own unit. */
#define PRESETS(X)                                                                                 \
	X(NONE, "none")                                                                            \
	X(VLLM, "vllm")                                                                            \
	X(SGLANG, "sglang")                                                                        \
	X(BALLAST, "ballast")

enum preset {
#define X(name, word) PRESET_##name,
	PRESETS(X)
#undef X
};

#endif
