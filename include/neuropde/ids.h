/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file ids.h
 * Ids of everything that can be named, and one way to ask about them: name, unit, range, text. A binding builds its enums,
 * keyword arguments and docstrings from it at import. Values are pinned: never renumbered, never reused.
 *
 * Written by tools/ids_header.py from lib/core/ids.def.
 */
#ifndef NEUROPDE_IDS_H
#define NEUROPDE_IDS_H

#include <neuropde/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Families of ids. */
enum {
    NPDE_FAMILY_MODEL = 1, /**< Kinds of model */
    NPDE_FAMILY_SCHEME = 2, /**< Space schemes */
    NPDE_FAMILY_METHOD = 3, /**< Time-stepping methods */
    NPDE_FAMILY_PARAM = 4, /**< Parameters of a model, one value per population */
    NPDE_FAMILY_MATRIX = 5, /**< Coupling matrices of a network */
    NPDE_FAMILY_OPTION = 6, /**< Options of a solver */
    NPDE_FAMILY_STAT = 7, /**< Statistics of a run, real numbers */
    NPDE_FAMILY_COUNT = 8, /**< Counters of a run, since its start */
    NPDE_FAMILY_EVENT = 9, /**< Events that observers can ask for */
    NPDE_FAMILY_REFRACTORY = 10, /**< Values of the parameter refractory */
    NPDE_FAMILY_DISCHARGE = 11, /**< Values of the parameter discharge */
    NPDE_FAMILY_COUPLING = 12, /**< Values of the option coupling */
    NPDE_FAMILY_FLUX = 13, /**< Values of the option flux */
    NPDE_FAMILY_CONTROLLER = 14, /**< Values of the option controller */
    NPDE_FAMILY_OUTPUT = 15, /**< Values of the option output */
    NPDE_FAMILY_BLOWUP = 16, /**< Values of the option blowup */
    NPDE_FAMILY_ENTROPY = 17, /**< Convex functions H of a relative entropy */
    NPDE_FAMILY_STEADY = 18, /**< Options of a search for steady states */
    NPDE_FAMILY_INPUT = 19, /**< What a linear response is the response to */
    NPDE_FAMILY_PARTICLE_OPTION = 20, /**< Options of particles */
    NPDE_FAMILY_PARTICLE_STAT = 21, /**< Statistics of particles, real numbers */
    NPDE_FAMILY_PARTICLE_COUNT = 22 /**< Counters of particles, since their start */
};

/** Kinds of model. */
enum {
    NPDE_MODEL_LIF = 1001, /**< Leaky integrate-and-fire populations without coupling: the linear Fokker-Planck equation, with refractory state, random threshold, general drift and a drive by callback */
    NPDE_MODEL_LIF_NETWORK = 1002, /**< Network of leaky integrate-and-fire populations: the nonlinear Fokker-Planck equation with weights, noise weights and delays */
    NPDE_MODEL_VOLTAGE_CONDUCTANCE = 1003, /**< Voltage-conductance kinetic equation for p(v,g,t): drift in v, relaxation and diffusion in g, firing at V_F where the drift leads out */
    NPDE_MODEL_REDUCED_KINETIC = 1004, /**< Kinetic equation for p(v,g,t) with a discharge phi_F(v) in place of the threshold; what fires re-enters at V_R */
    NPDE_MODEL_MACROSCOPIC = 1005, /**< Limit of fast conductance: transport of n(v,t) with the mean conductance, with a discharge or a threshold */
    NPDE_MODEL_FAST_VOLTAGE = 1006, /**< Limit of fast voltage: diffusion of q(g,t), with the rate of a neuron at fixed conductance */
    NPDE_MODEL_MORRIS_LECAR = 1010, /**< Morris-Lecar neurons: potential and potassium gate, each population one neuron */
    NPDE_MODEL_FITZHUGH_NAGUMO = 1011, /**< FitzHugh-Nagumo neurons: potential and recovery variable */
    NPDE_MODEL_HODGKIN_HUXLEY = 1012, /**< Hodgkin-Huxley neurons: potential and the gates m, h, n */
    NPDE_MODEL_KURAMOTO = 1013 /**< Noisy Kuramoto oscillators: the mean-field Fokker-Planck equation on the circle, populations are groups of frequencies */
};

