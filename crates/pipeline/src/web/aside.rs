//! What was put aside, why, and the way to the original.

use maud::{Markup, html};
use pipeline_core::Bucket;
use time::OffsetDateTime;

use super::inputs::{download, pager};
use super::layout::{Page, page};
use super::view::Aside;
use super::words::{Name, ShortName, When, bytes};

/// The page of the unprocessable bucket, the newest first.
pub(crate) fn aside_page(asides: &[Aside], number: usize, has_more: bool, now: OffsetDateTime) -> Markup {
    let content = html! {
        h1 { "Put aside" }
        p.lead { "What could not become CSV lies in the bucket unprocessable, with the reason." }
        div #asides data-live {
            @if asides.is_empty() {
                p.nothing { "Nothing " @if number > 1 { "more " } "was put aside." }
            } @else {
                table.stacked role="table" {
                    caption { "The newest first" }
                    thead role="rowgroup" {
                        tr role="row" {
                            th role="columnheader" scope="col" { "File" }
                            th role="columnheader" scope="col" { "Reason" }
                            th role="columnheader" scope="col" { "Put aside" }
                            th role="columnheader" scope="col" { "Size" }
                            th role="columnheader" scope="col" { "Ways to it" }
                        }
                    }
                    tbody role="rowgroup" { @for aside in asides { (row(aside, now)) } }
                }
            }
        }
        (pager("/unprocessable", number, has_more))
    };
    page("Put aside", Page::Aside, now, &content)
}

fn row(aside: &Aside, now: OffsetDateTime) -> Markup {
    html! {
        tr role="row" {
            th role="rowheader" scope="row" { (ShortName(&aside.key)) }
            td role="cell" data-label="Reason" {
                @match (&aside.code, &aside.reason) {
                    (Some(code), Some(reason)) => { span.code { (ShortName(code)) } " " (Name(reason)) }
                    _ => { span.quiet { "not known any more" } }
                }
            }
            td role="cell" data-label="Put aside" { (When { time: aside.put, now }) }
            td.size role="cell" data-label="Size" { (bytes(aside.bytes)) }
            td.ways role="cell" data-label="Ways to it" {
                (download(Bucket::Unprocessable, &aside.key, "Download"))
                @if let Some(input) = aside.input {
                    " " a href={ "/inputs/" (input) } { "Its story" span.hidden { " of " (ShortName(&aside.key)) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2025-03-23 10:00 UTC);

    #[test]
    fn each_one_has_its_reason_and_the_way_to_the_original() {
        let aside = Aside {
            key: "bam/<b>data.csv".to_owned(),
            bytes: 512,
            put: NOW,
            code: Some("html".to_owned()),
            reason: Some("This is a web page: <h1>".to_owned()),
            input: None,
        };
        let shown = aside_page(&[aside], 1, false, NOW).into_string();
        assert!(
            shown.contains("href=\"/object?bucket=unprocessable&amp;key=bam/%3Cb%3Edata.csv\" download"),
            "{shown}"
        );
        assert!(shown.contains("This is a web page: &lt;h1&gt;"), "{shown}");
        assert!(!shown.contains("<b>"), "{shown}");
    }

    #[test]
    fn where_nothing_was_put_aside_the_page_says_so() {
        assert!(
            aside_page(&[], 1, false, NOW)
                .into_string()
                .contains("Nothing was put aside.")
        );
    }
}
