/* SPDX-License-Identifier: BSD-3-Clause
 * neuropde-bench: what the library costs at an accuracy, alone and beside others. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* OpenBLAS's threads help nobody at these sizes, and its peers would be measured with them. Absent in other LAPACKs. */
extern void openblas_set_num_threads(int n) __attribute__((weak));

static int references(const bench_options *options)
{
    for (size_t k = 0; k < PROBLEMS; k++) {
        if (options->problem && strcmp(options->problem, problems[k].name) != 0) continue;
        const reference *r = problem_reference(&problems[k]);
        printf("%-4s N(5) = %.14f, largest N %.14f; two references apart by %.1e, from the stored one by %.1e\n",
               problems[k].name, r->rates[PROBLEM_TIMES - 1], r->largest, r->apart, r->from_golden);
    }
    return 0;
}

static int kernels(const bench_options *options)
{
    FILE *csv = options->out ? bench_create(options->out, "kernels", ".csv") : NULL;
    const int answer = bench_kernels(csv);
    if (csv) fclose(csv);
    return answer;
}

static const struct {
    const char *name;
    int (*run)(const bench_options *options);
    const char *text;
} commands[] = {
    {"workprec", bench_workprec, "every method, scheme and problem: error against CPU time"},
    {"orders", bench_orders, "the order each method shows, without and with a drive that moves"},
    {"peers", bench_peers, "SUNDIALS CVODE and a published scheme beside the library"},
    {"kernels", kernels, "linear solves: ns per unknown, GB/s"},
    {"scaling", bench_scaling, "time against cells, populations, threads of the caller"},
    {"particles", bench_particles,
     "particles: speed, distance to the equation against number and step, blow-up, Brian2"},
    {"studies", bench_studies, "closed-form rate beside scipy, steady states, eigenvalues, linear response"},
    {"kinetic", bench_kinetic, "the voltage-conductance equation: cost of a step, and WENO5 + RK3 beside it"},
    {"targets", bench_targets, "one line a number: measured, goal, met or short"},
    {"references", references, "the references that errors are measured by, and how far they are apart"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s COMMAND [--problem NAME] [--out DIR] [--quick] [--populations N]\n", program);
    for (size_t k = 0; k < COMMANDS; k++) fprintf(stderr, "  %-11s %s\n", commands[k].name, commands[k].text);
    fprintf(stderr, "problems:");
    for (size_t k = 0; k < PROBLEMS; k++) fprintf(stderr, " %s", problems[k].name);
    fprintf(stderr, "\n--out writes CSV files and figures there; --quick does little of everything\n");
    return 2;
}

static int known_problem(const char *name)
{
    for (size_t k = 0; k < PROBLEMS; k++)
        if (!strcmp(problems[k].name, name)) return 1;
    return 0;
}

static int parse(int argc, char **argv, bench_options *options)
{
    for (int k = 2; k < argc; k++) {
        const char *value = k + 1 < argc ? argv[k + 1] : NULL;
        if (!strcmp(argv[k], "--quick")) options->quick = 1;
        else if (!strcmp(argv[k], "--problem") && value && known_problem(value)) options->problem = argv[++k];
        else if (!strcmp(argv[k], "--out") && value) options->out = argv[++k];
        else if (!strcmp(argv[k], "--populations") && value) options->populations = (size_t)atoll(argv[++k]);
        else return 0;
    }
    return options->populations >= 2;
}

int main(int argc, char **argv)
{
    bench_options options = {.populations = 4096};
    if (argc < 2 || !parse(argc, argv, &options)) return usage(argv[0]);
    if (openblas_set_num_threads) openblas_set_num_threads(1);
    if (options.out) mkdir(options.out, 0777);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t k = 0; k < COMMANDS; k++)
        if (!strcmp(argv[1], commands[k].name)) return commands[k].run(&options);
    return usage(argv[0]);
}
