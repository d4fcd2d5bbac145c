//! What a pickle would build, counted before it is built.
//!
//! A byte is enough to put one tuple into another, or to begin a stack, and
//! values that lie a million deep take a million calls to be dropped; a byte is
//! enough to copy a value, so that thirty of them copy it 2³⁰ times. A batch
//! has a dict, an array's tuples and two lists, however many images it holds.

/// More than any batch: marks come with every thousand numbers of a list.
const MOST: usize = 1000;

/// Most bytes of a pickle and of the copies of it that it may ask for.
const MOST_BYTES: usize = 1 << 30;

/// What follows an opcode, before the next one.
enum Argument {
    Bytes(usize),
    /// So many lines of text.
    Lines(usize),
    /// As many bytes as a number of so many bytes says.
    Counted(usize),
}

/// What a batch has not: more marks, values that hold others or are asked for again
/// than it, and copies. Where a pickle breaks off, or has an opcode that there is
/// none of, the reader will say so.
pub(super) fn check(pickle: &[u8]) -> Result<(), &'static str> {
    let (mut opened, mut bytes, mut is_new) = (0, pickle.len(), false);
    let mut rest = pickle;
    while let Some((&opcode, after)) = rest.split_first() {
        opened += usize::from(opens(opcode));
        if opened > MOST {
            return Err("it holds values within values");
        }
        // An argument may be all that came before.
        bytes = bytes.saturating_add(if calls(opcode) { pickle.len() } else { 0 });
        if copies(opcode) || saves(opcode) && !is_new || bytes > MOST_BYTES {
            return Err("it copies values");
        }
        is_new = makes(opcode, is_new);
        match argument(opcode).and_then(|argument| skip(after, &argument)) {
            Some(next) => rest = next,
            None => break,
        }
    }
    Ok(())
}

/// Whether an opcode opens a mark, makes a value that holds others, or asks for one
/// that was saved (Python's `pickletools`).
fn opens(opcode: u8) -> bool {
    let is_ascii = b"()t]l}dRbioghj".contains(&opcode);
    is_ascii || matches!(opcode, 0x81 | 0x85..=0x87 | 0x8f | 0x91 | 0x92)
}

/// Whether it copies the last value, or brings an earlier one back to be saved once
/// more, which is a copy: `DUP`, `POP`, `POP_MARK`.
fn copies(opcode: u8) -> bool {
    b"201".contains(&opcode)
}

/// Whether it hands values to a function, which copies what was saved.
fn calls(opcode: u8) -> bool {
    b"Rbio".contains(&opcode) || matches!(opcode, 0x81 | 0x92)
}

/// Whether it saves the last value, for which that is moved where it is new.
fn saves(opcode: u8) -> bool {
    b"pqr".contains(&opcode) || opcode == 0x94
}

/// Whether the last value is new after it: not where it only adds to one, or takes
/// a saved one, and as before at the beginning of a frame.
fn makes(opcode: u8, is_new: bool) -> bool {
    match opcode {
        0x95 => is_new,
        0x90 => false,
        _ => !saves(opcode) && !b"(aesubghj".contains(&opcode),
    }
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