/** Space schemes. */
enum {
    NPDE_SCHEME_FINITE_VOLUME = 2001, /**< Vertex-centred Scharfetter-Gummel finite volumes: second order, positive with backward Euler */
    NPDE_SCHEME_SPECTRAL = 2002, /**< Spectral elements on Gauss-Lobatto-Legendre nodes: exponential convergence */
    NPDE_SCHEME_CELLS = 2010, /**< Cell-centred finite volumes, for kinetic models: along v semi-Lagrangian transport of fourth order, along g Scharfetter-Gummel */
    NPDE_SCHEME_CELLS_LIMITED = 2011, /**< As cells, with transport and relaxation limited so that no density is negative */
    NPDE_SCHEME_CELLS_UPWIND = 2012 /**< As cells_limited, with transport of first order: upwind, positive */
};

/** Time-stepping methods. */
enum {
    NPDE_METHOD_BACKWARD_EULER = 3001, /**< Backward Euler: order 1, L-stable, positive on finite volumes for any step */
    NPDE_METHOD_IMEX_EULER = 3002, /**< Semi-implicit Euler: the coupling at the old rates, all else implicit; order 1, positive on finite volumes */
    NPDE_METHOD_CRANK_NICOLSON = 3003, /**< Crank-Nicolson with a Rannacher start for rough data: order 2, A-stable, fixed steps */
    NPDE_METHOD_TR_BDF2 = 3004, /**< TR-BDF2: order 2, L-stable, with an embedded error estimate */
    NPDE_METHOD_RODAS5P = 3005, /**< RODAS5P: Rosenbrock method of order 5(4) with the exact Jacobian, L-stable; the one to take for accuracy */
    NPDE_METHOD_RODAS4P2 = 3006, /**< RODAS4P2: Rosenbrock method of order 4(3), L-stable, little order reduction */
    NPDE_METHOD_RODAS3 = 3007, /**< RODAS3: Rosenbrock method of order 3(2), L-stable, for loose tolerances */
    NPDE_METHOD_SBDF2 = 3008, /**< SBDF2: multistep method of order 2 with fixed steps around a frozen, inverted operator; the widest stability, for noise that varies by a third */
    NPDE_METHOD_SBDF3 = 3009, /**< SBDF3: multistep method of order 3 with fixed steps around a frozen, inverted operator */
    NPDE_METHOD_SBDF4 = 3010, /**< SBDF4: multistep method of order 4 with fixed steps around a frozen, inverted operator */
    NPDE_METHOD_SBDF5 = 3011, /**< SBDF5: multistep method of order 5 with fixed steps around a frozen, inverted operator; the cheapest at high accuracy */
    NPDE_METHOD_BDF = 3013, /**< Backward differentiation formulas of order 1 to 5 around a frozen Jacobian, started by rodas5p: few operations a step; for tight tolerances */
    NPDE_METHOD_RADAU_IIA5 = 3014, /**< Radau IIA collocation of order 5 with the exact Jacobian, L-stable, stage order 3; for tight tolerances, and where the drive moves in time */
    NPDE_METHOD_ARS222 = 3015, /**< ARS(2,2,2): implicit-explicit Runge-Kutta method of order 2 around a frozen linear part, L-stable, fixed steps */
    NPDE_METHOD_ARS443 = 3016, /**< ARS(4,4,3): implicit-explicit Runge-Kutta method of order 3 around a frozen linear part, L-stable, fixed steps */
    NPDE_METHOD_ARK4 = 3017, /**< ARK4(3)6L[2]SA: implicit-explicit Runge-Kutta method of order 4(3) around a frozen linear part, L-stable, with an embedded error estimate */
    NPDE_METHOD_ETDRK4 = 3018, /**< ETDRK4: exponential Runge-Kutta method of order 4 with dense matrices of at most 1024 unknowns a population, fixed steps */
    NPDE_METHOD_EXACT_PROPAGATOR = 3019, /**< Exact propagator: the matrix exponential, for constant coefficients only (no coupling, delay, callback or fixed refractory time); any step, rounding errors alone */
    NPDE_METHOD_STRANG = 3030, /**< Strang splitting of transport and relaxation, for kinetic models: order 2, L-stable in the relaxation, no step limit, fixed steps */
    NPDE_METHOD_DOPRI5 = 3040 /**< Dormand-Prince: explicit Runge-Kutta method of order 5(4), for single neurons */
};

