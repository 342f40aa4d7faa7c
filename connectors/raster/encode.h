/* encode.h - finished chunks to encoded output tiles, and from tiles to files
 *
 * Compute actors encode (weir_encode_chunk) where the cores are; a sink stores the bytes and, at
 * FINISHING, puts them in place (weir_assemble_…). An encoded chunk is self-describing: a header
 * with the count of tiles, their lengths and the range of valid values, then the tiles' bytes, tile
 * row by tile row, band by band within the whole chunk.
 *
 * GTiff    tiles as libtiff would write them (compress, predictor); edge tiles are padded with
 *          no-data (or 0)
 * PNG      raw cells, deflated; the picture is stretched from the smallest to the largest valid
 *          value of the whole map
 * Runs on  any thread, one encoder a thread; assembling blocks on disk
 * Errors   "OutputUnwritable", "DiskFull" (class overloaded)
 */
#ifndef WEIR_CONNECTORS_ENCODE_H
#define WEIR_CONNECTORS_ENCODE_H

#include "cube/plan/plan.h"

#define WEIR_ENCODED_BYTES_MAX ((size_t) 1 << 31)

/* cells: n_bands × rows × cols of output.pipeline.out. *bytes_out is malloc'ed, yours (free). */
int weir_encode_chunk (const weir_plan_t *plan, const weir_plan_chunk_t *chunk, const void *cells,
                       uint8_t **bytes_out, size_t *n_bytes_out, weir_err_t *err);
/* Upper bound of what weir_encode_chunk gives for any chunk of this output. */
size_t weir_encode_bytes_max (const weir_plan_t *plan, uint32_t output);
/* Checks the header against the plan; any bytes are survived. */
int weir_encoded_check (const weir_plan_t *plan, const weir_plan_chunk_t *chunk,
                        const uint8_t *bytes, size_t n_bytes, weir_err_t *err);

/* Gives the encoded chunk of a number, for assembling: into *bytes_out (malloc'ed, freed by the
 * assembler). */
typedef int weir_encoded_fetch_fn (void *arg, uint64_t chunk, uint8_t **bytes_out,
                                   size_t *n_bytes_out, weir_err_t *err);

/* Builds all files of one output below `dir` (made if missing), each under a temporary name,
 * fsynced and renamed when whole. *files_out: n_files absolute paths, yours. Idempotent: replaces
 * what is there. On error nothing new stays. is_cancelled (may be NULL) is asked between tiles. */
int weir_assemble_output (const weir_plan_t *plan, uint32_t output, const char *dir,
                          weir_encoded_fetch_fn *fetch, void *arg, bool (*is_cancelled) (void *arg),
                          char ***files_out, size_t *n_files_out, weir_err_t *err);

/* What distinguishes band i of a file that holds n_labels labels from label_first on: bands within
 * labels. Name, label, or both; NULL for a band without name. Yours. */
char *weir_output_band_name (const weir_plan_t *plan, uint32_t output, uint64_t label_first,
                             uint64_t n_labels, uint64_t i);
/* As the files of this output declare it. */
bool weir_output_nodata (const weir_plan_t *plan, uint32_t output, double *nodata_out);

#endif
