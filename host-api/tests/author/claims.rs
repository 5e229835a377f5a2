//! Extension `claims/1` through its table: what is emitted, and what is refused.

use crate::assert_error;
use crate::probe::ProbeGraph;
use rlx_host_api::abi::*;
use rlx_host_api::author::*;
use rlx_host_api::{Error, ErrorKind, Growable};
use std::ffi::c_void;
use std::ptr::{null, null_mut};

/// A plugin that says of a program what stands in it: a line `op depth how` for each node, where a `how` that is no number
/// is a reason to refuse it. What nine graphs are around is computed by hand.
struct Tells;

static STATE: PluginState = PluginState::new();

impl Exported for Tells {
    fn state() -> &'static PluginState {
        &STATE
    }
}

impl Plugin for Tells {
    type Backend = Self;

    fn info() -> Result<PluginInfo, Error> {
        Err(Error::fault("not asked for"))
    }

    fn devices() -> Result<Vec<DeviceInfo>, Error> {
        Ok(vec![DeviceInfo::cpu("desk")])
    }

    fn create(_request: CreateRequest<'_>) -> Result<Self, Error> {
        Ok(Self)
    }
}

impl Backend for Tells {
    type Executable = ProbeGraph;

    fn compile(&self, _request: CompileRequest<'_>) -> Result<ProbeGraph, Error> {
        Err(Error::unsupported("no graphs"))
    }
}

const HOW: [How; 7] = [How::Leaf, How::Graph, How::Host, How::Source, How::ControlFlow, How::Unused, How::Other];

impl Claims for Tells {
    fn claims(&self, request: CompileRequest<'_>) -> Result<Vec<Claim>, Error> {
        assert_ne!(request.program, "panic", "as ordered");
        if let Some((option, _)) = request.options.first() {
            return Err(Error::invalid(format!("unknown option `{option}`")));
        }
        let claim = |line: &str| {
            let mut words = line.splitn(3, ' ');
            let mut word = || words.next().unwrap();
            let (op, depth, how) = (word().to_owned(), word().parse().unwrap(), word());
            let answer =
                how.parse().map(|how: usize| HOW[how]).map_err(|_| format!("{how}, graph {:?}", request.graph));
            Claim { by: if depth == 9 { "by hand".to_owned() } else { String::new() }, op, depth, answer }
        };
        Ok(request.program.lines().map(claim).collect())
    }
}

/// What a host reads of a claim: how, depth, op, reason.
type Read = (u32, u32, String, String);

unsafe extern "C" fn keep(context: *mut c_void, claim: *const RlxClaim) {
    // SAFETY: the context is the list of `ask`; the claim is whole, and its views are valid during the call.
    unsafe {
        let claim = &*claim;
        assert_eq!(claim.struct_size, size_of::<RlxClaim>() as u64);
        let text = |view: RlxStr| view.as_str().unwrap().to_owned();
        (*context.cast::<Vec<Read>>()).push((claim.how, claim.depth, text(claim.op), text(claim.reason)));
    }
}

fn table() -> &'static RlxClaimsApi {
    // SAFETY: the function gives a table of this type, which lives as long as the process.
    let table = unsafe { &*claims_table::<Tells>().cast::<RlxClaimsApi>() };
    assert_eq!(table.struct_size, size_of::<RlxClaimsApi>() as u64);
    table
}

fn ask(args: &RlxCompileArgs) -> Result<Vec<Read>, Error> {
    let (backend, mut found): (Tells, Vec<Read>) = (Tells, Vec::new());
    let handle = std::ptr::from_ref(&backend).cast_mut().cast();
    let sink = RlxClaimSink { context: (&raw mut found).cast(), emit: Some(keep) };
    // SAFETY: a live instance; the arguments state a size that they have, and their views outlive the call.
    unsafe { Error::check(table().claim.unwrap()(handle, args, &sink))? };
    Ok(found)
}

fn program(text: &'static str) -> RlxCompileArgs {
    RlxCompileArgs { program: RlxStr::new(text), ..RlxCompileArgs::sized() }
}

#[test]
fn every_answer_arrives_in_order() {
    let codes = [
        RLX_CLAIM_LEAF,
        RLX_CLAIM_GRAPH,
        RLX_CLAIM_HOST,
        RLX_CLAIM_SOURCE,
        RLX_CLAIM_CONTROL_FLOW,
        RLX_CLAIM_UNUSED,
        u32::MAX,
    ];
    let found = ask(&program("h 9 2\na 0 0\nb 0 1\nc 0 2\nd 0 3\ne 0 4\nf 1 5\ng 7 6")).unwrap();
    assert_eq!(found[0], (RLX_CLAIM_HOST, 9, "h".to_owned(), "by hand".to_owned()), "by what a taken node is computed");
    let depths = [0, 0, 0, 0, 0, 1, 7];
    let wanted = codes.iter().zip(depths).zip(["a", "b", "c", "d", "e", "f", "g"]);
    let wanted: Vec<Read> = wanted.map(|((&how, depth), op)| (how, depth, op.to_owned(), String::new())).collect();
    assert_eq!(found[1..], wanted);
    assert_eq!(ask(&program("")), Ok(vec![]));

    let named = RlxCompileArgs { graph: RlxStr::new("second"), ..program("Sort 3 no such order") };
    let reason = "no such order, graph Some(\"second\")".to_owned();
    assert_eq!(ask(&named), Ok(vec![(RLX_CLAIM_REFUSED, 3, "Sort".to_owned(), reason)]));
}

#[test]
fn what_cannot_be_asked_is_an_error() {
    assert_error(ask(&program("panic")), ErrorKind::PluginFault, &["as ordered"]);
    let value = RlxValue { kind: RLX_VALUE_BOOL, reserved: 0, int: 1, float: 0.0, text: RlxStr::EMPTY };
    let option = RlxKeyValue { key: RlxStr::new("fast"), value };
    let with_option = RlxCompileArgs { options: &option, option_count: 1, ..program("") };
    assert_error(ask(&with_option), ErrorKind::InvalidArgument, &["unknown option `fast`"]);
    let short = RlxCompileArgs { struct_size: 8, ..program("") };
    assert_error(ask(&short), ErrorKind::InvalidArgument, &["struct_size 8"]);

    let (backend, args) = (Tells, program(""));
    let handle = std::ptr::from_ref(&backend).cast_mut().cast();
    let sink = RlxClaimSink { context: null_mut(), emit: Some(keep) };
    let deaf = RlxClaimSink { emit: None, ..sink };
    // SAFETY: what may not be NULL is refused when it is.
    let call = |backend, args, sink| unsafe { Error::check(table().claim.unwrap()(backend, args, sink)) };
    assert_error(call(null_mut(), &args, &sink), ErrorKind::InvalidArgument, &["backend", "NULL"]);
    assert_error(call(handle, null(), &sink), ErrorKind::InvalidArgument, &["arguments", "NULL"]);
    assert_error(call(handle, &args, null()), ErrorKind::InvalidArgument, &["sink", "NULL"]);
    assert_error(call(handle, &args, &deaf), ErrorKind::InvalidArgument, &["sink", "NULL"]);
}
