/* include/rlx_mlx/part.h */
#include "check.h"

/* Both ways of changing an array. */
static const int WAYS[] = {1, 0};

static void reading(void) {
  const float data[] = {1, 2, 3, 4, 5, 6};
  const float turned_data[] = {1, 4, 2, 5, 3, 6};
  const int perm[] = {1, 0};
  float found[6];
  unsigned char bytes[24];
  size_t first, count;
  rlx_mlx_array_t *a = make_f32(data, 2, 3), *turned = NULL;
  CHECK_OK(rlx_mlx_op_transpose(a, perm, 2, &turned));
  CHECK_OK(rlx_mlx_part_read(a, 4, found, 12));
  CHECK(memcmp(found, data + 1, 12) == 0);
  /* Every range of bytes of a view with strides, odd ones included. */
  for (first = 0; first <= 24; ++first) {
    for (count = 0; first + count <= 24; ++count) {
      CHECK_OK(rlx_mlx_part_read(turned, first, bytes, count));
      CHECK(memcmp(bytes, (const unsigned char*)turned_data + first, count) == 0);
    }
  }
  CHECK_FAILS(rlx_mlx_part_read, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_part_read(a, 20, found, 8));
  CHECK_FAILS(rlx_mlx_part_read, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_part_read(a, (size_t)-1, found, 2));
  CHECK_FAILS(rlx_mlx_part_read, RLX_MLX_ERR_NULL, rlx_mlx_part_read(a, 0, NULL, 4));
  CHECK_FAILS(rlx_mlx_part_read, RLX_MLX_ERR_NULL, rlx_mlx_part_read(NULL, 0, found, 4));
  rlx_mlx_array_free(turned);
  rlx_mlx_array_free(a);
}

static void writing(int in_host_memory) {
  const float data[] = {1, 2, 3, 4, 5, 6}, part[] = {8, 9}, changed[] = {1, 2, 8, 9, 5, 6};
  const unsigned char flags[] = {0, 0, 1, 1}, other[] = {7, 0}, flags_changed[] = {0, 1, 0, 1};
  const int four = 4;
  unsigned char odd[24];
  size_t moved = 99;
  rlx_mlx_array_t *a = make_f32(data, 2, 3), *kept = NULL;
  CHECK_OK(rlx_mlx_part_write(a, 8, part, 8, in_host_memory, &moved));
  CHECK(moved == 0);
  CHECK(holds_f32(a, changed, 6, 0));
  /* Who shares the old values keeps them, which takes a copy of the whole, once. */
  CHECK_OK(rlx_mlx_array_clone(a, &kept));
  CHECK_OK(rlx_mlx_part_write(a, 8, data + 2, 8, in_host_memory, &moved));
  CHECK(moved == sizeof(data));
  CHECK(holds_f32(a, data, 6, 0));
  CHECK(holds_f32(kept, changed, 6, 0));
  CHECK_OK(rlx_mlx_part_write(a, 8, part, 8, in_host_memory, &moved));
  CHECK(moved == 0);
  /* Half an element at either end. */
  memcpy(odd, changed, sizeof(odd));
  memcpy(odd + 6, part, 8);
  CHECK_OK(rlx_mlx_part_write(a, 6, part, 8, in_host_memory, NULL));
  CHECK(holds_bytes(a, odd, sizeof(odd)));
  CHECK_OK(rlx_mlx_part_write(a, 24, NULL, 0, in_host_memory, &moved));
  CHECK(moved == 0);
  CHECK_FAILS(rlx_mlx_part_write, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_part_write(a, 20, part, 8, in_host_memory, &moved));
  CHECK_FAILS(rlx_mlx_part_write, RLX_MLX_ERR_NULL, rlx_mlx_part_write(a, 0, NULL, 4, in_host_memory, &moved));
  CHECK_FAILS(rlx_mlx_part_write, RLX_MLX_ERR_NULL, rlx_mlx_part_write(NULL, 0, part, 4, in_host_memory, &moved));
  rlx_mlx_array_free(kept);
  rlx_mlx_array_free(a);

  /* A bool is 0 or 1, whatever the byte. */
  a = make(RLX_MLX_DTYPE_BOOL, flags, 4, 1, &four);
  CHECK_OK(rlx_mlx_part_write(a, 1, other, 2, in_host_memory, NULL));
  CHECK(holds_bytes(a, flags_changed, 4));
  rlx_mlx_array_free(a);
}

