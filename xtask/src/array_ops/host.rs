//! host-api's part: a safe method of `ArrayOps` for each operation, and the enums.

use std::fmt::Write;

use anyhow::Result;

use super::docs::{self, Reader};
use super::header::Enum;
use super::op::{Argument, Fixed, Kind, Op, Results};
use super::vocabulary::{COMMAND, Family, Vocabulary, camel, enum_names};

/// Names and texts of the files, not formatted.
pub(super) fn files(vocabulary: &Vocabulary) -> Result<Vec<(String, String)>> {
    let mut files = vec![("mod.rs".to_owned(), modules(vocabulary)), ("kinds.rs".to_owned(), kinds(vocabulary)?)];
    for family in &vocabulary.families {
        files.push((format!("{}.rs", family.name), methods(family)?));
    }
    Ok(files)
}

fn modules(vocabulary: &Vocabulary) -> String {
    let mut names: Vec<&str> = vocabulary.families.iter().map(|family| family.name.as_str()).collect();
    names.push("kinds");
    names.sort_unstable();
    let modules: String = names.iter().map(|name| format!("mod {name};\n")).collect();
    let kinds: Vec<String> = vocabulary.enums.iter().map(|found| camel(&enum_names(found).0)).collect();
    format!(
        "//! The array operations as methods of `ArrayOps`, one file for each family. Written by `{COMMAND}`. Do not \
         edit.\n\n{modules}\npub use kinds::{{{}}};\n",
        kinds.join(", ")
    )
}

/// Documentation lines, each behind `///`.
pub(super) fn doc(text: &str, indent: usize) -> Result<String> {
    let lines = docs::lines(text, Reader::Rust, 116 - indent, |op| format!("Self::{op}"))?;
    Ok(lines.iter().map(|line| format!("/// {line}").trim_end().to_owned() + "\n").collect())
}

fn kinds(vocabulary: &Vocabulary) -> Result<String> {
    let mut out = format!("//! The kinds that some operations take. Written by `{COMMAND}`. Do not edit.\n\n");
    for found in &vocabulary.enums {
        out.push_str(&kind(found)?);
    }
    Ok(out)
}

fn kind(found: &Enum) -> Result<String> {
    let (name, values) = enum_names(found);
    let mut variants = String::new();
    for (value, short) in found.values.iter().zip(&values) {
        let text = if value.doc.is_empty() { format!("`{}`", short.to_lowercase()) } else { value.doc.clone() };
        let _ = writeln!(variants, "{}{} = {},", doc(&text, 4)?, camel(short), value.number);
    }
    let links = |op: &str| format!("super::super::ArrayOps::{op}");
    let text = docs::lines(&found.doc, Reader::Rust, 116, links)?;
    let text: String = text.iter().map(|line| format!("/// {line}").trim_end().to_owned() + "\n").collect();
    Ok(format!(
        "{text}#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]\n#[non_exhaustive]\n#[repr(u32)]\n\
         pub enum {} {{\n{variants}}}\n\n",
        camel(&name)
    ))
}

fn methods(family: &Family) -> Result<String> {
    let mut methods = String::new();
    for op in &family.ops {
        methods.push_str(&method(op)?);
    }
    let mut enums: Vec<String> = Vec::new();
    let mut has_dtype = false;
    for argument in family.ops.iter().flat_map(|op| &op.arguments) {
        match &argument.kind {
            Kind::Enum(ctype) => enums.push(enum_type(ctype)),
            Kind::DType => has_dtype = true,
            _ => {}
        }
    }
    enums.sort();
    enums.dedup();
    let enums = if enums.is_empty() { String::new() } else { format!("use super::kinds::{{{}}};\n", enums.join(", ")) };
    let dtype = if has_dtype { "use crate::{DType, Error};\n" } else { "use crate::Error;\n" };
    Ok(format!(
        "//! Operations of the family `{}`. Written by `{COMMAND}`. Do not edit.\n\n{enums}\
         use crate::abi::*;\nuse crate::kernel::array::{{Array, ArrayOps, given}};\n{dtype}\n\
         {}impl<'a> ArrayOps<'a> {{\n{methods}}}\n",
        family.name,
        doc(&family.doc, 0)?
    ))
}

pub(super) fn enum_type(ctype: &str) -> String {
    camel(ctype.trim_start_matches("rlx_mlx_").trim_end_matches("_t"))
}

