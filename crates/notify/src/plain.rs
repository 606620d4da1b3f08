//! Texts of strangers, made fit for letters to people.

/// A text on one line and of at most so many characters: what is no plain character, or turns the direction of writing, becomes a blank; of a
/// longer one the beginning and the end stay, where a file's name has its meaning and its extension.
#[must_use]
pub(crate) fn on_one_line(text: &str, most_chars: usize) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let clean = text.replace(is_odd, " ");
    let words: Vec<&str> = clean.split_whitespace().collect();
    let line = words.join(" ");
    let length = line.chars().count();
    if length <= most_chars {
        return line;
    }
    let kept = most_chars.saturating_sub(1);
    let end = kept / 3;
    let begin = line.chars().take(kept - end);
    begin.chain(['…']).chain(line.chars().skip(length - end)).collect()
}

/// The same in ASCII, for SNS's subjects; other characters become question marks.
#[must_use]
pub(crate) fn in_ascii(text: &str) -> String {
    let ascii = |c: char| if (' '..='~').contains(&c) { c } else { '?' };
    text.chars().map(ascii).collect()
}

/// A word as a shell reads it.
#[must_use]
pub(crate) fn for_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._/+=@:,".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// `a file`, `3 files`.
#[must_use]
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 {
        one.to_owned()
    } else {
        format!("{count} {many}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_of_a_name_become_one_and_its_ends_stay() {
        assert_eq!(on_one_line("gas\r\nBcc: x@y\t.csv", 100), "gas Bcc: x@y .csv");
        assert_eq!(on_one_line("a\u{202e}vsc.exe", 100), "a vsc.exe");
        assert_eq!(
            on_one_line(&format!("{}.csv", "ä".repeat(1_000)), 16),
            "ääääääääää…ä.csv"
        );
    }

    #[test]
    fn a_key_is_quoted_where_a_shell_would_read_more_into_it() {
        assert_eq!(for_shell("2025/o3gbv5qk"), "2025/o3gbv5qk");
        assert_eq!(for_shell("bam/half hourly.csv"), "'bam/half hourly.csv'");
        assert_eq!(for_shell("$(rm -r x)'"), r"'$(rm -r x)'\'''");
        assert_eq!(for_shell("--help"), "'--help'");
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_it_may_be_or_on_two_lines(text in any::<String>(), most in 0..300_usize) {
            let line = on_one_line(&text, most);
            prop_assert!(line.chars().count() <= most.max(1));
            prop_assert!(!line.contains(|c: char| c.is_control()));
            prop_assert!(in_ascii(&line).is_ascii());
        }
    }
}
