/* explain.h - pieces that both forms of weir_plan_explain tell; private to cube/plan/
 *
 * Ownership   all texts are yours
 */
#ifndef WEIR_CUBE_PLAN_EXPLAIN_H
#define WEIR_CUBE_PLAN_EXPLAIN_H

#include "cube/plan/plan.h"

char *weir_explain_crs (const weir_plan_t *plan,
                        const weir_grid_t *grid); /* "WGS 84 (EPSG:4326)" */
char *weir_explain_pipeline (const weir_plan_t *plan, const weir_plan_output_t *output);
char *weir_explain_pushed (const weir_plan_t *plan, const weir_plan_output_t *output);
char *weir_explain_json (const weir_plan_t *self);

#endif
