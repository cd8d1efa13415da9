/* SPDX-License-Identifier: BSD-3-Clause
 * Introspection: what a binding builds its enums, arguments and docstrings from. */
#include "support.h"

#include <math.h>
#include <string.h>

START_TEST(families_enumerate)
{
    npde_id last = 0;
    size_t n;
    ck_assert_int_eq(npde_id_count(0, &n), NPDE_ERR_ID);
    for (npde_id family = NPDE_FAMILY_MODEL; npde_id_count(family, &n) == NPDE_OK; family++) {
        ck_assert_uint_gt(n, 0);
        ck_assert_str_ne(npde_id_name(family), "");
        npde_id id, found;
        for (size_t i = 0; i < n; i++) {
            ck_assert_int_eq(npde_id_at(family, i, &id), NPDE_OK);
            ck_assert_int_gt(id, last); /* ascending, and unique over all families */
            last = id;
            ck_assert_int_eq(npde_id_find(family, npde_id_name(id), &found), NPDE_OK);
            ck_assert_int_eq(found, id);
            ck_assert_ptr_nonnull(npde_id_unit(id));
            ck_assert_uint_gt(strlen(npde_id_text(id)), 10);
        }
        ck_assert_int_eq(npde_id_at(family, n, &id), NPDE_ERR_SIZE);
        ck_assert_int_eq(npde_id_find(family, "no such thing", &id), NPDE_ERR_ID);
    }
    ck_assert_int_gt(last, 13000);
}
END_TEST

START_TEST(ranges_hold_their_presets)
{
    const npde_id families[] = {NPDE_FAMILY_PARAM, NPDE_FAMILY_OPTION, NPDE_FAMILY_MATRIX};
    for (int f = 0; f < 3; f++) {
        size_t n;
        ck_assert_int_eq(npde_id_count(families[f], &n), NPDE_OK);
        for (size_t i = 0; i < n; i++) {
            npde_id id;
            double low = NAN, high = NAN, preset = NAN;
            ck_assert_int_eq(npde_id_at(families[f], i, &id), NPDE_OK);
            ck_assert_int_eq(npde_id_range(id, &low, &high, &preset), NPDE_OK);
            ck_assert(low < high && preset >= low && preset <= high);
            ck_assert_int_eq(npde_id_range(id, NULL, NULL, NULL), NPDE_OK);
        }
    }
    ck_assert_int_eq(npde_id_range(NPDE_MODEL_LIF, NULL, NULL, NULL), NPDE_ERR_ID);
    ck_assert_int_eq(npde_id_range(-5, NULL, NULL, NULL), NPDE_ERR_ID);
}
END_TEST

START_TEST(unknown_ids_have_no_name)
{
    const npde_id unknown[] = {0, -1, 999, 1099, 4000, 99999};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        ck_assert_ptr_null(npde_id_name(unknown[i]));
        ck_assert_ptr_null(npde_id_unit(unknown[i]));
        ck_assert_ptr_null(npde_id_text(unknown[i]));
    }
}
END_TEST

START_TEST(statuses_have_names_and_texts)
{
    for (npde_status s = NPDE_ERR_SNAPSHOT; s <= NPDE_NOTICE_ETERNAL; s++) {
        ck_assert_int_eq(strncmp(npde_status_name(s), "NPDE_", 5), 0);
        ck_assert_uint_gt(strlen(npde_status_text(s)), 10);
    }
    ck_assert_str_eq(npde_status_name(NPDE_ERR_RANGE), "NPDE_ERR_RANGE");
    ck_assert_str_eq(npde_status_name(12345), "unknown");
    ck_assert_ptr_nonnull(npde_status_text(12345));
}
END_TEST

START_TEST(versions)
{
    ck_assert_str_eq(npde_version(), NPDE_VERSION);
    ck_assert_int_eq(npde_abi_version(), NPDE_ABI_VERSION);
}
END_TEST

/* A model is born with the presets of the table. */
START_TEST(models_begin_with_the_presets)
{
    npde_context *c;
    npde_model *m;
    size_t n;
    OK(c, npde_context_new(&c));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 3, &m));
    OK(c, npde_id_count(NPDE_FAMILY_PARAM, &n));
    size_t had = 0;
    for (size_t i = 0; i < n; i++) {
        npde_id id;
        double preset, value;
        OK(c, npde_id_at(NPDE_FAMILY_PARAM, i, &id));
        OK(c, npde_id_range(id, NULL, NULL, &preset));
        const npde_status status = npde_model_get(m, 2, id, &value);
        if (status == NPDE_ERR_UNSUPPORTED) continue; /* of another kind of model */
        OK(c, status);
        ck_assert_double_eq(value, preset);
        had++;
    }
    ck_assert_uint_ge(had, 14);
    npde_model_free(m);
    npde_context_free(c);
}
END_TEST

MAIN("ids", families_enumerate, ranges_hold_their_presets, unknown_ids_have_no_name, statuses_have_names_and_texts,
     versions, models_begin_with_the_presets)
