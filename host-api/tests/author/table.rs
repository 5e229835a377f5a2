//! The test's host: it calls the slots of a plugin's table directly, without the checks of the crate's host side.

use rlx_host_api::Error;
use rlx_host_api::abi::*;
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::{LazyLock, Mutex};

unsafe extern "C" {
    /// Made by `export_plugin!` in this very program.
    pub(crate) fn rlx_backend_entry(request: *const RlxEntryRequest, response: *mut RlxEntryResponse) -> *mut RlxError;
}

/// Every record that the plugin logged: level, target, message.
pub(crate) static LOGGED: Mutex<Vec<(u32, String, String)>> = Mutex::new(Vec::new());

/// The table of the exported plugin.
pub(crate) fn api() -> &'static RlxBackendApi {
    static API: LazyLock<&'static RlxBackendApi> = LazyLock::new(|| {
        let services = Box::leak(Box::new(RlxHostServices {
            struct_size: size_of::<RlxHostServices>() as u64,
            // Comes back in every call; anything but NULL will do.
            context: 77 as *mut c_void,
            name: RlxStr::new("tests"),
            version: RlxStr::new("0"),
            log_enabled: Some(log_enabled),
            log: Some(log),
        }));
        let (refusal, response) = negotiate(ABI_OLDEST, ABI_VERSION, services);
        assert_eq!(refusal, Ok(()));
        assert_eq!((response.abi_min, response.abi_max), (ABI_OLDEST, ABI_VERSION));
        assert_eq!(response.abi_selected, ABI_VERSION);
        // A plugin silences its own panics; here that would be those of the tests.
        drop(std::panic::take_hook());
        // SAFETY: a table lives as long as the process.
        unsafe { response.api.as_ref() }.expect("a table")
    });
    *API
}

/// Calls the entry as a host that speaks these versions.
pub(crate) fn negotiate(
    oldest: RlxVersion,
    newest: RlxVersion,
    services: *const RlxHostServices,
) -> (Result<(), Error>, RlxEntryResponse) {
    let struct_size = size_of::<RlxEntryRequest>() as u64;
    let request = RlxEntryRequest { struct_size, abi_min: oldest, abi_max: newest, services };
    let mut response = empty_response();
    // SAFETY: both structs state their size; the services are NULL or live for ever.
    let result = unsafe { Error::check(rlx_backend_entry(&request, &mut response)) };
    (result, response)
}

/// A response as a host prepares it, with a table that the plugin must replace or clear.
pub(crate) fn empty_response() -> RlxEntryResponse {
    let none = RlxVersion { major: 0, minor: 0, patch: 0 };
    RlxEntryResponse {
        struct_size: size_of::<RlxEntryResponse>() as u64,
        abi_min: none,
        abi_max: none,
        abi_selected: none,
        reserved: 0,
        api: std::ptr::dangling(),
    }
}

unsafe extern "C" fn log_enabled(context: *mut c_void, level: u32, _target: RlxStr) -> u32 {
    assert_eq!(context as usize, 77);
    u32::from(level <= RLX_LOG_WARN)
}

unsafe extern "C" fn log(context: *mut c_void, level: u32, target: RlxStr, message: RlxStr) {
    assert_eq!(context as usize, 77);
    // SAFETY: views into live strings of the caller.
    let (target, message) = unsafe { (target.as_str(), message.as_str()) };
    LOGGED.lock().unwrap().push((level, target.unwrap().to_owned(), message.unwrap().to_owned()));
}

/// An order for the probe as an option, or none.
fn order(slot: Option<&'static str>) -> Vec<RlxKeyValue> {
    let value = |text| RlxValue { kind: RLX_VALUE_STR, reserved: 0, int: 0, float: 0.0, text: RlxStr::new(text) };
    slot.map(|slot| RlxKeyValue { key: RlxStr::new("panic"), value: value(slot) }).into_iter().collect()
}

/// Makes an instance on device `index`; `panics` names the slot that shall panic.
pub(crate) fn create(index: u64, panics: Option<&'static str>) -> Result<Instance, Error> {
    let options = order(panics);
    let args = RlxCreateArgs {
        struct_size: size_of::<RlxCreateArgs>() as u64,
        device: index,
        options: options.as_ptr(),
        option_count: options.len() as u64,
    };
    let mut handle = std::ptr::dangling_mut();
    // SAFETY: the arguments and what they point to outlive the call.
    let result = unsafe { Error::check(api().create.unwrap()(&args, &mut handle)) };
    assert_eq!(result.is_err(), handle.is_null(), "an error and an instance, or neither");
    result.map(|()| Instance(handle))
}

