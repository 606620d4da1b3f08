//! From UTF-16 to UTF-8.

use encoding_rs::mem::convert_utf16_to_utf8;

/// Units that are looked at together.
const BLOCK: usize = 64;

/// Appends what the units say, as UTF-8, and returns how many of them that was; an unpaired surrogate becomes U+FFFD.
///
/// `last` says that no units follow. Else a surrogate at the end is left, as its other half may come.
pub(crate) fn append(pairs: &[[u8; 2]], unit: impl Fn([u8; 2]) -> u16, last: bool, text: &mut Vec<u8>) -> usize {
    let mut rest = pairs;
    loop {
        // Loops without a branch, which the compiler turns into instructions for many units at once.
        let is_ascii = |block: &&[[u8; 2]; BLOCK]| block.iter().fold(0, |all, pair| all | unit(*pair)) < 0x80;
        let blocks = rest.as_chunks::<BLOCK>().0.iter().take_while(is_ascii).count();
        let (ascii, behind) = rest.split_at_checked(blocks * BLOCK).unwrap_or((&[], rest));
        text.extend(ascii.iter().map(|pair| unit(*pair) as u8));

        let (block, behind) = behind.split_at_checked(BLOCK).unwrap_or((behind, &[]));
        let used = append_any(block, &unit, last && behind.is_empty(), text);
        rest = rest.get(ascii.len() + used..).unwrap_or_default();
        if used == 0 {
            return pairs.len() - rest.len();
        }
    }
}

/// As [`append`], of a block.
fn append_any(block: &[[u8; 2]], unit: impl Fn([u8; 2]) -> u16, last: bool, text: &mut Vec<u8>) -> usize {
    let mut units = [0; BLOCK];
    for (unit_of_block, pair) in units.iter_mut().zip(block) {
        *unit_of_block = unit(*pair);
    }
    let mut units = units.get(..block.len()).unwrap_or_default();
    if let [before @ .., 0xD800..=0xDBFF] = units
        && !last
    {
        units = before;
    }
    // Three bytes for a unit is the longest that UTF-8 gets.
    let mut utf8 = [0; BLOCK * 3];
    let length = convert_utf16_to_utf8(units, &mut utf8);
    text.extend_from_slice(utf8.get(..length).unwrap_or_default());
    units.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(units: &[u16], last: bool) -> (String, usize) {
        let pairs: Vec<[u8; 2]> = units.iter().map(|unit| unit.to_be_bytes()).collect();
        let mut text = Vec::new();
        let used = append(&pairs, u16::from_be_bytes, last, &mut text);
        (String::from_utf8(text).unwrap(), used)
    }

    #[test]
    fn a_pair_of_surrogates_is_one_character_wherever_it_lies() {
        for before in 0..2 * BLOCK {
            let expected = format!("{}😀{}", "1".repeat(before), "é".repeat(BLOCK));
            let units: Vec<u16> = expected.encode_utf16().collect();
            assert_eq!(text(&units, true), (expected, units.len()));
        }
    }

    #[test]
    fn half_a_pair_waits_for_the_other_and_is_replaced_at_the_end() {
        for before in 0..2 * BLOCK {
            let mut units = vec![u16::from(b'1'); before];
            units.push(0xD83D);
            assert_eq!(text(&units, false), ("1".repeat(before), before));
            assert_eq!(text(&units, true).0, format!("{}\u{fffd}", "1".repeat(before)));
            units.push(u16::from(b','));
            assert_eq!(text(&units, false).0, format!("{}\u{fffd},", "1".repeat(before)));
        }
    }
}
