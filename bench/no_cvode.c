/* SPDX-License-Identifier: BSD-3-Clause
 * In the place of CVODE where SUNDIALS was not found. */
#include "peers.h"

const char group_fv[] = "CVODE finite volumes", group_sem[] = "CVODE spectral elements";

int cvode_is_there(void)
{
    return 0;
}

void cvode_fv_solvers(const problem *p, cvode_effort effort, solver_list *list)
{
    (void)p, (void)effort, (void)list;
}

void cvode_sem_solvers(const problem *p, cvode_effort effort, solver_list *list)
{
    (void)p, (void)effort, (void)list;
}
