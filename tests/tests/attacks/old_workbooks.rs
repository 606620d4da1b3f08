//! Hostile workbooks of records: xls in its container of sectors, and xlsb.

use end_to_end_tests::soak;

use crate::attack::{self, Attack};
use crate::xls_bytes::{CSV, Compound, END_OF_CHAIN, begin, end, entry, number, record, rows, stream, tab};
use crate::zip_bytes::zip_of;

fn xls(name: &str, bytes: Vec<u8>) -> Attack {
    Attack::attached(name, "march.xls", bytes)
}

#[test]
fn a_container_may_say_that_its_sectors_go_round_in_circles() {
    let sound = || Compound::of("Workbook", &stream(&[], &[]));
    let table = |change: fn(&mut Vec<u32>)| {
        let mut compound = sound();
        change(&mut compound.table);
        compound.bytes()
    };
    let directory = |change: fn(&mut [u8])| {
        let mut compound = sound();
        change(&mut compound.directory);
        compound.bytes()
    };
    // The list of table sectors goes on in sectors that each name the one table sector again.
    let lists = move |count: u32, last: u32| {
        let mut compound = sound().set(44, u32::MAX).set(68, 10).set(72, count);
        for list in 0..count {
            let mut sector = vec![0; 508];
            sector.extend(if list + 1 == count { last } else { list + 11 }.to_le_bytes());
            compound.rest.extend(sector);
        }
        compound.bytes()
    };
    let corrupt = vec![
        ("chain-in-a-circle", table(|table| table[9] = 2)),
        ("chain-into-itself", table(|table| table[5] = 5)),
        ("chain-into-its-middle", table(|table| table[9] = 4)),
        ("chain-beyond-the-end", table(|table| table[4] = 100_000)),
        ("directory-in-a-circle", table(|table| table[1] = 1)),
        ("list-in-a-circle", lists(3, 10)),
        ("list-beyond-the-end", lists(3, 100_000)),
        ("sectors-of-2-gib", sound().set(30, 31).bytes()),
        ("sectors-of-a-byte", sound().set(30, 0).bytes()),
        ("entry-below-itself", directory(|bytes| bytes[128 + 76] = 0)),
        (
            "entry-beside-itself",
            directory(|bytes| bytes[128 + 68..128 + 72].copy_from_slice(&1_u32.to_le_bytes())),
        ),
        ("entry-beyond-the-end", directory(|bytes| bytes[76] = 200)),
        ("cut-off", sound().bytes()[..1_500].to_vec()),
        ("nothing-but-a-header", sound().bytes()[..512].to_vec()),
    ];
    let mut attacks: Vec<Attack> = corrupt
        .into_iter()
        .map(|(name, bytes)| xls(name, bytes).rejected(&["corrupt-spreadsheet"]))
        .collect();
    attacks.extend([
        xls("sound", sound().bytes()).delivers("march.xls.csv", CSV),
        xls("sound-without-container", stream(&[], &[])).delivers("march.xls.csv", CSV),
        xls("encrypted", Compound::of("EncryptedPackage", &[0; 5_000]).bytes()).rejected(&["encrypted"]),
        // Each sector of lists names a sector of tables 127 times: all of them, read, would be 65 KiB of table.
        Attack::file("tables-named-again-and-again", "march.xls", move |out| {
            out.write_all(&lists(soak::scale(10_000, 60_000) as u32, END_OF_CHAIN))
        })
        .rejected(&["corrupt-spreadsheet"]),
        Attack::file("endless-directory", "march.xls", move |out| {
            // A table of its own for a chain that is the rest of the file.
            let sectors = soak::scale(34_000, 400_000) as u32;
            let tables = sectors.div_ceil(128) + 2;
            let mut compound = sound().set(44, tables).set(48, tables);
            compound.header[76..].fill(0xFF);
            let lists = tables.saturating_sub(109).div_ceil(127);
            compound = compound
                .set(68, if lists == 0 { END_OF_CHAIN } else { tables + sectors })
                .set(72, lists);
            for table in 0..tables.min(109) {
                compound = compound.set(76 + 4 * table as usize, table);
            }
            out.write_all(&compound.header)?;
            let mut table = vec![0xFFFF_FFFD_u32; tables as usize];
            table.extend((1..sectors).map(|next| tables + next));
            table.push(END_OF_CHAIN);
            table.resize(tables as usize * 128, 0xFFFF_FFFF);
            out.write_all(&table.iter().flat_map(|next| next.to_le_bytes()).collect::<Vec<u8>>())?;
            let root = entry("Root Entry", 5, 1, END_OF_CHAIN, 0);
            let book = entry("Workbook", 2, 0xFFFF_FFFF, END_OF_CHAIN, 0);
            out.write_all(&[root, book, vec![0; 256]].concat())?;
            (1..sectors).try_for_each(|_| out.write_all(&[0; 512]))?;
            let mut next = 109;
            for list in 0..lists {
                let mut sector: Vec<u8> = (next..next + 127)
                    .flat_map(|table| if table < tables { table } else { 0xFFFF_FFFF }.to_le_bytes())
                    .collect();
                next += 127;
                sector.extend(
                    if list + 1 == lists {
                        END_OF_CHAIN
                    } else {
                        tables + sectors + list + 1
                    }
                    .to_le_bytes(),
                );
                out.write_all(&sector)?;
            }
            Ok(())
        })
        .rejected(&["corrupt-spreadsheet"]),
    ]);
    attack::run(attacks);
}