/** Parameters of a model. */
enum {
    NPDE_PARAM_V_LEAK = 4001, /**< Leak potential V_L */
    NPDE_PARAM_TIME_CONSTANT = 4002, /**< Membrane time constant of the drift -(v - V_L)/TIME_CONSTANT */
    NPDE_PARAM_V_RESET = 4003, /**< Reset potential V_R; a break of the grid */
    NPDE_PARAM_V_THRESHOLD = 4004, /**< Firing threshold V_F > V_R; a break of the grid */
    NPDE_PARAM_DRIVE = 4005, /**< Constant external drive I */
    NPDE_PARAM_DRIVE_SWING = 4006, /**< How far a coupling callback moves the drive to either side; read only when a grid is fitted to the model */
    NPDE_PARAM_DIFFUSION = 4007, /**< Diffusion a0, half the squared noise intensity */
    NPDE_PARAM_CONNECTIVITY = 4008, /**< Connectivity b of a population with itself; > 0 excitatory, < 0 inhibitory */
    NPDE_PARAM_NOISE_CONNECTIVITY = 4009, /**< Noise a1 that a population's rate adds to itself: a = a0 + a1 N */
    NPDE_PARAM_DELAY = 4010, /**< Transmission delay d of a population to itself */
    NPDE_PARAM_REFRACTORY = 4011, /**< Refractory state: none, fixed or exponential */
    NPDE_PARAM_REFRACTORY_TIME = 4012, /**< Refractory time; > 0 when there is a refractory state */
    NPDE_PARAM_DISCHARGE = 4013, /**< Random firing threshold: none, step, ramp or custom (by callback) */
    NPDE_PARAM_DISCHARGE_RATE = 4014, /**< Rate kappa of the built-in discharges: kappa beyond V_F (step), kappa (v - V_F) beyond V_F (ramp) */
    NPDE_PARAM_G_LEAK = 4030, /**< Leak conductance g_L of the kinetic models */
    NPDE_PARAM_V_EXCITATORY = 4031, /**< Excitatory reversal potential V_E > V_F of the kinetic models */
    NPDE_PARAM_CONDUCTANCE_TIME = 4032, /**< Relaxation time sigma_E (or epsilon) of the conductance */
    NPDE_PARAM_CONDUCTANCE_INPUT = 4033, /**< Mean conductance g_in that the input makes: G = g_in + S N */
    NPDE_PARAM_CONDUCTANCE_DIFFUSION = 4034, /**< Diffusion a0 of the conductance, the variance of its equilibrium: a = a0 + a1 N */
    NPDE_PARAM_ML_CAPACITANCE = 4060, /**< Morris-Lecar: capacitance C */
    NPDE_PARAM_ML_G_LEAK = 4061, /**< Morris-Lecar: leak conductance */
    NPDE_PARAM_ML_G_CALCIUM = 4062, /**< Morris-Lecar: calcium conductance */
    NPDE_PARAM_ML_G_POTASSIUM = 4063, /**< Morris-Lecar: potassium conductance */
    NPDE_PARAM_ML_V_LEAK = 4064, /**< Morris-Lecar: leak potential */
    NPDE_PARAM_ML_V_CALCIUM = 4065, /**< Morris-Lecar: calcium potential */
    NPDE_PARAM_ML_V_POTASSIUM = 4066, /**< Morris-Lecar: potassium potential */
    NPDE_PARAM_ML_V1 = 4067, /**< Morris-Lecar: middle of the calcium gate */
    NPDE_PARAM_ML_V2 = 4068, /**< Morris-Lecar: width of the calcium gate */
    NPDE_PARAM_ML_V3 = 4069, /**< Morris-Lecar: middle of the potassium gate */
    NPDE_PARAM_ML_V4 = 4070, /**< Morris-Lecar: width of the potassium gate */
    NPDE_PARAM_ML_PHI = 4071, /**< Morris-Lecar: rate of the potassium gate */
    NPDE_PARAM_FHN_EPSILON = 4072, /**< FitzHugh-Nagumo: rate of the recovery */
    NPDE_PARAM_FHN_ALPHA = 4073, /**< FitzHugh-Nagumo: alpha */
    NPDE_PARAM_FHN_BETA = 4074, /**< FitzHugh-Nagumo: beta; with epsilon = 1, beta = 0 and alpha = -V the form W' = V(t) - V */
    NPDE_PARAM_HH_CAPACITANCE = 4075, /**< Hodgkin-Huxley: capacitance C */
    NPDE_PARAM_HH_G_SODIUM = 4076, /**< Hodgkin-Huxley: sodium conductance */
    NPDE_PARAM_HH_G_POTASSIUM = 4077, /**< Hodgkin-Huxley: potassium conductance */
    NPDE_PARAM_HH_G_LEAK = 4078, /**< Hodgkin-Huxley: leak conductance */
    NPDE_PARAM_HH_E_SODIUM = 4079, /**< Hodgkin-Huxley: sodium potential */
    NPDE_PARAM_HH_E_POTASSIUM = 4080, /**< Hodgkin-Huxley: potassium potential */
    NPDE_PARAM_HH_E_LEAK = 4081, /**< Hodgkin-Huxley: leak potential */
    NPDE_PARAM_SPIKE_LEVEL = 4090, /**< Single neurons: a spike is where the potential crosses this level upwards */
    NPDE_PARAM_PHASE_COUPLING = 4091, /**< Kuramoto: coupling K with which a population is pulled */
    NPDE_PARAM_FREQUENCY = 4092, /**< Kuramoto: angular frequency, the middle of the population's Lorentzian */
    NPDE_PARAM_FREQUENCY_WIDTH = 4093, /**< Kuramoto: half width of the population's Lorentzian of frequencies; 0 for identical oscillators */
    NPDE_PARAM_SHARE = 4094, /**< Kuramoto: the population's share of all oscillators, up to a common factor */
    NPDE_PARAM_MODES = 4095 /**< Kuramoto: Fourier modes, those of the first population for all; 0 for as many as coupling and noise make */
};

