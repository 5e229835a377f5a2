//! MLX's BLAS and LAPACK calls go to OpenBLAS, and its threads are ours.
//!
//! The library in MLX's Linux wheels was linked against reference BLAS, which multiplies 70 times slower. The dynamic
//! linker looks for a symbol of libmlx in the plugin first, because the plugin is what was opened; so the functions that
//! libmlx imports are exported here.
//!
//! OpenBLAS's own threads wait for each other by spinning, which costs a multiple of the time as soon as a core has other
//! work; it starts them when it is loaded, and interrupts the process when the system gives none. So it is loaded without
//! any, and products are dealt out in pieces to the threads of the crate rlx-mlx-cpu.
//!
//! * [`library`](self::library): OpenBLAS, loaded.
//! * [`forward`](self::forward): the exported functions.
//! * [`product`](self::product): a matrix product in pieces.
//! * [`buffers`](self::buffers): how many calls OpenBLAS has memory for.

mod buffers;
mod forward;
mod library;
mod product;

pub(crate) use library::load;
