//! What a number format makes of a number: a plain number, a date, a time or a duration.
//!
//! Grammar: ECMA-376 part 1, 18.8.31 (numFmts), and [MS-XLS] 2.4.126. Everything that only decorates (literals,
//! escapes, colours, conditions, locales, padding) is skipped, so that `0.0" kWh"` or `"day" 0` never becomes a date.

/// How a cell's number is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NumberFormat {
    /// A plain number: General, decimals, currency, percentages, units.
    #[default]
    Number,
    /// A day without a time.
    Date,
    /// A day with a time.
    DateTime,
    /// A time of day.
    Time,
    /// Hours, minutes or seconds that do not wrap at midnight: `[h]:mm`.
    Duration,
}

/// The formats that are known by their number alone (ECMA-376 part 1, 18.8.30, with the East Asian and Thai ones).
pub(crate) fn built_in(id: u32) -> NumberFormat {
    match id {
        14..=17 | 27..=31 | 34..=36 | 50..=58 | 71..=74 | 81 => NumberFormat::Date,
        18..=21 | 32 | 33 | 45 | 47 | 75 | 76 | 78 | 80 => NumberFormat::Time,
        22 | 77 => NumberFormat::DateTime,
        46 | 79 => NumberFormat::Duration,
        _ => NumberFormat::Number,
    }
}

/// Reads a format code such as `dd/mm/yyyy hh:mm` or `[Red]0.0;[Blue]-0.0`.
///
/// A code has up to four sections. When the first holds digit placeholders it decides; else the first section with a
/// date or time in it does (`[=0]"-";dd/mm/yyyy` is a date).
pub(crate) fn of_code(code: &str) -> NumberFormat {
    let mut chars = code.chars().peekable();
    let mut first = true;
    loop {
        let section = Section::read(&mut chars);
        let format = section.format();
        if format != NumberFormat::Number || (first && section.digits) {
            return format;
        }
        if chars.next().is_none() {
            return NumberFormat::Number;
        }
        first = false;
    }
}

/// SpreadsheetML 2003 also has formats by name (`ss:Format="Short Date"`).
pub(crate) fn of_spreadsheet_ml(format: &str) -> NumberFormat {
    match format {
        "General Date" => NumberFormat::DateTime,
        "Long Date" | "Medium Date" | "Short Date" => NumberFormat::Date,
        "Long Time" | "Medium Time" | "Short Time" => NumberFormat::Time,
        "General" | "General Number" | "Currency" | "Euro Currency" | "Fixed" | "Standard" | "Percent"
        | "Scientific" | "Yes/No" | "True/False" | "On/Off" => NumberFormat::Number,
        code => of_code(code),
    }
}

/// What one section of a code holds.
#[derive(Debug, Default)]
struct Section {
    digits: bool,
    day: bool,
    clock: bool,
    elapsed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Hour,
    Second,
    /// `m`: a month or minutes, which only the neighbours tell.
    MonthOrMinute,
    Day,
}

