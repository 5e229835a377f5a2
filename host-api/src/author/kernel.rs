//! Kernels as a plugin sees them: registered by the host, looked up at compile, called through safe methods.

use super::storage::tensor_view;
use crate::abi::*;
use crate::growable::read;
use crate::kernel::{Kernel, KernelKind, Language, Launch, SourceCode, TensorViewMut, lend};
use crate::views::{MAX_TEXT, pairs, slice, tensors, text};
use crate::{Error, Growable, TensorInfo, TensorView};
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// The node that a kernel computes, described once for all calls.
pub struct CustomNode {
    op: String,
    attrs: Vec<u8>,
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    /// Of `inputs` and `outputs`.
    views: [Vec<RlxTensorInfo>; 2],
}

// SAFETY: the views point into the owned lists, which are never changed.
unsafe impl Send for CustomNode {}
// SAFETY: as above.
unsafe impl Sync for CustomNode {}

impl CustomNode {
    /// Op, attributes, operands and results of a node. Names of tensors are not told to kernels; leave them empty.
    pub fn new(op: String, attrs: Vec<u8>, inputs: Vec<TensorInfo>, outputs: Vec<TensorInfo>) -> Self {
        let views = [&inputs, &outputs].map(|list| list.iter().map(tensor_view).collect());
        Self { op, attrs, inputs, outputs, views }
    }

    /// The same node with other results.
    #[must_use]
    pub fn with_outputs(self, outputs: Vec<TensorInfo>) -> Self {
        Self::new(self.op, self.attrs, self.inputs, outputs)
    }

    /// Name of the op.
    pub fn op(&self) -> &str {
        &self.op
    }

    /// Operands.
    pub fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    /// Results.
    pub fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    fn raw(&self) -> RlxKernelCall {
        let [inputs, outputs] = &self.views;
        RlxKernelCall {
            op: RlxStr::new(&self.op),
            attrs: RlxBytes::new(&self.attrs),
            inputs: inputs.as_ptr(),
            input_count: inputs.len() as u64,
            outputs: outputs.as_ptr(),
            output_count: outputs.len() as u64,
            ..RlxKernelCall::sized()
        }
    }
}

impl fmt::Debug for CustomNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomNode").field("op", &self.op).field("outputs", &self.outputs).finish_non_exhaustive()
    }
}

/// A kernel that the host registered. The host's side of it is released when the last reference is dropped.
pub struct RegisteredKernel {
    op: String,
    kind: KernelKind,
    functions: Functions,
    sources: Vec<(Language, SourceCode)>,
    fallback: Option<Arc<RegisteredKernel>>,
}

/// The host's functions with their context, which is released on drop.
struct Functions(RlxKernel);

// SAFETY: the ABI has the host's functions called from any thread, several at once, and the context released from any.
unsafe impl Send for Functions {}
// SAFETY: as above.
unsafe impl Sync for Functions {}

impl Drop for Functions {
    fn drop(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: the pair came from the host, which promises that one call is sound; drop runs once.
            unsafe { release(self.0.context) }
        }
    }
}

impl RegisteredKernel {
    /// A kernel of the plugin's own, for an op that hosts need not register one for.
    ///
    /// # Errors
    /// Invalid argument for a kernel without the name of an op.
    pub fn own(kernel: Kernel) -> Result<Self, Error> {
        let mut own = Err(Error::fault("the kernel was not made"));
        // SAFETY: the wire form of a kernel, whose context is handed over.
        lend(kernel, &mut |raw| own = unsafe { Self::from_raw(raw) });
        own
    }