fn method(op: &Op) -> Result<String> {
    let (name, signature) = (&op.name, op.signature());
    let mut parameters = "&self".to_owned();
    let mut types = "*mut *mut RlxArray".to_owned();
    let mut conversions = String::new();
    let mut values = "out".to_owned();
    if let Results::Counted = op.results {
        types.push_str(", u64");
        values.push_str(", count");
    }
    for argument in &op.arguments {
        let (parameter, conversion, value) = pass(argument);
        let name = &argument.name;
        let _ = write!(parameters, ", {name}: {parameter}");
        let _ = write!(types, ", {}", argument.kind.wire());
        let _ = write!(values, ", {value}");
        if let Some(conversion) = conversion {
            let _ = writeln!(conversions, "let {name} = {conversion}?;");
        }
    }
    let mut text = if op.doc.is_empty() { format!("MLX: {name}.") } else { op.doc.clone() };
    let (returns, call) = match &op.results {
        Results::Counted => {
            parameters.push_str(", n_outs: usize");
            let call = format!("self.call_counted(n_outs, |out, count| call({values}))");
            ("Vec<Array<'a>>".to_owned(), call)
        }
        Results::Fixed(results) if results.len() == 1 => {
            ("Array<'a>".to_owned(), format!("let [out] = self.call(|out| call({values}))?;\ngiven(out)"))
        }
        Results::Fixed(results) => {
            let names: Vec<&str> = results.iter().map(|result| result.name.as_str()).collect();
            let names = names.join(", ");
            let _ = write!(text, "\nGives ({names}).");
            let of = |result: &Fixed| if result.optional { "Option<Array<'a>>" } else { "Array<'a>" };
            let returns = format!("({})", results.iter().map(of).collect::<Vec<_>>().join(", "));
            let out = |result: &Fixed| {
                if result.optional { result.name.clone() } else { format!("given({})?", result.name) }
            };
            let tuple = results.iter().map(out).collect::<Vec<_>>().join(", ");
            (returns, format!("let [{names}] = self.call(|out| call({values}))?;\nOk(({tuple}))"))
        }
    };
    let allow = if parameters.matches(',').count() > 6 { "#[expect(clippy::too_many_arguments)]\n" } else { "" };
    Ok(format!(
        "{}{allow}pub fn {}({parameters}) -> Result<{returns}, Error> {{\n\
         type F = unsafe extern \"C\" fn({types}) -> *mut RlxError;\n\
         {conversions}// SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.\n\
         unsafe {{\nlet call = self.find::<F>(\"{name}\", \"{signature}\")?;\n{call}\n}}\n}}\n\n",
        doc(&text, 4)?,
        op.rust_name()
    ))
}

/// The type of an argument, how it is checked, and what is passed on the wire.
fn pass(argument: &Argument) -> (String, Option<String>, String) {
    let name = &argument.name;
    let plain = |rust: &str, value: String| (rust.to_owned(), None, value);
    let checked =
        |rust: &str, check: &str, value: String| (rust.to_owned(), Some(format!("self.{check}({name})")), value);
    let list = format!("{name}.as_ptr(), {name}.len() as u64");
    match &argument.kind {
        Kind::Array => checked("&Array<'_>", "handle", name.clone()),
        Kind::OptionalArray => checked("Option<&Array<'_>>", "optional_handle", name.clone()),
        Kind::Arrays => checked("&[&Array<'_>]", "handles", list),
        Kind::Int => plain("i32", name.clone()),
        Kind::Flag => plain("bool", format!("{name}.into()")),
        Kind::Size => plain("usize", format!("{name} as u64")),
        Kind::Long => plain("u64", name.clone()),
        Kind::Float => plain("f32", name.clone()),
        Kind::Double => plain("f64", name.clone()),
        Kind::DType => plain("DType", format!("{name}.code()")),
        Kind::Enum(ctype) => plain(&enum_type(ctype), format!("{name} as u32")),
        Kind::Ints => plain("&[i32]", list),
        Kind::Longs => plain("&[i64]", list),
        Kind::OptionalInts => plain(
            "Option<&[i32]>",
            format!("{name}.map_or(std::ptr::null(), <[i32]>::as_ptr), {name}.map_or(0, <[i32]>::len) as u64"),
        ),
        Kind::Text => plain("&str", format!("RlxStr::new({name})")),
    }
}
