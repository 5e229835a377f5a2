/* What the shim's headers need of it; libclang comes without headers of its own. */
#ifndef RLX_MLX_BINDGEN_STDDEF_H
#define RLX_MLX_BINDGEN_STDDEF_H

typedef __SIZE_TYPE__ size_t;

#endif
