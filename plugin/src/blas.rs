//! Sends MLX's BLAS and LAPACK calls to OpenBLAS.
//!
//! The library in MLX's Linux wheels was linked against reference BLAS, which multiplies 70 times slower. The dynamic
//! linker looks for a symbol of libmlx in the plugin first, because the plugin is what was opened; so the functions
//! that libmlx imports are exported here, each a jump to OpenBLAS's symbol, which carries the prefix `scipy_`. A jump
//! keeps registers and stack as they are, so no signature is needed, hidden Fortran string lengths included.

macro_rules! forward {
    ($($name:ident => $target:ident),+ $(,)?) => {
        unsafe extern "C" {
            $(fn $target();)+
        }
        $(
            #[doc = concat!("Jumps to `", stringify!($target), "`.")]
            ///
            /// # Safety
            /// That of the BLAS or LAPACK function of this name.
            // SAFETY: exporting the name is the purpose; the body leaves every argument where it is.
            #[unsafe(no_mangle)]
            #[unsafe(naked)]
            unsafe extern "C" fn $name() {
                #[cfg(target_arch = "x86_64")]
                core::arch::naked_asm!("jmp {target}@PLT", target = sym $target);
                #[cfg(target_arch = "aarch64")]
                core::arch::naked_asm!("b {target}", target = sym $target);
            }
        )+
    };
}

forward! {
    cblas_sgemm => scipy_cblas_sgemm,
    cblas_dgemm => scipy_cblas_dgemm,
    cblas_cgemm => scipy_cblas_cgemm,
    sgeqrf_ => scipy_sgeqrf_,
    dgeqrf_ => scipy_dgeqrf_,
    sorgqr_ => scipy_sorgqr_,
    dorgqr_ => scipy_dorgqr_,
    sgetrf_ => scipy_sgetrf_,
    dgetrf_ => scipy_dgetrf_,
    sgetri_ => scipy_sgetri_,
    dgetri_ => scipy_dgetri_,
    strtri_ => scipy_strtri_,
    dtrtri_ => scipy_dtrtri_,
    spotrf_ => scipy_spotrf_,
    dpotrf_ => scipy_dpotrf_,
    sgesdd_ => scipy_sgesdd_,
    dgesdd_ => scipy_dgesdd_,
    cgesdd_ => scipy_cgesdd_,
    ssyevd_ => scipy_ssyevd_,
    dsyevd_ => scipy_dsyevd_,
    cheevd_ => scipy_cheevd_,
    sgeev_ => scipy_sgeev_,
    dgeev_ => scipy_dgeev_,
    cgeev_ => scipy_cgeev_,
}
