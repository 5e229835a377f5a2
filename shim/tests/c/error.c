/* The error text. */
#include "check.h"

void test_error(void) {
  size_t i;
  char* text = malloc(5000);
  rlx_mlx_set_last_error("told by a caller");
  CHECK(strcmp(rlx_mlx_last_error(), "told by a caller") == 0);
  rlx_mlx_set_last_error(NULL);
  CHECK(strcmp(rlx_mlx_last_error(), "") == 0);
  /* A longer text than there is room for is cut, and still ends. */
  for (i = 0; i < 4999; ++i) {
    text[i] = 'x';
  }
  text[4999] = '\0';
  rlx_mlx_set_last_error(text);
  CHECK(strlen(rlx_mlx_last_error()) > 500 && strlen(rlx_mlx_last_error()) < 4999);
  /* A call that succeeds clears it. */
  CHECK_OK(rlx_mlx_eval(NULL, 0));
  free(text);
}
