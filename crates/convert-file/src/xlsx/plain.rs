//! Rows and cells in the plain shape that nearly all of them have, read without a parser of XML.
//!
//! `<c r="B2" s="1"><v>12.5</v></c>` is what Excel, LibreOffice, openpyxl, XlsxWriter and the rest write millions of times. What is not exactly
//! of such a shape, or does not lie in the bytes at hand as a whole, is left to the parser, which knows all of XML: [`next`] then gives nothing, and
//! never guesses. Both must read the same from the same bytes (the tests compare them).

use super::cells::{Head, Kind};
use super::cursor::{Cursor, is_resolvable};
use crate::value::CellRef;

/// What comes next.
#[derive(Debug, PartialEq)]
pub(super) enum Plain<'w> {
    /// A row's end and the next one's start, with its number counted from 0.
    NextRow(Option<u32>),
    /// A cell, and the number of the shared string that it shows.
    Shared(Option<CellRef>, u32),
    /// Another cell, and the text of its value.
    Cell(Head, &'w str),
    /// A cell whose value is spelled as we render a number: the shortest decimal that reads back the same, without an exponent.
    Rendered(Head, &'w str),
}

/// What the markup begins with, and how many bytes that is.
pub(super) fn next(window: &str) -> Option<(Plain<'_>, usize)> {
    let mut cursor = Cursor::new(window);
    cursor.blanks();
    let plain = if cursor.eat(b"<c") {
        cell(&mut cursor)?
    } else if cursor.eat(b"</row>") {
        cursor.blanks();
        Plain::NextRow(row(&mut cursor)?)
    } else {
        return None;
    };
    Some((plain, window.len() - cursor.left()))
}

/// A shared string without runs, for [`push_resolved`](super::cursor::push_resolved), and how many bytes that is.
pub(super) fn string(window: &str) -> Option<(&str, usize)> {
    let mut cursor = Cursor::new(window);
    cursor.blanks();
    if !cursor.eat(b"<si><t>") && !cursor.eat(b"<si><t xml:space=\"preserve\">") {
        return None;
    }
    let (text, usual) = cursor.text()?;
    (cursor.eat(b"</t></si>") && (usual || is_resolvable(text))).then(|| (text, window.len() - cursor.left()))
}

/// The rest of `</row><row …>`.
fn row(cursor: &mut Cursor<'_>) -> Option<Option<u32>> {
    if !cursor.eat(b"<row") {
        return None;
    }
    let mut number = None;
    loop {
        if cursor.eat(b" r=\"") {
            let row = cursor.index()?.checked_sub(1)?;
            // Of several the first counts, and whatever their prefix.
            number.get_or_insert(row);
            cursor.eat(b"\"").then_some(())?;
        } else if let Some((name, _)) = cursor.attribute()? {
            (!name.ends_with(":r")).then_some(())?;
        } else {
            return cursor.eat(b">").then_some(number);
        }
    }
}

/// The rest of `<c …>…</c>`.
fn cell<'w>(cursor: &mut Cursor<'w>) -> Option<Plain<'w>> {
    let head = head(cursor)?;
    if cursor.eat(b"/>") {
        return Some(Plain::Cell(head, ""));
    }
    if !cursor.eat(b">") {
        return None;
    }
    if cursor.eat(b"<f") {
        formula(cursor)?;
    }
    if cursor.eat(b"</c>") {
        return Some(Plain::Cell(head, ""));
    }
    if head.kind == Kind::Inline {
        let opened = cursor.eat(b"<is><t>") || cursor.eat(b"<is><t xml:space=\"preserve\">");
        let text = opened.then(|| cursor.literal())??;
        return cursor.eat(b"</t></is></c>").then_some(Plain::Cell(head, text));
    }
    if !cursor.eat(b"<v>") && !cursor.eat(b"<v xml:space=\"preserve\">") {
        return None;
    }
    let plain = match head.kind {
        Kind::Shared => Plain::Shared(head.at, cursor.index()?),
        Kind::Text => Plain::Cell(head, cursor.literal()?),
        kind => match cursor.number()? {
            (number, true) if kind == Kind::Number => Plain::Rendered(head, number),
            (number, _) => Plain::Cell(head, number),
        },
    };
    cursor.eat(b"</v></c>").then_some(plain)
}