    /// Takes a kernel over from the host.
    ///
    /// # Errors
    /// Invalid argument for a kernel that is not complete, which is released.
    ///
    /// # Safety
    /// `kernel` is NULL or what a host passes to [`RlxKernelsApi::register`].
    pub(super) unsafe fn from_raw(kernel: *const RlxKernel) -> Result<Self, Error> {
        // SAFETY: promised by the caller.
        unsafe {
            let raw = read(kernel, "kernel").inspect_err(|_| release_short(kernel))?;
            // Taken first: what is refused is released too.
            let functions = Functions(raw);
            let fallback = match raw.fallback {
                none if none.is_null() => Ok(None),
                own if std::ptr::eq(own, kernel) => Err(Error::invalid("it is the kernel itself")),
                other => Self::from_raw(other).map(|kernel| Some(Arc::new(kernel))),
            };
            let op = text(raw.op, MAX_TEXT, "the kernel's op")?.to_owned();
            let refuse = |why: &str| Err(Error::invalid(format!("kernel `{op}`: {why}")).with("kernel", op.as_str()));
            let fallback = fallback.map_err(|e| e.context(format_args!("kernel `{op}`: fallback")))?;
            let Some(kind) = KernelKind::from_code(raw.kind) else {
                return refuse(&format!("unknown kind {}; a newer plugin may know it", raw.kind));
            };
            let missing = match kind {
                _ if op.is_empty() => Some("its op has no name"),
                KernelKind::Composed => raw.compose.is_none().then_some("a composed kernel needs `compose`"),
                KernelKind::Host => raw.compute.is_none().then_some("a host kernel needs `compute`"),
                KernelKind::Source if raw.launch.is_none() => Some("a kernel from source needs `launch`"),
                KernelKind::Source => (raw.source_count == 0).then_some("it has no source in any language"),
            };
            if let Some(missing) = missing {
                return refuse(missing);
            }
            if fallback.as_ref().is_some_and(|f| kind != KernelKind::Source || f.kind == KernelKind::Source) {
                return refuse("only a kernel from source has a fallback, which is of another kind");
            }
            let mut sources = Vec::new();
            for i in 0..raw.source_count.min(MAX_SOURCES) as usize {
                sources.extend(source(raw.sources, i).map_err(|e| e.context(format_args!("kernel `{op}`")))?);
            }
            Ok(Self { op, kind, functions, sources, fallback })
        }
    }

    /// Name of the op.
    pub fn op(&self) -> &str {
        &self.op
    }

    /// Its kind.
    pub fn kind(&self) -> KernelKind {
        self.kind
    }

    /// The code in one language.
    pub fn source(&self, language: Language) -> Option<&SourceCode> {
        self.sources.iter().find_map(|(other, code)| (*other == language).then_some(code))
    }

    /// The languages that it is written in.
    pub fn languages(&self) -> Vec<Language> {
        self.sources.iter().map(|(language, _)| *language).collect()
    }

    /// The kernel for devices that have none of the languages.
    pub fn fallback(&self) -> Option<&Arc<RegisteredKernel>> {
        self.fallback.as_ref()
    }

    /// The results of a kernel that has several; `None` for one, as the node declares it.
    ///
    /// # Errors
    /// The kernel's.
    pub fn outputs(&self, node: &CustomNode) -> Result<Option<Vec<TensorInfo>>, Error> {
        unsafe extern "C" fn emit(context: *mut c_void, info: *const RlxTensorInfo) {
            // SAFETY: the list below; the host's promise about `info`.
            let (list, found) = unsafe { (&mut *context.cast::<Emitted<_>>(), tensors(info, 1, "results")) };
            list.push(found);
        }
        let Some(function) = self.functions.0.outputs else { return Ok(None) };
        let mut found: Emitted<TensorInfo> = Ok(Vec::new());
        let sink = RlxTensorInfoSink { context: (&raw mut found).cast(), emit: Some(emit) };
        // SAFETY: the host's function with its context; call and sink outlive the call.
        unsafe { check(node, function(self.functions.0.context, &node.raw(), &sink))? };
        // Of the kernel's making, whoever finds it.
        found.map(Some).map_err(|e| Error::invalid(e.message()).context(format_args!("kernel `{}`: outputs", self.op)))
    }

    /// Has a composed kernel build its results from `inputs`. What it gives belongs to the caller.
    ///
    /// # Errors
    /// The kernel's.
    ///
    /// # Safety
    /// `inputs` are live arrays of the plugin, one for each operand, and `ops` are operations on such arrays.
    pub unsafe fn compose(
        &self,
        node: &CustomNode,
        ops: &'static RlxArrayOps,
        inputs: &[*mut RlxArray],
    ) -> Result<Vec<*mut RlxArray>, Error> {
        let Some(function) = self.functions.0.compose else { return Err(self.lacks("compose")) };
        let mut outputs = vec![std::ptr::null_mut(); node.outputs.len()];
        // SAFETY: the host's function with its context; the lists have the lengths that the call tells.
        let error =
            unsafe { function(self.functions.0.context, &node.raw(), ops, inputs.as_ptr(), outputs.as_mut_ptr()) };
        // SAFETY: the host's error, read once.
        unsafe { check(node, error)? };
        Ok(outputs)
    }

