//! The conformance kit finds what is wrong: in a plugin with one planted fault, cases of the fault's family fail that pass
//! without it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use rlx_mlx_tests::faulty::{self, NONE};
use rlx_mlx_tests::rlx_run::error_line;
use serde_json::Value;
use std::collections::BTreeSet;

/// Faults by the family whose cases have to find them, and the dtypes in which they show: in all floats, or only there.
const FAULTS: &[(&str, &[(&str, &str)])] = &[
    (
        "unary",
        &[
            ("gelu-by-tanh", "f32"),
            ("f64-through-f32", "f64"),
            ("halves-of-activations-in-halves", "f16"),
            ("negative-zero-lost", "f32"),
            ("round-half-away", "f32"),
            ("clamp-takes-nan-for-the-bound", "f32"),
        ],
    ),
    (
        "binary",
        &[
            ("integers-through-f32", "i64"),
            ("nan-lost-in-maximum", "f32"),
            ("division-floors", "i32"),
            ("remainder-floors", "i32"),
            ("choice-swapped", "bool,f32"),
            ("aborts", "f32"),
            ("exits", "f32"),
            ("hangs", "f64"),
        ],
    ),
    ("cast", &[("integers-saturate", "i32"), ("floats-wrap", "f32")]),
    (
        "matmul",
        &[
            ("square-weights-transposed", "f32"),
            ("products-in-halves", "f16"),
            ("values-of-the-run-before", "f32"),
            ("right-the-first-time-only", "f32"),
            ("outputs-column-by-column", "f32"),
        ],
    ),
    (
        "reduce",
        &[
            ("reduction-of-another-axis", "f32"),
            ("sums-in-halves", "bf16"),
            ("nan-lost-in-reduction", "f32"),
            ("ties-to-the-highest-index", "f32"),
        ],
    ),
    ("softmax", &[("softmax-of-another-axis", "f32"), ("softmax-without-the-maximum", "f32")]),
    ("scan", &[("exclusive-ignored", "f32"), ("negative-axis-off-by-one", "f32")]),
    ("sort", &[("descending-ignored", "f32"), ("ties-unstable", "f32")]),
    (
        "norm",
        &[
            ("eps-halved", "f32"),
            ("eps-outside-the-root", "f32"),
            ("variance-by-n-1", "f32"),
            ("deviation-for-variance", "f32"),
            ("groups-of-channels-ignored", "f32"),
        ],
    ),
    ("rope", &[("rope-of-the-other-style", "f32")]),
    (
        "attention",
        &[
            ("mask-dropped", "f32"),
            ("mask-inverted", "f32"),
            ("mask-threshold-at-zero", "f32"),
            ("bias-dropped", "f32"),
            ("window-off-by-one", "f32"),
            ("causal-from-the-first-key", "f32"),
            ("score-scale-ignored", "f32"),
            ("soft-cap-ignored", "f32"),
        ],
    ),
    (
        "shape",
        &[
            ("concatenation-of-another-axis", "f32"),
            ("padding-swapped", "f32"),
            ("diagonal-off-by-one", "f32"),
            ("roll-the-other-way", "f32"),
            ("tiles-of-elements", "f32"),
        ],
    ),
    ("gather", &[("negative-indices-taken-for-zero", "f32,i64")]),
    ("scatter", &[("duplicates-overwrite", "f32,i64,f32")]),
    ("pool", &[("mean-counts-padding", "f32"), ("ceil-mode-ignored", "f32")]),
    (
        "conv",
        &[
            ("dilation-ignored", "f32"),
            ("groups-ignored", "f32"),
            ("kernel-flipped", "f32"),
            ("transposed-kernel-flipped", "f32"),
        ],
    ),
];

/// The cases of a family that fail with a fault.
fn failures(fault: &str, family: &str) -> BTreeSet<String> {
    let options = ["--family", family, "--mode", "lazy", "--limit", "20", "--json"];
    let output = faulty::check(fault, &options).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{fault}: {error}: {}", String::from_utf8_lossy(&output.stderr)));
    let failures = report["failures"].as_array().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(!failures.is_empty())), "{fault}");
    failures.iter().map(|failure| failure["case"].as_str().unwrap().to_owned()).collect()
}

/// All faults of a family are found, each in a case of its dtype that passes without it.
fn all_are_found(family: &str) {
    let (_, faults) = FAULTS.iter().find(|(name, _)| *name == family).unwrap();
    let before = failures(NONE, family);
    let mut missed = Vec::new();
    for (fault, dtype) in *faults {
        let with = failures(fault, family);
        if !with.difference(&before).any(|case| case.split('/').any(|part| part == *dtype)) {
            missed.push((fault, dtype));
        }
    }
    assert!(missed.is_empty(), "the kit takes a plugin with these faults for right: {missed:?}");
}

macro_rules! families {
    ($($family:ident)+) => {
        /// The families that have a test below.
        const TESTED: &[&str] = &[$(stringify!($family)),+];
        $(#[test] fn $family() { all_are_found(stringify!($family)) })+
    };
}

families!(unary binary cast matmul reduce softmax scan sort norm rope attention shape gather scatter pool conv);

/// Every fault that the plugin has is in the table, once; what prints is no fault.
#[test]
fn every_fault_has_its_family() {
    let line = error_line(&mut faulty::check("?", &["--family", "rope"]), 1);
    let (_, names) = line.split_once("there are ").unwrap();
    let known: BTreeSet<&str> = names.split_whitespace().filter(|name| *name != "prints").collect();
    let listed: Vec<&str> = FAULTS.iter().flat_map(|(_, faults)| faults.iter().map(|(fault, _)| *fault)).collect();
    let once: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(once.len(), listed.len(), "a fault is listed twice");
    assert_eq!(once, known);
    assert!(once.len() >= 24, "{} faults", once.len());
    assert!(FAULTS.iter().map(|(family, _)| *family).eq(TESTED.iter().copied()), "a family has no test");
}