impl Section {
    /// Reads up to the `;` that ends the section, and leaves it.
    fn read(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Self {
        let mut section = Self::default();
        let mut tokens: Vec<Token> = Vec::new();
        let mut after_seconds = false;
        while let Some(&c) = chars.peek() {
            if c == ';' {
                break;
            }
            chars.next();
            let was_after_seconds = std::mem::take(&mut after_seconds);
            match c {
                '"' => while chars.next().is_some_and(|c| c != '"') {},
                '\\' | '_' | '*' => {
                    chars.next();
                }
                '[' => {
                    let inside: String = std::iter::from_fn(|| chars.next().filter(|c| *c != ']')).collect();
                    if let Some(token) = elapsed(&inside) {
                        section.elapsed = true;
                        after_seconds = token == Token::Second;
                        tokens.push(token);
                    }
                }
                'a' | 'A' if skip_word(chars, "m/pm") || skip_word(chars, "/p") => {
                    section.clock = true;
                }
                'g' | 'G' if skip_word(chars, "eneral") => section.digits = true,
                // General, as German writers call it.
                's' | 'S' if skip_word(chars, "tandard") => section.digits = true,
                // Scientific notation, unless it is the year of an era.
                'e' | 'E' => match chars.peek() {
                    Some('+' | '-') => section.digits = true,
                    _ => section.day = true,
                },
                'h' | 'H' => push_run(&mut tokens, Token::Hour),
                's' | 'S' => {
                    push_run(&mut tokens, Token::Second);
                    after_seconds = true;
                }
                'm' | 'M' => push_run(&mut tokens, Token::MonthOrMinute),
                'd' | 'D' | 'y' | 'Y' => push_run(&mut tokens, Token::Day),
                // `ss.000` and `mmss.0`: fractions of a second are no digits of a number.
                '.' | ',' if was_after_seconds => while chars.next_if_eq(&'0').is_some() {},
                '0' | '#' | '?' => section.digits = true,
                _ => after_seconds = was_after_seconds && c.is_whitespace(),
            }
        }
        section.note(&tokens);
        section
    }

    /// Tells months from minutes: minutes follow hours or come before seconds (18.8.31).
    fn note(&mut self, tokens: &[Token]) {
        for (at, token) in tokens.iter().enumerate() {
            match token {
                Token::Hour | Token::Second => self.clock = true,
                Token::Day => self.day = true,
                Token::MonthOrMinute => {
                    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
                    let after = tokens.get(at + 1);
                    if before == Some(&Token::Hour) || after == Some(&Token::Second) {
                        self.clock = true;
                    } else {
                        self.day = true;
                    }
                }
            }
        }
    }

    fn format(&self) -> NumberFormat {
        match (self.digits, self.day, self.clock || self.elapsed) {
            // A writer that forgot the quotes around a unit (`0.0 kWh`) still means a number.
            (true, _, _) | (false, false, false) => NumberFormat::Number,
            (false, true, true) => NumberFormat::DateTime,
            (false, true, false) if self.elapsed => NumberFormat::Duration,
            (false, true, false) => NumberFormat::Date,
            (false, false, true) if self.elapsed => NumberFormat::Duration,
            (false, false, true) => NumberFormat::Time,
        }
    }
}

/// `yyyy` is one token, as are `hh` and `ss`.
fn push_run(tokens: &mut Vec<Token>, token: Token) {
    if tokens.last() != Some(&token) {
        tokens.push(token);
    }
}

/// `[h]`, `[mm]`, `[ss]`: a time that does not wrap. Other brackets are colours, conditions, currencies and locales.
fn elapsed(inside: &str) -> Option<Token> {
    let all = |unit: char| !inside.is_empty() && inside.chars().all(|c| c.eq_ignore_ascii_case(&unit));
    if all('h') || all('m') {
        // Elapsed minutes are never a month, and what follows them is minutes or seconds, as after hours.
        Some(Token::Hour)
    } else if all('s') {
        Some(Token::Second)
    } else {
        None
    }
}

/// Consumes `word` if it comes next, in any case.
fn skip_word(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &str) -> bool {
    let mut ahead = chars.clone();
    for expected in word.chars() {
        if !ahead.next().is_some_and(|c| c.eq_ignore_ascii_case(&expected)) {
            return false;
        }
    }
    *chars = ahead;
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decoration_never_makes_a_number_a_date() {
        for code in [
            "General",
            "0",
            "0.00",
            "#,##0",
            "0%",
            "0.00E+00",
            "##0.0E+0",
            "# ?/?",
            "@",
            "",
            "0.0\" kWh\"",
            "0.0 kWh",
            "\"day\" 0",
            "0 \"days\"",
            "General\" days\"",
            "GENERAL",
            "[Red]0.0;[Blue]-0.0",
            "[$-409]0.00",
            "[$£-809]#,##0.00",
            "_-* #,##0.00\\ [$€-407]_-",
            "#,##0*y",
            "\\d0",
            "0\\d",
            "_d0_h",
            "#,##0.00_);[Red](#,##0.00)",
            "[>=100][Magenta]General",
            "[<=9999999]###-####;(###) ###-####",
            "\"Y: \"0.00\"m\";\"Y: \"-0.00\"m\"",
            ";;;",
            "\"unclosed dd/mm",
            "[unclosed dd",
            "0.0\"m³/h\"",
            "[Yellow]0",
            "\"sold\"",
            "#,##0 \"MWh\";-#,##0 \"MWh\"",
            "\\M\\W\\h 0",
        ] {
            assert_eq!(of_code(code), NumberFormat::Number, "{code}");
        }
    }

    #[test]
    fn a_day_without_a_clock_is_a_date() {
        for code in [
            "dd/mm/yyyy",
            "yyyy-mm-dd",
            "mm-dd-yy",
            "d-mmm",
            "mmm-yy",
            "[$-809]dd mmmm yyyy",
            "[$-F800]dddd, mmmm dd, yyyy",
            "dd/mm/yy;@",
            "yyyymmdd",
            "m\"M\"d\"D\";@",
            "[=0]\"-\";dd/mm/yyyy",
            "\"Read on \"dd/mm/yyyy",
            "DD.MM.YYYY",
            "dd\\-mm\\-yyyy",
            "[$-404]e\"年\"m\"月\"d\"日\"",
            "mmm",
            "m",
        ] {
            assert_eq!(of_code(code), NumberFormat::Date, "{code}");
        }
    }

    #[test]
    fn a_day_with_a_clock_is_a_date_and_time() {
        for code in [
            "dd/mm/yyyy hh:mm",
            "m/d/yy h:mm",
            "yyyy-mm-dd\"T\"hh:mm:ss",
            "yyyy-mm-dd hh:mm:ss.000",
            "dd/mm/yyyy h:mm AM/PM",
            "[$-409]m/d/yy h:mm AM/PM;@",
            "hh:mm:ss ddd dd/mm/yyyy",
            "dd/mm/yyyy hh",
        ] {
            assert_eq!(of_code(code), NumberFormat::DateTime, "{code}");
        }
    }

    #[test]
    fn a_clock_without_a_day_is_a_time() {
        for code in [
            "h:mm",
            "hh:mm:ss",
            "h:mm AM/PM",
            "h:mm:ss a/p",
            "mm:ss",
            "mmss.0",
            "mm:ss.0;@",
            "[$-F400]h:mm:ss\\ AM/PM",
            "ha/p\\\\m",
            "ss",
            "h",
        ] {
            assert_eq!(of_code(code), NumberFormat::Time, "{code}");
        }
    }

    #[test]
    fn brackets_around_a_unit_make_a_duration() {
        for code in [
            "[h]:mm",
            "[h]:mm:ss",
            "[hh]:mm",
            "[mm]:ss",
            "[ss]",
            "[s].000",
            "[m]",
            "[Blue]\\+[h]:mm;[Red]\\-[h]:mm;[Green][h]:mm",
            "[h]:mm;[=0]\\-",
            "[>=100][Magenta][s].00",
            "[H]:MM:SS;@",
        ] {
            assert_eq!(of_code(code), NumberFormat::Duration, "{code}");
        }
    }

    #[test]
    fn the_built_in_formats_have_their_meaning_from_their_number() {
        for (id, format) in [
            (0, NumberFormat::Number),
            (9, NumberFormat::Number),
            (14, NumberFormat::Date),
            (20, NumberFormat::Time),
            (22, NumberFormat::DateTime),
            (45, NumberFormat::Time),
            (46, NumberFormat::Duration),
            (49, NumberFormat::Number),
        ] {
            assert_eq!(built_in(id), format, "{id}");
        }
    }

    proptest! {
        #[test]
        fn no_code_is_too_strange(code in "[\\PC;\\[\\]\"\\\\hmsdy0#.]{0,40}") {
            of_code(&code);
        }

        #[test]
        fn a_quoted_unit_is_only_decoration(unit in "[a-zA-Z/ ]{0,12}") {
            prop_assert_eq!(of_code(&format!("0.0\"{unit}\"")), NumberFormat::Number);
            prop_assert_eq!(of_code(&format!("dd/mm/yyyy\"{unit}\"")), NumberFormat::Date);
        }
    }
}
