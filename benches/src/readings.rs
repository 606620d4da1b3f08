//! Half-hourly readings, under headings that suppliers use.

use std::fmt::Write as _;

use fastrand::Rng;
use time::{Date, Duration, Month};

/// Half hours of a day.
pub const HALF_HOURS: usize = 48;

/// Schools; what is not ASCII is in Windows-1252 as well, and one name has to be quoted.
const SITES: [&str; 8] = [
    "Abbey Lane Primary School",
    "Ysgol y Môr",
    "St Joseph's RC Primary",
    "\"Wood End Infants, Sheffield\"",
    "King Ecgbert Secondary",
    "Ecclesall Junior School",
    "Ysgol Gynradd Pêl",
    "Bath Community Academy",
];

/// One day of one meter.
#[derive(Debug, Clone)]
pub struct Day {
    /// The school's name, as CSV has it.
    pub site: &'static str,
    /// The electricity meter's number: 13 digits.
    pub mpan: u64,
    /// The meter's serial number.
    pub serial: String,
    /// The day.
    pub date: Date,
    /// kWh in thousandths.
    pub readings: [u32; HALF_HOURS],
}

impl Day {
    /// The school's name without quotes.
    #[must_use]
    pub fn plain_site(&self) -> &str {
        self.site.trim_matches('"')
    }

    /// kWh of the whole day, added up as a spreadsheet does.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.readings.iter().map(|reading| kwh(*reading)).sum()
    }

    /// The date as `31/12/2023`.
    #[must_use]
    pub fn british_date(&self) -> String {
        let (year, month, day) = self.date.to_calendar_date();
        format!("{day:02}/{:02}/{year}", u8::from(month))
    }

    /// Days since 30 December 1899, as workbooks count them.
    #[must_use]
    pub fn serial_date(&self) -> i64 {
        i64::from(self.date.to_julian_day()) - 2_415_019
    }
}

/// A reading as a number.
#[must_use]
pub fn kwh(thousandths: u32) -> f64 {
    f64::from(thousandths) / 1000.0
}

/// A reading as suppliers write it: no more decimals than it has.
pub fn push_kwh(thousandths: u32, out: &mut String) {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    write!(out, "{whole}").unwrap();
    if rest > 0 {
        write!(out, ".{rest:03}").unwrap();
        out.truncate(out.trim_end_matches('0').len());
    }
}

/// The days of one meter after the other, a year of each; always the same for one seed.
pub fn days(seed: u64) -> impl Iterator<Item = Day> {
    let mut rng = Rng::with_seed(seed);
    let first = Date::from_calendar_date(2023, Month::January, 1).unwrap();
    (0..).flat_map(move |_| {
        let site = SITES[rng.usize(..SITES.len())];
        let mpan = 2_000_000_000_000 + rng.u64(..999_999_999_999);
        let serial = format!("E{:02}UP{:05}", rng.u32(1..99), rng.u32(..99_999));
        let size = rng.u32(200..4_000);
        let mut rng = rng.fork();
        (0..365).map(move |day| {
            let mut readings = [0; HALF_HOURS];
            for (half_hour, reading) in readings.iter_mut().enumerate() {
                let at_work = if (14..36).contains(&half_hour) { 6 } else { 1 };
                *reading = size * at_work + rng.u32(..size * 2);
                if rng.u8(..8) == 0 {
                    *reading -= *reading % 500;
                }
            }
            Day {
                site,
                mpan,
                serial: serial.clone(),
                date: first + Duration::days(day),
                readings,
            }
        })
    })
}

/// How a supplier lays a day out.
#[derive(Debug, Clone, Copy)]
pub enum Layout {
    /// Stark's portal: 8 columns before the readings.
    Stark,
    /// British Gas: 3 columns.
    BritishGas,
    /// Corona's weekly file.
    Corona,
    /// A reading a line.
    Highlands,
}

impl Layout {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Stark, Self::BritishGas, Self::Corona, Self::Highlands];

    /// The headings, without a line end.
    #[must_use]
    pub fn headings(self) -> String {
        let numbered = |first: &str, name: &str| {
            (1..=HALF_HOURS).fold(first.to_owned(), |line, number| format!("{line},{name}{number:02}"))
        };
        match self {
            Self::Stark => format!(
                "Company Name,Site Name,Online Meter Name,MPAN,Meter ID,Type,Est,Date,{}",
                half_hours()
            ),
            Self::BritishGas => numbered("meter_identifier,serial_number,read_date", "hh"),
            Self::Corona => (1..=HALF_HOURS).fold("MPAN_CORE,SETTLEMENT_DATETIME".to_owned(), |line, number| {
                format!("{line},ID{number}")
            }),
            Self::Highlands => "MPR,ReadDatetime,kWh,ReadType".to_owned(),
        }
    }

    /// Appends a day, each line ended with `line_end`.
    pub fn push(self, day: &Day, line_end: &str, out: &mut String) {
        let date = day.british_date();
        match self {
            Self::Stark => write!(
                out,
                "Sheffield City Council,{},{} Main,{},{},kWh,A,{date}",
                day.site,
                day.plain_site().split(',').next().unwrap_or_default(),
                day.mpan,
                day.serial
            ),
            Self::BritishGas => write!(out, "{},{},{date}", day.mpan, day.serial),
            Self::Corona => write!(out, "{},{date}", day.mpan),
            Self::Highlands => {
                for (half_hour, reading) in day.readings.iter().enumerate() {
                    let (hour, minute) = (half_hour / 2, half_hour % 2 * 30);
                    write!(out, "{},{} {hour:02}:{minute:02},", day.mpan, day.date).unwrap();
                    push_kwh(*reading, out);
                    out.push_str(",A");
                    out.push_str(line_end);
                }
                return;
            }
        }
        .unwrap();
        for reading in day.readings {
            out.push(',');
            push_kwh(reading, out);
        }
        out.push_str(line_end);
    }
}

/// `00:30` to `00:00`.
#[must_use]
pub fn half_hours() -> String {
    let times: Vec<String> = (1..=HALF_HOURS)
        .map(|half_hour| format!("{:02}:{:02}", half_hour / 2 % 24, half_hour % 2 * 30))
        .collect();
    times.join(",")
}

/// A CSV of about so many bytes, whole lines.
#[must_use]
pub fn csv(layout: Layout, seed: u64, bytes: usize, line_end: &str) -> String {
    let mut text = layout.headings();
    text.push_str(line_end);
    for day in days(seed) {
        if text.len() >= bytes {
            break;
        }
        layout.push(&day, line_end, &mut text);
    }
    text
}
