//! What random numbers follow from.

use crate::Error;
use crate::abi::{RLX_RNG_BNNS, RLX_RNG_ORT, RLX_RNG_PHILOX, RLX_RNG_ZERO};

/// What random numbers follow from, beside the key of each op that draws them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rng {
    /// The seed of all of them.
    pub seed: u64,
    /// How they are made.
    pub generator: Generator,
}

/// The IR's default: seed 42, Philox.
impl Default for Rng {
    fn default() -> Self {
        Self { seed: 42, generator: Generator::Philox }
    }
}

/// How random numbers are made (`rlx_ir::RngBackend`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Generator {
    /// Philox4x32-10.
    Philox,
    /// As ONNX Runtime's processor backend.
    Ort,
    /// AES in counter mode, as Apple's BNNS.
    Bnns,
    /// All zeros, to compare with what draws other numbers.
    Zero,
}

impl Generator {
    /// Its number in the ABI.
    pub fn code(self) -> u32 {
        match self {
            Self::Philox => RLX_RNG_PHILOX,
            Self::Ort => RLX_RNG_ORT,
            Self::Bnns => RLX_RNG_BNNS,
            Self::Zero => RLX_RNG_ZERO,
        }
    }

    /// The one of this number.
    ///
    /// # Errors
    /// Unsupported when there is none.
    pub fn from_code(code: u32) -> Result<Self, Error> {
        Ok(match code {
            RLX_RNG_PHILOX => Self::Philox,
            RLX_RNG_ORT => Self::Ort,
            RLX_RNG_BNNS => Self::Bnns,
            RLX_RNG_ZERO => Self::Zero,
            _ => return Err(Error::unsupported(format!("random numbers of generator {code}; 0 to 3 are known"))),
        })
    }
}
