//! Extension `kernels/1` through its table: what is refused, and that every context is released once.

use crate::assert_error;
use crate::probe::ProbeGraph;
use rlx_host_api::abi::*;
use rlx_host_api::author::*;
use rlx_host_api::{Error, ErrorKind, Growable};
use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// A plugin that has nothing but a registry.
#[derive(Default)]
struct Keeps(KernelRegistry);

static STATE: PluginState = PluginState::new();

impl Exported for Keeps {
    fn state() -> &'static PluginState {
        &STATE
    }
}

impl Plugin for Keeps {
    type Backend = Self;

    fn info() -> Result<PluginInfo, Error> {
        Err(Error::fault("not asked for"))
    }

    fn devices() -> Result<Vec<DeviceInfo>, Error> {
        Ok(vec![DeviceInfo::cpu("desk")])
    }

    fn create(_request: CreateRequest<'_>) -> Result<Self, Error> {
        Ok(Self::default())
    }
}

impl Backend for Keeps {
    type Executable = ProbeGraph;

    fn compile(&self, _request: CompileRequest<'_>) -> Result<ProbeGraph, Error> {
        Err(Error::unsupported("no graphs"))
    }
}

impl Kernels for Keeps {
    fn kernels(&self) -> &KernelRegistry {
        &self.0
    }
}

/// The extension on a live instance.
struct Host {
    table: &'static RlxKernelsApi,
    backend: Keeps,
}

impl Host {
    fn new() -> Self {
        // SAFETY: the function gives a table of this type, which lives as long as the process.
        let table = unsafe { &*kernels_table::<Keeps>().cast::<RlxKernelsApi>() };
        assert_eq!(table.struct_size, size_of::<RlxKernelsApi>() as u64);
        Self { table, backend: Keeps::default() }
    }

    fn handle(&self) -> *mut RlxBackend {
        std::ptr::from_ref(&self.backend).cast_mut().cast()
    }

    fn register(&self, kernel: *const RlxKernel) -> Result<u32, Error> {
        let mut replaced = 7;
        // SAFETY: a live instance; the kernel is NULL or larger than it states; each test sees to its lists.
        unsafe { Error::check(self.table.register.unwrap()(self.handle(), kernel, &mut replaced)) }.map(|()| replaced)
    }

    fn unregister(&self, op: &str) -> u32 {
        let mut removed = 7;
        // SAFETY: a live instance; the name outlives the call.
        unsafe { Error::check(self.table.unregister.unwrap()(self.handle(), RlxStr::new(op), &mut removed)).unwrap() };
        removed
    }

    fn lookup(&self, op: &str) -> u32 {
        let mut kind = 7;
        // SAFETY: as above.
        unsafe { Error::check(self.table.lookup.unwrap()(self.handle(), RlxStr::new(op), &mut kind)).unwrap() };
        kind
    }
}

unsafe extern "C" fn count(context: *mut c_void) {
    // SAFETY: the context is a `Released`, which outlives its instance.
    unsafe { &*context.cast::<AtomicUsize>() }.fetch_add(1, SeqCst);
}

unsafe extern "C" fn compose(
    _context: *mut c_void,
    _call: *const RlxKernelCall,
    _ops: *const RlxArrayOps,
    _inputs: *const *mut RlxArray,
    _outputs: *mut *mut RlxArray,
) -> *mut RlxError {
    null_mut()
}

unsafe extern "C" fn compute(
    _context: *mut c_void,
    _call: *const RlxKernelCall,
    _inputs: *const RlxTensor,
    _outputs: *const RlxTensorMut,
) -> *mut RlxError {
    null_mut()
}

unsafe extern "C" fn launch(
    _context: *mut c_void,
    _call: *const RlxKernelCall,
    _sink: *const RlxLaunchSink,
) -> *mut RlxError {
    null_mut()
}

/// How often a kernel's context was released.
#[derive(Default)]
struct Released(AtomicUsize);

impl Released {
    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }

    /// A complete host kernel with this as its context.
    fn kernel(&self, op: &'static str) -> RlxKernel {
        RlxKernel {
            op: RlxStr::new(op),
            kind: RLX_KERNEL_HOST,
            context: std::ptr::from_ref(&self.0).cast_mut().cast(),
            release: Some(count),
            compute: Some(compute),
            ..RlxKernel::sized()
        }
    }
}

