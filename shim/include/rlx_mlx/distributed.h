/* Communication between the processes of one group.
 *
 * One group a process, made by rlx_mlx_dist_init(); every other function fails before it, except
 * rlx_mlx_dist_is_available(). Every rank issues the same collectives in the same order, with the same sizes and dtypes;
 * MLX checks neither, and waits for a peer without a limit.
 *
 * The functions on host memory block until the transfer is done. `nelems` 0 succeeds without one, and buffers may
 * overlap. Groups of size 1 need no peer: collectives give back their input. A rank may send to itself; such messages
 * are kept, in order, until they are received. */
#ifndef RLX_MLX_DISTRIBUTED_H
#define RLX_MLX_DISTRIBUTED_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Reductions over ranks. */
typedef enum RLX_MLX_ENUM { RLX_MLX_DIST_SUM = 0, RLX_MLX_DIST_MAX = 1, RLX_MLX_DIST_MIN = 2 } rlx_mlx_dist_reduce_t;

/* Writes 1 if MLX has any communication backend, else 0 (MLX: distributed::is_available). */
int rlx_mlx_dist_is_available(int* out);

/* Writes 1 if MLX has this backend and what the backend needs is on this machine, else 0 (MLX: distributed::is_available).
 * An unknown name is ERR_GENERIC. */
int rlx_mlx_dist_has_backend(const char* backend, int* out);

/* Joins the group that the launcher's environment describes and writes rank and size (MLX: distributed::init).
 *
 * `backend`: "jaccl", "nccl", "ring" or "mpi"; NULL, "" or "any" takes the first of these, in this order, that finds a
 * group. Without one, `strict` 0 makes a group of size 1, otherwise it is ERR_GENERIC. Calling again with the same
 * backend, or with "any", gives the group that is there; with another it is ERR_GENERIC, unless that group has
 * size 1. */
int rlx_mlx_dist_init(int strict, const char* backend, int* out_rank, int* out_size);

/* Rank in the group, from 0. */
int rlx_mlx_dist_rank(int* out_rank);

/* Number of ranks. */
int rlx_mlx_dist_size(int* out_size);

/* Elementwise over ranks, on host memory: `nelems` elements of `dtype` from `in` to `out`. */
int rlx_mlx_dist_all_reduce(rlx_mlx_dist_reduce_t kind, const void* in, void* out, size_t nelems,
                            rlx_mlx_dtype_t dtype);

/* The inputs of all ranks, one after the other: `nelems` elements from `in`, `nelems` times the group's size to `out`;
 * ERR_BAD_SHAPE when `out_cap` elements are too few. */
int rlx_mlx_dist_all_gather(const void* in, size_t nelems, void* out, size_t out_cap, rlx_mlx_dtype_t dtype);

/* Sends `nelems` elements to rank `dst`. The ring backend reaches direct neighbours only. */
int rlx_mlx_dist_send(const void* data, size_t nelems, rlx_mlx_dtype_t dtype, int dst);

/* Receives what rank `src` sent next; number and dtype are the sender's. From the own rank: ERR_BAD_SHAPE when they are
 * not, and the message stays; ERR_GENERIC when there is none. */
int rlx_mlx_dist_recv(void* out, size_t nelems, rlx_mlx_dtype_t dtype, int src);

/* The four functions above for f32; all_sum is all_reduce with SUM. */
int rlx_mlx_dist_all_sum_f32(const float* in, float* out, size_t nelems);
int rlx_mlx_dist_all_gather_f32(const float* in, size_t nelems, float* out, size_t out_cap);
int rlx_mlx_dist_send_f32(const float* data, size_t nelems, int dst);
int rlx_mlx_dist_recv_f32(float* out, size_t nelems, int src);

/* Waits until every rank has come here: an all_sum of one element. */
int rlx_mlx_dist_barrier(void);

/* Groups within the group: ranks that give the same `colour`, which is no less than 0, are one, in the order of their keys and,
 * where those are equal, of their ranks. All ranks of the thread's group call it. The new group's number is for
 * rlx_mlx_dist_enter; it lives as long as the process (MLX: Group::split; "ring" and "jaccl" have none). */
int rlx_mlx_dist_split(int colour, int key, int* out_group, int* out_rank, int* out_size);
/* Has what this thread does next happen in the group of that number; in that of all ranks where it is 0. */
int rlx_mlx_dist_enter(int group);

/* Lazy collectives on arrays, for use in a graph: no host copy, no evaluation. Dtypes that the backend cannot reduce
 * fail at evaluation. They run on the device that the backend works on: the GPU for "nccl", the CPU otherwise. */
/* Elementwise over ranks, for any dtype and shape (MLX: distributed::all_sum, all_max, all_min). */
int rlx_mlx_dist_all_reduce_array(rlx_mlx_dist_reduce_t kind, rlx_mlx_array_t* in, rlx_mlx_array_t** out);
/* The same with SUM. */
int rlx_mlx_dist_all_sum_array(rlx_mlx_array_t* in, rlx_mlx_array_t** out);
/* Concatenated along axis 0; scalars become a vector (MLX: distributed::all_gather). */
int rlx_mlx_dist_all_gather_array(rlx_mlx_array_t* in, rlx_mlx_array_t** out);
/* This rank's part, along axis 0, of the sum; the group's size divides that axis. "ring" and "mpi" lack it, which shows
 * at evaluation (MLX: distributed::sum_scatter). */
int rlx_mlx_dist_sum_scatter_array(rlx_mlx_array_t* in, rlx_mlx_array_t** out);
/* `in`, which is not there before `before` is: ranks whose graphs differ issue their collectives in one order by it (MLX:
 * depends). */
int rlx_mlx_dist_after_array(rlx_mlx_array_t* in, rlx_mlx_array_t* before, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
