//! The flow as a picture: what went along each arrow in the last 24 hours, and what waits in each bucket.

use maud::{Markup, html};
use pipeline_core::Bucket;

use super::flow_shape::{Arrow, Lane, Shape, TALL, WIDE};
use super::view::{BucketView, Flow};
use super::words::{grouped, plural};

/// The picture, in the shape that fits the screen, and the same in words.
pub(crate) fn picture(flow: &Flow, buckets: &[BucketView]) -> Markup {
    html! {
        (drawn(&WIDE, flow, buckets))
        (drawn(&TALL, flow, buckets))
        details #flow-words {
            summary { "The picture in words" }
            ul {
                @for lane in Lane::ALL { li { (sentence(lane, flow)) } }
                @for view in buckets.iter().filter(|view| view.waiting > 0) {
                    li {
                        (plural(view.waiting, "object")) " in " (view.bucket.as_str())
                        @if view.waiting == 1 { " waits" } @else { " wait" }
                        @if view.stuck > 0 { ", " (grouped(view.stuck)) " of them for too long" }
                    }
                }
            }
        }
    }
}

fn sentence(lane: Lane, flow: &Flow) -> String {
    let count = lane.count(flow);
    let (one, several) = lane.words();
    format!("{} {}", grouped(count), if count == 1 { one } else { several })
}

fn drawn(shape: &Shape, flow: &Flow, buckets: &[BucketView]) -> Markup {
    let (width, height) = shape.size;
    let id = |part: &str| format!("flow-{}-{part}", shape.name);
    let [left, top, door_width, door_height] = shape.door;
    html! {
        svg class={ "flow flow-" (shape.name) } viewBox={ "0 0 " (width) " " (height) } role="img"
            aria-labelledby={ (id("title")) " " (id("desc")) } {
            title id=(id("title")) { "The flow of the last 24 hours" }
            desc id=(id("desc")) {
                "Emails go from the inbox to process, archives and workbooks through their own buckets and back, and end in amr-data or unprocessable. "
                "The numbers follow in words."
            }
            defs {
                @for class in ["tip", "tip-quiet"] {
                    marker id=(id(class)) class=(class) viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7"
                        orient="auto" { path d="M0 0.5 7.5 4 0 7.5Z" {} }
                }
            }
            g.door {
                rect x=(left) y=(top) width=(door_width) height=(door_height) rx=(door_height / 2) {}
                text x=(left + door_width / 2) y=(top + door_height / 2 + 5) text-anchor="middle" { "Emails" }
            }
            @for arrow in &shape.arrows { (lane(arrow, flow, &id)) }
            @for (bucket, place) in &shape.places {
                (place_of(*bucket, *place, buckets.iter().find(|view| view.bucket == *bucket)))
            }
        }
    }
}

fn lane(arrow: &Arrow, flow: &Flow, id: &impl Fn(&str) -> String) -> Markup {
    let count = arrow.lane.count(flow);
    let (x, y, anchor) = arrow.number;
    let (class, tip) = if count > 0 {
        ("lane", "tip")
    } else {
        ("lane quiet", "tip-quiet")
    };
    html! {
        g class=(class) {
            path d=(arrow.path) marker-end={ "url(#" (id(tip)) ")" } {}
            text.number x=(x) y=(y) text-anchor=(anchor) { (grouped(count)) }
            @if let Some((x, y, anchor, stage)) = arrow.stage {
                text.stage x=(x) y=(y) text-anchor=(anchor) { (stage) }
            }
        }
    }
}

fn place_of(bucket: Bucket, [left, top, width, height]: [i32; 4], view: Option<&BucketView>) -> Markup {
    let middle = left + width / 2;
    let (state, text) = view.map_or(("", String::new()), |view| state(bucket, view));
    html! {
        g class={ "bucket " (state) } {
            rect x=(left) y=(top) width=(width) height=(height) rx="10" {}
            text.role x=(middle) y=(top + height / 2 - 6) text-anchor="middle" { (bucket.as_str()) }
            text.state x=(middle) y=(top + height / 2 + 17) text-anchor="middle" { (text) }
        }
    }
}

/// A bucket's colour, and the words that say the same.
fn state(bucket: Bucket, view: &BucketView) -> (&'static str, String) {
    if view.stuck > 0 {
        ("stuck", format!("⚠ {} stuck", grouped(view.stuck)))
    } else if bucket.is_final() {
        ("", plural(view.objects, "object"))
    } else if view.waiting > 0 {
        ("waiting", format!("{} waiting", grouped(view.waiting)))
    } else {
        ("", "nothing waits".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(bucket: Bucket, waiting: u64, stuck: u64) -> BucketView {
        BucketView {
            bucket,
            objects: waiting,
            bytes: 0,
            oldest: None,
            waiting,
            stuck,
        }
    }

    #[test]
    fn every_arrow_bears_its_number_in_both_shapes() {
        let flow = Flow {
            emails: 101,
            unpacked: 102,
            delivered: 103,
            archives: 104,
            members: 105,
            workbooks: 106,
            converted: 107,
            rejected: 1_108,
            hours: Vec::new(),
        };
        let shown = picture(&flow, &[]).into_string();
        for number in ["101", "102", "103", "104", "105", "106", "107", "1,108"] {
            assert_eq!(shown.matches(&format!(">{number}<")).count(), 2, "{number}");
            assert_eq!(shown.matches(&format!("<li>{number} ")).count(), 1, "{number}");
        }
    }

    #[test]
    fn what_is_stuck_is_said_in_words_and_not_by_colour_alone() {
        let buckets = [bucket(Bucket::Process, 3, 1), bucket(Bucket::Spreadsheet, 2, 0)];
        let shown = picture(&Flow::default(), &buckets).into_string();
        assert!(shown.contains("⚠ 1 stuck"), "{shown}");
        assert!(shown.contains("2 waiting"), "{shown}");
        assert!(
            shown.contains("3 objects in process wait, 1 of them for too long"),
            "{shown}"
        );
    }

    #[test]
    fn the_picture_has_a_title_and_a_description() {
        let shown = picture(&Flow::default(), &[]).into_string();
        for name in ["wide", "tall"] {
            assert!(shown.contains(&format!("aria-labelledby=\"flow-{name}-title flow-{name}-desc\"")));
            assert!(shown.contains(&format!("<title id=\"flow-{name}-title\">")));
            assert!(shown.contains(&format!("<desc id=\"flow-{name}-desc\">")));
        }
    }
}