#[test]
fn records_may_say_that_they_are_as_long_or_as_many_as_they_like() {
    let shared = |count: u32, more: &[u8]| {
        let sst = record(
            0x00FC,
            &[&count.to_le_bytes()[..], &count.to_le_bytes(), b"\x03\0\0kWh"].concat(),
        );
        let cell = record(0x00FD, &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        stream(&[sst, more.to_vec()].concat(), &cell)
    };
    let with_text = format!("{CSV}kWh,,\n");
    let many = soak::scale(10_000, 2_000_000) as usize;
    // Sheets that begin one byte of another's records later: all read the same bytes.
    let overlapping = {
        let hidden = soak::scale(300, 9_000) as u32;
        let nested = begin(16).repeat(soak::scale(3_000, 4_000_000) as usize);
        let globals = |at: u32| {
            let tabs: Vec<u8> = (0..hidden)
                .flat_map(|n| tab(at + n * begin(16).len() as u32, true))
                .collect();
            let first = tab(at + nested.len() as u32, false);
            [begin(5), first, tabs, end()].concat()
        };
        let at = globals(0).len() as u32;
        [globals(at), nested, begin(16), rows(), end()].concat()
    };
    attack::run(vec![
        xls("strings-4-billion", shared(u32::MAX, &[])).delivers("march.xls.csv", with_text.clone()),
        xls("strings-none", shared(0, &[])).delivers("march.xls.csv", with_text.clone()),
        xls("empty-continuations", shared(1, &record(0x003C, &[]).repeat(many))).delivers("march.xls.csv", with_text),
        xls(
            "string-cut-short",
            stream(&record(0x00FC, b"\x01\0\0\0\x01\0\0\0\xFF\xFF\0kWh"), &[]),
        )
        .rejected(&["corrupt-spreadsheet"]),
        xls("record-beyond-the-end", stream(&[], b"\x03\x02\xFF\xFF")).rejected(&["corrupt-spreadsheet"]),
        xls("record-cut-short", stream(&[], &record(0x0203, &[0]))).rejected(&["corrupt-spreadsheet"]),
        xls("dimensions", stream(&[], &record(0x0200, &[0xFF; 14]))).delivers("march.xls.csv", CSV),
        xls("last-cell", stream(&[], &number(0xFFFF, 0xFFFF, 1.0))).rejected(&["too-large"]),
        xls(
            "style-missing",
            stream(&[], &record(0x027E, b"\x02\0\0\0\xFF\xFF\x02\0\0\0")),
        )
        .delivers("march.xls.csv", format!("{CSV}0,,\n")),
        xls("many-styles", stream(&record(0x00E0, &[0; 20]).repeat(many), &[])).delivers("march.xls.csv", CSV),
        xls(
            "many-formats",
            stream(&record(0x041E, b"\xA4\0\x01\0\x000").repeat(many), &[]),
        )
        .delivers("march.xls.csv", CSV),
        xls("charts-within-charts", stream(&[], &begin(32).repeat(many))).rejected(&["corrupt-spreadsheet"]),
        xls("sheet-beyond-the-end", [begin(5), tab(u32::MAX, false), end()].concat())
            .rejected(&["corrupt-spreadsheet"]),
        xls("sheet-in-the-globals", [begin(5), tab(0, false), end()].concat()).rejected(&["empty"]),
        xls("no-end", begin(5)).rejected(&["corrupt-spreadsheet"]),
        xls("password", stream(&record(0x002F, &[0; 54]), &[])).rejected(&["encrypted"]),
        Attack::file("sheets-within-sheets", "march.xls", move |out| {
            out.write_all(&overlapping)
        })
        .delivers("march.xls.csv", CSV)
        .scaled(),
    ]);
}

/// An xlsb of these records.
fn xlsb(sheet: &[u8]) -> Vec<u8> {
    let tab = [&[0x9C, 0x01, 24][..], &[0; 8], b"\x04\0\0\0r\0I\0d\x001\0", b"\0\0\0\0"].concat();
    let relations =
        r#"<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.bin"/></Relationships>"#;
    zip_of(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.bin", &tab),
        ("xl/_rels/workbook.bin.rels", relations.as_bytes()),
        ("xl/worksheets/sheet1.bin", sheet),
    ])
}

#[test]
fn records_of_an_xlsb_are_as_long_as_they_are() {
    let row = |row: u32| [&[0, 4][..], &row.to_le_bytes()].concat();
    let cell = |column: u32| [&[2, 12][..], &column.to_le_bytes(), &[0; 4], &[6, 0, 0, 0]].concat();
    let text = |length: u32| [&[6, 12][..], &[0; 8], &length.to_le_bytes()].concat();
    let attached = |name: &str, sheet: &[u8]| Attack::attached(name, "march.xlsb", xlsb(sheet));
    attack::run(vec![
        attached(
            "xlsb-sound",
            &[row(0), cell(0), cell(1), cell(2), row(1), cell(0), cell(1), cell(2)].concat(),
        )
        .delivers("march.xlsb.csv", "1,1,1\n1,1,1\n"),
        attached(
            "xlsb-last-cell",
            &[row(0), cell(0), row(u32::MAX), cell(u32::MAX)].concat(),
        )
        .rejected(&["too-large"]),
        attached("xlsb-record-of-256-mib", &[2, 0xFF, 0xFF, 0xFF, 0x7F]).rejected(&["corrupt-spreadsheet"]),
        attached("xlsb-record-beyond-the-end", &[2, 12, 0]).rejected(&["corrupt-spreadsheet"]),
        attached("xlsb-text-of-8-gib", &[row(0), text(u32::MAX - 1)].concat()).rejected(&["corrupt-spreadsheet"]),
        attached("xlsb-number-without-end", &[0xFF; 100]).rejected(&["corrupt-spreadsheet"]),
    ]);
}
