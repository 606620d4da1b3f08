//! Serial dates, and the ISO 8601 dates and durations that some formats store instead.
//!
//! A serial number counts days from the workbook's epoch; its fraction is the time of day (ECMA-376 part 1, 18.17.4).

use time::{Date, Month};

use crate::number_format::NumberFormat;

/// Seconds of a day.
const DAY_SECONDS: i64 = 86_400;
/// The day that does not exist: the 1900 system has a 29 February 1900, as Lotus 1-2-3 had.
const LOTUS_LEAP_DAY: i64 = 60;
/// Under a pure time format, a year of days and more is a date; less is a sum of hours (a half-hourly heading of 24:00).
const DATED_FROM_DAYS: f64 = 366.0;
/// Serial numbers are below 9999-12-31 in either system; durations have no business beyond it.
const SERIAL_END: f64 = 2_958_466.0;

/// From which day a workbook counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Epoch {
    /// Day 1 is 1900-01-01.
    #[default]
    Y1900,
    /// Day 0 is 1904-01-01 (old Macintosh workbooks).
    Y1904,
    /// Day 0 is 1899-12-30, and no day is missing or added (OpenDocument).
    Odf,
}

/// Appends a serial number the way its format asks for; `false` if it is no date (negative, or beyond the year 9999),
/// or the format is not one of dates.
pub(crate) fn write_serial(serial: f64, format: NumberFormat, epoch: Epoch, out: &mut String) -> bool {
    if !serial.is_finite() || serial.abs() >= SERIAL_END || (serial < 0.0 && format != NumberFormat::Duration) {
        return false;
    }
    let seconds = nearest_second(serial);
    match format {
        NumberFormat::Number => false,
        NumberFormat::Duration => write_duration(seconds, out),
        NumberFormat::Date => write_day(whole_days(serial), epoch, out),
        NumberFormat::DateTime | NumberFormat::Time if serial < 1.0 => write_duration(seconds, out),
        NumberFormat::Time if serial < DATED_FROM_DAYS => write_duration(seconds, out),
        NumberFormat::DateTime | NumberFormat::Time => {
            let (day, second) = (seconds.div_euclid(DAY_SECONDS), seconds.rem_euclid(DAY_SECONDS));
            write_day(day, epoch, out)
                && (second == 0 || {
                    out.push('T');
                    write_duration(second, out);
                    out.push_str("+00:00");
                    true
                })
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the caller has bounded the serial number"
)]
fn nearest_second(serial: f64) -> i64 {
    (serial * DAY_SECONDS as f64).round() as i64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the caller has bounded the serial number"
)]
fn whole_days(serial: f64) -> i64 {
    serial.floor() as i64
}

/// `23:59:59`, `36:30:00`, `-01:00:00`.
fn write_duration(seconds: i64, out: &mut String) -> bool {
    if seconds < 0 {
        out.push('-');
    }
    let seconds = seconds.unsigned_abs();
    push_padded(out, seconds / 3600, 2);
    out.push(':');
    push_padded(out, seconds / 60 % 60, 2);
    out.push(':');
    push_padded(out, seconds % 60, 2);
    true
}

/// Appends a number with zeros before it up to a width: many times faster than the formatter of the standard library.
fn push_padded(out: &mut String, number: u64, width: usize) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number);
    out.extend(std::iter::repeat_n('0', width.saturating_sub(digits.len())));
    out.push_str(digits);
}

fn write_day(day: i64, epoch: Epoch, out: &mut String) -> bool {
    if epoch == Epoch::Y1900 && day == LOTUS_LEAP_DAY {
        out.push_str("1900-02-29");
        return true;
    }
    let Some(date) = date_of(day, epoch) else {
        return false;
    };
    push_padded(out, u64::from(date.year().unsigned_abs()), 4);
    out.push('-');
    push_padded(out, u8::from(date.month()).into(), 2);
    out.push('-');
    push_padded(out, date.day().into(), 2);
    true
}

