//! Which of several plugins of one backend is used: decided over small values, apart from files and libraries.

use semver::Version;
use std::cmp::Reverse;
use std::fmt;

/// How good a plugin that loads is; the greatest is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Standing {
    /// It has a device here.
    pub(super) usable: bool,
    /// Its version.
    pub(super) version: Version,
    /// Its place in search order; no two have the same.
    pub(super) order: Reverse<usize>,
}

/// Why one plugin goes before another of the same backend.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precedence {
    /// The other has no device on this machine.
    Devices,
    /// It is the newer one; here is its version.
    Version(Version),
    /// The versions are equal, and it lies further up in the search order.
    SearchOrder,
}

impl fmt::Display for Precedence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Devices => f.write_str("it has a device on this machine"),
            Self::Version(version) => write!(f, "it is newer ({version})"),
            Self::SearchOrder => f.write_str("it has the same version and is found first"),
        }
    }
}

impl Precedence {
    /// Why `winner` goes before `other`.
    pub(super) fn of(winner: &Standing, other: &Standing) -> Self {
        if winner.usable != other.usable {
            Self::Devices
        } else if winner.version != other.version {
            Self::Version(winner.version.clone())
        } else {
            Self::SearchOrder
        }
    }
}

/// Where a plugin stands among all that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The name of its backend selects it.
    First,
    /// The name selects another.
    After {
        /// Index of that other.
        winner: usize,
        /// Why.
        because: Precedence,
        /// Whether name and version select this one.
        by_version: bool,
    },
}

/// The place of each plugin that loads (`Some`) among those of its name.
pub(super) fn places(plugins: &[Option<(&str, Standing)>]) -> Vec<Option<Place>> {
    let best_of = |name: &str, version: Option<&Version>| {
        let rivals = plugins.iter().enumerate().filter_map(|(index, plugin)| Some((index, plugin.as_ref()?)));
        let rivals = rivals.filter(|(_, (n, s))| *n == name && version.is_none_or(|version| s.version == *version));
        rivals.max_by_key(|(_, (_, standing))| standing).map(|(index, (_, standing))| (index, standing))
    };
    let place = |(index, plugin): (usize, &Option<(&str, Standing)>)| {
        let (name, own) = plugin.as_ref()?;
        let (winner, standing) = best_of(name, None)?;
        if winner == index {
            return Some(Place::First);
        }
        let by_version = best_of(name, Some(&own.version)).is_some_and(|(best, _)| best == index);
        Some(Place::After { winner, because: Precedence::of(standing, own), by_version })
    };
    plugins.iter().enumerate().map(place).collect()
}

