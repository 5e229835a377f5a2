//! The plugin's own vocabulary: a method of its `Array` for each operation.

use std::fmt::Write;

use anyhow::Result;

use super::host::{self, enum_type};
use super::op::{Argument, Kind, Op, Results};
use super::plugin::lengths;
use super::vocabulary::{COMMAND, Family, Vocabulary};

/// Names and texts of the files, not formatted.
pub(super) fn files(vocabulary: &Vocabulary) -> Result<Vec<(String, String)>> {
    let modules: String = vocabulary.families.iter().map(|family| format!("mod {};\n", family.name)).collect();
    let text = format!(
        "//! The array operations as methods of [`Array`](super::array::Array), one file for each family. Each returns lazy \
         arrays. Written\n//! by `{COMMAND}`. Do not edit.\n\n\
         #![allow(dead_code, clippy::too_many_arguments, clippy::wrong_self_convention, reason = \"all that the shim has; rules use a part of it\")]\n\n\
         {modules}"
    );
    let mut files = vec![("mod.rs".to_owned(), text)];
    for family in &vocabulary.families {
        files.push((format!("{}.rs", family.name), methods(family)?));
    }
    Ok(files)
}

fn methods(family: &Family) -> Result<String> {
    let mut methods = String::new();
    for op in &family.ops {
        methods.push_str(&method(op)?);
    }
    let kinds: Vec<&Kind> = family.ops.iter().flat_map(|op| &op.arguments).map(|argument| &argument.kind).collect();
    let mut enums: Vec<String> = kinds
        .iter()
        .filter_map(|kind| if let Kind::Enum(ctype) = kind { Some(enum_type(ctype)) } else { None })
        .collect();
    enums.sort();
    enums.dedup();
    let mut uses = String::new();
    uses.push_str("use crate::mlx::array::Array;\n");
    if kinds.contains(&&Kind::DType) {
        uses.push_str("use crate::mlx::dtypes::dtype_code;\n");
    }
    let mut helpers = Vec::new();
    helpers.extend(kinds.contains(&&Kind::Arrays).then_some("handles"));
    helpers.extend(kinds.contains(&&Kind::OptionalArray).then_some("handle_or_null"));
    helpers.extend(kinds.contains(&&Kind::Text).then_some("text"));
    helpers.extend(methods.contains("same_length(").then_some("same_length"));
    if !helpers.is_empty() {
        let _ = writeln!(uses, "use crate::mlx::arguments::{{{}}};", helpers.join(", "));
    }
    let dtype = if kinds.contains(&&Kind::DType) { "{DType, Error}" } else { "Error" };
    let _ = writeln!(uses, "use rlx_host_api::{dtype};");
    if !enums.is_empty() {
        let _ = writeln!(uses, "use rlx_host_api::kernel::{{{}}};", enums.join(", "));
    }
    let _ = writeln!(uses, "use rlx_mlx_shim as ffi;");
    if methods.contains("c_int") {
        let _ = writeln!(uses, "use std::ffi::c_int;");
    }
    Ok(format!(
        "//! Operations of the family `{}`. Written by `{COMMAND}`. Do not edit.\n\n{uses}\nimpl Array {{\n{methods}}}\n",
        family.name
    ))
}

