//! The conformance kit on the plugin, in every mode: no case fails but those that are known to, by name.

use rlx_conformance::case::Case;
use rlx_conformance::families;
use rlx_conformance::run::{Outcome, run};
use rlx_mlx_tests::plugin::{MODES, backend};
use std::collections::BTreeSet;

/// Cases that fail today: how their names start, the dtypes, and why. What is mended leaves the list.
const KNOWN: &[(&str, &[&str], &str)] = &[];

/// The dtypes in a case's name.
fn has_dtypes(case: &Case, dtypes: &str) -> bool {
    case.name.split('/').any(|part| part == dtypes)
}

/// Every entry of the list that a case is of.
fn entries(case: &Case) -> impl Iterator<Item = (&'static str, &'static str)> + '_ {
    let of_prefix = KNOWN.iter().filter(|(prefix, _, _)| case.name.starts_with(prefix));
    of_prefix.flat_map(|(prefix, dtypes, _)| {
        dtypes.iter().filter(|dtypes| has_dtypes(case, dtypes)).map(|&dtypes| (*prefix, dtypes))
    })
}

/// All cases but the few that take a gigabyte.
#[test]
fn cases_fail_only_where_that_is_known() {
    let mut cases = families::all(7);
    cases.retain(|case| !case.is_large());
    let (mut unexpected, mut met, mut passed) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for mode in MODES {
        for case in &cases {
            match run(backend(), Some(mode), case) {
                Outcome::Passed { .. } => {
                    passed.insert(case.family);
                }
                Outcome::Unsupported { .. } => {}
                Outcome::Failed { reason, .. } => {
                    let known: Vec<_> = entries(case).collect();
                    if known.is_empty() {
                        unexpected.push(format!("{} in {mode}: {reason}", case.name));
                    }
                    met.extend(known);
                }
            }
        }
    }
    assert!(unexpected.is_empty(), "{} cases fail:\n{}", unexpected.len(), unexpected.join("\n"));
    let all = KNOWN.iter().flat_map(|(prefix, dtypes, _)| dtypes.iter().map(|&dtypes| (*prefix, dtypes)));
    let mended: Vec<_> = all.filter(|entry| !met.contains(entry)).collect();
    assert!(mended.is_empty(), "on the list of what fails, and right in every mode: {mended:?}");
    // A plugin that refused everything would pass, else.
    assert!(passed.len() >= 12, "only {passed:?} have a case that is computed");
}

/// Another seed makes other values; a few families, where nothing is known to be wrong, under several.
#[test]
fn another_seed_makes_no_difference_to_what_is_right() {
    let unstable = |case: &Case| KNOWN.iter().any(|(prefix, _, _)| case.name.starts_with(prefix));
    for seed in [1, 1234] {
        for case in families::all(seed).iter().filter(|case| !case.is_large() && !unstable(case)) {
            if let Outcome::Failed { reason, .. } = run(backend(), Some("compiled"), case) {
                panic!("{}: {reason}", case.name);
            }
        }
    }
}
