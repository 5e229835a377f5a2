//! What a host may choose when it compiles.

use crate::plan::mode::Mode;
use rlx_host_api::abi::RLX_OPTION_PROFILE;
use rlx_host_api::{Error, Value};
use std::num::NonZeroUsize;

/// The options of one program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) mode: Mode,
    /// Whether an output that a run delivers to the host stays on the device as well, until the next run.
    pub(crate) keep_outputs: bool,
    /// Whether a parameter stays as it was bound although runs read only what was made of it; in the modes other than compiled it always does.
    pub(crate) keep_params: bool,
    /// The most threads that kernels of the program are dealt to; as many as there are when it is left out.
    pub(crate) threads: Option<NonZeroUsize>,
    /// Whether runs note when their parts are computed.
    pub(crate) profile: bool,
}

impl Options {
    /// Reads what the host has set; the rest is what [`Mode::from_env`] says and the default.
    pub(crate) fn read(given: &[(String, Value)]) -> Result<Self, Error> {
        let mut options =
            Self { mode: Mode::from_env()?, keep_outputs: true, keep_params: false, threads: None, profile: false };
        for (key, value) in given {
            match (key.as_str(), value) {
                ("mode", Value::Str(name)) => options.mode = name.parse()?,
                ("mode", other) => return Err(Error::invalid(format!("option `mode` is text, not `{other}`"))),
                ("keep_outputs", Value::Bool(keep)) => options.keep_outputs = *keep,
                ("keep_outputs", other) => {
                    return Err(Error::invalid(format!("option `keep_outputs` is true or false, not `{other}`")));
                }
                ("keep_params", Value::Bool(keep)) => options.keep_params = *keep,
                ("keep_params", other) => {
                    return Err(Error::invalid(format!("option `keep_params` is true or false, not `{other}`")));
                }
                ("threads", Value::Int(count)) => options.threads = Some(threads(*count)?),
                ("threads", other) => {
                    return Err(Error::invalid(format!("option `threads` is an integer, not `{other}`")));
                }
                (RLX_OPTION_PROFILE, Value::Bool(profile)) => options.profile = *profile,
                (RLX_OPTION_PROFILE, other) => {
                    return Err(Error::invalid(format!("option `profile` is true or false, not `{other}`")));
                }
                (other, _) => {
                    return Err(Error::invalid(format!(
                        "unknown compile option `{other}`; known: keep_outputs, keep_params, mode, profile, threads"
                    )));
                }
            }
        }
        Ok(options)
    }
}

fn threads(count: i64) -> Result<NonZeroUsize, Error> {
    let threads = u32::try_from(count).ok().and_then(|count| NonZeroUsize::new(count as usize));
    threads.ok_or_else(|| {
        Error::invalid(format!("option `threads` is {count}: from 1 to {} threads can compute", u32::MAX))
    })
}
