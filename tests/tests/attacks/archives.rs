//! Hostile archives: bombs, lies and things that no archive of readings holds.

use std::io::Write as _;

use end_to_end_tests::soak;

use crate::attack::{self, Attack, READINGS};
use crate::deflated::Deflated;
use crate::quine::quine;
use crate::zip_bytes::{End, Header, Zip, zip, zip_ending, zip_of};

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

fn readings() -> Deflated {
    Deflated::of(READINGS.as_bytes())
}

fn zeros(bytes: u64) -> Deflated {
    Deflated::new(b"", &[0], bytes, b"")
}

#[test]
fn zip_bombs_are_measured_and_what_lies_beside_them_is_delivered() {
    let huge = soak::scale(24 * MIB, 10 * GIB);
    let attacks = vec![
        Attack::file("flat-bomb", "march.zip", move |out| {
            let mut zip = Zip::new(out);
            zip.add("good.csv", &readings())?;
            zip.add("bomb.csv", &zeros(huge))?;
            zip.finish(&End::default())
        })
        .partly(&["too-large"])
        .delivers("good.csv", READINGS),
        // Each within the limit of a member, all together over that of an archive.
        Attack::file("many-bombs", "march.zip", |out| {
            let mut zip = Zip::new(out);
            let bomb = zeros(soak::scale(10 * MIB, GIB));
            zip.add("good.csv", &readings())?;
            for number in 0..8 {
                zip.add(format!("bomb-{number}.bin"), &bomb)?;
            }
            zip.finish(&End::default())
        })
        .set("LIMIT_UNPACKED_BYTES", 4 * GIB)
        .partly(&["too-large", "unknown-type"])
        .delivers("good.csv", READINGS),
        Attack::file("gzip-bomb", "march.csv.gz", move |out| zeros(huge).write_gzip(out)).rejected(&["too-large"]),
        Attack::file("tar-gzip-bomb", "march.tar.gz", move |out| {
            let head = tar_header("march.csv", huge, b'0');
            Deflated::new(&head, &[0], huge, &[0; 1024]).write_gzip(out)
        })
        .rejected(&["too-large"]),
        Attack::file("many-members", "march.zip", |out| {
            let mut zip = Zip::new(out);
            for number in 0..soak::scale(2_000, 1_000_000) {
                zip.add(format!("{number}.csv"), &Deflated::of(b""))?;
            }
            zip.finish(&End::default())
        })
        .rejected(&["too-many-members"]),
        // The list of members alone: names of 64 KiB in no encoding that is quick to read.
        Attack::file("many-long-names", "march.zip", |out| {
            let mut zip = Zip::new(out);
            let long = Header {
                name: vec![0xB0; 0xFFFF],
                ..Header::of("", &readings())
            };
            for _ in 0..soak::scale(15, 20_000) {
                zip.list(&long);
            }
            zip.finish(&End::default())
        })
        .rejected(if soak::scale(0, 1) == 0 {
            &["corrupt-archive"]
        } else {
            &["too-many-members"]
        }),
        Attack::file("many-tar-members", "march.tar", |out| {
            for number in 0..soak::scale(2_000, 1_000_000) {
                out.write_all(&tar_header(&format!("{number}.csv"), 0, b'0'))?;
            }
            out.write_all(&[0; 1024])
        })
        .rejected(&["too-many-members"]),
        Attack::file("many-gzip-members", "march.csv.gz", |out| {
            let empty = {
                let mut gzip = Vec::new();
                Deflated::of(b"").write_gzip(&mut gzip)?;
                gzip
            };
            (0..soak::scale(20_000, 2_000_000)).try_for_each(|_| out.write_all(&empty))
        })
        .rejected(&[if soak::scale(0, 1) == 0 {
            "empty"
        } else {
            "corrupt-archive"
        }]),
        Attack::file("tar-long-name", "march.tar", |out| {
            let long = soak::scale(8 * MIB, GIB);
            out.write_all(&tar_header("././@LongLink", long, b'L'))?;
            std::io::copy(&mut std::io::Read::take(std::io::repeat(b'x'), long), out)?;
            out.write_all(&tar_of("short.csv", READINGS.as_bytes()))?;
            out.write_all(&[0; 1024])
        })
        .delivers_files(1),
    ];
    attack::run(attacks.into_iter().map(Attack::scaled).collect());
}

