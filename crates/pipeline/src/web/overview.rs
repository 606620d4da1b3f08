//! The first page.

use maud::{Markup, html};
use pipeline_core::Bucket;
use time::OffsetDateTime;

use super::chart::chart;
use super::flow::picture;
use super::inputs::{cards, download};
use super::layout::{Page, page};
use super::send_form::send_form;
use super::view::{BucketView, Doors, Overview, Parked};
use super::words::{Name, ShortName, When, age, bytes, grouped, plural};

/// The whole page.
pub(crate) fn overview_page(shown: &Overview, doors: &Doors, now: OffsetDateTime) -> Markup {
    let is_empty = shown.inputs.is_empty() && shown.buckets.iter().all(|bucket| bucket.objects == 0);
    let content = html! {
        h1 { "Overview" }
        (state_of(shown))
        @if !shown.parked.is_empty() { (parked(&shown.parked, now)) }
        section.panel aria-labelledby="flow-heading" {
            h2 #flow-heading { "The last 24 hours" }
            div #flow data-live { (picture(&shown.flow, &shown.buckets)) }
        }
        div.columns {
            section.panel aria-labelledby="chart-heading" {
                h2 #chart-heading { "Hour by hour" }
                div #chart data-live { (chart(&shown.flow.hours)) }
            }
            section.panel #send aria-labelledby="send-heading" {
                h2 #send-heading { "Send a file" }
                (send_form(&doors.areas))
            }
        }
        section aria-labelledby="recent-heading" {
            h2 #recent-heading { "Recent emails and files" }
            div #recent data-live {
                @if is_empty { (first_email(doors)) }
                @else if shown.inputs.is_empty() { p.nothing { "Nothing was worked on yet." } }
                @else { (cards(&shown.inputs, now)) }
                @if shown.has_more { p { a.button href="/inputs" { "All emails and files" } } }
            }
        }
        section aria-labelledby="buckets-heading" {
            h2 #buckets-heading { "Buckets" }
            div #buckets data-live { (buckets(&shown.buckets, now)) }
        }
    };
    page("Overview", Page::Overview, now, &content)
}

/// How it stands, in a sentence. Screen readers say it when it changes, and nothing else.
fn state_of(shown: &Overview) -> Markup {
    let waiting: u64 = shown.buckets.iter().map(|bucket| bucket.waiting).sum();
    let stuck: u64 = shown.buckets.iter().map(|bucket| bucket.stuck).sum();
    html! {
        p.lead #state data-live role="status" {
            @if stuck > 0 { strong.bad { "⚠ " (plural(stuck, "object")) @if stuck == 1 { " is" } @else { " are" } " stuck." } " " }
            @if waiting > stuck { (plural(waiting - stuck, "object")) @if waiting - stuck == 1 { " is" } @else { " are" } " under way. " }
            @if waiting == 0 { "Nothing waits. " }
            (grouped(shown.flow.delivered)) " delivered and " (grouped(shown.flow.rejected)) " put aside in the last 24 hours."
        }
    }
}