/// The attributes of a cell.
fn head(cursor: &mut Cursor<'_>) -> Option<Head> {
    let mut head = Head::default();
    loop {
        if cursor.eat(b" r=\"") {
            head.at = Some(cursor.place()?);
        } else if cursor.eat(b" s=\"") {
            head.style = cursor.index()? as usize;
        } else if cursor.eat(b" t=\"") {
            head.kind = kind(cursor)?;
        } else {
            return Some(head);
        }
        if !cursor.eat(b"\"") {
            return None;
        }
    }
}

fn kind(cursor: &mut Cursor<'_>) -> Option<Kind> {
    Some(if cursor.eat(b"str") {
        Kind::Text
    } else if cursor.eat(b"s") {
        Kind::Shared
    } else if cursor.eat(b"n") {
        Kind::Number
    } else if cursor.eat(b"inlineStr") {
        Kind::Inline
    } else if cursor.eat(b"b") {
        Kind::Bool
    } else {
        return None;
    })
}

/// The rest of `<f …>…</f>`: its last result follows.
fn formula(cursor: &mut Cursor<'_>) -> Option<()> {
    while cursor.attribute()?.is_some() {}
    if !cursor.eat(b"/>") {
        cursor.eat(b">").then_some(())?;
        cursor.text()?;
        cursor.eat(b"</f>").then_some(())?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(at: Option<(u32, u32)>, style: usize, kind: Kind) -> Head {
        Head {
            at: at.map(|(row, column)| CellRef::new(row, column)),
            style,
            kind,
        }
    }

    #[test]
    fn the_shapes_that_programs_write_are_plain() {
        for (written, expected) in [
            (
                "<c r=\"B2\" s=\"1\"><v>12.5</v></c>",
                Plain::Rendered(cell(Some((1, 1)), 1, Kind::Number), "12.5"),
            ),
            (
                "\n\t<c r=\"XFD1048576\" t=\"s\"><v>7</v></c>",
                Plain::Shared(Some(CellRef::new(1_048_575, 16_383)), 7),
            ),
            (
                "<c t=\"n\" r=\"A1\"><f aca=\"false\">B1&amp;C1</f><v>-1E-7</v></c>",
                Plain::Cell(cell(Some((0, 0)), 0, Kind::Number), "-1E-7"),
            ),
            (
                "<c r=\"A1\" t=\"str\"><f t=\"shared\" si=\"0\"/><v>a b</v></c>",
                Plain::Cell(cell(Some((0, 0)), 0, Kind::Text), "a b"),
            ),
            (
                "<c t=\"inlineStr\"><is><t xml:space=\"preserve\"> é </t></is></c>",
                Plain::Cell(cell(None, 0, Kind::Inline), " é "),
            ),
            (
                "<c r=\"C3\" s=\"4\"/>",
                Plain::Cell(cell(Some((2, 2)), 4, Kind::Number), ""),
            ),
            (
                "</row>\n<row r=\"3\" spans=\"1:53\" x14ac:dyDescent=\"0.25\">",
                Plain::NextRow(Some(2)),
            ),
            ("</row><row>", Plain::NextRow(None)),
        ] {
            assert_eq!(
                next(&format!("{written}<c")),
                Some((expected, written.len())),
                "{written}"
            );
        }
        assert_eq!(string("<si><t>kWh</t></si><si>"), Some(("kWh", 19)));
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_parser() {
        for written in [
            "<c r=\"A1\"><v>&#49;</v></c>",
            "<c r=\"A1\"><v> 1</v></c>",
            "<c r=\"A1\"><v><![CDATA[1]]></v></c>",
            "<c r=\"A1\" t=\"e\"><v>#N/A</v></c>",
            "<c r=\"A1\" t=\"d\"><v>2023-09-01</v></c>",
            "<c r=\"A1\" t=\"str\"><v>_x000D_</v></c>",
            "<c r=\"A1\" t=\"str\"><v>a\r\nb</v></c>",
            "<c r=\"$A$1\"><v>1</v></c>",
            "<c r=\"a1\"><v>1</v></c>",
            "<c r=\"A0\"><v>1</v></c>",
            "<c r='A1'><v>1</v></c>",
            "<c r=\"A1\" cm=\"1\"><v>1</v></c>",
            "<c  r=\"A1\"><v>1</v></c>",
            "<x:c r=\"A1\"><v>1</v></x:c>",
            "<cell r=\"A1\"><v>1</v></cell>",
            "<c r=\"A1\"><v>1</v><v>2</v></c>",
            "</row></sheetData>",
            "</row><row r=\"0\">",
            "</row><row x:r=\"2\">",
            "</row><row r=\"2\"/>",
            "</row><row r='2'>",
            "text",
            "",
        ] {
            assert_eq!(next(written), None, "{written}");
        }
        for written in [
            "<si><r><t>kWh</t></r></si>",
            "<si><t>&odd;</t></si>",
            "<si><t>&</t></si>",
            "<si><t/></si>",
            "<si><t>_x0041_</t></si>",
        ] {
            assert_eq!(string(written), None, "{written}");
        }
    }

    #[test]
    fn nothing_that_is_cut_is_plain() {
        for whole in [
            "<c r=\"B2\" s=\"1\" t=\"str\"><f>A1</f><v>12.5</v></c>",
            "</row><row r=\"3\" spans=\"1:53\">",
            "<si><t xml:space=\"preserve\">kWh</t></si>",
        ] {
            for end in 0..whole.len() {
                let cut = whole.get(..end).unwrap();
                assert_eq!((next(cut), string(cut)), (None, None), "{whole} {end}");
            }
        }
    }

    fn is_rendered(number: &str) -> bool {
        let cell = format!("<c><v>{number}</v></c>");
        matches!(next(&cell), Some((Plain::Rendered(_, text), _)) if text == number)
    }

    #[test]
    fn only_the_shortest_spelling_of_a_number_is_the_rendered_one() {
        for number in [
            "0",
            "7",
            "-12.5",
            "0.1",
            "2199989614123",
            "0.00000015",
            "123456789.012345",
            "-0.5",
        ] {
            assert!(is_rendered(number), "{number}");
        }
        for number in [
            "",
            "-",
            ".",
            ".5",
            "-.5",
            "5.",
            "1.0",
            "-0",
            "0.0",
            "-0.0",
            "00.5",
            "007",
            "1e5",
            "+1",
            "1.2.3",
            "--1",
            "1-",
            "1-2",
            "0.30000000000000004",
            "1234567890123456",
            "0.00000000000000000000000015",
        ] {
            assert!(!is_rendered(number), "{number}");
        }
    }

    #[test]
    fn the_references_that_every_xml_has_are_resolved() {
        let written = "<si><t>R&amp;D &lt;&#9;&gt;</t></si>";
        assert_eq!(string(written), None);
        let written = written.replace("&#9;", "&quot;&apos;&amp;lt;");
        let (text, length) = string(&written).unwrap();
        assert_eq!(length, written.len());
        let mut out = String::new();
        crate::xlsx::cursor::push_resolved(text, &mut out);
        assert_eq!(out, "R&D <\"'&lt;>");
    }

    proptest::proptest! {
        #[test]
        fn what_counts_as_rendered_is_rendered_so(number in "-?(0|[1-9][0-9]{0,16})(\\.[0-9]{1,16})?") {
            if is_rendered(&number) {
                let mut out = String::new();
                crate::number::write_number(number.parse().unwrap(), &mut out);
                proptest::prop_assert_eq!(out, number);
            }
        }
    }
}
