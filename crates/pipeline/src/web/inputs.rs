//! Emails and dropped files, each with what became of its files.

use maud::{Markup, html};
use pipeline_core::Bucket;
use time::OffsetDateTime;

use super::layout::{Page, page};
use super::view::{Ending, Fate, FileView, InputView};
use super::words::{Name, ShortName, When, bytes, in_query, plural};

/// The page of all inputs, the newest first.
pub(crate) fn list(inputs: &[InputView], number: usize, has_more: bool, now: OffsetDateTime) -> Markup {
    let content = html! {
        h1 { "Emails and files" }
        p.lead { "What came in, the newest first, and what became of it." }
        div #inputs data-live {
            @if inputs.is_empty() {
                p.nothing { @if number > 1 { "Nothing is as old as that." } @else { "Nothing has come in yet. " a href="/#send" { "Send a file" } "." } }
            } @else {
                h2.hidden { "The list" }
                (cards(inputs, now))
            }
        }
        (pager("/inputs", number, has_more))
    };
    page("Emails and files", Page::Inputs, now, &content)
}

/// Links to the pages before and after.
pub(crate) fn pager(address: &str, number: usize, has_more: bool) -> Markup {
    html! {
        @if number > 1 || has_more {
            nav.pager aria-label="Pages of the list" {
                @if number > 1 { a.button rel="prev" href={ (address) "?page=" (number - 1) } { "← Newer" } }
                span { "Page " (number) }
                @if has_more { a.button rel="next" href={ (address) "?page=" (number + 1) } { "Older →" } }
            }
        }
    }
}

/// A card for each input.
pub(crate) fn cards(inputs: &[InputView], now: OffsetDateTime) -> Markup {
    html! {
        ol.cards {
            @for input in inputs {
                li.card {
                    div.card-head {
                        h3 { a href={ "/inputs/" (input.origin) } { (ShortName(&input.title)) } }
                        (badge(input.ending))
                    }
                    p.meta {
                        @if !input.areas.is_empty() { (areas(&input.areas)) " · " }
                        @if let Some(sender) = &input.sender { "from " (ShortName(sender)) " · " }
                        (When { time: input.received, now })
                    }
                    (files(&input.files, input.more_files))
                }
            }
        }
    }
}

/// The areas that an input was for.
pub(crate) fn areas(areas: &[String]) -> Markup {
    html! {
        span.areas { @for area in areas { span.area { (ShortName(area)) } } }
    }
}

fn files(files: &[FileView], more: usize) -> Markup {
    html! {
        @if !files.is_empty() {
            ul.files {
                @for file in files { li { span.file-name { (ShortName(&file.name)) } (fate(&file.fate)) } }
                @if more > 0 { li.more { "and " (plural(more as u64, "more file")) } }
            }
        }
    }
}

/// How it stands with an input, in a word and a sign.
pub(crate) fn badge(ending: Ending) -> Markup {
    let (class, sign, word) = match ending {
        Ending::Delivered => ("good", "✓", "delivered"),
        Ending::Partly => ("part", "◐", "partly delivered"),
        Ending::Rejected => ("aside", "✕", "put aside"),
        Ending::NoFiles => ("none", "–", "without files"),
        Ending::Waiting => ("wait", "…", "under way"),
        Ending::Failed => ("bad", "!", "failed"),
    };
    html! { span class={ "badge " (class) } { span aria-hidden="true" { (sign) " " } (word) } }
}

/// What became of a file, with the way to it.
pub(crate) fn fate(fate: &Fate) -> Markup {
    html! {
        div.fate {
            @match fate {
                Fate::Delivered { key, bytes: size, rows, is_taken } => {
                    span.sign.good aria-hidden="true" { "✓" }
                    span {
                        span.quiet { "delivered as " }
                        @if *is_taken { (ShortName(key)) span.quiet { " and taken by the importer" } }
                        @else { a.key href={ "/preview?key=" (in_query(key)) } { (ShortName(key)) } }
                        " " span.quiet.sizes { @if let Some(rows) = rows { (plural(*rows, "row")) ", " } (bytes(*size)) }
                    }
                }
                Fate::Rejected { key, code, reason } => {
                    span.sign.aside aria-hidden="true" { "✕" }
                    span {
                        span.code { (code.as_str()) } " "
                        (Name(reason))
                        @if let Some(key) = key { " " (download(Bucket::Unprocessable, key, "Original")) }
                    }
                }
                Fate::Waiting(bucket) => {
                    span.sign.wait aria-hidden="true" { "…" }
                    span { "waits in " (bucket.as_str()) }
                }
                Fate::Gone => {
                    span.sign.none aria-hidden="true" { "–" }
                    span { "is gone: somebody removed it, or its receipt has expired" }
                }
                Fate::Failed(why) => {
                    span.sign.bad aria-hidden="true" { "!" }
                    span { "could not be handled, and is kept: " (Name(why)) }
                }
            }
        }
    }
}

