//! Extension `collectives/1` through its table: what arrives at the author's side, and what is refused before.

use crate::assert_error;
use crate::outs::check;
use crate::probe::{Probe, ProbeGraph};
use crate::table::create;
use rlx_host_api::abi::*;
use rlx_host_api::author::*;
use rlx_host_api::{DType, Error, ErrorKind, Growable};
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::Mutex;
use std::time::Duration;

/// A group whose calls tell what they were asked for.
pub(crate) struct ProbeGroup;

/// What the calls of groups were asked for.
static ASKED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn asked(what: String) -> Result<(), Error> {
    ASKED.lock().unwrap().push(what);
    Ok(())
}

impl Collectives for Probe {
    type Group = ProbeGroup;

    fn communication(&self) -> Result<Vec<(String, bool)>, Error> {
        Ok(vec![("pigeon".to_owned(), true), ("smoke".to_owned(), false)])
    }

    fn init_group(&self, request: GroupRequest<'_>) -> Result<ProbeGroup, Error> {
        asked(format!("init {request:?}"))?;
        if request.backend == Some("smoke") { Err(Error::not_found("no fire")) } else { Ok(ProbeGroup) }
    }

    fn install_group(&self, group: Option<&ProbeGroup>) -> Result<(), Error> {
        asked(format!("install {}", group.is_some()))
    }

    fn reduce_resident(
        _group: &ProbeGroup,
        _executable: &mut ProbeGraph,
        value: Source,
        reduction: Reduction,
        timeout: Option<Duration>,
    ) -> Result<(), Error> {
        asked(format!("resident {value:?} {reduction} {timeout:?}"))
    }
}

impl Group for ProbeGroup {
    fn rank(&self) -> usize {
        1
    }

    fn size(&self) -> usize {
        2
    }

    fn backend(&self) -> &str {
        "pigeon"
    }

    fn broken(&self) -> Option<Error> {
        Some(Error::new(ErrorKind::TimedOut, "rank 0 sleeps"))
    }

    fn barrier(&self, timeout: Option<Duration>) -> Result<(), Error> {
        asked(format!("barrier {timeout:?}"))
    }

    fn all_reduce(
        &self,
        reduction: Reduction,
        dtype: DType,
        data: &mut [u8],
        timeout: Option<Duration>,
    ) -> Result<(), Error> {
        data.reverse();
        asked(format!("all_reduce {reduction} {dtype} {timeout:?}"))
    }

    fn all_gather(&self, dtype: DType, part: &[u8], whole: &mut [u8], _: Option<Duration>) -> Result<(), Error> {
        whole.copy_from_slice(&part.repeat(2));
        asked(format!("all_gather {dtype}"))
    }

    fn reduce_scatter(
        &self,
        reduction: Reduction,
        dtype: DType,
        whole: &[u8],
        part: &mut [u8],
        _: Option<Duration>,
    ) -> Result<(), Error> {
        part.copy_from_slice(&whole[part.len()..]);
        asked(format!("reduce_scatter {reduction} {dtype}"))
    }

    fn send(&self, to: usize, tag: u64, bytes: &[u8], _: Option<Duration>) -> Result<(), Error> {
        asked(format!("send {to} {tag} {bytes:?}"))
    }

    fn recv(&self, from: usize, tag: u64, _: Option<Duration>) -> Result<Vec<u8>, Error> {
        Ok(vec![from as u8, tag as u8])
    }

    fn recv_within(&self, from: usize, tag: u64, wait: Option<Duration>) -> Result<Option<Vec<u8>>, Error> {
        if tag == 0 { Ok(None) } else { self.recv(from, tag, wait).map(Some) }
    }

    fn split(&self, colour: u32, key: u32, _: Option<Duration>) -> Result<Self, Error> {
        asked(format!("split {colour} {key}"))?;
        Ok(Self)
    }

    fn agree(&self, what: &str, hash: u64, _: Option<Duration>) -> Result<(), Error> {
        asked(format!("agree {what} {hash}"))
    }
}

