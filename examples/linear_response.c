/* SPDX-License-Identifier: BSD-3-Clause
 * Gain and phase of the rate's response to a modulated drive and a modulated noise, over five decades of frequency, with the closed
 * form beside it; and what recurrent inhibition with a delay makes of it, with the spectrum of 1000 neurons.
 *
 *     linear_response [output directory]
 */
#define _POSIX_C_SOURCE 200809L
#include <complex.h>
#include <math.h>
#include <neuropde/neuropde.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static npde_context *context;
static const double pi = 3.14159265358979323846;
enum { POINTS = 201, STRIDE = 10 };

static void check(npde_status status)
{
    if (status >= 0) return;
    fprintf(stderr, "%s: %s\n", npde_status_name(status), npde_context_error(context));
    exit(EXIT_FAILURE);
}

static FILE *create(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return file;
}

/*
 * E(s, w) = ∫_0^∞ t^{s−1} e^{−t²/2 + tw} dt times e^{shift}, Re s ≥ 1: with t = e^z along the line through the saddle point
 * t² − wt = s, where the trapezoidal rule converges exponentially.
 */
static double complex saddle_integral(double complex s, double w, double shift)
{
    const double angle = carg((w + csqrt(w * w + 4 * s)) / 2), h = 0.001;
    double complex sum = 0;
    for (int k = -42000; k <= 6000; k++) {
        const double complex z = h * k + angle * _Complex_I, t = cexp(z);
        sum += cexp(s * z - t * t / 2 + w * t + shift);
    }
    return h * sum;
}

/* The closed forms for V_R = 1, V_F = 2, a = 1, drive 0 (Brunel & Hakim 1999; Lindner & Schimansky-Geier 2001). */
static void closed_form(double rate, double omega, double complex *drive, double complex *noise)
{
    const double complex s = omega * _Complex_I;
    const double w[] = {1, 2}, shift = omega * pi / 4;
    double complex e[3] = {0};
    for (int i = 0; i < 2; i++) {
        const double sign = i ? 1 : -1;
        const double complex one = saddle_integral(s + 1, w[i], shift), two = saddle_integral(s + 2, w[i], shift);
        e[0] += sign * (two - w[i] * one) / s; /* E(s + 2) = w E(s + 1) + s E(s) */
        e[1] += sign * one;
        e[2] += sign * two;
    }
    *drive = rate / (1 + s) * e[1] / e[0];
    *noise = rate / (2 + s) * e[2] / e[0];
}

static npde_response *respond(double b, double delay, double *rate)
{
    npde_model *model;
    npde_steady *steady;
    npde_response *response;
    size_t n;
    double lead[2];
    check(npde_model_new(context, NPDE_MODEL_LIF_NETWORK, 1, &model));
    check(npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, b));
    check(npde_model_set(model, 0, NPDE_PARAM_DELAY, delay));
    if (b != 0) check(npde_model_set(model, 0, NPDE_PARAM_DRIVE, 3));
    check(npde_steady_new(model, NULL, &steady));
    check(npde_steady_solve(steady, &n));
    check(npde_steady_rates(steady, 0, rate, 1));
    check(npde_steady_eigenvalues(steady, 0, lead, 1));
    printf("b = %g, delay %g: N = %.10f, leading eigenvalue %.6f%+.6fi\n", b, delay, *rate, lead[0], lead[1]);
    check(npde_response_new(steady, 0, &response));
    npde_steady_free(steady);
    npde_model_free(model);
    return response;
}

static void write_row(FILE *file, double omega, const double complex *x, int n)
{
    fprintf(file, "%.8g", omega);
    for (int i = 0; i < n; i++) fprintf(file, " %.10g %.10g", cabs(x[i]), carg(x[i]) * 180 / pi);
    fprintf(file, "\n");
}

static double complex number(const double *re_im, int i)
{
    return re_im[2 * i] + re_im[2 * i + 1] * _Complex_I;
}

/* The neuron alone: response, closed form, the largest relative difference. */
static void neuron(const double *omega, const char *folder)
{
    double rate, drive[2 * POINTS], noise[2 * POINTS], worst[2] = {0, 0};
    npde_response *r = respond(0, 0, &rate);
    check(npde_response_rate(r, NPDE_INPUT_DRIVE, 0, omega, POINTS, drive));
    check(npde_response_rate(r, NPDE_INPUT_DIFFUSION, 0, omega, POINTS, noise));
    FILE *line = folder ? create(folder, "response.dat") : NULL, *point = folder ? create(folder, "closed.dat") : NULL;
    printf("%10s %12s %10s %12s %10s\n", "omega", "gain drive", "phase", "gain noise", "phase");
    for (int i = 0; i < POINTS; i++) {
        const double complex x[] = {number(drive, i), number(noise, i)};
        if (line) write_row(line, omega[i], x, 2);
        if (i % STRIDE) continue;
        double complex exact[2];
        closed_form(rate, omega[i], &exact[0], &exact[1]);
        for (int k = 0; k < 2; k++) worst[k] = fmax(worst[k], cabs(x[k] / exact[k] - 1));
        if (point) write_row(point, omega[i], exact, 2);
        printf("%10.4g %12.6g %9.2f° %12.6g %9.2f°\n", omega[i], cabs(x[0]), carg(x[0]) * 180 / pi, cabs(x[1]),
               carg(x[1]) * 180 / pi);
    }
    printf("largest relative difference to the closed form: drive %.1e, noise %.1e\n", worst[0], worst[1]);
    if (line) fclose(line);
    if (point) fclose(point);
    npde_response_free(r);
}

