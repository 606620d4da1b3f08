//! A zip whose only member is itself: however often it is unpacked, there is as much to unpack (Russ Cox, "Zip Files All The
//! Way Down", 2010).
//!
//! The program of the deflated data has two instructions, "copy what follows" and "repeat what was last written". Written
//! as `P` for the bytes before the program, `S` for those behind it, and `[…]` for what an instruction copies, it is
//!
//! ```text
//! A[P A] B   n c[B n c] r   c[r c r c] r   c[r n n K] r n n K[T S] T
//! ```
//!
//! where `A` copies and `B` repeats as many bytes as `P` and `A` have, `c` and `r` do so with 20 bytes, `K` and `T` with as
//! many as `T` and `S` have, and `n` does nothing. What it writes is `P`, itself, and `S`.

use crate::zip_bytes::{End, Header};

/// Its length is such that `B` has ten bytes.
const NAME: &str = "archive-within-itself.zip..";

pub(crate) fn quine() -> Vec<u8> {
    // The checksum stands in the archive itself. It depends on its bits one by one, so which it is can be solved for; where no
    // checksum fits, another time of day does.
    (0..u16::MAX)
        .find_map(|time| {
            let without = checksum(&archive(time, 0));
            let columns: Vec<u32> = (0..32)
                .map(|bit| checksum(&archive(time, 1 << bit)) ^ without ^ (1 << bit))
                .collect();
            let crc32 = solve(&columns, without)?;
            let bytes = archive(time, crc32);
            (checksum(&bytes) == crc32).then_some(bytes)
        })
        .unwrap()
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// The number whose bits choose those of `columns` that make `sum` together.
fn solve(columns: &[u32], sum: u32) -> Option<u32> {
    let mut rows: Vec<(u32, bool)> = (0..32)
        .map(|row| {
            let coefficients = (0..32).map(|column| (columns[column] >> row & 1) << column).sum();
            (coefficients, sum >> row & 1 == 1)
        })
        .collect();
    for column in 0..32 {
        let pivot = (column..32).find(|row| rows[*row].0 >> column & 1 == 1)?;
        rows.swap(column, pivot);
        let (coefficients, value) = rows[column];
        for (row, (other, other_value)) in rows.iter_mut().enumerate() {
            if row != column && *other >> column & 1 == 1 {
                *other ^= coefficients;
                *other_value ^= value;
            }
        }
    }
    Some(
        rows.iter()
            .enumerate()
            .map(|(bit, (_, value))| u32::from(*value) << bit)
            .sum(),
    )
}

/// The archive with this checksum, right or wrong.
fn archive(time: u16, crc32: u32) -> Vec<u8> {
    // All lengths are known beforehand.
    let mut header = Header {
        name: NAME.into(),
        method: 8,
        crc32,
        ..Header::default()
    };
    let lengths = parts(&header, time, 0);
    let (before, program) = (lengths.0.len(), lengths.1.len());
    let behind = lengths.2.len();
    // The deflated data end with the block that says so.
    header.packed = (program + LAST_BLOCK.len()) as u64;
    header.size = (before + program + behind) as u64;
    let (before, program, behind) = parts(&header, time, before + program + LAST_BLOCK.len());
    [before, program, behind].concat()
}

/// An empty stored block, the last one.
const LAST_BLOCK: [u8; 5] = [1, 0, 0, 0xFF, 0xFF];

fn parts(header: &Header, time: u16, directory_at: usize) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let at = |mut bytes: Vec<u8>, place: usize| {
        bytes[place..place + 2].copy_from_slice(&time.to_le_bytes());
        bytes
    };
    let before = at(header.local(), 10);
    let central = at(header.central(0), 12);
    let end = End::default().bytes(1, directory_at as u64, central.len() as u64);
    let behind = [LAST_BLOCK.to_vec(), central, end].concat();

    let nothing = copy(0);
    let (a, b) = (copy(before.len() + 5), repeat(before.len() + 5, 10).unwrap());
    let (c, r) = (copy(20), repeat(20, 5).unwrap());
    let t = (5..100)
        .find_map(|length| repeat(behind.len() + length, length))
        .unwrap();
    let k = copy(t.len() + behind.len());
    let program: [&[u8]; 28] = [
        &a, &before, &a, &b, //
        &nothing, &c, &b, &nothing, &c, &r, //
        &c, &r, &c, &r, &c, &r, //
        &c, &r, &nothing, &nothing, &k, &r, &nothing, &nothing, &k, &t, &behind, &t,
    ];
    let program = program.concat();
    (before, program, behind)
}

