//! A line of CSV without its end (RFC 4180): fields with commas between them, quoted only where CSV needs it.

/// Goes on to the field that stands so many places behind the last one.
pub(crate) fn push_commas(line: &mut String, commas: u32) {
    for _ in 0..commas {
        line.push(',');
    }
}

/// Makes what stands from `start` on a field: puts it in quotes if it needs them.
pub(crate) fn close_field(line: &mut String, start: usize) {
    let field = line.get(start..).unwrap_or_default();
    // Without an early end the compiler looks at many bytes at once.
    if field
        .bytes()
        .fold(false, |found, byte| found | matches!(byte, b',' | b'"' | b'\n' | b'\r'))
    {
        let quoted = format!("\"{}\"", field.replace('"', "\"\""));
        line.truncate(start);
        line.push_str(&quoted);
    }
}

/// The fields of a line that [`close_field`] has made, unquoted.
pub(crate) fn fields(line: &str) -> impl Iterator<Item = String> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let Some(mut quoted) = line.strip_prefix('"') else {
            let (field, after) = split(line);
            rest = after;
            return Some(field.to_owned());
        };
        let mut field = String::new();
        while let Some((part, after)) = quoted.split_once('"') {
            field.push_str(part);
            match after.strip_prefix('"') {
                Some(after) => {
                    field.push('"');
                    quoted = after;
                }
                None => {
                    rest = split(after).1;
                    return Some(field);
                }
            }
        }
        rest = None;
        Some(field + quoted)
    })
}

/// What stands before the first comma, and what after it.
fn split(line: &str) -> (&str, Option<&str>) {
    line.split_once(',')
        .map_or((line, None), |(field, rest)| (field, Some(rest)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(fields: &[String]) -> String {
        let mut line = String::new();
        for (number, field) in fields.iter().enumerate() {
            push_commas(&mut line, u32::from(number > 0));
            let start = line.len();
            line.push_str(field);
            close_field(&mut line, start);
        }
        line
    }

    #[test]
    fn only_what_needs_quotes_is_quoted() {
        let fields = ["a,b", "say \"hi\"", "two\nlines", "\r", " plain; 'text'", ""];
        assert_eq!(
            line(&fields.map(str::to_owned)),
            "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\"\r\", plain; 'text',"
        );
    }

    proptest! {
        #[test]
        fn a_line_reads_back_as_its_fields(written in proptest::collection::vec("[a\",\n\ré\u{feff} ]{0,5}", 1..9)) {
            let line = line(&written);
            prop_assert_eq!(fields(&line).collect::<Vec<_>>(), written.clone());
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            if let Some(record) = reader.records().next() {
                let read: Vec<String> = record.unwrap().iter().map(str::to_owned).collect();
                let expected: Vec<String> = written.iter().enumerate().map(|(number, field)| {
                    // The reader takes a mark at the very beginning for one of the encoding.
                    if number == 0 { field.strip_prefix('\u{feff}').filter(|_| !line.starts_with('"')).unwrap_or(field).to_owned() } else { field.clone() }
                }).collect();
                prop_assert_eq!(read, expected);
            }
        }
    }
}
