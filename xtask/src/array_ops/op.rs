//! An operation as the table offers it: what the types of a C declaration mean.

use anyhow::{Result, bail};

use super::header::{Function, Parameter};

/// Ops that the table does not offer, and why.
pub(super) const LEFT_OUT: [(&str, &str); 3] = [
    ("host_callback", "calls back; a kernel of the kind `HOST` is that"),
    ("metal_kernel_dispatch", "compiles source; a kernel of the kind `SOURCE` is that"),
    ("maxpool2d_backward_metal", "a kernel from source, for Metal alone"),
];

/// Parameters that C has as `int` and that are truth values.
pub(super) const FLAGS: [&str; 12] = [
    "descending",
    "endpoint",
    "exclusive",
    "flip",
    "inverse",
    "keep_dim",
    "reverse",
    "right",
    "sorted",
    "traditional",
    "transpose",
    "upper",
];

/// Results that may be NULL after success.
const OPTIONAL_RESULTS: [(&str, &str); 1] = [("quantize", "out_biases")];

/// An operation.
#[derive(Debug)]
pub(super) struct Op {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) arguments: Vec<Argument>,
    pub(super) results: Results,
}

#[derive(Debug)]
pub(super) struct Argument {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// For lists: those of one group have the same length, and the shim takes it once, behind the last of them.
    pub(super) group: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Array,
    OptionalArray,
    Arrays,
    Int,
    Flag,
    /// `size_t` in C.
    Size,
    /// `uint64_t` in C.
    Long,
    Float,
    Double,
    DType,
    /// An enum of the shim, by the name of its C type.
    Enum(String),
    Ints,
    OptionalInts,
    Longs,
    Text,
}

impl Kind {
    /// Its letter in a signature; `RlxArrayOp` documents them.
    pub(super) fn letter(&self) -> char {
        match self {
            Self::Array => 'a',
            Self::OptionalArray => 'o',
            Self::Arrays => 'l',
            Self::Int => 'i',
            Self::Flag => 'b',
            Self::Size | Self::Long => 'u',
            Self::Float => 'f',
            Self::Double => 'd',
            Self::DType => 't',
            Self::Enum(_) => 'e',
            Self::Ints => 'v',
            Self::OptionalInts => 'x',
            Self::Longs => 'w',
            Self::Text => 's',
        }
    }

    /// Its types on the wire, for the thunk and for its caller; a list has a second parameter, its length.
    pub(super) fn wire(&self) -> &'static str {
        match self {
            Self::Array | Self::OptionalArray => "*mut RlxArray",
            Self::Arrays => "*const *mut RlxArray, u64",
            Self::Int | Self::Flag => "i32",
            Self::Size | Self::Long => "u64",
            Self::Float => "f32",
            Self::Double => "f64",
            Self::DType | Self::Enum(_) => "u32",
            Self::Ints | Self::OptionalInts => "*const i32, u64",
            Self::Longs => "*const i64, u64",
            Self::Text => "RlxStr",
        }
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::Arrays | Self::Ints | Self::OptionalInts | Self::Longs)
    }
}

#[derive(Debug)]
pub(super) enum Results {
    /// A known number.
    Fixed(Vec<Fixed>),
    /// As many as the caller says.
    Counted,
}

#[derive(Debug)]
pub(super) struct Fixed {
    /// Empty for a single result.
    pub(super) name: String,
    pub(super) optional: bool,
}

impl Op {
    /// Understands a declaration.
    pub(super) fn new(function: &Function) -> Result<Self> {
        let mut op = Self {
            name: function.name.clone(),
            doc: function.doc.clone(),
            arguments: Vec::new(),
            results: Results::Fixed(Vec::new()),
        };
        let mut fixed = Vec::new();
        let mut parameters = function.parameters.iter().peekable();
        let mut group = 0;
        let mut open = false;
        while let Some(parameter) = parameters.next() {
            if parameter.ctype == "rlx_mlx_array_t**" {
                if let Some(_count) = parameters.next_if(|next| next.ctype == "size_t") {
                    op.results = Results::Counted;
                } else {
                    let optional = OPTIONAL_RESULTS.contains(&(&op.name, &parameter.name));
                    let name = parameter.name.trim_start_matches("out").trim_start_matches('_').to_owned();
                    fixed.push(Fixed { name, optional });
                }
                continue;
            }
            if open && parameter.ctype == "size_t" {
                op.name_count(&parameter.name, group);
                open = false;
                group += 1;
                continue;
            }
            let argument = argument(parameter, group)?;
            if open && !argument.kind.is_list() || !fixed.is_empty() {
                bail!("`{}` is where a count or a result should be", parameter.name);
            }
            open = argument.kind.is_list();
            op.arguments.push(argument);
        }
        match (&op.results, fixed.is_empty(), open) {
            (Results::Counted, true, false) => {}
            (Results::Fixed(_), false, false) => op.results = Results::Fixed(fixed),
            _ => bail!("its lists or results cannot be told apart"),
        }
        Ok(op)
    }

