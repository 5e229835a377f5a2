/* The thread's last failure. */
#ifndef RLX_MLX_ERROR_H
#define RLX_MLX_ERROR_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Text of the thread's last failure, "" when its last fallible call succeeded. Never NULL; valid until the thread's
 * next call into the shim. */
const char* rlx_mlx_last_error(void);

/* Sets that text (NULL becomes ""): how a callback inside rlx_mlx_compile tells its cause. */
void rlx_mlx_set_last_error(const char* message);

RLX_MLX_C_END
#endif