/** Coupling matrices. */
enum {
    NPDE_MATRIX_WEIGHTS = 5001, /**< Connectivities b_pq: drive of population p per rate of population q */
    NPDE_MATRIX_NOISE_WEIGHTS = 5002, /**< Noise weights a1_pq: diffusion of population p per rate of population q */
    NPDE_MATRIX_DELAYS = 5003 /**< Transmission delays d_pq to population p from population q */
};

/** Options of a solver. */
enum {
    NPDE_OPTION_DT = 6001, /**< Fixed step, cut where an output or a jump of the coefficients must be met, and to the shortest delay; 0 for adaptive steps */
    NPDE_OPTION_RTOL = 6002, /**< Relative tolerance per step, on mass and on the largest rate */
    NPDE_OPTION_ATOL = 6003, /**< Absolute tolerance per step, on mass and on rates */
    NPDE_OPTION_DT_MIN = 6004, /**< Smallest step before a run stops with NPDE_ERR_STEP_TOO_SMALL; never below the spacing of the floating-point time */
    NPDE_OPTION_DT_MAX = 6005, /**< Largest adaptive step; not looked at with a fixed dt */
    NPDE_OPTION_MAX_STEPS = 6006, /**< Step attempts one call may use */
    NPDE_OPTION_COUPLING = 6007, /**< How an implicit stage finds the rates: newton or extrapolated */
    NPDE_OPTION_FLUX = 6008, /**< Finite-volume flux: automatic, midpoint or exact */
    NPDE_OPTION_STARTUP_STEPS = 6009, /**< Steps of crank_nicolson done as two half steps of backward Euler; -1 for 2 on rough data and none on smooth */
    NPDE_OPTION_HISTORY = 6010, /**< Points per longest delay that are kept of the past rates, at least (at most 1/64 of the shortest delay apart); with a fixed dt all steps are kept */
    NPDE_OPTION_CONTROLLER = 6011, /**< Control of adaptive steps: integral, pi or pid */
    NPDE_OPTION_OUTPUT = 6012, /**< How npde_solver_sample() meets its times: exact (a step ends there) or dense (interpolated within longer steps, the last one exact) */
    NPDE_OPTION_BLOWUP = 6020, /**< What adaptive runs do where the rate becomes infinite: ignore, stop or jump */
    NPDE_OPTION_LAYER = 6021 /**< Thinnest layer at V_F, in units of V_F - V_R, that a grid made by the solver resolves; 0 for none, or 5e-5 where blowup is jump */
};

