//! Numbers as people read them.

/// A count with its noun.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number in groups of three digits.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes in the largest unit that fits.
pub(crate) fn size(count: u64) -> String {
    const KIB: u64 = 1024;
    match count {
        0..KIB => plural(count, "byte"),
        _ if count < KIB * KIB => tenths(count, KIB, "KiB"),
        _ if count < KIB * KIB * KIB => tenths(count, KIB * KIB, "MiB"),
        _ => tenths(count, KIB * KIB * KIB, "GiB"),
    }
}

fn tenths(count: u64, unit: u64, name: &str) -> String {
    let tenths = (u128::from(count) * 10 + u128::from(unit) / 2) / u128::from(unit);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}
