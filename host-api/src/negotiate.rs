//! Which ABI version two sides have in common.

use crate::abi::{ABI_OLDEST, ABI_VERSION, RlxVersion};
use std::fmt;

/// The ABI versions that one side speaks, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionRange {
    /// Oldest.
    pub oldest: RlxVersion,
    /// Newest.
    pub newest: RlxVersion,
}

impl VersionRange {
    /// The range of this build of the crate.
    pub const OURS: Self = Self { oldest: ABI_OLDEST, newest: ABI_VERSION };
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.oldest == self.newest {
            write!(f, "{}", self.newest)
        } else {
            write!(f, "{} to {}", self.oldest, self.newest)
        }
    }
}

/// The newest version in both ranges, or `None` when they do not meet. The rule of semver holds inside the overlap:
/// the pick is compatible with the newest of each side, or the ranges do not count as meeting.
pub fn select(a: VersionRange, b: VersionRange) -> Option<RlxVersion> {
    let newest = a.newest.min(b.newest);
    let oldest = a.oldest.max(b.oldest);
    (oldest <= newest && compatible(newest, a.newest) && compatible(newest, b.newest)).then_some(newest)
}

/// Whether something that asks for `wanted` may use `offered`, by semver's caret rule.
fn compatible(wanted: RlxVersion, offered: RlxVersion) -> bool {
    let comparator = semver::Comparator {
        op: semver::Op::Caret,
        major: wanted.major.into(),
        minor: Some(wanted.minor.into()),
        patch: Some(wanted.patch.into()),
        pre: semver::Prerelease::EMPTY,
    };
    semver::VersionReq { comparators: vec![comparator] }.matches(&offered.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(major: u32, minor: u32) -> RlxVersion {
        RlxVersion { major, minor, patch: 0 }
    }
    fn range(oldest: RlxVersion, newest: RlxVersion) -> VersionRange {
        VersionRange { oldest, newest }
    }

    #[test]
    fn any_minors_of_one_major_meet_in_the_older() {
        let (a, b) = (range(v(1, 0), v(1, 2)), range(v(1, 0), v(1, 7)));
        assert_eq!(select(a, b), Some(v(1, 2)));
        assert_eq!(select(b, a), Some(v(1, 2)));
    }

    #[test]
    fn majors_do_not_meet() {
        assert_eq!(select(range(v(1, 0), v(1, 9)), range(v(2, 0), v(2, 1))), None);
        assert_eq!(select(range(v(0, 8), v(0, 8)), range(v(0, 9), v(0, 9))), None);
    }

    #[test]
    fn a_malformed_range_is_refused() {
        assert_eq!(select(range(v(1, 5), v(1, 1)), range(v(1, 0), v(1, 9))), None);
        // A range over two majors does not make them compatible.
        assert_eq!(select(range(v(0, 9), v(1, 0)), range(v(0, 9), v(0, 9))), None);
    }
}
