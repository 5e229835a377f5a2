//! What a plugin says of the nodes of a program before it compiles it.

#[cfg(feature = "rlx-ir")]
use crate::Error;
use crate::abi::*;

/// How a node that a plugin takes would run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum How {
    /// An input, a parameter or a constant: nothing to compute.
    Leaf,
    /// In the graph of the plugin's engine.
    Graph,
    /// Code on the processor that works in host memory: the plugin's own, or a kernel of the host's.
    Host,
    /// A kernel from source code that the engine compiles for its device.
    Source,
    /// The plugin decides at each run which of the nested graphs are computed, and how often.
    ControlFlow,
    /// Taken, and never computed: a derivative that belongs to a function.
    Unused,
    /// In a way that a newer plugin knows and this library does not.
    Other,
}

impl How {
    /// One of `RLX_CLAIM_*`.
    pub(crate) fn code(self) -> u32 {
        match self {
            Self::Leaf => RLX_CLAIM_LEAF,
            Self::Graph => RLX_CLAIM_GRAPH,
            Self::Host => RLX_CLAIM_HOST,
            Self::Source => RLX_CLAIM_SOURCE,
            Self::ControlFlow => RLX_CLAIM_CONTROL_FLOW,
            Self::Unused => RLX_CLAIM_UNUSED,
            // No value of the ABI says it; any that older hosts do not know does.
            Self::Other => u32::MAX,
        }
    }

    /// `None` for a node that is refused.
    pub(crate) fn from_code(code: u32) -> Option<Self> {
        match code {
            RLX_CLAIM_REFUSED => None,
            RLX_CLAIM_LEAF => Some(Self::Leaf),
            RLX_CLAIM_GRAPH => Some(Self::Graph),
            RLX_CLAIM_HOST => Some(Self::Host),
            RLX_CLAIM_SOURCE => Some(Self::Source),
            RLX_CLAIM_CONTROL_FLOW => Some(Self::ControlFlow),
            RLX_CLAIM_UNUSED => Some(Self::Unused),
            _ => Some(Self::Other),
        }
    }
}

/// What a plugin does with one node of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Name of the node's op (IR `OpKind`).
    pub op: String,
    /// How many nodes the node's graph is nested in; 0 for those of the program's graph itself.
    pub depth: u32,
    /// How the node would run, or why it is not taken: one line that need not name it.
    pub answer: Result<How, String>,
    /// What computes a node that is taken, and for [`How::Host`] why the engine does not: one line, or empty where the plugin
    /// does not say. Plugins that find it out only at some cost say it where the option [`Claim::EXPLAIN`] is true.
    pub by: String,
}

/// How a node that is taken would run, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// How.
    pub how: How,
    /// As [`Claim::by`].
    pub by: String,
}

impl From<How> for Taken {
    fn from(how: How) -> Self {
        Self { how, by: String::new() }
    }
}

impl Claim {
    /// The option of `claims` that asks for [`by`](Self::by). A plugin may refuse it, as it does other options.
    pub const EXPLAIN: &'static str = "explain";

    /// What is said of every node of `graph` and of the graphs nested in it, in the order of [`Claims::claims`](crate::author::Claims::claims): `take` is
    /// asked for each, with the graph that has it. It is not asked for derivatives that belong to a function, since no run
    /// computes them.
    #[cfg(feature = "rlx-ir")]
    pub fn of_graph<T: Into<Taken>>(
        graph: &rlx_ir::Graph,
        mut take: impl FnMut(&rlx_ir::Graph, &rlx_ir::Node) -> Result<T, Error>,
    ) -> Vec<Self> {
        let mut claims = Vec::with_capacity(graph.len());
        of_graph(graph, 0, &mut |graph, node| take(graph, node).map(Into::into), &mut claims);
        claims
    }
}

/// Who says how a node runs.
#[cfg(feature = "rlx-ir")]
type Take<'a> = dyn FnMut(&rlx_ir::Graph, &rlx_ir::Node) -> Result<Taken, Error> + 'a;

#[cfg(feature = "rlx-ir")]
fn of_graph(graph: &rlx_ir::Graph, depth: u32, take: &mut Take<'_>, claims: &mut Vec<Claim>) {
    for node in graph.nodes() {
        let (answer, by) = match take(graph, node) {
            Ok(taken) => (Ok(taken.how), taken.by),
            Err(error) => (Err(error.message().to_owned()), String::new()),
        };
        claims.push(Claim { op: format!("{:?}", node.op.kind()), depth, answer, by });
        let is_function = matches!(node.op, rlx_ir::Op::CustomFn { .. });
        for (at, body) in node.op.subgraphs().into_iter().enumerate() {
            if is_function && at > 0 {
                of_graph(body, depth + 1, &mut |_, _| Ok(How::Unused.into()), claims);
            } else {
                of_graph(body, depth + 1, take, claims);
            }
        }
    }
}
