/* SPDX-License-Identifier: BSD-3-Clause
 * Time of the kernels, beside LAPACK and the bandwidth of the memory in the same run. Each time is the least of many: what a
 * shared machine adds only adds. */
#include "bench.h"

#include "numerics/kernels.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LANES = NPDE__KERNELS_LANES, SAMPLES = 200, BLOCKS = 4, DEGREE = 10, LD = 16 };

void dgtsv_(const int *n, const int *nrhs, double *dl, double *d, double *du, double *b, const int *ldb, int *info);
void dgttrf_(const int *n, double *dl, double *d, double *du, double *du2, int *ipiv, int *info);
void dgttrs_(const char *trans, const int *n, const int *nrhs, const double *dl, const double *d, const double *du,
             const double *du2, const int *ipiv, double *b, const int *ldb, int *info, size_t trans_length);
void dgbtrf_(const int *m, const int *n, const int *kl, const int *ku, double *ab, const int *ldab, int *ipiv,
             int *info);
void dgbtrs_(const char *trans, const int *n, const int *kl, const int *ku, const int *nrhs, const double *ab,
             const int *ldab, const int *ipiv, double *b, const int *ldb, int *info, size_t trans_length);
void dgemv_(const char *trans, const int *m, const int *n, const double *alpha, const double *a, const int *lda,
            const double *x, const int *incx, const double *beta, double *y, const int *incy, size_t trans_length);

/* What is timed: n unknowns in each of n_systems, by the kernels k or (without) by LAPACK. */
typedef struct {
    const npde__kernels *k;
    size_t n, n_systems;
    double *sum, *down, *up, *factors, *x, *matrix, *spare;
    int *pivots;
} job;
typedef void (*step)(job *);

static int64_t nanoseconds(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Seconds of one run, repeated in each sample until the clock's own time is nothing; or once after each `prepare`. */
static double seconds(job *j, step prepare, step run)
{
    double best = INFINITY;
    size_t repeats = 1;
    for (int sample = 0; sample < SAMPLES; sample++) {
        if (prepare) prepare(j);
        const int64_t start = nanoseconds();
        for (size_t r = 0; r < repeats; r++) run(j);
        const double t = (double)(nanoseconds() - start) * 1e-9 / (double)repeats;
        if (t < best) best = t;
        if (sample == 0 && !prepare) repeats = 1 + (size_t)(2e-5 / (t + 1e-9));
        if (t > 0.01 && sample > 5) break;
    }
    return best;
}

static double *numbers(size_t n)
{
    const size_t line = 64;
    double *x = aligned_alloc(line, (n * sizeof *x + line - 1) / line * line);
    if (!x) {
        perror("memory");
        exit(1);
    }
    for (size_t i = 0; i < n; i++) x[i] = 1 + 0.5 * sin((double)i);
    return x;
}

static job new_job(const npde__kernels *k, size_t n, size_t n_systems)
{
    job j = {k,    n,    n_systems, numbers(n), numbers(n), numbers(n), numbers(16 * n + 1024), numbers(n * n_systems),
             NULL, NULL, NULL};
    j.pivots = calloc(n, sizeof *j.pivots);
    /* Unit column sums and nothing lost at the end: a solve keeps Σ x, so that repeated ones neither grow nor fade. */
    for (size_t i = 0; i < n; i++) {
        j.sum[i] = 1;
        j.down[i] = j.up[i] = i + 1 < n ? 50 * j.down[i] : 0;
    }
    return j;
}

static void free_job(job *j)
{
    double *const arrays[] = {j->sum, j->down, j->up, j->factors, j->x, j->matrix, j->spare};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) free(arrays[i]);
    free(j->pivots);
}

/* --- tridiagonal --- */

static void fill_lapack(job *j)
{
    const size_t n = j->n;
    double *below = j->factors, *diagonal = below + n, *above = diagonal + n;
    for (size_t i = 0; i < n; i++) {
        below[i] = -j->down[i];
        above[i] = -j->up[i];
        diagonal[i] = j->sum[i] + j->down[i] + (i ? j->up[i - 1] : 0);
    }
}

static void run_dgtsv(job *j)
{
    const int n = (int)j->n, one = 1;
    int info;
    dgtsv_(&n, &one, j->factors, j->factors + j->n, j->factors + 2 * j->n, j->x, &n, &info);
}

