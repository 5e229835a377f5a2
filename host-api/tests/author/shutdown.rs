//! Shutdown through the table: only when nothing is alive, and nothing can be made after it.

use crate::assert_error;
use crate::probe::ProbeGraph;
use rlx_host_api::abi::*;
use rlx_host_api::author::*;
use rlx_host_api::{Error, ErrorKind, Growable};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// A plugin whose engine refuses to stop once.
struct Stops;

static STATE: PluginState = PluginState::new();
static API: RlxBackendApi = api_table::<Stops>();
static STOPPED: AtomicUsize = AtomicUsize::new(0);

impl Exported for Stops {
    fn state() -> &'static PluginState {
        &STATE
    }
}

impl Plugin for Stops {
    type Backend = Self;

    fn info() -> Result<PluginInfo, Error> {
        Err(Error::fault("not asked for"))
    }

    fn devices() -> Result<Vec<DeviceInfo>, Error> {
        Ok(vec![DeviceInfo::cpu("desk")])
    }

    fn create(request: CreateRequest<'_>) -> Result<Self, Error> {
        if request.options.is_empty() { Ok(Self) } else { Err(Error::invalid("no options")) }
    }

    fn shutdown() -> Result<(), Error> {
        match STOPPED.fetch_add(1, SeqCst) {
            0 => Err(Error::new(ErrorKind::FailedPrecondition, "a job is running")),
            _ => Ok(()),
        }
    }
}

impl Backend for Stops {
    type Executable = ProbeGraph;

    fn compile(&self, _request: CompileRequest<'_>) -> Result<ProbeGraph, Error> {
        Err(Error::unsupported("no graphs"))
    }
}

fn create(option_count: u64) -> Result<*mut RlxBackend, Error> {
    let option = RlxKeyValue {
        key: RlxStr::new("x"),
        value: RlxValue { kind: RLX_VALUE_INT, reserved: 0, int: 0, float: 0.0, text: RlxStr::EMPTY },
    };
    let args = RlxCreateArgs { options: &option, option_count, ..RlxCreateArgs::sized() };
    let mut handle = null_mut();
    // SAFETY: the arguments and what they point to outlive the call.
    unsafe { Error::check(API.create.unwrap()(&args, &mut handle)) }.map(|()| handle)
}

fn shutdown() -> Result<(), Error> {
    // SAFETY: the slot takes nothing.
    unsafe { Error::check(API.shutdown.unwrap()()) }
}

#[test]
fn nothing_alive_and_nothing_after() {
    let handle = create(0).unwrap();
    assert!(create(1).is_err(), "a failed creation leaves nothing alive");
    let args = RlxCompileArgs::sized();
    // SAFETY: a live handle; arguments that state their size.
    let failed = unsafe { Error::check(API.compile.unwrap()(handle, &args, &mut null_mut())) };
    assert_error(failed, ErrorKind::Unsupported, &["no graphs"]);
    assert_error(shutdown(), ErrorKind::FailedPrecondition, &["1 instances and executables"]);
    assert_eq!(STOPPED.load(SeqCst), 0, "the author's code is not asked while something is alive");
    // SAFETY: made above, destroyed once.
    unsafe { API.destroy.unwrap()(handle) };

    assert_error(shutdown(), ErrorKind::FailedPrecondition, &["a job is running"]);
    // SAFETY: made here, destroyed once.
    unsafe { API.destroy.unwrap()(create(0).expect("usable after a shutdown that failed")) };
    assert_eq!(shutdown(), Ok(()));
    assert_error(create(0), ErrorKind::FailedPrecondition, &["shut down"]);
    assert_eq!(shutdown(), Ok(()), "again is harmless");
}