/** Statistics of a run. */
enum {
    NPDE_STAT_TIME = 7001, /**< Present time */
    NPDE_STAT_STEP_SIZE = 7002, /**< Size of the last accepted step; 0 before the first */
    NPDE_STAT_NEXT_STEP_SIZE = 7003, /**< Size the next step will try */
    NPDE_STAT_MASS_DEFECT = 7004, /**< Largest |density + reservoir - 1| over the populations */
    NPDE_STAT_MASS_ROUNDING = 7005, /**< Rounding error in the mass that was put back since the start, summed over steps and populations */
    NPDE_STAT_MIN_DENSITY = 7006, /**< Smallest present density at a grid point, the threshold excepted */
    NPDE_STAT_TAIL_MASS = 7007, /**< Largest mass next to an end of the grid (the last tenth before it; the right end with a random threshold only), averaged over its diffusion time: what the truncation of the domain cuts off. Of oscillators the modulus of the last mode */
    NPDE_STAT_RESOLUTION = 7008, /**< L1 distance between the initial data and their projection */
    NPDE_STAT_ERROR_ESTIMATE = 7009, /**< Scaled error estimate of the last accepted adaptive step (accepted at <= 1); 0 with fixed steps */
    NPDE_STAT_BLOWUP_TIME = 7010, /**< Time of the last blow-up of the run, from the fit of the rate; infinite before any */
    NPDE_STAT_BLOWUP_EXPONENT = 7011, /**< Exponent p of N ~ (T - t)^(-p) fitted at the last blow-up (1/2 in theory); 0 before any */
    NPDE_STAT_JUMP_SIZE = 7012, /**< Fraction of a population, the largest, that fires at once at the last blow-up; 0 before any, NaN where noise that grows with the rate makes it unknown */
    NPDE_STAT_JUMPS = 7013, /**< Blow-ups that the run has jumped over */
    NPDE_STAT_CERTIFICATE = 7014, /**< Moment certificate, the largest b mu M_mu exp(-mu V_F) over populations and exponents mu: at >= 1 the present data provably blow up; 0 where the theorem says nothing */
    NPDE_STAT_CERTIFIED_TIME = 7015, /**< Time before which the present data provably blow up; infinite without a certificate */
    NPDE_STAT_SPIKES = 7040, /**< Spikes of single neurons since the start, all populations together */
    NPDE_STAT_SPIKE_TIME = 7041, /**< Time of the last spike; NaN before the first */
    NPDE_STAT_SPIKE_INTERVAL = 7042, /**< Time from the spike before to the last spike of the same population; NaN before its second */
    NPDE_STAT_SPIKE_POPULATION = 7043, /**< Population of the last spike; NaN before the first */
    NPDE_STAT_ORDER_PARAMETER = 7044, /**< Kuramoto: order parameter r, 0 (incoherent) to 1 (all in phase); NaN for other kinds */
    NPDE_STAT_ORDER_PHASE = 7045, /**< Kuramoto: phase psi of the order parameter; NaN for other kinds */
    NPDE_STAT_CRITICAL_COUPLING = 7046 /**< Kuramoto: factor by which all couplings must be multiplied for the incoherent state to lose its stability: with PHASE_COUPLING 1 the critical coupling itself; infinite if none does; NaN for other kinds */
};

/** Counters of a run. */
enum {
    NPDE_COUNT_STEPS = 8001, /**< Accepted steps */
    NPDE_COUNT_REJECTIONS = 8002, /**< Steps tried and given up */
    NPDE_COUNT_STAGES = 8003, /**< Implicit stages solved */
    NPDE_COUNT_FACTORIZATIONS = 8004, /**< Factorizations, all populations counted once */
    NPDE_COUNT_NEWTON_ITERATIONS = 8005, /**< Newton iterations on the rates */
    NPDE_COUNT_CALLBACKS = 8006, /**< Calls of the coupling callback */
    NPDE_COUNT_UNKNOWNS = 8007 /**< Unknown densities of one population, the largest */
};