#[test]
fn a_context_is_released_when_nothing_needs_it() {
    let host = Host::new();
    let [first, second, third] = [(); 3].map(|()| Released::default());
    assert_eq!(host.register(&first.kernel("a")), Ok(0));
    assert_eq!((host.lookup("a"), host.lookup("b")), (RLX_KERNEL_HOST, 0));
    let held = host.backend.kernels().get("a").unwrap();
    let composed = RlxKernel { kind: RLX_KERNEL_COMPOSED, compose: Some(compose), ..second.kernel("a") };
    assert_eq!((host.register(&composed), host.lookup("a")), (Ok(1), RLX_KERNEL_COMPOSED));
    assert_eq!((first.get(), second.get()), (0, 0), "an executable holds the first");
    drop(held);
    assert_eq!((first.get(), second.get()), (1, 0));
    assert_eq!((host.unregister("a"), host.unregister("a"), host.lookup("a")), (1, 0, 0));
    assert_eq!((first.get(), second.get()), (1, 1));
    assert_eq!(host.register(&third.kernel("a")), Ok(0));
    drop(host);
    assert_eq!((first.get(), second.get(), third.get()), (1, 1, 1), "each once");
}

#[test]
fn what_is_refused_is_released_once() {
    let host = Host::new();
    let not_utf8 = [0xFFu8];
    let source = RlxKernelSource { language: RLX_LANGUAGE_METAL, ..RlxKernelSource::sized() };
    let no_size = RlxKernelSource { struct_size: 0, ..source };
    type Change<'a> = Box<dyn Fn(RlxKernel) -> RlxKernel + 'a>;
    let from_source = |kernel: RlxKernel| RlxKernel { kind: RLX_KERNEL_SOURCE, launch: Some(launch), ..kernel };
    let table: Vec<(Change<'_>, &[&str])> = vec![
        (Box::new(|k| RlxKernel { kind: 0, ..k }), &["`op`", "unknown kind 0"]),
        (Box::new(|k| RlxKernel { kind: 99, ..k }), &["`op`", "unknown kind 99", "newer plugin"]),
        (Box::new(|k| RlxKernel { compute: None, ..k }), &["`op`", "`compute`"]),
        (Box::new(|k| RlxKernel { kind: RLX_KERNEL_COMPOSED, ..k }), &["`op`", "`compose`"]),
        (Box::new(|k| RlxKernel { kind: RLX_KERNEL_SOURCE, ..k }), &["`op`", "`launch`"]),
        (Box::new(from_source), &["`op`", "no source"]),
        (Box::new(|k| RlxKernel { source_count: 1, sources: null(), ..from_source(k) }), &["`op`", "NULL"]),
        (Box::new(|k| RlxKernel { source_count: 1, sources: &no_size, ..from_source(k) }), &["`op`", "0 bytes"]),
        (Box::new(|k| RlxKernel { op: RlxStr::EMPTY, ..k }), &["no name"]),
        (Box::new(|k| RlxKernel { op: RlxStr { data: null(), len: 3 }, ..k }), &["kernel's op", "NULL"]),
        (Box::new(|k| RlxKernel { op: RlxStr { data: not_utf8.as_ptr(), len: 1 }, ..k }), &["kernel's op", "UTF-8"]),
    ];
    for (i, (change, parts)) in table.iter().enumerate() {
        let released = Released::default();
        assert_error(host.register(&change(released.kernel("op"))), ErrorKind::InvalidArgument, parts);
        assert_eq!(released.get(), 1, "row {i}");
        assert_eq!(host.lookup("op"), 0, "row {i}");
    }
    let released = Released::default();
    let kernel = released.kernel("op");
    // SAFETY: the instance may be NULL, which is refused; the kernel states its size.
    let no_backend = unsafe { Error::check(host.table.register.unwrap()(null_mut(), &kernel, null_mut())) };
    assert_error(no_backend, ErrorKind::InvalidArgument, &["backend", "NULL"]);
    assert_eq!(released.get(), 1);
    assert_error(host.register(null()), ErrorKind::InvalidArgument, &["kernel", "NULL"]);
}

