/* SPDX-License-Identifier: BSD-3-Clause
 * The grids that the library and its peers choose from. */
#ifndef NPDE_BENCH_GRIDS_H
#define NPDE_BENCH_GRIDS_H

#include "spectral.h"

enum { GRIDS_MOST = 40 };

/*
 * Spectral layouts of one family, from coarse to fine: each has a smaller floor than all with fewer unknowns. few: two or
 * three elements of high degree, the fewest unknowns; many: elements of low degree, narrow bands.
 */
typedef enum { GRIDS_FEW, GRIDS_MANY, GRIDS_FAMILIES } grids_family;
typedef struct {
    size_t n;
    layout at[GRIDS_MOST];
} grids;

/* Computed when first asked for. */
const grids *grids_spectral(const problem *p, grids_family family);
/* "2 elements 24+11, n 35" */
void grids_describe(const layout *l, char *text, size_t size);

/* Equal finite volumes: unknowns from coarse to fine, and the domain that makes V_R and V_F points. */
enum { GRIDS_VOLUMES = 17 };
typedef struct {
    size_t left, right; /* cells left of V_R, and from V_R to V_F */
    double h, begin;
} volumes;
volumes grids_volumes(const problem *p, size_t index);

#endif