/** Events. */
enum {
    NPDE_EVENT_START = 9001, /**< A run has started */
    NPDE_EVENT_STEP = 9002, /**< A step was accepted */
    NPDE_EVENT_REJECT = 9003, /**< A step was given up and will be tried smaller */
    NPDE_EVENT_OUTPUT = 9004, /**< An output time of npde_solver_sample() was reached */
    NPDE_EVENT_FINISH = 9005, /**< npde_solver_advance() or npde_solver_sample() reached its end */
    NPDE_EVENT_BLOWUP = 9006, /**< The rate becomes infinite; the state is the last one before */
    NPDE_EVENT_JUMP = 9007, /**< A blow-up was jumped over; the state is the first one after */
    NPDE_EVENT_SPIKE = 9010 /**< A single neuron's potential has crossed SPIKE_LEVEL upwards within the step that was just accepted; t is when, the state that of the step's end */
};

/** Values of NPDE_PARAM_REFRACTORY. */
enum {
    NPDE_REFRACTORY_NONE = 10001, /**< Neurons re-enter at once: M = N */
    NPDE_REFRACTORY_FIXED = 10002, /**< Neurons re-enter after a fixed time: M = N(t - tau) */
    NPDE_REFRACTORY_EXPONENTIAL = 10003 /**< Neurons re-enter after an exponential time: R' = N - R/tau, M = R/tau */
};

/** Values of NPDE_PARAM_DISCHARGE. */
enum {
    NPDE_DISCHARGE_NONE = 11001, /**< Sharp threshold: n = 0 at V_F */
    NPDE_DISCHARGE_STEP = 11002, /**< phi_F = kappa beyond V_F */
    NPDE_DISCHARGE_RAMP = 11003, /**< phi_F = kappa (v - V_F) beyond V_F */
    NPDE_DISCHARGE_CUSTOM = 11004 /**< phi_F by npde_model_set_discharge() */
};

/** Values of NPDE_OPTION_COUPLING. */
enum {
    NPDE_COUPLING_NEWTON = 12001, /**< Newton's iteration on the rates, to rounding */
    NPDE_COUPLING_EXTRAPOLATED = 12002 /**< Rates extrapolated linearly from the last two steps: one solve per stage */
};

/** Values of NPDE_OPTION_FLUX. */
enum {
    NPDE_FLUX_AUTOMATIC = 13001, /**< Exact where drive and diffusion are constant, midpoint elsewhere */
    NPDE_FLUX_MIDPOINT = 13002, /**< Drift frozen at the midpoint of the cell (Scharfetter-Gummel) */
    NPDE_FLUX_EXACT = 13003 /**< Exact integral of the potential over the cell: fourth order in the steady state */
};

/** Values of NPDE_OPTION_CONTROLLER. */
enum {
    NPDE_CONTROLLER_INTEGRAL = 14001, /**< By the last error alone */
    NPDE_CONTROLLER_PI = 14002, /**< Proportional-integral: by the last two errors, smoother steps */
    NPDE_CONTROLLER_PID = 14003 /**< Proportional-integral-derivative: by the last three */
};

/** Values of NPDE_OPTION_OUTPUT. */
enum {
    NPDE_OUTPUT_EXACT = 15001, /**< A step ends at each output time */
    NPDE_OUTPUT_DENSE = 15002 /**< Steps go on; the state is interpolated to the method's order and its rates are taken. Exact all the same while an observer asks for OUTPUT, and with rodas3, rodas4p2, ars222, ars443, ark4 and etdrk4 */
};

/** Values of NPDE_OPTION_BLOWUP. */
enum {
    NPDE_BLOWUP_IGNORE = 16001, /**< No watch: steps shrink until they are too small */
    NPDE_BLOWUP_STOP = 16002, /**< The run stops before it with NPDE_NOTICE_BLOWUP */
    NPDE_BLOWUP_JUMP = 16003 /**< The run goes on by the physical jump: the minimal cascade fires at once */
};

/** Convex functions of a relative entropy. */
enum {
    NPDE_ENTROPY_QUADRATIC = 17001, /**< H(x) = (x - 1)^2 */
    NPDE_ENTROPY_KULLBACK_LEIBLER = 17002, /**< H(x) = x ln x - x + 1 */
    NPDE_ENTROPY_ABSOLUTE = 17003, /**< H(x) = |x - 1| */
    NPDE_ENTROPY_CUSTOM = 17004 /**< H by npde_entropy_set_function() */
};