/// The best of the candidates that `open` gives a standing for, without opening more than must be.
///
/// `versions` has what is known of each candidate's version beforehand, in search order. Those of unknown version are
/// opened first, then the others from the newest down, until the best so far has a device and no other can be better.
/// `open` gives whether a candidate is usable and its version, which is the one known beforehand; none where it does not
/// load or is not wanted.
pub(super) fn contest(
    versions: &[Option<Version>],
    mut open: impl FnMut(usize) -> Option<(bool, Version)>,
) -> Option<usize> {
    let mut order: Vec<usize> = (0..versions.len()).collect();
    // Stable, so equal versions stay in search order; unknown ones go first.
    order.sort_by(|&a, &b| match (&versions[a], &versions[b]) {
        (Some(a), Some(b)) => b.cmp(a),
        (a, b) => a.is_some().cmp(&b.is_some()),
    });
    let mut best: Option<Standing> = None;
    for index in order {
        if let (Some(best), Some(version)) = (&best, &versions[index]) {
            let at_most = Standing { usable: true, version: version.clone(), order: Reverse(index) };
            if at_most < *best {
                break;
            }
        }
        let standing = open(index).map(|(usable, version)| Standing { usable, version, order: Reverse(index) });
        best = best.max(standing);
    }
    best.map(|standing| standing.order.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn v(text: &str) -> Version {
        Version::parse(text).unwrap()
    }
    fn standing(usable: bool, version: &str, order: usize) -> Standing {
        Standing { usable, version: v(version), order: Reverse(order) }
    }

    #[test]
    fn devices_then_version_then_order() {
        let rows = [
            standing(false, "9.0.0", 0),
            standing(true, "0.1.0", 1),
            standing(true, "0.10.0", 2),
            standing(true, "0.10.0", 3),
            standing(true, "0.10.0-rc.1", 4),
        ];
        let named = rows.map(|row| Some(("m", row)));
        let after = |because, by_version| Some(Place::After { winner: 2, because, by_version });
        let newer = Precedence::Version(v("0.10.0"));
        let expected = [
            after(Precedence::Devices, true),
            after(newer.clone(), true),
            Some(Place::First),
            after(Precedence::SearchOrder, false),
            after(newer, true),
        ];
        assert_eq!(places(&named), expected);
    }

    #[test]
    fn each_name_has_its_own_first_and_what_does_not_load_has_no_place() {
        let rows = [
            None,
            Some(("a", standing(true, "0.1.0", 1))),
            Some(("b", standing(false, "0.1.0", 2))),
            Some(("a", standing(true, "0.1.0", 3))),
        ];
        let second = Place::After { winner: 1, because: Precedence::SearchOrder, by_version: false };
        assert_eq!(places(&rows), [None, Some(Place::First), Some(Place::First), Some(second)]);
        assert_eq!(places(&[]), []);
    }

    /// The winner, and what was opened in which order.
    fn contested(candidates: &[(bool, Option<(bool, &str)>)]) -> (Option<usize>, Vec<usize>) {
        let versions: Vec<_> = candidates.iter().map(|(known, c)| c.filter(|_| *known).map(|(_, t)| v(t))).collect();
        let mut opened = Vec::new();
        let winner = contest(&versions, |index| {
            opened.push(index);
            candidates[index].1.map(|(usable, version)| (usable, v(version)))
        });
        (winner, opened)
    }

    #[test]
    fn no_more_is_opened_than_must_be() {
        let known = |usable, version| (true, Some((usable, version)));
        let unknown = |usable, version| (false, Some((usable, version)));
        assert_eq!(contested(&[known(true, "0.1.0"), known(true, "0.3.0"), known(true, "0.2.0")]), (Some(1), vec![1]));
        let newest_first = [known(false, "0.3.0"), known(true, "0.1.0"), known(true, "0.2.0")];
        assert_eq!(contested(&newest_first), (Some(2), vec![0, 2]), "no device: the next one");
        assert_eq!(contested(&[known(true, "0.2.0"), unknown(true, "0.3.0")]), (Some(1), vec![1]), "must be opened");
        assert_eq!(contested(&[known(true, "0.2.0"), unknown(true, "0.1.0")]), (Some(0), vec![1, 0]));
        assert_eq!(contested(&[unknown(true, "0.2.0"), known(true, "0.2.0")]), (Some(0), vec![0]), "found first");
        assert_eq!(contested(&[known(true, "0.2.0"), unknown(true, "0.2.0")]), (Some(0), vec![1, 0]));
        assert_eq!(contested(&[known(false, "0.2.0"), known(false, "0.3.0")]), (Some(1), vec![1, 0]));
        assert_eq!(contested(&[(false, None), known(true, "0.2.0")]), (Some(1), vec![0, 1]), "one that does not load");
        assert_eq!(contested(&[(false, None)]), (None, vec![0]));
        assert_eq!(contested(&[]), (None, vec![]));
    }

    fn version() -> impl Strategy<Value = Version> {
        prop::sample::select(vec![v("0.1.0"), v("0.2.0-rc.1"), v("0.2.0"), v("0.10.0"), v("1.0.0")])
    }

    /// The standing of the one in first place.
    fn first<'a>(rows: &'a [Option<(&str, Standing)>]) -> &'a Standing {
        let firsts: Vec<usize> = (0..rows.len()).filter(|&i| places(rows)[i] == Some(Place::First)).collect();
        assert_eq!(firsts.len(), 1, "one and only one: {rows:?}");
        &rows[firsts[0]].as_ref().unwrap().1
    }

    proptest! {
        #[test]
        fn the_first_is_at_least_as_good_as_any_and_does_not_depend_on_the_order_given(
            rows in prop::collection::vec((any::<bool>(), version()), 1..8),
            turn in 0usize..8,
        ) {
            let rows: Vec<_> = rows
                .into_iter()
                .enumerate()
                .map(|(order, (usable, version))| Some(("m", Standing { usable, version, order: Reverse(order) })))
                .collect();
            let winner = first(&rows).clone();
            for (_, row) in rows.iter().flatten() {
                prop_assert!(winner.usable >= row.usable);
                prop_assert!(winner.usable != row.usable || winner.version >= row.version);
                let equal = winner.usable == row.usable && winner.version == row.version;
                prop_assert!(!equal || winner.order.0 <= row.order.0);
            }
            let mut turned = rows.clone();
            turned.rotate_left(turn % rows.len());
            prop_assert_eq!(first(&turned), &winner);
            turned.reverse();
            prop_assert_eq!(first(&turned), &winner);
        }

        /// Opening lazily chooses what opening everything would.
        #[test]
        fn the_contest_finds_the_best_of_all(
            rows in prop::collection::vec((any::<bool>(), prop::option::weighted(0.8, (any::<bool>(), version()))), 0..8),
        ) {
            let versions: Vec<Option<Version>> =
                rows.iter().map(|(known, row)| row.clone().filter(|_| *known).map(|(_, version)| version)).collect();
            let all: Vec<Option<(&str, Standing)>> = rows
                .iter()
                .enumerate()
                .map(|(order, (_, row))| {
                    let (usable, version) = row.clone()?;
                    Some(("m", Standing { usable, version, order: Reverse(order) }))
                })
                .collect();
            let mut opened = Vec::new();
            let winner = contest(&versions, |index| {
                opened.push(index);
                rows[index].1.clone()
            });
            prop_assert_eq!(winner, places(&all).iter().position(|place| *place == Some(Place::First)));
            let count = opened.len();
            opened.sort_unstable();
            opened.dedup();
            prop_assert_eq!(opened.len(), count, "each is opened once");
        }
    }
}
