//! The kernels of one program, taken from the registry when it is compiled.

use super::chosen;
use rlx_host_api::Error;
use rlx_host_api::author::{KernelRegistry, RegisteredKernel};
use rlx_host_api::kernel::{KernelKind, Language};
use rlx_ir::{Graph, Op};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The kernels of one program. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct KernelSet(Arc<Content>);

#[derive(Debug, Default)]
struct Content {
    kernels: BTreeMap<String, Arc<RegisteredKernel>>,
    /// That of the device.
    language: Option<Language>,
    failures: Arc<Failures>,
}

/// Why host kernels failed. MLX carries only a text, and not a long one; the errors themselves wait here for the run, which
/// knows its own by a number in that text. Duplicates of an executable share them, and a run that was started without
/// waiting may fail while another one runs.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<VecDeque<(String, Error)>>);

/// No more failures wait. Those of a run beyond its first are never asked for.
const MAX_WAITING: usize = 64;

impl Failures {
    /// Keeps `error`, and gives what the text for MLX starts with.
    pub(super) fn keep(&self, error: Error) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mark = format!("[failure {}]", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == MAX_WAITING {
            waiting.pop_front();
        }
        waiting.push_back((mark.clone(), error));
        mark
    }

    fn take(&self, text: &str) -> Option<Error> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = waiting.iter().position(|(mark, _)| text.contains(mark))?;
        waiting.remove(found).map(|(_, error)| error)
    }
}

impl KernelSet {
    /// The kernels of all custom ops of `graph` and of the graphs nested in it, for a device with `language`.
    ///
    /// # Errors
    /// Unsupported when one has no kernel (all of them are named), or none for this device.
    pub(crate) fn of(graph: &Graph, registry: &KernelRegistry, language: Option<Language>) -> Result<Self, Error> {
        let mut ops = BTreeSet::new();
        list(graph, &mut ops);
        let (mut kernels, mut missing) = (BTreeMap::new(), Vec::new());
        for op in ops {
            match registry.get(op) {
                Some(kernel) => drop(kernels.insert(op.to_owned(), chosen(kernel, language)?)),
                None => missing.push(format!("`{op}`")),
            }
        }
        if missing.is_empty() {
            return Ok(Self(Arc::new(Content { kernels, language, failures: Arc::default() })));
        }
        let list = missing.join(", ");
        Err(Error::unsupported(format!("no kernel for custom op {list}: register it with the backend before compile"))
            .with("missing", list))
    }

    pub(super) fn get(&self, op: &str) -> Result<Arc<RegisteredKernel>, Error> {
        let found = self.0.kernels.get(op);
        found.cloned().ok_or_else(|| Error::fault(format!("the program has no kernel for `{op}`")))
    }

    /// The language of the device's kernels from source.
    pub(crate) fn language(&self) -> Option<Language> {
        self.0.language
    }

    /// Whether some run in the host.
    pub(crate) fn call_the_host(&self) -> bool {
        self.0.kernels.values().any(|kernel| kernel.kind() == KernelKind::Host)
    }

    pub(super) fn failures(&self) -> &Arc<Failures> {
        &self.0.failures
    }

    /// The error of the kernel that made an evaluation fail with `text`, once.
    pub(crate) fn take_failure(&self, text: &str) -> Option<Error> {
        self.0.failures.take(text)
    }
}

fn list<'g>(graph: &'g Graph, ops: &mut BTreeSet<&'g str>) {
    for node in graph.nodes() {
        if let Op::Custom { name, .. } = &node.op {
            ops.insert(name);
        }
        for body in node.op.subgraphs() {
            list(body, ops);
        }
    }
}
