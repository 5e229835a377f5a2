//! A small model with its parameters and inputs, as files in a folder of their own.

use ndarray::{Array2, arr2};
use ndarray_npy::WriteNpyExt;
use safetensors::tensor::{Dtype, TensorView};
use std::fs::{self, File};
use std::path::PathBuf;
use tempfile::TempDir;

/// sum = x · w + b, and the product under no name.
pub(crate) const AFFINE: &str = "\
rlxmodel 1
opset 1
graph @affine {
  %x = input : f32[2, 3]
  %w = param : f32[3, 2]
  %b = param : f32[2]
  %product = MatMul %x, %w : f32[2, 2]
  %total = Binary(Add) %product, %b : f32[2, 2]
  return %total as sum, %product
}
";

/// Small integers: every backend computes them exactly.
pub(crate) const PRODUCT: [[f32; 2]; 2] = [[22.0, 28.0], [49.0, 64.0]];
pub(crate) const SUM: [[f32; 2]; 2] = [[32.0, 8.0], [59.0, 44.0]];

pub(crate) struct Files {
    folder: TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        files.write("model.rlxmodel", AFFINE);
        files.write_npy("x.npy", &arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
        files.write_params(
            "params.safetensors",
            &[("w", &[3, 2], &[1., 2., 3., 4., 5., 6.]), ("b", &[2], &[10., -20.])],
        );
        files
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn write_npy(&self, name: &str, values: &Array2<f32>) {
        values.write_npy(File::create(self.path(name)).unwrap()).unwrap();
    }

    pub(crate) fn write_params(&self, name: &str, tensors: &[(&str, &[usize], &[f32])]) {
        let bytes: Vec<Vec<u8>> =
            tensors.iter().map(|(_, _, values)| values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
        let views = tensors
            .iter()
            .zip(&bytes)
            .map(|((name, dims, _), data)| (*name, TensorView::new(Dtype::F32, dims.to_vec(), data).unwrap()));
        self.write(name, safetensors::serialize(views, None).unwrap());
    }

    /// `rlx-run run` of the model on `backend` with all that it needs.
    pub(crate) fn run(&self, backend: &str) -> Vec<String> {
        self.run_with(backend, "model.rlxmodel", "params.safetensors", &["x=x.npy"])
    }

    /// The same with other files, each named relative to the folder.
    pub(crate) fn run_with(&self, backend: &str, model: &str, params: &str, inputs: &[&str]) -> Vec<String> {
        let path = |name: &str| self.path(name).display().to_string();
        let mut args = vec!["run".to_owned(), path(model), "--backend".to_owned(), backend.to_owned()];
        args.extend(["--params".to_owned(), path(params)]);
        for input in inputs {
            let (name, file) = input.split_once('=').unwrap();
            args.extend(["--input".to_owned(), format!("{name}={}", path(file))]);
        }
        args
    }
}