static void copying(int in_host_memory) {
  const float target_data[] = {1, 2, 3, 4, 5, 6}, source_data[] = {10, 20, 30, 40, 50, 60};
  const float copied[] = {1, 40, 20, 4, 5, 30}, doubled[] = {1, 1, 2, 4, 5, 6}, twice[] = {1, 1, 2, 4, 1, 1};
  const int perm[] = {1, 0}, six = 6;
  const int32_t integers[] = {1, 2, 3, 4, 5, 6};
  /* Of the turned source: 10 40 20 50 30 60. */
  rlx_mlx_segment_t pieces[2] = {{1, 1, 2}, {4, 5, 1}}, within[2] = {{0, 1, 2}, {0, 4, 2}};
  size_t moved = 99;
  rlx_mlx_array_t *a = make_f32(target_data, 6, 0), *source = make_f32(source_data, 2, 3), *turned = NULL;
  rlx_mlx_array_t *alias = NULL, *other = make(RLX_MLX_DTYPE_I32, integers, sizeof(integers), 1, &six);
  CHECK_OK(rlx_mlx_op_transpose(source, perm, 2, &turned));
  CHECK_OK(rlx_mlx_part_copy(a, turned, pieces, 2, in_host_memory, &moved));
  CHECK(moved == 12);
  CHECK(holds_f32(a, copied, 6, 0));
  rlx_mlx_array_free(a);

  /* From the array itself: one piece after the other. */
  a = make_f32(target_data, 6, 0);
  CHECK_OK(rlx_mlx_part_copy(a, a, within, 1, in_host_memory, &moved));
  CHECK(holds_f32(a, doubled, 6, 0));
  CHECK(moved == (in_host_memory ? 8 : 24));
  CHECK_OK(rlx_mlx_part_copy(a, a, within + 1, 1, in_host_memory, &moved));
  CHECK(holds_f32(a, twice, 6, 0));
  /* From a second handle of it, which keeps its values. */
  CHECK_OK(rlx_mlx_array_clone(a, &alias));
  CHECK_OK(rlx_mlx_part_copy(a, alias, within, 1, in_host_memory, &moved));
  CHECK(moved == 24 + 8);
  CHECK(holds_f32(alias, twice, 6, 0));

  CHECK_OK(rlx_mlx_part_copy(a, source, NULL, 0, in_host_memory, &moved));
  CHECK(moved == 0);
  pieces[1].len = 3;
  CHECK_FAILS(rlx_mlx_part_copy, RLX_MLX_ERR_BAD_SHAPE,
              rlx_mlx_part_copy(a, source, pieces, 2, in_host_memory, &moved));
  CHECK_FAILS(rlx_mlx_part_copy, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_part_copy(a, other, pieces, 1, in_host_memory, &moved));
  CHECK_FAILS(rlx_mlx_part_copy, RLX_MLX_ERR_NULL, rlx_mlx_part_copy(a, NULL, pieces, 1, in_host_memory, &moved));
  CHECK_FAILS(rlx_mlx_part_copy, RLX_MLX_ERR_NULL, rlx_mlx_part_copy(a, source, NULL, 1, in_host_memory, &moved));
  rlx_mlx_array_free(a);
  rlx_mlx_array_free(alias);
  rlx_mlx_array_free(other);
  rlx_mlx_array_free(turned);
  rlx_mlx_array_free(source);
}

/* No copy of a large array is made, not even for a moment. */
static void in_place(int in_host_memory) {
  const int rows = 1 << 12, columns = 1 << 8;
  const float row[1 << 8] = {3};
  const rlx_mlx_segment_t piece = {0, 1 << 10, 1 << 8};
  const size_t whole = sizeof(float) << 20;
  size_t active = 0, peak = 0, moved = 0;
  float* data = calloc((size_t)rows * (size_t)columns, sizeof(float));
  rlx_mlx_array_t *a = make_f32(data, rows, columns), *source = make_f32(row, columns, 0);
  free(data);
  CHECK_OK(rlx_mlx_memory_reset_peak());
  CHECK_OK(rlx_mlx_memory_active(&active));
  CHECK_OK(rlx_mlx_part_copy(a, source, &piece, 1, in_host_memory, &moved));
  CHECK_OK(rlx_mlx_part_write(a, 0, row, sizeof(row), in_host_memory, &moved));
  CHECK_OK(rlx_mlx_memory_peak(&peak));
  CHECK(peak < active + whole / 2);
  rlx_mlx_array_free(a);
  rlx_mlx_array_free(source);
}

void test_part(void) {
  size_t i;
  reading();
  for (i = 0; i < 2; ++i) {
    writing(WAYS[i]);
    copying(WAYS[i]);
    in_place(WAYS[i]);
  }
}
