//! The plugin's table of ops against the IR's: every kind is either in the table, or in the list of those to come.

use rlx_ir::OpKind;
use rlx_mlx_tests::plugin;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, U32Deserializer};
use std::collections::BTreeSet;
use std::path::Path;

/// Kinds that no row takes. A kind that gets a row leaves this list.
const NOT_YET: &[OpKind] = &[
    OpKind::Quantize,
    OpKind::Dequantize,
    OpKind::FakeQuantizeLSQ,
    OpKind::FakeQuantizeLSQBackwardX,
    OpKind::FakeQuantizeLSQBackwardScale,
    OpKind::RoundToFormat,
    OpKind::DoubleSingle,
    OpKind::ReluBackward,
    OpKind::Conv2dBackwardInput,
    OpKind::MaxPool3dBackward,
    OpKind::Conv3dBackwardInput,
    OpKind::Conv3dBackwardWeight,
    OpKind::SoftmaxCrossEntropyBackward,
    OpKind::AttentionBackward,
    OpKind::AttentionBackwardAll,
    OpKind::LayerNormBackwardInput,
    OpKind::LayerNormBackwardGamma,
    OpKind::RmsNormBackwardInput,
    OpKind::RmsNormBackwardGamma,
    OpKind::RmsNormBackwardBeta,
    OpKind::RopeBackward,
    OpKind::BatchNormInferenceBackwardInput,
    OpKind::BatchNormInferenceBackwardGamma,
    OpKind::BatchNormInferenceBackwardBeta,
    OpKind::CumsumBackward,
    OpKind::GatherBackward,
    OpKind::DequantGroupedMatMul,
    OpKind::DequantGroupedMatMulMlx,
    OpKind::DequantMoEWeights,
    OpKind::ScaledGroupedMatMul,
    OpKind::PartitionedConv,
    OpKind::DequantMatMul,
    OpKind::SynthMatMul,
    OpKind::SynthMatMulBackward,
    OpKind::SynthReconstruct,
    OpKind::SplineActivation,
    OpKind::SplineActivationBackwardX,
    OpKind::SplineActivationBackwardCoeff,
    OpKind::ScaledMatMul,
    OpKind::ScaledQuantize,
    OpKind::ScaledQuantScale,
    OpKind::ScaledDequantize,
    OpKind::SelectiveScan,
    OpKind::GatedDeltaNet,
    OpKind::GatedDeltaNetBackward,
    OpKind::Lstm,
    OpKind::Gru,
    OpKind::Rnn,
    OpKind::Mamba2,
    OpKind::ScanBackward,
    OpKind::ScanBackwardXs,
    OpKind::GaussianSplatRender,
    OpKind::GaussianSplatRenderBackward,
    OpKind::GaussianSplatPrepare,
    OpKind::GaussianSplatRasterize,
    OpKind::Fft,
    OpKind::FftPocketFft,
    OpKind::FftQ,
    OpKind::FftButterflyStage,
    OpKind::LogMel,
    OpKind::LogMelBackward,
    OpKind::WelchPeaks,
    OpKind::BiMap,
    OpKind::ReEig,
    OpKind::LogEig,
    OpKind::SpdBatchNorm,
    OpKind::SpdKarcherMean,
    OpKind::ReEigBackward,
    OpKind::LogEigBackward,
    OpKind::SpdBatchNormBackwardX,
    OpKind::SpdBatchNormBackwardG,
    OpKind::SpdKarcherMeanWeighted,
    OpKind::SpdLogMap,
    OpKind::SpdExpMap,
    OpKind::SpdParallelTransport,
    OpKind::SpdMatrixFnBatch,
    OpKind::SpdLogMapBackward,
    OpKind::SpdExpMapBackward,
    OpKind::SpdParallelTransportBackward,
    OpKind::SpdMatrixFnBatchBackward,
    OpKind::Eigh,
    OpKind::EighBackward,
    OpKind::EighBatch,
    OpKind::EighBatchBackward,
    OpKind::AdaLayerNormBackward,
    OpKind::GatedResidualBackward,
];

/// Every kind that the IR has, by the number that serde gives it.
fn all_kinds() -> Vec<OpKind> {
    let kind = |number: u32| {
        let number: U32Deserializer<Error> = number.into_deserializer();
        OpKind::deserialize(number).ok()
    };
    (0..).map_while(kind).collect()
}

fn claimed() -> Vec<String> {
    plugin::backend().plugin().info().ops.clone()
}

#[test]
fn every_kind_of_the_ir_is_in_one_row_or_on_the_list() {
    let claimed = claimed();
    let rows: BTreeSet<&str> = claimed.iter().map(String::as_str).collect();
    assert_eq!(rows.len(), claimed.len(), "a kind has two rows");
    let to_come: BTreeSet<String> = NOT_YET.iter().map(|kind| format!("{kind:?}")).collect();
    assert_eq!(to_come.len(), NOT_YET.len(), "a kind is listed twice");
    let kinds = all_kinds();
    for kind in kinds.iter().map(|kind| format!("{kind:?}")) {
        let places = usize::from(rows.contains(kind.as_str())) + usize::from(to_come.contains(&kind));
        assert_eq!(places, 1, "{kind} is in {places} of the two");
    }
    assert_eq!(rows.len() + to_come.len(), kinds.len());
    assert!(kinds.len() > 190, "{} kinds", kinds.len());
}

/// Every row is named by a test of its op, in this folder or in the one for control flow and the one for kernels.
#[test]
fn every_row_has_a_case() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut text = String::new();
    for folder in ["ops", "control_flow", "kernels", "rewrites"] {
        for entry in std::fs::read_dir(tests.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("table.rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    for kind in claimed() {
        let named = text.match_indices(&format!("Op::{kind}")).any(|(at, found)| {
            !text[at + found.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_')
        });
        // A leaf is in every case.
        assert!(named || ["Input", "Param"].contains(&kind.as_str()), "no test names Op::{kind}");
    }
}
