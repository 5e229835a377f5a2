//! What a host asks for when it makes an instance or compiles a graph.

use crate::abi::{RlxCompileArgs, RlxStr};
use crate::views::key_values;
use crate::{DeviceKind, Growable, Value};

/// Which device an instance runs on, and options by name.
#[derive(Debug, Clone, Default)]
pub struct BackendOptions {
    pub(super) kind: Option<DeviceKind>,
    pub(super) ordinal: u32,
    pub(super) options: Vec<(String, Value)>,
}

impl BackendOptions {
    /// The plugin's first device, no options.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first device of `kind`.
    #[must_use]
    pub fn device(self, kind: DeviceKind) -> Self {
        self.device_ordinal(kind, 0)
    }

    /// Device `ordinal` of `kind`.
    #[must_use]
    pub fn device_ordinal(mut self, kind: DeviceKind, ordinal: u32) -> Self {
        self.kind = Some(kind);
        self.ordinal = ordinal;
        self
    }

    /// Sets an option of the plugin.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.options.push((key.to_owned(), value.into()));
        self
    }
}

/// Options of one compilation.
#[derive(Debug, Clone, Default)]
pub struct CompileOptions {
    pub(super) graph: Option<String>,
    pub(super) options: Vec<(String, Value)>,
}

impl CompileOptions {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which graph of a module to compile.
    #[must_use]
    pub fn graph(mut self, name: &str) -> Self {
        self.graph = Some(name.to_owned());
        self
    }

    /// Sets an option of the plugin, for example `mode` to `lazy`.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.options.push((key.to_owned(), value.into()));
        self
    }

    /// Calls `call` with the arguments that ask for `program` with these options; they and their views last as long as the
    /// call.
    pub(super) fn lend<T>(&self, program: &[u8], call: impl FnOnce(&RlxCompileArgs) -> T) -> T {
        let pairs = key_values(&self.options);
        call(&RlxCompileArgs {
            program: RlxStr { data: program.as_ptr(), len: program.len() as u64 },
            graph: RlxStr::new(self.graph.as_deref().unwrap_or_default()),
            options: pairs.as_ptr(),
            option_count: pairs.len() as u64,
            ..RlxCompileArgs::sized()
        })
    }
}
