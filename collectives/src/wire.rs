//! What the ranks write to each other besides elements. All numbers are little-endian.

use std::time::Duration;

use crate::failure::{Cause, Kind};
use crate::{Element, Reduction};

/// The first bytes of a connection: what is not a rank of this engine is dropped after them.
const MAGIC: [u8; 8] = *b"rlxring\x01";

/// What a connection carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Channel {
    /// Signs of life and failures.
    Control,
    /// Collectives of one group.
    Collective,
    /// Messages between two ranks of one group.
    Messages,
}

impl Channel {
    pub(crate) const ALL: [Self; 3] = [Self::Control, Self::Collective, Self::Messages];
}

/// What a rank says first on a connection that it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hello {
    /// Of the list of addresses.
    pub(crate) fingerprint: u64,
    pub(crate) group: u64,
    /// Ranks before any split.
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) channel: Channel,
}

impl Hello {
    pub(crate) const LEN: usize = 40;

    pub(crate) fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&self.fingerprint.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.group.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.from.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.to.to_le_bytes());
        bytes[32] = self.channel as u8;
        bytes
    }

    /// `None` for what no rank of this engine says.
    pub(crate) fn decode(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let channel = Channel::ALL.into_iter().find(|&channel| channel as u8 == bytes[32])?;
        (bytes[..8] == MAGIC && bytes[33..] == [0; 7]).then(|| Self {
            fingerprint: long(bytes, 8),
            group: long(bytes, 16),
            from: int(bytes, 24),
            to: int(bytes, 28),
            channel,
        })
    }
}

/// The answer to a [`Hello`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Welcome,
    /// Its list of addresses is another.
    OtherList,
    /// It is for another rank, or from one that is already here.
    Refused,
}

impl Answer {
    pub(crate) const LEN: usize = 16;
    const ALL: [Self; 3] = [Self::Welcome, Self::OtherList, Self::Refused];

    pub(crate) fn encode(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8] = self as u8;
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let answer = Self::ALL.into_iter().find(|&answer| answer as u8 == bytes[8])?;
        (bytes[..8] == MAGIC && bytes[9..] == [0; 7]).then_some(answer)
    }
}

/// What the control connection carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    Alive,
    /// The sender leaves in good order.
    Leave,
    /// A group is broken.
    Broken {
        group: u64,
        cause: Cause,
    },
    /// Which collective of a group are you at?
    Where {
        group: u64,
    },
    /// The answer: so many have been entered.
    Here {
        group: u64,
        entered: u64,
    },
}

/// The longest notice: a cause is a line of text.
const LONGEST_NOTICE: usize = 1 << 16;

impl Notice {
    /// Length, kind, and what belongs to that kind.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        match self {
            Self::Alive => bytes.push(0),
            Self::Leave => bytes.push(1),
            Self::Broken { group, cause } => {
                bytes.push(2);
                bytes.extend(group.to_le_bytes());
                bytes.extend((cause.origin as u64).to_le_bytes());
                let (kind, after) = match cause.kind {
                    Kind::Timeout(after) => (0, after),
                    Kind::Lost => (1, Duration::ZERO),
                    Kind::Differs => (2, Duration::ZERO),
                };
                bytes.extend(u64::try_from(after.as_millis()).unwrap_or(u64::MAX).to_le_bytes());
                bytes.push(kind);
                let line = cause.what.as_bytes();
                bytes.extend(&line[..line.len().min(LONGEST_NOTICE / 2)]);
            }
            Self::Where { group } => {
                bytes.push(3);
                bytes.extend(group.to_le_bytes());
            }
            Self::Here { group, entered } => {
                bytes.push(4);
                bytes.extend(group.to_le_bytes());
                bytes.extend(entered.to_le_bytes());
            }
        }
        let length = (bytes.len() - 4) as u32;
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    /// Takes the first notice from `bytes`; `None` while it is not all there. `Err` for what no rank writes.
    pub(crate) fn take(bytes: &mut Vec<u8>) -> Result<Option<Self>, ()> {
        let Some(head) = bytes.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head) as usize;
        if length == 0 || length > LONGEST_NOTICE {
            return Err(());
        }
        let Some(body) = bytes.get(4..4 + length) else { return Ok(None) };
        let notice = match (body[0], length) {
            (0, 1) => Self::Alive,
            (1, 1) => Self::Leave,
            (2, 26..) => {
                let kind = match body[25] {
                    0 => Kind::Timeout(Duration::from_millis(long(body, 17))),
                    1 => Kind::Lost,
                    2 => Kind::Differs,
                    _ => return Err(()),
                };
                let what = String::from_utf8_lossy(&body[26..]).into_owned();
                let origin = usize::try_from(long(body, 9)).map_err(|_| ())?;
                Self::Broken { group: long(body, 1), cause: Cause { kind, origin, what } }
            }
            (3, 9) => Self::Where { group: long(body, 1) },
            (4, 17) => Self::Here { group: long(body, 1), entered: long(body, 9) },
            _ => return Err(()),
        };
        bytes.drain(..4 + length);
        Ok(Some(notice))
    }
}

/// What a rank does in a collective, which stands before its elements: all ranks' have to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) reduction: Reduction,
    pub(crate) element: Element,
    /// How many collectives the rank has entered before.
    pub(crate) sequence: u64,
    /// Bytes of the operand.
    pub(crate) length: u64,
}

/// The collectives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Connect,
    Barrier,
    AllReduce,
    AllGather,
    ReduceScatter,
    Split,
    Agree,
}

impl Operation {
    const ALL: [Self; 7] =
        [Self::Connect, Self::Barrier, Self::AllReduce, Self::AllGather, Self::ReduceScatter, Self::Split, Self::Agree];
}

impl Call {
    pub(crate) const LEN: usize = 24;

    pub(crate) fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[0] = self.operation as u8;
        bytes[1] = self.reduction as u8;
        bytes[2] = self.element as u8;
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    /// What another rank's call is, in words.
    pub(crate) fn describe(bytes: &[u8]) -> String {
        let operation = Operation::ALL.into_iter().find(|&it| it as u8 == bytes[0]);
        let reduction = Reduction::ALL.into_iter().find(|&it| it as u8 == bytes[1]);
        let element = Element::ALL.into_iter().find(|&it| it as u8 == bytes[2]);
        let (Some(operation), Some(reduction), Some(element)) = (operation, reduction, element) else {
            return "something unknown".to_owned();
        };
        Self { operation, reduction, element, sequence: long(bytes, 8), length: long(bytes, 16) }.to_string()
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let elements = self.length / self.element.size() as u64;
        let (reduction, element) = (self.reduction.name(), self.element.name());
        match self.operation {
            Operation::Connect => f.write_str("connect"),
            Operation::Barrier => f.write_str("barrier"),
            Operation::AllReduce => write!(f, "all_reduce ({reduction}) of {elements} {element}"),
            Operation::AllGather => write!(f, "all_gather of {} bytes", self.length),
            Operation::ReduceScatter => write!(f, "reduce_scatter ({reduction}) of {elements} {element}"),
            Operation::Split => f.write_str("split"),
            Operation::Agree => f.write_str("agree"),
        }
    }
}

/// Eight bytes of `bytes` from `at`, which the caller knows to be there.
pub(crate) fn long(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Four bytes of `bytes` from `at`, as [`long`].
fn int(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
