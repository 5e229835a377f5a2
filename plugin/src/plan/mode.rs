//! The three ways to run a program.

use rlx_host_api::Error;
use std::str::FromStr;

/// The environment variable that sets the default mode, for debugging.
const MODE_VARIABLE: &str = "RLX_MLX_MODE";

/// How a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Evaluates after each op; an error names the op.
    Eager,
    /// Builds MLX's graph at each run, evaluates once.
    Lazy,
    /// Builds it once, at compile; each run replays it and evaluates once.
    Compiled,
}

impl Mode {
    /// What [`MODE_VARIABLE`] says, or compiled.
    pub(crate) fn from_env() -> Result<Self, Error> {
        match std::env::var(MODE_VARIABLE) {
            Ok(name) if !name.is_empty() => name.parse().map_err(|e: Error| e.context(MODE_VARIABLE)),
            _ => Ok(Self::Compiled),
        }
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "eager" => Ok(Self::Eager),
            "lazy" => Ok(Self::Lazy),
            "compiled" => Ok(Self::Compiled),
            _ => Err(Error::invalid(format!("unknown mode `{name}`; known: eager, lazy, compiled"))),
        }
    }
}