/* Inhibition with a delay: a resonance near its Hopf point, in the response and in the spectrum of 1000 neurons. */
static void network(const double *omega, const char *folder)
{
    double rate, drive[2 * POINTS], alone[2 * POINTS], power[POINTS];
    const double neurons = 1000;
    npde_response *r = respond(-2, 1, &rate);
    check(npde_response_rate(r, NPDE_INPUT_DRIVE, 0, omega, POINTS, drive));
    check(npde_response_rate(r, NPDE_INPUT_DRIVE_ALONE, 0, omega, POINTS, alone));
    check(npde_response_spectrum(r, &neurons, 1, omega, POINTS, power));
    FILE *file = folder ? create(folder, "network.dat") : NULL;
    int top = 0;
    for (int i = 0; i < POINTS; i++) {
        if (power[i] > power[top]) top = i;
        if (file)
            fprintf(file, "%.8g %.10g %.10g %.10g\n", omega[i], cabs(number(drive, i)), cabs(number(alone, i)),
                    power[i] * neurons / rate);
    }
    printf("inhibition b = -2, delay 1, drive 3: N = %.6f, the spectrum peaks at omega = %.2f with %.2f of N/M\n", rate,
           omega[top], power[top] * neurons / rate);
    if (file) fclose(file);
    npde_response_free(r);
}

static void plot(const char *folder)
{
    FILE *g = create(folder, "linear_response.gp");
    fprintf(
        g, "ext = exists('ext') ? ext : 'png'\n"
           "if (ext eq 'png') set terminal pngcairo size 1200,800 font 'DejaVu Sans,11'; else set terminal svg size "
           "1200,800 font 'DejaVu Sans,11' background 'white'\n"
           "set output 'linear_response.'.ext\nset multiplot layout 2,2\nset grid\nset logscale x\nset xlabel "
           "'{/Symbol w}'\nset key left bottom\nset logscale y\nset ylabel 'gain'\nset title 'V_R = 1, V_F = 2, a = 1: "
           "lines computed, circles closed form'\n"
           "plot 'response.dat' using 1:2 with lines lw 2 title 'drive', 'closed.dat' using 1:2 with points pt 6 "
           "notitle, 'response.dat' using 1:4 with lines lw 2 title 'noise', 'closed.dat' using 1:4 with points pt 6 "
           "notitle\n"
           "unset logscale x\nset key right top\nset title 'delayed inhibition, b = -2, d = 1, drive 3'\nplot "
           "'network.dat' using 1:2 with lines lw 2 title "
           "'drive, in the network', '' using 1:3 with lines lw 2 dt 2 title 'drive, alone'\n"
           "unset logscale y\nset logscale x\nset key left bottom\nset ylabel 'phase in degrees'\nunset title\n"
           "plot 'response.dat' using 1:3 with lines lw 2 title 'drive', 'closed.dat' using 1:3 with points pt 6 "
           "notitle, 'response.dat' using 1:5 with lines lw 2 title 'noise', 'closed.dat' using 1:5 with points pt 6 "
           "notitle\n"
           "unset logscale x\nset ylabel 'S M/N'\nset key right top\nplot 'network.dat' using 1:4 with lines lw 2 "
           "title 'spectrum of the "
           "rate', 1 dt 2 notitle\nunset multiplot\n");
    fclose(g);
    char command[8192];
    snprintf(command, sizeof command,
             "cd '%s' && gnuplot linear_response.gp && gnuplot -e \"ext='svg'\" linear_response.gp", folder);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figures: gnuplot did not run\n");
    else printf("figures: %s/linear_response.png and .svg\n", folder);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    double omega[POINTS];
    if (folder) mkdir(folder, 0777);
    for (int i = 0; i < POINTS; i++) omega[i] = 0.01 * pow(10, 5.0 * i / (POINTS - 1));
    check(npde_context_new(&context));
    neuron(omega, folder);
    for (int i = 0; i < POINTS; i++) omega[i] = 0.15 * i;
    network(omega, folder);
    if (folder) plot(folder);
    npde_context_free(context);
    return EXIT_SUCCESS;
}