    /// Has a host kernel fill `outputs`.
    ///
    /// # Errors
    /// The kernel's; another number of tensors than the node has.
    pub fn compute(
        &self,
        node: &CustomNode,
        inputs: &[TensorView<'_>],
        outputs: &mut [TensorViewMut<'_>],
    ) -> Result<(), Error> {
        let Some(function) = self.functions.0.compute else { return Err(self.lacks("compute")) };
        if (inputs.len(), outputs.len()) != (node.inputs.len(), node.outputs.len()) {
            return Err(Error::fault(format!("kernel `{}` was called with another number of tensors", self.op)));
        }
        let inputs: Vec<RlxTensor> = inputs.iter().map(|view| view.to_raw()).collect();
        let outputs: Vec<RlxTensorMut> = outputs
            .iter_mut()
            .map(|place| RlxTensorMut {
                dtype: place.dtype.code(),
                rank: place.dims.len() as u32,
                dims: place.dims.as_ptr(),
                data: RlxBytesMut::new(place.data),
            })
            .collect();
        // SAFETY: the host's function with its context; the views are those of live slices, of the count that is told.
        unsafe { check(node, function(self.functions.0.context, &node.raw(), inputs.as_ptr(), outputs.as_ptr())) }
    }

    /// How to launch a kernel from source for a node.
    ///
    /// # Errors
    /// The kernel's; one that told nothing.
    pub fn launch(&self, node: &CustomNode) -> Result<Launch, Error> {
        unsafe extern "C" fn emit(context: *mut c_void, launch: *const RlxLaunch) {
            // SAFETY: the list below; the host's promise about `launch`.
            let (list, found) = unsafe { (&mut *context.cast::<Emitted<_>>(), read_launch(launch)) };
            list.push(found.map(|launch| vec![launch]));
        }
        let Some(function) = self.functions.0.launch else { return Err(self.lacks("launch")) };
        let mut found: Emitted<Launch> = Ok(Vec::new());
        let sink = RlxLaunchSink { context: (&raw mut found).cast(), emit: Some(emit) };
        // SAFETY: the host's function with its context; call and sink outlive the call.
        unsafe { check(node, function(self.functions.0.context, &node.raw(), &sink))? };
        let launch = found.map_err(|e| e.context(format_args!("kernel `{}`: launch", self.op)))?.pop();
        launch.ok_or_else(|| Error::invalid(format!("kernel `{}` did not tell how to launch it", self.op)))
    }

    fn lacks(&self, function: &str) -> Error {
        Error::fault(format!("kernel `{}` has no function `{function}`", self.op))
    }
}

/// What a kernel answered for `node`; an error names its op, which a kernel in C leaves to this side.
///
/// # Safety
/// `error` is NULL or a fresh error of the host's, which is released.
unsafe fn check(node: &CustomNode, error: *mut RlxError) -> Result<(), Error> {
    // SAFETY: promised by the caller.
    unsafe { Error::check(error) }.map_err(|error| error.context(format_args!("kernel `{}`", node.op)))
}

impl fmt::Debug for RegisteredKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredKernel").field("op", &self.op).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Releases a kernel that is too short to be read, as far as it says how.
///
/// # Safety
/// As [`RegisteredKernel::from_raw`].
unsafe fn release_short(kernel: *const RlxKernel) {
    const RELEASE_END: u64 = std::mem::offset_of!(RlxKernel, outputs) as u64;
    // SAFETY: not NULL, so it starts with its size, and what lies within that size may be read.
    unsafe {
        if !kernel.is_null() && (*kernel.cast::<u64>()) >= RELEASE_END {
            let (context, release) = ((&raw const (*kernel).context).read(), (&raw const (*kernel).release).read());
            drop(Functions(RlxKernel { context, release, ..RlxKernel::sized() }));
        }
    }
}

/// No kernel is written in more languages.
const MAX_SOURCES: u64 = 64;

/// More operands or results than any kernel names.
const MAX_NAMES: u64 = 1 << 10;

/// Source `i`; `None` for one in a language that this side does not know.
///
/// # Safety
/// `sources` points to more than `i` descriptions.
unsafe fn source(sources: *const RlxKernelSource, i: usize) -> Result<Option<(Language, SourceCode)>, Error> {
    if sources.is_null() || !sources.is_aligned() {
        return Err(Error::invalid("its sources are at a NULL or misaligned address"));
    }
    // SAFETY: promised by the caller; the first one states the distance to the next.
    unsafe {
        let stride = sources.cast::<u64>().read();
        let possible = RlxKernelSource::BASELINE as u64..=1 << 12;
        if !possible.contains(&stride) || !stride.is_multiple_of(align_of::<RlxKernelSource>() as u64) {
            return Err(Error::invalid(format!("its sources are of {stride} bytes")));
        }
        let raw = read(sources.byte_add(i * stride as usize), "a source")?;
        let Some(language) = Language::from_code(raw.language) else { return Ok(None) };
        let names = |list, count: u64| {
            let list = slice(list, count.min(MAX_NAMES), "names")?;
            list.iter().map(|&name| Ok(text(name, MAX_TEXT, "a name")?.to_owned())).collect::<Result<_, Error>>()
        };
        Ok(Some((
            language,
            SourceCode {
                header: text(raw.header, MAX_TEXT, "a header")?.to_owned(),
                body: text(raw.body, MAX_TEXT, "a body")?.to_owned(),
                input_names: names(raw.input_names, raw.input_count)?,
                output_names: names(raw.output_names, raw.output_count)?,
                strided_inputs: raw.flags & RLX_KERNEL_STRIDED_INPUTS != 0,
                atomic_outputs: raw.flags & RLX_KERNEL_ATOMIC_OUTPUTS != 0,
                shared_memory: raw.shared_memory,
            },
        )))
    }
}

/// # Safety
/// `launch` is NULL or what a host emits.
unsafe fn read_launch(launch: *const RlxLaunch) -> Result<Launch, Error> {
    // SAFETY: promised by the caller.
    unsafe {
        let raw = read(launch, "launch")?;
        Ok(Launch {
            grid: raw.grid,
            threadgroup: raw.threadgroup,
            template_args: pairs(raw.template_args, raw.template_arg_count, "template arguments")?,
            init: (raw.has_init != 0).then_some(raw.init),
        })
    }
}

/// What a callback was given, or the first error in it.
type Emitted<T> = Result<Vec<T>, Error>;

trait Push<T> {
    fn push(&mut self, found: Result<Vec<T>, Error>);
}

impl<T> Push<T> for Emitted<T> {
    fn push(&mut self, found: Result<Vec<T>, Error>) {
        match (self.as_mut(), found) {
            (Ok(list), Ok(found)) => list.extend(found),
            (Ok(_), Err(error)) => *self = Err(error),
            (Err(_), _) => {}
        }
    }
}

/// The kernels of one backend instance. An executable holds on to those that it was compiled with.
#[derive(Debug, Default)]
pub struct KernelRegistry(RwLock<BTreeMap<String, Arc<RegisteredKernel>>>);

impl KernelRegistry {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The kernel of an op.
    pub fn get(&self, op: &str) -> Option<Arc<RegisteredKernel>> {
        // The map is only ever changed by one insertion or removal, so a poisoned lock protects a whole one.
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(op).cloned()
    }

    /// Adds a kernel; true when it replaces one, which is logged.
    pub(super) fn register(&self, kernel: RegisteredKernel) -> bool {
        let op = kernel.op.clone();
        let kernel = Arc::new(kernel);
        let before = self.0.write().unwrap_or_else(PoisonError::into_inner).insert(op, Arc::clone(&kernel));
        // The lock is free again: dropping the old one calls the host.
        if let Some(before) = &before {
            log::warn!("kernel `{}` ({}) replaces one of kind {}", kernel.op, kernel.kind, before.kind);
        }
        before.is_some()
    }

    /// Adds a kernel of the plugin's own ([`RegisteredKernel::own`]), in place of what there was.
    pub fn provide(&self, kernel: RegisteredKernel) {
        let kernel = Arc::new(kernel);
        let before = self.0.write().unwrap_or_else(PoisonError::into_inner).insert(kernel.op.clone(), kernel);
        // The lock is free again, as above.
        drop(before);
    }

    /// Takes a kernel away that was provided.
    pub fn withdraw(&self, op: &str) {
        self.unregister(op);
    }

    /// Takes a kernel away; true when there was one.
    pub(super) fn unregister(&self, op: &str) -> bool {
        let before = self.0.write().unwrap_or_else(PoisonError::into_inner).remove(op);
        before.is_some()
    }

    /// Op and kind of each.
    pub(super) fn list(&self) -> Vec<(String, KernelKind)> {
        let kernels = self.0.read().unwrap_or_else(PoisonError::into_inner);
        kernels.iter().map(|(op, kernel)| (op.clone(), kernel.kind)).collect()
    }
}
