//! The functions that libmlx imports.
//!
//! Products go to [`product`](super::product). Each of the others is a jump to OpenBLAS's function, whose name carries the
//! prefix `scipy_`: a jump keeps registers and stack as they are, so no signature is needed, hidden Fortran string lengths
//! included.

use super::product::{Gemm, Layout, product};
use rlx_host_api::Error;
use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Where a forwarder goes. [`connect`] fills it before MLX computes anything.
#[repr(transparent)]
struct Target(AtomicPtr<c_void>);

impl Target {
    const fn new() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    fn set(&self, function: NonNull<c_void>) {
        self.0.store(function.as_ptr(), Ordering::Release);
    }

    fn get(&self) -> *mut c_void {
        self.0.load(Ordering::Acquire)
    }
}

macro_rules! targets {
    ($($target:ident => $symbol:literal),+ $(,)?) => {
        $(static $target: Target = Target::new();)+

        /// Has `find` find every function, by the name that OpenBLAS gives it.
        pub(super) fn connect(find: impl Fn(&str) -> Result<NonNull<c_void>, Error>) -> Result<(), Error> {
            $($target.set(find($symbol)?);)+
            Ok(())
        }
    };
}

macro_rules! jumps {
    ($($name:ident => $target:ident),+ $(,)?) => {
        $(
            #[doc = concat!("Jumps to OpenBLAS's `", stringify!($name), "`.")]
            ///
            /// # Safety
            /// That of the LAPACK function of this name.
            // SAFETY: exporting the name is the purpose; the body leaves every argument where it is.
            #[unsafe(no_mangle)]
            #[unsafe(naked)]
            unsafe extern "C" fn $name() {
                #[cfg(target_arch = "x86_64")]
                core::arch::naked_asm!("jmp qword ptr [rip + {target}]", target = sym $target);
                // x16 is the register that a linker's own jumps use.
                #[cfg(target_arch = "aarch64")]
                core::arch::naked_asm!(
                    "adrp x16, {target}",
                    "ldr x16, [x16, :lo12:{target}]",
                    "br x16",
                    target = sym $target
                );
            }
        )+
    };
}

targets! {
    SGEMM => "scipy_cblas_sgemm",
    DGEMM => "scipy_cblas_dgemm",
    CGEMM => "scipy_cblas_cgemm",
    SGEQRF => "scipy_sgeqrf_",
    DGEQRF => "scipy_dgeqrf_",
    SORGQR => "scipy_sorgqr_",
    DORGQR => "scipy_dorgqr_",
    SGETRF => "scipy_sgetrf_",
    DGETRF => "scipy_dgetrf_",
    SGETRI => "scipy_sgetri_",
    DGETRI => "scipy_dgetri_",
    STRTRI => "scipy_strtri_",
    DTRTRI => "scipy_dtrtri_",
    SPOTRF => "scipy_spotrf_",
    DPOTRF => "scipy_dpotrf_",
    SGESDD => "scipy_sgesdd_",
    DGESDD => "scipy_dgesdd_",
    CGESDD => "scipy_cgesdd_",
    SSYEVD => "scipy_ssyevd_",
    DSYEVD => "scipy_dsyevd_",
    CHEEVD => "scipy_cheevd_",
    SGEEV => "scipy_sgeev_",
    DGEEV => "scipy_dgeev_",
    CGEEV => "scipy_cgeev_",
}

jumps! {
    sgeqrf_ => SGEQRF,
    dgeqrf_ => DGEQRF,
    sorgqr_ => SORGQR,
    dorgqr_ => DORGQR,
    sgetrf_ => SGETRF,
    dgetrf_ => DGETRF,
    sgetri_ => SGETRI,
    dgetri_ => DGETRI,
    strtri_ => STRTRI,
    dtrtri_ => DTRTRI,
    spotrf_ => SPOTRF,
    dpotrf_ => DPOTRF,
    sgesdd_ => SGESDD,
    dgesdd_ => DGESDD,
    cgesdd_ => CGESDD,
    ssyevd_ => SSYEVD,
    dsyevd_ => DSYEVD,
    cheevd_ => CHEEVD,
    sgeev_ => SGEEV,
    dgeev_ => DGEEV,
    cgeev_ => CGEEV,
}

/// The exported products: the arguments of CBLAS, where `$factor` is how it passes `alpha` and `beta`, and the function
/// that multiplies one piece.
macro_rules! products {
    ($($name:ident($element:ty, $factor:ty) => $target:ident),+ $(,)?) => {
        $(
            #[doc = concat!("CBLAS's `", stringify!($name), "`, in pieces.")]
            ///
            /// # Safety
            /// That of the CBLAS function.
            // SAFETY: exporting the name is the purpose.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name(
                order: c_int,
                trans_a: c_int,
                trans_b: c_int,
                m: c_int,
                n: c_int,
                k: c_int,
                alpha: $factor,
                a: *const $element,
                lda: c_int,
                b: *const $element,
                ldb: c_int,
                beta: $factor,
                c: *mut $element,
                ldc: c_int,
            ) {
                type Function = unsafe extern "C" fn(
                    c_int, c_int, c_int, c_int, c_int, c_int, $factor, *const $element, c_int, *const $element, c_int,
                    $factor, *mut $element, c_int,
                );
                // SAFETY: `connect` found the function of this signature before MLX could call.
                let multiply = unsafe { std::mem::transmute::<*mut c_void, Function>($target.get()) };
                let layout = Layout { order, trans_a, trans_b, lda, ldb, ldc };
                product(&layout, Gemm { m, n, k, a, b, c }, |layout, piece| {
                    let Layout { order, trans_a, trans_b, lda, ldb, ldc } = *layout;
                    let Gemm { m, n, k, a, b, c } = piece;
                    // SAFETY: the caller's operands, or the part of them that makes a part of the result.
                    unsafe { multiply(order, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) }
                });
            }
        )+
    };
}

products! {
    cblas_sgemm(f32, f32) => SGEMM,
    cblas_dgemm(f64, f64) => DGEMM,
    cblas_cgemm([f32; 2], &[f32; 2]) => CGEMM,
}
