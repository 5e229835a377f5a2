//! The layout check between a Rust plugin and a Rust host.
//!
//! At the same ABI version the two tables, with every struct they lead to, must be equal: abi_stable's own check, save
//! that the version of this crate is free. Between minor versions structs that grow may differ by trailing fields, which
//! that check refuses in one direction; there the walk of this module compares field by field and allows exactly that.

use crate::growable::grows;
use abi_stable::StableAbi;
use abi_stable::abi_stability::abi_checking::{AbiInstability, check_layout_compatibility};
use abi_stable::type_layout::{TLFields, TLFunction, TypeLayout};
use std::collections::HashSet;

/// Compares the plugin's layout of table `T` with this host's. The error says where they differ, on one line.
pub(super) fn check<T: StableAbi>(found: &'static TypeLayout, same_version: bool) -> Result<(), String> {
    let ours = T::LAYOUT;
    if !same_version {
        return Walk::default().types(ours, found);
    }
    let Err(report) = check_layout_compatibility(ours, found) else { return Ok(()) };
    // abi_stable also wants compatible versions of the crate that declares the types, but the ABI has its own.
    let mut errors = report.errors.iter().flat_map(|at| at.errs.iter());
    if errors.all(|error| matches!(error, AbiInstability::PackageVersion(_))) {
        return Ok(());
    }
    // Its text is a report of many lines; the walk names the first place.
    Walk::exact().types(ours, found)?;
    Err(report.to_string().lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("; "))
}

/// A depth-first comparison of two types.
#[derive(Default)]
struct Walk {
    /// Pairs that are compared already or are being compared: types refer to themselves through pointers.
    seen: HashSet<(*const TypeLayout, *const TypeLayout)>,
    /// Where the walk is: names of types and fields.
    place: Vec<&'static str>,
    /// Whether trailing fields count as a difference.
    exact: bool,
}

impl Walk {
    fn exact() -> Self {
        Self { exact: true, ..Self::default() }
    }

    fn differ<T>(&self, what: impl std::fmt::Display) -> Result<T, String> {
        Err(format!("{}: {what}", self.place.join(".")))
    }

    fn types(&mut self, ours: &'static TypeLayout, theirs: &'static TypeLayout) -> Result<(), String> {
        if !self.seen.insert((ours, theirs)) {
            return Ok(());
        }
        // A pointer says nothing that the name of what it points to does not.
        let is_type = ours.get_fields().is_some();
        if is_type {
            self.place.push(ours.name());
        }
        self.one_type(ours, theirs)?;
        if is_type {
            self.place.pop();
        }
        Ok(())
    }

    fn one_type(&mut self, ours: &'static TypeLayout, theirs: &'static TypeLayout) -> Result<(), String> {
        if ours.name() != theirs.name() || ours.data_discriminant() != theirs.data_discriminant() {
            return self.differ(format_args!("it is `{}`, the plugin has `{}`", ours.name(), theirs.name()));
        }
        if ours.alignment() != theirs.alignment() {
            return self.differ(format_args!("alignment {}, the plugin has {}", ours.alignment(), theirs.alignment()));
        }
        let (own_fields, their_fields) = (ours.get_fields(), theirs.get_fields());
        let may_grow = !self.exact && own_fields.is_some_and(starts_with_size) && grows(ours.name());
        if let (Some(own_fields), Some(their_fields)) = (own_fields, their_fields) {
            if own_fields.len() != their_fields.len() && !may_grow {
                let (own, their) = (own_fields.len(), their_fields.len());
                return self.differ(format_args!("{own} fields, the plugin has {their}"));
            }
            self.fields(own_fields, their_fields)?;
        }
        if ours.size() != theirs.size() && !may_grow {
            return self.differ(format_args!("{} bytes, the plugin has {}", ours.size(), theirs.size()));
        }
        self.fields(ours.phantom_fields(), theirs.phantom_fields())
    }

    /// Compares as many fields as both have.
    fn fields(&mut self, ours: TLFields, theirs: TLFields) -> Result<(), String> {
        for (own, their) in ours.into_iter().zip(theirs) {
            let (name, other) = (own.name(), their.name());
            if name != other {
                return self.differ(format_args!("field `{name}` is `{other}` in the plugin"));
            }
            // Fields of primitives and pointers have no names of their own.
            let named = !name.starts_with(|c: char| c.is_ascii_digit());
            if named {
                self.place.push(name);
            }
            let (functions, other_functions) = (own.function_range(), their.function_range());
            if functions.len() != other_functions.len() {
                return self.differ("another number of functions in the plugin");
            }
            for (function, other) in functions.iter().zip(other_functions.iter()) {
                self.functions(&function, &other)?;
            }
            self.types(own.layout(), their.layout())?;
            if named {
                self.place.pop();
            }
        }
        Ok(())
    }

