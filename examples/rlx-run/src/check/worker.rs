//! The process in which cases run: `rlx-run check-worker`, which `rlx-run check` starts. A plugin that ends its process, or
//! never comes back, takes this one with it and no more.

use super::text::tensor;
use super::wire::{Answer, Message, Request, Subject, read, send};
use crate::UsageError;
use crate::backend::{self, guarded};
use crate::cli::{Mode, PluginArgs};
use anyhow::Result;
use clap::ValueEnum;
use rlx_conformance::case::Case;
use rlx_conformance::families;
use rlx_conformance::run::{self, Outcome};
use rlx_host_api::{Backend, CompileOptions, ErrorKind};
use std::collections::HashMap;
use std::io::{self, BufRead};

/// Answers what comes in on standard input until it ends.
pub(crate) fn execute(args: &PluginArgs) -> Result<()> {
    let mut out = io::stdout();
    let examined = match backend::examine(args) {
        Ok(examined) => examined,
        Err(error) => {
            let message = Message::Refused { usage: error.is::<UsageError>(), message: format!("{error:#}") };
            return Ok(send(&mut out, &message)?);
        }
    };
    let modes = modes(&examined.backend);
    send(&mut out, &Message::Ready(Subject { plugin: examined.plugin, device: examined.device, modes }))?;
    let mut cases = Cases::default();
    for line in io::stdin().lock().split(b'\n') {
        let (_, Some(request)) = read::<Request>(&line?) else { continue };
        let request = request?;
        let answer = match cases.named(&request.case) {
            Some(case) => answer(&examined.backend, case, &request),
            None => failed(format!("there is no case `{}`", request.case)),
        };
        send(&mut out, &Message::Done(answer))?;
    }
    Ok(())
}

/// The modes that the plugin has. One that is broken counts, so that its cases fail; an option that is not known does not.
fn modes(backend: &Backend) -> Vec<String> {
    let program = b"rlxmodel 1\nopset 1\ngraph @probe {\n%x = input : f32[1]\nreturn %x\n}\n";
    let has = |mode: &&Mode| match backend.compile(program, &CompileOptions::new().set("mode", mode.name())) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::InvalidArgument | ErrorKind::Unsupported),
    };
    Mode::value_variants().iter().filter(has).map(|mode| mode.name().to_owned()).collect()
}

/// Runs a case. A panic of the kit's own is no reason to end.
fn answer(backend: &Backend, case: &Case, request: &Request) -> Answer {
    match guarded("internal error", || run::details(backend, request.mode.as_deref(), case)) {
        Ok(details) => {
            let found = if request.show { details.found.iter().map(tensor).collect() } else { Vec::new() };
            Answer { outcome: details.outcome, found }
        }
        Err(error) => failed(format!("{error:#}")),
    }
}

fn failed(reason: String) -> Answer {
    Answer { outcome: Outcome::failed(reason), found: Vec::new() }
}

/// The cases of each seed that was asked for, by name.
#[derive(Default)]
struct Cases(HashMap<u64, HashMap<String, Case>>);

impl Cases {
    fn named(&mut self, name: &str) -> Option<&Case> {
        let make = |seed| families::all(seed).into_iter().map(|case| (case.name.clone(), case)).collect();
        let seed = families::seed_of(name)?;
        self.0.entry(seed).or_insert_with(|| make(seed)).get(name)
    }
}
