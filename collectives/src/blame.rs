//! Finding the rank at fault.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::event::PollFlags;

use crate::Failure;
use crate::exchange::Stop;
use crate::failure::{Cause, Kind};
use crate::state::State;
use crate::wait::{self, Deadline};
use crate::wire::Notice;
use crate::world::World;

/// How long members have to say where they are, once a deadline has passed.
const ASK: Duration = Duration::from_secs(1);

/// How long a rank that finds a stream closed waits to hear why.
const WHY: Duration = Duration::from_millis(300);

/// The failure that ends `operation`, and the cause for the group and all its members to be broken.
pub(crate) fn find(
    world: &World,
    state: &State,
    stop: Stop,
    operation: &str,
    sequence: Option<u64>,
    deadline: Deadline,
) -> Failure {
    let origin = |rank: usize| state.member(rank).origin;
    let cause = match stop {
        Stop::Broken => None,
        Stop::Late { rank } => Some(late(world, state, rank, sequence, deadline)),
        Stop::Closed { rank } => closed(world, state, origin(rank)),
        Stop::Differs { rank, call } => {
            let what = format!("calls {call}");
            Some(Cause { kind: Kind::Differs, origin: origin(rank), what })
        }
        Stop::System(error) => Some(Cause::lost(world.origin, format!("cannot wait for its connections: {error}"))),
        Stop::Mixed | Stop::Memory(_) | Stop::Empty => None,
    };
    settle(world, state, cause, operation)
}

/// Breaks the group for `cause`, `None` where it is broken, and gives the failure that ends `operation`.
pub(crate) fn settle(world: &World, state: &State, cause: Option<Cause>, operation: &str) -> Failure {
    if let Some(cause) = cause {
        state.break_up(cause, false);
        world.tell(state);
    }
    // Another thread may have been first.
    match state.cause() {
        Some(cause) => state.failure(operation, cause),
        None => state.system(operation, "the operation stopped".to_owned()),
    }
}

/// A collective cannot begin when a member has left.
pub(crate) fn left(world: &World, state: &State, origin: usize, operation: &str) -> Failure {
    settle(world, state, Some(Cause::lost(origin, "has left the group")), operation)
}

/// Why a stream is closed, unless somebody tells within a moment what broke the group.
fn closed(world: &World, state: &State, origin: usize) -> Option<Cause> {
    if matches!(wait::one(state.alarm(), PollFlags::IN, WHY), Ok(true)) {
        return None;
    }
    let has_left = world.line(origin).is_some_and(|line| line.left.load(Ordering::SeqCst));
    Some(Cause::lost(origin, if has_left { "has left the group" } else { "closed its connection" }))
}

/// Why a rank has not come, unless the group broke first: it may be kept from it by one that came and does not answer any more.
pub(crate) fn absent(world: &World, state: &State, origin: Option<usize>, deadline: Deadline) -> Option<Cause> {
    let origin = origin.filter(|_| state.cause().is_none())?;
    let kind = Kind::Timeout(deadline.after);
    let came = |other: &usize| world.line(*other).is_some();
    Some(match silent(state, &ask(world, state)).find(came) {
        Some(origin) => Cause { kind, origin, what: SILENT.to_owned() },
        None => Cause { kind, origin, what: "did not come".to_owned() },
    })
}

/// What is said of a rank that does not answer.
const SILENT: &str = "does not answer, it is stopped or cut off,";

/// Which collectives the members say that they are at.
fn ask(world: &World, state: &State) -> HashMap<usize, u64> {
    state.ask(|| world.send_all(state, &Notice::Where { group: state.id }), ASK)
}

/// Members that have not answered.
fn silent<'s>(state: &'s State, answers: &'s HashMap<usize, u64>) -> impl Iterator<Item = usize> + 's {
    let own = state.member(state.rank).origin;
    state.members.iter().copied().filter(move |origin| *origin != own && !answers.contains_key(origin))
}

/// Who has kept a rank waiting that misses something of `rank`: one that does not answer, else one that has not called the
/// collective, else `rank` itself.
fn late(world: &World, state: &State, rank: usize, sequence: Option<u64>, deadline: Deadline) -> Cause {
    let answers = ask(world, state);
    let cause =
        |origin: usize, what: &str| Cause { kind: Kind::Timeout(deadline.after), origin, what: what.to_owned() };
    let origin = state.member(rank).origin;
    let Some(sequence) = sequence else {
        return cause(origin, if answers.contains_key(&origin) { "answers, but no message passed" } else { SILENT });
    };
    if let Some(first) = silent(state, &answers).next() {
        let is_cut_off = answers.is_empty() && state.size() > 2;
        let alone = "does not answer, nor does any other, so this one may be cut off,";
        return cause(first, if is_cut_off { alone } else { SILENT });
    }
    let is_behind = |other: &usize| answers.get(other).is_some_and(|&entered| entered <= sequence);
    match state.members.iter().copied().find(is_behind) {
        Some(origin) => cause(origin, "did not call it"),
        None => cause(origin, "answers, but not all of its part passed"),
    }
}