fn table() -> &'static RlxCollectivesApi {
    // SAFETY: the function gives a table of this type, which lives as long as the process.
    unsafe { &*collectives_table::<Probe>().cast() }
}

unsafe extern "C" fn keep_name(context: *mut c_void, name: RlxStr, available: u32) {
    // SAFETY: the context is the list of the test; the view is valid during the call.
    unsafe { (*context.cast::<Vec<(String, u32)>>()).push((name.as_str().unwrap().to_owned(), available)) }
}

unsafe extern "C" fn keep_bytes(context: *mut c_void, bytes: RlxBytes) {
    // SAFETY: the context is the list of the test; the view is valid during the call.
    unsafe { (*context.cast::<Vec<u8>>()).extend(std::slice::from_raw_parts(bytes.data, bytes.len as usize)) }
}

/// What has been asked for since the last call, one a line.
fn asked_for() -> String {
    ASKED.lock().unwrap().drain(..).collect::<Vec<_>>().join("\n")
}

#[test]
fn calls_arrive_whole_and_what_is_wrong_is_refused_before() {
    let instance = create(0, None).unwrap();
    let graph = instance.compile("", None).unwrap();
    let api = table();
    let args = RlxGroupArgs { backend: RlxStr::new("pigeon"), strict: 1, timeout_ns: 5, ..RlxGroupArgs::sized() };
    let mut group = null_mut();
    let invalid = |error, part: &str| {
        // SAFETY: what a slot has returned.
        assert_error(unsafe { Error::check(error) }, ErrorKind::InvalidArgument, &[part]);
    };
    // SAFETY: live handles, or NULL, which is refused; buffers, texts and sinks outlive the calls.
    unsafe {
        let mut names: Vec<(String, u32)> = Vec::new();
        let sink = RlxNameSink { context: (&raw mut names).cast(), emit: Some(keep_name) };
        Error::check(api.backends.unwrap()(instance.handle(), &sink)).unwrap();
        assert_eq!(names, [("pigeon".to_owned(), 1), ("smoke".to_owned(), 0)]);
        invalid(api.backends.unwrap()(instance.handle(), null()), "sink");

        let smoke = RlxGroupArgs { backend: RlxStr::new("smoke"), ..args };
        let refused = Error::check(api.init.unwrap()(instance.handle(), &smoke, &mut group));
        assert_error(refused, ErrorKind::NotFound, &["no fire"]);
        assert!(group.is_null());
        invalid(api.init.unwrap()(instance.handle(), null(), &mut group), "group arguments");
        invalid(api.init.unwrap()(null_mut(), &args, &mut group), "backend");
        asked_for();
        Error::check(api.init.unwrap()(instance.handle(), &args, &mut group)).unwrap();
        assert_eq!(asked_for(), "init GroupRequest { backend: Some(\"pigeon\"), strict: true, timeout: Some(5ns) }");

        let mut info = RlxGroupInfo::sized();
        Error::check(api.info.unwrap()(group, &mut info)).unwrap();
        assert_eq!((info.rank, info.size, info.backend.as_str().unwrap()), (1, 2, "pigeon"));
        invalid(api.info.unwrap()(null_mut(), &mut info), "group");
        assert_eq!(check(|out| Error::check(api.info.unwrap()(group, out))), "RlxGroupInfo");
        let broken = Error::check(api.broken.unwrap()(group));
        assert_error(broken, ErrorKind::TimedOut, &["rank 0 sleeps"]);

        let mut two = [1, 2, 3, 4];
        Error::check(api.barrier.unwrap()(group, 0)).unwrap();
        let data = RlxBytesMut::new(&mut two);
        Error::check(api.all_reduce.unwrap()(group, RLX_REDUCE_MAX, RLX_DTYPE_I16, data, 7)).unwrap();
        assert_eq!(two, [4, 3, 2, 1]);
        let (mut four, mut one) = ([0; 8], [0; 2]);
        let (part, whole) = (RlxBytes::new(&two), RlxBytesMut::new(&mut four));
        Error::check(api.all_gather.unwrap()(group, RLX_DTYPE_U8, part, whole, 0)).unwrap();
        assert_eq!(four, [4, 3, 2, 1, 4, 3, 2, 1]);
        let (whole, part) = (RlxBytes::new(&two), RlxBytesMut::new(&mut one));
        Error::check(api.reduce_scatter.unwrap()(group, RLX_REDUCE_MIN, RLX_DTYPE_F16, whole, part, 0)).unwrap();
        assert_eq!(one, [2, 1]);
        Error::check(api.send.unwrap()(group, 3, 4, RlxBytes::new(&one), 0)).unwrap();
        Error::check(api.agree.unwrap()(group, RlxStr::new("it"), 9, 0)).unwrap();
        Error::check(api.install.unwrap()(instance.handle(), group)).unwrap();
        Error::check(api.install.unwrap()(instance.handle(), null_mut())).unwrap();
        Error::check(api.reduce_resident.unwrap()(group, graph.handle, 0, 1, RLX_REDUCE_SUM, 0)).unwrap();
        assert_eq!(
            asked_for(),
            "barrier None\nall_reduce max i16 Some(7ns)\nall_gather u8\nreduce_scatter min f16\nsend 3 4 [2, 1]\nagree it 9\n\
             install true\ninstall false\nresident Output(1) sum None"
        );

        let mut message: Vec<u8> = Vec::new();
        let sink = RlxBytesSink { context: (&raw mut message).cast(), emit: Some(keep_bytes) };
        Error::check(api.recv.unwrap()(group, 5, 6, &sink, 0, null_mut())).unwrap();
        assert_eq!(message, [5, 6]);
        let mut came = 9;
        Error::check(api.recv.unwrap()(group, 5, 0, &sink, 1, &mut came)).unwrap();
        assert_eq!((came, message.len()), (0, 2));
        Error::check(api.recv.unwrap()(group, 7, 8, &sink, 1, &mut came)).unwrap();
        assert_eq!((came, &message[2..]), (1, &[7, 8][..]));
        let mut part_of = null_mut();
        Error::check(api.split.unwrap()(group, 2, 3, 0, &mut part_of)).unwrap();
        assert_eq!(asked_for(), "split 2 3");
        api.destroy.unwrap()(part_of);

        let odd = RlxBytesMut { len: 3, ..data };
        invalid(api.all_reduce.unwrap()(group, RLX_REDUCE_SUM, RLX_DTYPE_I16, odd, 0), "3 bytes are no whole number");
        invalid(api.all_reduce.unwrap()(group, RLX_REDUCE_SUM, 99, data, 0), "dtype code 99");
        let nowhere = RlxBytesMut { data: null_mut(), len: 4 };
        invalid(api.all_reduce.unwrap()(group, RLX_REDUCE_SUM, RLX_DTYPE_F32, nowhere, 0), "NULL");
        let unknown = Error::check(api.all_reduce.unwrap()(group, 9, RLX_DTYPE_I16, data, 0));
        assert_error(unknown, ErrorKind::Unsupported, &["reduction 9"]);
        let (short, long) = (RlxBytes::new(&one), RlxBytesMut::new(&mut four));
        invalid(api.all_gather.unwrap()(group, RLX_DTYPE_U8, short, long, 0), "2 ranks with parts of 2 bytes");
        invalid(api.recv.unwrap()(group, 5, 6, null(), 0, null_mut()), "sink");
        let beyond = Error::check(api.reduce_resident.unwrap()(group, graph.handle, 1, 1, RLX_REDUCE_SUM, 0));
        assert_error(beyond, ErrorKind::NotFound, &["1 inputs"]);
        assert_eq!(asked_for(), "", "nothing of that has arrived");
        api.destroy.unwrap()(group);
        api.destroy.unwrap()(null_mut());
    }
}
