//! What is worked on: for each stage the ways that an object can take.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use end_to_end_tests::{Local, Mail, zip};
use pipeline_core::Bucket;

/// More than is held in memory, and than goes in one part.
const LARGE: usize = 9 * 1024 * 1024;

/// What lies in the buckets at the beginning.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Whether many bytes are moved.
    pub(crate) is_heavy: bool,
    given: fn() -> Vec<Given>,
}

struct Given {
    bucket: Bucket,
    key: &'static str,
    bytes: Vec<u8>,
}

pub(crate) const LARGE_CSV: Scenario = heavy("a large CSV", large_csv);

pub(crate) const LARGE_USELESS: Scenario = heavy("a large file that nobody can use", large_useless);

pub(crate) const ALL: [Scenario; 9] = [
    light("an email with CSVs, an archive, a workbook and a picture", whole_email),
    light("an email without files", email_without_files),
    light("an email with a virus", email_with_a_virus),
    light("an archive with a corrupt member", archive_with_a_corrupt_member),
    light("a workbook of two sheets", workbook),
    light("a CSV whose name is taken", csv_whose_name_is_taken),
    light("a file that nobody can use", useless),
    LARGE_CSV,
    heavy("a large archive of a large file that nobody can use", large_archive),
];

const fn light(name: &'static str, given: fn() -> Vec<Given>) -> Scenario {
    Scenario {
        name,
        is_heavy: false,
        given,
    }
}

const fn heavy(name: &'static str, given: fn() -> Vec<Given>) -> Scenario {
    Scenario {
        name,
        is_heavy: true,
        given,
    }
}

impl Scenario {
    /// New buckets with what is given, which is of the same time in each run.
    pub(crate) async fn start(&self) -> Local {
        let local = Local::with(&[("MAIL_DOMAINS", "example.org")]).await;
        for given in (self.given)() {
            local.put_as_of(a_day_in_march(), given.bucket, given.key, &given.bytes);
        }
        local
    }

    /// How many objects of a bucket are given.
    pub(crate) fn held(&self, bucket: Bucket) -> usize {
        (self.given)().iter().filter(|given| given.bucket == bucket).count()
    }
}

fn a_day_in_march() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_742_724_672)
}

fn whole_email() -> Vec<Given> {
    let mail = Mail::to("sheffield")
        .message_id("<1@supplier.example>")
        .attach("import.csv", csv("Crown"))
        .attach("edf.csv", csv("EDF"))
        .attach("logo.png", b"\x89PNG\r\n\x1a\n".as_slice())
        .attach(
            "march.zip",
            zip(&[
                ("2025/gas.csv", csv("gas").as_bytes()),
                ("march.xls", SHEETS.as_bytes()),
            ]),
        );
    vec![given(Bucket::Inbox, "email", mail.to_bytes())]
}

fn email_without_files() -> Vec<Given> {
    vec![given(Bucket::Inbox, "email", Mail::to("sheffield").to_bytes())]
}

fn email_with_a_virus() -> Vec<Given> {
    let mut email = b"X-SES-Virus-Verdict: FAIL\r\n".to_vec();
    email.extend(Mail::to("sheffield").attach("import.csv", csv("Crown")).to_bytes());
    vec![given(Bucket::Inbox, "email", email)]
}

fn archive_with_a_corrupt_member() -> Vec<Given> {
    let bad = csv("Opus");
    let mut archive = zip(&[
        ("good.csv", csv("Drax").as_bytes()),
        ("bad.csv", bad.as_bytes()),
        ("2025/good.csv", csv("Npower").as_bytes()),
    ]);
    let at = archive.windows(bad.len()).position(|part| part == bad.as_bytes());
    archive[at.unwrap() + bad.len() - 2] ^= 1;
    vec![given(Bucket::Uncompressed, "bam/march.zip", archive)]
}

fn workbook() -> Vec<Given> {
    vec![given(Bucket::Spreadsheet, "bam/march.xls", SHEETS)]
}

fn csv_whose_name_is_taken() -> Vec<Given> {
    // Byte order mark, blank lines, trailing blanks: all that is cleaned away.
    let dirty = format!("\u{feff}\n{}\n\n", csv("ENGIE").replace('\n', " \r\n"));
    vec![
        given(Bucket::AmrData, "bam/import.csv", csv("another")),
        given(Bucket::Process, "bam/import.csv", dirty),
    ]
}

fn useless() -> Vec<Given> {
    vec![given(Bucket::Process, "bam/invoice.pdf", pdf(100))]
}

fn large_csv() -> Vec<Given> {
    let mut large = "MPR,Date,hr0030,hr0100,hr0130\r\n".to_owned();
    while large.len() < LARGE {
        large.push_str("2000006185057,01/09/2025,0.21,0.19,0.2\r\n");
    }
    vec![given(Bucket::Process, "bam/september.csv", large)]
}

fn large_useless() -> Vec<Given> {
    vec![given(Bucket::Process, "bam/invoice.pdf", pdf(LARGE))]
}

fn large_archive() -> Vec<Given> {
    vec![given(
        Bucket::Process,
        "bam/invoices.zip",
        zip(&[("invoice.pdf", &pdf(LARGE))]),
    )]
}

fn given(bucket: Bucket, key: &'static str, bytes: impl Into<Vec<u8>>) -> Given {
    Given {
        bucket,
        key,
        bytes: bytes.into(),
    }
}

/// Readings as Orsis sends them.
fn csv(site: &str) -> String {
    format!("MPR,Site,Date,hr0030,hr0100\n2000006185057,{site},01/09/2025,0.21,0.19\n")
}

fn pdf(size: usize) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    pdf.resize(size, b' ');
    pdf
}

/// SpreadsheetML 2003: the smallest workbook that is text.
const SHEETS: &str = r#"<?xml version="1.0"?>
<?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="HH"><Table>
<Row><Cell><Data ss:Type="String">MPAN</Data></Cell><Cell><Data ss:Type="String">Date</Data></Cell><Cell><Data ss:Type="String">kWh</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">2000012345601</Data></Cell><Cell><Data ss:Type="String">20/03/2025</Data></Cell><Cell><Data ss:Type="Number">1.5</Data></Cell></Row>
</Table></Worksheet>
<Worksheet ss:Name="Gas"><Table>
<Row><Cell><Data ss:Type="String">MPR</Data></Cell><Cell><Data ss:Type="String">Date</Data></Cell><Cell><Data ss:Type="String">m3</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">9100000001</Data></Cell><Cell><Data ss:Type="String">20/03/2025</Data></Cell><Cell><Data ss:Type="Number">2.5</Data></Cell></Row>
</Table></Worksheet></Workbook>
"#;
