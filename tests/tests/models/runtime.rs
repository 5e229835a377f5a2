//! The models as `Device::Mlx` of rlx-runtime, whose passes rewrite and fuse them first.

use crate::{MODELS, example, translated};
use ndarray::ArrayD;
use ndarray_npy::ReadNpyExt;
use rlx_ir::{DType, rlxmodel};
use rlx_mlx_tests::runtime::mlx;
use safetensors::SafeTensors;
use std::fs::{self, File};
use std::path::Path;

/// The elements of a file of i32 or f32, and the dtype.
fn elements(path: &Path) -> (Vec<u8>, DType) {
    let open = || File::open(path).unwrap();
    match ArrayD::<f32>::read_npy(open()) {
        Ok(values) => (values.iter().flat_map(|v| v.to_le_bytes()).collect(), DType::F32),
        Err(_) => {
            let values = ArrayD::<i32>::read_npy(open()).unwrap();
            (values.iter().flat_map(|v| v.to_le_bytes()).collect(), DType::I32)
        }
    }
}

#[test]
fn the_models_give_the_same_behind_the_passes_of_the_runtime() {
    let scratch = tempfile::tempdir().unwrap();
    for (model, inputs) in MODELS {
        let folder = translated().join(model);
        let graph = rlxmodel::from_text(&fs::read_to_string(folder.join("model.rlxmodel")).unwrap()).unwrap();
        let file = fs::read(folder.join("weights.safetensors")).unwrap();
        let mut compiled = mlx().compile(graph);
        for (name, tensor) in SafeTensors::deserialize(&file).unwrap().tensors() {
            let dtype = match tensor.dtype() {
                safetensors::Dtype::F32 => DType::F32,
                safetensors::Dtype::I32 => DType::I32,
                other => panic!("{name} is {other:?}"),
            };
            compiled.set_param_typed(&name, tensor.data(), dtype);
        }
        let given = example(model, scratch.path());
        let read: Vec<_> = inputs.iter().map(|name| elements(&given.join(format!("{name}.npy")))).collect();
        let typed: Vec<_> =
            inputs.iter().zip(&read).map(|(name, (data, dtype))| (*name, data.as_slice(), *dtype)).collect();
        let outputs = compiled.run_typed(&typed);
        assert_eq!(fs::read_dir(&given).unwrap().count(), inputs.len() + outputs.len(), "{model}");
        for (number, (found, dtype)) in outputs.into_iter().enumerate() {
            let (wanted, _) = elements(&given.join(format!("output_{number}.npy")));
            assert_eq!((dtype, found.len()), (DType::F32, wanted.len()), "{model}");
            let value = |four: &[u8]| f32::from_le_bytes(four.try_into().unwrap());
            for (found, wanted) in found.chunks_exact(4).map(value).zip(wanted.chunks_exact(4).map(value)) {
                assert!((found - wanted).abs() <= 1e-4 * wanted.abs().max(1.0), "{model}: {found}, not {wanted}");
            }
        }
    }
}
