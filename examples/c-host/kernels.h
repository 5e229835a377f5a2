/* The kernels of this host, see kernels.c. */
#ifndef KERNELS_H
#define KERNELS_H

#include "rlx_backend.h"

/* Registers them with a backend instance, if its plugin takes kernels. Returns NULL, or an error for the caller to
 * release. */
RlxError *register_kernels(const RlxBackendApi *api, RlxBackend *backend);

#endif