    /// Takes the name of a count out of the documentation: lists know their lengths.
    fn name_count(&mut self, count: &str, group: usize) {
        let Some(list) = self.arguments.iter().find(|argument| argument.group == group && argument.kind.is_list())
        else {
            return;
        };
        let quoted = format!("`{count}`");
        let mut doc = String::new();
        let mut rest = self.doc.as_str();
        while let Some((before, after)) = rest.split_once(&quoted) {
            doc.push_str(before);
            // "each of the `ndim` axes" says it without the name.
            match after.strip_prefix(' ').filter(|after| after.starts_with(char::is_alphabetic)) {
                Some(after) => rest = after,
                None => {
                    doc.push_str(&format!("`{}_count`", list.name));
                    rest = after;
                }
            }
        }
        doc.push_str(rest);
        self.doc = if count.contains('_') { doc.replace(count, &format!("{}_count", list.name)) } else { doc };
    }

    /// The signature as it stands in the table.
    pub(super) fn signature(&self) -> String {
        let results = match &self.results {
            Results::Fixed(results) => results.len().to_string(),
            Results::Counted => "n".to_owned(),
        };
        results + &self.arguments.iter().map(|argument| argument.kind.letter()).collect::<String>()
    }

    /// Its name where `where` is a keyword.
    pub(super) fn rust_name(&self) -> String {
        if self.name == "where" { format!("{}_", self.name) } else { self.name.clone() }
    }

    /// The lists of one group.
    pub(super) fn lists(&self, group: usize) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(move |argument| argument.kind.is_list() && argument.group == group)
    }
}

fn argument(parameter: &Parameter, group: usize) -> Result<Argument> {
    let (name, optional) = match parameter.name.strip_suffix("_or_null") {
        Some(name) => (name, true),
        None => (parameter.name.as_str(), false),
    };
    let kind = match parameter.ctype.as_str() {
        "rlx_mlx_array_t*" if optional => Kind::OptionalArray,
        "rlx_mlx_array_t*" => Kind::Array,
        "rlx_mlx_array_t* const*" => Kind::Arrays,
        "const int*" if optional => Kind::OptionalInts,
        "const int*" => Kind::Ints,
        "const int64_t*" => Kind::Longs,
        "const char*" => Kind::Text,
        "int" if FLAGS.contains(&name) => Kind::Flag,
        "int" => Kind::Int,
        "size_t" => Kind::Size,
        "uint64_t" => Kind::Long,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "rlx_mlx_dtype_t" => Kind::DType,
        ctype if ctype.starts_with("rlx_mlx_") && ctype.ends_with("_t") => Kind::Enum(ctype.to_owned()),
        ctype => bail!("the table has no letter for `{ctype} {}`", parameter.name),
    };
    Ok(Argument { name: name.to_owned(), kind, group })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array_ops::header::parse;

    fn op(declaration: &str) -> Result<Op> {
        Op::new(&parse(&format!("/* F. */\n\n/* `n` arrays, `n` 0 fails. */\n{declaration};\n"))?.functions[0])
    }

    #[test]
    fn signatures() {
        let array = "rlx_mlx_array_t*";
        let cases = [
            (format!("int rlx_mlx_op_x({array} a, {array} b_or_null, rlx_mlx_array_t** out)"), "1ao"),
            (format!("int rlx_mlx_op_x({array} const* l, const int* axes, size_t n, rlx_mlx_array_t** out)"), "1lv"),
            (format!("int rlx_mlx_op_x({array} a, int axis, rlx_mlx_array_t** outs, size_t n_outs)"), "nai"),
            (
                format!("int rlx_mlx_op_x({array} a, int upper, rlx_mlx_array_t** out_q, rlx_mlx_array_t** out_r)"),
                "2ab",
            ),
            (
                "int rlx_mlx_op_x(const int* s_or_null, size_t n, size_t offset, rlx_mlx_array_t** out)".to_owned(),
                "1xu",
            ),
            ("int rlx_mlx_op_x(rlx_mlx_unary_t kind, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out)".to_owned(), "1et"),
            (
                "int rlx_mlx_op_x(float f, double d, const char* s, uint64_t u, rlx_mlx_array_t** out)".to_owned(),
                "1fdsu",
            ),
        ];
        for (declaration, signature) in cases {
            assert_eq!(op(&declaration).unwrap().signature(), signature, "{declaration}");
        }
    }

    #[test]
    fn counts_go_from_the_documentation() {
        let op = op("int rlx_mlx_op_x(rlx_mlx_array_t* const* list, size_t n, rlx_mlx_array_t** out)").unwrap();
        assert_eq!(op.doc, "arrays, `list_count` 0 fails.");
    }

    #[test]
    fn what_has_no_letter_is_refused() {
        for parameters in [
            "void* p, rlx_mlx_array_t** out",
            "const int* list, rlx_mlx_array_t** out",
            "const int* list, float f, size_t n, rlx_mlx_array_t** out",
            "rlx_mlx_array_t** out, int a",
            "int a",
        ] {
            assert!(op(&format!("int rlx_mlx_op_x({parameters})")).is_err(), "{parameters}");
        }
    }
}