#[test]
fn archives_within_archives_end_at_the_depth_limit() {
    let mut nested = zip_of(&[("march.csv", READINGS.as_bytes())]);
    let mut gzipped = READINGS.as_bytes().to_vec();
    for _ in 0..20 {
        nested = zip_of(&[("march.zip", &nested)]);
        let mut outer = Vec::new();
        Deflated::of(&gzipped).write_gzip(&mut outer).unwrap();
        gzipped = outer;
    }
    let four = (0..3).fold(zip_of(&[("march.csv", READINGS.as_bytes())]), |inner, _| {
        zip_of(&[("march.zip", &inner)])
    });
    attack::run(vec![
        Attack::attached("nested-20-deep", "march.zip", nested).rejected(&["too-deep"]),
        Attack::attached("gzipped-20-times", "march.csv.gz", gzipped).rejected(&["too-deep"]),
        Attack::attached("within-itself", "march.zip", quine()).rejected(&["too-deep"]),
        Attack::attached("nested-as-deep-as-allowed", "march.zip", four).delivers("march.csv", READINGS),
    ]);
}

#[test]
fn members_that_share_their_bytes_are_unpacked_once() {
    let content = readings();
    // All entries of the list name one member.
    let same = zip(|zip| {
        for number in 1..500 {
            zip.list(&Header::of(format!("{number}.csv"), &content));
        }
        zip.add("0.csv", &content)
    });
    // As David Fifield's: each member's data quote the header of the next, up to one kernel.
    let quoted = {
        let kernel = zeros(MIB);
        let mut packed = Vec::new();
        kernel.write(&mut packed).unwrap();
        let mut members = vec![Header::of("200.csv", &kernel)];
        for number in (0..200).rev() {
            let next = members.last().unwrap().local();
            let length = next.len() as u16;
            let quote = [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &next].concat();
            packed = [quote.as_slice(), &packed].concat();
            let mut unpacked = Vec::new();
            let reader = flate2::read::DeflateDecoder::new(packed.as_slice());
            std::io::copy(&mut { reader }, &mut unpacked).unwrap();
            let mut crc = flate2::Crc::new();
            crc.update(&unpacked);
            members.push(Header {
                crc32: crc.sum(),
                packed: packed.len() as u64,
                size: unpacked.len() as u64,
                ..Header::of(format!("{number}.csv"), &kernel)
            });
        }
        zip(|zip| {
            let outermost = members.last().unwrap().local();
            let mut at = 0;
            for member in members.iter().rev() {
                zip.list(&Header {
                    header_at: Some(at),
                    ..member.clone()
                });
                at += member.local().len() as u64 + 5;
            }
            zip.raw(&outermost)?;
            zip.raw(&packed)
        })
    };
    attack::run(vec![
        Attack::attached("one-for-all", "march.zip", same)
            .partly(&["corrupt-archive"])
            .delivers("1.csv", READINGS),
        Attack::attached("quoted-headers", "march.zip", quoted).rejected(&["corrupt-archive"]),
    ]);
}

/// What is changed in a header.
type Lie = fn(&mut Header);

/// An archive of a good member and one whose headers lie.
fn lying(lie: impl Fn(&mut Header), local_lies: bool) -> Vec<u8> {
    zip(|zip| {
        zip.add("good.csv", &readings())?;
        let content = Deflated::new(READINGS.as_bytes(), b"9100000001,23/03/2025,0.1,0.2\n", 1_000, b"");
        let honest = Header::of("lie.csv", &content);
        let mut central = honest.clone();
        lie(&mut central);
        let local = if local_lies { central.clone() } else { honest };
        zip.add_as(&local, &central, &content)
    })
}