/// The Julian day of day 0, for days after the 1900 system's leap day.
fn day_zero(epoch: Epoch) -> i64 {
    let date = match epoch {
        Epoch::Y1900 | Epoch::Odf => Date::from_calendar_date(1899, Month::December, 30),
        Epoch::Y1904 => Date::from_calendar_date(1904, Month::January, 1),
    };
    date.map_or(0, |date| i64::from(date.to_julian_day()))
}

fn date_of(day: i64, epoch: Epoch) -> Option<Date> {
    let skipped = i64::from(epoch == Epoch::Y1900 && day < LOTUS_LEAP_DAY);
    let julian = i32::try_from(day + skipped + day_zero(epoch)).ok()?;
    Date::from_julian_day(julian).ok()
}

/// The serial number of an ISO 8601 date, date and time, or time of day: `2023-09-01`, `2023-09-01T01:03:59.000`,
/// `2023-09-01 01:03`, `23:59:59`. A zone is ignored: cells have none. `None` if it is none of these, or lies before the epoch.
pub(crate) fn serial_of_iso(text: &str, epoch: Epoch) -> Option<f64> {
    let text = text.trim();
    let (date, clock) = match text.split_once(['T', 't', ' ']) {
        Some((date, clock)) => (Some(date), Some(clock)),
        None if text.contains(':') => (None, Some(text)),
        None => (Some(text), None),
    };
    let day = match date {
        Some(date) => serial_day(date, epoch)?,
        None => 0,
    };
    let seconds = match clock {
        Some(clock) => clock_seconds(clock)?,
        None => 0.0,
    };
    Some(day as f64 + seconds / DAY_SECONDS as f64)
}

fn serial_day(text: &str, epoch: Epoch) -> Option<i64> {
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let mut parts = text.split('-');
    let year = parts.next().filter(|year| year.len() == 4).and_then(digits)?;
    let month = parts.next().filter(|month| month.len() == 2).and_then(digits)?;
    let day = parts.next().filter(|day| day.len() == 2).and_then(digits)?;
    if parts.next().is_some() {
        return None;
    }
    if (year, month, day) == (1900, 2, 29) && epoch == Epoch::Y1900 {
        return Some(LOTUS_LEAP_DAY);
    }
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    let serial = i64::from(date.to_julian_day()) - day_zero(epoch);
    let serial = if epoch == Epoch::Y1900 && serial <= LOTUS_LEAP_DAY {
        serial - 1
    } else {
        serial
    };
    (serial >= 0).then_some(serial)
}

fn clock_seconds(text: &str) -> Option<f64> {
    let clock = text.trim_end_matches(['Z', 'z']);
    let clock = clock.split(['+', '-']).next().unwrap_or(clock);
    let mut parts = clock.split(':');
    let hours = digits(parts.next()?).filter(|hours| *hours <= 24)?;
    let minutes = digits(parts.next()?).filter(|minutes| *minutes < 60)?;
    let seconds = match parts.next() {
        Some(seconds) => decimal(seconds).filter(|seconds| *seconds < 61.0)?,
        None => 0.0,
    };
    (parts.next().is_none()).then_some(f64::from(hours * 3600 + minutes * 60) + seconds)
}

/// The days of an ISO 8601 duration such as `PT36H30M00S` or `P1DT2H` (ODF 1.3 part 3, 19.372). Years and months have
/// no fixed length, so they are refused.
pub(crate) fn days_of_iso_duration(text: &str) -> Option<f64> {
    let text = text.trim();
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    let rest = text.strip_prefix('P')?;
    let (days, clock) = rest.split_once('T').unwrap_or((rest, ""));
    let mut seconds = 0.0;
    for (text, units) in [
        (days, [('D', 86_400.0)].as_slice()),
        (clock, [('H', 3600.0), ('M', 60.0), ('S', 1.0)].as_slice()),
    ] {
        let mut rest = text;
        while !rest.is_empty() {
            let (_, factor, (amount, after)) = units.iter().find_map(|(unit, factor)| {
                rest.split_once(*unit)
                    .filter(|(amount, _)| is_decimal(amount))
                    .map(|split| (unit, factor, split))
            })?;
            seconds += decimal(amount)? * factor;
            rest = after;
        }
    }
    Some(sign * seconds / DAY_SECONDS as f64)
}

