/* SPDX-License-Identifier: BSD-3-Clause
 * A context, a model and a solver for each test of a program, whose last line runs the suite with set_up and tear_down. To be
 * included after the headers of the library, in which these names are those of arguments. */
#ifndef NPDE_TESTS_ONE_H
#define NPDE_TESTS_ONE_H

#include "support.h"

static npde_context *c;
static npde_model *m;
static npde_solver *s;

static void set_up(void)
{
    ck_assert_int_eq(npde_context_new(&c), NPDE_OK);
    m = NULL;
    s = NULL;
}

static void tear_down(void)
{
    npde_solver_free(s);
    npde_model_free(m);
    npde_context_free(c);
}

#endif