fn parked(parked: &[Parked], now: OffsetDateTime) -> Markup {
    html! {
        section.panel.alarm aria-labelledby="parked-heading" {
            h2 #parked-heading { "⚠ The failure queue" }
            p { "These were tried several times and given up. Nothing is lost: the objects are where they were." }
            div #parked data-live {
                table.stacked role="table" {
                    caption { (plural(parked.len() as u64, "event")) " given up" }
                    thead role="rowgroup" { tr role="row" { th role="columnheader" scope="col" { "Object" } th role="columnheader" scope="col" { "Since" } th role="columnheader" scope="col" { "Why" } th role="columnheader" scope="col" { "Ways to it" } } }
                    tbody role="rowgroup" {
                        @for event in parked {
                            tr role="row" {
                                th role="rowheader" scope="row" { (event.bucket.as_str()) "/" (ShortName(&event.key)) }
                                td role="cell" data-label="Since" { (When { time: event.since, now }) }
                                td role="cell" data-label="Why" { (Name(&event.why)) }
                                td.ways role="cell" data-label="Ways to it" { (download(event.bucket, &event.key, "Download")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn buckets(buckets: &[BucketView], now: OffsetDateTime) -> Markup {
    html! {
        table.stacked.buckets role="table" {
            caption { "What lies in each bucket" }
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { "Bucket" }
                    th.number role="columnheader" scope="col" { "Objects" }
                    th.number role="columnheader" scope="col" { "Size" }
                    th role="columnheader" scope="col" { "The oldest" }
                    th role="columnheader" scope="col" { "State" }
                }
            }
            tbody role="rowgroup" {
                @for view in buckets {
                    tr role="row" {
                        th role="rowheader" scope="row" { (view.bucket.as_str()) }
                        td.number role="cell" data-label="Objects" { (grouped(view.objects)) }
                        td.number role="cell" data-label="Size" { (bytes(view.bytes)) }
                        td role="cell" data-label="The oldest" {
                            @match view.oldest {
                                Some(oldest) => { time datetime=(super::words::exact(oldest)) { (age(now - oldest)) " old" } }
                                None => { span.quiet { "none" } }
                            }
                        }
                        td role="cell" data-label="State" { (state(view)) }
                    }
                }
            }
        }
    }
}

fn state(view: &BucketView) -> Markup {
    html! {
        @if view.stuck > 0 { strong.bad { "⚠ " (grouped(view.stuck)) " stuck" } }
        @else if view.waiting > 0 { (grouped(view.waiting)) " waiting" }
        @else { span.quiet { (at_rest(view.bucket)) } }
    }
}

const fn at_rest(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::AmrData => "for the importer to take",
        Bucket::Unprocessable => "put aside, with reasons",
        Bucket::Receipts => "what was done, and when",
        _ => "nothing waits",
    }
}

/// What to do first.
fn first_email(doors: &Doors) -> Markup {
    html! {
        div.panel.first {
            h3 { "Nothing has come in yet" }
            p { "Drop a spreadsheet above, or send an email with one attached. What stands before the @ is the area that it is for." }
            @if let Some(smtp) = doors.smtp {
                p { "The mail server listens on " code { (smtp) } ". With the pipeline's own command:" }
                pre tabindex="0" { code { "pipeline send --smtp " (smtp) " --to sheffield@example.org readings.xlsx" } }
                p { "With swaks:" }
                pre tabindex="0" { code { "swaks --server " (smtp) " --to sheffield@example.org --attach @readings.xlsx" } }
                p.quiet { "Any mail program works too: server " (smtp.ip()) ", port " (smtp.port()) ", no encryption, no password." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::view::Flow;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2025-03-23 10:00 UTC);

    fn empty() -> Overview {
        let bucket = |bucket| BucketView {
            bucket,
            objects: 0,
            bytes: 0,
            oldest: None,
            waiting: 0,
            stuck: 0,
        };
        Overview {
            buckets: Bucket::ALL.map(bucket).into(),
            flow: Flow::default(),
            inputs: Vec::new(),
            has_more: false,
            parked: Vec::new(),
        }
    }

    fn shown(overview: &Overview) -> String {
        let doors = Doors {
            smtp: Some("127.0.0.1:2525".parse().unwrap()),
            areas: Vec::new(),
        };
        overview_page(overview, &doors, NOW).into_string()
    }

    #[test]
    fn an_empty_pipeline_tells_how_to_send_the_first_email() {
        let shown = shown(&empty());
        assert!(shown.contains("pipeline send --smtp 127.0.0.1:2525"), "{shown}");
        assert!(shown.contains("swaks --server 127.0.0.1:2525"), "{shown}");
        assert!(shown.contains("Nothing waits."), "{shown}");
    }

    #[test]
    fn every_bucket_is_in_the_table() {
        let mut overview = empty();
        overview.buckets[1] = BucketView {
            bucket: Bucket::Process,
            objects: 1_204,
            bytes: 3 << 20,
            oldest: Some(NOW - time::Duration::minutes(40)),
            waiting: 1_204,
            stuck: 2,
        };
        let shown = shown(&overview);
        for bucket in Bucket::ALL {
            assert!(
                shown.contains(&format!(
                    "<th role=\"rowheader\" scope=\"row\">{}</th>",
                    bucket.as_str()
                )),
                "{bucket}"
            );
        }
        assert!(
            shown.contains("<td class=\"number\" role=\"cell\" data-label=\"Objects\">1,204</td>"),
            "{shown}"
        );
        assert!(shown.contains("3.0 MiB") && shown.contains("40 minutes old"), "{shown}");
        assert!(
            shown.contains("⚠ 2 objects are stuck.") && shown.contains("1,202 objects are under way."),
            "{shown}"
        );
    }

    #[test]
    fn the_failure_queue_is_shown_only_where_there_is_something_in_it() {
        let mut overview = empty();
        assert!(!shown(&overview).contains("failure queue"));
        overview.parked.push(Parked {
            bucket: Bucket::Process,
            key: "bam/<x>.csv".to_owned(),
            since: NOW,
            why: "the disk is full & <b>".to_owned(),
        });
        let shown = shown(&overview);
        assert!(
            shown.contains("The failure queue") && shown.contains("the disk is full &amp; &lt;b&gt;"),
            "{shown}"
        );
        assert!(!shown.contains("<x>"), "{shown}");
    }
}