/// An instance; destroyed when dropped.
#[derive(Debug)]
pub(crate) struct Instance(*mut RlxBackend);

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: came from `create`, dropped once; the graphs borrow it.
        unsafe { api().destroy.unwrap()(self.0) }
    }
}

impl Instance {
    pub(crate) fn handle(&self) -> *mut RlxBackend {
        self.0
    }

    /// Compiles; `panics` names the slot that shall panic.
    pub(crate) fn compile(&self, program: &str, panics: Option<&'static str>) -> Result<Graph<'_>, Error> {
        let options = order(panics);
        let args = RlxCompileArgs {
            struct_size: size_of::<RlxCompileArgs>() as u64,
            program: RlxStr::new(program),
            graph: RlxStr::EMPTY,
            options: options.as_ptr(),
            option_count: options.len() as u64,
        };
        let mut handle = std::ptr::dangling_mut();
        // SAFETY: a live instance; the arguments and what they point to outlive the call.
        let result = unsafe { Error::check(api().compile.unwrap()(self.0, &args, &mut handle)) };
        assert_eq!(result.is_err(), handle.is_null(), "an error and an executable, or neither");
        result.map(|()| Graph { handle, _instance: self })
    }
}

/// An executable; destroyed when dropped.
#[derive(Debug)]
pub(crate) struct Graph<'a> {
    pub(crate) handle: *mut RlxExecutable,
    _instance: &'a Instance,
}

// SAFETY: the ABI lets any thread call, and that calls overlap is what a test wants to see refused.
unsafe impl Sync for Graph<'_> {}

impl Drop for Graph<'_> {
    fn drop(&mut self) {
        // SAFETY: came from `compile`, dropped once.
        unsafe { api().executable_destroy.unwrap()(self.handle) }
    }
}

impl Graph<'_> {
    /// Runs with views as they are.
    pub(crate) fn run_raw(&self, inputs: &[RlxBytes], outputs: &[RlxBytesMut]) -> Result<(), Error> {
        let args = RlxRunArgs {
            struct_size: size_of::<RlxRunArgs>() as u64,
            inputs: inputs.as_ptr(),
            input_count: inputs.len() as u64,
            outputs: outputs.as_ptr(),
            output_count: outputs.len() as u64,
        };
        // SAFETY: a live executable; the views are NULL or valid, which each test sees to.
        unsafe { Error::check(api().run.unwrap()(self.handle, &args)) }
    }

    /// Runs on `x`; gives `y`. The second output is not wanted.
    pub(crate) fn run(&self, x: [f32; 2]) -> Result<[u8; 8], Error> {
        let mut y = [0xAA; 8];
        self.run_raw(&[RlxBytes::new(&bytes(x))], &[RlxBytesMut::new(&mut y), RlxBytesMut::SKIP])?;
        Ok(y)
    }

    /// Sets a parameter; with `released`, the memory stays the test's and every release counts there.
    pub(crate) fn set_param(
        &self,
        name: &str,
        tensor: RlxTensor,
        released: Option<&'static Count>,
    ) -> Result<(), Error> {
        let args = RlxParamArgs {
            struct_size: size_of::<RlxParamArgs>() as u64,
            name: RlxStr::new(name),
            tensor,
            release: released.map(|_| count as unsafe extern "C" fn(*mut c_void)),
            release_context: released.map_or(null_mut(), |r| std::ptr::from_ref(r).cast_mut().cast()),
        };
        // SAFETY: a live executable; the tensors of these tests are static.
        unsafe { Error::check(api().set_param.unwrap()(self.handle, &args)) }
    }
}

/// Number of releases.
pub(crate) type Count = std::sync::atomic::AtomicUsize;

unsafe extern "C" fn count(context: *mut c_void) {
    // SAFETY: the context is the `&'static Count` of `set_param`.
    unsafe { &*context.cast::<Count>() }.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
}

/// Little-endian bytes.
pub(crate) fn bytes(values: [f32; 2]) -> [u8; 8] {
    let mut out = [0; 8];
    out[..4].copy_from_slice(&values[0].to_le_bytes());
    out[4..].copy_from_slice(&values[1].to_le_bytes());
    out
}

/// A tensor of static memory, which may contradict itself.
pub(crate) fn tensor(dtype: u32, dims: &'static [i64], data: &'static [u8]) -> RlxTensor {
    let first = if dims.is_empty() { null() } else { dims.as_ptr() };
    RlxTensor { dtype, rank: dims.len() as u32, dims: first, data: RlxBytes::new(data) }
}