static void run_dgttrf(job *j)
{
    const int n = (int)j->n;
    int info;
    dgttrf_(&n, j->factors, j->factors + j->n, j->factors + 2 * j->n, j->factors + 3 * j->n, j->pivots, &info);
}

static void run_dgttrs(job *j)
{
    const int n = (int)j->n, one = 1;
    int info;
    dgttrs_("N", &n, &one, j->factors, j->factors + j->n, j->factors + 2 * j->n, j->factors + 3 * j->n, j->pivots, j->x,
            &n, &info, 1);
}

static void run_line_factor(job *j)
{
    j->k->line_factor(j->n, j->sum, j->down, j->up, j->factors);
}

static void run_line_solve(job *j)
{
    j->k->line_solve(j->n, j->factors, j->x);
}

static void run_shared_solve(job *j)
{
    j->k->shared_solve(j->n, j->n_systems / LANES, j->factors, j->x);
}

static void run_batch_solve(job *j)
{
    const size_t all = j->n * j->n_systems;
    j->k->batch_solve(j->n, j->n_systems / LANES, j->matrix, j->matrix + all, j->matrix + 2 * all, j->x);
}

static void run_batch_factor(job *j)
{
    const size_t all = j->n * j->n_systems;
    for (size_t at = 0; at < all; at += LANES * j->n)
        j->k->batch_factor(j->n, j->spare + at, j->spare + all + at, j->spare + 2 * all + at, j->matrix + at,
                           j->matrix + all + at, j->matrix + 2 * all + at);
}

static double time_dgtsv(size_t n)
{
    job j = new_job(NULL, n, 1);
    const double t = seconds(&j, fill_lapack, run_dgtsv);
    free_job(&j);
    return t;
}

static double time_dgttrs(size_t n)
{
    job j = new_job(NULL, n, 1);
    fill_lapack(&j);
    run_dgttrf(&j);
    const double t = seconds(&j, NULL, run_dgttrs);
    free_job(&j);
    return t;
}

static double time_line(const npde__kernels *k, size_t n, step run)
{
    job j = new_job(k, n, 1);
    run_line_factor(&j);
    const double t = seconds(&j, NULL, run);
    free_job(&j);
    return t;
}

static double time_shared(const npde__kernels *k, size_t n, size_t n_systems)
{
    job j = new_job(k, n, n_systems);
    k->shared_factor(n, j.sum, j.down, j.up, j.factors);
    const double t = seconds(&j, NULL, run_shared_solve);
    free_job(&j);
    return t;
}

static double time_batch(const npde__kernels *k, size_t n, size_t n_systems, step run)
{
    job j = new_job(k, n, n_systems);
    const size_t all = n * n_systems;
    j.matrix = numbers(3 * all);
    j.spare = numbers(3 * all);
    double *const to[] = {j.spare, j.spare + all, j.spare + 2 * all};
    const double *const from[] = {j.sum, j.down, j.up};
    for (size_t a = 0; a < 3; a++)
        for (size_t i = 0; i < all; i++) to[a][i] = from[a][i / LANES % n];
    run_batch_factor(&j);
    const double t = seconds(&j, NULL, run);
    free_job(&j);
    return t;
}

/* --- chains of blocks and dense matrices --- */

/* A chain of BLOCKS blocks, DEGREE + 1 unknowns each: of eight systems in lanes, of one, and as a band matrix for LAPACK. */
static double entry(size_t i, size_t j)
{
    return i == j ? 2 * DEGREE + 1 : sin((double)(7 * i + 3 * j));
}

static void fill_lanes(job *j)
{
    const size_t m = DEGREE + 1;
    for (size_t b = 0; b < BLOCKS; b++)
        for (size_t i = 0; i < m * m * LANES; i++)
            j->matrix[b * m * m * LANES + i] = entry(i / LANES % m, i / LANES / m);
}

static void run_lanes_factor(job *j)
{
    const size_t m = DEGREE + 1;
    for (size_t b = 0; b < BLOCKS; b++) j->k->lanes_factor(m, DEGREE, j->matrix + b * m * m * LANES);
}

static void run_lanes_solve(job *j)
{
    const size_t m = DEGREE + 1, size = m * m * LANES;
    for (size_t b = 0; b < BLOCKS; b++) j->k->lanes_forward(m, DEGREE, j->matrix + b * size, j->x + b * DEGREE * LANES);
    for (size_t b = BLOCKS; b-- > 0;) j->k->lanes_backward(m, DEGREE, j->matrix + b * size, j->x + b * DEGREE * LANES);
}