/// A stored block: the bytes that follow it (RFC 1951 section 3.2.4).
fn copy(bytes: usize) -> Vec<u8> {
    let length = (bytes as u16).to_le_bytes();
    let inverse = (!(bytes as u16)).to_le_bytes();
    [&[0][..], &length, &inverse].concat()
}

/// A block of `length` bytes, no bit more, that repeats the last `bytes` bytes (section 3.2.6); `None` if none is of that length.
fn repeat(bytes: usize, length: usize) -> Option<Vec<u8>> {
    let mut bits = Bits::default();
    // Not the last block; fixed codes.
    bits.put(0b010, 3);
    for run in runs(bytes, length * 8 - 10, bytes)? {
        let (code, extra_bits, base) = code(&LENGTHS, run, 257);
        bits.put(reversed(code - 256, 7), 7);
        bits.put(run - base, extra_bits);
        let (code, extra_bits, base) = code_of_distance(bytes);
        bits.put(reversed(code, 5), 5);
        bits.put(bytes - base, extra_bits);
    }
    bits.put(0, 7);
    Some(bits.bytes)
}

/// Runs of so many bytes in all whose codes have so many bits in all.
fn runs(bytes: usize, bits: usize, distance: usize) -> Option<Vec<usize>> {
    // What matters is how many runs there are of each number of extra bits: then each may be as long as fits.
    fn lows(bits: usize, each: usize, least: usize, chosen: &mut Vec<usize>, fits: &dyn Fn(&[usize]) -> bool) -> bool {
        if bits == 0 {
            return fits(chosen);
        }
        (least..CLASSES.len()).any(|class| {
            let Some(rest) = bits.checked_sub(each + class) else {
                return false;
            };
            chosen.push(class);
            let found = lows(rest, each, class, chosen, fits);
            if !found {
                chosen.pop();
            }
            found
        })
    }
    let fits = |classes: &[usize]| {
        let least: usize = classes.iter().map(|class| CLASSES[*class].0).sum();
        let most: usize = classes.iter().map(|class| CLASSES[*class].1).sum();
        (least..=most).contains(&bytes)
    };
    let mut classes = Vec::new();
    let each = 7 + 5 + code_of_distance(distance).1;
    if !lows(bits, each, 0, &mut classes, &fits) {
        return None;
    }
    let mut left = bytes - classes.iter().map(|class| CLASSES[*class].0).sum::<usize>();
    let run = |class: usize| {
        let (least, most) = CLASSES[class];
        let more = left.min(most - least);
        left -= more;
        least + more
    };
    Some(classes.into_iter().map(run).collect())
}

/// The shortest and the longest run of each number of extra bits.
const CLASSES: [(usize, usize); 4] = [(3, 10), (11, 18), (19, 34), (35, 66)];

/// How many codes have as many extra bits as their place says, for runs of up to 66 bytes.
const LENGTHS: [usize; 4] = [8, 4, 4, 4];

/// The code of a number, its extra bits, and the least number that has this code.
fn code(groups: &[usize], number: usize, first: usize) -> (usize, usize, usize) {
    let (mut code, mut base) = (first, 3);
    for (extra_bits, count) in groups.iter().enumerate() {
        for _ in 0..*count {
            if number < base + (1 << extra_bits) {
                return (code, extra_bits, base);
            }
            code += 1;
            base += 1 << extra_bits;
        }
    }
    panic!("{number} is no length of a run here");
}

/// The same of a distance: four codes without extra bits, then two of each number of them.
fn code_of_distance(distance: usize) -> (usize, usize, usize) {
    let (mut code, mut base) = (0, 1);
    loop {
        let extra_bits = (code / 2_usize).saturating_sub(1);
        if distance < base + (1 << extra_bits) {
            return (code, extra_bits, base);
        }
        code += 1;
        base += 1 << extra_bits;
    }
}

/// Codes are written from their first bit, all else from the last.
fn reversed(code: usize, bits: usize) -> usize {
    (0..bits).map(|bit| (code >> bit & 1) << (bits - 1 - bit)).sum()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    filled: usize,
}

impl Bits {
    fn put(&mut self, number: usize, bits: usize) {
        for bit in 0..bits {
            if self.filled.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= (number as u8 >> bit & 1) << (self.filled % 8);
            self.filled += 1;
        }
    }
}

#[test]
fn the_archive_unpacks_to_itself() {
    let bytes = quine();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
    let mut unpacked = Vec::new();
    std::io::copy(&mut archive.by_index(0).unwrap(), &mut unpacked).unwrap();
    assert_eq!(unpacked, bytes);
}
