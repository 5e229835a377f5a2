//! Text of others, made fit for a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with every character escaped that a terminal would obey rather than show: control characters, line breaks and
/// tabs among them, and those that reorder text. Names, paths and messages that came from elsewhere are printed so.
///
/// ```
/// assert_eq!(rlx_host_api::printable("\u{1b}[2J\ry"), r"\u{1b}[2J\ry");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        // Writing to a string does not fail.
        let _ = if is_obeyed(c) { write!(shown, "{}", c.escape_default()) } else { write!(shown, "{c}") };
    }
    shown.into()
}

/// Control characters of ASCII and of Latin 1, separators of lines, and marks and overrides of direction.
fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_escaped() {
        for (text, shown) in [
            ("\u{1b}]0;title\u{7}", r"\u{1b}]0;title\u{7}"),
            ("a\rb\nc\td", r"a\rb\nc\td"),
            ("\u{9b}31m\u{7f}\0", r"\u{9b}31m\u{7f}\u{0}"),
            ("\u{202e}txt.exe\u{2066}", r"\u{202e}txt.exe\u{2066}"),
        ] {
            assert_eq!(printable(text), shown);
        }
        let plain = "größe/名前 'x' \\ \"y\" 🦀";
        assert!(matches!(printable(plain), Cow::Borrowed(same) if same == plain));
    }
}
