/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_OPTIONS_H
#define BAL_SIM_OPTIONS_H

#include "ballast.h"

/* options: everything that makes a simulated run what it is.  The same options give the same run,
 * event by event.  All zero is a run of nothing; start from one of the two makers below. */

#define SIM_POOLS_MAX    8
#define SIM_SHARED_MAX   4
#define SIM_TENANTS_MAX  16
#define SIM_KINDS_MAX    16
#define SIM_TASKS_MAX    100000000u
#define SIM_AGENTS_MAX   65536u /* agents that may come up in one run */
#define SIM_KNOBS_MAX    32
#define SIM_CONTEXTS_MAX 4096 /* conversations whose warm context the world knows */

/* How tasks arrive and how large they are. */
enum sim_arrivals {
	SIM_POISSON,
	SIM_BURSTS /* Poisson whose rate is ten times higher in a tenth of the time */
};

enum sim_sizes { SIM_LOGNORMAL, SIM_PARETO, SIM_CONSTANT };

struct sim_load {
	enum sim_arrivals arrivals;
	enum sim_sizes sizes;
	double rate_s;      /* mean arrivals per second; > 0 */
	double size_mean_s; /* service on an agent of speed 1; > 0 */
	double size_shape;  /* coefficient of variation of lognormal, alpha > 1 of Pareto sizes */
	double estimate_sd; /* standard deviation of the logarithm of the size that is announced */
	uint32_t kinds;     /* >= 1 */
	uint32_t tenants;   /* >= 1 */
	uint32_t conversations; /* 0: none */
	bool priorities;        /* all classes, or normal alone */
	int64_t durable_ppm;
	int64_t deadline_ppm;
	int64_t parent_ppm;    /* tasks that have children and wait for them */
	uint32_t children_max; /* of one parent */
};

/* One task of a recorded load. */
struct sim_arrival {
	int64_t at_ns;   /* since the start; never goes back */
	int64_t work_ns; /* service on an agent of speed 1; > 0 */
	uint32_t kind;
	uint32_t tenant;
	uint32_t priority;     /* 0: as the options draw it; else enum bal_priority + 1 */
	uint32_t conversation; /* 0: none */
};

/* What goes wrong, in millionths of the occasions to. */
struct sim_faults {
	int64_t fail_ppm;      /* attempt: the agent's own no */
	int64_t retryable_ppm; /* attempt: a failure that may be tried again */
	int64_t lost_ppm;      /* attempt: the connection breaks, no answer comes */
	int64_t hang_ppm;      /* attempt: no answer until it is timed out */
	int64_t busy_ppm;      /* attempt: the agent has no room */
	int64_t death_ppm;     /* attempt: its agent dies in the middle of it */
	int64_t late_ppm;      /* answer: comes although the attempt was given up */
	int64_t duplicate_ppm; /* answer: comes twice */
	int64_t forged_ppm;    /* answer: one for an attempt that never was comes before it */
	int64_t corrupt_ppm;   /* answer: one that makes no sense comes before it */
	int64_t delay_ppm;     /* answer: the network keeps it for a while */
	int64_t slow_ppm;      /* attempt: its agent is slow from now on, for a while */
	int64_t flap_ppm;      /* attempt: its agent fails and passes probes in turn */
	int64_t store_fails_ppm;
	int64_t store_slow_ppm;
	int64_t provider_fails_ppm; /* order: no agent comes */
	int64_t provider_half_ppm;  /* order: only half of them come */
	int64_t provider_slow_ppm;  /* order: it takes minutes */
	int64_t boot_fails_ppm;     /* agent: dies while it starts */
	int64_t boot_slow_ppm;      /* agent: takes many times as long to start */
	int64_t probe_fails_ppm;
	int64_t sample_silent_ppm;    /* sample: is not taken */
	int64_t sample_noise_ppm;     /* sample: is nonsense */
	int64_t meddle_ppm;           /* arrival: somebody cancels, drains, scales, pauses */
	int64_t provider_lies_ppm;    /* order: none comes and it says all did, or the other way */
	int64_t provider_surplus_ppm; /* order: one more comes than was asked for */
	int64_t provider_late_ppm;    /* order: they come minutes after it said it was through */
	int64_t provider_twice_ppm;   /* order: it says twice that it is through */
	int64_t deaf_ppm;             /* task: its agent does not hand it back when asked */
	int64_t rescale_ppm;          /* arrival: somebody wants another number of agents */
};

struct sim_pool {
	struct bal_event_pool conf;
	double speed_low, speed_high; /* agents lie between, geometrically */
	uint32_t agents;              /* that are there at the start */
	int64_t boot_ns;
	int64_t end_ns;           /* from END until it is down */
	uint32_t flaky_agents;    /* so many of the first ones fail more often ... */
	int64_t flaky_ppm;        /* ... namely so many of their attempts, retryably */
	int64_t crowded_permille; /* a task takes so much longer when it takes the last slot */
};

/* A tunable of the core. */
struct sim_knob {
	enum bal_knob knob;
	int64_t value;
};

struct sim_options {
	uint64_t seed;
	uint32_t tasks; /* children included; at most SIM_TASKS_MAX */
	struct sim_load load;
	const struct sim_arrival *trace; /* instead of drawn arrivals; borrowed, `tasks` of them */
	struct sim_faults faults;
	struct sim_pool pools[SIM_POOLS_MAX];
	uint32_t pool_count;
	struct bal_event_limit shared[SIM_SHARED_MAX];
	uint32_t shared_count;
	struct bal_event_tenant tenants[SIM_TENANTS_MAX];
	uint32_t tenant_count;
	struct sim_knob knobs[SIM_KNOBS_MAX];
	uint32_t knob_count;
	struct bal_event_objective objectives; /* of all kinds; response_ns 0: the core's own, on
						* which it does not act */
	int64_t warm_permille; /* of its work a task is spared on the agent that served its
				* conversation last */
	uint32_t live_max;     /* tasks the core may hold at once */
	int64_t commit_ns;     /* of the store */
	int64_t network_ns;    /* of each answer */
	int64_t sample_ns;     /* between two samples of an agent; 0: nobody takes any */
	int64_t drain_max_ns;  /* after the last arrival everything must have ended in this time */
	uint32_t steps_second_max; /* more in one virtual second is a livelock; 0: derived */
	bool oracle_off;           /* for measuring the core alone */
	/* Sees every step; may be NULL. */
	void (*observe)(void *context, const struct bal_event *event, enum bal_status status,
		const struct bal_effects *effects);
	void *observe_context;
	/* Changes what the core said, as a bug of the core would; may be NULL. */
	void (*tamper)(void *context, const struct bal_event *event, struct bal_effects *effects);
	void *tamper_context;
};

/* A fleet of `agents` agents of different speed in one pool that does not scale, with this load
 * (share of all slots that are busy) and no faults. */
void sim_options_fleet(
	struct sim_options *options, uint64_t seed, uint32_t tasks, uint32_t agents, double load);

/* A world drawn from the seed: pools, bounds, load and rates of faults. */
void sim_options_draw(struct sim_options *options, uint64_t seed, uint32_t tasks);

#endif
