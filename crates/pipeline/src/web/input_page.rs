//! The page of one email or dropped file: its tree.

use maud::{Markup, html};
use time::OffsetDateTime;

use super::inputs::{areas, badge, download, fate};
use super::layout::{Page, page};
use super::view::{Done, Ending, InputPage, Step};
use super::words::{Name, When, bytes, milliseconds};

/// The whole page.
pub(crate) fn input_page(shown: &InputPage, now: OffsetDateTime) -> Markup {
    let input = &shown.input;
    let content = html! {
        p.crumbs { a href="/inputs" { "← Emails and files" } }
        div #story data-live {
            div.title-row {
                h1 { (Name(&input.title)) }
                (badge(input.ending))
            }
            dl.facts {
                div { dt { "Received" } dd { (When { time: input.received, now }) } }
                @if let Some(sender) = &input.sender { div { dt { "From" } dd { (Name(sender)) } } }
                @if !input.areas.is_empty() { div { dt { "Area" } dd { (areas(&input.areas)) } } }
                div { dt { "Where" } dd { (shown.tree.bucket.as_str()) "/" (Name(&shown.tree.key)) } }
                @if let Some((bucket, key)) = &shown.original {
                    div { dt { "Original" } dd { (download(*bucket, key, "Download")) } }
                }
            }
            p.lead aria-live="polite" { (sentence(input.ending)) }
            h2 { "What became of it" }
            ol.tree { (step(&shown.tree)) }
        }
    };
    page("What became of it", Page::Other, now, &content)
}

const fn sentence(ending: Ending) -> &'static str {
    match ending {
        Ending::Delivered => "Everything that could hold readings was delivered.",
        Ending::Partly => "Some of it was delivered, and some was put aside.",
        Ending::Rejected => "Nothing of it could be used.",
        Ending::NoFiles => "It has no file in it. It stays in the inbox.",
        Ending::Waiting => "It is still under way.",
        Ending::Failed => "Something of it could not be handled. It is kept, and can be tried again.",
    }
}

fn step(shown: &Step) -> Markup {
    html! {
        li {
            div.node {
                div.node-name {
                    strong { (Name(&shown.name)) }
                    @if let Some(size) = shown.bytes { " " span.quiet.sizes { (bytes(size)) } }
                }
                @for done in &shown.done { (told(done)) }
                @for end in &shown.fates { (fate(end)) }
            }
            @if !shown.steps.is_empty() { ol { @for child in &shown.steps { (step(child)) } } }
        }
    }
}

fn told(done: &Done) -> Markup {
    html! {
        p.told {
            span.stage { (done.stage.as_str()) } " "
            span.quiet { "in " (milliseconds(done.duration_ms)) }
            @for note in &done.notes { " · " (Name(note)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::view::{Fate, InputView};
    use pipeline_core::{Bucket, Origin, Stage};
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2025-03-23 10:00 UTC);

    fn node(name: &str, steps: Vec<Step>) -> Step {
        Step {
            name: name.to_owned(),
            bucket: Bucket::Process,
            key: format!("sheffield/{name}"),
            bytes: Some(10),
            done: vec![Done {
                stage: Stage::ProcessFile,
                duration_ms: 12,
                notes: vec!["2 lines repaired <b>".to_owned()],
            }],
            fates: if steps.is_empty() {
                vec![Fate::Waiting(Bucket::Spreadsheet)]
            } else {
                Vec::new()
            },
            steps,
        }
    }

    #[test]
    fn the_tree_nests_as_the_files_did() {
        let tree = node("mail.eml", vec![node("a.zip", vec![node("b.xlsx", Vec::new())])]);
        let input = InputView {
            origin: Origin::of_outside_object("inbox", "1.eml", "\"etag\"", NOW),
            title: "Readings <i>".to_owned(),
            email: None,
            sender: Some("\"Evil\" <evil@example.org>".to_owned()),
            areas: vec!["sheffield".to_owned()],
            received: NOW,
            ending: Ending::Waiting,
            files: Vec::new(),
            more_files: 0,
        };
        let original = Some((Bucket::Inbox, "1.eml".to_owned()));
        let shown = input_page(&InputPage { input, original, tree }, NOW).into_string();
        let places: Vec<_> = ["mail.eml</bdi>", "a.zip</bdi>", "b.xlsx</bdi>", "waits in spreadsheet"]
            .map(|text| {
                shown
                    .find(&format!("<strong><bdi>{text}"))
                    .or_else(|| shown.find(text))
                    .unwrap()
            })
            .into();
        assert!(places.is_sorted(), "{places:?}");
        assert_eq!(shown.matches("<ol").count(), 3);
        assert!(shown.contains("2 lines repaired &lt;b&gt;") && !shown.contains("<i>") && !shown.contains("<evil@"));
        assert!(shown.contains("/object?bucket=inbox&amp;key=1.eml"), "{shown}");
    }
}