static void fill_chain(job *j)
{
    const size_t m = DEGREE + 1;
    for (size_t b = 0; b < BLOCKS; b++)
        for (size_t i = 0; i < m * LD; i++) j->matrix[b * m * LD + i] = i % LD < m ? entry(i % LD, i / LD) : 0;
}

static void run_chain_factor(job *j)
{
    const size_t size = (DEGREE + 1) * LD;
    for (size_t b = 0; b < BLOCKS; b++)
        j->k->chain_factor(DEGREE + 1, DEGREE, LD, j->matrix + b * size, j->spare + b * 16 * LD);
}

static void run_chain_solve(job *j)
{
    const size_t m = DEGREE + 1;
    for (size_t b = 0; b < BLOCKS; b++)
        j->k->chain_forward(DEGREE, LD, j->matrix + b * m * LD, j->spare + b * 16 * LD, j->x + b * DEGREE);
    for (size_t b = BLOCKS; b-- > 0;)
        j->k->chain_backward(m, LD, j->matrix + b * m * LD, j->spare + b * 16 * LD, j->x + b * DEGREE);
}

static void fill_band(job *j)
{
    const size_t height = 3 * DEGREE + 1;
    for (size_t c = 0; c < j->n; c++)
        for (size_t i = c > DEGREE ? c - DEGREE : 0; i <= c + DEGREE && i < j->n; i++)
            j->matrix[c * height + 2 * DEGREE + i - c] = i / DEGREE == c / DEGREE ? entry(i % DEGREE, c % DEGREE) : 0;
}

static void run_dgbtrf(job *j)
{
    const int n = (int)j->n, k = DEGREE, ld = 3 * DEGREE + 1;
    int info;
    dgbtrf_(&n, &n, &k, &k, j->matrix, &ld, j->pivots, &info);
}

static void run_dgbtrs(job *j)
{
    const int n = (int)j->n, k = DEGREE, ld = 3 * DEGREE + 1, one = 1;
    int info;
    dgbtrs_("N", &n, &k, &k, &one, j->matrix, &ld, j->pivots, j->x, &n, &info, 1);
}

static void fill_x(job *j)
{
    for (size_t i = 0; i < j->n * j->n_systems; i++) j->x[i] = 1;
}

/* Factor and solve, in lanes or of one system by the kernels k, or by LAPACK. */
static void time_chain(const npde__kernels *k, int lanes, double *factor, double *solve)
{
    job j = new_job(k, BLOCKS * DEGREE + 1, LANES);
    j.matrix = numbers(BLOCKS * (DEGREE + 1) * (3 * DEGREE + LD) * LANES);
    j.spare = numbers(BLOCKS * 16 * LD);
    *factor = !k      ? seconds(&j, fill_band, run_dgbtrf)
              : lanes ? seconds(&j, fill_lanes, run_lanes_factor)
                      : seconds(&j, fill_chain, run_chain_factor);
    *solve = seconds(&j, fill_x, !k ? run_dgbtrs : lanes ? run_lanes_solve : run_chain_solve);
    free_job(&j);
}

static size_t *places(size_t n)
{
    static size_t at[LANES];
    for (size_t l = 0; l < LANES; l++) at[l] = l * n;
    return at;
}

static void run_gather(job *j)
{
    j->k->gather(j->n, places(j->n), j->x, j->sum, j->matrix);
}

static void run_scatter(job *j)
{
    j->k->scatter(j->n, places(j->n), j->sum, j->matrix, j->x);
}

static void run_lanes_multiply(job *j)
{
    const size_t ld = (j->n + 7) / 8 * 8;
    const double *const a[] = {j->matrix, j->matrix + j->n * ld, j->matrix + 2 * j->n * ld};
    j->k->lanes_multiply(j->n, j->n, 3, a, ld, j->factors, j->x, j->spare);
}

static double time_lanes(const npde__kernels *k, size_t n, step run)
{
    job j = new_job(k, n, LANES);
    j.matrix = numbers(3 * (n + 7) * n + n * LANES);
    j.spare = numbers(n * LANES);
    const double t = seconds(&j, fill_x, run);
    free_job(&j);
    return t;
}

static void run_multiply(job *j)
{
    j->k->multiply(j->n, j->n, j->matrix, (j->n + 7) / 8 * 8, j->x, j->spare);
}

