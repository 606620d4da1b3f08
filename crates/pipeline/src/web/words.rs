//! Values as people read them. Names come from strangers: every one is escaped, isolated, and shows what is odd about it.

use std::fmt::Write as _;

use maud::{Markup, Render, html};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

/// Characters of a name that a list shows; the page of an email shows them all.
const LISTED_CHARACTERS: usize = 120;

const MINUTE: BorrowedFormatItem<'_> =
    BorrowedFormatItem::Compound(format_description!("[year]-[month]-[day] [hour]:[minute]"));
const EXACT: BorrowedFormatItem<'_> =
    BorrowedFormatItem::Compound(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"));

/// Text from a stranger, whole.
pub(crate) struct Name<'a>(pub(crate) &'a str);

/// Text from a stranger, cut in its middle where it is long: a name's end tells what it is.
pub(crate) struct ShortName<'a>(pub(crate) &'a str);

impl Render for Name<'_> {
    fn render(&self) -> Markup {
        isolated(self.0)
    }
}

impl Render for ShortName<'_> {
    fn render(&self) -> Markup {
        let length = self.0.chars().count();
        if length <= LISTED_CHARACTERS {
            return isolated(self.0);
        }
        let end = LISTED_CHARACTERS / 3;
        let start: String = self.0.chars().take(LISTED_CHARACTERS - end).collect();
        let end: String = self.0.chars().skip(length - end).collect();
        html! { (isolated(&start)) span.cut title={ (length) " characters" } { "…" } (isolated(&end)) }
    }
}

/// In `<bdi>`, so that a name written from right to left turns nothing around but itself.
fn isolated(text: &str) -> Markup {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    for character in text.chars() {
        if is_odd(character) {
            pieces.push((std::mem::take(&mut plain), Some(character)));
        } else {
            plain.push(character);
        }
    }
    pieces.push((plain, None));
    html! {
        bdi {
            @for (plain, odd) in pieces {
                (plain)
                @if let Some(odd) = odd { span.odd { (format!("U+{:04X}", u32::from(odd))) } }
            }
        }
    }
}

/// What cannot be seen and yet changes what is seen: controls, and what steers the direction of writing (Unicode Standard Annex 9,
/// section 2), separates lines, or is an invisible blank. Joiners stay: emoji and many scripts are made with them.
const fn is_odd(character: char) -> bool {
    character.is_ascii_control()
        || matches!(
            character,
            '\u{80}'..='\u{9F}'
                | '\u{AD}'
                | '\u{61C}'
                | '\u{180E}'
                | '\u{200B}'
                | '\u{200E}'
                | '\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

/// A time, and how long ago that was.
pub(crate) struct When {
    pub(crate) time: OffsetDateTime,
    pub(crate) now: OffsetDateTime,
}

impl Render for When {
    fn render(&self) -> Markup {
        let minute = self.time.to_offset(UtcOffset::UTC).format(&MINUTE).unwrap_or_default();
        html! {
            time datetime=(exact(self.time)) { (minute) " UTC" }
            " " span.age { "(" (ago(self.now - self.time)) ")" }
        }
    }
}

/// A time as a machine reads it.
pub(crate) fn exact(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC).format(&EXACT).unwrap_or_default()
}

/// "5 minutes ago"; what lies ahead is a clock that differs, and so is now.
pub(crate) fn ago(past: Duration) -> String {
    match age(past).as_str() {
        "" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

/// "5 minutes"; empty below a second.
pub(crate) fn age(past: Duration) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let seconds = past.whole_seconds();
    let unit = UNITS.iter().find(|(size, _)| seconds >= *size);
    unit.map_or_else(String::new, |(size, name)| {
        plural(seconds.unsigned_abs() / size.unsigned_abs(), name)
    })
}

/// "1 email", "1,234 emails".
pub(crate) fn plural(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", grouped(number))
}

/// With a comma between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// "1.3 KiB".
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = UNITS.iter().find(|(size, _)| number >= *size);
    unit.map_or_else(
        || plural(number, "byte"),
        |(size, name)| format!("{:.1} {name}", number as f64 / *size as f64),
    )
}

/// "1.2 s" or "35 ms".
pub(crate) fn milliseconds(number: u64) -> String {
    if number < 1_000 {
        return format!("{number} ms");
    }
    format!("{}.{} s", grouped(number / 1_000), number % 1_000 / 100)
}

/// A value in a query of ours.
pub(crate) fn in_query(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn shown(text: &str) -> String {
        Name(text).render().into_string()
    }

    #[test]
    fn markup_in_a_name_is_shown_and_not_followed() {
        let shown = shown("<script>alert(\"1\")</script> & 'x'.csv");
        assert_eq!(
            shown,
            "<bdi>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; 'x'.csv</bdi>"
        );
    }

    #[test]
    fn what_would_turn_a_name_around_is_made_visible() {
        let override_ = shown("reading\u{202E}vsc.exe");
        assert_eq!(override_, "<bdi>reading<span class=\"odd\">U+202E</span>vsc.exe</bdi>");
        assert_eq!(
            shown("a\u{0}\u{1B}[2J"),
            "<bdi>a<span class=\"odd\">U+0000</span><span class=\"odd\">U+001B</span>[2J</bdi>"
        );
    }

    #[test]
    fn emoji_and_other_scripts_stay_as_they_are() {
        for name in ["👩‍🔬 readings.csv", "قراءات.csv", "Zähler.csv", "電力.xlsx"] {
            assert_eq!(shown(name), format!("<bdi>{name}</bdi>"));
        }
    }

    #[test]
    fn a_long_name_keeps_its_start_and_its_end_in_a_list_and_all_on_its_own_page() {
        let name = format!("{}.csv", "é".repeat(10_000));
        let listed = ShortName(&name).render().into_string();
        assert!(
            listed.len() < 600 && listed.contains('…') && listed.ends_with(".csv</bdi>"),
            "{listed}"
        );
        assert!(listed.contains("10004 characters"), "{listed}");
        assert!(shown(&name).contains(&name));
    }

    #[test]
    fn times_are_in_utc_with_their_age() {
        let time = datetime!(2025-03-23 11:11:12 +1);
        let now = datetime!(2025-03-23 12:40:00 UTC);
        assert_eq!(
            When { time, now }.render().into_string(),
            "<time datetime=\"2025-03-23T10:11:12Z\">2025-03-23 10:11 UTC</time> <span class=\"age\">(2 hours ago)</span>"
        );
        assert_eq!(ago(Duration::seconds(59)), "59 seconds ago");
        assert_eq!(ago(Duration::seconds(60)), "1 minute ago");
        assert_eq!(ago(Duration::days(40)), "40 days ago");
        assert_eq!(ago(Duration::seconds(-5)), "just now");
    }

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(plural(1, "row"), "1 row");
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(milliseconds(1_250), "1.2 s");
    }

    #[test]
    fn a_key_of_any_characters_fits_into_a_query() {
        assert_eq!(in_query("a b/ü&=?#\"<.csv"), "a%20b/%C3%BC%26%3D%3F%23%22%3C.csv");
    }
}
