//! Nothing: this crate is its list of dependencies.
//!
//! Cargo gives a dependency the features that the packages of one command want together, and builds it again, with all
//! that is built on it, for a command whose packages want others. The members that commands choose between depend on this
//! crate, so that rlx-ir, rlx-cpu and the shim's C++ are built once for the plugin, the hosts and the tests.
