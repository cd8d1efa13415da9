/* SPDX-License-Identifier: BSD-3-Clause
 * Figures by gnuplot, from the CSV files that the measurements write. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

FILE *bench_create(const char *folder, const char *name, const char *ending)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    FILE *file = fopen(path, "w");
    if (file) return file;
    perror(path);
    exit(EXIT_FAILURE);
}

/*
 * A panel a problem: error over time, one colour a group, small points for all settings and large ones on a line for the Pareto
 * front of each group. The front is found for each group here, by awk over the sorted file, so that a slower group has one too.
 */
static const char script[] =
    "ext = exists('ext') ? ext : 'png'\n"
    "if (ext eq 'png') set terminal pngcairo size 500*columns,370*rows font 'DejaVu Sans,10'; else set terminal svg "
    "size "
    "500*columns,370*rows font 'DejaVu Sans,10' background 'white'\n"
    "set output name.'.'.ext\nset datafile separator ','\n"
    "set logscale xy\nset format '10^{%L}'\nset grid\nset xlabel 'CPU seconds of a run to T = 5'\n"
    "set ylabel 'error of N(t)'\nset xrange [1e-5:1]\nset yrange [1e-12:1]\n"
    "all(p, g) = sprintf(\"< awk -F, '$1==\\\"%s\\\" && $2==\\\"%s\\\"' %s.csv\", p, g, name)\n"
    "front(p, g) = sprintf(\"< awk -F, '$1==\\\"%s\\\" && $2==\\\"%s\\\"' %s.csv | sort -t, -g -k4 | "
    "awk -F, '!n++ || $3<e {e=$3; print}'\", p, g, name)\n"
    "set multiplot layout rows,columns title title font ',13'\nunset key\n";

enum { VALUES = 24, VALUE = 64 };
typedef struct {
    size_t n;
    char at[VALUES][VALUE];
} values;

/* The different entries of a column, in order of appearance; the first line is the header. */
static void read_column(const char *path, size_t column, values *v)
{
    char line[1024];
    FILE *csv = fopen(path, "r");
    v->n = 0;
    if (!csv) return;
    for (int header = 1; fgets(line, sizeof line, csv); header = 0) {
        char *entry = line;
        for (size_t k = 0; k < column && entry; k++) entry = (entry = strchr(entry, ',')) ? entry + 1 : NULL;
        if (header || !entry) continue;
        entry[strcspn(entry, ",")] = 0;
        size_t k = 0;
        while (k < v->n && strcmp(v->at[k], entry) != 0) k++;
        if (k == v->n && k < VALUES) snprintf(v->at[v->n++], VALUE, "%.*s", VALUE - 1, entry);
    }
    fclose(csv);
}

/* What the panels show and the curves in them: columns 0 and 1. Is there any? */
static int read_panels(const char *folder, const char *name, values *shown, values *groups)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.csv", folder, name);
    read_column(path, 0, shown);
    read_column(path, 1, groups);
    return groups->n > 0;
}

void bench_draw(const char *folder, const char *name)
{
    char command[8400];
    snprintf(command, sizeof command, "cd '%s' && gnuplot %s.gp && gnuplot -e \"ext='svg'\" %s.gp", folder, name, name);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figures: gnuplot did not run\n");
    else printf("figures: %s/%s.png and .svg\n", folder, name);
}

static void plot_problem(FILE *g, const char *problem, const values *groups)
{
    fprintf(g, "set title '%s'\nplot ", problem);
    for (size_t i = 0; i < groups->n; i++)
        fprintf(g,
                "%sall('%s','%s') using 4:3 with dots lc %zu, front('%s','%s') using 4:3 with linespoints lc %zu lw 2 "
                "pt 7 ps 0.5 dt %zu",
                i ? ", " : "", problem, groups->at[i], i + 1, problem, groups->at[i], i + 1, i / 8 + 1);
    fprintf(g, "\n");
}

/* What the colours mean, in a panel of its own. */
static void plot_key(FILE *g, const values *groups)
{
    fprintf(g, "unset title\nunset logscale\nset xrange [0:1]\nset yrange [0:1]\nunset tics\nunset border\nunset grid\n"
               "unset xlabel\nunset ylabel\nset key center center font ',11' noenhanced\nplot ");
    for (size_t i = 0; i < groups->n; i++)
        fprintf(g, "%sNaN with linespoints lc %zu lw 2 pt 7 ps 0.5 dt %zu title '%s'", i ? ", " : "", i + 1, i / 8 + 1,
                groups->at[i]);
    fprintf(g, "\n");
}

void bench_figure(const char *folder, const char *name, const char *title)
{
    values shown, groups;
    if (!read_panels(folder, name, &shown, &groups)) return;
    const size_t panels = shown.n + 1, columns = panels < 3 ? panels : 3;
    FILE *g = bench_create(folder, name, ".gp");
    fprintf(g, "name = '%s'\ntitle = '%s'\ncolumns = %zu\nrows = %zu\nset encoding utf8\n%s", name, title, columns,
            (panels + columns - 1) / columns, script);
    for (size_t k = 0; k < shown.n; k++) plot_problem(g, shown.at[k], &groups);
    plot_key(g, &groups);
    fprintf(g, "unset multiplot\n");
    fclose(g);
    bench_draw(folder, name);
}

void bench_curves(const char *folder, const char *name, const char *settings)
{
    values shown, groups;
    if (!read_panels(folder, name, &shown, &groups)) return;
    FILE *g = bench_create(folder, name, ".gp");
    fprintf(g,
            "ext = exists('ext') ? ext : 'png'\nif (ext eq 'png') set terminal pngcairo size 520*%zu,480 font 'DejaVu "
            "Sans,10'; "
            "else set terminal svg size 520*%zu,480 font 'DejaVu Sans,10' background 'white'\nset output '%s.'.ext\n"
            "set encoding utf8\nset datafile separator ','\n%s\nset multiplot layout 1,%zu\n",
            shown.n, shown.n, name, settings, shown.n);
    for (size_t k = 0; k < shown.n; k++) {
        fprintf(g, "set title '%s'\nplot ", shown.at[k]);
        for (size_t i = 0; i < groups.n; i++)
            fprintf(g,
                    "%s\"< awk -F, '$1==\\\"%s\\\" && $2==\\\"%s\\\"' %s.csv\" using 3:4 with linespoints lc %zu pt 7 "
                    "ps 0.5 "
                    "dt %zu title '%s'",
                    i ? ", " : "", shown.at[k], groups.at[i], name, i + 1, i / 8 + 1, groups.at[i]);
        fprintf(g, "\n");
    }
    fprintf(g, "unset multiplot\n");
    fclose(g);
    bench_draw(folder, name);
}
