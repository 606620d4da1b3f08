//! Micro-benchmarks of the pure code: `cargo bench -p benches`, or `cargo bench -p benches -- xlsx`.
#![expect(clippy::unwrap_used, reason = "a benchmark fails with a message")]

use std::convert::Infallible;
use std::hint::black_box;
use std::io::{self, Cursor};

use benches::mail::{Attachment, Travels, email};
use benches::readings::{Layout, csv};
use benches::xlsx::Shape;
use benches::{archive, encoded, ods, xls, xlsx};
use bytes::Bytes;
use convert_file::{Options, convert};
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use pipeline_core::{Limits, kind};
use uncompress_file::{Content, Member, Visitor};

const MEGABYTE: usize = 1_000_000;

/// A group whose input has so many bytes.
fn bench(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, input: &[u8], mut work: impl FnMut(&[u8])) {
    group.throughput(Throughput::Bytes(input.len() as u64));
    group.bench_function(name, |bencher| bencher.iter(|| work(black_box(input))));
}

fn mails(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mail");
    let file = csv(Layout::BritishGas, 1, MEGABYTE, "\r\n").into_bytes();
    let of = |travels, bytes: &[u8]| {
        let mut attachment = Attachment::csv("readings.csv".to_owned(), bytes.to_vec());
        attachment.travels = travels;
        attachment
    };
    let few: Vec<Attachment> = file
        .chunks(MEGABYTE / 50)
        .map(|piece| of(Travels::Base64, piece))
        .collect();
    for (name, attachments) in [
        ("base64", vec![of(Travels::Base64, &file)]),
        ("quoted-printable", vec![of(Travels::QuotedPrintable, &file)]),
        ("fifty files", few),
    ] {
        let mail = Bytes::from(email("sheffield", 1, &attachments));
        bench(&mut group, name, &mail, |_| {
            black_box(unpack_attachments::unpack(mail.clone(), &Limits::default()).unwrap());
        });
    }
}

fn kinds(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("classify");
    let mut workbook = Cursor::new(Vec::new());
    xlsx::half_hourly(&mut workbook, Shape::Excel, 1, 100);
    let mut zip = Cursor::new(Vec::new());
    archive::of_csvs(&mut zip, 10, 10_000);
    for (name, bytes) in [
        ("readings.csv", csv(Layout::Stark, 1, MEGABYTE, "\r\n").into_bytes()),
        ("readings.xlsx", workbook.into_inner()),
        ("readings.xls", xls::half_hourly(1, 100)),
        ("readings.zip", zip.into_inner()),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| kind::classify(&mut Cursor::new(black_box(&bytes)), name).unwrap());
        });
    }
}

fn cleaning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("clean");
    let text = csv(Layout::Stark, 1, MEGABYTE, "\r\n");
    let quoted = text.replace("Main", "\"Main, \"\"A\"\"\"");
    for (name, bytes) in [
        ("utf-8", text.clone().into_bytes()),
        ("utf-8, quotes in every line", quoted.into_bytes()),
        ("utf-16", encoded::utf16le(&text)),
        ("windows-1252", encoded::windows_1252(&text, 1)),
    ] {
        bench(&mut group, name, &bytes, |bytes| {
            process_file::clean(bytes, io::sink()).unwrap();
        });
    }
}

fn archives(criterion: &mut Criterion) {
    struct Sink;
    impl Visitor for Sink {
        type Error = Infallible;
        fn visit(&mut self, _member: &Member, content: &mut Content<'_>) -> Result<(), Infallible> {
            // A sink takes all that it is given.
            let _ = content.copy_to(&mut io::sink());
            Ok(())
        }
    }
    let mut group = criterion.benchmark_group("unzip");
    for (name, members, bytes) in [("one member", 1, MEGABYTE), ("a hundred members", 100, MEGABYTE / 100)] {
        let mut zip = Cursor::new(Vec::new());
        archive::of_csvs(&mut zip, members, bytes);
        bench(&mut group, name, zip.get_ref(), |zip| {
            uncompress_file::unpack(&mut Cursor::new(zip), "readings.zip", &Limits::default(), &mut Sink).unwrap();
        });
    }
}

fn workbooks(criterion: &mut Criterion) {
    const ROWS: usize = 500;
    let mut group = criterion.benchmark_group("convert");
    let mut books: Vec<(String, Vec<u8>)> = Vec::new();
    for (shape, name) in Shape::ALL {
        let mut book = Cursor::new(Vec::new());
        xlsx::half_hourly(&mut book, shape, 1, ROWS);
        books.push((format!("xlsx of {name}"), book.into_inner()));
    }
    let mut strings = Cursor::new(Vec::new());
    xlsx::meter_list(&mut strings, 1, ROWS * 5);
    books.push(("xlsx of shared strings".to_owned(), strings.into_inner()));
    books.push(("xls".to_owned(), xls::half_hourly(1, ROWS)));
    let mut book = Cursor::new(Vec::new());
    ods::half_hourly(&mut book, 1, ROWS);
    books.push(("ods".to_owned(), book.into_inner()));
    for (name, book) in &books {
        bench(&mut group, name, book, |book| {
            convert(Cursor::new(book), &Options::default(), &mut |mut csv| {
                csv.write_to(io::sink())
            })
            .unwrap();
        });
    }
}

criterion_group!(pure, mails, kinds, cleaning, archives, workbooks);
criterion_main!(pure);
