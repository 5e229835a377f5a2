//! Does nothing. Without a build script cargo ignores what build scripts depend on.

fn main() {}