fn digits(text: &str) -> Option<u32> {
    (!text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',')
}

fn decimal(text: &str) -> Option<f64> {
    if !is_decimal(text) {
        return None;
    }
    text.replace(',', ".").parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(serial: f64, format: NumberFormat, epoch: Epoch) -> String {
        let mut out = String::new();
        if write_serial(serial, format, epoch, &mut out) {
            out
        } else {
            "no date".to_owned()
        }
    }

    fn in_1900(serial: f64, format: NumberFormat) -> String {
        written(serial, format, Epoch::Y1900)
    }

    #[test]
    fn a_date_only_format_gives_the_day_whatever_the_fraction() {
        for serial in [45_170.0, 45_170.25, 45_170.999_999_99] {
            assert_eq!(in_1900(serial, NumberFormat::Date), "2023-09-01");
        }
    }

    #[test]
    fn a_day_and_a_time_are_rounded_to_the_nearest_second_with_carry() {
        assert_eq!(
            in_1900(45_170.044_432_87, NumberFormat::DateTime),
            "2023-09-01T01:03:59+00:00"
        );
        assert_eq!(
            in_1900(45_170.044_432_87, NumberFormat::Time),
            "2023-09-01T01:03:59+00:00"
        );
        assert_eq!(
            in_1900(45_170.044_438, NumberFormat::DateTime),
            "2023-09-01T01:03:59+00:00"
        );
        assert_eq!(
            in_1900(45_170.041_666_66, NumberFormat::DateTime),
            "2023-09-01T01:00:00+00:00"
        );
        assert_eq!(in_1900(45_170.999_999_9, NumberFormat::DateTime), "2023-09-02");
    }

    #[test]
    fn exactly_midnight_is_the_day_alone() {
        assert_eq!(in_1900(45_170.0, NumberFormat::DateTime), "2023-09-01");
        assert_eq!(in_1900(45_170.0, NumberFormat::Time), "2023-09-01");
    }

    #[test]
    fn a_time_of_day_has_no_day() {
        assert_eq!(in_1900(0.0, NumberFormat::Time), "00:00:00");
        assert_eq!(in_1900(0.5, NumberFormat::DateTime), "12:00:00");
        assert_eq!(in_1900(0.999_988_425_925_926, NumberFormat::Time), "23:59:59");
        assert_eq!(in_1900(0.020_833_333_333_333_332, NumberFormat::Time), "00:30:00");
        assert_eq!(in_1900(0.999_999_9, NumberFormat::Time), "24:00:00");
    }

    #[test]
    fn twenty_four_hours_and_more_stay_durations() {
        assert_eq!(in_1900(1.0, NumberFormat::Duration), "24:00:00");
        assert_eq!(in_1900(1.520_833_333_333_333_3, NumberFormat::Duration), "36:30:00");
        assert_eq!(in_1900(45_170.5, NumberFormat::Duration), "1084092:00:00");
        assert_eq!(in_1900(1.0, NumberFormat::Time), "24:00:00");
        assert_eq!(written(-0.5, NumberFormat::Duration, Epoch::Y1904), "-12:00:00");
    }

    #[test]
    fn under_a_time_format_up_to_a_year_of_days_is_a_duration_and_more_is_a_date() {
        assert_eq!(in_1900(2.5, NumberFormat::Time), "60:00:00");
        assert_eq!(in_1900(365.75, NumberFormat::Time), "8778:00:00");
        assert_eq!(in_1900(366.0, NumberFormat::Time), "1900-12-31");
        assert_eq!(in_1900(366.5, NumberFormat::Time), "1900-12-31T12:00:00+00:00");
        assert_eq!(in_1900(2.5, NumberFormat::DateTime), "1900-01-02T12:00:00+00:00");
    }

    #[test]
    fn the_1900_system_has_a_29_february() {
        for (serial, day) in [
            (0.0, "1899-12-31"),
            (1.0, "1900-01-01"),
            (59.0, "1900-02-28"),
            (60.0, "1900-02-29"),
            (61.0, "1900-03-01"),
            (2_958_465.0, "9999-12-31"),
        ] {
            assert_eq!(in_1900(serial, NumberFormat::Date), day);
        }
    }

    #[test]
    fn the_1904_system_counts_from_its_first_day() {
        for (serial, day) in [(0.0, "1904-01-01"), (60.0, "1904-03-01"), (43_708.0, "2023-09-01")] {
            assert_eq!(written(serial, NumberFormat::Date, Epoch::Y1904), day);
        }
    }

    #[test]
    fn what_no_calendar_holds_is_no_date() {
        for serial in [-1.0, -0.5, 2_958_466.0, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(in_1900(serial, NumberFormat::Date), "no date");
            assert_eq!(in_1900(serial, NumberFormat::DateTime), "no date");
        }
        assert_eq!(written(2_958_400.0, NumberFormat::Date, Epoch::Y1904), "no date");
    }

    #[test]
    fn iso_dates_are_read_with_and_without_time_and_zone() {
        for (text, serial) in [
            ("2023-09-01", 45_170.0),
            ("2023-09-01Z", 45_170.0),
            ("2023-09-01T00:00:00", 45_170.0),
            ("2023-09-01T12:00:00Z", 45_170.5),
            ("2023-09-01 06:00", 45_170.25),
            ("2023-09-01T18:00:00.000+01:00", 45_170.75),
            ("12:00:00", 0.5),
            ("1899-12-31T12:00:00.000", 0.5),
            ("1900-01-01T00:00:00.000", 1.0),
            ("1900-02-28", 59.0),
            ("1900-02-29", 60.0),
            ("1900-03-01", 61.0),
        ] {
            assert_eq!(serial_of_iso(text, Epoch::Y1900), Some(serial), "{text}");
        }
        assert_eq!(serial_of_iso("2023-09-01", Epoch::Y1904), Some(43_708.0));
        assert_eq!(serial_of_iso("1899-12-30T12:00:00", Epoch::Odf), Some(0.5));
        assert_eq!(written(2.0, NumberFormat::Date, Epoch::Odf), "1900-01-01");
        for text in [
            "",
            "yesterday",
            "2023-13-01",
            "2023-9-1",
            "01/09/2023",
            "2023-09-01T25:00",
            "2023-09-01T10:61",
            "1850-01-01",
            "2023-09-01T",
            "1:2:3:4",
        ] {
            assert_eq!(serial_of_iso(text, Epoch::Y1900), None, "{text}");
        }
    }

    #[test]
    fn iso_durations_are_days() {
        for (text, days) in [
            ("PT12H00M00S", 0.5),
            ("PT36H30M00S", 1.520_833_333_333_333_3),
            ("P1DT12H", 1.5),
            ("-PT6H", -0.25),
            ("PT0S", 0.0),
            ("PT00H00M43.2S", 0.0005),
        ] {
            assert_eq!(days_of_iso_duration(text), Some(days), "{text}");
        }
        for text in ["", "12:00", "P1Y", "PT1X", "PTH", "P1M"] {
            assert_eq!(days_of_iso_duration(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_iso_day_is_written_as_it_was_read(julian in 2_415_080_i32..5_373_484) {
            let date = Date::from_julian_day(julian).unwrap();
            let text = format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day());
            let serial = serial_of_iso(&text, Epoch::Y1900).unwrap();
            prop_assert_eq!(in_1900(serial, NumberFormat::Date), text);
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,24}") {
            serial_of_iso(&text, Epoch::Y1904);
            days_of_iso_duration(&text);
        }

        #[test]
        fn every_second_survives(day in 1_000_i64..73_000, second in 1_i64..86_400) {
            let text = in_1900(day as f64 + second as f64 / 86_400.0, NumberFormat::DateTime);
            let clock = text.split_once('T').unwrap().1.strip_suffix("+00:00").unwrap().to_owned();
            let mut expected = String::new();
            write_duration(second, &mut expected);
            prop_assert_eq!(clock, expected);
        }
    }
}