fn method(op: &Op) -> Result<String> {
    let mut parameters = Vec::new();
    let mut conversions = String::new();
    let mut call = String::new();
    for (at, argument) in op.arguments.iter().enumerate() {
        let is_self = at == 0 && argument.kind == Kind::Array;
        let name = if is_self { "self" } else { &argument.name };
        let (parameter, conversion, value) = pass(argument, name);
        parameters.push(if is_self { "&self".to_owned() } else { format!("{name}: {parameter}") });
        if let Some(conversion) = conversion {
            let _ = writeln!(conversions, "let {name} = {conversion};");
        }
        let _ = write!(call, "{value}, ");
        let next_is_of_it =
            op.arguments[at + 1..].iter().any(|next| next.kind.is_list() && next.group == argument.group);
        if argument.kind.is_list() && !next_is_of_it {
            let (first, check) = lengths(op, argument.group, "same_length");
            conversions.push_str(&check);
            let length = match op.lists(argument.group).find(|list| list.name == first).map(|list| &list.kind) {
                Some(Kind::OptionalInts) => format!("{first}.map_or(0, <[c_int]>::len)"),
                _ => format!("{first}.len()"),
            };
            let _ = write!(call, "{length}, ");
        }
    }
    let mut text = if op.doc.is_empty() { format!("MLX: {}.", op.name) } else { op.doc.clone() };
    let function = format!("ffi::rlx_mlx_op_{}", op.name);
    let safety = "// SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.\n";
    let (returns, body) = match &op.results {
        Results::Counted => {
            parameters.push("count: usize".to_owned());
            let body = format!("Array::produce_counted(count, |out| unsafe {{ {function}({call}out, count) }})");
            ("Vec<Array>".to_owned(), body)
        }
        Results::Fixed(results) if results.len() == 1 => {
            ("Array".to_owned(), format!("Array::produce(|out| unsafe {{ {function}({call}out) }})"))
        }
        Results::Fixed(results) => {
            let names: Vec<&str> = results.iter().map(|result| result.name.as_str()).collect();
            let names = names.join(", ");
            let _ = write!(text, "\nGives ({names}).");
            let of = |optional| if optional { "Option<Array>" } else { "Array" };
            let returns = results.iter().map(|result| of(result.optional)).collect::<Vec<_>>().join(", ");
            let places = (0..results.len()).map(|at| format!("out.add({at})")).collect::<Vec<_>>().join(", ");
            let tuple = results.iter().map(|result| {
                if result.optional { result.name.clone() } else { format!("Array::given({})?", result.name) }
            });
            let tuple = tuple.collect::<Vec<_>>().join(", ");
            let body = format!(
                "let [{names}] = Array::produce_several(|out| unsafe {{ {function}({call}{places}) }})?;\nOk(({tuple}))"
            );
            (format!("({returns})"), body)
        }
    };
    Ok(format!(
        "{}pub(crate) fn {}({}) -> Result<{returns}, Error> {{\n{conversions}{safety}{body}\n}}\n\n",
        host::doc(&text, 4)?,
        op.rust_name(),
        parameters.join(", ")
    ))
}

/// The type of an argument, how it is converted, and what the shim gets.
fn pass(argument: &Argument, name: &str) -> (String, Option<String>, String) {
    let plain = |rust: &str, value: String| (rust.to_owned(), None, value);
    let pointer = format!("{name}.as_ptr()");
    match &argument.kind {
        Kind::Array => plain("&Array", format!("{name}.raw()")),
        Kind::OptionalArray => plain("Option<&Array>", format!("handle_or_null({name})")),
        Kind::Arrays => ("&[&Array]".to_owned(), Some(format!("handles({name})")), pointer),
        Kind::Int => plain("c_int", name.to_owned()),
        Kind::Flag => plain("bool", format!("c_int::from({name})")),
        Kind::Size => plain("usize", name.to_owned()),
        Kind::Long => plain("u64", name.to_owned()),
        Kind::Float => plain("f32", name.to_owned()),
        Kind::Double => plain("f64", name.to_owned()),
        Kind::DType => ("DType".to_owned(), Some(format!("dtype_code({name})?")), name.to_owned()),
        Kind::Enum(ctype) => plain(&enum_type(ctype), format!("{name} as u32")),
        Kind::Ints => plain("&[c_int]", pointer),
        Kind::Longs => plain("&[i64]", pointer),
        Kind::OptionalInts => plain("Option<&[c_int]>", format!("{name}.map_or(std::ptr::null(), <[c_int]>::as_ptr)")),
        Kind::Text => ("&str".to_owned(), Some(format!("text({name}, \"{name}\")?")), pointer),
    }
}
