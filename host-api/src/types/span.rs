//! When a part of a run was computed.

/// One stretch of work on one thread.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span {
    /// The node that it belongs to; empty for what belongs to the run as a whole.
    pub node: String,
    /// What computed: a kernel of the plugin's, or an operation of its engine.
    pub kernel: String,
    /// Number of the thread.
    pub thread: u64,
    /// Name of the thread; empty if it has none.
    pub thread_name: String,
    /// When it began, in nanoseconds since a moment of the plugin's.
    pub start_ns: u64,
    /// How long it took, in nanoseconds.
    pub duration_ns: u64,
    /// Additions and multiplications; 0 where they are not counted.
    pub operations: u64,
    /// Bytes of operands and results; 0 where they are not counted.
    pub bytes: u64,
}

/// What an executable has noted of its runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans {
    /// In the order in which they ended.
    pub list: Vec<Span>,
    /// How many more there were, which were not kept.
    pub lost: u64,
}
