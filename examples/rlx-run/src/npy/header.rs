//! The header of .npy files: a magic number, a version, a length, and a Python dictionary of three known keys.
//!
//! The dictionary is read by the grammar that NumPy writes and nothing more, in one pass without recursion: crates for
//! .npy parse any Python literal, and take exponential time for one that is nested.

use anyhow::{Context, Result, bail, ensure};
use std::io::{ErrorKind, Read};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The longest dictionary that is read. NumPy itself stops at 10,000 bytes unless it is told to trust the file.
const MOST_BYTES: usize = u16::MAX as usize;

/// Header and data together start at a multiple of this, so that mapped data is aligned.
const ALIGNMENT: usize = 64;

/// What the header says about the data behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// NumPy's type string, such as `<f4`.
    pub descr: String,
    /// Whether the first axis varies fastest, rather than the last.
    pub fortran_order: bool,
    /// Extents.
    pub shape: Vec<u64>,
}

impl Header {
    /// Reads magic number, version, length and dictionary. `reader` is then at the data; the second value is the number
    /// of bytes before it.
    ///
    /// # Errors
    /// Says what is not as in a .npy file of version 1 to 3 that holds an array of one dtype.
    pub fn read(reader: &mut impl Read) -> Result<(Self, u64)> {
        let mut start = [0; 8];
        fill(reader, &mut start)?;
        ensure!(start.starts_with(MAGIC), "it does not start as a .npy file does");
        let mut length = [0; 4];
        let length_bytes = match start[6] {
            1 => 2,
            2 | 3 => 4,
            other => bail!("the .npy version is {other}, known are 1 to 3"),
        };
        fill(reader, &mut length[..length_bytes])?;
        let length = u32::from_le_bytes(length) as usize;
        ensure!(length <= MOST_BYTES, "the header has {length} bytes, {MOST_BYTES} are the most");
        let mut text = vec![0; length];
        fill(reader, &mut text)?;
        let header = Self::parse(&text).context("the header is not as NumPy writes it")?;
        Ok((header, (start.len() + length_bytes + length) as u64))
    }

    /// Reads the dictionary, such as `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`, in time that is linear
    /// in its length.
    ///
    /// # Errors
    /// Says what was expected, and shows the beginning of what is there.
    pub fn parse(text: &[u8]) -> Result<Self> {
        ensure!(text.is_ascii(), "a character is not ASCII");
        let mut parser = Parser { rest: std::str::from_utf8(text)? };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        parser.expect("{")?;
        while !parser.eat("}") {
            let key = parser.string("a key")?;
            parser.expect(":")?;
            let first = match key {
                "descr" => descr.replace(parser.string("a type string (records are not supported)")?).is_none(),
                "fortran_order" => fortran_order.replace(parser.boolean()?).is_none(),
                "shape" => shape.replace(parser.extents()?).is_none(),
                _ => bail!("the key `{}` is none of descr, fortran_order and shape", excerpt(key)),
            };
            ensure!(first, "the key `{key}` comes twice");
            if !parser.eat(",") {
                parser.expect("}")?;
                break;
            }
        }
        ensure!(parser.at_end(), "`{}` follows the dictionary", excerpt(parser.rest));
        Ok(Self {
            descr: descr.context("the key `descr` is missing")?.to_owned(),
            fortran_order: fortran_order.context("the key `fortran_order` is missing")?,
            shape: shape.context("the key `shape` is missing")?,
        })
    }

    /// The whole header, as bytes that the data follows.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // A tuple of one keeps its comma.
        let extents: String = self.shape.iter().map(|extent| format!("{extent}, ")).collect();
        let order = if self.fortran_order { "True" } else { "False" };
        let text =
            format!("{{'descr': '{}', 'fortran_order': {order}, 'shape': ({}), }}", self.descr, extents.trim_end());
        let padded = |before: usize| (before + text.len() + 1).next_multiple_of(ALIGNMENT) - before;
        let mut bytes = MAGIC.to_vec();
        match u16::try_from(padded(10)) {
            Ok(length) => {
                bytes.extend([1, 0]);
                bytes.extend(length.to_le_bytes());
            }
            Err(_) => {
                bytes.extend([2, 0]);
                bytes.extend((padded(12) as u32).to_le_bytes());
            }
        }
        let end = (bytes.len() + text.len() + 1).next_multiple_of(ALIGNMENT);
        bytes.extend(text.bytes());
        bytes.resize(end - 1, b' ');
        bytes.push(b'\n');
        bytes
    }
}

fn fill(reader: &mut impl Read, bytes: &mut [u8]) -> Result<()> {
    match reader.read_exact(bytes) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => bail!("the file ends within its header"),
        other => other.context("reading the header"),
    }
}

