//! What a pickle would build, counted before it is built.
//!
//! A byte is enough to put one tuple into another, or to begin a stack, and
//! values that lie a million deep take a million calls to be dropped. A batch
//! has a dict, an array's tuples and two lists, however many images it holds.

/// More than any batch: marks come with every thousand numbers of a list.
const MOST: usize = 1000;

/// What follows an opcode, before the next one.
enum Argument {
    Bytes(usize),
    /// So many lines of text.
    Lines(usize),
    /// As many bytes as a number of so many bytes says.
    Counted(usize),
}

/// Whether a pickle opens at most so many marks and values that hold others as
/// a batch does. Where it breaks off, or has an opcode that there is none of,
/// the reader will say so.
pub(super) fn is_shallow(pickle: &[u8]) -> bool {
    let mut opened = 0;
    let mut rest = pickle;
    while let Some((&opcode, after)) = rest.split_first() {
        opened += usize::from(opens(opcode));
        if opened > MOST {
            return false;
        }
        match argument(opcode).and_then(|argument| skip(after, &argument)) {
            Some(next) => rest = next,
            None => break,
        }
    }
    true
}

/// Whether an opcode opens a mark or makes a value that holds others (Python's
/// `pickletools`).
fn opens(opcode: u8) -> bool {
    let is_ascii = b"()t]l}dRbio".contains(&opcode);
    is_ascii || matches!(opcode, 0x81 | 0x85..=0x87 | 0x8f | 0x91 | 0x92)
}

/// Absent where the pickle ends.
fn argument(opcode: u8) -> Option<Argument> {
    Some(match opcode {
        b'.' => return None,
        b'K' | b'h' | b'q' | 0x80 | 0x82 => Argument::Bytes(1),
        b'M' | 0x83 => Argument::Bytes(2),
        b'J' | b'j' | b'r' | 0x84 => Argument::Bytes(4),
        b'G' | 0x95 => Argument::Bytes(8),
        b'I' | b'L' | b'F' | b'S' | b'V' | b'P' | b'g' | b'p' => Argument::Lines(1),
        b'c' | b'i' => Argument::Lines(2),
        b'U' | b'C' | 0x8a | 0x8c => Argument::Counted(1),
        b'T' | b'B' | b'X' | 0x8b => Argument::Counted(4),
        0x8d | 0x8e | 0x96 => Argument::Counted(8),
        _ => Argument::Bytes(0),
    })
}

/// What comes after an argument, where all of it is there.
fn skip<'a>(bytes: &'a [u8], argument: &Argument) -> Option<&'a [u8]> {
    match *argument {
        Argument::Bytes(count) => bytes.get(count..),
        Argument::Lines(count) => (0..count).try_fold(bytes, |rest, _| {
            let end = rest.iter().position(|&byte| byte == b'\n')?;
            rest.get(end + 1..)
        }),
        Argument::Counted(size) => {
            let (count, rest) = bytes.split_at_checked(size)?;
            let digits = count.iter().rev();
            let count = digits.fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
            rest.get(usize::try_from(count).ok()?..)
        }
    }
}