/// The link that saves an object as a file; a browser never shows it.
pub(crate) fn download(bucket: Bucket, key: &str, words: &str) -> Markup {
    html! {
        a.download href={ "/object?bucket=" (bucket.as_str()) "&key=" (in_query(key)) } download {
            (words) span.hidden { " of " (ShortName(key)) " (download)" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipeline_core::{Origin, ReasonCode};
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2025-03-23 10:00 UTC);

    fn input(title: &str, files: Vec<FileView>) -> InputView {
        InputView {
            origin: Origin::of_outside_object("inbox", "1.eml", "\"etag\"", NOW),
            title: title.to_owned(),
            email: None,
            sender: None,
            areas: vec!["sheffield".to_owned()],
            received: NOW,
            ending: Ending::Partly,
            files,
            more_files: 0,
        }
    }

    fn file(name: &str, fate: Fate) -> FileView {
        FileView {
            name: name.to_owned(),
            fate,
        }
    }

    #[test]
    fn each_file_says_what_became_of_it() {
        let files = vec![
            file(
                "march.csv",
                Fate::Delivered {
                    key: "sheffield/march.csv".to_owned(),
                    bytes: 2_048,
                    rows: Some(31),
                    is_taken: false,
                },
            ),
            file(
                "logo.png",
                Fate::Rejected {
                    key: Some("sheffield/logo.png".to_owned()),
                    code: ReasonCode::NotData,
                    reason: "This is an image.".to_owned(),
                },
            ),
            file("april.zip", Fate::Waiting(Bucket::Uncompressed)),
        ];
        let shown = cards(&[input("Readings", files)], NOW).into_string();
        assert!(shown.contains("href=\"/preview?key=sheffield/march.csv\""), "{shown}");
        assert!(shown.contains("31 rows, 2.0 KiB"), "{shown}");
        assert!(shown.contains("not-data"), "{shown}");
        assert!(shown.contains("This is an image."), "{shown}");
        assert!(
            shown.contains("href=\"/object?bucket=unprocessable&amp;key=sheffield/logo.png\" download"),
            "{shown}"
        );
        assert!(shown.contains("waits in uncompressed"), "{shown}");
    }

    #[test]
    fn no_hostile_name_becomes_markup_anywhere_on_a_card() {
        let hostile = "\"><script>alert(1)</script>\u{202E}'";
        let fates = [
            Fate::Delivered {
                key: hostile.to_owned(),
                bytes: 1,
                rows: None,
                is_taken: true,
            },
            Fate::Rejected {
                key: Some(hostile.to_owned()),
                code: ReasonCode::Html,
                reason: hostile.to_owned(),
            },
            Fate::Failed(hostile.to_owned()),
        ];
        let files = fates.into_iter().map(|fate| file(hostile, fate)).collect();
        let mut input = input(hostile, files);
        input.areas = vec![hostile.to_owned()];
        input.sender = Some(hostile.to_owned());
        let shown = list(&[input], 1, true, NOW).into_string();
        assert!(!shown.contains("<script>") && !shown.contains(hostile), "{shown}");
        assert!(!shown.contains('\u{202E}'), "{shown}");
        assert!(shown.contains("&lt;script&gt;"), "{shown}");
    }

    #[test]
    fn a_long_list_has_pages() {
        let first = pager("/inputs", 1, true).into_string();
        assert!(first.contains("?page=2") && !first.contains("?page=0"), "{first}");
        let second = pager("/inputs", 2, false).into_string();
        assert!(second.contains("?page=1") && !second.contains("?page=3"), "{second}");
        assert_eq!(pager("/inputs", 1, false).into_string(), "");
    }
}