/** Options of a search for steady states. */
enum {
    NPDE_STEADY_RATE_MIN = 18001, /**< Smallest rate of a steady state that is looked for, in every population; 0 for no bound but that of numbers: rates below 1e-304 are not looked for */
    NPDE_STEADY_RATE_MAX = 18002, /**< Largest rate of a steady state that is looked for, in every population */
    NPDE_STEADY_BOXES = 18003 /**< Boxes of rates that a search may look at before it fails with NPDE_ERR_TOO_MANY_STEPS */
};

/** Inputs of a linear response. */
enum {
    NPDE_INPUT_DRIVE = 19001, /**< Modulated drive, with the network's feedback */
    NPDE_INPUT_DIFFUSION = 19002, /**< Modulated diffusion (noise), with the network's feedback */
    NPDE_INPUT_DRIVE_ALONE = 19003, /**< Modulated drive, the coupling held at its steady value */
    NPDE_INPUT_DIFFUSION_ALONE = 19004 /**< Modulated diffusion (noise), the coupling held at its steady value */
};

/** Options of particles. */
enum {
    NPDE_PARTICLE_OPTION_DT = 20001, /**< Step, cut where an output must be met, and to the shortest delay; with a conductance to half of CONDUCTANCE_TIME, and to CONDUCTANCE_TIME/(100 sum of |b|) over negative undelayed weights */
    NPDE_PARTICLE_OPTION_THREADS = 20002, /**< Threads that share the neurons, the caller's among them; 1 starts none. The result does not depend on it */
    NPDE_PARTICLE_OPTION_BRIDGE = 20003 /**< 1: threshold crossings between the ends of a step are drawn, and their times. 0: only ends of steps are looked at, as many programs do; rates are then too low by O(sqrt(dt)). Kinds with a conductance ignore it */
};

/** Statistics of particles. */
enum {
    NPDE_PARTICLE_STAT_TIME = 21001, /**< Present time */
    NPDE_PARTICLE_STAT_LARGEST_CASCADE = 21002, /**< Largest share of all neurons that fired in one step with a cascade; 0 without any */
    NPDE_PARTICLE_STAT_LARGEST_CASCADE_TIME = 21003, /**< End of the step with the largest cascade */
    NPDE_PARTICLE_STAT_BYTES_PER_NEURON = 21004 /**< Memory of the run divided by the number of neurons, what does not grow with them left out; without the copy of potentials given one by one */
};

/** Counters of particles. */
enum {
    NPDE_PARTICLE_COUNT_STEPS = 22001, /**< Steps of all neurons together */
    NPDE_PARTICLE_COUNT_SPIKES = 22002, /**< Spikes of all populations */
    NPDE_PARTICLE_COUNT_CASCADES = 22003, /**< Steps in which kicks made other neurons fire at once */
    NPDE_PARTICLE_COUNT_GENERATIONS = 22004, /**< Most generations of a cascade */
    NPDE_PARTICLE_COUNT_CALLBACKS = 22005 /**< Calls of the coupling callback and of the conductance callback */
};

/** Number of ids in a family (NPDE_FAMILY_…), into @p out. */
NPDE_API npde_status npde_id_count(npde_id family, size_t *out);
/** The id at an index (from 0, in ascending order) of a family, into @p out. */
NPDE_API npde_status npde_id_at(npde_id family, size_t index, npde_id *out);
/** The id with a name, such as "tr_bdf2", in a family, into @p out; NPDE_ERR_ID if there is none. */
NPDE_API npde_status npde_id_find(npde_id family, const char *name, npde_id *out);
/** Name of an id, such as "tr_bdf2"; NULL for a number that is no id. Lives as long as the program. */
NPDE_API const char *npde_id_name(npde_id id);
/** Unit of an id, "" if it has none; NULL for a number that is no id. */
NPDE_API const char *npde_id_unit(npde_id id);
/** One sentence about an id; NULL for a number that is no id. */
NPDE_API const char *npde_id_text(npde_id id);
/**
 * Range and preset of a parameter, an option or a matrix: low ≤ value ≤ high. For a choice, low and high are ids and the
 * values are the ids between them. Each pointer may be NULL. NPDE_ERR_ID for an id that takes no value.
 */
NPDE_API npde_status npde_id_range(npde_id id, double *low, double *high, double *preset);

#ifdef __cplusplus
}
#endif
#endif
