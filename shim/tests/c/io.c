/* include/rlx_mlx/io.h. Files go to the folder that the program runs in. */
#include "check.h"

#define NPY "rlx-mlx-io-test.npy"
#define SAFETENSORS "rlx-mlx-io-test.safetensors"

void test_io(void) {
  const float data[] = {1, 2, 3, 4};
  const int32_t numbers[] = {7, 8};
  const double wide[] = {1, 2};
  const int two = 2;
  const char* names[] = {"second", "first"};
  const char* twice[] = {"same", "same"};
  const char *keys[] = {"format"}, *values[] = {"test"};
  const char *name = NULL, *value = NULL;
  rlx_mlx_array_t *a = make_f32(data, 2, 2), *b = make_i32(numbers, 2), *out = NULL, *both[2];
  rlx_mlx_array_t* f64 = make(RLX_MLX_DTYPE_F64, wide, sizeof(wide), 1, &two);
  rlx_mlx_tensors_t *tensors = NULL, *none = NULL;
  size_t n = 0;
  both[0] = a;
  both[1] = b;

  CHECK_OK(rlx_mlx_io_save_npy(NPY, a));
  CHECK_OK(rlx_mlx_io_load_npy(NPY, &out));
  CHECK(holds_f32(out, data, 4, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS(rlx_mlx_io_save_npy, RLX_MLX_ERR_NULL, rlx_mlx_io_save_npy(NULL, a));
  CHECK_FAILS(rlx_mlx_io_save_npy, RLX_MLX_ERR_GENERIC, rlx_mlx_io_save_npy("no-such-folder/x.npy", a));
  CHECK_FAILS_OUT(rlx_mlx_io_load_npy, RLX_MLX_ERR_GENERIC, out, rlx_mlx_io_load_npy("no-such-file.npy", &out));

  CHECK_OK(rlx_mlx_io_save_safetensors(SAFETENSORS, names, both, 2, keys, values, 1));
  CHECK_FAILS(rlx_mlx_io_save_safetensors, RLX_MLX_ERR_GENERIC,
              rlx_mlx_io_save_safetensors(SAFETENSORS, twice, both, 2, NULL, NULL, 0));
  CHECK_FAILS(rlx_mlx_io_save_safetensors, RLX_MLX_ERR_BAD_DTYPE,
              rlx_mlx_io_save_safetensors(SAFETENSORS, names, &f64, 1, NULL, NULL, 0));
  CHECK_FAILS(rlx_mlx_io_save_safetensors, RLX_MLX_ERR_NULL,
              rlx_mlx_io_save_safetensors(SAFETENSORS, NULL, both, 2, NULL, NULL, 0));
  CHECK_OK(rlx_mlx_io_load_safetensors(SAFETENSORS, &tensors));
  CHECK_FAILS_OUT(rlx_mlx_io_load_safetensors, RLX_MLX_ERR_GENERIC, none, rlx_mlx_io_load_safetensors(NPY, &none));
  CHECK_OK(rlx_mlx_tensors_count(tensors, &n));
  CHECK(n == 2);
  CHECK_FAILS(rlx_mlx_tensors_count, RLX_MLX_ERR_NULL, rlx_mlx_tensors_count(NULL, &n));
  CHECK_OK(rlx_mlx_tensors_name(tensors, 0, &name));
  CHECK(name != NULL && strcmp(name, "first") == 0);
  CHECK_FAILS_OUT(rlx_mlx_tensors_name, RLX_MLX_ERR_BAD_SHAPE, name, rlx_mlx_tensors_name(tensors, 2, &name));
  CHECK_OK(rlx_mlx_tensors_get(tensors, 0, &out));
  CHECK(holds_bytes(out, numbers, sizeof(numbers)));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_tensors_get, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_tensors_get(tensors, 9, &out));
  CHECK_OK(rlx_mlx_tensors_metadata_count(tensors, &n));
  CHECK(n == 1);
  CHECK_FAILS(rlx_mlx_tensors_metadata_count, RLX_MLX_ERR_NULL, rlx_mlx_tensors_metadata_count(tensors, NULL));
  CHECK_OK(rlx_mlx_tensors_metadata(tensors, 0, &name, &value));
  CHECK(strcmp(name, "format") == 0 && strcmp(value, "test") == 0);
  CHECK_FAILS_OUT(rlx_mlx_tensors_metadata, RLX_MLX_ERR_BAD_SHAPE, name,
                  rlx_mlx_tensors_metadata(tensors, 1, &name, &value));
  CHECK(value == NULL);
  CHECK_OK(rlx_mlx_tensors_find(tensors, "second", &out));
  CHECK_FAILS_OUT(rlx_mlx_tensors_find, RLX_MLX_ERR_GENERIC, both[0], rlx_mlx_tensors_find(tensors, "third", &both[0]));
  rlx_mlx_tensors_free(tensors);
  rlx_mlx_tensors_free(NULL);
  /* An array outlives its list. */
  CHECK(holds_f32(out, data, 4, 0));
  rlx_mlx_array_free(out);
  remove(NPY);
  remove(SAFETENSORS);
  rlx_mlx_array_free(a);
  rlx_mlx_array_free(b);
  rlx_mlx_array_free(f64);
}
