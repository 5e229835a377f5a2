//! How a user says which plugin: by name, by name and version, or by file.

use crate::Error;
use semver::{Op, Version, VersionReq};
use std::env::consts::DLL_SUFFIX;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Which plugin is wanted. Text has one of three forms:
///
/// * `mlx`: the best plugin of backend `mlx`;
/// * `mlx@0.2`: the best one of this version. A partial version means any release within it (`1` is 1.x, `0.2` is
///   0.2.x), a full one exactly that, and comparisons are those of [`semver::VersionReq`] (`mlx@>=0.2, <0.4`);
/// * a path: with a path separator in it, or ending in the suffix of shared libraries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selector {
    /// The best plugin of a backend.
    Name {
        /// Backend name, of `a-z`, `0-9` and `_`.
        name: String,
        /// What its version must match.
        version: Option<VersionReq>,
    },
    /// This file.
    Path(PathBuf),
}

/// Whether `name` can name a backend.
pub(super) fn is_backend_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

impl FromStr for Selector {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::invalid(format!(
                "`{text}` names no backend: {why}; give a name (`mlx`), a name and a version (`mlx@0.2`, \
                 `mlx@>=0.2, <0.4`) or the path of a plugin file (`./librlx_mlx{DLL_SUFFIX}`)"
            ))
        };
        if text.contains(std::path::is_separator) || text.ends_with(DLL_SUFFIX) {
            return Ok(Self::Path(text.into()));
        }
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version.trim())),
            None => (text, None),
        };
        if !is_backend_name(name) {
            return Err(refuse("a backend's name is made of a-z, 0-9 and _"));
        }
        let version = version.map(requirement).transpose().map_err(|e| refuse(&format!("its version: {e}")))?;
        Ok(Self::Name { name: name.to_owned(), version })
    }
}

/// A bare version stands for itself, not for all that are compatible with it as in `Cargo.toml`.
fn requirement(text: &str) -> Result<VersionReq, semver::Error> {
    let is_partial = !text.is_empty()
        && text.split('.').count() <= 2
        && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if is_partial || Version::parse(text).is_ok() {
        VersionReq::parse(&format!("={text}"))
    } else {
        VersionReq::parse(text)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Name { name, version: None } => f.write_str(name),
            Self::Name { name, version: Some(version) } => {
                let text = version.to_string();
                match &*version.comparators {
                    [only] if only.op == Op::Exact => write!(f, "{name}@{}", text.trim_start_matches('=')),
                    _ => write!(f, "{name}@{text}"),
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(selector: &str, version: &str) -> bool {
        match selector.parse().unwrap() {
            Selector::Name { version: Some(wanted), .. } => wanted.matches(&Version::parse(version).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_version_means_any_release_within_it() {
        let table = [
            ("m@1", &["1.0.0", "1.9.3"][..], &["0.9.0", "2.0.0", "1.0.0-rc.1"][..]),
            ("m@0.2", &["0.2.0", "0.2.9"], &["0.3.0", "0.1.9", "1.2.0"]),
            ("m@0.2.1", &["0.2.1"], &["0.2.2", "0.2.0"]),
            ("m@0.2.1-rc.1", &["0.2.1-rc.1"], &["0.2.1", "0.2.1-rc.2"]),
            ("m@>=0.2, <0.4", &["0.2.0", "0.3.7"], &["0.4.0", "0.1.0"]),
            ("m@ ^1.2 ", &["1.2.0", "1.7.0"], &["1.1.0", "2.0.0"]),
            ("m@0.2.*", &["0.2.5"], &["0.3.0"]),
            ("m@*", &["0.0.1", "7.0.0"], &[]),
        ];
        for (selector, inside, outside) in table {
            for version in inside {
                assert!(matches(selector, version), "{selector} {version}");
            }
            for version in outside {
                assert!(!matches(selector, version), "{selector} {version}");
            }
        }
    }

    #[test]
    fn names_and_paths_are_told_apart() {
        assert_eq!("mlx_2".parse(), Ok(Selector::Name { name: "mlx_2".to_owned(), version: None }));
        for path in ["./mlx", "/a/b", "a/b@1", &format!("librlx_mlx{DLL_SUFFIX}")] {
            assert_eq!(path.parse(), Ok(Selector::Path(path.into())));
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_three_forms() {
        for text in ["", "MLX", "no-such", "mlx@", "mlx@new", "@1", "mlx@1.2.3.4", "m l x", "mlx@01", "mlx@1..2"] {
            let error = text.parse::<Selector>().unwrap_err();
            for part in [&*format!("`{text}`"), "`mlx`", "`mlx@0.2`", "librlx_mlx"] {
                assert!(error.message().contains(part), "`{part}` is not in `{error}`");
            }
        }
    }

    proptest! {
        #[test]
        fn text_survives_the_round_trip(
            name in "[a-z0-9_]{1,6}",
            version in prop::option::of(prop_oneof!["[0-9]", "[0-9]\\.[0-9]", "[0-9]\\.[0-9]\\.[0-9]",
                                                    "[~^<>]?[0-9]\\.[0-9], <[1-9]", "[0-9]\\.\\*"]),
        ) {
            let text = version.map_or_else(|| name.clone(), |version| format!("{name}@{version}"));
            let selector: Selector = text.parse().unwrap();
            prop_assert_eq!(selector.to_string().parse(), Ok(selector));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Selector>();
        }
    }
}
