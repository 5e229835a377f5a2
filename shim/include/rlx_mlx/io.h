/* Arrays in .npy and .safetensors files. Paths are UTF-8. A file that is missing, unreadable or not of its format is
 * ERR_GENERIC. Loading reads the header at once and the elements when they are evaluated, on the CPU: until then the
 * file must stay as it is, and what is missing from it fails there. Files may hold uint16 and uint64, see
 * rlx_mlx_array_dtype. */
#ifndef RLX_MLX_IO_H
#define RLX_MLX_IO_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* The named arrays of one file. */
typedef struct rlx_mlx_tensors_s rlx_mlx_tensors_t;

/* One array in NumPy's format. Saving evaluates, and appends ".npy" to a path without it; bf16 has a type name that
 * NumPy does not know (MLX: load, save). */
int rlx_mlx_io_load_npy(const char* path, rlx_mlx_array_t** out);
int rlx_mlx_io_save_npy(const char* path, rlx_mlx_array_t* a);

/* Named arrays and text metadata (MLX: load_safetensors). Free the result with rlx_mlx_tensors_free. */
int rlx_mlx_io_load_safetensors(const char* path, rlx_mlx_tensors_t** out);

/* Writes `n` arrays under different names, and `n_metadata` pairs of texts. Evaluates, and appends ".safetensors" to a
 * path without it. ERR_BAD_DTYPE for f64, which MLX does not write (MLX: save_safetensors). */
int rlx_mlx_io_save_safetensors(const char* path, const char* const* names, rlx_mlx_array_t* const* arrays, size_t n,
                                const char* const* metadata_keys, const char* const* metadata_values,
                                size_t n_metadata);

/* Number of arrays; they are numbered from 0 in the order of their names. */
int rlx_mlx_tensors_count(rlx_mlx_tensors_t* tensors, size_t* out);

/* Name of array `index`, valid as long as `tensors`; ERR_BAD_SHAPE for an index out of range. */
int rlx_mlx_tensors_name(rlx_mlx_tensors_t* tensors, size_t index, const char** out);

/* A fresh handle to array `index`, or to the one of a name (ERR_GENERIC when there is none). It outlives `tensors`. */
int rlx_mlx_tensors_get(rlx_mlx_tensors_t* tensors, size_t index, rlx_mlx_array_t** out);
int rlx_mlx_tensors_find(rlx_mlx_tensors_t* tensors, const char* name, rlx_mlx_array_t** out);

/* Number of metadata pairs; pair `index` in the order of the keys, valid as long as `tensors`. */
int rlx_mlx_tensors_metadata_count(rlx_mlx_tensors_t* tensors, size_t* out);
int rlx_mlx_tensors_metadata(rlx_mlx_tensors_t* tensors, size_t index, const char** out_key, const char** out_value);

/* Frees the list, not the arrays taken from it; NULL is allowed. */
void rlx_mlx_tensors_free(rlx_mlx_tensors_t* tensors);

RLX_MLX_C_END
#endif