static void run_dgemv(job *j)
{
    const int n = (int)j->n, ld = (int)((j->n + 7) / 8 * 8), one = 1;
    const double alpha = 1, beta = 0;
    dgemv_("N", &n, &n, &alpha, j->matrix, &ld, j->x, &one, &beta, j->spare, &one, 1);
}

static double time_multiply(const npde__kernels *k, size_t n)
{
    job j = new_job(k, n, 1);
    j.matrix = numbers(n * (n + 7));
    j.spare = numbers(n);
    const double t = seconds(&j, NULL, k ? run_multiply : run_dgemv);
    free_job(&j);
    return t;
}

/* --- sums of vectors, and with them the bandwidth --- */

static void run_combine(job *j)
{
    const double *x[NPDE__KERNELS_TERMS], *c = j->sum;
    for (size_t k = 0; k < j->n; k++) x[k] = j->matrix + k * j->n_systems;
    j->k->combine(j->n_systems, j->n, c, x, j->spare);
}

/* m vectors of n numbers. */
static double time_combine(const npde__kernels *k, size_t n, size_t m)
{
    job j = new_job(k, m, n);
    j.matrix = numbers(m * n);
    j.spare = numbers(n);
    const double t = seconds(&j, NULL, run_combine);
    free_job(&j);
    return t;
}

static void run_scale(job *j)
{
    const double *x[] = {j->x};
    j->k->combine(j->n * j->n_systems, 1, j->sum, x, j->x);
}

/* In place: each number read and written, as by the solves. */
static double scale_bandwidth(size_t bytes)
{
    job j = new_job(npde__kernels_best(), 1, bytes / sizeof(double));
    const double t = seconds(&j, NULL, run_scale);
    free_job(&j);
    return 2 * (double)bytes / t;
}

static void run_read(job *j)
{
    j->k->multiply(64, j->n, j->matrix, 64, j->x, j->spare);
}

/* The product with a matrix of 64 rows does little but read it. */
static double read_bandwidth(size_t bytes)
{
    job j = new_job(npde__kernels_best(), bytes / sizeof(double) / 64, 1);
    j.matrix = numbers(bytes / sizeof(double));
    j.spare = numbers(64);
    const double t = seconds(&j, NULL, run_read);
    free_job(&j);
    return (double)bytes / t;
}

static double triad_bandwidth(size_t bytes)
{
    return (double)bytes / time_combine(npde__kernels_best(), bytes / sizeof(double) / 3, 2);
}

/* --- what is asked for --- */

static double shared_400_64(void)
{
    return time_shared(npde__kernels_best(), 400, 64) / 64;
}

double bench_kernels_single_ratio(void)
{
    return time_dgtsv(400) / time_line(npde__kernels_best(), 400, run_line_solve);
}

double bench_kernels_batch_ratio(void)
{
    return time_dgtsv(400) / shared_400_64();
}

/* What must be moved, each right side once in and once out or 16 bytes an unknown, against the triad over as many bytes. The
 * solve goes over them twice, so that 1 would be out of its reach if a part did not stay in the first level. */
double bench_kernels_batch_bandwidth(void)
{
    return 16 * 400 / shared_400_64() / triad_bandwidth(400 * 64 * sizeof(double));
}

typedef struct {
    FILE *csv;
    const char *variant;
} table;

/* `bytes` an unknown at least read or written; `lapack` seconds by the routine of that name, which may be NULL. */
static void row(const table *t, const char *kernel, const char *size, double time, double unknowns, double bytes,
                const char *name, double lapack)
{
    const double ns = time / unknowns * 1e9, rate = bytes * unknowns / time * 1e-9, ratio = lapack / time;
    printf("%-14s %-9s %-16s %10.3f %8.1f", kernel, t->variant, size, ns, rate);
    if (name) printf("   %6.1f x %s", ratio, name);
    printf("\n");
    if (t->csv)
        fprintf(t->csv, "%s,%s,%s,%.4g,%.4g,%s,%.4g\n", kernel, t->variant, size, ns, rate, name ? name : "",
                name ? ratio : 0);
}