#[test]
fn lies_about_a_member_make_that_member_bad_and_no_other() {
    let lies: [(&str, &str, Lie); _] = [
        ("size-too-small", "corrupt-archive", |lie| lie.size = 10),
        ("size-nought", "corrupt-archive", |lie| lie.size = 0),
        ("size-too-large", "corrupt-archive", |lie| lie.size = 0xFFFF_FFFE),
        ("size-zip64", "corrupt-archive", |lie| lie.size = u64::MAX),
        ("packed-too-small", "corrupt-archive", |lie| lie.packed = 10),
        ("packed-nought", "corrupt-archive", |lie| lie.packed = 0),
        ("packed-beyond-the-end", "corrupt-archive", |lie| {
            lie.packed = 0xFFFF_FFFE
        }),
        ("packed-zip64", "corrupt-archive", |lie| lie.packed = u64::MAX),
        ("packed-wraps-around", "corrupt-archive", |lie| {
            lie.packed = u64::MAX - 60
        }),
        ("checksum", "corrupt-archive", |lie| lie.crc32 ^= 1),
        ("offset-huge", "corrupt-archive", |lie| {
            lie.header_at = Some(0xFFFF_FFFE)
        }),
        ("offset-zip64", "corrupt-archive", |lie| lie.header_at = Some(u64::MAX)),
        ("offset-negative", "corrupt-archive", |lie| {
            lie.header_at = Some(u64::MAX - 100)
        }),
        ("offset-of-another", "corrupt-archive", |lie| lie.header_at = Some(0)),
        ("encrypted", "encrypted", |lie| lie.flags |= 1),
        ("strongly-encrypted", "encrypted", |lie| lie.flags |= 1 << 6),
        ("masked", "encrypted", |lie| lie.flags |= 1 << 13),
        ("winzip-aes", "encrypted", |lie| lie.method = 99),
        ("method-unknown", "unsupported", |lie| lie.method = 0xFFFF),
        ("method-implode", "unsupported", |lie| lie.method = 6),
        ("method-stored", "corrupt-archive", |lie| lie.method = 0),
        ("method-deflate64", "corrupt-archive", |lie| lie.method = 9),
        ("method-bzip2", "corrupt-archive", |lie| lie.method = 12),
        ("method-lzma", "corrupt-archive", |lie| lie.method = 14),
        ("method-zstd", "corrupt-archive", |lie| lie.method = 93),
    ];
    let attacks = lies.iter().map(|(name, code, lie)| {
        Attack::attached(name, "march.zip", lying(lie, true))
            .partly(&[code])
            .delivers("good.csv", READINGS)
    });
    // What only the local header says is not believed.
    let harmless = [
        "size-too-small",
        "size-too-large",
        "packed-too-small",
        "packed-zip64",
        "checksum",
        "method-stored",
    ];
    let local = lies
        .iter()
        .filter(|(name, ..)| harmless.contains(name))
        .map(|(name, _, lie)| {
            let content = readings();
            let archive = zip(|zip| {
                let honest = Header::of("good.csv", &content);
                let mut local = honest.clone();
                lie(&mut local);
                zip.add_as(&local, &honest, &content)
            });
            Attack::attached(&format!("local-{name}"), "march.zip", archive).delivers("good.csv", READINGS)
        });
    attack::run(attacks.chain(local).collect());
}

#[test]
fn lies_about_the_list_of_members_hide_and_make_up_nothing() {
    let good = |zip: &mut Zip<'_>| zip.add("good.csv", &readings());
    let ending = |end: End| zip_ending(&end, good);
    let fake_end = End::default().bytes(0, 0, 0);
    let lists_lost: Vec<(&str, Vec<u8>)> = vec![
        (
            "count-too-large",
            ending(End {
                count: Some(60_000),
                ..End::default()
            }),
        ),
        (
            "count-zip64",
            ending(End {
                count: Some(u64::MAX),
                ..End::default()
            }),
        ),
        (
            "directory-beyond-the-end",
            ending(End {
                directory_at: Some(1 << 40),
                ..End::default()
            }),
        ),
        (
            "directory-wraps-around",
            ending(End {
                directory_at: Some(u64::MAX),
                directory_size: Some(u64::MAX),
                ..End::default()
            }),
        ),
        ("end-cut-off", {
            let mut bytes = ending(End::default());
            bytes.truncate(bytes.len() - 12);
            bytes
        }),
    ];
    let attacks = lists_lost.into_iter().map(|(name, bytes)| {
        Attack::attached(name, "march.zip", bytes)
            .partly(&["corrupt-archive"])
            .delivers("good.csv", READINGS)
    });
    let others = vec![
        Attack::attached(
            "ends-in-the-comment",
            "march.zip",
            ending(End {
                comment: fake_end.repeat(2_900),
                ..End::default()
            }),
        )
        .partly(&["corrupt-archive"])
        .delivers("good.csv", READINGS),
        Attack::attached(
            "end-in-the-comment",
            "march.zip",
            ending(End {
                comment: fake_end.clone(),
                ..End::default()
            }),
        )
        .delivers("good.csv", READINGS),
        Attack::attached("nothing-but-an-end", "march.zip", fake_end).rejected(&["empty"]),
        Attack::attached("nothing-but-a-beginning", "march.zip", b"PK\x03\x04".to_vec()).rejected(&["corrupt-archive"]),
        Attack::attached(
            "descriptor-lies",
            "march.zip",
            zip(|zip| {
                let header = Header {
                    flags: 8,
                    ..Header::of("good.csv", &readings())
                };
                zip.add_as(&header, &header, &readings())?;
                zip.raw(b"PK\x07\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")
            }),
        )
        .delivers("good.csv", READINGS),
        Attack::attached("descriptor-lies-and-no-list", "march.zip", {
            let header = Header {
                flags: 8,
                crc32: 0,
                packed: 0,
                size: 0,
                ..Header::of("good.csv", &readings())
            };
            let mut bytes = header.local();
            readings().write(&mut bytes).unwrap();
            bytes
                .write_all(b"PK\x07\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")
                .unwrap();
            bytes
        })
        .rejected(&["corrupt-archive"]),
    ];
    attack::run(attacks.chain(others).collect());
}

