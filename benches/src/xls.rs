//! Workbooks of Excel 97 to 2003, record by record ([MS-XLS]).

use std::io::{Cursor, Write as _};

use crate::readings::days;

/// A record: number, length, data.
fn push(id: u16, data: &[u8], out: &mut Vec<u8>) {
    out.extend(id.to_le_bytes());
    out.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
    out.extend(data);
}

/// Styles: general, and a date.
const GENERAL: u16 = 0;
const DATE: u16 = 1;

fn cell(id: u16, (row, column, style): (u16, u16, u16), rest: &[u8], out: &mut Vec<u8>) {
    let head = [row, column, style].map(u16::to_le_bytes).concat();
    push(id, &[head.as_slice(), rest].concat(), out);
}

/// A number as Excel stores it: hundredths and whole numbers in 4 bytes (`RK`), others in 8 (`NUMBER`).
fn number(at: (u16, u16, u16), thousandths: i64, out: &mut Vec<u8>) {
    if thousandths % 10 == 0 && thousandths < 1 << 30 {
        let hundredths = u32::try_from(thousandths / 10).unwrap();
        cell(0x027E, at, &(hundredths << 2 | 3).to_le_bytes(), out);
    } else {
        cell(0x0203, at, &(thousandths as f64 / 1000.0).to_le_bytes(), out);
    }
}

/// Shared texts, as many to a record as fit.
fn strings(texts: &[String], out: &mut Vec<u8>) {
    const MOST: usize = 8_000;
    let count = u32::try_from(texts.len()).unwrap().to_le_bytes();
    let mut data = [count, count].concat();
    let mut id = 0x00FC;
    for text in texts {
        let units: Vec<u16> = text.encode_utf16().collect();
        if data.len() + units.len() * 2 + 3 > MOST {
            push(id, &data, out);
            data.clear();
            id = 0x003C;
        }
        data.extend(u16::try_from(units.len()).unwrap().to_le_bytes());
        let is_wide = units.iter().any(|unit| *unit > 0xFF);
        data.push(u8::from(is_wide));
        for unit in units {
            let bytes = unit.to_le_bytes();
            data.extend(if is_wide { &bytes[..] } else { &bytes[..1] });
        }
    }
    push(id, &data, out);
}

/// So many days as British Gas lays them out, cut to 20 columns: a meter's number, a serial number, a date, readings.
///
/// # Panics
/// If there are more rows than a sheet of Excel 2003 has.
#[must_use]
pub fn half_hourly(seed: u64, rows: usize) -> Vec<u8> {
    const READINGS: usize = 17;
    let mut texts: Vec<String> = ["mpxn", "msn", "reading_date"].map(str::to_owned).to_vec();
    texts.extend((1..=READINGS).map(|number| format!("interval_{number}")));
    let mut sheet = Vec::new();
    let bof = |kind: u16| {
        [0x0600, kind, 0x0DBB, 0x07CC, 0, 0, 6, 0]
            .map(u16::to_le_bytes)
            .concat()
    };
    push(0x0809, &bof(0x0010), &mut sheet);
    let shared =
        |at, index: usize, out: &mut Vec<u8>| cell(0x00FD, at, &u32::try_from(index).unwrap().to_le_bytes(), out);
    for column in 0..texts.len() {
        shared((0, u16::try_from(column).unwrap(), GENERAL), column, &mut sheet);
    }
    let mut last_meter = 0;
    for (row, day) in (1..).zip(days(seed).take(rows)) {
        if day.mpan != last_meter {
            last_meter = day.mpan;
            texts.push(day.serial.clone());
        }
        number((row, 0, GENERAL), i64::try_from(day.mpan).unwrap() * 1000, &mut sheet);
        shared((row, 1, GENERAL), texts.len() - 1, &mut sheet);
        number((row, 2, DATE), day.serial_date() * 1000, &mut sheet);
        for (column, reading) in (3..).zip(&day.readings[..READINGS]) {
            number((row, column, GENERAL), i64::from(*reading), &mut sheet);
        }
    }
    push(0x000A, &[], &mut sheet);

    let mut globals = Vec::new();
    push(0x0809, &bof(0x0005), &mut globals);
    push(0x0042, &1200_u16.to_le_bytes(), &mut globals);
    for format in [0_u16, 14] {
        let mut style = [0; 20];
        style[2..4].copy_from_slice(&format.to_le_bytes());
        push(0x00E0, &style, &mut globals);
    }
    let name = b"Half hourly";
    // Its own length and the end's are known; the shared texts come after it.
    let mut rest = Vec::new();
    strings(&texts, &mut rest);
    push(0x000A, &[], &mut rest);
    let offset = globals.len() + 4 + 8 + name.len() + rest.len();
    let mut bound = u32::try_from(offset).unwrap().to_le_bytes().to_vec();
    bound.extend([0, 0, u8::try_from(name.len()).unwrap(), 0]);
    bound.extend(name);
    push(0x0085, &bound, &mut globals);
    globals.extend(rest);
    globals.extend(sheet);
    in_container(&globals)
}

/// A compound file with the stream that a workbook of Excel lies in.
fn in_container(stream: &[u8]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new())).unwrap();
    file.create_stream("/Workbook").unwrap().write_all(stream).unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}