static void bench_tridiagonal(const table *t, const npde__kernels *k)
{
    static const size_t sizes[] = {100, 200, 400, 800, 1600}, systems[] = {8, 64, 1024, 8192};
    char size[32];
    for (size_t i = 0; i < 5; i++) {
        const size_t n = sizes[i];
        const double m = (double)n, solve = time_line(k, n, run_line_solve), dgtsv = time_dgtsv(n);
        snprintf(size, sizeof size, "M=%zu", n);
        row(t, "line factor", size, time_line(k, n, run_line_factor), m, 64, "dgtsv", dgtsv);
        row(t, "line solve", size, solve, m, 56, "dgtsv", dgtsv);
        row(t, "line solve", size, solve, m, 56, "dgttrs", time_dgttrs(n));
    }
    const double dgtsv = time_dgtsv(400);
    for (size_t i = 0; i < 4; i++) {
        const size_t n = 400, b = systems[i];
        const double m = (double)(n * b), lapack = dgtsv * (double)b;
        snprintf(size, sizeof size, "M=%zu B=%zu", n, b);
        row(t, "batch factor", size, time_batch(k, n, b, run_batch_factor), m, 48, "dgtsv", lapack);
        row(t, "batch solve", size, time_batch(k, n, b, run_batch_solve), m, 40, "dgtsv", lapack);
        row(t, "shared solve", size, time_shared(k, n, b), m, 16, "dgtsv", lapack);
    }
}

/* Times and "unknowns" of chains are those of whole systems, of the products those of whole products. */
static void bench_matrices(const table *t, const npde__kernels *k)
{
    static const size_t sizes[] = {32, 56, 64, 96, 128};
    const double block = (DEGREE + 1) * sizeof(double), bytes = BLOCKS * (DEGREE + 1) * block;
    char size[32];
    double factor, solve, dgbtrf, dgbtrs;
    time_chain(NULL, 0, &dgbtrf, &dgbtrs);
    time_chain(k, 0, &factor, &solve);
    row(t, "chain factor", "n=41 p=10 system", factor, 1, 2 * bytes, "dgbtrf", dgbtrf);
    row(t, "chain solve", "n=41 p=10 system", solve, 1, bytes, "dgbtrs", dgbtrs);
    time_chain(k, 1, &factor, &solve);
    row(t, "lanes factor", "n=41 p=10 system", factor, LANES, 2 * bytes, "dgbtrf", LANES * dgbtrf);
    row(t, "lanes solve", "n=41 p=10 system", solve, LANES, bytes, "dgbtrs", LANES * dgbtrs);
    row(t, "lanes multiply", "3 of n=11", time_lanes(k, 11, run_lanes_multiply), LANES, 2 * block, NULL, 0);
    row(t, "gather", "n=41", time_lanes(k, 41, run_gather), 41 * LANES, 16, NULL, 0);
    row(t, "scatter", "n=41", time_lanes(k, 41, run_scatter), 41 * LANES, 16, NULL, 0);
    for (size_t i = 0; i < 5; i++) {
        const size_t n = sizes[i];
        snprintf(size, sizeof size, "n=%zu product", n);
        row(t, "multiply", size, time_multiply(k, n), 1, (double)(n * n * sizeof(double)), "dgemv",
            time_multiply(NULL, n));
    }
}

static void bench_sums(const table *t, const npde__kernels *k)
{
    static const size_t terms[] = {2, 6, 12};
    char size[32];
    for (size_t i = 0; i < 3; i++) {
        const size_t n = 400, m = terms[i];
        snprintf(size, sizeof size, "n=%zu m=%zu", n, m);
        row(t, "combine", size, time_combine(k, n, m), (double)n, (double)(8 * (m + 1)), NULL, 0);
    }
}

int bench_kernels(FILE *csv)
{
    static const struct {
        const char *name;
        size_t bytes;
    } levels[] = {{"L1", 24 << 10}, {"L2", 384 << 10}, {"DRAM", 192 << 20}};
    printf("memory, GB/s     read    in place   triad\n");
    for (size_t i = 0; i < 3; i++)
        printf("%-12s %8.0f %11.0f %7.0f\n", levels[i].name, 1e-9 * read_bandwidth(levels[i].bytes),
               1e-9 * scale_bandwidth(levels[i].bytes), 1e-9 * triad_bandwidth(levels[i].bytes));
    printf("\n%-14s %-9s %-16s %10s %8s   %s\n", "kernel", "variant", "size", "ns/unknown", "GB/s", "faster than");
    if (csv) fprintf(csv, "kernel,variant,size,ns_per_unknown,gb_per_s,lapack,ratio\n");
    const npde__kernels *k;
    for (size_t i = 0; (k = npde__kernels_at(i)); i++) {
        const table t = {csv, k->name};
        bench_tridiagonal(&t, k);
        bench_matrices(&t, k);
        bench_sums(&t, k);
    }
    return 0;
}
