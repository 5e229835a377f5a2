//! MLX's allocator: out of memory is an error.
//!
//! MLX's CPU allocator gives a buffer at address 0 when the system has no memory, and MLX's ops write there. Like the BLAS
//! functions, `mlx::core::allocator::allocator()` is looked for in the plugin first, so the plugin exports its own, which
//! checks.

/// Jumps to the shim's `rlx_mlx_allocator`, which has the same signature: no argument, an address.
// SAFETY: exporting the name is the purpose; the function returns the address of an `Allocator`, as MLX's does.
#[unsafe(export_name = "_ZN3mlx4core9allocator9allocatorEv")]
#[unsafe(naked)]
unsafe extern "C" fn allocator() {
    #[cfg(target_arch = "x86_64")]
    core::arch::naked_asm!("jmp {target}", target = sym rlx_mlx_shim::rlx_mlx_allocator);
    #[cfg(target_arch = "aarch64")]
    core::arch::naked_asm!("b {target}", target = sym rlx_mlx_shim::rlx_mlx_allocator);
}
