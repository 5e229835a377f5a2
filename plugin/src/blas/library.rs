//! OpenBLAS, loaded without threads of its own.

use super::{buffers, forward};
use rlx_host_api::{Error, ErrorKind};
use rlx_mlx_cpu::threads::SignalsBlocked;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::OnceLock;

/// File name of the library, which lies beside the plugin.
const FILE: &str = env!("RLX_MLX_OPENBLAS_FILE");

// Says so to who looks for the libraries of this one before it is opened: the note of the UAPI group's "ELF dlopen metadata".
core::arch::global_asm!(
    r#".pushsection .note.dlopen, "a", %note"#,
    ".balign 4",
    ".4byte 4",
    ".4byte .Lrlx_dlopen_end - .Lrlx_dlopen_begin",
    ".4byte 0x407c0c0a",
    r#".asciz "FDO""#,
    ".Lrlx_dlopen_begin:",
    concat!(
        r#".asciz "[{{\"feature\":\"blas\",\"priority\":\"required\",\"soname\":[\""#,
        env!("RLX_MLX_OPENBLAS_FILE"),
        r#"\"]}}]""#,
    ),
    ".Lrlx_dlopen_end:",
    ".balign 4",
    ".popsection",
);

/// Address space that the library takes for itself, with some room. Where there is less, it would end the process.
const ADDRESS_SPACE: usize = 64 << 20;

/// Loads OpenBLAS, once in the process. Until then MLX must not compute.
///
/// # Errors
/// When the file or a function in it is missing, or there is too little address space.
pub(crate) fn load() -> Result<(), Error> {
    static LOADED: OnceLock<()> = OnceLock::new();
    if LOADED.get().is_none() {
        // Two threads may do this at once: the linker gives both the same library.
        open()?;
        let _ = LOADED.set(());
    }
    Ok(())
}

fn open() -> Result<(), Error> {
    if !buffers::is_free(ADDRESS_SPACE + buffers::SIZE) {
        let megabytes = (ADDRESS_SPACE + buffers::SIZE) >> 20;
        return Err(Error::new(
            ErrorKind::OutOfMemory,
            format!("{FILE} needs {megabytes} MiB of address space: raise the limit on it (ulimit -v)"),
        ));
    }
    let library = {
        let _blocked = SignalsBlocked::new();
        let _one = OneCpu::new();
        Library::open()?
    };
    forward::connect(|name| library.function(name))?;
    let set_num_threads = library.function("scipy_openblas_set_num_threads")?;
    // SAFETY: the library's function of this signature.
    unsafe { std::mem::transmute::<NonNull<c_void>, unsafe extern "C" fn(c_int)>(set_num_threads)(1) };
    Ok(())
}

/// While it lives, this thread may run on one CPU alone, by which OpenBLAS counts its threads when it is loaded.
struct OneCpu(Option<libc::cpu_set_t>);

impl OneCpu {
    /// Does nothing where the system does not tell the CPUs, as with more than 1024 of them; OpenBLAS then starts threads,
    /// which have nothing to do.
    fn new() -> Self {
        let size = size_of::<libc::cpu_set_t>();
        let mut before = MaybeUninit::<libc::cpu_set_t>::zeroed();
        // SAFETY: `before` is writable and of this size; zero bytes are a value of it.
        let before = unsafe {
            if libc::sched_getaffinity(0, size, before.as_mut_ptr()) != 0 {
                return Self(None);
            }
            before.assume_init()
        };
        // SAFETY: indices below the number of CPUs that the set has room for; zero bytes are a value of it.
        let one = unsafe {
            let mut one = MaybeUninit::<libc::cpu_set_t>::zeroed().assume_init();
            if let Some(cpu) = (0..8 * size).find(|&cpu| libc::CPU_ISSET(cpu, &before)) {
                libc::CPU_SET(cpu, &mut one);
            }
            one
        };
        // SAFETY: a set of this size.
        let is_set = unsafe { libc::sched_setaffinity(0, size, &one) } == 0;
        Self(is_set.then_some(before))
    }
}

impl Drop for OneCpu {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // SAFETY: the set that was in force before.
            unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), before) };
        }
    }
}

/// The loaded library, which is never unloaded.
struct Library(NonNull<c_void>);

impl Library {
    /// By its name alone, which the linker looks for where the plugin's run path says.
    fn open() -> Result<Self, Error> {
        let name = CString::new(FILE).map_err(|_| Error::fault("a file name with a zero byte"))?;
        // SAFETY: NUL-terminated; the library's initialisers are what this module is about.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        NonNull::new(handle).map(Self).ok_or_else(|| {
            let message = format!("cannot load OpenBLAS, install the plugin's folder again: {}", last_error());
            Error::new(ErrorKind::FailedPrecondition, message)
        })
    }

    fn function(&self, name: &str) -> Result<NonNull<c_void>, Error> {
        let symbol = CString::new(name).map_err(|_| Error::fault("a symbol with a zero byte"))?;
        // SAFETY: a live handle, NUL-terminated.
        let address = unsafe { libc::dlsym(self.0.as_ptr(), symbol.as_ptr()) };
        NonNull::new(address).ok_or_else(|| {
            let message = format!("{FILE} lacks `{name}`: install the plugin's folder again");
            Error::new(ErrorKind::FailedPrecondition, message)
        })
    }
}

/// What the linker said last.
fn last_error() -> String {
    // SAFETY: takes nothing.
    let text: *mut c_char = unsafe { libc::dlerror() };
    if text.is_null() {
        return "the linker gives no reason".to_owned();
    }
    // SAFETY: NUL-terminated, valid until this thread's next call of the linker.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
