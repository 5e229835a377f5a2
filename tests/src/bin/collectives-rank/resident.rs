//! Values that stay on the device, reduced there.

use rlx_host_api::author::Source;
use rlx_host_api::collectives::{Group, Reduction};
use rlx_host_api::{DType, ErrorKind, TensorView};
use rlx_mlx_tests::bytes::{bytes, floats};
use rlx_mlx_tests::plugin::{MODES, compile_text};

/// `next = state + x`.
const ADD: &str = "rlxmodel 1
opset 1
graph @add {
  %state = input : f32[4]
  %x = input : f32[4]
  %next = Binary(Add) %state, %x : f32[4]
  return %next as next
}
";

pub(super) fn all(group: &Group) {
    let (rank, ranks) = (group.rank() as f32, group.size() as f32);
    for mode in MODES {
        let mut executable = compile_text(ADD, mode).unwrap();
        let none = group.all_reduce_resident(&mut executable, Source::Input(0), Reduction::Sum).unwrap_err();
        assert_eq!(none.kind(), ErrorKind::FailedPrecondition, "{none}");
        let state = bytes(&[rank, 1.0, 2.0, -rank]);
        executable.bind_resident(0, Some(TensorView { dtype: DType::F32, dims: &[4], data: &state })).unwrap();
        group.all_reduce_resident(&mut executable, Source::Input(0), Reduction::Sum).unwrap();
        let mut found = [0; 16];
        executable.read_resident(0, 0, &mut found).unwrap();
        let ranks_sum = ranks * (ranks - 1.0) / 2.0;
        assert_eq!(floats(&found), [ranks_sum, ranks, 2.0 * ranks, -ranks_sum], "{mode}");

        executable.run(&[&[], &bytes(&[rank; 4])], &mut [None]).unwrap();
        group.all_reduce_resident(&mut executable, Source::Output(0), Reduction::Max).unwrap();
        executable.read_output(0, 0, &mut found).unwrap();
        let most = ranks - 1.0;
        let wanted = [ranks_sum + most, ranks + most, 2.0 * ranks + most, -ranks_sum + most];
        assert_eq!(floats(&found), wanted, "{mode}");
    }
    group.barrier().unwrap();
}
