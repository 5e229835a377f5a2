//! A plugin that one source builds for every version of the ABI: backend `next`, which evaluates small graphs. From ABI
//! 1.1 on it has the extension `next/1`. It logs what it finds in argument fields beyond ABI 1.0.

mod eval;
#[path = "../../surplus.rs"]
mod surplus;
mod wire;

use eval::Program;
use rlx_host_api::abi::{ABI_VERSION, RLX_ABI_MAJOR, RLX_ABI_MINOR, RlxVersion};
use rlx_host_api::author::*;
use rlx_host_api::{Error, TensorInfo, TensorView};
use rlx_ir::rlxmodel::{FORMAT_VERSION, OPSET};
use std::ffi::c_void;

struct Next;

/// Table of the extension `next/1`.
#[repr(C)]
struct NextTable {
    struct_size: u64,
    answer: unsafe extern "C" fn() -> u64,
}

static NEXT: NextTable = NextTable { struct_size: size_of::<NextTable>() as u64, answer };

unsafe extern "C" fn answer() -> u64 {
    42
}

impl Plugin for Next {
    type Backend = Self;

    fn info() -> Result<PluginInfo, Error> {
        Ok(PluginInfo {
            name: "next".into(),
            version: semver::Version::new(RLX_ABI_MAJOR.into(), RLX_ABI_MINOR.into(), 0),
            vendor: "tests".into(),
            engine: "none".into(),
            engine_version: "0".into(),
            format_version: FORMAT_VERSION,
            opset: 1..=OPSET,
            threading: Threading::Concurrent,
            ops: eval::OPS.iter().map(|op| format!("{op:?}")).collect(),
        })
    }

    fn devices() -> Result<Vec<DeviceInfo>, Error> {
        Ok(vec![DeviceInfo::cpu("fixture")])
    }

    fn create(_request: CreateRequest<'_>) -> Result<Self, Error> {
        Ok(Self)
    }

    fn extension(id: &str, version: u32) -> Option<*const c_void> {
        let since = RlxVersion { major: 1, minor: 1, patch: 0 };
        (ABI_VERSION >= since && (id, version) == ("next", 1)).then_some((&raw const NEXT).cast())
    }
}

impl Backend for Next {
    type Executable = Program;

    fn compile(&self, request: CompileRequest<'_>) -> Result<Program, Error> {
        Program::parse(request.program)
    }
}

impl Executable for Program {
    fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    fn params(&self) -> &[TensorInfo] {
        &self.params
    }

    fn set_param(&mut self, name: &str, value: TensorView<'_>, _owner: Option<ParamOwner>) -> Result<(), Error> {
        self.bind(name, eval::floats(value.data));
        Ok(())
    }

    fn run(&mut self, inputs: &[&[u8]], outputs: &mut [OutputBuffer<'_>]) -> Result<(), Error> {
        for (values, output) in self.evaluate(inputs)?.iter().zip(outputs) {
            if let Some(out) = output.bytes() {
                let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                out.copy_from_slice(&bytes);
            }
        }
        Ok(())
    }
}