/// What is not read yet of an ASCII text. Blanks are skipped before each token.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn at_end(&mut self) -> bool {
        self.skip_blanks();
        self.rest.is_empty()
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_blanks();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        if self.eat(token) { Ok(()) } else { self.fail(&format!("`{token}`")) }
    }

    fn fail<T>(&self, wanted: &str) -> Result<T> {
        bail!("expected {wanted} at `{}`", excerpt(self.rest))
    }

    /// A string without escapes, which none of NumPy's type strings needs.
    fn string(&mut self, what: &str) -> Result<&'a str> {
        self.skip_blanks();
        let Some(quote) = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"')) else { return self.fail(what) };
        match self.rest[1..].split_once(quote) {
            Some((text, rest)) if !text.contains(['\\', '\n', '\r']) => {
                self.rest = rest;
                Ok(text)
            }
            _ => self.fail(what),
        }
    }

    fn boolean(&mut self) -> Result<bool> {
        if self.eat("True") {
            return Ok(true);
        }
        if self.eat("False") { Ok(false) } else { self.fail("True or False") }
    }

    fn extents(&mut self) -> Result<Vec<u64>> {
        let mut extents = Vec::new();
        self.expect("(")?;
        while !self.eat(")") {
            self.skip_blanks();
            let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = self.rest.split_at(digits);
            let Ok(extent) = number.parse() else { return self.fail("an extent of 64 bits") };
            extents.push(extent);
            self.rest = rest;
            if !self.eat(",") {
                // `(3)` is a number in Python, not a tuple.
                if extents.len() == 1 {
                    return self.fail("`,`");
                }
                self.expect(")")?;
                break;
            }
        }
        Ok(extents)
    }
}

/// The beginning of a text, with everything that does not print escaped.
fn excerpt(text: &str) -> String {
    const SHOWN: usize = 24;
    let more = if text.len() > SHOWN { "…" } else { "" };
    text.chars().take(SHOWN).flat_map(char::escape_default).chain(more.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", Header::parse(text.as_bytes()).unwrap_err())
    }

    fn header(descr: &str, fortran_order: bool, shape: &[u64]) -> Header {
        Header { descr: descr.to_owned(), fortran_order, shape: shape.to_vec() }
    }

    #[test]
    fn the_spellings_of_numpy_are_read() {
        let read = |text: &str| Header::parse(text.as_bytes()).unwrap();
        assert_eq!(
            read("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      \n"),
            header("<f4", false, &[2, 3])
        );
        assert_eq!(read(r#"{"shape":(3,),"fortran_order":True,"descr":"|u1"}"#), header("|u1", true, &[3]));
        assert_eq!(read("{ 'shape' : ( ) , 'descr' : '<V2' , 'fortran_order' : False }"), header("<V2", false, &[]));
    }

    #[test]
    fn what_is_written_is_read_back_and_aligned() {
        let many = vec![1_000_000_000; 6000];
        for header in [header("<f4", false, &[]), header("<c16", true, &[7]), header("<f4", false, &many)] {
            let bytes = header.to_bytes();
            assert!(bytes.len().is_multiple_of(ALIGNMENT), "{}", bytes.len());
            assert_eq!(bytes.last(), Some(&b'\n'));
            if header.shape.len() < many.len() {
                assert_eq!(Header::read(&mut bytes.as_slice()).unwrap(), (header, bytes.len() as u64));
            } else {
                assert_eq!(bytes[6], 2, "too long for version 1");
                assert_eq!(Header::parse(&bytes[12..]).unwrap(), header);
            }
        }
    }

    #[test]
    fn what_numpy_does_not_write_is_refused_with_the_place() {
        let cases = [
            ("", "expected `{` at ``"),
            ("{'descr': '<f4', 'fortran_order': False}", "`shape` is missing"),
            ("{'descr': '<f4', 'descr': '<f4'}", "`descr` comes twice"),
            ("{'other': 1}", "`other` is none of"),
            ("{'descr': [('a', '<f4')]}", "records are not supported"),
            ("{'descr': '<f\\x34'}", "a type string"),
            ("{'descr': '<f4", "a type string"),
            ("{'fortran_order': 0}", "True or False at `0}`"),
            ("{'shape': (3)}", "expected `,` at `)}`"),
            ("{'shape': (-3,)}", "an extent of 64 bits at `-3,)}`"),
            ("{'shape': (18446744073709551616,)}", "an extent of 64 bits"),
            ("{'shape': (2, 3", "expected `)` at ``"),
            ("{'shape': (2 3)}", "expected `,` at `3)}`"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': ()} {", "`{` follows the dictionary"),
            ("{'descr': '\u{1b}[2J', 'fortran_order': 1", "True or False"),
            ("\u{1b}]0;title\u{7}", r"`\u{1b}]0;title\u{7}`"),
            ("{'descr': 'é'}", "not ASCII"),
        ];
        for (text, part) in cases {
            assert!(error(text).contains(part), "`{part}` is not in `{}`", error(text));
        }
    }

    /// The crates for .npy need minutes for a few dozen brackets; this text has a thousand times as many.
    #[test]
    fn npy_headers_nested_deep_are_refused_at_once() {
        for bracket in ["{", "[", "(", "{'a':", "{'shape': ("] {
            for before in ["", "{'descr': ", "{'shape': ", "{'shape': ("] {
                let text = format!("{before}{}", bracket.repeat(MOST_BYTES / bracket.len()));
                let error = error(&text);
                assert!(error.starts_with("expected ") || error.contains("is none of"), "{error}");
                assert!(error.len() < 200, "{error}");
            }
        }
    }

    #[test]
    fn a_start_that_is_not_a_whole_header_is_refused() {
        let read = |bytes: &[u8]| format!("{:#}", Header::read(&mut { bytes }).unwrap_err());
        assert!(read(b"hello, world").contains("does not start as a .npy file does"));
        assert!(read(b"\x93NUMPY").contains("ends within its header"));
        assert!(read(b"\x93NUMPY\x01\x00\x40\x00{'descr'").contains("ends within its header"));
        assert!(read(b"\x93NUMPY\x04\x00\x40\x00{'descr'").contains("version is 4"));
        // A length that nothing follows is not believed.
        assert!(read(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").contains("has 4294967295 bytes"));
    }
}
