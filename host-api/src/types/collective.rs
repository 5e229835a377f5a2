//! What collectives compute.

use crate::Error;
use crate::abi::{RLX_REDUCE_MAX, RLX_REDUCE_MIN, RLX_REDUCE_SUM};
use std::fmt;
use std::str::FromStr;

/// How values of several ranks become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// The largest of them.
    Max,
    /// The smallest of them.
    Min,
}

impl Reduction {
    /// The wire value, one of `RLX_REDUCE_*`.
    pub const fn code(self) -> u32 {
        match self {
            Self::Sum => RLX_REDUCE_SUM,
            Self::Max => RLX_REDUCE_MAX,
            Self::Min => RLX_REDUCE_MIN,
        }
    }

    /// The reduction of a wire value.
    ///
    /// # Errors
    /// Unsupported for a value that this version does not know.
    pub fn from_code(code: u32) -> Result<Self, Error> {
        match code {
            RLX_REDUCE_SUM => Ok(Self::Sum),
            RLX_REDUCE_MAX => Ok(Self::Max),
            RLX_REDUCE_MIN => Ok(Self::Min),
            _ => Err(Error::unsupported(format!("reduction {code}; 0 to 2 are known"))),
        }
    }

    /// Its name in the attributes of collective ops.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Max => "max",
            Self::Min => "min",
        }
    }
}

impl fmt::Display for Reduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Reduction {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let known = [Self::Sum, Self::Max, Self::Min].into_iter().find(|reduction| reduction.name() == name);
        known.ok_or_else(|| Error::unsupported(format!("reduction `{name}`; there are sum, max and min")))
    }
}