    fn functions(&mut self, ours: &TLFunction, theirs: &TLFunction) -> Result<(), String> {
        let (params, others) = (ours.param_type_layouts, theirs.param_type_layouts);
        if params.len() != others.len() {
            return self.differ(format_args!("{} arguments, the plugin has {}", params.len(), others.len()));
        }
        for (param, other) in params.iter().zip(others.iter()) {
            self.types(param(), other())?;
        }
        match (ours.return_type_layout(), theirs.return_type_layout()) {
            (Some(own), Some(their)) => self.types(own(), their()),
            (None, None) => Ok(()),
            _ => self.differ("another return type in the plugin"),
        }
    }
}

fn starts_with_size(fields: TLFields) -> bool {
    fields.into_iter().next().is_some_and(|first| first.name() == "struct_size")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::RlxBackendApi;

    /// Types of one name, as two versions of a library have them.
    macro_rules! version {
        ($module:ident { args: { $($field:ident: $ty:ty),* }, frozen: { $($ffield:ident: $fty:ty),* } }) => {
            mod $module {
                use abi_stable::StableAbi;

                #[repr(C)]
                #[derive(StableAbi)]
                pub(super) struct Args { pub(super) struct_size: u64, $(pub(super) $field: $ty),* }

                #[repr(C)]
                #[derive(StableAbi)]
                pub(super) struct Frozen { $(pub(super) $ffield: $fty),* }

                #[repr(C)]
                #[derive(StableAbi)]
                pub(super) struct Table {
                    pub(super) call: Option<unsafe extern "C" fn(*const Args, *mut Frozen) -> u32>,
                }
            }
        };
    }

    version!(now { args: { device: u64 }, frozen: { data: *const u8, len: u64 } });
    version!(same { args: { device: u64 }, frozen: { data: *const u8, len: u64 } });
    version!(later { args: { device: u64, hint: u32 }, frozen: { data: *const u8, len: u64 } });
    version!(renamed { args: { index: u64 }, frozen: { data: *const u8, len: u64 } });
    version!(narrower { args: { device: u32 }, frozen: { data: *const u8, len: u64 } });
    version!(moved { args: { device: u64 }, frozen: { len: u64, data: *const u8 } });
    version!(thawed { args: { device: u64 }, frozen: { data: *const u8, len: u64, more: u64 } });

    fn compare<A: StableAbi, B: StableAbi>() -> Result<(), String> {
        Walk::default().types(A::LAYOUT, B::LAYOUT)
    }

    #[test]
    fn trailing_fields_of_sized_structs_are_growth_in_both_directions() {
        assert_eq!(compare::<now::Table, same::Table>(), Ok(()));
        assert_eq!(compare::<now::Table, later::Table>(), Ok(()));
        assert_eq!(compare::<later::Table, now::Table>(), Ok(()));
    }

    #[test]
    fn every_other_difference_is_named_with_its_place() {
        let check = |result: Result<(), String>, parts: [&str; 2]| {
            let text = result.unwrap_err();
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        };
        check(compare::<now::Table, renamed::Table>(), ["Table.call.Args", "field `device` is `index`"]);
        check(compare::<now::Table, narrower::Table>(), ["Args.device", "it is `u64`, the plugin has `u32`"]);
        check(compare::<now::Table, moved::Table>(), ["Frozen", "field `data` is `len`"]);
        check(compare::<now::Table, thawed::Table>(), ["Frozen", "2 fields, the plugin has 3"]);
        let strict = Walk::exact().types(<now::Table as StableAbi>::LAYOUT, <later::Table as StableAbi>::LAYOUT);
        check(strict, ["Args", "2 fields, the plugin has 3"]);
    }

    #[test]
    fn the_table_equals_itself() {
        let own = <RlxBackendApi as StableAbi>::LAYOUT;
        assert_eq!(check::<RlxBackendApi>(own, true), Ok(()));
        assert_eq!(check::<RlxBackendApi>(own, false), Ok(()));
    }
}
