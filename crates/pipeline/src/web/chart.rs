//! The last 24 hours as bars: what was delivered stands on the line, what was put aside hangs below it.

use maud::{Markup, html};
use time::UtcOffset;

use super::view::Hour;
use super::words::{grouped, plural};

/// A bar and the gap beside it, in the units of the drawing.
const STEP: u64 = 10;
/// From the line up, and from the line down.
const UP: u64 = 100;
const DOWN: u64 = 60;

/// The chart and the same as a table.
pub(crate) fn chart(hours: &[Hour]) -> Markup {
    let most = hours
        .iter()
        .map(|hour| hour.delivered.max(hour.rejected))
        .max()
        .unwrap_or(0);
    let width = STEP * hours.len() as u64;
    let delivered: u64 = hours.iter().map(|hour| hour.delivered).sum();
    let rejected: u64 = hours.iter().map(|hour| hour.rejected).sum();
    html! {
        figure.chart {
            p.legend {
                span.key-delivered { (plural(delivered, "CSV")) " delivered, above the line" }
                span.key-rejected { (grouped(rejected)) " put aside, below it" }
            }
            svg viewBox={ "0 0 " (width) " " (UP + DOWN + 2) } preserveAspectRatio="none" role="img"
                aria-labelledby="chart-title chart-desc" {
                title #chart-title { "Deliveries and rejects of the last 24 hours, by hour" }
                desc #chart-desc { "The table below has the same numbers." }
                @for (index, hour) in (0_u64..).zip(hours) {
                    g {
                        title { (clock(hour)) ": " (grouped(hour.delivered)) " delivered, " (grouped(hour.rejected)) " put aside" }
                        rect.hour x=(index * STEP) y="0" width=(STEP) height=(UP + DOWN + 2) {}
                        (bar("delivered", index, UP - height(hour.delivered, most, UP), height(hour.delivered, most, UP)))
                        (bar("rejected", index, UP + 2, height(hour.rejected, most, DOWN)))
                    }
                }
                rect.line x="0" y=(UP) width=(width) height="1.5" {}
            }
            div.axis aria-hidden="true" {
                @for hour in hours.iter().step_by(6) { span { (clock(hour)) } }
                span { "now" }
            }
            figcaption {
                details #chart-table {
                    summary { "The numbers as a table" }
                    table {
                        caption { "By hour, in UTC; hours without any are left out" }
                        thead { tr { th scope="col" { "From" } th scope="col" { "Delivered" } th scope="col" { "Put aside" } } }
                        tbody {
                            @for hour in hours.iter().filter(|hour| hour.delivered + hour.rejected > 0) {
                                tr {
                                    th scope="row" { (clock(hour)) }
                                    td { (grouped(hour.delivered)) }
                                    td { (grouped(hour.rejected)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn bar(class: &str, index: u64, top: u64, height: u64) -> Markup {
    html! {
        @if height > 0 { rect class=(class) x=(index * STEP + 1) y=(top) width=(STEP - 2) height=(height) rx="1" {} }
    }
}

/// One is still seen beside a thousand.
fn height(count: u64, most: u64, room: u64) -> u64 {
    match (count * room).checked_div(most) {
        Some(0) if count > 0 => 2,
        height => height.unwrap_or(0),
    }
}

fn clock(hour: &Hour) -> String {
    format!("{:02}:00", hour.begins.to_offset(UtcOffset::UTC).hour())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::datetime;

    fn hours(counts: &[(u64, u64)]) -> Vec<Hour> {
        let begins = |index: usize| datetime!(2025-03-23 00:00 UTC) + Duration::hours(index as i64);
        let hour = |(index, (delivered, rejected)): (usize, &(u64, u64))| Hour {
            begins: begins(index),
            delivered: *delivered,
            rejected: *rejected,
        };
        counts.iter().enumerate().map(hour).collect()
    }

    #[test]
    fn bars_are_as_high_as_their_numbers_and_one_is_still_seen_beside_a_thousand() {
        assert_eq!([height(0, 1_000, 100), height(1, 1_000, 100)], [0, 2]);
        assert_eq!([height(500, 1_000, 100), height(1_000, 1_000, 100)], [50, 100]);
        assert_eq!(height(0, 0, 100), 0);
    }

    #[test]
    fn the_table_says_what_the_bars_show() {
        let shown = chart(&hours(&[(0, 0), (1_200, 1), (0, 3)])).into_string();
        assert!(shown.contains("1,200 CSVs delivered"), "{shown}");
        assert!(shown.contains("4 put aside"), "{shown}");
        assert!(
            shown.contains("<th scope=\"row\">01:00</th><td>1,200</td><td>1</td>"),
            "{shown}"
        );
        assert!(!shown.contains("<th scope=\"row\">00:00</th>"), "{shown}");
        assert_eq!(shown.matches("<rect class=\"rejected\"").count(), 2, "{shown}");
    }
}