#[test]
fn archives_of_other_makes_and_decoders_that_want_memory_are_refused() {
    let closed: [(&str, &[u8]); 9] = [
        ("sevenzip", b"7z\xBC\xAF\x27\x1C\0\x04"),
        ("rar", b"Rar!\x1A\x07\0"),
        ("rar5", b"Rar!\x1A\x07\x01\0"),
        ("xz", b"\xFD7zXZ\0\0\x04"),
        ("bz2", b"BZh91AY&SY"),
        ("zst", b"\x28\xB5\x2F\xFD\0\xF8"),
        ("lz4", b"\x04\x22\x4D\x18"),
        ("cab", b"MSCF\0\0\0\0"),
        ("lzip", b"LZIP\x01"),
    ];
    let attacks = closed.map(|(name, magic)| {
        let bytes = [magic, &[0xFF; 400]].concat();
        Attack::attached(name, "march.bin", bytes).rejected(&["unsupported"])
    });
    let hungry = |method: u16, packed: &[u8]| {
        let mut bytes = Vec::new();
        let header = Header {
            method,
            packed: packed.len() as u64,
            size: 0xFFFF_FFF0,
            ..Header::of("march.csv", &readings())
        };
        let mut zip = Zip::new(&mut bytes);
        zip.list(&header);
        zip.raw(&header.local()).unwrap();
        zip.raw(packed).unwrap();
        zip.finish(&End::default()).unwrap();
        bytes
    };
    let lzma = [&b"\x09\x14\x05\0\x5D\xFF\xFF\xFF\xFF"[..], &[0; 200]].concat();
    let zstd = [&b"\x28\xB5\x2F\xFD\0\xF8"[..], &[0; 200]].concat();
    let more = vec![
        Attack::attached("lzma-4-gib", "march.zip", hungry(14, &lzma)).rejected(&["too-large"]),
        Attack::attached("zstd-2-tib", "march.zip", hungry(93, &zstd)).rejected(&["corrupt-archive"]),
    ];
    attack::run(attacks.into_iter().chain(more).collect());
}

/// A header of a tar (POSIX.1-2017, `pax`, "ustar Interchange Format").
fn tar_header(name: &str, size: u64, kind: u8) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(b"0000644\0");
    if size < 1 << 33 {
        header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    } else {
        header[124] = 0x80;
        header[128..136].copy_from_slice(&size.to_be_bytes());
    }
    header[156] = kind;
    if matches!(kind, b'1' | b'2') {
        header[157..168].copy_from_slice(b"/etc/passwd");
    }
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// A file in a tar.
fn tar_of(name: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = tar_header(name, content.len() as u64, b'0');
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

#[test]
fn a_tar_brings_nothing_but_files() {
    let good = tar_of("good.csv", READINGS.as_bytes());
    let end = [0; 1024];
    let with = |hostile: &[u8]| [good.as_slice(), hostile, &end].concat();
    let kinds = [
        ("hard-link", b'1'),
        ("symbolic-link", b'2'),
        ("character-device", b'3'),
        ("block-device", b'4'),
        ("folder", b'5'),
        ("fifo", b'6'),
    ];
    let links = kinds.map(|(name, kind)| {
        Attack::attached(name, "march.tar", with(&tar_header("passwd.csv", 0, kind))).delivers("good.csv", READINGS)
    });
    let pax = |records: &[u8]| {
        let mut bytes = tar_header("pax", records.len() as u64, b'x');
        bytes.extend(records);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        [bytes, tar_of("short.csv", READINGS.as_bytes())].concat()
    };
    let more = vec![
        Attack::attached(
            "tar-size-octal",
            "march.tar",
            with(&tar_header("big.csv", (1 << 33) - 1, b'0')),
        )
        .partly(&["corrupt-archive"])
        .delivers("good.csv", READINGS),
        Attack::attached(
            "tar-size-binary",
            "march.tar",
            with(&tar_header("big.csv", u64::MAX >> 1, b'0')),
        )
        .partly(&["corrupt-archive"])
        .delivers("good.csv", READINGS),
        Attack::attached("pax-size", "march.tar", with(&pax(b"29 size=18446744073709551615\n")))
            .partly(&["corrupt-archive"])
            .delivers("good.csv", READINGS),
        Attack::attached("pax-length", "march.tar", with(&pax(b"99999999999999999999 path=x\n")))
            .delivers("good.csv", READINGS)
            .delivers("short.csv", READINGS),
        Attack::attached(
            "pax-climbs",
            "march.tar",
            with(&pax(b"30 path=../../../../evil.csv\n\0\n")),
        )
        .delivers("good.csv", READINGS)
        .delivers_something("short.csv"),
        Attack::attached("sparse", "march.tar", with(&tar_header("holes.csv", 0, b'S')))
            .partly(&["unsupported"])
            .delivers("good.csv", READINGS),
    ];
    attack::run(links.into_iter().chain(more).collect());
}