/// The fallback's context is another one.
#[test]
fn fallbacks_are_released_with_their_kernels_or_alone() {
    let host = Host::new();
    let source = RlxKernelSource { language: RLX_LANGUAGE_CUDA, ..RlxKernelSource::sized() };
    let of_source = |released: &Released, fallback: *const RlxKernel| RlxKernel {
        kind: RLX_KERNEL_SOURCE,
        launch: Some(launch),
        sources: &source,
        source_count: 1,
        fallback,
        ..released.kernel("op")
    };
    let refused = |kernel: &RlxKernel, parts: &[&str]| {
        assert_error(host.register(kernel), ErrorKind::InvalidArgument, parts);
        assert_eq!(host.lookup("op"), 0);
    };
    let [outer, inner] = [(); 2].map(|()| Released::default());
    let counts = || (outer.get(), inner.get());

    refused(&of_source(&outer, &RlxKernel { compute: None, ..inner.kernel("x") }), &["`op`", "fallback", "`compute`"]);
    assert_eq!(counts(), (1, 1));
    refused(&of_source(&outer, &of_source(&inner, null())), &["`op`", "another kind"]);
    assert_eq!(counts(), (2, 2));
    let fallback = inner.kernel("x");
    refused(&RlxKernel { fallback: &fallback, ..outer.kernel("op") }, &["`op`", "only a kernel from source"]);
    assert_eq!(counts(), (3, 3));
    refused(&RlxKernel { kind: 99, fallback: &fallback, ..outer.kernel("op") }, &["`op`", "unknown kind 99"]);
    assert_eq!(counts(), (4, 4));

    assert_eq!(host.register(&of_source(&outer, &fallback)), Ok(0));
    let kept = host.backend.kernels().get("op").unwrap().fallback().cloned();
    assert_eq!((host.unregister("op"), counts()), (1, (5, 4)), "the fallback is what a program may need alone");
    drop(kept);
    assert_eq!(counts(), (5, 5));
}

/// A struct that is too short is refused, and released when it is long enough to say how; one from a newer host is read.
#[test]
fn sizes_of_kernels() {
    let host = Host::new();
    let released = Released::default();
    for (size, releases) in [
        (offset_of!(RlxKernel, fallback), 1),
        (offset_of!(RlxKernel, outputs), 1),
        (offset_of!(RlxKernel, release), 0),
        (8, 0),
        (0, 0),
    ] {
        let before = released.get();
        let short = RlxKernel { struct_size: size as u64, ..released.kernel("op") };
        assert_error(host.register(&short), ErrorKind::InvalidArgument, &["kernel", "struct_size"]);
        assert_eq!((host.lookup("op"), released.get() - before), (0, releases), "{size} bytes");
    }

    #[repr(C)]
    struct Newer {
        known: RlxKernel,
        more: [u64; 3],
    }
    let mut newer = Newer { known: released.kernel("op"), more: [7; 3] };
    newer.known.struct_size = size_of::<Newer>() as u64;
    let before = released.get();
    assert_eq!(host.register(&raw const newer.known), Ok(0));
    assert_eq!((host.lookup("op"), newer.more), (RLX_KERNEL_HOST, [7; 3]));
    assert_eq!((host.unregister("op"), released.get() - before), (1, 1));
}

/// A kernel may have no context to release.
#[test]
fn release_and_counts_may_be_left_out() {
    let host = Host::new();
    let kernel = RlxKernel { release: None, context: null_mut(), ..Released::default().kernel("op") };
    // SAFETY: a live instance; both out-arguments may be NULL.
    unsafe {
        Error::check(host.table.register.unwrap()(host.handle(), &kernel, null_mut())).unwrap();
        assert_eq!(host.lookup("op"), RLX_KERNEL_HOST);
        Error::check(host.table.unregister.unwrap()(host.handle(), RlxStr::new("op"), null_mut())).unwrap();
        let no_kind = Error::check(host.table.lookup.unwrap()(host.handle(), RlxStr::new("op"), null_mut()));
        assert_error(no_kind, ErrorKind::InvalidArgument, &["kind", "NULL"]);
        let no_sink = Error::check(host.table.list.unwrap()(host.handle(), null()));
        assert_error(no_sink, ErrorKind::InvalidArgument, &["sink", "NULL"]);
    }
}
